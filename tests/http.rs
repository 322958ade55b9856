//! `coldmoon.http` on events of every sender: the same call gives the same request, and a result the response that the sender wants.
//!
//! The events are vectors of our own, in the documented shapes (the table of docs is in `lua/library/http_events.d.lua`), and those of
//! the collection of AWS, where it is there.

use coldmoon_cli::runtime_api::{Invocation, Options, Outcome, RuntimeApi};
use coldmoon_tests::process::{Process, Setup};
use coldmoon_tests::test_data;
use serde_json::{Value, json};

/// A function that runs for the length of a test.
struct Function {
    api: RuntimeApi,
    process: Process,
}

impl Function {
    fn new(source: &str) -> Function {
        let api = RuntimeApi::start(Options::default()).expect("a local API");
        let process = Setup::new(source).start(api.address());
        Function { api, process }
    }

    fn outcome(&self, event: &Value) -> Outcome {
        self.api.queue(Invocation::new(event.to_string())).wait()
    }

    /// What it responds with, as JSON.
    fn call(&self, event: &Value) -> Value {
        match self.outcome(event) {
            Outcome::Response(response) => serde_json::from_slice(&response.body).expect("the response is JSON"),
            other => panic!("{other:?}\n{}", self.process.report()),
        }
    }

    /// The message of the error that it answers with.
    fn error(&self, event: &Value) -> String {
        let outcome = self.outcome(event);
        let error = outcome.error().unwrap_or_else(|| panic!("no error\n{}", self.process.report()));
        error.error_message().expect("a message")
    }
}

/// Answers with the request; the body in base64, because it may be anything.
const ECHO: &str = "local http, base64 = require 'coldmoon.http', require 'coldmoon.base64'\n\
    return { handler = function(event, context)\n\
      local request = http.request(event, context)\n\
      assert(request.event == event and request.context == context)\n\
      request.event, request.context, request.body = nil, nil, base64.encode(request.body)\n\
      return request\n\
    end }\n";

