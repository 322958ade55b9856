//! Streamed responses on the wire: the bytes of every write, errors before and after the first, receivers that are slow, refuse or leave.
//!
//! The server reads chunk by chunk where time matters; elsewhere the request is read whole and compared with its golden bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use coldmoon_tests::language::language;
use coldmoon_tests::process::{Process, Setup};
use coldmoon_tests::server::{Peer, Server};
use coldmoon_tests::wire::{Request, accepted, event, event_fields, find, from_base64, refused, reply};
use coldmoon_tests::{tell, wait_until};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The head of a streamed POST.
fn golden_head(server: &Server, id: &str, content_type: &str, fields: &str) -> String {
    format!(
        "POST /2018-06-01/runtime/invocation/{id}/response HTTP/1.1\r\nHost: {}\r\nUser-Agent: coldmoon/{VERSION}\r\n\
         Content-Type: {content_type}\r\n{fields}Lambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: chunked\r\n\
         Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n\r\n",
        server.address()
    )
}

/// Gives `reply` as the one event, takes the POST, and then another `next`, on a new connection where the POST was a stream.
fn server_of(reply: Vec<u8>) -> Server {
    Server::start(move |number, peer| {
        if number > 0 {
            return;
        }
        peer.expect_next();
        peer.send(&reply);
        peer.expect_post();
        peer.send(accepted());
    })
}

/// One invocation: the POST, and the process that waits for the next event.
fn post_of(function: &str) -> (Request, Process, Server) {
    let server = server_of(event("id-1", "1"));
    let mut process = Setup::function(function).start(server.address());
    process.wait_for(&server, 3);
    (server.posts()[0].clone(), process, server)
}

/// The same for a function that ends: its exit code too.
fn post_and_exit_of(function: &str) -> (Request, i32, Process) {
    let server = server_of(event("id-1", "1"));
    let mut process = Setup::function(function).start(server.address());
    let code = process.wait().code;
    server.check();
    assert_eq!(server.posts().len(), 1, "{}\n{}", server.lines().join("\n"), process.report());
    (server.posts()[0].clone(), code, process)
}

fn raw(request: &Request) -> String {
    String::from_utf8_lossy(&request.raw).into_owned()
}

/// The error document in the trailers, of a body that is `body`.
fn error_in_trailers(post: &Request, body: &str, category: &str) -> serde_json::Value {
    assert!(post.path.ends_with("/invocation/id-1/response"), "{}", post.line());
    assert_eq!(post.text(), body);
    let [(type_name, found), (body_name, base64)] = &post.trailers[..] else { panic!("{:?}", post.trailers) };
    assert_eq!(
        (type_name.as_str(), found.as_str(), body_name.as_str()),
        ("Lambda-Runtime-Function-Error-Type", category, "Lambda-Runtime-Function-Error-Body")
    );
    serde_json::from_slice(&from_base64(base64)).expect("an error document")
}

#[test]
fn every_write_is_a_chunk_and_the_connection_ends_with_the_stream() {
    let (post, mut process, server) = post_of("streams_chunks");
    let golden = golden_head(&server, "id-1", "application/octet-stream", "")
        + &format!("5\r\nhello\r\n12c\r\n{}\r\n3\r\n\0\r\n\r\n0\r\n\r\n", "x".repeat(300));
    assert_eq!(raw(&post), golden);
    let lines: Vec<usize> = server.records().iter().map(|record| record.requests.len()).collect();
    assert_eq!(lines, [2, 1], "the next GET is on a connection of its own");
    server.wait_for_end_of(0, || process.report());
    process.kill();
    assert_eq!(process.log(), "");
}

#[test]
fn the_content_type_and_the_attempt_are_in_the_head() {
    let server = server_of(reply("200 OK", &format!("{}Lambda-Runtime-Invocation-Id: attempt 7\r\n", event_fields("id-1")), "1"));
    let mut process = Setup::function("streams_html").start(server.address());
    process.wait_for(&server, 3);
    let golden =
        golden_head(&server, "id-1", "text/html; charset=utf-8", "Lambda-Runtime-Invocation-Id: attempt 7\r\n") + "1\r\na\r\n0\r\n\r\n";
    assert_eq!(raw(&server.posts()[0]), golden);
}

