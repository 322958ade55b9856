-- Event 1 keeps its stream; the others write to it when it has ended, and answer with why they cannot: 2 as a value, 3 as a stream.
local coldmoon = require 'coldmoon'
local kept
return { handler = function(event)
  if event == 1 then return coldmoon.stream(function(write) kept = write write('a') end) end
  if event == 2 then return (select(2, kept('b'))) end
  return coldmoon.stream(function(write)
    local ok, why = kept('b')
    assert(ok == nil)
    write(why)
  end)
end }
