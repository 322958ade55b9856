local coldmoon = require 'coldmoon'
return { handler = function()
  return coldmoon.stream(function(write)
    local chunk = ('x'):rep(65536)
    for _ = 1, 1024 do assert(write(chunk)) end
    print('done')
  end)
end }