/// `POST /users/A%20b/%C3%A9?tag=x&tag=y%2Cz&q=a+b%26c&empty` with two cookies, a header given twice, and a body, as a client sends it to
/// the five senders.
fn the_same_call(body: &str, is_base64: bool) -> Vec<(&'static str, Value)> {
    let rest = json!({
        "resource": "/{proxy+}", "path": "/users/A%20b/%C3%A9", "httpMethod": "POST",
        "headers": { "Host": "api.example.com", "Content-Type": "text/plain", "X-Twice": "2", "Cookie": "a=1; b=\"x=y\"", "X-Forwarded-For": "6.6.6.6, 203.0.113.7" },
        "multiValueHeaders": { "Host": ["api.example.com"], "Content-Type": ["text/plain"], "X-Twice": ["1", "2"], "Cookie": ["a=1; b=\"x=y\""], "X-Forwarded-For": ["6.6.6.6, 203.0.113.7"] },
        "queryStringParameters": { "tag": "y,z", "q": "a b&c", "empty": "" },
        "multiValueQueryStringParameters": { "tag": ["x", "y,z"], "q": ["a b&c"], "empty": [""] },
        "pathParameters": { "proxy": "users/A b/é" }, "stageVariables": null,
        "requestContext": { "stage": "prod", "path": "/prod/users/A%20b/%C3%A9", "domainName": "api.example.com", "httpMethod": "POST", "identity": { "sourceIp": "203.0.113.7" } },
        "body": body, "isBase64Encoded": is_base64,
    });
    let http = json!({
        "version": "2.0", "routeKey": "$default", "rawPath": "/prod/users/A%20b/%C3%A9", "rawQueryString": "tag=x&tag=y%2Cz&q=a+b%26c&empty",
        "cookies": ["a=1", "b=\"x=y\""],
        "headers": { "host": "api.example.com", "content-type": "text/plain", "x-twice": "1,2", "x-forwarded-for": "6.6.6.6, 203.0.113.7" },
        "queryStringParameters": { "tag": "x,y,z", "q": "a b&c", "empty": "" }, "pathParameters": { "proxy": "users/A b/é" },
        "requestContext": { "stage": "prod", "domainName": "api.example.com", "http": { "method": "POST", "path": "/prod/users/A%20b/%C3%A9", "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7", "userAgent": "curl" } },
        "body": body, "isBase64Encoded": is_base64,
    });
    let mut url = http.clone();
    url["rawPath"] = json!("/users/A%20b/%C3%A9");
    url["requestContext"]["stage"] = json!("$default");
    url.as_object_mut().expect("an object").remove("pathParameters");
    let alb_multi = json!({
        "requestContext": { "elb": { "targetGroupArn": "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/a/b" } },
        "httpMethod": "POST", "path": "/users/A%20b/%C3%A9",
        "multiValueQueryStringParameters": { "tag": ["x", "y%2Cz"], "q": ["a+b%26c"], "empty": [""] },
        "multiValueHeaders": { "host": ["api.example.com"], "content-type": ["text/plain"], "x-twice": ["1", "2"], "cookie": ["a=1; b=\"x=y\""], "x-forwarded-for": ["6.6.6.6, 203.0.113.7"] },
        "body": body, "isBase64Encoded": is_base64,
    });
    let mut alb = alb_multi.clone();
    let fields = alb.as_object_mut().expect("an object");
    fields.remove("multiValueHeaders");
    fields.remove("multiValueQueryStringParameters");
    alb["headers"] = json!({ "host": "api.example.com", "content-type": "text/plain", "x-twice": "1,2", "cookie": "a=1; b=\"x=y\"", "x-forwarded-for": "6.6.6.6, 203.0.113.7" });
    alb["queryStringParameters"] = json!({ "tag": "y%2Cz", "q": "a+b%26c", "empty": "" });
    let lattice = json!({
        "version": "2.0", "path": "/users/A%20b/%C3%A9", "method": "POST",
        "headers": { "host": ["api.example.com"], "content-type": ["text/plain"], "x-twice": ["1", "2"], "cookie": ["a=1; b=\"x=y\""], "x-forwarded-for": ["6.6.6.6, 203.0.113.7"] },
        "queryStringParameters": { "tag": ["x", "y,z"], "q": ["a b&c"], "empty": [""] },
        "body": body, "isBase64Encoded": is_base64,
        "requestContext": { "serviceNetworkArn": "arn:aws:vpc-lattice:eu-west-1:1:servicenetwork/sn-1", "serviceArn": "arn:aws:vpc-lattice:eu-west-1:1:service/svc-1", "targetGroupArn": "arn:aws:vpc-lattice:eu-west-1:1:targetgroup/tg-1", "identity": { "sourceVpcArn": "arn:aws:ec2:eu-west-1:1:vpc/vpc-1" }, "region": "eu-west-1", "timeEpoch": "1690497599177430" },
    });
    vec![("rest", rest), ("http", http), ("url", url), ("alb", alb), ("alb multi", alb_multi), ("lattice", lattice)]
}

