local coldmoon = require 'coldmoon'
return { handler = function()
  return coldmoon.stream(function(write)
    write('hello')
    write('')
    write(('x'):rep(300))
    write('\0\r\n')
  end)
end }
