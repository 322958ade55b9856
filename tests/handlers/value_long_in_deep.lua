-- Many values that wait around deep and long children are all kept, in order.
--
-- event: [200,30]
-- response: true
-- event: [255,900]
-- response: true
-- event: [256,100]
-- response: true
-- event: [257,3]
-- response: true
-- event: {"head":[1],"deep":[[{{1,*257}}[{{2,*513}}[3]]],4],"a":{"x":[{{0,*300}}1],"y":2}}
-- response: [257,513,4,301,2]
return {
  handler = function(event)
    if event.deep then
      local deep = event.deep[1]
      for i = 1, 257 do if deep[i] ~= 1 then return { "wrong at", i } end end
      for i = 1, 513 do if deep[258][i] ~= 2 then return { "wrong at", i } end end
      return { #deep - 1, #deep[258] - 1, event.deep[2], #event.a.x, event.a.y }
    end
    return true
  end,
}
