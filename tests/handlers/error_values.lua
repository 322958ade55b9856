-- Whatever value is raised becomes an error with a message; the process goes on.
--
-- event: "string"
-- error: LuaError: app.lua:52: a message
-- category: Function.LuaError
-- event: "no position"
-- error: LuaError: a message
-- event: "number"
-- error: LuaError: app.lua:39: 42
-- event: "number without position"
-- error: LuaError: 42
-- event: "nil"
-- error: LuaError: nil
-- event: "nothing"
-- error: LuaError: nil
-- event: "boolean"
-- error: LuaError: false
-- event: "table"
-- error: LuaError: (error object is a table value)
-- event: "function"
-- error: LuaError: (error object is a function value)
-- event: "cdata"
-- error: LuaError: …5LL…
-- event: "null"
-- error: LuaError: …
-- event: "empty"
-- error: LuaError: 
-- event: "nul"
-- error: LuaError: a\x00b
-- event: "binary"
-- error: LuaError: a\xef\xbf\xbdb
-- event: "lines"
-- error: LuaError: one\x0atwo
-- event: "echo"
-- response: "echo"
return {
  handler = function(event)
    if event == "no position" then error("a message", 0) end
    if event == "number" then error(42) end
    if event == "number without position" then error(42, 0) end
    if event == "nil" then error(nil) end
    if event == "nothing" then error() end
    if event == "boolean" then error(false) end
    if event == "table" then error({ code = 5 }) end
    if event == "function" then error(print) end
    if event == "cdata" then error(5LL) end
    if event == "null" then error(require("coldmoon").null) end
    if event == "empty" then error("", 0) end
    if event == "nul" then error("a\0b", 0) end
    if event == "binary" then error("a\255b", 0) end
    if event == "lines" then error("one\ntwo", 0) end
    if event == "string" then error("a message") end
    return event
  end,
}