#[test]
fn the_same_call_is_the_same_request_from_every_sender() {
    let function = Function::new(ECHO);
    for (body, is_base64, bytes) in [("héllo", false, "aMOpbGxv"), ("AP/+gA==", true, "AP/+gA=="), ("", false, "")] {
        for (sender, event) in the_same_call(body, is_base64) {
            let mut request = function.call(&event);
            let kind = sender.split(' ').next().expect("a word").replace("url", "http");
            let mut expected = json!({
                "kind": kind, "method": "POST", "path": "/users/A b/é", "raw_path": "/users/A%20b/%C3%A9", "host": "api.example.com",
                "source_ip": "203.0.113.7", "body": bytes, "is_base64": is_base64,
                "query": { "tag": "y,z", "q": "a b&c", "empty": "" }, "multi_query": { "tag": ["x", "y,z"], "q": ["a b&c"], "empty": [""] },
                "headers": { "host": "api.example.com", "content-type": "text/plain", "x-twice": "1,2", "cookie": "a=1; b=\"x=y\"", "x-forwarded-for": "6.6.6.6, 203.0.113.7" },
                "multi_headers": { "host": ["api.example.com"], "content-type": ["text/plain"], "x-twice": ["1", "2"], "cookie": ["a=1; b=\"x=y\""], "x-forwarded-for": ["6.6.6.6, 203.0.113.7"] },
                "cookies": { "a": "1", "b": "\"x=y\"" },
                "params": if matches!(sender, "rest" | "http") { json!({ "proxy": "users/A b/é" }) } else { json!({}) },
            });
            // What a sender does not tell.
            match sender {
                "rest" | "http" => expected["stage"] = json!("prod"),
                "url" => expected["stage"] = json!("$default"),
                "alb" => expected["multi_query"]["tag"] = json!(["y,z"]),
                _ => {}
            }
            if matches!(sender, "http" | "url" | "alb") {
                expected["multi_headers"]["x-twice"] = json!(["1,2"]);
            }
            if matches!(sender, "http" | "url") {
                expected["multi_headers"]["cookie"] = json!(["a=1", "b=\"x=y\""]);
            }
            for (name, expected) in expected.as_object().expect("an object") {
                let found = request.as_object_mut().expect("an object").remove(name).unwrap_or_default();
                assert_eq!(found, *expected, "{name} of {sender}");
            }
            assert_eq!(request, json!({}), "{sender}");
        }
    }
}

#[test]
fn odd_events_are_requests_too() {
    let function = Function::new(ECHO);
    let rest = |changes: Value| {
        let mut event = json!({ "httpMethod": "GET", "path": "/", "requestContext": {} });
        event.as_object_mut().expect("an object").extend(changes.as_object().expect("an object").clone());
        event
    };
    let http = |path: &str, stage: &str, query: &str| json!({ "version": "2.0", "rawPath": path, "rawQueryString": query, "requestContext": { "stage": stage, "http": { "method": "get", "path": path, "sourceIp": "::1" } } });
    for (event, pointer, expected) in [
        // What API Gateway's test console sends.
        (
            rest(
                json!({ "headers": null, "multiValueHeaders": null, "queryStringParameters": null, "body": null, "pathParameters": null }),
            ),
            "/body",
            json!(""),
        ),
        (rest(json!({ "requestContext": null })), "/method", json!("GET")),
        (rest(json!({ "path": null })), "/path", json!("/")),
        (rest(json!({ "headers": { "A": "1", "a": "2" } })), "/headers/a", Value::Null),
        (rest(json!({ "headers": { "A": "1" }, "multiValueHeaders": {} })), "/headers/a", json!("1")),
        (rest(json!({ "headers": { "n": 1 } })), "/headers/n", json!("1")),
        (rest(json!({ "queryStringParameters": { "a": "%41+" } })), "/query/a", json!("%41+")),
        (rest(json!({ "headers": { "x-forwarded-for": "1.1.1.1, 2.2.2.2" } })), "/source_ip", json!("2.2.2.2")),
        (http("/prod", "prod", ""), "/path", json!("/")),
        (http("/prod/", "prod", ""), "/path", json!("/")),
        (http("/production/a", "prod", ""), "/path", json!("/production/a")),
        (http("/a/prod", "prod", ""), "/path", json!("/a/prod")),
        (http("/prod/a", "$default", ""), "/path", json!("/prod/a")),
        (http("/", "$default", ""), "/method", json!("GET")),
        (http("/a%2Fb%zz%4", "$default", ""), "/path", json!("/a/b%zz%4")),
        (http("/", "$default", "a=1=2&&=x&b&a"), "/multi_query", json!({ "a": ["1=2", ""], "": ["x"], "b": [""] })),
        (http("/", "$default", "%C3%A9=%C3%A9&a%5B%5D=1"), "/query", json!({ "é": "é", "a[]": "1" })),
    ] {
        let mut found = function.call(&event).pointer(pointer).cloned().unwrap_or_default();
        if pointer == "/headers/a" && expected.is_null() {
            // The same field in two cases: in whatever order, both.
            let mut values: Vec<&str> = found.as_str().expect("text").split(',').collect();
            values.sort_unstable();
            assert_eq!(values, ["1", "2"]);
            found = Value::Null;
        }
        assert_eq!(found, expected, "{pointer} of {event}");
    }
    for event in
        [json!({}), json!(null), json!([]), json!("GET"), json!({ "Records": [] }), json!({ "requestContext": { "connectionId": "1" } })]
    {
        let message = "coldmoon.http: the event is none of API Gateway's, a function URL's, a load balancer's or VPC Lattice's";
        assert_eq!(function.error(&event), message, "{event}");
    }
}

