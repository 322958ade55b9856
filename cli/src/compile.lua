-- Compiles a Lua module to bytecode, in the runtime itself: see compile.rs. String mode: the event is the mode of string.dump, the
-- chunk's name and the source, a line each; the result the bytecode.
return {
  handler = function(event)
    local mode, name, source = event:match("^(%l*)\n([^\n]*)\n(.*)$")
    local chunk, problem = loadstring(source, "@" .. name)
    if not chunk then error({ type = "SyntaxError", message = problem }) end
    return string.dump(chunk, mode)
  end,
}
