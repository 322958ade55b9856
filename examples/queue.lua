-- An SQS batch with partial failures: only the messages that failed come again. The event source mapping needs
-- FunctionResponseTypes: [ReportBatchItemFailures].
--   scripts/run examples/queue.handler examples/queue-event.json

local coldmoon = require "coldmoon"
local json = require "coldmoon.json"
local log = require "coldmoon.log"

local M = {}

-- What one message means. An error here fails this message, not the batch.
local function process(order)
  assert(type(order.id) == "string", "the order has no id")
  assert(order.amount > 0, "the amount is not positive")
  log.info("order accepted", { order = order.id, amount = order.amount })
end

function M.handler(event)
  local failures = coldmoon.array()
  for _, record in ipairs(event.Records) do
    local ok, err = pcall(function()
      process(json.decode(record.body))
    end)
    if not ok then
      log.warn("message failed", { messageId = record.messageId, reason = tostring(err) })
      failures[#failures + 1] = { itemIdentifier = record.messageId }
    end
  end
  return { batchItemFailures = failures }
end

return M
