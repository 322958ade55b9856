-- A streamed response: each line is on its way before the next is made.
--   scripts/run examples/stream.handler '{"lines":3}'

local coldmoon = require "coldmoon"

local M = {}

function M.handler(event)
  return coldmoon.stream(function(write)
    for line = 1, event.lines or 10 do
      write("line " .. line .. "\n")
    end
  end, { content_type = "text/plain; charset=utf-8" })
end

return M