#[test]
fn an_http_response_begins_with_its_prelude_and_eight_nul_bytes() {
    let (post, _process, server) = post_of("streams_http");
    let head = golden_head(&server, "id-1", "application/vnd.awslambda.http-integration-response", "");
    let chunks = post.raw.strip_prefix(head.as_bytes()).unwrap_or_else(|| panic!("{}", raw(&post)));
    let line_end = find(chunks, b"\r\n").unwrap();
    let size = usize::from_str_radix(std::str::from_utf8(&chunks[..line_end]).unwrap(), 16).unwrap();
    let (prelude, rest) = chunks[line_end + 2..].split_at(size);
    assert_eq!(rest, b"\r\n7\r\npayload\r\n0\r\n\r\n", "the prelude is a chunk of its own");
    let document: serde_json::Value = serde_json::from_slice(prelude.strip_suffix(&[0; 8]).expect("eight NUL bytes")).unwrap();
    assert_eq!(document, serde_json::json!({ "statusCode": 201, "headers": { "x-a": "b" }, "cookies": ["c=d"] }));
}

#[test]
fn a_stream_without_a_write_is_an_empty_body_or_the_prelude_alone() {
    let (post, ..) = post_of("streams_nothing");
    assert!(post.raw.ends_with(b"\r\n\r\n0\r\n\r\n") && post.body.is_empty(), "{}", raw(&post));
    let (post, ..) = post_of("streams_204");
    assert_eq!(post.text(), "{\"statusCode\":204}\0\0\0\0\0\0\0\0");
}

#[test]
fn an_error_before_the_first_byte_is_an_ordinary_one() {
    let category = format!("Function.{}", language().error_type);
    for function in
        ["stream_fails_early", "stream_fails_early_after_nothing", "stream_fails_early_by_its_result", "stream_fails_early_with_prelude"]
    {
        let (post, process, server) = post_of(function);
        assert_eq!(post.path, "/2018-06-01/runtime/invocation/id-1/error", "{function}");
        assert_eq!(post.header("Lambda-Runtime-Function-Error-Type"), Some(category.as_str()));
        assert_eq!(post.header("Lambda-Runtime-Function-Response-Mode"), None);
        assert_eq!(post.json()["errorMessage"], "early");
        assert_eq!(server.records().len(), 1, "an ordinary POST keeps its connection\n{}", process.report());
    }
}

#[test]
fn a_prelude_that_cannot_be_json_is_an_ordinary_error() {
    let (post, ..) = post_of("stream_prelude_is_no_json");
    assert!(post.path.ends_with("/id-1/error"), "{}", post.line());
    assert_eq!(post.json()["errorType"], "Runtime.MarshalError");
}

#[test]
fn an_error_in_mid_stream_is_in_the_trailers_and_there_is_no_second_post() {
    let own = language().error_type.as_str();
    for (function, error_type, message) in [
        ("stream_fails_late", own, "oops"),
        ("stream_fails_late_by_its_result", own, "oops"),
        ("stream_fails_late_with_a_type", "Custom", "a\r\nb: \u{fffd}"),
    ] {
        let (post, mut process, server) = post_of(function);
        let document = error_in_trailers(&post, "part", &format!("Function.{error_type}"));
        assert_eq!((&document["errorType"], &document["errorMessage"]), (&error_type.into(), &message.into()), "{document}");
        assert!(document["stackTrace"].is_array(), "{document}");
        assert_eq!(server.posts().len(), 1);
        process.kill();
        let log = process.log();
        assert_eq!(log.lines().count(), 1, "one log entry\n{}", process.report());
        assert!(log.contains("[ERROR]") && log.contains("id-1") && log.contains(error_type), "{log}");
    }
}

#[test]
fn a_large_error_in_mid_stream_still_fits_the_trailers() {
    let (post, ..) = post_of("stream_fails_late_and_large");
    let document = error_in_trailers(&post, "part", &format!("Function.{}", language().error_type));
    assert!(document["errorMessage"].as_str().is_some_and(|text| text.len() > 10_000), "it is cut, not lost");
}

#[test]
fn exit_in_mid_stream_is_in_the_trailers() {
    let (post, code, process) = post_and_exit_of("stream_exits_7");
    assert_eq!(code, 7, "{}", process.report());
    let document = error_in_trailers(&post, "part", "Runtime.ExitError");
    assert_eq!(
        (&document["errorType"], &document["errorMessage"]),
        (&"Runtime.ExitError".into(), &format!("the function called {}(7)", language().exit).into())
    );
}

#[test]
fn out_of_memory_in_mid_stream_is_in_the_trailers() {
    let (post, code, process) = post_and_exit_of("stream_out_of_memory");
    assert_eq!(code, 1, "{}", process.report());
    let document = error_in_trailers(&post, "part", "Runtime.OutOfMemory");
    assert_eq!(document["errorType"], "Runtime.OutOfMemory");
}

#[test]
fn write_is_an_ltn12_sink() {
    let Some(_) = Setup::function_if_any("streams_ltn12") else { return };
    let (post, ..) = post_of("streams_ltn12");
    assert!(post.raw.ends_with(b"\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"), "{}", raw(&post));
    assert!(post.trailers.is_empty());
}

