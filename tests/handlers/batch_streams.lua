-- coldmoon.batch answers a batch of a stream with the first record that failed and does not try those behind it.
--
-- event: {"Records":[{"eventSource":"aws:kinesis","kinesis":{"sequenceNumber":"1"}},{"eventSource":"aws:kinesis","kinesis":{"sequenceNumber":"2"},"fails":true},{"eventSource":"aws:kinesis","kinesis":{"sequenceNumber":"3"},"fails":true}]}
-- response: [2,{"batchItemFailures":[{"itemIdentifier":"2"}]}]
-- event: {"Records":[{"eventSource":"aws:dynamodb","dynamodb":{"SequenceNumber":"10"},"fails":true},{"eventSource":"aws:dynamodb","dynamodb":{"SequenceNumber":"11"}}]}
-- response: [1,{"batchItemFailures":[{"itemIdentifier":"10"}]}]
-- event: {"Records":[{"eventSource":"aws:dynamodb","dynamodb":{"SequenceNumber":"10"}}]}
-- response: [1,{"batchItemFailures":[]}]
-- stdout: [ERROR] … record failed {…}
-- stdout: [ERROR] … record failed {…}
local batch = require "coldmoon.batch"
return {
  handler = function(event, context)
    local tried = 0
    local answer = batch.process(event, function(record)
      tried = tried + 1
      assert(not record.fails, "no")
    end, context)
    return { tried, answer }
  end,
}
