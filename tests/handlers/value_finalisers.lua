-- Finalisers run while a document is decoded, and while one is encoded. What they decode and encode themselves disturbs neither.
--
-- event: {"list":[{{{"k":"a\u0041","n":[1,[2]]},*200}}null]}
-- response: ["ok",true]
local json = require "coldmoon.json"

local runs = 0
local inner = '{"x":[1,2,{"y":"\\u00e9' .. ("z"):rep(5000) .. '"}],"long":[' .. ("7,"):rep(300) .. "7]}"

local function litter()
  for _ = 1, 20 do
    local proxy = newproxy(true)
    getmetatable(proxy).__gc = function()
      runs = runs + 1
      local value = json.decode(inner)
      assert(value.x[3].y == "\u{e9}" .. ("z"):rep(5000) and #value.long == 301)
      assert(#json.encode(value) > 5000)
    end
  end
end

return {
  handler = function(event)
    local text = json.encode(event)
    for round = 1, 60 do
      litter()
      -- New strings each time, so that there is something to collect for.
      local value = json.decode((text:gsub("aA", "a" .. round)))
      value = json.decode(json.encode(value))
      for i = 1, 200 do assert(value.list[i].k == "a" .. round and value.list[i].n[2][1] == 2) end
    end
    return { "ok", runs > 0 }
  end,
}
