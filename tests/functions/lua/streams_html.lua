local coldmoon = require 'coldmoon'
return { handler = function()
  return coldmoon.stream(function(write)
    write('a')
  end, { content_type = 'text/html; charset=utf-8' })
end }
