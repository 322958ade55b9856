-- coldmoon.base64 refuses what is no base64, and says why.
--
-- event: ["decode","Z"]
-- error: LuaError: app.lua:…: coldmoon.base64.decode: the length is no multiple of four: 1
-- event: ["decode","Zg"]
-- error: LuaError: app.lua:…: coldmoon.base64.decode: the length is no multiple of four: 2
-- event: ["decode","Zg=="]
-- response: "f"
-- event: ["decode","Zh=="]
-- error: LuaError: app.lua:…: coldmoon.base64.decode: bits are left over at the end
-- event: ["decode","Zm9="]
-- error: LuaError: app.lua:…: coldmoon.base64.decode: bits are left over at the end
-- event: ["decode","Z==="]
-- error: LuaError: app.lua:…: coldmoon.base64.decode: byte 2 is not in the alphabet
-- event: ["decode","===="]
-- error: LuaError: app.lua:…: coldmoon.base64.decode: byte 1 is not in the alphabet
-- event: ["decode","Zm9v\nZm9v\nZm"]
-- error: LuaError: app.lua:…: coldmoon.base64.decode: byte 5 is not in the alphabet
-- event: ["decode","Zg==Zg=="]
-- error: LuaError: app.lua:…: coldmoon.base64.decode: byte 3 is not in the alphabet
-- event: ["decode","Zm-_"]
-- error: LuaError: app.lua:…: coldmoon.base64.decode: byte 3 is not in the alphabet
-- event: ["decode","Zm9vé0"]
-- error: LuaError: app.lua:…: coldmoon.base64.decode: the length is no multiple of four: 7
-- event: ["decode","Zé0"]
-- error: LuaError: app.lua:…: coldmoon.base64.decode: byte 2 is not in the alphabet
-- event: ["decode",1]
-- error: LuaError: app.lua:…: string expected, got number
-- event: ["encode",null]
-- error: LuaError: app.lua:…: string expected, got userdata
-- event: ["decode_url","Zm9vYg"]
-- response: "foob"
-- event: ["decode_url","Zm9vYg=="]
-- response: "foob"
-- event: ["decode_url","Zm9vYg="]
-- error: LuaError: app.lua:…: coldmoon.base64.decode_url: byte 7 is not in the alphabet
-- event: ["decode_url","Zm9vY"]
-- error: LuaError: app.lua:…: coldmoon.base64.decode_url: one letter is too few at the end
-- event: ["decode_url","Zm+/"]
-- error: LuaError: app.lua:…: coldmoon.base64.decode_url: byte 3 is not in the alphabet
local base64 = require "coldmoon.base64"
return {
  handler = function(event)
    local text = base64[event[1]](event[2])
    return text
  end,
}
