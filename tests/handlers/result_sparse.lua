-- Holes become null up to cjson's bound; beyond it the array is refused.
--
-- event: 1
-- response: [1,null,3]
-- event: 2
-- response: [null,null,null,null,null,null,null,null,null,10]
-- event: 3
-- error: Runtime.MarshalError: result: the array has too many holes
-- event: 4
-- error: Runtime.MarshalError: result.list: the array has too many holes
-- event: 5
-- response: [1,null,3,null,5,null,7,null,9,null,11]
-- event: 6
-- response: [3,2,1]
return {
  handler = function(event)
    if event == 1 then return { 1, nil, 3 } end
    if event == 2 then return { [10] = 10 } end
    if event == 3 then return { [1000000000] = 1 } end
    if event == 4 then return { list = { [11] = 1, [1] = 2 } } end
    if event == 5 then return { 1, nil, 3, nil, 5, nil, 7, nil, 9, nil, 11 } end
    local t = {}
    t[3] = 1 t[2] = 2 t[1] = 3
    return t
  end,
}