#[test]
fn the_events_of_aws_are_requests() {
    let Some(folder) = test_data("events") else { return };
    let function = Function::new(ECHO);
    for (name, kind, method, path) in [
        ("apigw-request", "rest", "POST", "/hello/world"),
        ("apigw-restapi-openapi-request", "rest", "POST", "/hello/world"),
        ("apigw-v2-request-iam", "http", "GET", "/my/path"),
        ("apigw-v2-request-jwt-authorizer", "http", "GET", "/my/path"),
        ("apigw-v2-request-lambda-authorizer", "http", "GET", "/my/path"),
        ("apigw-v2-request-no-authorizer", "http", "GET", "/"),
        ("lambda-urls-request", "http", "POST", "/my/path"),
        ("alb-lambda-target-request-headers-only", "alb", "GET", "/"),
        ("alb-lambda-target-request-multivalue-headers", "alb", "GET", "/"),
    ] {
        let event: Value = serde_json::from_slice(&std::fs::read(folder.join(format!("{name}.json"))).expect("a file")).expect("JSON");
        let request = function.call(&event);
        assert_eq!((&request["kind"], &request["method"], &request["path"]), (&json!(kind), &json!(method), &json!(path)), "{name}");
    }
}

/// Answers with `http.response` of what the event says in Lua.
const RESPOND: &str = "local http = require 'coldmoon.http'\n\
    return { handler = function(event, context)\n\
      return http.response(assert(loadstring('local http, coldmoon = ... return ' .. event.lua))(http, require 'coldmoon'), http.request(event, context))\n\
    end }\n";

/// An event of each sender that carries the Lua text of a result.
fn senders(lua: &str) -> Vec<(&'static str, Value)> {
    let mut events = the_same_call("", false);
    for (_, event) in &mut events {
        event["lua"] = json!(lua);
    }
    events
}

