-- Bytecode without debug information has no lines and no names; what is known of it is shown.
--
-- event: 1
-- error: LuaError: plain.lua:0: attempt to index …
-- stack: plain.lua: in function ?
-- stack: plain.lua: in function 'outer'
-- stack: app.lua:14: in function 'handler'
local source = "local function inner(x) return x.a.b end\nreturn function(x) local y = inner(x) return y end"
local plain = string.dump(assert(loadstring(source, "@plain.lua")), true)
local outer = assert(loadstring(plain, "@plain.lua"))()

return {
  handler = function(event)
    local x = outer(event) return x
  end,
}