#[test]
fn a_write_after_the_end_is_refused() {
    let server = Server::start(|number, peer| match number {
        0 => {
            peer.answer(event("id-1", "1"));
            peer.answer(accepted());
        }
        1 => {
            peer.answer(event("id-2", "2"));
            peer.answer(accepted());
            peer.answer(event("id-3", "3"));
            peer.answer(accepted());
        }
        _ => {}
    });
    let mut process = Setup::function("stream_is_kept").start(server.address());
    process.wait_for(&server, 7);
    let bodies: Vec<String> = server.posts().iter().map(Request::text).collect();
    assert_eq!(bodies, ["a", "\"the stream has ended\"", "the stream has ended"], "{}", process.report());
}

/// The second event, on whatever connection its GET comes.
fn serve_the_second(peer: &mut Peer) {
    peer.expect_next();
    peer.send(event("id-2", "2"));
    peer.expect_post();
    peer.send(accepted());
}

#[test]
fn a_receiver_that_leaves_makes_write_fail_and_the_process_goes_on() {
    for is_reset in [false, true] {
        let server = Server::start(move |number, peer| match number {
            0 => {
                peer.answer(event("id-1", "1"));
                peer.read_until(b"\r\n\r\n");
                if is_reset { peer.reset() } else { peer.close() }
            }
            1 => serve_the_second(peer),
            _ => panic!("a third connection"),
        });
        let mut process = Setup::function("streams_until_refused").start(server.address());
        process.wait_for(&server, 4);
        process.kill();
        let log = process.log();
        assert!(log.contains("refused: the receiver takes no more\nagain: the receiver takes no more\n"), "{}", process.report());
        assert!(log.contains("[WARN] id-1 the result may be lost"), "{}", process.report());
        assert_eq!(server.posts().len(), 1, "no second POST of the first event: {:?}", server.lines());
        assert_eq!(server.posts()[0].path, "/2018-06-01/runtime/invocation/id-2/response");
    }
}

#[test]
fn an_early_413_makes_write_fail_and_is_in_the_log() {
    let server = Server::start(move |number, peer| match number {
        0 => {
            peer.answer(event("id-1", "1"));
            peer.read_until(b"\r\n\r\n");
            peer.read_until(&[b'x'; 65536]);
            peer.send(reply("413 Too Large", "Connection: close\r\n", "{}"));
            peer.close_half();
            // Go's server reads on for a while, up to 256 KiB, and then closes.
            for _ in 0..4 {
                peer.read_until(&[b'x'; 65536]);
            }
            peer.close();
        }
        1 => serve_the_second(peer),
        _ => panic!("a third connection"),
    });
    let mut process = Setup::function("streams_until_refused").start(server.address());
    process.wait_for(&server, 4);
    process.kill();
    let log = process.log();
    assert!(log.contains("refused: the receiver takes no more"), "{}", process.report());
    assert!(log.contains("[WARN] id-1 "), "{}", process.report());
    assert_eq!(server.posts().len(), 1);
}

#[test]
fn an_early_413_of_a_server_that_reads_no_more_and_does_not_close_makes_write_fail() {
    let server = Server::start(|number, peer| match number {
        0 => {
            peer.answer(event("id-1", "1"));
            peer.read_until(b"\r\n\r\n");
            // So that the kernel's buffers are full by then.
            std::thread::sleep(std::time::Duration::from_millis(50));
            peer.send(refused(413));
            peer.wait();
        }
        1 => serve_the_second(peer),
        _ => panic!("a third connection"),
    });
    let mut process = Setup::function("streams_until_refused").start(server.address());
    process.wait_for(&server, 4);
    process.kill();
    let log = process.log();
    assert!(log.contains("refused: the receiver takes no more\nagain: the receiver takes no more\n"), "{}", process.report());
    assert!(log.contains("[WARN] id-1 the Runtime API answered 413"), "{}", process.report());
    assert_eq!(server.posts().len(), 1);
}

#[test]
fn an_early_reply_that_leaves_the_connection_open_is_the_answer() {
    // The service answers before the end of the stream and reads on.
    for (answer, is_told) in [(refused(413), true), (refused(400), true), (accepted(), false)] {
        let server = Server::start(move |number, peer| match number {
            0 => {
                peer.answer(event("id-1", "1"));
                peer.read_until(b"\r\n\r\n");
                peer.send(&answer);
                peer.read_until(b"0\r\n\r\n");
            }
            1 => serve_the_second(peer),
            _ => panic!("a third connection"),
        });
        let mut process = Setup::function("streams_100_parts").start(server.address());
        process.wait_for(&server, 4);
        process.kill();
        assert_eq!(process.log().contains("id-1 the Runtime API answered 4"), is_told, "{}", process.report());
    }
}

