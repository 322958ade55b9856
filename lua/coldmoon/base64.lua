--- `coldmoon.base64`: base64 and its form for URLs (RFC 4648, sections 4 and 5).
--
--   base64.encode(bytes)      base64.encode_url(bytes)   without padding, as in tokens
--   base64.decode(text)       base64.decode_url(text)    with or without padding
--
-- Decoding is strict: a byte outside of the alphabet (white space too), wrong padding and bits that are left over raise an error.

local bit, ffi = require "bit", require "ffi"
local error, type = error, type
local byte, find, format, sub = string.byte, string.find, string.format, string.sub
local band, bor, lshift, rshift = bit.band, bit.bor, bit.lshift, bit.rshift
local bytes_of = ffi.typeof "uint8_t[?]"
local view = ffi.typeof "const uint8_t *"

local LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
-- What a byte outside of the alphabet stands for: a bit that no value has.
local NONE = 0x80

local function encoder(letters, pad)
  local letter = bytes_of(64)
  ffi.copy(letter, letters, 64)
  return function(bytes)
    if type(bytes) ~= "string" then error("string expected, got " .. type(bytes), 2) end
    local count, from = #bytes, view(bytes)
    local out, length = bytes_of(count / 3 * 4 + 4), 0
    for at = 0, count - 3, 3 do
      local word = lshift(from[at], 16) + lshift(from[at + 1], 8) + from[at + 2]
      out[length] = letter[rshift(word, 18)]
      out[length + 1] = letter[band(rshift(word, 12), 63)]
      out[length + 2] = letter[band(rshift(word, 6), 63)]
      out[length + 3] = letter[band(word, 63)]
      length = length + 4
    end
    local rest = count % 3
    if rest == 0 then return ffi.string(out, length) end
    local word = lshift(from[count - rest], 8) + (rest == 2 and from[count - 1] or 0)
    out[length] = letter[rshift(word, 10)]
    out[length + 1] = letter[band(rshift(word, 4), 63)]
    out[length + 2] = letter[band(lshift(word, 2), 63)]
    return ffi.string(out, length + rest + 1) .. sub(pad, rest)
  end
end

local function decoder(name, letters, needs_padding)
  local value_of = bytes_of(256)
  ffi.fill(value_of, 256, NONE)
  for value = 0, 63 do value_of[byte(letters, value + 1)] = value end
  local outside = "[^%w" .. format("%%%s%%%s", sub(letters, 63, 63), sub(letters, 64)) .. "]"

  local function fail(what, ...)
    error(format("coldmoon.base64.%s: " .. what, name, ...), 3)
  end

  return function(text)
    if type(text) ~= "string" then error("string expected, got " .. type(text), 2) end
    local count = #text
    if count % 4 == 0 then
      if byte(text, -1) == 61 then count = count - (byte(text, -2) == 61 and 2 or 1) end -- "="
    elseif needs_padding then
      fail("the length is no multiple of four: %d", count)
    end
    local rest, from = count % 4, view(text)
    if rest == 1 then fail("one letter is too few at the end") end
    local out, length, seen = bytes_of(count / 4 * 3 + 3), 0, 0
    for at = 0, count - 4, 4 do
      local a, b, c, d = value_of[from[at]], value_of[from[at + 1]], value_of[from[at + 2]], value_of[from[at + 3]]
      seen = bor(seen, a, b, c, d)
      out[length] = bor(lshift(a, 2), rshift(b, 4))
      out[length + 1] = bor(lshift(b, 4), rshift(c, 2))
      out[length + 2] = bor(lshift(c, 6), d)
      length = length + 3
    end
    if rest > 0 then
      local a, b = value_of[from[count - rest]], value_of[from[count - rest + 1]]
      local c = rest == 3 and value_of[from[count - 1]] or 0
      seen = bor(seen, a, b, c)
      local word = lshift(a, 10) + lshift(b, 4) + rshift(c, 2)
      out[length], out[length + 1] = rshift(word, 8), word
      length = length + rest - 1
      if seen < NONE and band(rest == 3 and c or b, rest == 3 and 3 or 15) ~= 0 then fail("bits are left over at the end") end
    end
    if seen >= NONE then fail("byte %d is not in the alphabet", find(text, outside)) end
    return ffi.string(out, length)
  end
end

local standard, url = LETTERS .. "+/", LETTERS .. "-_"

return {
  encode = encoder(standard, "=="), encode_url = encoder(url, ""),
  decode = decoder("decode", standard, true), decode_url = decoder("decode_url", url, false),
}
