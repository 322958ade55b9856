---@meta coldmoon.batch

-- The module `coldmoon.batch`: partial batch responses.

--- A record that can fail alone.
---@alias coldmoon.Record aws.SqsRecord|aws.KinesisRecord|aws.DynamoDbRecord

---@alias coldmoon.BatchEvent aws.SqsEvent|aws.KinesisEvent|aws.DynamoDbEvent

---@class coldmoon.BatchOptions
---@field by_group? boolean A failure in a FIFO queue stops the messages of its group alone.

---@class coldmoon.batch
local batch = {}

--- A handler that calls `fn` with each record of its event.
---@param fn fun(record: coldmoon.Record, context: coldmoon.Context)
---@param options? coldmoon.BatchOptions
---@return coldmoon.Handler
function batch.handler(fn, options) end

--- Calls `fn` with each record of the event.
---@param event coldmoon.BatchEvent
---@param fn fun(record: coldmoon.Record, context: coldmoon.Context)
---@param context? coldmoon.Context
---@param options? coldmoon.BatchOptions
---@return aws.BatchResponse
function batch.process(event, fn, context, options) end

return batch
