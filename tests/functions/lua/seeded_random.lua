math.randomseed(7)
math.random()
return { handler = function() return math.random() end }
