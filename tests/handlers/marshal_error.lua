-- What cannot be JSON is an error that names the path to it; the process lives on.
--
-- event: 1
-- error: Runtime.MarshalError: result: a function value cannot be JSON
-- category: Runtime.MarshalError
-- event: 2
-- error: Runtime.MarshalError: result.items[3]: a function value cannot be JSON
-- event: 3
-- error: Runtime.MarshalError: result.co: a thread value cannot be JSON
-- event: 4
-- error: Runtime.MarshalError: result[1].file: a userdata value cannot be JSON
-- event: 5
-- error: Runtime.MarshalError: result: NaN and infinity cannot be JSON
-- event: 6
-- error: Runtime.MarshalError: result[2]: NaN and infinity cannot be JSON
-- event: 7
-- error: Runtime.MarshalError: result.low: NaN and infinity cannot be JSON
-- event: 8
-- error: Runtime.MarshalError: result: the table has keys that JSON cannot hold together…
-- event: 9
-- error: Runtime.MarshalError: result.x: the table has keys that JSON cannot hold together…
-- event: 10
-- error: Runtime.MarshalError: result.self: the table contains itself
-- event: 11
-- error: Runtime.MarshalError: result.a.b: the table contains itself
-- event: 12
-- error: Runtime.MarshalError: result["a key"]["1"].ok: a function value cannot be JSON
-- event: 13
-- error: Runtime.MarshalError: result: a cdata value cannot be JSON
-- event: 14
-- error: Runtime.MarshalError: result: …keys…
-- event: 15
-- error: Runtime.MarshalError: result: …keys…
-- event: 16
-- error: Runtime.MarshalError: result[1][1][1]…: nested more than 1000 levels deep
-- event: 17
-- error: Runtime.MarshalError: result: …userdata…
-- event: 18
-- response: "still here"
local ffi = require("ffi")
local cyclic, deeper = {}, { a = {} }
cyclic.self = cyclic
deeper.a.b = deeper
local deep = 1
for _ = 1, 1001 do deep = { deep } end
local results = {
  print,
  { items = { 1, 2, print } },
  { co = coroutine.create(print) },
  { { file = io.stdout } },
  0 / 0,
  { 1, math.huge },
  { low = -math.huge },
  { 1, 2, x = 3 },
  { x = { [true] = 1 } },
  cyclic,
  deeper,
  { ["a key"] = { ["1"] = { ok = print } } },
  ffi.new("int[3]"),
  { [0] = 1 },
  { [1.5] = 1 },
  deep,
  newproxy(),
  "still here",
}
return { handler = function(event) return results[event] end }
