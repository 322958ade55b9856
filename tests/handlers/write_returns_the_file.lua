-- io.write and file:write return the file, refuse what is no string, and write files as ever.
--
-- event: 1
-- response: [true,true,"bad argument #2 to '?' (string expected, got nil)","content\n1"]
-- stdout: ab
return {
  handler = function()
    local name = os.tmpname()
    local file = io.open(name, "w")
    file:write("content\n", 1):close()
    local same = io.write("a") == io.stdout and io.stdout:write("b\n") == io.stdout
    local _, message = pcall(io.write, "", nil)
    local before = io.output()
    io.output(name .. "x") io.write("to a file") io.close() io.output(before)
    local read = io.open(name):read("*a")
    local other = io.open(name .. "x"):read("*a")
    os.remove(name) os.remove(name .. "x")
    return { same, other == "to a file", message, read }
  end,
}
