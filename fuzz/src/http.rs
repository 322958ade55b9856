//! The HTTP side: a Runtime API that sends anything at all, in pieces of any size, and closes when it likes.
//!
//! The loop of `runtime::run` without its pauses and its log: `next`, then one POST, as an event says (a response, an error, a stream).
//! What an event is, a naive parser decides: it takes more than RFC 9112, but what the client takes for an event must be one for it too.

use coldmoon::buffer::Buffer;
use coldmoon::http::connection::Transport;
use coldmoon::interpreter::{Failure, Invocation};
use coldmoon::runtime_api::{Endpoint, NextError, RuntimeApi};
use coldmoon::sys::Errno;

/// The receive buffer: smaller than the runtime's, so that its bound is met.
const RECEIVE_BYTES_MAX: usize = 64 * 1024;
/// Requests to `next` that give no event before it is over, as in `runtime::run`.
const NEXT_ATTEMPTS: u32 = 4;

/// What a server does besides sending bytes: two bytes in the input, the first of them NUL.
const MARK: u8 = 0;
/// Mark: the bytes before it arrive alone.
const SPLIT: u8 = b'S';
/// Mark: the connection ends in order.
const END: u8 = b'E';
/// Mark: the connection is reset.
const RESET: u8 = b'R';
/// Mark: what is sent is refused.
const REFUSE: u8 = b'P';
/// Mark: one byte of what is sent is taken.
const TAKE_ONE: u8 = b'T';
/// Mark: nothing is taken while something is to be received.
const TAKE_NONE: u8 = b'N';
/// All marks.
const MARKS: [u8; 6] = [SPLIT, END, RESET, REFUSE, TAKE_ONE, TAKE_NONE];

/// The whole conversation ends, each event gets at most one POST, what is sent of its body is right up to where it ends, an answer belongs to
/// a POST, and only a 200 with a request id is an event.
///
/// The first byte bounds what one `receive` gives, the rest is what the server sends and does.
pub fn http_reply(data: &[u8]) {
    run(data, false);
}

/// The same with each `next` in one write with the POST before it: what arrives behind the reply to the POST is that to `next`, once.
pub fn http_pipelined(data: &[u8]) {
    run(data, true);
}

fn run(data: &[u8], is_pipelined: bool) {
    let (first, script) = data.split_first().unwrap_or((&0, &[]));
    let piece_bytes_max = if *first == 0 { usize::MAX } else { usize::from(*first) };
    let mut peer = Peer { script, piece_bytes_max, calls_left: 20 * data.len() + 100, ..Peer::default() };
    let mut seen = Seen::default();
    peer.seen = Some(&mut seen);
    talk(&mut peer, is_pipelined);
}

fn talk(peer: &mut Peer<'_, '_>, is_pipelined: bool) {
    let shared = core::cell::RefCell::new(peer);
    let endpoint = Endpoint::parse(b"127.0.0.1:9001").expect("it is one");
    let mut api = RuntimeApi::new(Shared(&shared), endpoint, b"/var/task").expect("there is memory");
    if is_pipelined {
        api.pipeline();
    }
    let mut rx = Buffer::new(RECEIVE_BYTES_MAX);
    let mut failures = 0;
    loop {
        shared.borrow_mut().seen().begin_next();
        let result = api.next(&mut rx);
        let gets = shared.borrow_mut().seen().gets;
        assert!(gets <= 2, "next was sent {gets} times");
        let invocation = match result {
            Ok(invocation) => invocation,
            Err(NextError::Connection(_) | NextError::Status(403 | 500)) => return,
            Err(_) => {
                shared.borrow_mut().seen().begin();
                failures += 1;
                if failures == NEXT_ATTEMPTS {
                    return;
                }
                continue;
            }
        };
        failures = 0;
        {
            let mut peer = shared.borrow_mut();
            let seen = peer.seen();
            let given = if seen.is_ahead { behind_reply(&seen.given).expect("a POST without an answer") } else { &seen.given };
            check_event(&invocation, given, seen.is_over);
            seen.begin();
        }
        let answer = answer(&mut api, &invocation);
        {
            let mut peer = shared.borrow_mut();
            let Seen { posts, sent, .. } = peer.seen();
            assert!(*posts <= 1, "{posts} POSTs of one event");
            assert!(*posts == 1 || answer.is_err(), "an answer without a POST");
            check_body(&invocation, sent);
        }
        if answer == Ok(500) {
            return;
        }
        api.release();
    }
}

