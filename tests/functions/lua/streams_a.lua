local coldmoon = require 'coldmoon'
return { handler = function()
  return coldmoon.stream(function(write)
    write('a')
  end)
end }
