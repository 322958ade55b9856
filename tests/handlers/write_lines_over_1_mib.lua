-- Lines and entries over 1 MiB go out in pieces that end where a character does, and none is lost.
--
-- env: AWS_LAMBDA_LOG_FORMAT=JSON
-- header: Lambda-Runtime-Aws-Request-Id: id
-- event: 3000000
-- response: 3000000
-- stdout: {"timestamp":"2…Z","level":"INFO","message":"{{x*1048576}}","requestId":"id"}
-- stdout: {"timestamp":"2…Z","level":"INFO","message":"{{x*1048576}}","requestId":"id"}
-- stdout: {"timestamp":"2…Z","level":"INFO","message":"{{x*902848}}","requestId":"id"}
-- stdout: {"timestamp":"2…Z","level":"INFO","message":"{{y*1048575}}","requestId":"id"}
-- stdout: {"timestamp":"2…Z","level":"INFO","message":"\xc3\xa9","requestId":"id"}
-- stdout: {"timestamp":"2…Z","level":"INFO","message":"{{z*1048576}}","requestId":"id"}
-- stdout: {"timestamp":"2…Z","level":"INFO","message":"{{z*1048576}}","requestId":"id"}
-- stdout: {"timestamp":"2…Z","level":"INFO","message":"{{z*902848}}","requestId":"id","a":1}
-- stdout: {"timestamp":"2…Z","level":"INFO","message":"m","requestId":"id","fields":"too long for the log"}
local log = require "coldmoon.log"
return {
  handler = function(event)
    print(("x"):rep(event))
    io.write(("y"):rep(1048575) .. "\xc3\xa9\n")
    log.info(("z"):rep(event), { a = 1 })
    log.info("m", { text = ("z"):rep(event) })
    return event
  end,
}