/// One POST, of a kind that the event's first byte chooses.
fn answer<T: Transport>(api: &mut RuntimeApi<'_, T>, invocation: &Invocation<'_>) -> Result<u16, ()> {
    let failure = Failure { error_type: b"Error", message: invocation.event, stack: b"a.lua:1: in x", is_fatal: false };
    match invocation.event.first() {
        Some(b'f') => api.fail(invocation, &failure).map_err(drop),
        Some(kind @ (b's' | b't')) => {
            let started = api.start_stream(invocation, b"text/plain");
            let written = started.and_then(|()| api.write_stream(invocation.event)).and_then(|()| api.write_stream(b"more"));
            let failure = Some(&failure).filter(|_| *kind == b't' || written.is_err());
            api.end_stream(failure).map_err(drop)
        }
        _ => api.respond(invocation, b"text/plain", invocation.event).map_err(drop),
    }
}

/// What has happened since the last request began.
#[derive(Default)]
struct Seen {
    gets: usize,
    posts: usize,
    /// What was taken of the request.
    sent: Vec<u8>,
    /// What the connection has given since the request was sent.
    given: Vec<u8>,
    /// Whether it has ended then.
    is_over: bool,
    /// Whether `next` was sent behind the POST: its reply is the second in `given`.
    is_ahead: bool,
}

impl Seen {
    fn begin(&mut self) {
        *self = Seen::default();
    }

    /// Before `next`: what was sent ahead counts as sent.
    fn begin_next(&mut self) {
        match self.is_ahead {
            true => (self.gets, self.posts) = (1, 0),
            false => self.begin(),
        }
    }
}

/// The server.
#[derive(Default)]
struct Peer<'a, 's> {
    script: &'a [u8],
    piece_bytes_max: usize,
    /// Calls that it may still get: a conversation that does not end runs out of them.
    calls_left: usize,
    seen: Option<&'s mut Seen>,
}

impl Peer<'_, '_> {
    fn seen(&mut self) -> &mut Seen {
        self.seen.as_mut().expect("it is set")
    }

    fn mark(&self) -> Option<u8> {
        match self.script {
            [MARK, mark, ..] if MARKS.contains(mark) => Some(*mark),
            _ => None,
        }
    }

    fn skip_mark(&mut self) {
        self.script = &self.script[2..];
    }

    fn count(&mut self) {
        self.calls_left = self.calls_left.checked_sub(1).expect("the conversation does not end");
    }
}

/// The server, lent to the client while the body looks at it.
struct Shared<'r, 'a, 's, 'p>(&'r core::cell::RefCell<&'p mut Peer<'a, 's>>);

impl Transport for Shared<'_, '_, '_, '_> {
    fn open(&mut self) -> Result<(), Errno> {
        let mut peer = self.0.borrow_mut();
        peer.count();
        while matches!(peer.mark(), Some(SPLIT | END | RESET)) {
            peer.skip_mark();
        }
        if peer.script.is_empty() { Err(Errno(111)) } else { Ok(()) }
    }

    fn send(&mut self, parts: &[&[u8]]) -> Result<usize, Errno> {
        let mut peer = self.0.borrow_mut();
        peer.count();
        let all: usize = parts.iter().map(|part| part.len()).sum();
        assert!(all > 0, "nothing to send");
        while peer.mark() == Some(SPLIT) {
            peer.skip_mark();
        }
        let taken = match peer.mark() {
            Some(REFUSE) => {
                peer.skip_mark();
                return Err(Errno(32));
            }
            Some(TAKE_ONE) => {
                peer.skip_mark();
                1
            }
            Some(TAKE_NONE) => {
                peer.skip_mark();
                return Ok(0);
            }
            _ => all,
        };
        let first = parts.iter().find(|part| !part.is_empty()).expect("there is something to send");
        let seen = peer.seen();
        if first.starts_with(b"GET /") {
            seen.gets += 1;
        } else if first.starts_with(b"POST /") {
            seen.posts += 1;
        }
        if first.starts_with(b"GET /") || first.starts_with(b"POST /") {
            (seen.is_over, seen.given, seen.sent, seen.is_ahead) = (false, Vec::new(), Vec::new(), false);
        }
        seen.is_ahead |= taken == all && !first.starts_with(b"GET /") && parts.last().is_some_and(|last| last.starts_with(b"GET /"));
        seen.sent.extend_from_slice(&parts.concat()[..taken]);
        Ok(taken)
    }