#[test]
fn a_result_becomes_the_response_of_its_sender() {
    let function = Function::new(RESPOND);
    const EXPIRES: &str = "a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Path=/";
    for (lua, status, headers, cookies, body, is_base64) in [
        ("'text'", 200, json!({ "content-type": "text/plain; charset=utf-8" }), json!([]), "text", false),
        ("nil", 204, json!({}), json!([]), "", false),
        ("''", 200, json!({}), json!([]), "", false),
        ("{ body = { a = { 1 } } }", 200, json!({ "content-type": "application/json" }), json!([]), "{\"a\":[1]}", false),
        ("{ body = coldmoon.null }", 200, json!({ "content-type": "application/json" }), json!([]), "null", false),
        ("{ body = false, status = 201 }", 201, json!({ "content-type": "application/json" }), json!([]), "false", false),
        (
            "{ body = '<p>', headers = { ['Content-Type'] = 'text/html' } }",
            200,
            json!({ "content-type": "text/html" }),
            json!([]),
            "<p>",
            false,
        ),
        ("{ status = 302, headers = { Location = '/a' } }", 302, json!({ "location": "/a" }), json!([]), "", false),
        ("{ status = 299 }", 299, json!({}), json!([]), "", false),
        ("'\\0\\255\\254'", 200, json!({ "content-type": "application/octet-stream" }), json!([]), "AP/+", true),
        (
            "{ body = '\\137PNG', headers = { ['content-type'] = 'image/png' } }",
            200,
            json!({ "content-type": "image/png" }),
            json!([]),
            "iVBORw==",
            true,
        ),
        (
            "{ body = 'iVBORw==', is_base64 = true }",
            200,
            json!({ "content-type": "application/octet-stream" }),
            json!([]),
            "iVBORw==",
            true,
        ),
        ("'h\\195\\169'", 200, json!({ "content-type": "text/plain; charset=utf-8" }), json!([]), "hé", false),
        ("{ headers = { ['X-A'] = { 'a', 'b, c' }, n = 1 } }", 200, json!({ "x-a": ["a", "b, c"], "n": "1" }), json!([]), "", false),
        (&format!("{{ cookies = {{ '{EXPIRES}' }} }}"), 200, json!({}), json!([EXPIRES]), "", false),
        (&format!("{{ headers = {{ ['Set-Cookie'] = '{EXPIRES}' }} }}"), 200, json!({}), json!([EXPIRES]), "", false),
        (
            &format!("{{ headers = {{ ['set-cookie'] = {{ '{EXPIRES}' }} }}, cookies = {{ 'b=2' }} }}"),
            200,
            json!({}),
            json!([EXPIRES, "b=2"]),
            "",
            false,
        ),
    ] {
        for (sender, event) in senders(lua) {
            let is_several = cookies.as_array().is_some_and(|cookies| cookies.len() > 1);
            if is_several && matches!(sender, "alb" | "lattice") {
                let message = "coldmoon.http: several cookies need multi-value headers, which this target group has not switched on";
                assert_eq!(function.error(&event), message);
                continue;
            }
            let mut expected = json!({ "statusCode": status, "body": body, "isBase64Encoded": is_base64 });
            let joined = |value: &Value| match value {
                Value::Array(list) => json!(list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(",")),
                value => value.clone(),
            };
            let mut single: serde_json::Map<String, Value> =
                headers.as_object().expect("an object").iter().map(|(name, value)| (name.clone(), joined(value))).collect();
            let has_cookies = cookies != json!([]);
            match sender {
                "http" | "url" if has_cookies => expected["cookies"] = cookies.clone(),
                "rest" if is_several => expected["multiValueHeaders"] = json!({ "set-cookie": cookies }),
                "alb multi" => {
                    let listed = |value: &Value| if value.is_array() { value.clone() } else { json!([value]) };
                    let mut multi: serde_json::Map<String, Value> =
                        headers.as_object().expect("an object").iter().map(|(name, value)| (name.clone(), listed(value))).collect();
                    if has_cookies {
                        multi.insert("set-cookie".into(), cookies.clone());
                    }
                    expected["multiValueHeaders"] = Value::Object(multi);
                }
                _ if has_cookies => drop(single.insert("set-cookie".into(), cookies[0].clone())),
                _ => {}
            }
            if sender != "alb multi" {
                expected["headers"] = Value::Object(single);
            }
            if matches!(sender, "alb" | "alb multi" | "lattice") {
                let words = [(200, "200 OK"), (201, "201 Created"), (204, "204 No Content"), (299, "299"), (302, "302 Found")];
                expected["statusDescription"] = json!(words.iter().find(|(known, _)| *known == status).expect("in the table").1);
            }
            assert_eq!(function.call(&event), expected, "{lua} for {sender}");
        }
    }
}

#[test]
fn what_is_no_response_is_refused() {
    let function = Function::new(RESPOND);
    for (lua, message) in [
        ("{ message = 'hi' }", "coldmoon.http: a response has status, headers, cookies, body and is_base64, not message"),
        ("{ 'hi' }", "coldmoon.http: a response has status, headers, cookies, body and is_base64, not 1"),
        ("1", "coldmoon.http: a response is a table or a string, not a number"),
        ("{ status = 99 }", "coldmoon.http: not a status: 99"),
        ("{ status = 200.5 }", "coldmoon.http: not a status: 200.5"),
        ("{ status = '200' }", "coldmoon.http: not a status: 200"),
        ("{ headers = { a = 'x\\r\\nb: y' } }", "coldmoon.http: the header a has a control character in its value"),
        ("{ cookies = { 'a=1\\n' } }", "coldmoon.http: the header set-cookie has a control character in its value"),
        ("{ headers = { ['a b'] = 'x' } }", "coldmoon.http: not the name of a header: a b"),
        ("{ headers = { [''] = 'x' } }", "coldmoon.http: not the name of a header: "),
    ] {
        let (_, event) = senders(lua).remove(0);
        assert_eq!(function.error(&event), message, "{lua}");
    }
}

