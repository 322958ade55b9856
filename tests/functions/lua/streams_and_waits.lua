-- Waits for the file MARK0 behind part 0, and so on.
local coldmoon = require 'coldmoon'
return { handler = function()
  return coldmoon.stream(function(write)
    for number = 0, 3 do
      write('part' .. number)
      local file
      repeat file = io.open(os.getenv 'MARK' .. number) until file
      file:close()
    end
  end)
end }
