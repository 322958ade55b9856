-- A user's modules win whatever their names.
--
-- event: 1
-- response: ["lambda","json","runtime","dkjson","cjson","cjson.safe","coldmoon.json"]
return {
  handler = function()
    local names = {}
    for _, name in ipairs { "lambda", "json", "runtime", "dkjson", "cjson", "cjson.safe", "coldmoon.json" } do
      names[#names + 1] = require(name)
    end
    return names
  end,
}
---- file: lambda.lua
return "lambda"
---- file: json.lua
return "json"
---- file: runtime.lua
return "runtime"
---- file: dkjson.lua
return "dkjson"
---- file: cjson.lua
return "cjson"
---- file: cjson/safe.lua
return "cjson.safe"
---- file: coldmoon/json.lua
return "coldmoon.json"
