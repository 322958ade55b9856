-- Every chunk is a string of its own: what is not collected would show.
local coldmoon = require 'coldmoon'
return { handler = function()
  return coldmoon.stream(function(write)
    for number = 1, 3200 do assert(write(('x'):rep(65536) .. number)) end
  end)
end }
