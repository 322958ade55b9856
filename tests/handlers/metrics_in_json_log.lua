-- With AWS_LAMBDA_LOG_FORMAT=JSON a metrics document is not wrapped and not filtered, whoever writes it; another line is.
--
-- env: AWS_LAMBDA_LOG_FORMAT=JSON
-- env: AWS_LAMBDA_LOG_LEVEL=INFO
-- event: 1
-- response: 1
-- stdout: {"_aws":{"…"…},"A":1}
-- stdout: {"_aws":{},"B":2}
-- stdout: {"timestamp":"…","level":"INFO","message":" {\"_aws\":{}}",…}
return {
  handler = function(event)
    local metrics = require "coldmoon.metrics".new("Space")
    metrics:put("A", 1)
    metrics:flush()
    print('{"_aws":{},"B":2}')
    print(' {"_aws":{}}')
    return event
  end,
}
