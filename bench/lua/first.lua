-- The first decode and the first encode of a fresh process, and what it takes to load the library before. It happens in INIT, and the event
-- is taken as a string, so that nothing of the codec has run before.

local codecs = require "codecs"
local ffi = require "ffi"

ffi.cdef [[
struct bench_time { long seconds, nanoseconds; };
int clock_gettime(int clock, struct bench_time *time);
int getrusage(int who, long *usage);
]]
local time = ffi.new "struct bench_time"
local clock_gettime = ffi.C.clock_gettime
-- Nanoseconds of CLOCK_MONOTONIC.
local function now()
  clock_gettime(1, time)
  return tonumber(time.seconds) * 1e9 + tonumber(time.nanoseconds)
end
local usage = ffi.new("long[18]")
local function faults()
  ffi.C.getrusage(0, usage)
  return tonumber(usage[8])
end

local text = codecs.read(os.getenv "BENCH_DOCUMENT")
local load = codecs.load[os.getenv "BENCH_CODEC"]
now() now() faults() faults()

local time_0, faults_0 = now(), faults()
local decode, encode = load()
local time_1, faults_1 = now(), faults()
local value = decode(text)
local time_2, faults_2 = now(), faults()
local line = string.format("%d %d %d %d", time_1 - time_0, faults_1 - faults_0, time_2 - time_1, faults_2 - faults_1)
if encode then
  local time_3, faults_3 = now(), faults()
  local json = encode(value)
  local time_4, faults_4 = now(), faults()
  line = string.format("%s %d %d", line, time_4 - time_3, faults_4 - faults_3)
  -- Encoded text has the same values.
  codecs.compare(value, decode(json))
end

return { handler = function() return line end }
