-- os.exit writes partial lines and files that are still open.
--
-- stdout: partial
-- stdout: from the file
-- event: 1
-- response: 1
-- event: 2
-- error: Runtime.ExitError: the function called os.exit(6)
-- exit: 6
return {
  handler = function(event)
    if event == 1 then return 1 end
    io.write("partial")
    local file = io.open("/dev/stdout", "a")
    file:write("from the file\n")
    os.exit(6)
  end,
}
