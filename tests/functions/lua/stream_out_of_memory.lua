local coldmoon = require 'coldmoon'
return { handler = function()
  return coldmoon.stream(function(write)
    write('part')
    local t = {}
    for i = 1, 1e9 do t[i] = ('x'):rep(1e5) .. i end
  end)
end }
