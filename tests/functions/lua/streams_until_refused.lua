-- Writes until it is refused, says why, goes on.
local coldmoon = require 'coldmoon'
return { handler = function(event)
  if event == 2 then return 'fine' end
  return coldmoon.stream(function(write)
    local chunk = ('x'):rep(65536)
    for _ = 1, 10000 do
      local ok, why = write(chunk)
      if ok == nil then
        print('refused: ' .. why)
        print('again: ' .. select(2, write('y')))
        return
      end
    end
  end)
end }
