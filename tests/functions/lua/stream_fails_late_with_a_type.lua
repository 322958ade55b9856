local coldmoon = require 'coldmoon'
return { handler = function()
  return coldmoon.stream(function(write)
    write('part')
    error({ type = 'Custom', message = 'a\r\nb: \255' })
  end)
end }