#[test]
fn streams_and_raw_bytes_pass() {
    let function = Function::new(
        "local http, coldmoon = require 'coldmoon.http', require 'coldmoon'\n\
         return { handler = http.handler(function(request)\n\
           if request.path == '/raw' then return coldmoon.raw('bytes', 'text/plain') end\n\
           return coldmoon.stream(function(write) write('chunk') end, { content_type = 'text/plain' })\n\
         end) }\n",
    );
    for (path, body) in [("/raw", "bytes"), ("/stream", "chunk")] {
        let event = json!({ "httpMethod": "GET", "path": path });
        let outcome = function.outcome(&event);
        let response = outcome.response().unwrap_or_else(|| panic!("{}", function.process.report()));
        assert_eq!((response.body.as_slice(), response.content_type()), (body.as_bytes(), Some("text/plain")));
    }
}

const ROUTES: &str = "local http = require 'coldmoon.http'\n\
    local app = http.router()\n\
    local function show(name)\n\
      return function(request) return { body = { route = name, params = request.params } } end\n\
    end\n\
    app:get('/', show 'root'):get('/users/{id}', show 'user'):get('/users/me', show 'me'):put('/users/{user-id}', show 'put')\n\
    app:get('/files/{path+}', show 'file'):any('/any', show 'any'):get('/a.b/{x}-{y}.json', show 'dots'):post('/any', show 'post')\n\
    app:on('purge', '/cache', show 'purge'):delete('/users/me', show 'delete me'):head('/only', show 'head')\n\
    app:post('/json', function(request) return { body = request:json() } end)\n\
    app:post('/form', function(request) local last, all = request:form() return { body = { last = last, all = all } } end)\n\
    app:get('/teapot', function() http.error(418, 'short and stout') end)\n\
    app:get('/boom', function() error('boom') end)\n\
    app:get('/custom', function() error({ type = 'Custom', message = 'm' }) end)\n\
    app:get('/nil', function() return nil, 'no result' end)\n\
    return { handler = app }\n";

fn request(method: &str, path: &str) -> Value {
    json!({ "version": "2.0", "rawPath": path, "rawQueryString": "", "headers": {}, "requestContext": { "http": { "method": method, "path": path } } })
}

#[test]
fn routes_are_found() {
    let function = Function::new(ROUTES);
    for (method, path, route, params) in [
        ("GET", "/", "root", json!({})),
        ("GET", "/users/7", "user", json!({ "id": "7" })),
        ("GET", "/users/me", "me", json!({})),
        ("DELETE", "/users/me", "delete me", json!({})),
        // The path without placeholders has no PUT; the other one has.
        ("PUT", "/users/me", "put", json!({ "user-id": "me" })),
        ("GET", "/users/A%20b%2Fc", "user", json!({ "id": "A b/c" })),
        ("PUT", "/users/8", "put", json!({ "user-id": "8" })),
        ("GET", "/files/a/b%20c/d.txt", "file", json!({ "path": "a/b c/d.txt" })),
        ("PATCH", "/any", "any", json!({})),
        ("POST", "/any", "post", json!({})),
        ("GET", "/a.b/1-2.json", "dots", json!({ "x": "1", "y": "2" })),
        ("PURGE", "/cache", "purge", json!({})),
    ] {
        let response = function.call(&request(method, path));
        let body: Value = serde_json::from_str(response["body"].as_str().expect("text")).expect("JSON");
        assert_eq!(body, json!({ "route": route, "params": params }), "{method} {path}");
    }
    for (method, path, status, allow) in [
        ("GET", "/users", 404, Value::Null),
        ("GET", "/users/", 404, Value::Null),
        ("GET", "/users/7/8", 404, Value::Null),
        ("GET", "/axb/1-2.json", 404, Value::Null),
        ("GET", "/files/", 404, Value::Null),
        ("POST", "/users/me", 405, json!("DELETE, GET, HEAD, PUT")),
        ("DELETE", "/users/7", 405, json!("GET, HEAD, PUT")),
        ("GET", "/only", 405, json!("HEAD")),
    ] {
        let response = function.call(&request(method, path));
        assert_eq!((&response["statusCode"], &response["headers"]["allow"]), (&json!(status), &allow), "{method} {path}");
        let words = if status == 404 { "{\"message\":\"Not Found\"}" } else { "{\"message\":\"Method Not Allowed\"}" };
        assert_eq!(response["body"], words);
    }
    let head = function.call(&request("HEAD", "/users/7"));
    let expected = json!({ "statusCode": 200, "headers": { "content-type": "application/json" }, "body": "", "isBase64Encoded": false });
    assert_eq!(head, expected, "HEAD is GET without its body");
}