    fn receive(&mut self, into: &mut [u8]) -> Result<usize, Errno> {
        let mut peer = self.0.borrow_mut();
        peer.count();
        assert!(!into.is_empty(), "no room to receive");
        while matches!(peer.mark(), Some(SPLIT | REFUSE | TAKE_ONE | TAKE_NONE)) {
            peer.skip_mark();
        }
        match peer.mark() {
            Some(END) => {
                peer.skip_mark();
                peer.seen().is_over = true;
                return Ok(0);
            }
            Some(RESET) => {
                peer.skip_mark();
                return Err(Errno(104));
            }
            _ => {}
        }
        let bound = into.len().min(peer.piece_bytes_max).min(peer.script.len());
        let is_mark = |pair: &[u8]| pair[0] == MARK && MARKS.contains(&pair[1]);
        let count = peer.script.windows(2).take(bound).position(is_mark).unwrap_or(bound);
        let (bytes, rest) = peer.script.split_at(count);
        into[..count].copy_from_slice(bytes);
        peer.script = rest;
        let seen = peer.seen();
        seen.given.extend_from_slice(bytes);
        seen.is_over |= count == 0;
        Ok(count)
    }

    fn is_stale(&mut self) -> bool {
        let peer = self.0.borrow();
        peer.script.is_empty() || matches!(peer.mark(), Some(END | RESET))
    }

    fn close(&mut self) {
        // What was sent ahead of `next` is gone with it.
        let mut peer = self.0.borrow_mut();
        let seen = peer.seen();
        seen.is_ahead &= seen.posts == 0;
    }
}

/// Fails where what was sent of the body is not the beginning of what it should be.
fn check_body(invocation: &Invocation<'_>, sent: &[u8]) {
    let Some(start) = sent.windows(4).position(|end| end == b"\r\n\r\n") else { return };
    let (event, body) = (invocation.event, &sent[start + 4..]);
    let expected = match event.first() {
        Some(b'f') => b"{\"errorMessage\":".to_vec(),
        // An end without an error or with one, or where the chunks before it have failed, no end.
        Some(b's') => [format!("{:x}\r\n", event.len()).as_bytes(), event, b"\r\n4\r\nmore\r\n0\r\n\r\n"].concat(),
        Some(b't') => {
            [format!("{:x}\r\n", event.len()).as_bytes(), event, b"\r\n4\r\nmore\r\n0\r\nLambda-Runtime-Function-Error-Type: "].concat()
        }
        _ => event.to_vec(),
    };
    let (shown, wanted) = (body.escape_ascii(), expected.escape_ascii());
    assert!(body.starts_with(&expected) || expected.starts_with(body), "a body of {shown} instead of {wanted}");
}

/// Fails where these bytes are no such event.
fn check_event(invocation: &Invocation<'_>, given: &[u8], is_over: bool) {
    let (head, rest) = final_head(given).expect("an event without a head");
    let mut lines = head.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let status: Vec<&[u8]> = lines.next().unwrap_or_default().splitn(3, |byte| *byte == b' ').collect();
    assert_eq!(status.get(1).copied(), Some(&b"200"[..]), "an event with another status");
    let fields: Vec<(String, &[u8])> = lines
        .filter_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            Some((String::from_utf8_lossy(&line[..colon]).to_ascii_lowercase(), line[colon + 1..].trim_ascii()))
        })
        .collect();
    let values =
        |name: &'static str| fields.iter().filter(move |(known, value)| known == name && !value.is_empty()).map(|(_, value)| *value);
    let id = values("lambda-runtime-aws-request-id").next_back().expect("an event without a request id");
    assert_eq!(invocation.request_id, id);
    assert_eq!(invocation.invocation_id, values("lambda-runtime-invocation-id").next_back());
    assert!(id.iter().all(u8::is_ascii_graphic) && !id.contains(&b'/'), "an id that is no part of a path");
    let body = if values("transfer-encoding").next().is_some() {
        unchunk(rest).map(|(data, _)| data)
    } else if let Some(length) = values("content-length").next() {
        let length = std::str::from_utf8(length).ok().and_then(|text| text.split(',').next()?.trim().parse().ok());
        length.and_then(|length: usize| rest.get(..length)).map(<[u8]>::to_vec)
    } else {
        is_over.then(|| rest.to_vec())
    };
    assert_eq!(Some(invocation.event), body.as_deref(), "another body");
}

