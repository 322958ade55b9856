local coldmoon = require 'coldmoon'
return { handler = function()
  return coldmoon.stream(function(write)
    write('payload')
  end, { statusCode = 201, headers = { ['x-a'] = 'b' }, cookies = { 'c=d' }, other = 1 })
end }
