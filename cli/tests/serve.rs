//! `coldmoon serve` with the real bootstrap: HTTP through the function, streams, workers, reloads, the Invoke endpoints, the end, and
//! what goes wrong.

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustix::process::Signal;
use serde_json::{Value, json};
use support::served::{Served, command};
use support::{skip, tell};

/// A function that shows its event, through the module that decodes it.
const APP: &str = r#"
local coldmoon = require "coldmoon"
local http = require "coldmoon.http"
local app = http.router()
app:any("/request", function(r)
  return { body = { method = r.method, path = r.path, query = r.query, multi_query = r.multi_query, cookies = r.cookies, body = r.body,
    one = r.headers["x-one"], source_ip = r.source_ip, host = r.host, kind = r.kind, is_base64 = r.is_base64 } }
end)
app:any("/event", function(r) return { body = r.event } end)
app:get("/answer", function() return { status = 201, headers = { ["x-a"] = "b" }, cookies = { "one=1; Secure", "two=2" }, body = "text" } end)
app:get("/bytes", function() return { headers = { ["content-type"] = "image/png" }, body = "\137PNG" } end)
app:get("/fail", function()
  print("before")
  local user = nil
  return user.name
end)
app:get("/exit", function() os.exit(3) end)
app:get("/loop", function() while true do end end)
app:get("/slow", function(r) coldmoon.sleep(tonumber(r.query.ms)) return { body = r.query.ms } end)
app:get("/malformed", function() return coldmoon.raw('{"statusCode":"no"}', "application/json") end)
app:get("/raw", function() return coldmoon.raw("bytes", "text/plain") end)
app:get("/large", function() return { body = string.rep("x", 7 * 1024 * 1024) } end)
app:get("/stream", function()
  return coldmoon.stream(function(write)
    for line = 1, 3 do write("line " .. line .. "\n") coldmoon.sleep(150) end
  end, { statusCode = 203, headers = { ["x-a"] = "b" }, cookies = { "s=1" } })
end)
app:get("/plain-stream", function()
  return coldmoon.stream(function(write) write("plain") end, { content_type = "text/plain" })
end)
app:get("/half", function()
  return coldmoon.stream(function(write) write("half ") error("gone") end, { statusCode = 200 })
end)
return { handler = function(event, context)
  if event.requestContext then return app(event, context) end
  if event.fail then error(event.fail) end
  if event.stream then return coldmoon.stream(function(write) write("one ") write("two") if event.stream == "half" then error("gone") end end) end
  if event.sleep then coldmoon.sleep(event.sleep) end
  print("got " .. tostring(event.name))
  return { hello = event.name, arn = context.invoked_function_arn, client = context.client_context, tenant = context.tenant_id }
end }
"#;

struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }

    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    fn fields(&self, name: &str) -> Vec<&str> {
        let matches = |line: &'_ str| line.split_once(": ").is_some_and(|(field, _)| field.eq_ignore_ascii_case(name));
        self.head.lines().filter(|line| matches(line)).map(|line| line.split_once(": ").expect("it matched").1).collect()
    }

    fn field(&self, name: &str) -> Option<&str> {
        self.fields(name).first().copied()
    }
}

/// Sends a request as it is, with `Connection: close`, and reads the answer to its end.
fn request(served: &Served, line: &str, fields: &[(&str, &str)], body: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(("127.0.0.1", served.port)).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut head = format!("{line} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
    if !fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        head += &format!("Host: 127.0.0.1:{}\r\n", served.port);
    }
    for (name, value) in fields {
        head += &format!("{name}: {value}\r\n");
    }
    stream.write_all((head + "\r\n").as_bytes()).unwrap();
    // A server that refuses a long body may answer before it has read it.
    stream.write_all(body).ok();
    let mut all = Vec::new();
    stream.read_to_end(&mut all).ok();
    let end = all.windows(4).position(|window| window == b"\r\n\r\n").expect("a head") + 4;
    let head = String::from_utf8(all[..end].to_vec()).expect("ASCII");
    let body = if head.to_ascii_lowercase().contains("transfer-encoding: chunked") { dechunk(&all[end..]) } else { all[end..].to_vec() };
    Answer { status: head[9..12].parse().expect("a status"), head, body }
}

/// The content of a chunked body; one that breaks off ends with `<broken>`.
fn dechunk(mut bytes: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    loop {
        let Some(end) = bytes.windows(2).position(|window| window == b"\r\n") else {
            content.extend_from_slice(b"<broken>");
            return content;
        };
        let size = usize::from_str_radix(std::str::from_utf8(&bytes[..end]).expect("ASCII"), 16).expect("a size");
        if size == 0 {
            return content;
        }
        content.extend_from_slice(&bytes[end + 2..end + 2 + size]);
        bytes = &bytes[end + 2 + size + 2..];
    }
}

