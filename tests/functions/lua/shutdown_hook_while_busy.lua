-- Waits for the file GO.
require 'coldmoon'.on_shutdown(function() print('hook') end)
return { handler = function()
  print('begun')
  local file
  repeat file = io.open(os.getenv 'GO') until file
  return 'answered'
end }
