-- Compiles Lua files to stripped bytecode. The event: [[from, to], …].
return {
  handler = function(event)
    for _, pair in ipairs(event) do
      local chunk = assert(loadfile(pair[1]))
      local file = assert(io.open(pair[2], "wb"))
      file:write(string.dump(chunk, true))
      file:close()
    end
    return #event
  end,
}
