local coldmoon = require 'coldmoon'
return { handler = function()
  return coldmoon.stream(function(write)
    return nil, 'early'
  end)
end }