#[test]
fn a_stream_answered_by_500_ends_the_process() {
    let server = Server::start(|_, peer| {
        peer.answer(event("id-1", "1"));
        peer.answer(refused(500));
    });
    let mut process = Setup::function("streams_a").start(server.address());
    assert_eq!(process.wait().code, 1);
    let message = "[FATAL] id-1 the Runtime API answered 500 to the result (container error); giving up\n";
    assert!(process.log().contains(message), "{}", process.report());
}

#[test]
fn chunks_arrive_while_the_handler_still_runs() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("mark").to_str().expect("a plain name").to_owned();
    let of_script = mark.clone();
    let server = Server::start(move |number, peer| {
        if number > 0 {
            return;
        }
        peer.answer(event("id-1", "1"));
        peer.read_until(b"\r\n\r\n");
        for number in 0..4 {
            assert_eq!(peer.read_until(b"\r\n"), b"5\r\n");
            assert_eq!(peer.read_until(b"\r\n"), format!("part{number}\r\n").as_bytes());
            // The handler writes no more until it sees this file: the chunk has come before its end.
            std::fs::write(format!("{of_script}{number}"), "").expect("a file can be written");
        }
        peer.read_until(b"0\r\n\r\n");
        peer.send(accepted());
    });
    let mut process = Setup::function("streams_and_waits").with("MARK", mark).start(server.address());
    process.wait_for(&server, 2);
    server.check();
}

#[test]
fn a_slow_reader_slows_the_handler() {
    const BYTES: usize = 64 << 20;
    let go = Arc::new(AtomicU64::new(0));
    let of_script = go.clone();
    let server = Server::start(move |number, peer| {
        if number > 0 {
            return;
        }
        peer.answer(event("id-1", "1"));
        peer.read_until(b"\r\n\r\n");
        of_script.store(1, Ordering::SeqCst);
        while of_script.load(Ordering::SeqCst) < 2 {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        assert_eq!(peer.count_until(b'x', b"\r\n0\r\n\r\n", |_| {}), BYTES);
        peer.send(accepted());
    });
    let mut process = Setup::function("streams_64_mib").start(server.address());
    wait_until("the stream begins", || go.load(Ordering::SeqCst) == 1, || process.report());
    // Time enough for 64 MB, were there nobody to wait for.
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert_eq!(process.log(), "", "the handler does not wait for its reader");
    process.check_idle();
    assert_eq!(process.log(), "", "the handler does not wait for its reader");
    go.store(2, Ordering::SeqCst);
    process.wait_for(&server, 2);
    assert_eq!(process.log(), "done\n");
    server.check();
}

/// The kernel's own rounding and the odd page of a first use, in KiB.
const STREAM_GROWTH_KIB_MAX: u64 = 4096;

#[test]
fn two_hundred_megabytes_are_streamed_at_flat_memory() {
    const BYTES: usize = 200 << 20;
    let (id, most) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let (id_of_script, most_of_script) = (id.clone(), most.clone());
    let server = Server::start(move |number, peer| {
        if number > 0 {
            return;
        }
        peer.expect_next();
        while id_of_script.load(Ordering::SeqCst) == 0 {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        peer.send(event("id-1", "1"));
        peer.read_until(b"\r\n\r\n");
        let mut measured = 0;
        let count = peer.count_until(b'x', b"\r\n0\r\n\r\n", |count| {
            if count - measured > 4 << 20 {
                measured = count;
                most_of_script.fetch_max(rss_kib(id_of_script.load(Ordering::SeqCst)), Ordering::SeqCst);
            }
        });
        assert_eq!(count, BYTES);
        peer.send(accepted());
    });
    let begun = std::time::Instant::now();
    let mut process = Setup::function("streams_200_mib").start(server.address());
    process.wait_for(&server, 1);
    let idle = process.rss_kib();
    id.store(u64::from(process.id()), Ordering::SeqCst);
    process.wait_for(&server, 2);
    server.check();
    let most = most.load(Ordering::SeqCst);
    tell(&format!(
        "stream: {} MiB, resident {idle} KiB idle, {most} KiB at most while it streams, {:.1} s",
        BYTES >> 20,
        begun.elapsed().as_secs_f64()
    ));
    assert!(most > 0 && most <= idle + STREAM_GROWTH_KIB_MAX, "resident memory grew from {idle} to {most} KiB");
}

/// Resident memory of a process in KiB.
fn rss_kib(id: u64) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}
