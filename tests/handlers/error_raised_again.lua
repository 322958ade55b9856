-- An error that was caught and is raised again may bring the stack of where it was raised first, as stackTrace or traceback.
--
-- event: "stackTrace"
-- error: Custom: m
-- stack: app.lua:7: in function 'inner'
-- stack: app.lua:8: in function 'handler'
-- event: "traceback"
-- error: Custom: m
-- stack: …app.lua:…
-- stack: …
-- event: "table"
-- error: Custom: m
-- stack: [C]: in function 'error'
-- stack: app.lua:…: in function 'handler'
-- event: "strict"
-- error: Custom: m
return {
  handler = function(event)
    if event == "strict" then
      error(setmetatable({ type = "Custom", message = "m" }, { __index = function(_, name) error("no member " .. name) end }))
    end
    local stack = "app.lua:7: in function 'inner'\n\tapp.lua:8: in function 'handler'"
    if event == "traceback" then stack = debug.traceback() end
    if event == "table" then stack = { "no string" } end
    error { type = "Custom", message = "m", [event == "table" and "stackTrace" or event] = stack }
  end,
}
