-- AWS_LAMBDA_LOG_LEVEL drops what is less important, and keeps errors.
--
-- env: AWS_LAMBDA_LOG_FORMAT=JSON
-- env: AWS_LAMBDA_LOG_LEVEL=error
-- event: 1
-- error: LuaError: x
-- stderr: {"timestamp":"…","level":"ERROR","message":"x",…}
return { handler = function() print("dropped") error("x", 0) end }
