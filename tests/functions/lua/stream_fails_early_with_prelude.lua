local coldmoon = require 'coldmoon'
return { handler = function()
  return coldmoon.stream(function(write)
    error('early', 0)
  end, { statusCode = 200 })
end }
