-- With AWS_LAMBDA_LOG_FORMAT=JSON every line is one JSON object.
--
-- env: AWS_LAMBDA_LOG_FORMAT=json
-- header: Lambda-Runtime-Aws-Request-Id: id-1
-- header: Lambda-Runtime-Aws-Tenant-Id: t-1
-- event: 1
-- response: 1
-- header: Lambda-Runtime-Aws-Request-Id: id-2
-- event: 2
-- error: Custom: bad "thing"
-- stdout: {"timestamp":"2…-…-…T…:…:….…Z","level":"INFO","message":"loading"}
-- stdout: {"timestamp":"2…Z","level":"INFO","message":"say \"hi\"\tthere","requestId":"id-1","tenantId":"t-1"}
-- stdout: {"timestamp":"2…Z","level":"INFO","message":"binary \xef\xbf\xbd","requestId":"id-1","tenantId":"t-1"}
-- stderr: {"timestamp":"2…Z","level":"INFO","message":"to stderr","requestId":"id-1","tenantId":"t-1"}
-- stderr: {"timestamp":"2…Z","level":"ERROR","message":"bad \"thing\"","requestId":"id-2","errorMessage":"bad \"thing\"","errorType":"Custom","stackTrace":["[C]: in function 'error'","app.lua:…: in function 'handler'"]}
print("loading")
return {
  handler = function(event)
    if event == 2 then error({ type = "Custom", message = 'bad "thing"' }) end
    print('say "hi"', "there")
    print("binary \255")
    io.stderr:write("to stderr\n")
    return event
  end,
}
