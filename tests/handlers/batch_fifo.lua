-- coldmoon.batch stops at the first failure of a FIFO queue and answers with it and all behind it, or with those of its message group alone.
--
-- event: {"by_group":false,"Records":[{"messageId":"a-1","body":"1","group":"a"},{"messageId":"a-2","body":"boom","group":"a"},{"messageId":"b-1","body":"1","group":"b"},{"messageId":"a-3","body":"1","group":"a"},{"messageId":"b-2","body":"1","group":"b"}]}
-- response: ["a-1","a-2","|","a-2","b-1","a-3","b-2"]
-- event: {"by_group":true,"Records":[{"messageId":"a-1","body":"1","group":"a"},{"messageId":"a-2","body":"boom","group":"a"},{"messageId":"b-1","body":"1","group":"b"},{"messageId":"a-3","body":"1","group":"a"},{"messageId":"b-2","body":"1","group":"b"}]}
-- response: ["a-1","a-2","b-1","b-2","|","a-2","a-3"]
-- stdout: [ERROR] … record failed {…}
-- stdout: [ERROR] … record failed {…}
local batch = require "coldmoon.batch"
return {
  handler = function(event, context)
    local tried = {}
    for _, record in ipairs(event.Records) do
      record.eventSource, record.eventSourceARN = "aws:sqs", "arn:aws:sqs:eu-west-1:1:q.fifo"
      record.attributes = { MessageGroupId = record.group }
    end
    local answer = batch.process(event, function(record)
      tried[#tried + 1] = record.messageId
      if record.body == "boom" then error("boom") end
    end, context, { by_group = event.by_group })
    tried[#tried + 1] = "|"
    for _, failure in ipairs(answer.batchItemFailures) do tried[#tried + 1] = failure.itemIdentifier end
    return tried
  end,
}
