return { handler = function(event)
  local line = string.char(65 + event):rep(100000)
  for _ = 1, 20 do print(line) end
  return 1
end }
