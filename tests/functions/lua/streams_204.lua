local coldmoon = require 'coldmoon'
return { handler = function()
  return coldmoon.stream(function(write)
    -- Nothing.
  end, { statusCode = 204 })
end }
