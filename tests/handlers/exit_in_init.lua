-- os.exit while the module loads is an init error, and the process ends with that code.
--
-- stdout: before
-- init-error: Runtime.ExitError: the function called os.exit(7)
-- category: Runtime.ExitError
-- exit: 7
print("before")
os.exit(7)