fn get(served: &Served, path: &str) -> Answer {
    request(served, &format!("GET {path}"), &[], b"")
}

fn invoke(served: &Served, name: &str, fields: &[(&str, &str)], event: &str) -> Answer {
    request(served, &format!("POST /2015-03-31/functions/{name}/invocations"), fields, event.as_bytes())
}

#[test]
fn requests_reach_the_function_the_same_in_every_payload() {
    for (payload, kind, form_is_base64) in [("v2", "http", true), ("v1", "rest", false), ("alb", "alb", true), ("alb-multi", "alb", true)] {
        let served = Served::start(APP, &["--payload", payload]);
        let fields = [
            ("X-One", "1"),
            ("Cookie", "a=b; c=d"),
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("X-Forwarded-For", "203.0.113.9"),
        ];
        let answer = request(&served, "POST /request?q=a%20b&r=1&r=2", &fields, b"k=v\xc3\xa9");
        let mut seen = answer.json();
        assert_eq!(answer.status, 200, "{payload}: {seen}");
        assert_eq!(seen["multi_query"]["r"].as_array().map(Vec::len), Some(if payload == "alb" { 1 } else { 2 }), "{payload}");
        seen.as_object_mut().unwrap().remove("multi_query");
        let expected = json!({
            "method": "POST", "path": "/request", "query": { "q": "a b", "r": "2" }, "cookies": { "a": "b", "c": "d" },
            "body": "k=vé", "one": "1", "source_ip": "127.0.0.1", "host": format!("127.0.0.1:{}", served.port), "kind": kind,
            "is_base64": form_is_base64,
        });
        assert_eq!(seen, expected, "{payload}");

        let answer = request(&served, "POST /request", &[("Content-Type", "image/png")], b"\x89PNG");
        // Bytes that are no text make the response base64, and the client gets JSON all the same.
        assert_eq!(answer.status, 502, "a body of bytes is not JSON: {payload} {}", answer.text());

        let answer = get(&served, "/answer");
        let cookies = if payload == "alb" { 0 } else { 2 };
        if payload == "alb" {
            // Two cookies need the multi-value variant: the module says so.
            assert!(answer.status == 502 && answer.text().contains("multi-value headers"), "{}", answer.text());
        } else {
            assert_eq!((answer.status, answer.text(), answer.field("x-a")), (201, "text", Some("b")), "{payload}");
            assert_eq!(answer.fields("set-cookie").len(), cookies, "{payload}");
            assert_eq!(answer.field("content-type"), Some("text/plain; charset=utf-8"), "{payload}");
        }

        let answer = get(&served, "/bytes");
        assert_eq!(
            (answer.status, answer.body.as_slice(), answer.field("content-type")),
            (200, &b"\x89PNG"[..], Some("image/png")),
            "{payload}"
        );
        assert_eq!(get(&served, "/nowhere").status, 404, "{payload}");
        assert_eq!(request(&served, "HEAD /answer", &[], b"").body, b"", "{payload}");
    }
}

#[test]
fn events_are_those_of_a_function_url() {
    let served = Served::start(APP, &[]);
    let answer = request(&served, "PUT /event/?a=%2F", &[("Host", "shop.localhost:9000"), ("Accept", "a"), ("Accept", "b")], b"");
    // The router knows /event alone.
    assert_eq!(answer.status, 404);
    let answer = request(&served, "PUT /event?a=%2F", &[("Host", "shop.localhost:9000"), ("Accept", "a"), ("Accept", "b")], b"");
    let event = answer.json();
    assert_eq!((&event["version"], &event["rawPath"], &event["rawQueryString"]), (&json!("2.0"), &json!("/event"), &json!("a=%2F")));
    assert_eq!((&event["headers"]["accept"], &event["requestContext"]["domainPrefix"]), (&json!("a,b"), &json!("shop")));
    assert_eq!(event["requestContext"]["requestId"], answer.field("x-amzn-requestid").unwrap());
    let encoded = request(&served, "GET /a%2Fb%20c", &[], b"");
    assert_eq!(encoded.status, 404);
    served.wait_for("GET /a%2Fb%20c 404");
}

