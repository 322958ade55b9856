-- coldmoon.base64 gives the vectors of RFC 4648, section 10, both ways and in both alphabets, and every byte comes back.
--
-- event: 1
-- response: true
local base64 = require "coldmoon.base64"
return {
  handler = function()
    for bytes, text in pairs {
      [""] = "", f = "Zg==", fo = "Zm8=", foo = "Zm9v", foob = "Zm9vYg==", fooba = "Zm9vYmE=", foobar = "Zm9vYmFy", ["\251\239\255"] = "++//",
      ["\255\254"] = "//4=",
    } do
      local url = text:gsub("=", ""):gsub("+", "-"):gsub("/", "_")
      assert(base64.encode(bytes) == text and base64.decode(text) == bytes, text)
      assert(base64.encode_url(bytes) == url and base64.decode_url(url) == bytes, url)
      assert(base64.decode_url((text:gsub("+", "-"):gsub("/", "_"))) == bytes, text)
    end
    local all = {}
    for byte = 0, 255 do all[byte + 1] = string.char(byte) end
    all = table.concat(all)
    for length = 0, 600 do
      local bytes = all:rep(3):sub(1, length)
      assert(base64.decode(base64.encode(bytes)) == bytes and base64.decode_url(base64.encode_url(bytes)) == bytes)
    end
    local large = all:rep(6 * 1024 * 4)
    return base64.decode(base64.encode(large)) == large
  end,
}