/// The head behind interim replies, and what follows it.
fn final_head(mut given: &[u8]) -> Option<(&[u8], &[u8])> {
    loop {
        let end = (0..given.len()).find(|at| given[*at..].starts_with(b"\n\n") || given[*at..].starts_with(b"\n\r\n"))?;
        let (head, rest) = given.split_at(end);
        let rest = &rest[if rest[1] == b'\n' { 2 } else { 3 }..];
        if !head.splitn(3, |byte| *byte == b' ').nth(1).is_some_and(|status| status.starts_with(b"1")) {
            return Some((head, rest));
        }
        given = rest;
    }
}

/// What stands behind the first reply, whose length is told or in chunks.
fn behind_reply(given: &[u8]) -> Option<&[u8]> {
    let (head, rest) = final_head(given)?;
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let values =
        |name: &str| head.lines().filter_map(|line| line.split_once(':')).find(|(key, _)| *key == name).map(|(_, value)| value.trim());
    if matches!(head.split(' ').nth(1).map(|status| &status.trim()[..3]), Some("204" | "304")) {
        Some(rest)
    } else if values("transfer-encoding").is_some() {
        unchunk(rest).map(|(_, rest)| rest)
    } else {
        rest.get(values("content-length")?.split(',').next()?.trim().parse().ok()?..)
    }
}

/// The data of the chunks, and what stands behind their trailers.
fn unchunk(mut rest: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut data = Vec::new();
    loop {
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        let line = rest[..end].split(|byte| *byte == b';').next()?.trim_ascii();
        let size = usize::from_str_radix(std::str::from_utf8(line).ok()?, 16).ok()?;
        rest = &rest[end + 1..];
        if size == 0 {
            loop {
                let end = rest.iter().position(|byte| *byte == b'\n')?;
                let is_last = matches!(&rest[..end], b"" | b"\r");
                rest = &rest[end + 1..];
                if is_last {
                    return Some((data, rest));
                }
            }
        }
        data.extend_from_slice(rest.get(..size)?);
        rest = &rest[size..];
        rest = rest.strip_prefix(b"\r\n").or_else(|| rest.strip_prefix(b"\n"))?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &str = "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: id\r\nContent-Length: 2\r\n\r\n";

    #[test]
    fn conversations_go_through() {
        for event in ["hi", "fi", "si", "ti"] {
            let text =
                format!("\u{3}{EVENT}{event}\0SHTTP/1.1 202 A\r\nContent-Length: 0\r\n\r\n\0SHTTP/1.1 403 F\r\nContent-Length: 0\r\n\r\n");
            http_reply(text.as_bytes());
            // Whatever the two replies are split into.
            for piece in 1..=255 {
                http_pipelined(&[&[piece], text[1..].replace("\0S", "").as_bytes()].concat());
            }
        }
    }

    #[test]
    fn the_end_of_a_reply_is_found() {
        for (reply, rest) in [
            ("HTTP/1.1 202 A\r\nContent-Length: 2\r\n\r\n{}HTTP", "HTTP"),
            ("HTTP/1.1 100 C\r\n\r\nHTTP/1.1 202 A\ntransfer-encoding: chunked\n\n2;x\r\n{}\r\n0\r\nT: u\r\n\r\nrest", "rest"),
            ("HTTP/1.1 204 N\r\nContent-Length: 2\r\n\r\nrest", "rest"),
        ] {
            assert_eq!(behind_reply(reply.as_bytes()), Some(rest.as_bytes()), "{reply}");
        }
    }

    #[test]
    #[should_panic(expected = "a body of")]
    fn a_body_that_is_another_is_found() {
        let invocation = Invocation { request_id: b"id", event: b"st", ..Invocation::default() };
        check_body(&invocation, b"POST / HTTP/1.1\r\n\r\n2\r\ns0\r\n\r\n");
    }

    #[test]
    #[should_panic(expected = "another body")]
    fn an_event_that_is_another_is_found() {
        let invocation = Invocation { request_id: b"id", event: b"ho", ..Invocation::default() };
        check_event(&invocation, format!("{EVENT}hi").as_bytes(), false);
    }

    #[test]
    #[should_panic(expected = "another status")]
    fn a_status_that_is_no_event_is_found() {
        let invocation = Invocation { request_id: b"id", event: b"hi", ..Invocation::default() };
        check_event(&invocation, format!("{EVENT}hi").replace("200", "202").as_bytes(), false);
    }
}
