-- What an error object does while it is described belongs to the call: its output is written, and os.exit answers the invocation first.
--
-- event: "print"
-- error: LuaError: described
-- event: "exit"
-- error: Runtime.ExitError: the function called os.exit(3)
-- stdout: while it is described
-- stdout: before the end
-- exit: 3
return {
  handler = function(event)
    error(setmetatable({}, {
      __tostring = function()
        if event == "print" then
          print("while it is described")
          return "described"
        end
        print("before the end")
        os.exit(3)
      end,
    }))
  end,
}
