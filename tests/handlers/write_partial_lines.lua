-- A line that io.write begins is written once, when its end comes or the call ends.
--
-- event: 1
-- response: 1
-- event: 2
-- response: 2
-- stdout: a b c
-- stdout: 1 2.5 three
-- stdout: no end
-- stdout: x
-- stdout: y
-- stdout: second no end
-- stderr: to stderr
-- stderr: no end either
return {
  handler = function(event)
    if event == 1 then
      io.write("a ", "b ") io.write("c\n")
      io.write(1, " ", 2.5, " ") io.stdout:write("three\n")
      io.stderr:write("to ") io.stderr:write("stderr\nno end either")
      io.write("no end")
    else
      io.write("x\ny\nsecond no ") io.write("end")
    end
    return event
  end,
}