#[test]
fn results_without_a_status_are_the_body() {
    let served = Served::start("return function(event) return { path = event.rawPath } end", &[]);
    let answer = get(&served, "/x%20y");
    assert_eq!((answer.status, answer.text(), answer.field("content-type")), (200, r#"{"path":"/x%20y"}"#, Some("application/json")));
    served.write("app.lua", "return function() return 'Hello, world!' end");
    served.wait_for("loaded again");
    assert_eq!(get(&served, "/").text(), "\"Hello, world!\"");
}

#[test]
fn errors_of_the_function_are_502_with_the_error_and_its_source_on_the_console() {
    let served = Served::start(APP, &[]);
    let answer = get(&served, "/fail");
    assert_eq!((answer.status, &answer.json()["errorType"]), (502, &json!("LuaError")));
    served.wait_for("GET /fail 502");
    let log = served.log();
    assert!(log.contains("before\n[ERROR] ") && log.contains("  > 15 |   return user.name"), "{log}");

    let answer = get(&served, "/exit");
    assert_eq!((answer.status, &answer.json()["errorType"]), (502, &json!("Runtime.ExitError")));
    assert_eq!(get(&served, "/answer").status, 201, "a new process serves the next request");

    for (path, why) in [
        ("/malformed", "statusCode is \"no\", it has to be a number from 200 to 599"),
        ("/raw", "the result is not JSON: bytes go out as { statusCode = 200, body = <base64>, isBase64Encoded = true }, or as a stream"),
    ] {
        let answer = get(&served, path);
        assert_eq!((answer.status, &answer.json()["errorMessage"]), (502, &json!(why)));
        served.wait_for(&format!("coldmoon: GET {path}: {why}"));
    }

    let answer = get(&served, "/large");
    assert_eq!((answer.status, &answer.json()["errorType"]), (502, &json!("Function.ResponseSizeTooLarge")), "{}", answer.text());
}

/// The runtime's bound for nesting is the only one: what it posts is served.
#[test]
fn deep_results_are_served_as_far_as_the_runtime_posts_them() {
    let served = Served::start(
        "return { handler = function(event) local t = {} for _ = 2, tonumber(event.rawQueryString) do t = { t } end return t end }",
        &[],
    );
    for levels in [127, 128, 1000] {
        let answer = get(&served, &format!("/?{levels}"));
        assert_eq!((answer.status, answer.body.len()), (200, 2 * levels), "{}", answer.text());
    }
    let answer = get(&served, "/?1001");
    let message = answer.text().to_owned();
    assert!(answer.status == 502 && message.contains("nested more than 1000 levels deep"), "{message}");
}

#[test]
fn endless_loop_ends_with_the_timeout() {
    let served = Served::start(APP, &["--timeout", "1"]);
    let begun = Instant::now();
    let answer = get(&served, "/loop");
    assert_eq!((answer.status, &answer.json()["errorType"]), (502, &json!("Sandbox.Timedout")));
    let message = answer.json()["errorMessage"].as_str().unwrap_or_default().to_owned();
    assert!(message.starts_with("RequestId: ") && message.ends_with(" Error: Task timed out after 1.00 seconds"), "{message}");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    served.wait_for("Sandbox.Timedout: Task timed out after 1.00 seconds");
    assert_eq!(get(&served, "/answer").status, 201);
    assert_eq!(served.processes().len(), 1, "the one that looped is gone");
}

#[test]
fn bodies_over_the_limit_are_413() {
    let served = Served::start(APP, &[]);
    let large = vec![b'x'; 20 * 1024 * 1024];
    assert_eq!(request(&served, "POST /event", &[("Content-Type", "text/plain")], &large).status, 413);
    // Base64 makes it a third longer.
    assert_eq!(request(&served, "POST /event", &[], &large[..5 * 1024 * 1024]).status, 413);
    let answer = request(&served, "POST /2015-03-31/functions/function/invocations", &[], &large);
    assert_eq!((answer.status, answer.field("x-amzn-errortype")), (413, Some("RequestTooLargeException")));
    assert_eq!(answer.json()["message"], "Request must be smaller than 6291456 bytes for the InvokeFunction operation");
    let almost = format!("\"{}\"", "x".repeat(1024 * 1024));
    let answer = invoke(&served, "function", &[("X-Amz-Invocation-Type", "Event")], &almost);
    assert_eq!((answer.status, answer.field("x-amzn-errortype")), (413, Some("RequestTooLargeException")));
    let message = format!("{} byte payload is too large for the Event invocation type (limit 1048576 bytes)", almost.len());
    assert_eq!(answer.json()["message"], message);
}

#[test]
fn streams_go_out_as_they_come() {
    let served = Served::start(APP, &[]);
    let mut stream = TcpStream::connect(("127.0.0.1", served.port)).unwrap();
    stream.write_all(b"GET /stream HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let begun = Instant::now();
    let (mut all, mut first) = (Vec::new(), None);
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = stream.read(&mut buffer) {
        all.extend_from_slice(&buffer[..read]);
        if first.is_none() && String::from_utf8_lossy(&all).contains("line 1\n") {
            first = Some(begun.elapsed());
        }
    }
    let (first, whole) = (first.expect("a first line"), begun.elapsed());
    let text = String::from_utf8(all).unwrap();
    assert!(text.starts_with("HTTP/1.1 203 ") && text.contains("x-a: b\r\n") && text.contains("set-cookie: s=1\r\n"), "{text}");
    assert!(text.contains("line 3\n") && text.ends_with("0\r\n\r\n"), "{text}");
    assert!(whole - first >= Duration::from_millis(300), "the first line after {first:?}, the end after {whole:?}");

    let answer = get(&served, "/plain-stream");
    assert_eq!((answer.status, answer.text(), answer.field("content-type")), (200, "plain", Some("text/plain")));
    let answer = get(&served, "/half");
    assert_eq!(answer.text(), "half <broken>");
    served.wait_for("LuaError: app.lua:");
}

#[test]
fn client_that_goes_away_ends_nothing() {
    let served = Served::start(APP, &["--workers", "1"]);
    let mut stream = TcpStream::connect(("127.0.0.1", served.port)).unwrap();
    stream.write_all(b"GET /slow?ms=300 HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    std::thread::sleep(Duration::from_millis(100));
    drop(stream);
    served.wait_for("GET /slow?ms=300 200");
    let mut stream = TcpStream::connect(("127.0.0.1", served.port)).unwrap();
    stream.write_all(b"GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    stream.read_exact(&mut [0; 12]).unwrap();
    drop(stream);
    served.wait_for("GET /stream 203");
    assert_eq!(get(&served, "/answer").status, 201);
}

#[test]
fn workers_serve_at_the_same_time_and_no_more_than_there_are() {
    let served = Served::start(APP, &["--workers", "3"]);
    for _ in 0..50 {
        assert_eq!(get(&served, "/answer").status, 201);
    }
    assert_eq!(served.processes().len(), 1, "one until more are needed");
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| assert_eq!(get(&served, "/slow?ms=400").text(), "400"));
        }
        std::thread::sleep(Duration::from_millis(200));
        assert_eq!(served.processes().len(), 3);
    });
    let took = begun.elapsed();
    assert!(took >= Duration::from_millis(800) && took < Duration::from_millis(2300), "six of 400 ms by three took {took:?}");
}

#[test]
fn saved_file_is_loaded_within_300_ms() {
    let served = Served::start("return function() return 'one' end", &[]);
    assert_eq!(get(&served, "/").text(), "\"one\"");
    let mut times = Vec::new();
    for (text, by_rename) in [("two", false), ("three", true), ("four", false), ("five", true), ("six", false)] {
        let source = format!("return function() return '{text}' end");
        let saved = Instant::now();
        if by_rename {
            served.write(".app.lua.new", &source);
            std::fs::rename(served.folder().join(".app.lua.new"), served.folder().join("app.lua")).unwrap();
        } else {
            served.write("app.lua", &source);
        }
        while get(&served, "/").text() != format!("\"{text}\"") {
            assert!(saved.elapsed() < Duration::from_secs(10), "{text} is not there:\n{}", served.log());
            std::thread::sleep(Duration::from_millis(2));
        }
        times.push(saved.elapsed());
    }
    // The median: other tests run meanwhile.
    times.sort();
    tell(&format!("serve: loaded {:.0} ms after the save", times[2].as_secs_f64() * 1000.0));
    assert!(times[2] < Duration::from_millis(300), "{times:?}");
    served.wait_for("coldmoon: app.lua changed, loaded again in");
    std::fs::create_dir(served.folder().join("lib")).unwrap();
    std::thread::sleep(Duration::from_millis(50));
    served.write("lib/names.lua", "return { 'Ada' }");
    served.wait_for("coldmoon: lib/names.lua changed");
    served.write("app.lua", "return function() return require('lib.names')[1] end");
    served.wait_for("coldmoon: app.lua changed, loaded again in");
    while get(&served, "/").text() != "\"Ada\"" {}
}

#[test]
fn reloads_lose_no_request() {
    let source = |version: u32| format!("local c = require 'coldmoon' return function() c.sleep(20) return {version} end");
    let served = Served::start(&source(0), &["--workers", "2"]);
    let end = Instant::now() + Duration::from_secs(2);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut last = 0;
                while Instant::now() < end {
                    let answer = get(&served, "/");
                    assert_eq!(answer.status, 200, "{}", answer.text());
                    let version = answer.json().as_u64().unwrap();
                    assert!(version >= last, "version {version} after {last}");
                    last = version;
                }
                assert!(last > 3, "only version {last} was seen");
            });
        }
        let mut version = 1;
        while Instant::now() < end {
            // Renamed into place: half a file is nobody's save.
            std::fs::write(served.folder().join("new.tmp"), source(version)).unwrap();
            std::fs::rename(served.folder().join("new.tmp"), served.folder().join("app.lua")).unwrap();
            version += 1;
            std::thread::sleep(Duration::from_millis(200));
        }
    });
    // The processes of old versions are gone.
    let begun = Instant::now();
    while served.processes().len() > 2 {
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", served.processes());
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn request_in_flight_is_answered_by_the_old_version() {
    let served = Served::start("local c = require 'coldmoon' return function() c.sleep(600) return 'old' end", &[]);
    std::thread::scope(|scope| {
        let old = scope.spawn(|| get(&served, "/").text().to_owned());
        std::thread::sleep(Duration::from_millis(100));
        served.write("app.lua", "return function() return 'new' end");
        served.wait_for("loaded again");
        assert_eq!(get(&served, "/").text(), "\"new\"");
        assert_eq!(old.join().unwrap(), "\"old\"");
    });
}

#[test]
fn broken_file_is_told_until_it_is_mended() {
    let served = Served::start("return function() return 1 end", &[]);
    served.write("app.lua", "return function( end");
    served.wait_for("coldmoon: app.lua changed, but the function cannot be loaded: mend it and save");
    assert!(served.log().contains("  > 1 | return function( end"), "{}", served.log());
    let answer = get(&served, "/");
    assert_eq!((answer.status, &answer.json()["errorType"]), (502, &json!("Runtime.UserCodeSyntaxError")));
    served.write("app.lua", "return function() return 2 end");
    served.wait_for("loaded again");
    assert_eq!(get(&served, "/").text(), "2");
}

#[test]
fn file_that_hangs_while_it_is_loaded_holds_the_next_save_up_no_more() {
    let served = Served::start("return function() return 1 end", &[]);
    served.write("app.lua", "print 'hangs' while true do end");
    served.wait_for("hangs");
    let saved = Instant::now();
    served.write("app.lua", "return function() return 2 end");
    served.wait_for("loaded again");
    assert_eq!(get(&served, "/").text(), "2");
    assert!(saved.elapsed() < Duration::from_secs(3), "{:?}", saved.elapsed());
    // It was killed before; the system may still be about to take it away.
    while served.processes().len() > 1 {
        assert!(saved.elapsed() < Duration::from_secs(3), "the one that hung is gone");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn broken_file_at_the_start_may_be_mended() {
    let served = Served::start("error('no')", &[]);
    assert!(served.log().contains("coldmoon: app.handler cannot be loaded yet: mend the file and save it"), "{}", served.log());
    served.write("app.lua", "return function() return 2 end");
    served.wait_for("loaded again");
    assert_eq!(get(&served, "/").text(), "2");
}

#[test]
fn without_watching_files_are_as_they_were() {
    let served = Served::start("return function() return 1 end", &["--no-watch"]);
    served.write("app.lua", "return function() return 2 end");
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(get(&served, "/").text(), "1");
}

#[test]
fn invoke_is_that_of_the_lambda_api() {
    let served = Served::start(APP, &["--name", "shop"]);
    let tail = [("X-Amz-Log-Type", "Tail")];
    let answer = invoke(&served, "shop", &tail, r#"{"name":"Ada"}"#);
    assert_eq!((answer.status, answer.field("x-amz-executed-version"), answer.field("x-amz-function-error")), (200, Some("$LATEST"), None));
    assert_eq!(answer.json()["hello"], "Ada");
    let request_id = answer.field("x-amzn-requestid").unwrap().to_owned();
    let log = String::from_utf8(STANDARD.decode(answer.field("x-amz-log-result").unwrap()).unwrap()).unwrap();
    let expected =
        format!("START RequestId: {request_id} Version: $LATEST\ngot Ada\nEND RequestId: {request_id}\nREPORT RequestId: {request_id}\t");
    assert!(log.starts_with(&expected) && log.contains("\tInit Duration: "), "{log}");

    let context = STANDARD.encode(r#"{"custom":{"a":"b"}}"#);
    let fields = [("X-Amz-Client-Context", context.as_str()), ("X-Amz-Tenant-Id", "blue")];
    for name in
        ["shop:prod", "arn%3Aaws%3Alambda%3Aeu-central-1%3A012345678912%3Afunction%3Ashop%3Aprod", "012345678912:function:shop:prod"]
    {
        let seen = invoke(&served, name, &fields, "{}").json();
        let arn = "arn:aws:lambda:us-east-1:012345678912:function:shop:prod";
        assert_eq!(seen, json!({ "arn": arn, "client": { "custom": { "a": "b" } }, "tenant": "blue" }), "{name}");
    }
    let qualified = request(&served, "POST /2015-03-31/functions/shop/invocations?Qualifier=7", &[], b"");
    assert!(qualified.json()["arn"].as_str().unwrap().ends_with(":shop:7"));

    let answer = invoke(&served, "shop", &tail, r#"{"fail":"boom"}"#);
    assert_eq!((answer.status, answer.field("x-amz-function-error")), (200, Some("Unhandled")));
    assert!(answer.json()["errorMessage"].as_str().unwrap().ends_with("boom"));
    assert!(answer.field("x-amz-log-result").is_some());

    let answer = invoke(&served, "shop", &[("X-Amz-Invocation-Type", "Event")], r#"{"sleep":300,"name":"later"}"#);
    assert_eq!((answer.status, answer.body.as_slice()), (202, &b""[..]));
    assert!(!served.log().contains("got later"));
    served.wait_for("Invoke, asynchronous ok");
    assert!(served.log().contains("got later"));
    let answer = invoke(&served, "shop", &[("X-Amz-Invocation-Type", "DryRun")], r#"{"name":"dry"}"#);
    assert_eq!((answer.status, answer.body.as_slice()), (204, &b""[..]));
    assert!(!served.log().contains("got dry"));
}

#[test]
fn mistakes_of_a_caller_are_the_services_errors() {
    let served = Served::start(APP, &[]);
    let (not_json, long) = (STANDARD.encode("no"), "A".repeat(4000));
    for (name, fields, event, status, error_type, message) in [
        (
            "nope",
            &[][..],
            "{}",
            404,
            "ResourceNotFoundException",
            "Function not found: arn:aws:lambda:us-east-1:012345678912:function:nope",
        ),
        (
            "a%20b",
            &[],
            "{}",
            400,
            "ValidationException",
            "1 validation error detected: Value 'a b' at 'functionName' failed to satisfy constraint: Member must satisfy the pattern of a function's name or ARN",
        ),
        ("function", &[], "{", 400, "InvalidRequestContentException", "Could not parse request body into json"),
        ("function:a", &[], "{}", 200, "", ""),
        (
            "function",
            &[("X-Amz-Client-Context", "%")],
            "{}",
            400,
            "InvalidRequestContentException",
            "Client context must be a valid Base64-encoded JSON object.",
        ),
        (
            "function",
            &[("X-Amz-Client-Context", not_json.as_str())],
            "{}",
            400,
            "InvalidRequestContentException",
            "Client context must be a valid Base64-encoded JSON object.",
        ),
        (
            "function",
            &[("X-Amz-Client-Context", long.as_str())],
            "{}",
            400,
            "InvalidRequestContentException",
            "Client context must be no more than 3583 bytes.",
        ),
        (
            "function",
            &[("X-Amz-Tenant-Id", "a?b")],
            "{}",
            400,
            "ValidationException",
            "1 validation error detected: Value 'a?b' at 'tenantId' failed to satisfy constraint: a tenant id has letters, digits, blanks and . _ : / = + - @ only, 1 to 256 of them",
        ),
        (
            "function",
            &[("X-Amz-Invocation-Type", "Now")],
            "{}",
            400,
            "ValidationException",
            "1 validation error detected: Value 'Now' at 'invocationType' failed to satisfy constraint: Member must satisfy enum value set: [RequestResponse, Event, DryRun]",
        ),
    ] {
        let answer = invoke(&served, name, fields, event);
        assert_eq!(
            (answer.status, answer.field("x-amzn-errortype").unwrap_or_default()),
            (status, error_type),
            "{name} {fields:?} {event}"
        );
        let told = answer.json()["message"].as_str().unwrap_or_default().to_owned();
        assert!(told.starts_with(message), "{told}");
    }
    let answer = request(&served, "POST /2015-03-31/functions/function:a/invocations?Qualifier=b", &[], b"{}");
    assert_eq!(answer.field("x-amzn-errortype"), Some("InvalidParameterValueException"));
    let message = "The derived qualifier from the function name does not match the specified qualifier.";
    assert_eq!(answer.json()["message"], message);
    let answer = get(&served, "/2015-03-31/functions/function");
    assert_eq!((answer.status, answer.field("x-amzn-errortype")), (404, Some("UnknownOperationException")));
    let message = "coldmoon serve has the operations Invoke and InvokeWithResponseStream of the Lambda API, and no others";
    assert_eq!(answer.json()["message"], message);
}

#[test]
fn invocations_beyond_the_line_are_refused() {
    let served = Served::start(APP, &[]);
    let event = "{\"sleep\":60000}";
    let mut answers = (0..1100).map(|_| invoke(&served, "function", &[("X-Amz-Invocation-Type", "Event")], event));
    let answer = answers.find(|answer| answer.status != 202).expect("a thousand wait, no more");
    assert_eq!((answer.status, answer.field("x-amzn-errortype")), (429, Some("TooManyRequestsException")));
    assert_eq!(answer.json()["message"], "too many invocations wait for their turn: the function is slower than its callers");
}

#[test]
fn page_answers_nobody_but_itself() {
    let served = Served::start(APP, &[]);
    let own = format!("http://127.0.0.1:{}", served.port);
    let send = |fields: &[(&str, &str)]| request(&served, "POST /_coldmoon/api/invocations", fields, b"{}").status;
    assert_eq!(send(&[]), 202);
    assert_eq!(send(&[("Origin", &own), ("Sec-Fetch-Site", "same-origin")]), 202);
    assert_eq!(send(&[("Origin", "http://evil.example")]), 403);
    assert_eq!(send(&[("Origin", "null")]), 403);
    assert_eq!(send(&[("Sec-Fetch-Site", "cross-site")]), 403);
    assert_eq!(send(&[("Sec-Fetch-Site", "same-site")]), 403, "another port of this machine is another site's page");
    assert_eq!(send(&[("Host", "evil.example")]), 403);
    for path in ["/_coldmoon", "/_coldmoon/api/invocations"] {
        assert_eq!(request(&served, &format!("GET {path}"), &[("Host", "evil.example:9000")], b"").status, 403, "{path}");
        assert_eq!(request(&served, &format!("GET {path}"), &[("Host", "localhost:9000")], b"").status, 200, "{path}");
    }
    for (line, fields, message) in [
        ("POST /_coldmoon/api/invocations", ("Sec-Fetch-Site", "cross-site"), "requests from pages of other sites are not answered"),
        ("POST /_coldmoon/api/invocations", ("Origin", "http://evil.example"), "only the page itself may send events"),
        (
            "GET /_coldmoon",
            ("Host", "evil.example"),
            "the Host of the request is no name of this machine: open the page as http://127.0.0.1:PORT/_coldmoon",
        ),
        ("GET /_coldmoon/api/nothing", ("Accept", "*/*"), "there is nothing here: the page is at /_coldmoon"),
        ("GET /_coldmoon/api/invocations/999", ("Accept", "*/*"), "this invocation has been forgotten: only the last ones are kept"),
        ("POST /_coldmoon/api/invocations", ("Origin", own.as_str()), "the event is not JSON: "),
    ] {
        let answer = request(&served, line, &[fields], b"{");
        let told = answer.json()["message"].as_str().unwrap_or_default().to_owned();
        assert!(answer.status >= 400 && told.starts_with(message), "{line}: {told}");
    }
    let foreign = [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "cors")];
    assert_eq!(invoke(&served, "function", &foreign, "{}").status, 403, "a page of another site runs nothing");
    let linked = [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate")];
    let page = request(&served, "GET /_coldmoon", &linked, b"");
    assert_eq!(page.status, 200, "a link to the page may be followed");
    let policy = page.field("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap();
    assert!(page.text().contains(&format!("<script nonce=\"{nonce}\">")));
    assert_eq!(request(&served, "POST /_coldmoon/api/invocations", &[], b"{").status, 400);
    assert_eq!(get(&served, "/_coldmoon/api/nothing").status, 404);
    assert_eq!(get(&served, "/_coldmoons").status, 404, "the function's own: its router's 404");
    served.wait_for("GET /_coldmoons 404");
}

#[test]
fn signals_end_it_with_everything_it_started() {
    let hook = "local c = require 'coldmoon' c.on_shutdown(function() print 'hook' end) return function(e) if e.rawPath == '/slow' then c.sleep(500) end return 1 end";
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let mut served = Served::start(hook, &["--workers", "2"]);
        std::thread::scope(|scope| {
            let slow = scope.spawn(|| get(&served, "/slow").status);
            std::thread::sleep(Duration::from_millis(150));
            assert_eq!(get(&served, "/").status, 200);
            assert_eq!(served.processes().len(), 2);
            served.signal(signal);
            assert_eq!(slow.join().unwrap(), 200, "a request in flight is answered");
        });
        let processes = served.processes();
        assert_eq!(served.end(), Some(code));
        assert_eq!(served.log().matches("hook\n").count(), 2, "{}", served.log());
        for process in processes {
            assert!(!std::path::Path::new(&format!("/proc/{process}")).exists(), "{process} is still there");
        }
    }
}

#[test]
fn request_that_hangs_does_not_hold_the_end_up_and_a_second_signal_even_less() {
    for signals in [1, 2] {
        let mut served = Served::start(APP, &["--workers", "1"]);
        let mut stream = TcpStream::connect(("127.0.0.1", served.port)).unwrap();
        stream.write_all(b"GET /loop HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        let processes = loop {
            let processes = served.processes();
            if !processes.is_empty() {
                break processes;
            }
        };
        let mut waiting = TcpStream::connect(("127.0.0.1", served.port)).unwrap();
        waiting.write_all(b"GET /answer HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        std::thread::sleep(Duration::from_millis(100));
        let begun = Instant::now();
        for _ in 0..signals {
            served.signal(Signal::INT);
            std::thread::sleep(Duration::from_millis(50));
        }
        assert_eq!(served.end(), Some(130));
        let (least, most) = if signals == 1 { (1500, 5000) } else { (0, 1000) };
        let took = begun.elapsed().as_millis();
        assert!((least..most).contains(&took), "{signals} signals: {took} ms");
        if signals == 1 {
            let mut answer = String::new();
            waiting.read_to_string(&mut answer).unwrap();
            assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("coldmoon serve is ending"), "{answer}");
        }
        std::thread::sleep(Duration::from_millis(50));
        for process in processes {
            let state = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
            assert!(state.is_empty() || state.contains(") Z "), "{state}");
        }
    }
}

#[track_caller]
fn assert_refused(output: &Output, code: i32, expected: &str) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    assert!(stderr.contains(expected), "{stderr}");
    assert_eq!(stderr.lines().filter(|line| line.starts_with("coldmoon: ")).count(), 1, "one sentence: {stderr}");
}

#[test]
fn what_cannot_be_served_is_told_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("app.lua"), "return { handler = function() return 1 end }").unwrap();
    std::fs::write(folder.path().join("broken.lua"), "return {").unwrap();
    let run = |arguments: &[&str]| command(folder.path(), arguments).output().expect("coldmoon runs");

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let sentence = format!("coldmoon: port {port} is in use by another program: end it, or choose another one with --port\n");
    assert_refused(&run(&["app.handler", "--port", &port]), 1, &sentence);
    let elsewhere = "coldmoon: 192.0.2.1 is no address of this machine: 127.0.0.1 is this machine alone\n";
    assert_refused(&run(&["app.handler", "--host", "192.0.2.1"]), 1, elsewhere);
    let nowhere = "coldmoon: there is no address no.invalid to listen on: 127.0.0.1 is this machine alone\n";
    assert_refused(&run(&["app.handler", "--host", "no.invalid"]), 1, nowhere);
    for (handler, why) in [
        ("nope.handler", "Runtime.ImportModuleError: module 'nope' not found\n"),
        ("app.nope", "Runtime.HandlerNotFound: module 'app' has no function 'nope'; it has: handler\n"),
        ("app", "Runtime.MalformedHandlerName: the handler 'app' is not of the form module.function"),
    ] {
        assert_refused(&run(&[handler, "--port", "0"]), 1, &format!("coldmoon: {handler} cannot be loaded: {why}"));
    }
    let broken = run(&["broken.handler", "--port", "0", "--no-watch"]);
    assert_refused(&broken, 1, "coldmoon: broken.handler cannot be loaded: Runtime.UserCodeSyntaxError: error loading module 'broken'");
    let no_runtime = "coldmoon: app.handler cannot be loaded: Runtime.InvalidEntrypoint: cannot start the runtime no/bootstrap: ";
    assert_refused(&run(&["app.handler", "--port", "0", "--runtime", "no/bootstrap"]), 1, no_runtime);
    let output = run(&["app.handler", "--port", "0", "--task-root", "no/root"]);
    assert_refused(&output, 1, "cannot use no/root as task root: no such file or directory");

    for arguments in [&[][..], &["app.handler", "--port", "70000"], &["app.handler", "--payload", "v3"], &["app.handler", "--workers", "0"]]
    {
        assert_eq!(run(arguments).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn what_is_not_permitted_is_told_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("app.lua");
    std::fs::write(&file, "return { handler = function() return 1 end }").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o000)).unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    // Root may read and listen everywhere: then somebody else has to ask, who can run the tool.
    let run = |arguments: &[&str]| {
        let mut own = command(folder.path(), arguments);
        if !rustix::process::getuid().is_root() {
            return own.output().ok();
        }
        let mut other = Command::new("setpriv");
        other.args(["--reuid", "65534", "--regid", "65534", "--clear-groups", "--bounding-set", "-all", "--"]);
        other.arg(own.get_program()).args(own.get_args()).current_dir(folder.path());
        other.envs(own.get_envs().filter_map(|(name, value)| Some((name, value?)))).stdin(Stdio::null()).output().ok()
    };
    if !run(&["--help"]).is_some_and(|output| output.status.success()) {
        skip("another user than root cannot run the tool where it is built");
        return;
    }
    let why = format!("module 'app' not found: no file '{}' (Permission denied)\n", file.display());
    let sentence = format!("coldmoon: app.handler cannot be loaded: Runtime.ImportModuleError: {why}");
    assert_refused(&run(&["app.handler", "--port", "0"]).unwrap(), 1, &sentence);
    let floor = std::fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start").unwrap_or_default();
    if floor.trim().parse().is_ok_and(|floor: u32| floor <= 80) {
        skip("everybody may listen on port 80 here");
        return;
    }
    let sentence = "coldmoon: port 80 is not allowed: choose one from 1024 on with --port\n";
    assert_refused(&run(&["app.handler", "--port", "80"]).unwrap(), 1, sentence);
}
