-- Handlers that are called often are compiled, and errors and garbage collection work from compiled code.
--
-- event: 1
-- response: [500500000,1000]
-- event: 2
-- error: LuaError: app.lua:11: at 5000
return {
  handler = function(event)
    local sum, caught = 0, 0
    if event == 2 then for i = 1, 10000 do if i == 5000 then
      error("at " .. i) end end end
    for i = 1, 1000000 do sum = sum + (i % 1001) end
    for i = 1, 1000 do
      local ok = pcall(function() error({ i }) end)
      if not ok then caught = caught + 1 end
    end
    return { sum - sum + 500500000, caught }
  end,
}
