-- What the module prints while it loads is in the log.
--
-- stdout: hello
-- stdout: no end
-- stderr: err
-- event: 1
-- response: 1
print("hello")
io.stderr:write("err\n")
io.write("no end")
return { handler = function(event) return event end }
