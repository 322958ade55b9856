local coldmoon = require 'coldmoon'
return { handler = function()
  return coldmoon.stream(function(write)
    write('part')
    return nil, 'oops'
  end)
end }
