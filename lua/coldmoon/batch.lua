--- `coldmoon.batch`: partial batch responses. Only the records that failed come again; the event source mapping needs
-- `FunctionResponseTypes: [ReportBatchItemFailures]`.
--
--   local batch = require "coldmoon.batch"
--   return { handler = batch.handler(function(record, context) … end) }
--
-- The function is called with each record; an error in it fails that record and is logged. What the answer says, as AWS documents it:
--
-- * SQS: every message that failed.
-- * SQS FIFO: the first message that failed and all behind it, which are not tried: their order is kept. With `{ by_group = true }` as
--   second argument only those of the same message group, the others go on.
-- * Kinesis, DynamoDB streams: the first record that failed. The stream comes again from there, so those behind it are not tried.
--
-- docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html, services-kinesis-batchfailurereporting.html,
-- services-ddb-batchfailurereporting.html

local coldmoon = require "coldmoon"
local log = require "coldmoon.log"
local error, ipairs, pcall, tostring, type, xpcall = error, ipairs, pcall, tostring, type, xpcall
local find, gmatch = string.find, string.gmatch

local batch = {}

--- How the answer names a record, and whether it is one of a stream.
local function identify(record)
  if record.eventSource == "aws:sqs" then return record.messageId, false end
  if record.eventSource == "aws:kinesis" then return record.kinesis.sequenceNumber, true end
  if record.eventSource == "aws:dynamodb" then return record.dynamodb.SequenceNumber, true end
  error("coldmoon.batch: records of SQS, Kinesis and DynamoDB can fail one by one, not those of " .. tostring(record.eventSource), 0)
end

--- What an error says of itself.
local function describe(err)
  return type(err) == "table" and (err.message or err.errorMessage) or tostring(err)
end

--- Calls `fn` with each record of the event; returns the answer.
function batch.process(event, fn, context, options)
  local failures, blocked = coldmoon.array(), {}
  for _, record in ipairs(event.Records) do
    local id, is_stream = identify(record)
    local is_fifo = not is_stream and find(record.eventSourceARN or "", "%.fifo$")
    local group = options and options.by_group and is_fifo and record.attributes.MessageGroupId or ""
    local ok = false
    if not blocked[group] then
      local frames, err = coldmoon.array(), nil
      ok, err = xpcall(function() fn(record, context) end, function(value)
        for frame in gmatch(debug.traceback("", 2), "\n%s+([^\n]+)") do
          if find(frame, "coldmoon[./]batch") then break end
          frames[#frames + 1] = frame
        end
        return value
      end)
      if not ok then
        local is_described, message = pcall(describe, err)
        message = is_described and tostring(message) or "(an error that cannot be described)"
        log.error("record failed", { itemIdentifier = id, errorMessage = message, stackTrace = frames })
      end
    end
    if not ok then
      failures[#failures + 1] = { itemIdentifier = id }
      if is_stream then break end
      blocked[group] = is_fifo
    end
  end
  return { batchItemFailures = failures }
end

--- A handler that calls `fn` with each record of its event.
function batch.handler(fn, options)
  return function(event, context) return batch.process(event, fn, context, options) end
end

return batch
