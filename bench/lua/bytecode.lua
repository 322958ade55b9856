-- Writes the bytecode that makes a document's value. The event: {"document": path, "to": path}.
local codecs = require "codecs"

return {
  handler = function(event)
    local file = assert(io.open(event.to, "wb"))
    file:write(codecs.bytecode((codecs.load.coldmoon())(codecs.read(event.document))))
    file:close()
  end,
}
