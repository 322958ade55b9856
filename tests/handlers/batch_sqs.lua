-- coldmoon.batch answers an SQS batch with the messages that failed, and logs each with its stack.
--
-- env: AWS_LAMBDA_LOG_FORMAT=JSON
-- header: Lambda-Runtime-Aws-Request-Id: id-1
-- event: {"Records":[{"messageId":"m-1","eventSource":"aws:sqs","eventSourceARN":"arn:aws:sqs:eu-west-1:1:q","body":"1"},{"messageId":"m-2","eventSource":"aws:sqs","eventSourceARN":"arn:aws:sqs:eu-west-1:1:q","body":"boom"},{"messageId":"m-3","eventSource":"aws:sqs","eventSourceARN":"arn:aws:sqs:eu-west-1:1:q","body":"3"},{"messageId":"m-4","eventSource":"aws:sqs","eventSourceARN":"arn:aws:sqs:eu-west-1:1:q","body":"table"},{"messageId":"m-5","eventSource":"aws:sqs","eventSourceARN":"arn:aws:sqs:eu-west-1:1:q","body":"odd"},{"messageId":"m-6","eventSource":"aws:sqs","body":"nil"}]}
-- response: {"batchItemFailures":[{"itemIdentifier":"m-2"},{"itemIdentifier":"m-4"},{"itemIdentifier":"m-5"},{"itemIdentifier":"m-6"}]}
-- event: {"Records":[{"messageId":"m-1","eventSource":"aws:sqs","body":"1"}]}
-- response: {"batchItemFailures":[]}
-- event: {"Records":[]}
-- response: {"batchItemFailures":[]}
-- event: {"Records":[{"eventSource":"aws:s3"}]}
-- error: LuaError: coldmoon.batch: records of SQS, Kinesis and DynamoDB can fail one by one, not those of aws:s3
-- stdout: {…"level":"ERROR","message":"record failed","requestId":"id-1",…"stackTrace":["[C]: in function 'error'","app.lua:…: in function 'check'","app.lua:…: in function …"]…}
-- stdout: {…"level":"ERROR","message":"record failed","requestId":"id-1",…"errorMessage":"a table"…}
-- stdout: {…"errorMessage":"(an error that cannot be described)"…}
-- stdout: {…"errorMessage":"nil"…}
-- stderr: {…"errorMessage":"coldmoon.batch: records of SQS, Kinesis and DynamoDB can fail one by one, not those of aws:s3"…}
local batch = require "coldmoon.batch"

local function check(body)
  if body == "boom" then error("boom") end
  if body == "table" then error { message = "a table" } end
  if body == "odd" then error(setmetatable({}, { __index = error, __tostring = error })) end
  if body == "nil" then error() end
end

return {
  handler = batch.handler(function(record, context)
    assert(context.aws_request_id)
    check(record.body)
  end),
}
