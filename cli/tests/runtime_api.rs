//! The local Runtime API over raw sockets: every status code and every transition, asserted on the wire.
//!
//! What is right here is what AWS's emulator and the documentation say; where a text is compared whole, it is the
//! emulator's, byte for byte.

mod support;

use std::time::{Duration, Instant};

use coldmoon_cli::runtime_api::{
    Framing, FunctionMetadata, Invocation, Options, Outcome, PlatformError, RESPONSE_BYTES_MAX, RuntimeApi, State, StreamError,
};
use support::wire::{Reply, Wire};

const OK: &str = "{\"status\":\"OK\"}\n";
const INVALID_ID: &str = "{\"errorMessage\":\"Invalid request ID\",\"errorType\":\"InvalidRequestID\"}\n";
const GONE: &str = "{\"errorMessage\":\"Invoke timeout\",\"errorType\":\"InvokeTimeout\"}\n";
const TOO_LARGE: &str =
    "{\"errorMessage\":\"Exceeded maximum allowed payload size (6291556 bytes).\",\"errorType\":\"RequestEntityTooLarge\"}\n";
const LIMIT: Duration = Duration::from_secs(10);

fn start() -> (RuntimeApi, Wire) {
    start_with(Options::default())
}

fn start_with(options: Options) -> (RuntimeApi, Wire) {
    let api = RuntimeApi::start(options).expect("a free port");
    let wire = Wire::connect(api.socket_address());
    (api, wire)
}

fn event(id: &str) -> Invocation {
    let mut invocation = Invocation::new("{}");
    invocation.request_id = id.into();
    invocation
}

fn transition(from: &str, to: &str) -> String {
    format!(
        "{{\"errorMessage\":\"State transition from {from} to {to} failed for runtime. Error: State transition is not allowed\",\
         \"errorType\":\"InvalidStateTransition\"}}\n"
    )
}

fn response(outcome: Outcome) -> coldmoon_cli::runtime_api::Response {
    match outcome {
        Outcome::Response(response) => *response,
        other => panic!("not a response: {other:?}"),
    }
}

fn platform_error(outcome: Outcome) -> PlatformError {
    match outcome {
        Outcome::Platform(error) => error,
        other => panic!("not the platform's error: {other:?}"),
    }
}

// The event.

