---@meta coldmoon

-- The module `coldmoon`, the handler and its context. The other modules: the files beside this one. Editors with lua-language-server find
-- all of them when this folder is in their `workspace.library`.

--- JSON's `null`: light userdata that `tostring` shows as `null`. It is true in a condition: compare with `coldmoon.null`.
---@class coldmoon.Null: userdata

--- A result that is posted as it is.
---@class coldmoon.Raw

--- A result that is streamed.
---@class coldmoon.Stream

--- What a handler may return.
---@alias coldmoon.Result table|string|number|boolean|coldmoon.Null|coldmoon.Raw|coldmoon.Stream|nil

--- A handler. `nil, err` is an error, as if by `error(err)`.
---@alias coldmoon.Handler fun(event: any, context: coldmoon.Context): coldmoon.Result, any

--- The handler's second argument. What the service did not send is nil.
---@class coldmoon.Context
---@field aws_request_id string
---@field request_id string The same.
---@field deadline_ms number Unix time in milliseconds.
---@field deadline number The same.
---@field get_remaining_time_in_millis fun(): number Not below 0; may be called with `.` or `:`.
---@field invoked_function_arn? string
---@field function_name? string
---@field function_version? string
---@field log_group_name? string
---@field log_stream_name? string
---@field memory_limit_in_mb? number
---@field trace_id? string
---@field client_context? table
---@field identity? coldmoon.Identity
---@field cognito_identity? coldmoon.Identity The same.
---@field tenant_id? string

--- The Cognito identity of a mobile application.
---@class coldmoon.Identity
---@field cognito_identity_id? string
---@field cognito_identity_pool_id? string

--- How a stream begins. With `statusCode`, `headers` or `cookies` it is an HTTP response, otherwise bytes of `content_type`.
---@class coldmoon.StreamOptions
---@field content_type? string
---@field statusCode? integer
---@field headers? table<string, string>
---@field cookies? string[]

---@class coldmoon
---@field null coldmoon.Null
---@field version string
local coldmoon = {}

--- Tags a table, or a new one, as a JSON array: `[]` also when it is empty.
---@generic T: table
---@param t? T
---@return T
function coldmoon.array(t) end

--- Tags a table, or a new one, as a JSON object.
---@generic T: table
---@param t? T
---@return T
function coldmoon.object(t) end

--- A result that is posted as it is.
---@param bytes string
---@param content_type? string Default `application/octet-stream`.
---@return coldmoon.Raw
function coldmoon.raw(bytes, content_type) end

--- A streamed result. `write` sends a chunk before it returns and waits while the receiver is slow; it can be an LTN12 sink.
---@param producer fun(write: fun(bytes?: string): any)
---@param options? coldmoon.StreamOptions
---@return coldmoon.Stream
function coldmoon.stream(producer, options) end

--- Runs at SIGTERM. For the module's body, not the handler.
---@param fn fun()
function coldmoon.on_shutdown(fn) end

--- Runs before a SnapStart snapshot is taken; the last registered first. For the module's body, not the handler.
---@param fn fun()
function coldmoon.before_snapshot(fn) end

--- Runs after a restore; the first registered first. For the module's body, not the handler.
---@param fn fun()
function coldmoon.after_restore(fn) end

--- Unix time in whole milliseconds.
---@return integer
function coldmoon.now() end

--- Waits at least so many milliseconds.
---@param ms number
function coldmoon.sleep(ms) end

--- Random bytes of the system, fit for keys and tokens.
---@param count integer
---@return string
function coldmoon.random(count) end

return coldmoon
