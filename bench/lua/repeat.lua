-- So many decodes or encodes of one document, then the end: for callgrind.
local json = require "coldmoon.json"
local file = assert(io.open(os.getenv "BENCH_DOCUMENT", "rb"))
local text = file:read "*a"
file:close()
local fn, argument = json.decode, text
if os.getenv "BENCH_DIRECTION" == "encode" then fn, argument = json.encode, json.decode(text) end
for _ = 1, tonumber(os.getenv "BENCH_CALLS") do fn(argument) end
os.exit(0)