#[test]
fn event_arrives_with_all_header_fields() {
    let (api, mut wire) = start();
    let mut invocation = Invocation::new(r#"{"name":"Ada"}"#);
    invocation.request_id = "id-1".into();
    invocation.invocation_id = Some("nonce-1".into());
    invocation.deadline_ms = Some(1542409706888);
    invocation.function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:f:live".into();
    invocation.trace_id = Some("Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1".into());
    invocation.client_context = Some(r#"{"custom":{"a":"ü"}}"#.into());
    invocation.cognito_identity = Some(r#"{"cognitoIdentityId":"a","cognitoIdentityPoolId":"b"}"#.into());
    invocation.tenant_id = Some("tenant".into());
    invocation.headers.push(("Lambda-Runtime-Unknown".into(), b"".to_vec()));
    let _pending = api.queue(invocation);
    let reply = wire.next();
    assert_eq!(reply.status, 200);
    assert_eq!(reply.body, br#"{"name":"Ada"}"#);
    for (name, value) in [
        ("Lambda-Runtime-Aws-Request-Id", "id-1"),
        ("Lambda-Runtime-Invocation-Id", "nonce-1"),
        ("Lambda-Runtime-Deadline-Ms", "1542409706888"),
        ("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-central-1:123456789012:function:f:live"),
        ("Lambda-Runtime-Trace-Id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1"),
        ("Lambda-Runtime-Client-Context", r#"{"custom":{"a":"ü"}}"#),
        ("Lambda-Runtime-Cognito-Identity", r#"{"cognitoIdentityId":"a","cognitoIdentityPoolId":"b"}"#),
        ("Lambda-Runtime-Aws-Tenant-Id", "tenant"),
        ("Lambda-Runtime-Unknown", ""),
        ("Content-Type", "application/json"),
        ("Content-Length", "14"),
    ] {
        assert_eq!(reply.header(name), Some(value), "{name}");
    }
    assert!(reply.head.contains("Lambda-Runtime-Aws-Request-Id: "), "names as AWS writes them");
}

#[test]
fn deadline_is_the_turn_plus_the_timeout() {
    let (api, mut wire) = start();
    let before = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as u64;
    let mut invocation = event("a");
    invocation.timeout = Duration::from_secs(7);
    let _pending = api.queue(invocation);
    let deadline: u64 = wire.next().header("Lambda-Runtime-Deadline-Ms").unwrap().parse().unwrap();
    assert!((before + 7000..before + 8000).contains(&deadline), "{before} {deadline}");
}

#[test]
fn framing_is_content_length_up_to_2048_bytes_and_one_chunk_above() {
    let (api, mut wire) = start();
    for (bytes, chunks) in [(0, vec![]), (1, vec![]), (2048, vec![]), (2049, vec![2049]), (6 << 20, vec![6 << 20])] {
        let pending = api.queue(Invocation::new(vec![b'x'; bytes]));
        let reply = wire.next();
        assert_eq!(reply.body.len(), bytes);
        assert_eq!(reply.chunks, chunks);
        assert_eq!(reply.header("Content-Length").is_some(), chunks.is_empty());
        wire.respond(pending.request_id(), "1");
    }
}

#[test]
fn framing_is_as_forced() {
    let (api, mut wire) = start_with(Options { framing: Framing::ContentLength, ..Options::default() });
    let _pending = api.queue(Invocation::new(vec![b'x'; 5000]));
    assert_eq!(wire.next().header("Content-Length"), Some("5000"));
    let (api, mut wire) = start_with(Options { framing: Framing::Chunked { chunk_bytes: 3 }, ..Options::default() });
    let pending = api.queue(Invocation::new("12345678"));
    assert_eq!(wire.next().chunks, [3, 3, 2]);
    wire.respond(pending.request_id(), "1");
    let _pending = api.queue(Invocation::new(""));
    assert!(wire.next().chunks.is_empty());
}

#[test]
fn base_path_is_part_of_the_address() {
    let (api, mut wire) = start_with(Options { base_path: "/function".into(), ..Options::default() });
    assert!(api.address().ends_with("/function"));
    let _pending = api.queue(event("a"));
    assert_eq!(wire.get("/function/2018-06-01/runtime/invocation/next").status, 200);
    assert_eq!(wire.next().status, 404);
}

// 202.

#[test]
fn response_reaches_the_caller() {
    let (api, mut wire) = start();
    let pending = api.queue(event("a"));
    wire.next();
    let reply = wire.post("/2018-06-01/runtime/invocation/a/response", "Content-Type: text/plain\r\nX-Own: 1\r\n", "hello");
    assert_eq!((reply.status, reply.text(), reply.header("Content-Type")), (202, OK, Some("application/json")));
    let response = response(pending.wait());
    assert_eq!(response.body, b"hello");
    assert_eq!(response.content_type(), Some("text/plain"));
    assert_eq!(response.header("x-own"), Some(&b"1"[..]));
    assert!(!response.streaming && response.error.is_none());
}

#[test]
fn empty_and_chunked_and_binary_bodies_are_taken() {
    let (api, mut wire) = start();
    let pending = api.queue(event("a"));
    wire.next();
    assert_eq!(wire.respond("a", "").status, 202);
    assert_eq!(response(pending.wait()).body, b"");

    let pending = api.queue(event("b"));
    wire.next();
    wire.send("POST /2018-06-01/runtime/invocation/b/response HTTP/1.1\r\nHost:\r\nTransfer-Encoding: chunked\r\n\r\n");
    wire.chunk([0, 255]);
    wire.chunk([13, 10]);
    wire.send("0\r\n\r\n");
    assert_eq!(wire.reply().status, 202);
    let response = response(pending.wait());
    assert_eq!(response.body, [0, 255, 13, 10]);
    assert!(!response.streaming);
}

#[test]
fn error_reaches_the_caller_with_category_and_cause() {
    let (api, mut wire) = start();
    let pending = api.queue(event("a"));
    wire.next();
    let body = r#"{"errorMessage":"boom","errorType":"LuaError","stackTrace":["app.lua:3: in function 'handler'"]}"#;
    let fields =
        "Lambda-Runtime-Function-Error-Type: Function.LuaError\r\nLambda-Runtime-Function-XRay-Error-Cause: {\"paths\":[\"app.lua\"]}\r\n";
    let reply = wire.post("/2018-06-01/runtime/invocation/a/error", fields, body);
    assert_eq!((reply.status, reply.text()), (202, OK));
    let report = pending.wait().error().unwrap();
    assert_eq!(report.body, body.as_bytes());
    assert_eq!(report.category, "Function.LuaError");
    assert_eq!(report.error_type().as_deref(), Some("LuaError"));
    assert_eq!(report.error_message().as_deref(), Some("boom"));
    assert_eq!(report.stack_trace(), ["app.lua:3: in function 'handler'"]);
    assert_eq!(report.xray_cause.unwrap()["paths"][0], "app.lua");
}

#[test]
fn invalid_category_and_cause_are_replaced() {
    let (api, mut wire) = start();
    let pending = api.queue(event("a"));
    wire.next();
    let fields = "Lambda-Runtime-Function-Error-Type: LuaError\r\nLambda-Runtime-Function-XRay-Error-Cause: {}\r\n";
    wire.post("/2018-06-01/runtime/invocation/a/error", fields, "not json");
    let report = pending.wait().error().unwrap();
    assert_eq!(report.category, "Runtime.Unknown");
    assert!(report.xray_cause.is_none() && report.error_type().is_none());
    assert_eq!(report.header("lambda-runtime-function-error-type"), Some(&b"LuaError"[..]));
}

#[test]
fn init_error_is_the_outcome_of_every_invocation() {
    let (api, mut wire) = start();
    let before = api.queue(event("a"));
    let fields = "Lambda-Runtime-Function-Error-Type: Runtime.ImportModuleError\r\n";
    let reply = wire.post("/2018-06-01/runtime/init/error", fields, r#"{"errorMessage":"no","errorType":"Runtime.ImportModuleError"}"#);
    assert_eq!((reply.status, reply.text()), (202, OK));
    for pending in [before, api.queue(event("b"))] {
        match pending.wait() {
            Outcome::InitError(report) => assert_eq!(report.category, "Runtime.ImportModuleError"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(api.status().state, State::InitError);
    assert!(api.init_error().is_some());
    let reply = wire.next();
    assert_eq!((reply.status, reply.text()), (403, transition("InitError", "Ready").as_str()));
    assert_eq!(wire.post("/2018-06-01/runtime/init/error", "", "{}").status, 403);
}

#[test]
fn one_connection_serves_pipelined_exchanges_in_order() {
    let (api, mut wire) = start();
    let pending: Vec<_> = (0..300).map(|number| api.queue(event(&format!("id-{number}")))).collect();
    wire.send_next();
    for number in 0..300 {
        let reply = wire.reply();
        assert_eq!(reply.header("Lambda-Runtime-Aws-Request-Id"), Some(format!("id-{number}").as_str()));
        wire.send(format!(
            "POST /2018-06-01/runtime/invocation/id-{number}/response HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n{number:03}\
             GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n"
        ));
        assert_eq!(wire.reply().status, 202);
    }
    for (number, pending) in pending.into_iter().enumerate() {
        assert_eq!(response(pending.wait()).body, format!("{number:03}").as_bytes());
    }
    assert!(api.wait_until(LIMIT, |status| status.parked == 1));
    let counts = api.counts();
    assert_eq!((counts.connections, counts.next, counts.posts, counts.refused), (1, 301, 300, 0));
}

#[test]
fn reply_to_a_pipelined_post_does_not_wait_for_the_next_event() {
    let (api, mut wire) = start();
    let pending = api.queue(event("a"));
    wire.next();
    wire.send(
        "POST /2018-06-01/runtime/invocation/a/response HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n1\
         GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n",
    );
    assert_eq!(wire.reply().status, 202);
    pending.wait();
    assert!(wire.is_silent_for(Duration::from_millis(50)));
}

// 400, 403, 404, 405, 410, 413.

#[test]
fn unknown_request_id_is_400_whatever_the_state() {
    let (api, mut wire) = start();
    for path in ["response", "error"] {
        let reply = wire.post(&format!("/2018-06-01/runtime/invocation/nobody/{path}"), "", "1");
        assert_eq!((reply.status, reply.text()), (400, INVALID_ID));
    }
    let _pending = api.queue(event("a"));
    wire.next();
    assert_eq!(wire.respond("b", "1").status, 400);
    assert_eq!(wire.respond("a", "1").status, 202);
    assert_eq!(wire.respond("b", "1").status, 400);
    assert_eq!(api.counts().refused, 4);
    assert_eq!(api.counts().connections, 1);
}

#[test]
fn second_answer_is_403() {
    let (api, mut wire) = start();
    let pending = api.queue(event("a"));
    wire.next();
    wire.respond("a", "1");
    let reply = wire.respond("a", "2");
    assert_eq!((reply.status, reply.text()), (403, transition("RuntimeResponseSentState", "InvocationResponse").as_str()));
    let reply = wire.fail("a", "{}");
    assert_eq!((reply.status, reply.text()), (403, transition("RuntimeResponseSentState", "InvocationErrorResponse").as_str()));
    assert_eq!(response(pending.wait()).body, b"1");
    // After the following next, too.
    wire.send_next();
    assert!(api.wait_until(LIMIT, |status| status.parked == 1));
    let reply = Wire::connect(api.socket_address()).respond("a", "3");
    assert_eq!((reply.status, reply.text()), (403, transition("Ready", "InvocationResponse").as_str()));
}

#[test]
fn init_error_after_init_is_403() {
    let (api, mut wire) = start();
    let _pending = api.queue(event("a"));
    wire.next();
    let reply = wire.post("/2018-06-01/runtime/init/error", "", "{}");
    assert_eq!((reply.status, reply.text()), (403, transition("Running", "InitError").as_str()));
}

#[test]
fn next_while_running_delivers_the_same_event_again() {
    let (api, mut wire) = start();
    let (first, _second) = (api.queue(event("a")), api.queue(event("b")));
    for _ in 0..3 {
        assert_eq!(wire.next().header("Lambda-Runtime-Aws-Request-Id"), Some("a"));
    }
    assert_eq!(wire.respond("a", "1").status, 202);
    first.wait();
    assert_eq!(wire.next().header("Lambda-Runtime-Aws-Request-Id"), Some("b"));
}

#[test]
fn event_survives_a_connection_that_is_lost_while_it_waits() {
    let (api, mut wire) = start();
    wire.send_next();
    assert!(api.wait_until(LIMIT, |status| status.parked == 1));
    drop(wire);
    assert!(api.wait_until(LIMIT, |status| status.parked == 0 && status.connections_open == 0));
    let pending = api.queue(event("a"));
    let mut wire = Wire::connect(api.socket_address());
    wire.next();
    wire.respond("a", "1");
    response(pending.wait());
}

#[test]
fn stale_invocation_id_is_410() {
    let (api, mut wire) = start();
    let pending = api.queue(event("a"));
    wire.next();
    let reply = wire.post("/2018-06-01/runtime/invocation/a/response", "Lambda-Runtime-Invocation-Id: other\r\n", "1");
    assert_eq!((reply.status, reply.text()), (410, GONE));
    // The right one, or none from an older runtime, is taken.
    assert_eq!(wire.respond("a", "2").status, 202);
    assert_eq!(response(pending.wait()).body, b"2");
}

#[test]
fn late_answer_to_a_timed_out_attempt_is_410_and_the_next_attempt_lives() {
    let (api, mut wire) = start();
    let mut first = event("same");
    first.invocation_id = Some("attempt-1".into());
    first.timeout = Duration::from_millis(50);
    let mut second = event("same");
    second.invocation_id = Some("attempt-2".into());
    let (first, second) = (api.queue(first), api.queue(second));
    wire.next();
    assert_eq!(platform_error(first.wait()).to_string(), "Task timed out after 0.05 seconds");
    let path = "/2018-06-01/runtime/invocation/same/response";
    assert_eq!(wire.post(path, "Lambda-Runtime-Invocation-Id: attempt-1\r\n", "late").status, 410);
    assert_eq!(wire.next().header("Lambda-Runtime-Invocation-Id"), Some("attempt-2"));
    assert_eq!(wire.post(path, "Lambda-Runtime-Invocation-Id: attempt-1\r\n", "late").status, 410);
    assert_eq!(wire.post(path, "Lambda-Runtime-Invocation-Id: attempt-2\r\n", "good").status, 202);
    assert_eq!(response(second.wait()).body, b"good");
}

#[test]
fn timeout_runs_out_also_for_a_runtime_that_never_asks() {
    let (api, _wire) = start();
    let mut invocation = event("a");
    invocation.timeout = Duration::from_millis(50);
    let begin = Instant::now();
    assert_eq!(platform_error(api.queue(invocation).wait()).error_type(), "Sandbox.Timedout");
    assert!(begin.elapsed() < Duration::from_secs(5));
}

#[test]
fn response_of_the_limit_is_taken_and_one_byte_more_is_413() {
    let (api, mut wire) = start();
    let mut body = vec![b'x'; RESPONSE_BYTES_MAX as usize];
    let pending = api.queue(event("a"));
    wire.next();
    assert_eq!(wire.respond("a", &body).status, 202);
    assert_eq!(response(pending.wait()).body.len(), 6_291_556);
    body.push(b'x');
    let pending = api.queue(event("b"));
    wire.next();
    let reply = wire.respond("b", &body);
    assert_eq!((reply.status, reply.text(), reply.header("Connection")), (413, TOO_LARGE, None));
    let error = platform_error(pending.wait());
    assert_eq!(error.error_type(), "Function.ResponseSizeTooLarge");
    assert_eq!(error.to_string(), "Response payload size (6291557 bytes) exceeded maximum allowed payload size (6291556 bytes).");
    // The connection and the runtime live on, but there is nothing to report any more.
    assert_eq!(wire.fail("b", "{}").status, 403);
    let _pending = api.queue(event("c"));
    assert_eq!(wire.next().status, 200);
    assert_eq!(api.counts().connections, 1);
}

#[test]
fn response_far_over_the_limit_is_413_while_the_client_still_writes() {
    let (api, mut wire) = start();
    let pending = api.queue(event("a"));
    wire.next();
    wire.send("POST /2018-06-01/runtime/invocation/a/response HTTP/1.1\r\nHost: x\r\nContent-Length: 20000000\r\n\r\n");
    wire.try_send(&vec![b'x'; 10_000_000]);
    let reply = wire.reply();
    assert_eq!((reply.status, reply.text(), reply.header("Connection")), (413, TOO_LARGE, Some("close")));
    assert!(platform_error(pending.wait()).to_string().contains("(20000000 bytes)"));
    assert!(wire.is_closed());
    let mut wire = Wire::connect(api.socket_address());
    let _pending = api.queue(event("b"));
    assert_eq!(wire.next().status, 200);
}

#[test]
fn response_over_the_limit_in_chunks_is_413() {
    let (api, mut wire) = start();
    let pending = api.queue(event("a"));
    wire.next();
    wire.send("POST /2018-06-01/runtime/invocation/a/response HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    wire.chunk(vec![b'x'; 6_291_600]);
    wire.send("0\r\n\r\n");
    let reply = wire.reply();
    assert_eq!((reply.status, reply.text(), reply.header("Connection")), (413, TOO_LARGE, None));
    assert_eq!(platform_error(pending.wait()).error_type(), "Function.ResponseSizeTooLarge");
}

#[test]
fn unknown_response_mode_is_400_and_wedges_the_runtime() {
    for mode in ["buffered", "Streaming"] {
        let (api, mut wire) = start();
        let pending = api.queue(event("a"));
        wire.next();
        let fields = format!("Lambda-Runtime-Function-Response-Mode: {mode}\r\n");
        let reply = wire.post("/2018-06-01/runtime/invocation/a/response", &fields, "1");
        assert_eq!(reply.status, 400);
        assert_eq!(reply.text(), "{\"errorMessage\":\"Invalid function response mode\",\"errorType\":\"InvalidFunctionResponseMode\"}\n");
        assert_eq!(platform_error(pending.wait()), PlatformError::InvalidResponseMode);
        let reply = wire.next();
        assert_eq!((reply.status, reply.text()), (403, transition("InvocationResponse", "Ready").as_str()));
        assert_eq!(wire.fail("a", "{}").status, 403);
    }
}

#[test]
fn body_that_breaks_off_is_a_truncated_response() {
    for (head, body) in [("Content-Length: 10", "12345"), ("Transfer-Encoding: chunked", "5\r\n12345\r\n")] {
        let (api, mut wire) = start();
        let pending = api.queue(event("a"));
        wire.next();
        wire.send(format!("POST /2018-06-01/runtime/invocation/a/response HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n{body}"));
        drop(wire);
        assert_eq!(platform_error(pending.wait()), PlatformError::Truncated, "{head}");
        // The runtime may go on, on another connection.
        let _pending = api.queue(event("b"));
        assert_eq!(Wire::connect(api.socket_address()).next().header("Lambda-Runtime-Aws-Request-Id"), Some("b"));
    }
}

#[test]
fn client_that_only_ends_its_sending_reads_the_400_of_its_truncated_body() {
    let (api, mut wire) = start();
    let _pending = api.queue(event("a"));
    wire.next();
    wire.send("POST /2018-06-01/runtime/invocation/a/response HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345");
    wire.end_sending();
    let reply = wire.reply();
    assert_eq!(reply.status, 400);
    assert_eq!(reply.text(), "{\"errorMessage\":\"HTTP request detected as truncated\",\"errorType\":\"TruncatedHTTPRequest\"}\n");
}

#[test]
fn unknown_path_is_404_and_wrong_method_is_405() {
    let (api, mut wire) = start();
    for path in ["/", "/2018-06-01/runtime/invocation//response", "/2018-06-01/runtime/invocation/a/b", "/2018-06-01/runtime/restore/next"]
    {
        let reply = wire.get(path);
        assert_eq!((reply.status, reply.text()), (404, "404 page not found\n"), "{path}");
    }
    let reply = wire.post("/2018-06-01/runtime/restore/error", "", "{}");
    assert_eq!(reply.status, 404);
    let reply = wire.get("/2018-06-01/runtime/init/error");
    assert_eq!((reply.status, reply.header("Allow")), (405, Some("POST")));
    let reply = wire.post("/2018-06-01/runtime/invocation/next", "", "{}");
    assert_eq!((reply.status, reply.header("Allow")), (405, Some("GET")));
    assert_eq!(api.counts().connections, 1);
}

#[test]
fn ping_is_pong() {
    let (_api, mut wire) = start();
    assert_eq!(wire.get("/2018-06-01/ping").text(), "pong");
    assert_eq!(wire.get("/ping").text(), "pong");
}

#[test]
fn request_without_host_or_with_a_control_byte_is_400_and_closes() {
    let (api, mut wire) = start();
    wire.send("GET /ping HTTP/1.1\r\n\r\n");
    let reply = wire.reply();
    assert_eq!((reply.status, reply.header("Connection")), (400, Some("close")));
    assert!(wire.is_closed());
    let mut wire = Wire::connect(api.socket_address());
    wire.send("GET /ping HTTP/1.1\r\nHost: x\r\nX-Odd: a\x01b\r\n\r\n");
    assert_eq!(wire.reply().status, 400);
    assert!(wire.is_closed());
}

#[test]
fn head_of_a_million_bytes_is_taken_and_a_larger_one_is_431() {
    let (api, mut wire) = start();
    wire.send(format!("GET /ping HTTP/1.1\r\nHost: x\r\nX-Large: {}\r\n\r\n", "x".repeat(1_000_000)));
    assert_eq!(wire.reply().status, 200);
    let mut wire = Wire::connect(api.socket_address());
    wire.try_send(format!("GET /ping HTTP/1.1\r\nHost: x\r\nX-Large: {}\r\n\r\n", "x".repeat(3_000_000)).as_bytes());
    assert_eq!(wire.reply().status, 431);
}

#[test]
fn connection_close_is_honoured() {
    let (_api, mut wire) = start();
    wire.send("GET /ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_eq!(wire.reply().status, 200);
    assert!(wire.is_closed());
}

// Streams.

#[test]
fn stream_arrives_chunk_by_chunk_while_it_is_still_sent() {
    let (api, mut wire) = start();
    let mut pending = api.queue(event("a"));
    wire.next();
    wire.stream("a", "Content-Type: application/vnd.awslambda.http-integration-response\r\n");
    for chunk in ["{\"statusCode\":200}\0\0\0\0\0\0\0\0", "one", "two"] {
        wire.chunk(chunk);
        assert_eq!(pending.next_chunk().as_deref(), Some(chunk.as_bytes()));
    }
    wire.chunk("three");
    wire.send("0\r\n\r\n");
    assert_eq!(wire.reply().status, 202);
    let response = response(pending.wait());
    assert_eq!(response.body, b"three", "what was not taken before");
    assert!(response.streaming && response.error.is_none());
    assert_eq!(response.content_type(), Some("application/vnd.awslambda.http-integration-response"));
    let _pending = api.queue(event("b"));
    assert_eq!(wire.next().status, 200, "the connection lives on");
}

#[test]
fn stream_error_in_the_trailers_reaches_the_caller() {
    let (api, mut wire) = start();
    let pending = api.queue(event("a"));
    wire.next();
    wire.stream("a", "Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n");
    wire.chunk("half");
    // {"errorMessage":"boom","errorType":"LuaError"}
    wire.send(
        "0\r\nLambda-Runtime-Function-Error-Type: Function.LuaError\r\n\
         Lambda-Runtime-Function-Error-Body: eyJlcnJvck1lc3NhZ2UiOiJib29tIiwiZXJyb3JUeXBlIjoiTHVhRXJyb3IifQ==\r\n\r\n",
    );
    assert_eq!(wire.reply().status, 202);
    let response = response(pending.wait());
    assert_eq!(response.body, b"half");
    assert_eq!(response.trailer("lambda-runtime-function-error-type"), Some(&b"Function.LuaError"[..]));
    match response.error {
        Some(StreamError::Reported(report)) => assert_eq!(report.error_message().as_deref(), Some("boom")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn stream_that_breaks_off_keeps_what_came_and_names_the_error() {
    let (api, mut wire) = start();
    let pending = api.queue(event("a"));
    wire.next();
    wire.stream("a", "");
    wire.chunk("half");
    drop(wire);
    match pending.wait() {
        Outcome::Response(response) => {
            assert_eq!(response.body, b"half");
            assert!(matches!(response.error, Some(StreamError::Platform(PlatformError::Truncated))));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn slow_reader_of_a_stream_slows_the_sender() {
    let (api, mut wire) = start();
    let mut pending = api.queue(event("a"));
    wire.next();
    wire.stream("a", "");
    const CHUNKS: usize = 400;
    let sent = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counter = sent.clone();
    let sender = std::thread::spawn(move || {
        for _ in 0..CHUNKS {
            wire.chunk(vec![b'x'; 65536]);
            counter.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        }
        wire.send("0\r\n\r\n");
        wire.reply().status
    });
    std::thread::sleep(Duration::from_millis(300));
    let before = sent.load(std::sync::atomic::Ordering::SeqCst);
    assert!(before < CHUNKS, "26 MB went into buffers that are said to be small");
    let mut bytes = 0;
    while let Some(chunk) = pending.next_chunk() {
        bytes += chunk.len();
    }
    assert_eq!(bytes, CHUNKS * 65536);
    assert_eq!(sender.join().unwrap(), 202);
    assert!(response(pending.wait()).body.is_empty());
}

#[test]
fn abandoned_stream_is_read_to_its_end() {
    let (api, mut wire) = start();
    drop(api.queue(event("a")));
    wire.next();
    wire.stream("a", "");
    for _ in 0..100 {
        wire.chunk(vec![b'x'; 65536]);
    }
    wire.send("0\r\n\r\n");
    assert_eq!(wire.reply().status, 202);
}

// The life of the process.

#[test]
fn exit_of_the_runtime_ends_what_is_unanswered_and_a_new_one_starts_over() {
    let (api, mut wire) = start();
    let run = api.start_runtime(FunctionMetadata::default());
    let pending = api.queue(event("a"));
    wire.next();
    drop(wire);
    run.end("exit status 3".into());
    assert_eq!(platform_error(pending.wait()).to_string(), "Runtime exited with error: exit status 3");
    assert_eq!(platform_error(api.queue(event("b")).wait()).error_type(), "Runtime.ExitError");
    let _run = api.start_runtime(FunctionMetadata::default());
    assert_eq!(api.status().state, State::Started);
    let pending = api.queue(event("c"));
    let mut wire = Wire::connect(api.socket_address());
    wire.next();
    wire.respond("c", "1");
    response(pending.wait());
}

#[test]
fn response_that_was_sent_before_the_exit_still_counts() {
    let (api, mut wire) = start();
    let run = api.start_runtime(FunctionMetadata::default());
    let pending = api.queue(event("a"));
    wire.next();
    wire.send("POST /2018-06-01/runtime/invocation/a/response HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n1");
    drop(wire);
    run.end(String::new());
    assert_eq!(response(pending.wait()).body, b"1");
}

#[test]
fn end_of_an_earlier_process_does_not_touch_the_present_one() {
    let (api, mut wire) = start();
    let first = api.start_runtime(FunctionMetadata::default());
    let _second = api.start_runtime(FunctionMetadata::default());
    let pending = api.queue(event("a"));
    wire.next();
    first.end("exit status 1".into());
    std::thread::sleep(Duration::from_millis(400));
    assert_eq!(wire.respond("a", "1").status, 202);
    response(pending.wait());
}

#[test]
fn wait_with_a_limit_gives_the_pending_back() {
    let (api, mut wire) = start();
    let pending = api.queue(event("a")).wait_timeout(Duration::from_millis(20)).expect_err("nobody has asked");
    wire.next();
    wire.respond("a", "1");
    assert!(pending.wait_timeout(LIMIT).is_ok());
}

// Snapshots.

#[test]
fn snapshot_parks_the_runtime_until_it_is_restored() {
    let (api, mut wire) = start_with(Options { snapshots: true, ..Options::default() });
    wire.send_get("/2018-06-01/runtime/restore/next");
    assert!(api.wait_until(LIMIT, |status| status.state == State::RestoreReady));
    assert!(wire.is_silent_for(Duration::from_millis(50)));
    assert!(api.restore());
    let reply = wire.reply();
    assert_eq!((reply.status, reply.text()), (200, ""));
    assert!(!api.restore());
    let pending = api.queue(event("a"));
    assert_eq!(wire.get("/2018-06-01/runtime/restore/next").status, 403);
    wire.next();
    assert_eq!(wire.get("/2018-06-01/runtime/restore/next").text(), transition("Running", "Ready"));
    assert_eq!(wire.post("/2018-06-01/runtime/restore/error", "", "{}").status, 403);
    wire.respond("a", "1");
    response(pending.wait());
}

#[test]
fn restore_error_is_the_outcome_of_every_invocation() {
    for path in ["/2018-06-01/runtime/restore/error", "/2018-06-01/runtime/init/error"] {
        let (api, mut wire) = start_with(Options { snapshots: true, ..Options::default() });
        let pending = api.queue(event("a"));
        wire.send_get("/2018-06-01/runtime/restore/next");
        assert!(api.wait_until(LIMIT, |status| status.state == State::RestoreReady));
        api.restore();
        wire.reply();
        let reply = wire.post(path, "Lambda-Runtime-Function-Error-Type: Runtime.AfterRestoreError\r\n", "{}");
        assert_eq!((reply.status, reply.text()), (202, OK));
        match pending.wait() {
            Outcome::RestoreError(report) => assert_eq!(report.category, "Runtime.AfterRestoreError"),
            other => panic!("{other:?}"),
        }
        assert_eq!(wire.next().status, 403);
    }
}

// Extensions.

const REGISTER: &str = "/2020-01-01/extension/register";
const EVENT_NEXT: &str = "/2020-01-01/extension/event/next";

fn register(wire: &mut Wire, name: &str, body: &str) -> Reply {
    wire.post(REGISTER, &format!("Lambda-Extension-Name: {name}\r\n"), body)
}

#[test]
fn registered_extension_holds_init_open_until_it_asks() {
    let (api, mut wire) = start();
    let reply = register(&mut wire, "coldmoon", r#"{"events":[]}"#);
    assert_eq!((reply.status, api.status().extensions), (200, 1));
    assert_eq!(reply.text(), "{\"functionName\":\"function\",\"functionVersion\":\"$LATEST\",\"handler\":\"app.handler\"}\n");
    let id = reply.header("Lambda-Extension-Identifier").unwrap().to_owned();
    let pending = api.queue(event("a"));
    wire.send_next();
    assert!(wire.is_silent_for(Duration::from_millis(50)), "init is not over");
    let mut second = Wire::connect(api.socket_address());
    second.send(format!("GET {EVENT_NEXT} HTTP/1.1\r\nHost: x\r\nLambda-Extension-Identifier: {id}\r\n\r\n"));
    assert_eq!(wire.reply().status, 200);
    wire.respond("a", "1");
    response(pending.wait());
    assert!(second.is_silent_for(Duration::from_millis(50)), "it is parked for ever");
}

#[test]
fn extension_that_wants_invocations_is_told_of_them() {
    let (api, mut wire) = start();
    let id = register(&mut wire, "e", r#"{"events":["INVOKE"]}"#).header("Lambda-Extension-Identifier").unwrap().to_owned();
    let mut second = Wire::connect(api.socket_address());
    second.send(format!("GET {EVENT_NEXT} HTTP/1.1\r\nHost: x\r\nLambda-Extension-Identifier: {id}\r\n\r\n"));
    let _pending = api.queue(event("a"));
    wire.next();
    let told = second.reply();
    assert!(told.text().contains("\"eventType\":\"INVOKE\"") && told.text().contains("\"requestId\":\"a\""), "{}", told.text());
}

#[test]
fn extension_calls_are_refused_by_name() {
    let (api, mut wire) = start();
    for (name, body, error_type) in [
        ("", "{}", "Extension.InvalidExtensionName"),
        ("e", "not json", "InvalidRequestFormat"),
        ("e", r#"{"events":["SHUTDOWN"]}"#, "Extension.InvalidEventType"),
        ("e", r#"{"events":["OTHER"]}"#, "Extension.InvalidEventType"),
    ] {
        let reply = register(&mut wire, name, body);
        assert_eq!(reply.status, 403);
        assert!(reply.text().contains(&format!("\"errorType\":\"{error_type}\"")), "{}", reply.text());
    }
    for (identifier, error_type) in [
        ("", "Extension.MissingExtensionIdentifier"),
        ("1", "Extension.InvalidExtensionIdentifier"),
        ("00000000-0000-0000-0000-000000000000", "Extension.UnknownExtensionIdentifier"),
    ] {
        wire.send(format!("GET {EVENT_NEXT} HTTP/1.1\r\nHost: x\r\nLambda-Extension-Identifier: {identifier}\r\n\r\n"));
        let reply = wire.reply();
        assert!(reply.status == 403 && reply.text().contains(error_type), "{}", reply.text());
    }
    for number in 0..10 {
        assert_eq!(register(&mut wire, &format!("e{number}"), "{}").status, 200);
    }
    assert!(register(&mut wire, "e0", "{}").text().contains("Extension.InvalidExtensionState"));
    assert!(register(&mut wire, "more", "{}").text().contains("Extension.TooManyExtensions"));
    wire.send_next();
    assert!(api.wait_until(LIMIT, |status| status.parked == 1));
    let mut second = Wire::connect(api.socket_address());
    assert!(register(&mut second, "late", "{}").text().contains("Extension.RegistrationClosed"));
}

#[test]
fn extension_that_fails_fails_the_invocation() {
    let (api, mut wire) = start();
    let id = register(&mut wire, "e", "{}").header("Lambda-Extension-Identifier").unwrap().to_owned();
    let pending = api.queue(event("a"));
    let fields = format!("Lambda-Extension-Identifier: {id}\r\n");
    assert!(wire.post("/2020-01-01/extension/init/error", &fields, "").text().contains("Extension.MissingHeader"));
    let fields = format!("{fields}Lambda-Extension-Function-Error-Type: Extension.Own\r\n");
    assert_eq!(wire.post("/2020-01-01/extension/init/error", &fields, "").text(), OK);
    assert_eq!(platform_error(pending.wait()).error_type(), "Extension.InitError");
    assert_eq!(wire.post("/2020-01-01/extension/exit/error", &fields, "").status, 403);
}

// Managed instances.

#[test]
fn managed_instances_serve_several_invocations_at_once_in_any_order() {
    let (api, _) = start_with(Options { concurrency: 3, ..Options::default() });
    let mut wires: Vec<Wire> = (0..3).map(|_| Wire::connect(api.socket_address())).collect();
    wires.iter_mut().for_each(Wire::send_next);
    assert!(api.wait_until(LIMIT, |status| status.parked == 3));
    let pending: Vec<_> = ["a", "b", "c", "d"].into_iter().map(|id| api.queue(event(id))).collect();
    let mut ids: Vec<String> =
        wires.iter_mut().map(|wire| wire.reply().header("Lambda-Runtime-Aws-Request-Id").unwrap().to_owned()).collect();
    // Answered on another connection than asked on, last first.
    for (index, id) in ids.iter().enumerate().rev() {
        assert_eq!(wires[(index + 1) % 3].respond(id, id).status, 202);
        assert_eq!(wires[index].respond(id, id).status, 400, "answered already");
    }
    assert_eq!(wires[0].next().header("Lambda-Runtime-Aws-Request-Id"), Some("d"));
    wires[0].respond("d", "d");
    for pending in pending {
        let id = pending.request_id().to_owned();
        assert_eq!(response(pending.wait()).body, id.as_bytes());
    }
    ids.sort();
    assert_eq!(ids, ["a", "b", "c"]);
}

#[test]
fn managed_instances_answer_410_once_after_a_timeout_then_400() {
    let (api, mut wire) = start_with(Options { concurrency: 2, ..Options::default() });
    let mut invocation = event("a");
    invocation.timeout = Duration::from_millis(30);
    let pending = api.queue(invocation);
    wire.next();
    assert_eq!(platform_error(pending.wait()).error_type(), "Sandbox.Timedout");
    assert_eq!(wire.respond("a", "1").text(), GONE);
    assert_eq!(wire.respond("a", "1").text(), INVALID_ID);
}

#[test]
fn managed_instances_take_the_first_init_error_only() {
    let (_api, mut wire) = start_with(Options { concurrency: 2, ..Options::default() });
    assert_eq!(wire.post("/2018-06-01/runtime/init/error", "", "{}").status, 202);
    assert_eq!(wire.post("/2018-06-01/runtime/init/error", "", "{}").status, 403);
}

#[test]
fn managed_instances_refuse_error_documents_over_a_mebibyte() {
    let (api, mut wire) = start_with(Options { concurrency: 2, ..Options::default() });
    let pending = api.queue(event("a"));
    wire.next();
    let reply = wire.fail("a", vec![b'x'; (1 << 20) + 1]);
    assert_eq!((reply.status, reply.header("Connection")), (413, Some("close")));
    platform_error(pending.wait());
}
