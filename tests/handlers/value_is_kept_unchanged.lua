-- A value kept from one event is unchanged after others, whatever they hold.
--
-- event: {"text":"{{first*400}}","list":["a","b"],"deep":{"n":9223372036854775807}}
-- response: true
-- event: {"text":"{{later*400}}","list":["x","y"],"deep":{"n":9223372036854775806}}
-- response: {"text":"{{first*400}}"}
-- event: "{{\u0041*5000}}"
-- response: {"list":["a","b"]}
-- event: 3
-- response: {"n":9223372036854775807}
local kept
local turn = 0
return {
  handler = function(event)
    turn = turn + 1
    if turn == 1 then kept = event return true end
    collectgarbage()
    if turn == 2 then return { text = kept.text } end
    if turn == 3 then return { list = kept.list } end
    return kept.deep
  end,
}
