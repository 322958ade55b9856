-- Objects of many members keep them all, each with its value.
--
-- event: {"n":{{0*1}},"a":"{{x*3}}","list":[{{{"k":1},*500}}null]}
-- response: [0,"xxx",501,500]
-- event: {"m1":1,"m2":2,"m3":3,"m4":4,"m5":5,"m6":6,"m7":7,"m8":8,"m9":9,"m10":10,"m11":11,"m12":12,"m13":13,"m14":14,"m15":15,"m16":16,"m17":17}
-- response: [17,153]
return {
  handler = function(event)
    if event.list then
      local ones = 0
      for i = 1, 500 do ones = ones + event.list[i].k end
      return { event.n, event.a, #event.list, ones }
    end
    local count, sum = 0, 0
    for key, value in pairs(event) do
      count = count + 1
      if key == "m" .. value then sum = sum + value end
    end
    return { count, sum }
  end,
}
