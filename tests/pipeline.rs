//! `COLDMOON_PIPELINE=1`: the POST and the `next` behind it in one write, against the scripted server.
//!
//! The server sees `next` before it has answered the POST; both replies are fed in every split; whatever ends a connection, each event gets
//! one POST and no event is lost.

use std::sync::atomic::{AtomicUsize, Ordering};

use coldmoon_tests::language::{Language, language};
use coldmoon_tests::process::{Process, Setup};
use coldmoon_tests::server::{Peer, Server};
use coldmoon_tests::wait_until;
use coldmoon_tests::wire::{accepted, chunked_event, event, refused, reply};
use rustix::process::Signal;

const ECHO: &str = "echo";
const NEXT: &str = "GET /2018-06-01/runtime/invocation/next";

fn pipelined(function: &str) -> Setup {
    Setup::function(function).with("COLDMOON_PIPELINE", "1")
}

/// Requests, each as `next`, or as the end of its path: `id-1/response`.
fn short_lines(server: &Server) -> Vec<Vec<String>> {
    let short = |line: String| line.rsplit_once("invocation/").map(|(_, rest)| rest.to_owned()).unwrap_or(line);
    server.records().into_iter().map(|record| record.requests.iter().map(|request| short(request.line())).collect()).collect()
}

/// Runs a server against a function until it has got so many requests.
fn run(function: &str, requests: usize, script: impl Fn(usize, &mut Peer) + Send + Sync + 'static) -> (Server, Process) {
    let server = Server::start(script);
    let mut process = pipelined(function).start(server.address());
    process.wait_for(&server, requests);
    process.kill();
    server.check();
    (server, process)
}

#[test]
fn next_comes_with_the_post_and_each_event_is_answered_once() {
    let (server, process) = run("fails_for_2", 7, |_, peer| {
        peer.answer(event("id-1", "1"));
        for (id, body) in [("id-2", "2"), ("id-3", "3"), ("", "")] {
            peer.expect_post();
            // Nothing is answered yet.
            peer.expect_next();
            peer.send(accepted());
            if !id.is_empty() {
                peer.send(event(id, body));
            }
        }
    });
    assert_eq!(short_lines(&server), [["next", "id-1/response", "next", "id-2/error", "next", "id-3/response", "next"]]);
    let Language { error_type, oops, .. } = language();
    assert!(process.log().starts_with(&format!("[ERROR] id-2 {error_type}: {oops}")), "{}", process.report());
}

#[test]
fn without_the_variable_next_waits_for_the_answer() {
    for value in ["", "0", "true"] {
        let server = Server::start(|_, peer| {
            peer.answer(event("id-1", "1"));
            peer.expect_post();
        });
        let mut process = Setup::function(ECHO).with("COLDMOON_PIPELINE", value).start(server.address());
        process.wait_for(&server, 2);
        std::thread::sleep(std::time::Duration::from_millis(50));
        assert_eq!(server.count(), 2, "{value:?}: {}", process.report());
    }
}

/// The answer to a POST and the event behind it in one stream, for every place where that can be cut.
fn feed_every_split(first: &'static [u8], second: fn(&str) -> Vec<u8>) {
    let both = move |id: &str| [first, &second(id)].concat();
    let count = both("id-0000").len();
    let turn = AtomicUsize::new(0);
    let (server, process) = run(ECHO, 2 * count + 1, move |_, peer| {
        peer.expect_next();
        peer.send(second("id-0000"));
        while peer.try_request().is_some() {
            if peer.try_request().is_none() {
                return;
            }
            let at = turn.fetch_add(1, Ordering::SeqCst) + 1;
            match at == count {
                true => peer.send(first),
                false => peer.send_split(&both(&format!("id-{at:04}")), at),
            }
        }
    });
    let posts = server.posts();
    assert_eq!((posts.len(), server.records().len()), (count, 1), "{}", process.report());
    for (at, post) in posts.iter().enumerate() {
        assert_eq!(post.path, format!("/2018-06-01/runtime/invocation/id-{at:04}/response"), "{}", process.report());
        assert_eq!(post.text(), "[1,\"é\"]", "cut at {at}");
    }
    assert_eq!(process.log(), "");
}

const BODY: &str = "[1,\"é\"]";

#[test]
fn two_replies_in_one_stream_are_taken_at_every_split() {
    feed_every_split(b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}", |id| event(id, BODY));
}

#[test]
fn two_chunked_replies_in_one_stream_are_taken_at_every_split() {
    feed_every_split(b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1;x=y\r\n}\r\n0\r\nT: u\r\n\r\n", |id| {
        chunked_event(id, &[(b"[1,\"\xc3", ""), (b"\xa9\"]", ";q")], "T: u\r\n")
    });
}

#[test]
fn an_event_of_six_megabytes_begins_in_the_same_packet() {
    let body = format!("\"{}\"", "x".repeat(6 << 20));
    let both = [accepted(), event("id-2", &body)].concat();
    let (server, _) = run("length", 5, move |_, peer| {
        peer.answer(event("id-1", "\"\""));
        peer.expect_post();
        peer.expect_next();
        peer.send(&both);
    });
    assert_eq!(server.posts()[1].text(), (6 << 20).to_string());
}

