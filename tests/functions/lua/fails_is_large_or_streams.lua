return { handler = function(event)
  if event == 'fail' then error({ type = 'Custom', message = 'as asked' }) end
  if event == 'large' then return ('x'):rep(6 * 1024 * 1024) end
  if event == 'stream' then return require 'coldmoon'.stream(function(write) write('streamed') end) end
  return event
end }
