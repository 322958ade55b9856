-- An SQS batch with partial failures: only the messages that failed come again. The event source mapping needs
-- FunctionResponseTypes: [ReportBatchItemFailures].
--   scripts/run examples/queue.handler examples/queue-event.json

local batch = require "coldmoon.batch"
local json = require "coldmoon.json"
local log = require "coldmoon.log"

-- What one message means. An error here fails this message, not the batch, and is logged with its stack. The annotation is for editors:
-- lua/library has the types of AWS's events.
---@param record aws.SqsRecord
local function process(record)
  local order = json.decode(record.body)
  assert(type(order.id) == "string", "the order has no id")
  assert(order.amount > 0, "the amount is not positive")
  log.info("order accepted", { order = order.id, amount = order.amount })
end

return { handler = batch.handler(process) }
