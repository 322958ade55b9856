local coldmoon = require 'coldmoon'
return { handler = function()
  return coldmoon.stream(function(write)
    write('part')
    error('oops', 0)
  end)
end }
