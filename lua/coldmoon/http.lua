--- `coldmoon.http`: one request and one response for every kind of HTTP event: API Gateway's REST (payload 1.0) and HTTP APIs (2.0),
-- function URLs, load balancers (with and without multi-value headers) and VPC Lattice (2.0).
--
--   local http = require "coldmoon.http"
--   local app = http.router()
--   app:get("/users/{id}", function(request) return { body = { id = request.params.id } } end)
--   return { handler = app }          -- or, without routes: http.handler(function(request) … end)
--
-- A request:
--   method, path (decoded), raw_path (as sent, without an API's stage), host, source_ip, stage, kind, event, context
--   query, headers, cookies     name to value: the last of a query's values; headers in any case, several joined by commas
--   multi_query, multi_headers  name to list; payload 2.0 has joined a header's values already
--   params                      of the route's path, else those that API Gateway found
--   body                        bytes, "" where there is none; is_base64: whether they came in base64
--   request:json(), request:form()    the body decoded; what is no JSON is answered with 400
--
-- A response is `{ status, headers, cookies, body }`, each of them optional, a string as the body alone, nothing (204), or what
-- `coldmoon.stream` and `coldmoon.raw` return. A body that is no string becomes JSON; bytes that are no text go out in base64. A header
-- may have a list of values. A cookie is a whole `Set-Cookie` value.
--
-- `http.error(status, message)` ends the request with that answer. Other errors are errors of the invocation, with the stack of where
-- they were raised, unless `app:on_error(function(err, request, stack) … end)` answers them.

local json = require "coldmoon.json"
local error, getmetatable, ipairs, next, pairs = error, getmetatable, ipairs, next, pairs
local pcall, rawget, setmetatable, tonumber, tostring, type, xpcall = pcall, rawget, setmetatable, tonumber, tostring, type, xpcall
local char, find, gmatch, gsub, lower, match = string.char, string.find, string.gmatch, string.gsub, string.lower, string.match
local sub, upper, concat, sort = string.sub, string.upper, table.concat, table.sort

local http = {}

-- ---- request ----

local Request = {}
Request.__index = Request

--- A member of an event where it is of that type; it may be absent or `null`.
local function given(value, kind)
  return type(value) == kind and value or nil
end

--- A table whose keys, in lower case, are found in any case.
local function any_case()
  return setmetatable({}, { __index = function(fields, name) return type(name) == "string" and rawget(fields, lower(name)) or nil end })
end

local function unescape(text)
  return (gsub(text, "%%(%x%x)", function(hex) return char(tonumber(hex, 16)) end))
end

--- As forms and queries are written: a plus is a space.
local function unescape_form(text)
  return unescape((gsub(text, "%+", " ")))
end

local function add(all, name, value)
  local list = rawget(all, name)
  if list then list[#list + 1] = value else all[name] = { value } end
end

--- `a=1&b=2` as name to last value, and name to list.
local function read_form(text)
  local last, all = {}, {}
  for pair in gmatch(text, "[^&]+") do
    local name, value = match(pair, "^([^=]*)=?(.*)$")
    name, value = unescape_form(name), unescape_form(value)
    last[name] = value
    add(all, name, value)
  end
  return last, all
end

--- The values of an event's map and of its multi-value sibling, into `all`: name to list. `change` is applied to names and values.
local function collect(all, single, multi, change_name, change_value)
  local fields = given(multi, "table")
  if not fields or next(fields) == nil then fields = given(single, "table") or {} end
  for name, values in pairs(fields) do
    for _, value in ipairs(type(values) == "table" and values or { values }) do
      add(all, change_name(name), change_value(tostring(value)))
    end
  end
  return all
end

local function same(value) return value end

local function read_cookies(text)
  local cookies = {}
  for name, value in gmatch(text or "", "%s*([^=;]+)=([^;]*)") do
    if not cookies[name] then cookies[name] = match(value, "^(.-)%s*$") end
  end
  return cookies
end

--- Which kind of event it is.
local function kind_of(event, gateway)
  if given(gateway.http, "table") then return "http" end
  if given(gateway.elb, "table") then return "alb" end
  if gateway.serviceNetworkArn then return "lattice" end
  if given(event.httpMethod, "string") then return "rest" end
  error("coldmoon.http: the event is none of API Gateway's, a function URL's, a load balancer's or VPC Lattice's", 0)
end

--- The request that an event is.
function http.request(event, context)
  local gateway = type(event) == "table" and given(event.requestContext, "table") or {}
  local kind = kind_of(type(event) == "table" and event or {}, gateway)
  local inner = kind == "http" and gateway.http or {}
  local headers, multi_headers = any_case(), any_case()
  collect(multi_headers, event.headers, event.multiValueHeaders, lower, same)
  local cookies = given(event.cookies, "table")
  if cookies and #cookies > 0 then multi_headers.cookie = cookies end
  for name, list in pairs(multi_headers) do headers[name] = concat(list, name == "cookie" and "; " or ",") end

  local query, multi_query
  if given(event.rawQueryString, "string") then
    query, multi_query = read_form(event.rawQueryString)
  else
    -- A load balancer passes its query on as it was sent.
    local change = kind == "alb" and unescape_form or same
    query, multi_query = {}, collect({}, event.queryStringParameters, event.multiValueQueryStringParameters, change, change)
    for name, list in pairs(multi_query) do query[name] = list[#list] end
  end

  local stage = given(gateway.stage, "string")
  local raw_path = match(given(event.rawPath, "string") or given(event.path, "string") or "/", "^[^?]*")
  if kind == "http" and stage and stage ~= "$default" and sub(raw_path .. "/", 1, #stage + 2) == "/" .. stage .. "/" then
    raw_path = sub(raw_path, #stage + 2)
  end
  if raw_path == "" then raw_path = "/" end

  local body, is_base64 = given(event.body, "string") or "", event.isBase64Encoded == true
  if is_base64 then body = require "coldmoon.base64".decode(body) end
  local identity = kind == "rest" and given(gateway.identity, "table") or inner
  return setmetatable({
    kind = kind, event = event, context = context,
    method = upper(inner.method or event.httpMethod or event.method), path = unescape(raw_path), raw_path = raw_path,
    query = query, multi_query = multi_query, headers = headers, multi_headers = multi_headers, cookies = read_cookies(headers.cookie),
    params = given(event.pathParameters, "table") or {}, stage = stage, body = body, is_base64 = is_base64,
    host = headers.host or given(gateway.domainName, "string"),
    -- What is in front of the last entry of the header is the client's word.
    source_ip = given(identity.sourceIp, "string") or match(headers["x-forwarded-for"] or "", "([^,%s]+)%s*$"),
  }, Request)
end

--- Ends the request with an answer of this status; `message` is the member of its JSON body.
function http.error(status, message)
  error({ type = "HttpError", status = status, message = message or "" }, 0)
end

--- The body decoded from JSON.
function Request:json()
  local ok, value = pcall(json.decode, self.body)
  if not ok then http.error(400, "the body is not JSON: " .. gsub(value, "^.*coldmoon%.json%.decode: ", "")) end
  return value
end

--- The body of an HTML form: name to last value, and name to list.
function Request:form()
  return read_form(self.body)
end

-- ---- response ----

local MEMBERS = { status = true, headers = true, cookies = true, body = true, is_base64 = true }
-- What a load balancer wants beside the status; others are sent without words.
local REASONS = {
  [200] = "OK", [201] = "Created", [202] = "Accepted", [204] = "No Content", [301] = "Moved Permanently", [302] = "Found",
  [303] = "See Other", [304] = "Not Modified", [307] = "Temporary Redirect", [308] = "Permanent Redirect", [400] = "Bad Request",
  [401] = "Unauthorized", [403] = "Forbidden", [404] = "Not Found", [405] = "Method Not Allowed", [409] = "Conflict", [410] = "Gone",
  [415] = "Unsupported Media Type", [422] = "Unprocessable Content", [429] = "Too Many Requests", [500] = "Internal Server Error",
  [501] = "Not Implemented", [502] = "Bad Gateway", [503] = "Service Unavailable", [504] = "Gateway Timeout",
}

local function add_field(all, name, value)
  value = tostring(value)
  if type(name) ~= "string" or not find(name, "^[%w!#$%%&'*+.^_`|~-]+$") then
    error("coldmoon.http: not the name of a header: " .. tostring(name), 0)
  end
  -- A line break would begin another header. Control characters but the tab are none of a header's.
  if find(value, "[^\t%C]") then error("coldmoon.http: the header " .. name .. " has a control character in its value", 0) end
  add(all, name, value)
end

--- A result of the user's function in the form that the sender of the request wants.
function http.response(result, request)
  local meta = getmetatable(result)
  if type(result) == "table" and type(meta) == "table" and (meta.__jsontype == "stream" or meta.__jsontype == "raw") then return result end
  if result == nil then result = { status = 204 } end
  if type(result) == "string" then result = { body = result } end
  if type(result) ~= "table" then error("coldmoon.http: a response is a table or a string, not a " .. type(result), 0) end
  for name in pairs(result) do
    if not MEMBERS[name] then
      error("coldmoon.http: a response has status, headers, cookies, body and is_base64, not " .. tostring(name), 0)
    end
  end
  local status = result.status or 200
  if type(status) ~= "number" or status < 200 or status > 599 or status % 1 ~= 0 then
    error("coldmoon.http: not a status: " .. tostring(status), 0)
  end

  local body, is_base64, content_type = result.body, result.is_base64 == true, nil
  if body == nil then
    body = ""
  elseif type(body) ~= "string" then
    body, content_type = json.encode(body), "application/json"
  elseif is_base64 or not pcall(json.encode, body) then
    -- Only what is valid UTF-8 can be text of the JSON that carries it.
    content_type = "application/octet-stream"
    if not is_base64 then body, is_base64 = require "coldmoon.base64".encode(body), true end
  elseif body ~= "" then
    content_type = "text/plain; charset=utf-8"
  end

  local fields = {}
  for name, values in pairs(result.headers or {}) do
    for _, value in ipairs(type(values) == "table" and values or { values }) do add_field(fields, lower(name), value) end
  end
  for _, cookie in ipairs(result.cookies or {}) do add_field(fields, "set-cookie", cookie) end
  if content_type and not fields["content-type"] then fields["content-type"] = { content_type } end
  if request.method == "HEAD" then body, is_base64 = "", false end

  local answer = { statusCode = status, headers = {}, body = body, isBase64Encoded = is_base64 }
  if request.kind == "alb" or request.kind == "lattice" then
    answer.statusDescription = status .. (REASONS[status] and " " .. REASONS[status] or "")
  end
  -- A load balancer takes the kind of headers that it has sent, and no other.
  if request.kind == "alb" and given(request.event.multiValueHeaders, "table") then
    answer.headers, answer.multiValueHeaders = nil, fields
    return answer
  end
  local cookies = fields["set-cookie"]
  if cookies and (request.kind == "http" or #cookies > 1) then
    -- Several cookies are several headers: a comma stands in their dates.
    fields["set-cookie"] = nil
    if request.kind == "http" then
      answer.cookies = cookies
    elseif request.kind == "rest" then
      answer.multiValueHeaders = { ["set-cookie"] = cookies }
    else
      error("coldmoon.http: several cookies need multi-value headers, which this target group has not switched on", 0)
    end
  end
  for name, list in pairs(fields) do answer.headers[name] = concat(list, ",") end
  return answer
end

--- Answers one event with what `fn` makes of its request.
local function answer(fn, event, context, on_error)
  local request = http.request(event, context)
  local stack
  local ok, result, problem = xpcall(function() return fn(request) end, function(err)
    stack = match(debug.traceback("", 2), "^%s*stack traceback:\n(.-)\n[^\n]*coldmoon[./]http")
    return err
  end)
  if ok and result == nil and problem ~= nil then ok, result = false, problem end
  if not ok then
    local status = type(result) == "table" and rawget(result, "type") == "HttpError" and result.status
    if status then
      result = { status = status, body = { message = result.message } }
    elseif on_error then
      result = on_error(result, request, stack)
    elseif stack then
      -- The runtime reports type and message of the original, with the stack that was taken then.
      local original = result
      error(setmetatable({ stackTrace = stack }, {
        __index = given(original, "table"), __tostring = function() return tostring(original) end,
      }), 0)
    else
      error(result, 0)
    end
  end
  return http.response(result, request)
end

--- A handler that answers with what `fn(request)` returns.
function http.handler(fn)
  return function(event, context) return answer(fn, event, context) end
end

-- ---- router ----

local Router = {}
Router.__index = Router
Router.__call = function(self, event, context)
  return answer(function(request) return self:serve(request) end, event, context, self.error_handler)
end

--- An empty router: a table that can be called as a handler.
function http.router()
  return setmetatable({ exact = {}, patterns = {} }, Router)
end

--- Adds a route. In its path `{name}` stands for something without a slash, `{name+}` for anything; paths without either are looked for
-- first, the others in their order. The method "ANY" is every method that the path has not got.
function Router:on(method, path, fn)
  local names, pattern, from = {}, "^", 1
  for start, name, greedy, stop in gmatch(path, "(){([^{}+]+)(%+?)}()") do
    pattern = pattern .. gsub(sub(path, from, start - 1), "%p", "%%%0") .. (greedy == "" and "([^/]+)" or "(.+)")
    names[#names + 1], from = name, stop
  end
  pattern = pattern .. gsub(sub(path, from), "%p", "%%%0") .. "$"
  local route = #names == 0 and self.exact[path]
  for _, known in ipairs(self.patterns) do
    if known.pattern == pattern then route = known end
  end
  if not route then
    route = { pattern = pattern, methods = {} }
    if #names == 0 then self.exact[path] = route else self.patterns[#self.patterns + 1] = route end
  end
  route.methods[upper(method)] = { fn = fn, names = names }
  return self
end

for _, method in ipairs { "get", "post", "put", "patch", "delete", "options", "head", "any" } do
  Router[method] = function(self, path, fn) return self:on(method, path, fn) end
end

--- `fn(err, request, stack)` answers errors that would otherwise be those of the invocation.
function Router:on_error(fn)
  self.error_handler = fn
  return self
end

--- The result of the route that a request takes; 404 or 405 where there is none.
function Router:serve(request)
  local path, allowed, exact = request.raw_path, {}, self.exact[request.path]
  for index = exact and 0 or 1, #self.patterns do
    local route = index == 0 and exact or self.patterns[index]
    local captures = index == 0 and {} or { match(path, route.pattern) }
    if index == 0 or captures[1] then
      local methods = route.methods
      local target = methods[request.method] or request.method == "HEAD" and methods.GET or methods.ANY
      if target then
        if index > 0 then request.params = {} end
        for at, name in ipairs(target.names) do request.params[name] = unescape(captures[at]) end
        return target.fn(request)
      end
      for method in pairs(methods) do allowed[method] = true end
      if methods.GET then allowed.HEAD = true end
    end
  end
  if next(allowed) == nil then return { status = 404, body = { message = "Not Found" } } end
  local list = {}
  for method in pairs(allowed) do list[#list + 1] = method end
  sort(list)
  return { status = 405, headers = { allow = concat(list, ", ") }, body = { message = "Method Not Allowed" } }
end

return http