/// How a server ends a connection: the case, the act, and what it sends before.
type Closing = (&'static str, fn(&mut Peer), Vec<u8>);

#[test]
fn next_is_sent_again_when_the_connection_ends_behind_the_post() {
    let announced = || reply("202 Accepted", "Connection: close\r\n", "{}");
    let closings: [Closing; 6] = [
        ("announced", Peer::close, announced()),
        ("not announced", Peer::close, accepted()),
        ("half closed", Peer::close_half, accepted()),
        ("no answer", Peer::close, Vec::new()),
        ("413, and the connection is over", Peer::close, reply("413 Large", "Connection: close\r\n", "{}")),
        ("an event that is cut", Peer::close, [accepted(), event("id-2", "22")[..100].to_vec()].concat()),
    ];
    for (name, close, answer) in closings {
        let (server, process) = run(ECHO, 6, move |number, peer| match number {
            0 => {
                peer.answer(event("id-1", "1"));
                peer.expect_post();
                peer.expect_next();
                peer.send(&answer);
                close(peer);
            }
            _ => {
                peer.answer(event("id-2", "22"));
                peer.expect_post();
                peer.expect_next();
            }
        });
        assert_eq!(short_lines(&server), [vec!["next", "id-1/response", "next"], vec!["next", "id-2/response", "next"]], "{name}");
        let is_said = process.log().contains("[WARN] id-1 ");
        assert_eq!(is_said, name == "no answer" || name.starts_with("413"), "{name}\n{}", process.report());
    }
}

#[test]
fn a_refused_post_is_followed_by_the_event_behind_it() {
    for status in [400, 403, 404, 410, 413] {
        let (server, process) = run(ECHO, 5, move |_, peer| {
            peer.answer(event("id-1", "1"));
            peer.expect_post();
            peer.expect_next();
            peer.send([refused(status), event("id-2", "2")].concat());
        });
        assert_eq!(short_lines(&server), [["next", "id-1/response", "next", "id-2/response", "next"]], "{status}");
        assert!(process.log().starts_with(&format!("[WARN] id-1 the Runtime API answered {status} ")), "{}", process.report());
    }
}

#[test]
fn a_post_answered_by_500_ends_the_process_whatever_comes_behind() {
    let server = Server::start(|_, peer| {
        peer.answer(event("id-1", "1"));
        peer.expect_post();
        peer.expect_next();
        peer.send([refused(500), event("id-2", "2")].concat());
    });
    let mut process = pipelined(ECHO).start(server.address());
    assert_eq!(process.wait().code, 1);
    assert_eq!(server.posts().len(), 1, "the second event is not begun");
}

#[test]
fn what_ends_the_process_asks_for_no_event() {
    for (function, code) in [("exits_3", 3), ("out_of_memory", 1), ("fails_to_load", 1)] {
        let server = Server::start(|_, peer| {
            while let Some(request) = peer.try_request() {
                peer.send(if request.is_next() { event("id-1", "1") } else { accepted() });
            }
        });
        let mut process = pipelined(function).start(server.address());
        assert_eq!(process.wait().code, code, "{}", process.report());
        let requests = server.lines();
        assert!(requests.len() <= 2 && requests.last().is_some_and(|line| line.ends_with("/error")), "{requests:?}");
    }
}

#[test]
fn a_stream_is_followed_by_a_next_of_its_own() {
    let (server, _) = run("streams_for_1", 7, |number, peer| match number {
        0 => {
            peer.answer(event("id-1", "1"));
            peer.expect_post();
            peer.send(accepted());
        }
        _ => {
            peer.answer(event("id-2", "2"));
            peer.expect_post();
            peer.expect_next();
            peer.send([accepted(), event("id-3", "3")].concat());
        }
    });
    assert_eq!(short_lines(&server), [vec!["next", "id-1/response"], vec!["next", "id-2/response", "next", "id-3/response", "next"]]);
}

#[test]
fn a_termination_is_noticed_while_next_waits_behind_the_post() {
    for event_comes in [false, true] {
        let server = Server::start(move |number, peer| {
            // The second connection is the parked one: it asks, and gets no answer.
            if peer.try_request().is_none() || number > 0 {
                return;
            }
            peer.send(reply("200 OK", "Lambda-Extension-Identifier: extension-1\r\n", "{}"));
            peer.answer(event("id-1", "1"));
            peer.expect_post();
            peer.expect_next();
            peer.send(accepted());
            if event_comes {
                peer.send(event("id-2", "2"));
                peer.expect_post();
                peer.expect_next();
                peer.send(accepted());
            }
        });
        let mut process = pipelined("shutdown_hook").start(server.address());
        process.wait_for(&server, if event_comes { 7 } else { 5 });
        process.signal(Signal::TERM);
        assert_eq!(process.wait().code, 0, "{}", process.report());
        assert_eq!(process.log(), "hook\n");
        assert_eq!(server.posts().len(), if event_comes { 3 } else { 2 }, "the registration and the responses");
    }
}

#[test]
fn every_worker_has_its_own_next_behind_its_posts() {
    let server = Server::start(|number, peer| {
        peer.answer(event(&format!("id-{number}-0"), "0"));
        for turn in 1..20 {
            peer.expect_post();
            peer.expect_next();
            peer.send([accepted(), event(&format!("id-{number}-{turn}"), turn.to_string())].concat());
        }
        peer.expect_post();
        peer.expect_next();
    });
    let mut process = pipelined(ECHO).with("AWS_LAMBDA_MAX_CONCURRENCY", "3").start(server.address());
    process.wait_for(&server, 3 * 41);
    wait_until("three connections", || server.records().len() == 3, || process.report());
    process.kill();
    server.check();
    for (number, record) in server.records().iter().enumerate() {
        let posts: Vec<_> = record.requests.iter().filter(|request| request.method == "POST").collect();
        for (turn, post) in posts.iter().enumerate() {
            assert_eq!(post.path, format!("/2018-06-01/runtime/invocation/id-{number}-{turn}/response"));
            assert_eq!(post.text(), turn.to_string());
        }
        assert_eq!(record.requests.iter().filter(|request| request.line() == NEXT).count(), 21);
    }
}
