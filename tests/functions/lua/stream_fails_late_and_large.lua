local coldmoon = require 'coldmoon'
return { handler = function()
  return coldmoon.stream(function(write)
    write('part')
    error(('\1'):rep(1e6), 0)
  end)
end }
