//! The wire: the real binary against a server that does exactly what a test says.
//!
//! Every request is compared with its golden bytes, every reply is fed in pieces, cut, spoilt and reset at every byte. Whatever the server
//! does, the process never posts twice, never burns the processor, never ends by a signal and never without a message. (What follows from
//! which status: the table at the head of `src/runtime.rs`.)

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use coldmoon_tests::language::{Frame, Language, language};
use coldmoon_tests::process::{Process, Setup};
use coldmoon_tests::server::{Peer, Server};
use coldmoon_tests::wire::{Request, accepted, chunked_event, event, event_fields, refused, reply};
use coldmoon_tests::{runner, skip};

const VERSION: &str = env!("CARGO_PKG_VERSION");

fn golden_next(host: &str, path: &str) -> String {
    format!("GET {path}/2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: {host}\r\nUser-Agent: coldmoon/{VERSION}\r\n\r\n")
}

fn golden_response(host: &str, path: &str, id: &str, fields: &str, body: &str) -> String {
    format!(
        "POST {path}/2018-06-01/runtime/invocation/{id}/response HTTP/1.1\r\nHost: {host}\r\nUser-Agent: coldmoon/{VERSION}\r\n\
         Content-Type: application/json\r\n{fields}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// The error `oops` of the functions that fail.
fn golden_error(host: &str, path: &str, endpoint: &str, fields: &str, task_root: &str, frames: &[Frame]) -> String {
    let Language { error_type, oops, .. } = language();
    let list = |one: &dyn Fn(&Frame) -> String| frames.iter().map(one).collect::<Vec<_>>().join(",");
    let texts = list(&|frame| format!("\"{}\"", frame.text()));
    let document = format!("{{\"errorMessage\":\"{oops}\",\"errorType\":\"{error_type}\",\"stackTrace\":[{texts}]}}");
    let stack = list(&|Frame { path, line, label }| format!("{{\"path\":\"{path}\",\"line\":{line},\"label\":\"{label}\"}}"));
    let mut paths: Vec<String> = Vec::new();
    for path in frames.iter().map(|frame| format!("\"{}\"", frame.path)) {
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    let cause = format!(
        "{{\"working_directory\":\"{task_root}\",\"exceptions\":[{{\"type\":\"{error_type}\",\"message\":\"{oops}\",\"stack\":[{stack}]}}],\
         \"paths\":[{}]}}",
        paths.join(",")
    );
    format!(
        "POST {path}/2018-06-01/runtime/{endpoint}/error HTTP/1.1\r\nHost: {host}\r\nUser-Agent: coldmoon/{VERSION}\r\n\
         Content-Type: application/json\r\n{fields}Lambda-Runtime-Function-Error-Type: Function.{error_type}\r\n\
         Lambda-Runtime-Function-XRay-Error-Cause: {cause}\r\nContent-Length: {}\r\n\r\n{document}",
        document.len()
    )
}

/// Where the API is said to be: host and path, for the server's port.
type Place = fn(u16) -> (String, &'static str);

const PLACES: [Place; 4] = [
    |port| (format!("127.0.0.1:{port}"), ""),
    |port| (format!("localhost:{port}"), ""),
    |port| (format!("127.0.0.1:{port}"), "/name"),
    |port| (format!("localhost:{port}"), "/a/deep/path"),
];

#[test]
fn every_request_of_an_invocation_is_its_golden_bytes() {
    for place in PLACES {
        let setup = Setup::function("fails_for_0");
        let root = setup.folder().to_str().unwrap().to_owned();
        let attempt = "Lambda-Runtime-Invocation-Id: attempt-1 of 2\r\n";
        let goldens = Arc::new(std::sync::Mutex::new(Vec::<String>::new()));
        let of_script = goldens.clone();
        let server = Server::with_scripts(vec![Box::new(move |peer: &mut Peer| {
            let goldens = of_script.lock().unwrap().clone();
            let with_attempt = |id: &str, body: &str| reply("200 OK", &format!("{}{attempt}", event_fields(id)), body);
            let replies = [
                event("id-1", "[1]"),
                accepted(),
                with_attempt("id-2", "{\"a\":\"é\"}"),
                accepted(),
                event("id-3", "0"),
                accepted(),
                with_attempt("id-4", "0"),
                accepted(),
            ];
            for (golden, reply) in goldens.iter().zip(replies) {
                peer.expect(golden);
                peer.send(reply);
            }
            peer.expect(goldens.last().unwrap());
        })]);
        let (host, path) = place(server.port());
        let next = golden_next(&host, path);
        let frames = &language().handler_frames;
        let error = |id: &str, fields: &str| golden_error(&host, path, &format!("invocation/{id}"), fields, &root, frames);
        *goldens.lock().unwrap() = vec![
            next.clone(),
            golden_response(&host, path, "id-1", "", "[1]"),
            next.clone(),
            golden_response(&host, path, "id-2", attempt, "{\"a\":\"é\"}"),
            next.clone(),
            error("id-3", ""),
            next.clone(),
            error("id-4", attempt),
            next,
        ];
        let mut process = setup.start(format!("{host}{path}"));
        process.wait_for(&server, 9);
        process.kill();
        server.check();
        assert_eq!(server.records().len(), 1);
    }
}

#[test]
fn the_init_error_is_its_golden_bytes_and_the_only_request() {
    for place in PLACES {
        let setup = Setup::function("fails_to_load");
        let root = setup.folder().to_str().unwrap().to_owned();
        let server = Server::start(|_, peer| drop(peer.answer(accepted())));
        let (host, path) = place(server.port());
        let mut process = setup.start(format!("{host}{path}"));
        assert_eq!(process.wait().code, 1);
        let requests = server.requests();
        assert_eq!(requests.len(), 1, "{}", process.report());
        let golden = golden_error(&host, path, "init", "", &root, &language().module_frames);
        assert_eq!(String::from_utf8_lossy(&requests[0].raw), golden);
    }
}

#[test]
fn a_refused_init_error_still_ends_the_process_with_its_message() {
    for status in [202, 400, 403, 404, 500] {
        let server = Server::start(move |_, peer| drop(peer.answer(refused(status))));
        let mut process = Setup::function("fails_to_load").start(server.address());
        assert_eq!(process.wait().code, 1);
        assert_eq!(server.lines(), ["POST /2018-06-01/runtime/init/error"]);
        assert_message(&process, &format!("{}: {}", language().error_type, language().oops));
    }
}

#[test]
fn an_init_error_that_finds_no_server_ends_the_process_with_its_message() {
    // Nobody listens on the port of a server that is gone.
    let address = Server::start(|_, _| {}).address();
    let mut process = Setup::function("fails_to_load").start(address);
    assert_eq!(process.wait().code, 1);
    assert_message(&process, &format!("{}: {}", language().error_type, language().oops));
}

#[test]
fn no_server_is_a_message_and_exit_1() {
    let address = Server::start(|_, _| {}).address();
    let mut process = Setup::function("echo").start(address);
    assert_eq!(process.wait().code, 1);
    assert_message(&process, "[FATAL] the next event cannot be had: cannot connect (");
    assert_message(&process, "); giving up\n");
}

#[test]
fn an_address_that_is_none_is_a_message_and_exit_1() {
    for address in ["", "nowhere:port", "127.0.0.1:99999", "127.0.0.1:0", "/path", "127.0.0.1:1/a b", "no.such.host.invalid:9001", ":9001"]
    {
        let mut process = Setup::function("echo").start(address);
        assert_eq!(process.wait().code, 1, "{address}");
        assert!(process.stdout().is_empty(), "{address}: {}", process.report());
        let what = match address {
            "" => "AWS_LAMBDA_RUNTIME_API is not set: this program is started by AWS Lambda; to try a function here, use `coldmoon invoke`",
            "no.such.host.invalid:9001" => {
                "the next event cannot be had: cannot connect, because the server's host name was not found; giving up\n"
            }
            _ => &format!("AWS_LAMBDA_RUNTIME_API is not of the form host:port: {address}"),
        };
        assert_message(&process, &format!("[FATAL] {what}"));
    }
}

fn assert_message(process: &Process, text: &str) {
    let stderr = process.stderr();
    assert!(String::from_utf8_lossy(&stderr).contains(text), "no {text:?} in the log\n{}", process.report());
}

/// Feeds one process as many events as `reply` has places to cut it at, the reply to event `i` cut at `i`, and that to each POST too.
fn feed_every_split(reply_for: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static, expected: &str, closes: bool) {
    let count = reply_for("id-0000").len() + 1;
    let turn = AtomicUsize::new(0);
    let server = Server::start(move |_, peer| {
        while let Some(request) = peer.try_request() {
            if request.is_next() {
                let at = turn.fetch_add(1, Ordering::SeqCst);
                if at == count {
                    // Over: this `next` stays unanswered.
                    return;
                }
                peer.send_split(&reply_for(&format!("id-{at:04}")), at);
                if closes {
                    peer.close();
                    return;
                }
            } else {
                let accepted = accepted();
                let at = turn.load(Ordering::SeqCst) % (accepted.len() + 1);
                peer.send_split(&accepted, at);
            }
        }
    });
    let setup = Setup::function("tell");
    let mut process = setup.start(server.address());
    process.wait_for(&server, 2 * count + 1);
    process.kill();
    let posts = server.posts();
    assert_eq!(posts.len(), count);
    for (at, post) in posts.iter().enumerate() {
        assert_eq!(post.path, format!("/2018-06-01/runtime/invocation/id-{at:04}/response"), "{}", process.report());
        let event = post.json()["event"].clone();
        assert_eq!(event.to_string(), expected, "cut at {at}: {}", post.text());
    }
    if !closes {
        assert_eq!(server.records().len(), 1, "one connection");
    }
    assert_eq!(String::from_utf8_lossy(&process.stderr()), "");
}

const BODY: &str = "{\"list\":[1,null,\"é\"]}";

#[test]
fn a_reply_with_its_length_is_taken_at_every_split() {
    feed_every_split(|id| event(id, BODY), BODY, false);
}

#[test]
fn a_chunked_reply_is_taken_at_every_split() {
    feed_every_split(
        |id| {
            let bytes = BODY.as_bytes();
            let chunks = [(&bytes[..1], ""), (&bytes[1..12], ";name=value"), (&bytes[12..13], " ; q=\"x\""), (&bytes[13..], "")];
            chunked_event(id, &chunks, "Trailer: a\r\nOther:\r\n")
        },
        BODY,
        false,
    );
}

#[test]
fn a_reply_that_ends_with_the_connection_is_taken_at_every_split() {
    feed_every_split(|id| format!("HTTP/1.1 200 OK\r\n{}\r\n{BODY}", event_fields(id)).into_bytes(), BODY, true);
}

#[test]
fn a_reply_behind_an_interim_reply_is_taken_at_every_split() {
    feed_every_split(
        |id| {
            let mut bytes = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n".to_vec();
            bytes.extend_from_slice(&event(id, BODY));
            bytes
        },
        BODY,
        false,
    );
}

#[test]
fn a_reply_with_bare_line_ends_is_taken_at_every_split() {
    feed_every_split(|id| String::from_utf8(event(id, BODY)).unwrap().replace("\r\n", "\n").into_bytes(), BODY, false);
}

#[test]
fn a_reply_is_taken_byte_by_byte() {
    let server = Server::start(|_, peer| {
        peer.request();
        peer.send_bytewise(&chunked_event("id-1", &[(b"[1,", ";x"), (b"2]", "")], "T: u\r\n"));
        peer.request();
        peer.send_bytewise(&accepted());
        peer.request();
    });
    let mut process = Setup::function("echo").start(server.address());
    process.wait_for(&server, 3);
    process.kill();
    assert_eq!(server.posts()[0].text(), "[1,2]");
}

#[test]
fn header_fields_are_found_in_every_form() {
    let forms: Vec<(&str, Vec<u8>, &str)> = vec![
        ("lower case", reply("200 OK", "lambda-runtime-aws-request-id: a\r\nlambda-runtime-trace-id: t\r\n", "1"), r#"{"event":1,"id":"a","trace":"t"}"#),
        ("upper case", reply("200 OK", "LAMBDA-RUNTIME-AWS-REQUEST-ID: a\r\n", "1"), r#"{"event":1,"id":"a"}"#),
        ("no space", reply("200 OK", "Lambda-Runtime-Aws-Request-Id:a\r\n", "1"), r#"{"event":1,"id":"a"}"#),
        ("much space", reply("200 OK", "Lambda-Runtime-Aws-Request-Id: \t  a \t \r\n", "1"), r#"{"event":1,"id":"a"}"#),
        (
            "empty values",
            reply(
                "200 OK",
                "Lambda-Runtime-Aws-Request-Id: a\r\nLambda-Runtime-Client-Context:\r\nLambda-Runtime-Cognito-Identity: \r\n\
                 Lambda-Runtime-Trace-Id: \r\nLambda-Runtime-Aws-Tenant-Id:\t\r\nLambda-Runtime-Invocation-Id:\r\nLambda-Runtime-Deadline-Ms:\r\n",
                "1",
            ),
            r#"{"event":1,"id":"a"}"#,
        ),
        (
            "unknown fields",
            reply("200 OK", "X-Amz: 1\r\nLambda-Runtime-Aws-Request-Identity: no\r\nLambda-Runtime-Aws-Request-Id: a\r\nLambda-Runtime-: x\r\n", "1"),
            r#"{"event":1,"id":"a"}"#,
        ),
        (
            "bytes over 0x7f",
            reply("200 OK", "Lambda-Runtime-Aws-Request-Id: a\r\nLambda-Runtime-Client-Context: {\"k\":\"é\"}\r\nX: \u{ff}\r\n", "1"),
            r#"{"client":{"k":"é"},"event":1,"id":"a"}"#,
        ),
        ("no reason", reply("200", "Lambda-Runtime-Aws-Request-Id: a\r\n", "1"), r#"{"event":1,"id":"a"}"#),
        ("a long reason", reply(&format!("200 {}", "OK ".repeat(300)), "Lambda-Runtime-Aws-Request-Id: a\r\n", "1"), r#"{"event":1,"id":"a"}"#),
        (
            "a large head",
            reply("200 OK", &format!("X-Large: {}\r\nLambda-Runtime-Aws-Request-Id: a\r\n", "x".repeat(900_000)), "1"),
            r#"{"event":1,"id":"a"}"#,
        ),
        (
            "length and chunks",
            b"HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: a\r\nContent-Length: 9\r\nTransfer-Encoding: Chunked\r\n\r\n1\r\n1\r\n0\r\n\r\n".to_vec(),
            r#"{"event":1,"id":"a"}"#,
        ),
        (
            "a length told twice",
            b"HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: a\r\nContent-Length: 1\r\ncontent-length: 1\r\n\r\n1".to_vec(),
            r#"{"event":1,"id":"a"}"#,
        ),
    ];
    let expected: Vec<_> = forms.iter().map(|(name, _, expected)| (*name, *expected)).collect();
    let replies: Vec<Vec<u8>> = forms.iter().map(|(_, reply, _)| reply.clone()).collect();
    let count = replies.len();
    let server = Server::with_scripts(vec![Box::new(move |peer: &mut Peer| {
        for reply in &replies {
            peer.expect_next();
            peer.send(reply);
            peer.expect_post();
            peer.send(accepted());
        }
    })]);
    let mut process = Setup::function("tell").start(server.address());
    process.wait_for(&server, 2 * count + 1);
    process.kill();
    for (post, (name, expected)) in server.posts().iter().zip(expected) {
        let expected: serde_json::Value = serde_json::from_str(expected).unwrap();
        assert_eq!(post.json(), expected, "{name}");
        assert_eq!(post.header("Lambda-Runtime-Invocation-Id"), None, "{name}");
    }
    assert_eq!(server.records().len(), 1);
}

#[test]
fn an_event_comes_in_a_thousand_chunks() {
    let body = format!("[{}1]", "12345678,".repeat(10_000));
    let expected = body.clone();
    let server = Server::start(move |_, peer| {
        peer.request();
        let chunks: Vec<(&[u8], &str)> = body.as_bytes().chunks(90).map(|chunk| (chunk, "")).collect();
        peer.send(chunked_event("id-1", &chunks, ""));
        peer.answer(accepted());
    });
    let mut process = Setup::function("echo").start(server.address());
    process.wait_for(&server, 3);
    process.kill();
    assert_eq!(server.posts()[0].text(), expected);
}

#[test]
fn next_answered_by_403_or_500_ends_the_process_with_a_message() {
    for status in [403, 500] {
        let server = Server::start(move |_, peer| drop(peer.answer(refused(status))));
        let mut process = Setup::function("echo").start(server.address());
        assert_eq!(process.wait().code, 1);
        assert_message(&process, &format!("[FATAL] the Runtime API answered {status} to the request for the next event; giving up\n"));
        assert_eq!(server.requests().len(), 1);
    }
}

#[test]
fn next_answered_by_another_status_is_asked_again_and_works() {
    const STATUSES: [u16; 16] = [200, 201, 202, 204, 206, 301, 304, 400, 401, 404, 405, 410, 413, 429, 502, 503];
    let server = Server::with_scripts(vec![Box::new(|peer: &mut Peer| {
        for status in STATUSES {
            peer.expect_next();
            // The body would be a fine event, and the 200 has no request id: neither may reach the handler.
            let fields = if status == 200 { String::new() } else { event_fields(&format!("wrong-{status}")) };
            match status {
                204 | 304 => peer.send(format!("HTTP/1.1 {status} Nothing\r\n{fields}\r\n")),
                _ => peer.send(reply(&format!("{status} Odd"), &fields, "\"wrong\"")),
            }
            peer.expect_next();
            peer.send(event(&format!("right-{status}"), format!("{status}")));
            peer.expect_post();
            peer.send(accepted());
        }
    })]);
    let mut process = Setup::function("echo").start(server.address());
    process.wait_for(&server, 3 * STATUSES.len() + 1);
    process.kill();
    let posts: Vec<String> = server.posts().iter().map(|post| format!("{} {}", post.path, post.text())).collect();
    let expected: Vec<String> =
        STATUSES.iter().map(|status| format!("/2018-06-01/runtime/invocation/right-{status}/response {status}")).collect();
    assert_eq!(posts, expected);
    let messages = STATUSES.map(|status| match status {
        200 => "[WARN] the Runtime API sent an event without a request id; it cannot be answered\n".to_owned(),
        _ => format!("[WARN] the Runtime API answered {status} to the request for the next event\n"),
    });
    assert_eq!(String::from_utf8_lossy(&process.stderr()), messages.concat(), "one message each\n{}", process.report());
}

#[test]
fn next_that_gives_no_event_for_ever_is_given_up_with_pauses_between() {
    let server = Server::start(|_, peer| while peer.try_request().is_some() && peer.try_send(refused(404)).is_ok() {});
    let begun = std::time::Instant::now();
    let mut process = Setup::function("echo").start(server.address());
    let end = process.wait();
    assert_eq!((end.code, server.requests().len()), (1, 4), "{}", process.report());
    assert!(begun.elapsed().as_millis() >= 500, "no pauses");
    assert!(end.cpu.as_millis() < 1000, "{end:?}");
    assert_message(&process, "[FATAL] the Runtime API gives no events; giving up\n");
}

#[test]
fn request_ids_that_cannot_be_answered_are_no_events() {
    for id in ["", "a/b", "a b", "a?b", "..%2f", "é", &"x".repeat(2000)] {
        let fields = format!("Lambda-Runtime-Aws-Request-Id: {id}\r\n");
        let server = Server::start(move |_, peer| {
            peer.answer(reply("200 OK", &fields, "1"));
            peer.answer(event("good", "2"));
            peer.answer(accepted());
        });
        let mut process = Setup::function("echo").start(server.address());
        process.wait_for(&server, 4);
        process.kill();
        assert_eq!(server.lines()[2], "POST /2018-06-01/runtime/invocation/good/response", "{id}");
    }
}

#[test]
fn a_post_answered_by_any_status_but_500_is_followed_by_next() {
    const STATUSES: [u16; 13] = [200, 201, 204, 301, 400, 401, 403, 404, 410, 413, 429, 502, 503];
    for is_error in [false, true] {
        let server = Server::with_scripts(vec![Box::new(move |peer: &mut Peer| {
            for status in STATUSES {
                peer.expect_next();
                peer.send(event(&format!("id-{status}"), if is_error { "0" } else { "1" }));
                let post = peer.expect_post();
                assert_eq!(post.path.ends_with("/error"), is_error);
                if status == 204 { peer.send("HTTP/1.1 204 No Content\r\n\r\n") } else { peer.send(refused(status)) }
            }
        })]);
        let mut process = Setup::function("fails_for_0").start(server.address());
        process.wait_for(&server, 2 * STATUSES.len() + 1);
        process.kill();
        assert_eq!(server.posts().len(), STATUSES.len(), "one POST each");
        let log = String::from_utf8_lossy(&process.stderr()).into_owned();
        for status in STATUSES {
            let why = match status {
                410 => ": it came after the invocation had ended",
                413 => ": it is too large",
                _ => "",
            };
            let message = format!("[WARN] id-{status} the Runtime API answered {status} to the result{why}");
            assert!(log.lines().any(|line| line == message), "there is no {message:?} in the log\n{log}");
        }
        // What the service says in the body of a reply is never printed.
        assert!(!log.contains("because") && process.stdout().is_empty(), "{}", process.report());
    }
}

#[test]
fn a_post_answered_by_500_ends_the_process_with_a_message() {
    for (function, event_text, line) in [("echo", "1", "response"), ("fails_for_0", "0", "error")] {
        let server = Server::start(move |_, peer| {
            peer.answer(event("id-1", event_text));
            peer.answer(refused(500));
        });
        let mut process = Setup::function(function).start(server.address());
        assert_eq!(process.wait().code, 1);
        assert_message(&process, "[FATAL] id-1 the Runtime API answered 500 to the result (container error); giving up\n");
        assert_eq!(server.posts().len(), 1);
        assert!(server.posts()[0].path.ends_with(line));
    }
}

#[test]
fn a_connection_closed_between_exchanges_is_opened_again() {
    if !runner().is_empty() {
        return skip("it is about who comes first within milliseconds, which an emulated processor is too slow for");
    }
    // After every reply, with and without notice; the runtime may see it before or while it sends.
    for announced in [false, true] {
        for is_reset in [false, true] {
            let turn = AtomicUsize::new(0);
            let server = Server::start(move |_, peer| {
                let announce = |reply: Vec<u8>| {
                    let text = String::from_utf8(reply).unwrap();
                    if announced { text.replacen("\r\n", "\r\nConnection: close\r\n", 1) } else { text }
                };
                let Some(request) = peer.try_request() else { return };
                if request.is_next() {
                    let turn = turn.fetch_add(1, Ordering::SeqCst);
                    if turn == 20 {
                        return;
                    }
                    peer.send(announce(event(&format!("id-{turn}"), "1")));
                } else {
                    peer.send(announce(accepted()));
                }
                // The reply has arrived before the reset overtakes it.
                std::thread::sleep(std::time::Duration::from_millis(3));
                if is_reset { peer.reset() } else { peer.close() }
            });
            // The handler takes its time, so that the close is there before the POST.
            let mut process = Setup::function("slow_echo").with("PAUSE_MS", "20").start(server.address());
            process.wait_for(&server, 41);
            process.kill();
            let posts: Vec<String> = server.posts().iter().map(|post| post.path.clone()).collect();
            let expected: Vec<String> = (0..20).map(|turn| format!("/2018-06-01/runtime/invocation/id-{turn}/response")).collect();
            assert_eq!(posts, expected, "announced: {announced}, reset: {is_reset}");
        }
    }
}

#[test]
fn next_is_asked_again_once_and_then_given_up() {
    for is_reset in [false, true] {
        let server = Server::start(move |_, peer| {
            peer.expect_next();
            if is_reset { peer.reset() } else { peer.close() }
        });
        let mut process = Setup::function("echo").start(server.address());
        assert_eq!(process.wait().code, 1);
        assert_eq!(server.records().len(), 2, "one connection more, no third\n{}", process.report());
        assert_message(&process, "giving up");
    }
}

#[test]
fn a_server_that_goes_away_is_a_message_and_exit_1() {
    let server = Server::start(|_, peer| {
        peer.answer(event("id-1", "1"));
        peer.answer(accepted());
        peer.expect_next();
        peer.refuse_connections();
        peer.close();
    });
    let mut process = Setup::function("echo").start(server.address());
    assert_eq!(process.wait().code, 1);
    assert_eq!(server.posts().len(), 1);
    assert_message(&process, "[FATAL] the next event cannot be had: ");
}

#[test]
fn a_post_that_gets_no_answer_is_never_sent_again() {
    for (part, is_reset, why) in [
        (0, false, "the server closed the connection without a reply\n"),
        (20, false, "the connection ended within a reply\n"),
        (0, true, "receiving failed ("),
    ] {
        let server = Server::start(move |number, peer| {
            if number < 5 {
                peer.answer(event(&format!("id-{number}"), "1"));
                peer.expect_post();
                peer.send(&accepted()[..part]);
                if is_reset { peer.reset() } else { peer.close() }
            }
        });
        let mut process = Setup::function("echo").start(server.address());
        process.wait_for(&server, 11);
        process.kill();
        let lines: Vec<String> = server.posts().iter().map(Request::line).collect();
        assert_eq!(lines.len(), 5, "{lines:?}");
        let log = process.log();
        assert_eq!(log.matches(&format!(" the result may be lost: {why}")).count(), 5, "{log}");
    }
}

#[test]
fn a_half_closed_connection_still_takes_the_answer() {
    let server = Server::start(|number, peer| {
        if number == 0 {
            peer.answer(event("id-1", "1"));
            peer.close_half();
            // The runtime may post here or on a new connection, but once.
            if peer.try_request().is_some() {
                peer.close();
            }
        } else {
            while let Some(request) = peer.try_request() {
                if request.method == "POST" {
                    peer.send(accepted());
                }
            }
        }
    });
    let mut process = Setup::function("slow_echo").with("PAUSE_MS", "50").start(server.address());
    process.wait_for(&server, 3);
    process.check_idle();
    process.kill();
    assert_eq!(server.posts().len(), 1);
}

/// How a reply is spoilt behind its first bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Cut {
    Close,
    Reset,
}

#[test]
fn a_reply_to_next_cut_at_every_byte_is_asked_for_again() {
    for cut in [Cut::Close, Cut::Reset] {
        for reply_for in [|id: &str| event(id, BODY), |id: &str| chunked_event(id, &[(BODY.as_bytes(), ";x=y")], "T: u\r\n")] {
            let count = reply_for("id-000").len();
            let turn = AtomicUsize::new(0);
            let server = Server::start(move |number, peer| {
                // Connections in turn: one that answers, with the good reply and then a cut one.
                if number > 0 {
                    let at = turn.load(Ordering::SeqCst);
                    peer.expect_next();
                    peer.send(reply_for(&format!("id-{at:03}")));
                    peer.expect_post();
                    peer.send(accepted());
                    turn.fetch_add(1, Ordering::SeqCst);
                }
                let at = turn.load(Ordering::SeqCst);
                peer.expect_next();
                if at < count {
                    peer.send(&reply_for(&format!("id-{at:03}"))[..at]);
                    if cut == Cut::Reset {
                        std::thread::sleep(std::time::Duration::from_micros(500));
                        peer.reset();
                    } else {
                        peer.close();
                    }
                }
            });
            let mut process = Setup::function("tell").start(server.address());
            process.wait_for(&server, 3 * count + 1);
            process.kill();
            let posts = server.posts();
            assert_eq!(posts.len(), count, "{cut:?}");
            for (at, post) in posts.iter().enumerate() {
                assert_eq!(post.path, format!("/2018-06-01/runtime/invocation/id-{at:03}/response"));
                assert_eq!(post.json()["event"].to_string(), BODY, "{cut:?} at {at}");
            }
        }
    }
}

#[test]
fn two_cut_replies_to_next_end_the_process_with_a_message() {
    let whole = event("id-1", BODY);
    for at in [0, 1, 8, 12, 17, 100, whole.len() - BODY.len() - 1, whole.len() - BODY.len(), whole.len() - 1] {
        let part = whole[..at].to_vec();
        let server = Server::start(move |_, peer| {
            peer.expect_next();
            peer.send(&part);
            peer.close();
        });
        let mut process = Setup::function("echo").start(server.address());
        assert_eq!(process.wait().code, 1, "cut at {at}");
        assert_eq!((server.requests().len(), server.posts().len()), (2, 0), "cut at {at}");
        assert_message(&process, "giving up");
    }
}

#[test]
fn a_reply_to_a_post_cut_or_spoilt_at_every_byte_never_leads_to_a_second_post() {
    #[derive(Clone, Copy, Debug)]
    enum Fault {
        Close,
        Reset,
        Garbage(u8),
    }
    for fault in [Fault::Close, Fault::Reset, Fault::Garbage(0), Fault::Garbage(b'\n'), Fault::Garbage(0xff), Fault::Garbage(b'9')] {
        let count = accepted().len();
        let turn = AtomicUsize::new(0);
        let server = Server::start(move |_, peer| {
            let at = turn.fetch_add(1, Ordering::SeqCst);
            peer.expect_next();
            if at >= count {
                return;
            }
            peer.send(event(&format!("id-{at:03}"), "1"));
            peer.expect_post();
            let mut bytes = accepted();
            match fault {
                Fault::Garbage(byte) => bytes[at] = byte,
                Fault::Close | Fault::Reset => bytes.truncate(at),
            }
            peer.send(bytes);
            // The connection ends also where the length is spoilt: a longer body would rightly be waited for.
            if matches!(fault, Fault::Reset) {
                std::thread::sleep(std::time::Duration::from_micros(500));
                peer.reset();
            } else {
                peer.close();
            }
        });
        let mut process = Setup::function("echo").start(server.address());
        process.wait_for(&server, 2 * count + 1);
        process.check_idle();
        process.kill();
        let paths: Vec<String> = server.posts().iter().map(|post| post.path.clone()).collect();
        let expected: Vec<String> = (0..count).map(|at| format!("/2018-06-01/runtime/invocation/id-{at:03}/response")).collect();
        assert_eq!(paths, expected, "{fault:?}");
    }
}

#[test]
fn a_reply_to_next_spoilt_at_any_byte_is_an_event_or_a_clean_end() {
    // Every byte spoilt in four ways; four processes at a time.
    let whole = reply("200 OK", "Lambda-Runtime-Aws-Request-Id: id-1\r\nX: y\r\n", BODY);
    let chunked = b"HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: id-1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[1\r\n1;a=b\r\n]\r\n0\r\nT: u\r\n\r\n".to_vec();
    let cases: Vec<(usize, u8, Vec<u8>)> = [whole, chunked]
        .iter()
        .flat_map(|reply| (0..reply.len()).map(move |at| (at, reply)))
        .map(|(at, reply)| {
            let byte = [0, b'\n', 0xff, b'7', b' ', b':'][at % 6];
            let mut spoilt = reply.clone();
            spoilt[at] = byte;
            (at, byte, spoilt)
        })
        .collect();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while let Some((at, byte, spoilt)) = cases.get(next.fetch_add(1, Ordering::SeqCst)) {
                    spoil(*at, *byte, spoilt.clone());
                }
            });
        }
    });
}

fn spoil(at: usize, byte: u8, spoilt: Vec<u8>) {
    let text = String::from_utf8_lossy(&spoilt).into_owned();
    let server = Server::start(move |_, peer| {
        // The first `next` on every connection gets the spoilt reply; then the stream ends, so that nobody waits for what a spoilt length announced.
        if peer.try_request().is_some() {
            peer.try_send(&spoilt).ok();
            peer.close_half();
            while peer.try_request().is_some() {
                peer.try_send(accepted()).ok();
            }
        }
    });
    let mut process = Setup::function("echo").start(server.address());
    // Connections that give the same spoilt reply for ever: either it is an event, and then it is one again and again, or the process ends.
    let deadline = std::time::Instant::now() + coldmoon_tests::PATIENCE;
    while process.is_running() && server.posts().len() < 3 {
        assert!(
            std::time::Instant::now() < deadline,
            "byte {byte:#x} at {at}: neither an event nor an end\n{text}\n{:?}\n{}",
            server.lines(),
            process.report()
        );
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    if process.is_running() {
        process.kill();
        return;
    }
    let end = process.wait();
    assert_eq!(end.code, 1, "byte {byte:#x} at {at}\n{text}\n{}", process.report());
    assert!(!process.stderr().is_empty(), "byte {byte:#x} at {at}: no message");
    // A post belongs to an event: the connection on which it was delivered, or the next one.
    assert!(server.requests().len() < 12, "byte {byte:#x} at {at}: {:?}", server.lines());
}

#[test]
fn a_server_that_stalls_anywhere_is_waited_for_without_using_the_processor() {
    let whole = event("id-1", BODY);
    for at in [0, 5, 40, whole.len() - 3] {
        let part = whole[..at].to_vec();
        let server = Server::start(move |_, peer| {
            peer.expect_next();
            peer.send(&part);
        });
        let mut process = Setup::function("echo").start(server.address());
        process.wait_for(&server, 1);
        process.check_idle();
        process.kill();
        assert_eq!(server.requests().len(), 1);
    }
    // And in the reply to a POST.
    let server = Server::start(|_, peer| {
        peer.answer(event("id-1", "1"));
        peer.answer(&accepted()[..20]);
    });
    let mut process = Setup::function("echo").start(server.address());
    process.wait_for(&server, 2);
    process.check_idle();
    process.kill();
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn what_exceeds_a_bound_ends_the_process_with_a_message() {
    let endless_head = |peer: &mut Peer| {
        peer.try_send("HTTP/1.1 200 OK\r\n").ok();
        while peer.try_send("X: ".to_owned() + &"y".repeat(10_000) + "\r\n").is_ok() {}
    };
    let endless_line = |peer: &mut Peer| while peer.try_send("HTTP/1.1 ".repeat(1000)).is_ok() {};
    let endless_chunk_line = |peer: &mut Peer| {
        peer.try_send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").ok();
        while peer.try_send("0".repeat(10_000)).is_ok() {}
    };
    let endless_trailers = |peer: &mut Peer| {
        peer.try_send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n").ok();
        while peer.try_send("T: u\r\n".repeat(1000)).is_ok() {}
    };
    let endless_interim = |peer: &mut Peer| while peer.try_send("HTTP/1.1 100 Continue\r\n\r\n").is_ok() {};
    let endless_chunks = |peer: &mut Peer| {
        peer.try_send(format!("HTTP/1.1 200 OK\r\n{}Transfer-Encoding: chunked\r\n\r\n", event_fields("id-1"))).ok();
        let chunk = format!("100000\r\n{}\r\n", "x".repeat(0x100000));
        while peer.try_send(&chunk).is_ok() {}
    };
    let huge_length =
        |peer: &mut Peer| drop(peer.try_send(format!("HTTP/1.1 200 OK\r\n{}Content-Length: 99999999999\r\n\r\n", event_fields("id-1"))));
    let huge_chunk = |peer: &mut Peer| {
        drop(
            peer.try_send(format!("HTTP/1.1 200 OK\r\n{}Transfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\nabc", event_fields("id-1"))),
        );
    };
    let many_fields = |peer: &mut Peer| drop(peer.try_send(reply("200 OK", &"A: b\r\n".repeat(5000), "1")));
    type Fault = fn(&mut Peer);
    let faults: [(&str, Fault, &str); 9] = [
        ("endless head", endless_head, "the reply's head is too long"),
        ("endless line", endless_line, "the reply's head is too long"),
        ("endless chunk line", endless_chunk_line, "the reply is not HTTP/1.1"),
        ("endless trailers", endless_trailers, "the reply is not HTTP/1.1"),
        ("endless interim replies", endless_interim, "the reply's head is too long"),
        ("endless chunks", endless_chunks, "the reply is too long"),
        ("huge length", huge_length, "the reply is too long"),
        ("huge chunk", huge_chunk, "the reply is too long"),
        ("many fields", many_fields, "the reply is not HTTP/1.1"),
    ];
    for (name, fault, why) in faults {
        let server = Server::start(move |_, peer| {
            peer.expect_next();
            fault(peer);
        });
        let mut process = Setup::function("echo").start(server.address());
        let end = process.wait();
        assert_eq!(end.code, 1, "{name}");
        assert_eq!(process.log(), format!("[FATAL] the next event cannot be had: {why}; giving up\n"), "{name}");
        assert_eq!(server.posts().len(), 0, "{name}");
    }
}

#[test]
fn a_reply_to_a_post_that_exceeds_its_bound_costs_the_connection_only() {
    let server = Server::start(|number, peer| {
        if number == 0 {
            peer.answer(event("id-1", "1"));
            peer.expect_post();
            peer.try_send(reply("202 Accepted", "", "x".repeat(10_000_000))).ok();
        }
    });
    let mut process = Setup::function("echo").start(server.address());
    process.wait_for(&server, 3);
    process.kill();
    assert_eq!((server.posts().len(), server.records().len()), (1, 2));
}

#[test]
fn unasked_bytes_behind_a_reply_are_no_reply() {
    // A server that is out of step: a second 202 must not be taken for the answer to the next request.
    let server = Server::start(|number, peer| {
        if number == 0 {
            let mut twice = event("id-1", "1");
            twice.extend_from_slice(&event("id-2", "2"));
            peer.answer(twice);
            // The POST may not come here.
            if let Some(request) = peer.try_request() {
                panic!("{}", request.line());
            }
        } else {
            while let Some(request) = peer.try_request() {
                if request.method == "POST" {
                    peer.send(accepted());
                }
            }
        }
    });
    let mut process = Setup::function("echo").start(server.address());
    process.wait_for(&server, 3);
    process.kill();
    server.check();
    assert_eq!(server.posts()[0].text(), "1");
    assert_eq!(server.posts().len(), 1);
}

/// As JSON.
const LARGE: usize = 6_291_556;

#[test]
fn six_megabytes_go_both_ways() {
    let body = format!("\"{}\"", "x".repeat(LARGE - 2));
    let bodies = [body.clone(), body.clone(), body.clone()];
    let server = Server::with_scripts(vec![Box::new(move |peer: &mut Peer| {
        for (turn, body) in bodies.iter().enumerate() {
            peer.expect_next();
            let id = format!("id-{turn}");
            match turn {
                0 => peer.send(event(&id, body)),
                1 => peer.send(chunked_event(&id, &[(body.as_bytes(), "")], "")),
                _ => {
                    let chunks: Vec<(&[u8], &str)> = body.as_bytes().chunks(4096).map(|chunk| (chunk, "")).collect();
                    peer.send(chunked_event(&id, &chunks, ""));
                }
            }
            peer.expect_post();
            peer.send(accepted());
        }
    })]);
    // The whole of the result is posted where it is no longer than the limit.
    let mut process = Setup::function("large_echo").start(server.address());
    process.wait_for(&server, 7);
    process.kill();
    for post in server.posts() {
        assert!(post.body == body.as_bytes(), "{} bytes, {}", post.body.len(), post.head());
    }
    assert_eq!(server.records().len(), 1);
}

/// A handler whose first result is large, and what `first` does with the connection on which that is posted; the next event comes on
/// another one and is answered. Both, once the event after that has been asked for.
fn after_a_large_result(first: impl Fn(&mut Peer) + Send + Sync + 'static) -> (Server, Process) {
    let server = Server::start(move |number, peer| {
        if number == 0 {
            peer.answer(event("id-1", "1"));
            first(peer);
        } else {
            peer.answer(event("id-2", "2"));
            peer.answer(accepted());
        }
    });
    let mut process = Setup::function("large_for_1").start(server.address());
    process.wait_for(&server, 4);
    (server, process)
}

#[test]
fn an_early_413_is_read_while_the_body_is_still_being_written() {
    // What a Go server does: it answers, reads on for a while, then closes with bytes unread, which resets the connection.
    for (read, announced) in [(1000, true), (300_000, true), (1000, false), (300_000, false)] {
        let (server, mut process) = after_a_large_result(move |peer| {
            peer.read_bytes(1000);
            let fields = if announced { "Connection: close\r\n" } else { "" };
            peer.send(reply("413 Request Entity Too Large", fields, "{\"errorMessage\":\"x\",\"errorType\":\"RequestEntityTooLarge\"}\n"));
            peer.read_bytes(read - 1000 + 1);
            std::thread::sleep(std::time::Duration::from_millis(20));
            peer.close();
        });
        process.kill();
        server.check();
        let lines = server.lines();
        assert_eq!(
            &lines[1..3],
            ["GET /2018-06-01/runtime/invocation/next", "POST /2018-06-01/runtime/invocation/id-2/response"],
            "{lines:?}"
        );
        assert_message(&process, "413");
    }
}

#[test]
fn an_early_answer_is_heard_though_the_server_reads_no_more_and_does_not_close() {
    // With an interim reply before it, and in two pieces.
    for status in [413, 400, 202] {
        let (server, mut process) = after_a_large_result(move |peer| {
            peer.read_bytes(1000);
            peer.send("HTTP/1.1 100 Continue\r\n\r\n");
            // So that the kernel's buffers are full by then.
            std::thread::sleep(std::time::Duration::from_millis(50));
            let answer = if status == 202 { accepted() } else { refused(status) };
            peer.send_split(&answer, 20);
            peer.wait();
        });
        process.check_idle();
        process.kill();
        server.check();
        assert_eq!(server.posts().len(), 1, "{:?}", server.lines());
        let is_told = String::from_utf8_lossy(&process.stderr()).contains(&format!("id-1 the Runtime API answered {status}"));
        assert_eq!(is_told, status != 202, "{}", process.report());
    }
}

#[test]
fn a_connection_that_breaks_while_a_large_body_is_written_is_reported() {
    let (server, mut process) = after_a_large_result(|peer| {
        peer.read_bytes(100_000);
        peer.reset();
    });
    process.kill();
    assert_eq!(server.posts().len(), 1, "the broken POST is not sent again");
    assert_message(&process, "[WARN] id-1 the result may be lost: sending failed (");
}

#[test]
fn an_early_answer_that_breaks_off_is_a_lost_result() {
    let (_server, mut process) = after_a_large_result(|peer| {
        peer.read_until(b"\r\n\r\n");
        // So that the kernel's buffers are full by then.
        std::thread::sleep(std::time::Duration::from_millis(50));
        peer.send("HTTP/1.1 413 Too Large\r\nContent-Length: 10\r\n\r\n{");
        peer.close_half();
        peer.wait();
    });
    process.kill();
    assert_message(&process, "[WARN] id-1 the result may be lost: the server wants no more\n");
}

#[test]
fn a_process_that_the_function_forks_answers_nothing() {
    let Some(setup) = Setup::function_if_any("forks") else { return };
    const EVENTS: [&str; 4] = ["return", "raise", "exit", "stream"];
    let turn = AtomicUsize::new(0);
    let server = Server::start(move |_, peer| {
        while let Some(request) = peer.try_request() {
            match request.is_next().then(|| EVENTS.get(turn.fetch_add(1, Ordering::SeqCst))) {
                None => peer.send(accepted()),
                Some(Some(name)) => peer.send(event(name, format!("\"{name}\""))),
                Some(None) => {}
            }
        }
    });
    let mut process = setup.start(server.address());
    process.wait_for(&server, 2 * EVENTS.len() + 1);
    process.kill();
    let posts: Vec<String> =
        server.posts().iter().map(|post| format!("{} {}", post.path.rsplit('/').nth(1).unwrap(), post.text())).collect();
    assert_eq!(posts, EVENTS.map(|name| format!("{name} false")), "{}", process.report());
    let log = process.log();
    assert_eq!(log.matches(" a process that the function has forked came back from it; it ends here\n").count(), 3, "{log}");
}

#[test]
fn a_closed_standard_stream_is_no_place_for_the_connection() {
    // The connection is opened while the number 1, and later 2, is free; what is printed must not be sent.
    for stream in ["1", "2"] {
        let Some(setup) = Setup::function_if_any("closes_a_stream") else { return };
        let setup = setup.with("STREAM", stream);
        let server = Server::start(|number, peer| {
            if number < 3 {
                peer.answer(event(&format!("id-{number}"), "1"));
                peer.request();
                peer.send(String::from_utf8(accepted()).unwrap().replacen("\r\n", "\r\nConnection: close\r\n", 1));
                peer.close();
            }
        });
        let mut process = setup.start(server.address());
        process.wait_for(&server, 6);
        process.kill();
        server.check();
        assert!(server.posts().iter().all(|post| post.text() == "1"), "{:?}", server.lines());
    }
}

#[test]
fn a_log_that_nobody_reads_does_not_end_the_process() {
    // A write to a pipe without a reader is a signal, unless somebody thinks of it.
    let server = Server::start(|_, peer| {
        for turn in 0..2 {
            peer.answer(event(&format!("id-{turn}"), "1"));
            peer.answer(accepted());
        }
    });
    let setup = Setup::function("prints_on_both_streams");
    let mut command = setup.command(&server.address());
    let mut child = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().expect("it starts");
    drop((child.stdout.take(), child.stderr.take()));
    let mut ended = None;
    coldmoon_tests::wait_until(
        "both answers, or its end",
        || {
            ended = child.try_wait().expect("it is our child");
            ended.is_some() || server.count() == 5
        },
        String::new,
    );
    child.kill().ok();
    child.wait().expect("it was killed");
    assert_eq!(ended, None, "{:?}", server.lines());
}
