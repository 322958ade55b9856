-- Memory that runs out in the __tostring of an error is reported as what it is.
--
-- event: 2
-- error: Runtime.OutOfMemory: Lua ran out of memory
-- exit: 1
return {
  handler = function()
    error(setmetatable({}, { __tostring = function() return ("x"):rep(200 * 1024 * 1024) end }))
  end,
}
