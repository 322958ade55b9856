-- LuaJIT is built with Lua 5.2 compatibility, with JIT and FFI.
--
-- event: 1
-- response: [3,"pairs","len",true,true]
return {
  handler = function()
    local t = setmetatable({}, { __pairs = function() return function(_, key) if not key then return "pairs" end end end, __len = function() return 2 end })
    local seen
    for key in pairs(t) do seen = key end
    goto done
    ::done::
    return { table.pack(1, 2, 3).n, seen, #t == 2 and "len", jit.status(), require("ffi").sizeof("int64_t") == 8 }
  end,
}