#[test]
fn bodies_are_decoded() {
    let function = Function::new(ROUTES);
    let post = |path: &str, body: &str| {
        let mut event = request("POST", path);
        event["body"] = json!(body);
        let response = function.call(&event);
        (response["statusCode"].clone(), response["body"].as_str().expect("text").to_owned())
    };
    assert_eq!(post("/json", "[1,{}]"), (json!(200), "[1,{}]".to_owned()));
    assert_eq!(post("/json", "[1,"), (json!(400), "{\"message\":\"the body is not JSON: a value is expected at byte 4\"}".to_owned()));
    let (status, body) = post("/form", "a=1&b=x+y%21&a=2");
    let expected = json!({ "last": { "a": "2", "b": "x y!" }, "all": { "a": ["1", "2"], "b": ["x y!"] } });
    assert_eq!((status, serde_json::from_str::<Value>(&body).expect("JSON")), (json!(200), expected));
}

#[test]
fn errors_are_answers_or_those_of_the_invocation() {
    let function = Function::new(ROUTES);
    let teapot = function.call(&request("GET", "/teapot"));
    assert_eq!((&teapot["statusCode"], &teapot["body"]), (&json!(418), &json!("{\"message\":\"short and stout\"}")));

    for (path, error_type, message, frame) in [
        ("/boom", "LuaError", "app.lua:12: boom", "app.lua:12: in function"),
        ("/custom", "Custom", "m", "app.lua:13: in function"),
        ("/nil", "LuaError", "no result", ""),
    ] {
        let outcome = function.outcome(&request("GET", path));
        let error = outcome.error().unwrap_or_else(|| panic!("{path}: no error"));
        let document = error.document().expect("JSON");
        assert_eq!((error.error_type().as_deref(), error.error_message().as_deref()), (Some(error_type), Some(message)), "{path}");
        if !frame.is_empty() {
            let stack = document["stackTrace"].as_array().expect("a list");
            assert_eq!(stack[0], "[C]: in function 'error'", "{document}");
            assert!(stack[1].as_str().is_some_and(|found| found.starts_with(frame)), "{document}");
            assert!(!document["stackTrace"].to_string().contains("coldmoon.http"), "{document}");
        }
    }

    let function = Function::new(&ROUTES.replace(
        "return { handler = app }",
        "app:on_error(function(err, request, stack) return { status = 500, body = { err = tostring(err), path = request.path, stack = stack:match('app.lua:%d+') } } end)\n\
         return { handler = app }",
    ));
    let response = function.call(&request("GET", "/boom"));
    let body: Value = serde_json::from_str(response["body"].as_str().expect("text")).expect("JSON");
    assert_eq!(
        (&response["statusCode"], body),
        (&json!(500), json!({ "err": "app.lua:12: boom", "path": "/boom", "stack": "app.lua:12" }))
    );
    assert_eq!(function.call(&request("GET", "/teapot"))["statusCode"], 418, "it has an answer already");
}
