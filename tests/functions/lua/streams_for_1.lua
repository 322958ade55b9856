return { handler = function(event)
  if event == 1 then return require 'coldmoon'.stream(function(write) write('x') end) end
  return event
end }
