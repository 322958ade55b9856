local coldmoon = require 'coldmoon'
return { handler = function(event)
  if event == 2 then return 1 end
  return coldmoon.stream(function(write) for _ = 1, 100 do write('part') end end)
end }
