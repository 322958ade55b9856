-- Tells which signals a program that it starts would hold back: those that the process itself holds back while the handler runs.
require 'coldmoon'.on_shutdown(function() print('hook') end)
return { handler = function()
  for line in io.lines('/proc/self/status') do
    local held = line:match('^SigBlk:%s*(%x+)')
    if held then return held end
  end
end }
