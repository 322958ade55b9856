---@meta coldmoon.http

-- The module `coldmoon.http`: one request and one response for every kind of HTTP event.

--- An event that is a request.
---@alias coldmoon.HttpEvent aws.ApiGatewayV1Event|aws.ApiGatewayV2Event|aws.AlbEvent|aws.LatticeEvent

--- A response in the form that the sender of the request wants.
---@alias coldmoon.HttpAnswer aws.ApiGatewayV1Response|aws.ApiGatewayV2Response|aws.AlbResponse|aws.LatticeResponse

---@class coldmoon.Request
---@field kind "rest"|"http"|"alb"|"lattice" `http` is payload 2.0: an HTTP API or a function URL.
---@field method string In capitals.
---@field path string Decoded, without an API's stage.
---@field raw_path string As it was sent, without an API's stage.
---@field query table<string, string> The last value of each name.
---@field multi_query table<string, string[]>
---@field headers table<string, string> Found in any case; several values are joined by commas.
---@field multi_headers table<string, string[]> Found in any case; payload 2.0 has joined the values already.
---@field cookies table<string, string>
---@field params table<string, string> Of the route's path, else those that API Gateway found.
---@field body string Bytes; empty where there is none.
---@field is_base64 boolean Whether the body came in base64.
---@field host? string
---@field source_ip? string
---@field stage? string
---@field event coldmoon.HttpEvent
---@field context coldmoon.Context
local Request = {}

--- The body decoded from JSON; ends the request with 400 where it is none.
---@return any
function Request:json() end

--- The body of an HTML form: the last value of each name, and all of them.
---@return table<string, string> last
---@return table<string, string[]> all
function Request:form() end

---@class coldmoon.Response
---@field status? integer Default 200.
---@field headers? table<string, string|number|string[]>
---@field cookies? string[] Whole `Set-Cookie` values.
---@field body? any A string as it is, anything else as JSON.
---@field is_base64? boolean The body is in base64 already.

--- What the function of a route may return; nothing is 204.
---@alias coldmoon.RouteResult coldmoon.Response|string|coldmoon.Raw|coldmoon.Stream|nil

---@alias coldmoon.Route fun(request: coldmoon.Request): coldmoon.RouteResult, any

---@class coldmoon.Router
---@operator call(any): coldmoon.Result
local Router = {}

--- Adds a route. In its path `{name}` stands for something without a slash, `{name+}` for anything. The method `ANY` is every other one.
---@param method string
---@param path string
---@param fn coldmoon.Route
---@return coldmoon.Router
function Router:on(method, path, fn) end

---@param path string
---@param fn coldmoon.Route
---@return coldmoon.Router
function Router:get(path, fn) end

---@param path string
---@param fn coldmoon.Route
---@return coldmoon.Router
function Router:post(path, fn) end

---@param path string
---@param fn coldmoon.Route
---@return coldmoon.Router
function Router:put(path, fn) end

---@param path string
---@param fn coldmoon.Route
---@return coldmoon.Router
function Router:patch(path, fn) end

---@param path string
---@param fn coldmoon.Route
---@return coldmoon.Router
function Router:delete(path, fn) end

---@param path string
---@param fn coldmoon.Route
---@return coldmoon.Router
function Router:options(path, fn) end

---@param path string
---@param fn coldmoon.Route
---@return coldmoon.Router
function Router:head(path, fn) end

---@param path string
---@param fn coldmoon.Route
---@return coldmoon.Router
function Router:any(path, fn) end

--- Answers errors that would otherwise be those of the invocation.
---@param fn fun(err: any, request: coldmoon.Request, stack?: string): coldmoon.RouteResult
---@return coldmoon.Router
function Router:on_error(fn) end

--- The result of the route that a request takes; 404 or 405 where there is none.
---@param request coldmoon.Request
---@return coldmoon.RouteResult
function Router:serve(request) end

---@class coldmoon.http
local http = {}

--- An empty router, which is a handler.
---@return coldmoon.Router
function http.router() end

--- A handler that answers with what `fn` returns.
---@param fn coldmoon.Route
---@return coldmoon.Handler
function http.handler(fn) end

--- Ends the request with an answer of this status.
---@param status integer
---@param message? string The member of its JSON body.
function http.error(status, message) end

--- The request that an event is.
---@param event coldmoon.HttpEvent
---@param context? coldmoon.Context
---@return coldmoon.Request
function http.request(event, context) end

--- A result in the form that the sender of the request wants.
---@param result coldmoon.RouteResult
---@param request coldmoon.Request
---@return coldmoon.HttpAnswer|coldmoon.Raw|coldmoon.Stream
function http.response(result, request) end

return http
