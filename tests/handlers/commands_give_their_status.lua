-- os.execute says how a command has ended, and without one whether there is a shell; what the command writes is logged.
--
-- env: GREETING=Grüße
-- event: "shell"
-- response: true
-- event: "true"
-- response: "true exit 0"
-- event: "exit 7"
-- response: "nil exit 7"
-- event: "kill -9 $$"
-- response: "nil signal 9"
-- event: "there-is-no-such-command 2>/dev/null"
-- response: "nil exit 127"
-- event: "echo $GREETING"
-- response: "true exit 0"
-- stdout: Grüße
return {
  handler = function(event)
    if event == "shell" then return (os.execute()) end
    local is_good, kind, code = os.execute(event)
    return table.concat({ tostring(is_good), kind, code }, " ")
  end,
}
