//! One persistent connection: sends a request, receives the whole reply, knows when a request may be sent again.
//!
//! There are no timeouts: the sandbox may be frozen for hours while a reply is awaited, and a client that gives up then loses the event.
//! The connection is reopened when the server has closed it. What is sent again, and what is not:
//!
//! | request | the connection failed | what happens |
//! | --- | --- | --- |
//! | idempotent (GET) | before or within the reply | once more on a new connection |
//! | POST | before a byte of it was taken | once more on a new connection |
//! | POST | later, without a reply | never sent again: the server may have acted on it. [`Error::Closed`] or [`Error::Truncated`] |
//!
//! A POST looks before it is sent whether the server has closed the idle connection (one `recv` that does not wait: 0.4 µs of a cycle of
//! some 30): without that, a closed connection is noticed only after the request is gone and nobody knows whether it was read. What `send`
//! and `recv` say afterwards does not tell: a server that read the POST and closed looks the same as one that closed before.
//!
//! **Pipelining** (RFC 9112 section 9.3.2). An idempotent request may go out behind another one in the same write ([`Request::then`]); the
//! next exchange then only receives. What comes of its reply together with the first one is kept. Whenever the connection does not outlive
//! the first reply, the next exchange sends its request as if nothing had been sent ahead.

use super::chunked::{self, ChunkError, Chunked};
use super::response::{self, Framing, Head, HeadError};
use crate::buffer::{Buffer, Overflow};
use crate::bytes;
use crate::dns::{self, Address};
use crate::limits;
use crate::sys::{self, Errno};
use core::ffi::c_int;
use core::ops::Range;

/// A byte stream to the server: a [`Socket`], or a script in tests.
pub trait Transport {
    /// Connects.
    fn open(&mut self) -> Result<(), Errno>;
    /// Sends the beginning of what the parts hold together, returns how many bytes were taken. At most `sys::SEND_PARTS_MAX` parts. 0 where
    /// the peer takes nothing for now and has said something, or closed, instead.
    fn send(&mut self, parts: &[&[u8]]) -> Result<usize, Errno>;
    /// Waits for bytes, returns how many came; 0 at the end of the stream.
    fn receive(&mut self, into: &mut [u8]) -> Result<usize, Errno>;
    /// Waits for bytes; an error if the process is to do something else instead (`EINTR`).
    fn wait(&mut self) -> Result<(), Errno> {
        Ok(())
    }
    /// Whether an idle stream has ended or holds something unasked. Does not wait.
    fn is_stale(&mut self) -> bool;
    /// Closes.
    fn close(&mut self);
}

/// Why there is no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// Connecting failed.
    Connect(Errno),
    /// Sending failed, and no reply had come before.
    Send(Errno),
    /// A reply came before all was sent: the server wants no more.
    Answered,
    /// Receiving failed.
    Receive(Errno),
    /// The process was asked to end while it waited for the reply to an idempotent request.
    Interrupted,
    /// The server closed the connection without a reply.
    Closed,
    /// The connection ended within the reply.
    Truncated,
    /// The head is no HTTP.
    Head(HeadError),
    /// The head exceeds `limits::HEAD_BYTES_MAX`.
    HeadTooLong,
    /// More than `limits::INTERIM_REPLIES_MAX` interim replies.
    TooManyInterim,
    /// The chunks are none.
    Chunk(ChunkError),
    /// The reply exceeds the buffer's bound.
    TooLong,
    /// No memory for the reply.
    Memory,
}

impl Error {
    /// The words for a message that ends the process.
    pub fn text(self) -> &'static str {
        match self {
            Error::Connect(Errno::NO_ADDRESS) => "cannot connect, because the server's host name was not found",
            Error::Connect(_) => "cannot connect",
            Error::Send(_) => "sending failed",
            Error::Answered => "the server wants no more",
            Error::Receive(_) => "receiving failed",
            Error::Interrupted => "the process was asked to end",
            Error::Closed => "the server closed the connection without a reply",
            Error::Truncated => "the connection ended within a reply",
            Error::Head(_) | Error::Chunk(_) => "the reply is not HTTP/1.1",
            Error::HeadTooLong | Error::TooManyInterim => "the reply's head is too long",
            Error::TooLong => "the reply is too long",
            Error::Memory => "no memory for the reply",
        }
    }

    /// The system's error number behind it, if there is one.
    pub fn errno(self) -> Option<Errno> {
        match self {
            Error::Connect(errno) | Error::Send(errno) | Error::Receive(errno) => Some(errno).filter(|errno| *errno != Errno::NO_ADDRESS),
            _ => None,
        }
    }
}

impl From<Overflow> for Error {
    fn from(overflow: Overflow) -> Error {
        match overflow {
            Overflow::Bound => Error::TooLong,
            Overflow::Memory => Error::Memory,
        }
    }
}

/// A request, ready to be sent.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The head with its empty line.
    pub head: &'a [u8],
    /// The body, empty for a GET.
    pub body: &'a [u8],
    /// Whether it may be sent again when nobody knows whether it arrived.
    pub idempotent: bool,
    /// The head of the next request, to be sent in the same write; empty if there is none. That request is idempotent and has no body.
    pub then: &'a [u8],
}

/// A complete reply: offsets into the buffer that received it.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The final head.
    pub head: Head,
    /// Where that head begins (behind interim replies).
    pub head_at: usize,
    /// The body, without framing.
    pub body: Range<usize>,
    /// Where the reply ends. Bytes behind it are of the next one.
    pub end: usize,
}

/// One persistent connection over a [`Transport`].
pub struct Connection<T: Transport> {
    transport: T,
    is_open: bool,
    /// Whether the next request is sent already ([`Request::then`]); its reply is still to be received.
    is_ahead: bool,
    /// What came of that reply together with the one before.
    ahead: Buffer,
    /// Whether a chunk was not sent whole: what followed it would be taken for its rest.
    is_cut: bool,
}

impl<T: Transport> Connection<T> {
    /// A connection that opens when it is first used.
    pub const fn new(transport: T) -> Connection<T> {
        Connection { transport, is_open: false, is_cut: false, is_ahead: false, ahead: Buffer::with_first(limits::REPLY_BYTES_MAX, 4096) }
    }

    /// Connects where that is not done yet.
    pub fn open(&mut self) -> Result<(), Errno> {
        if !self.is_open {
            self.transport.open()?;
            self.is_open = true;
        }
        Ok(())
    }

    /// Sends `request` and receives the reply into `rx`, whose former contents are dropped.
    pub fn exchange(&mut self, request: Request<'_>, rx: &mut Buffer) -> Result<Reply, Error> {
        if !request.idempotent {
            self.close_if_stale();
        }
        let (first, was_taken) = self.attempt(request, rx);
        let reply = match first {
            Err(Error::Send(_) | Error::Receive(_) | Error::Closed | Error::Truncated) if request.idempotent || !was_taken => {
                self.close();
                self.attempt(request, rx).0
            }
            result => result,
        };
        match &reply {
            Ok(reply) if !reply.head.close && !request.then.is_empty() => self.keep_ahead(&rx.bytes()[reply.end..]),
            // Bytes behind a reply belong to no request of ours: that connection is out of step.
            Ok(reply) if !reply.head.close && rx.len() == reply.end => {}
            _ => self.close(),
        }
        reply
    }

    /// Keeps what came of the reply to the request that was sent ahead. Without memory for it the request is sent again.
    fn keep_ahead(&mut self, bytes: &[u8]) {
        self.ahead.clear();
        match self.ahead.push(bytes) {
            Ok(()) => self.is_ahead = true,
            Err(_) => self.close(),
        }
    }

    /// Closes a connection on which a POST would be lost, or answered by the reply to another request.
    fn close_if_stale(&mut self) {
        if self.is_open && (self.is_ahead || self.transport.is_stale()) {
            self.close();
        }
    }

    /// One attempt; also tells whether any byte of the request was taken.
    #[inline(never)]
    fn attempt(&mut self, request: Request<'_>, rx: &mut Buffer) -> (Result<Reply, Error>, bool) {
        if let Err(errno) = self.open() {
            return (Err(Error::Connect(errno)), false);
        }
        rx.clear();
        let (sent, taken) = if core::mem::take(&mut self.is_ahead) {
            if let Err(overflow) = rx.push(self.ahead.bytes()) {
                return (Err(overflow.into()), true);
            }
            (Ok(()), request.head.len())
        } else {
            self.send([request.head, request.body, request.then], rx)
        };
        let reply = match sent {
            // Once a reply has begun, it is received.
            Ok(()) if request.idempotent && rx.is_empty() && self.transport.wait().is_err() => Err(Error::Interrupted),
            Ok(()) => self.receive(rx),
            // A server that refuses a body (413) answers while we still write, and may close. Its answer counts.
            Err(error) if taken > 0 => match self.receive(rx) {
                Ok(mut reply) => {
                    reply.head.close = true;
                    Ok(reply)
                }
                Err(_) => Err(error),
            },
            Err(error) => Err(error),
        };
        (reply, taken > 0)
    }

    /// Sends the parts whole; also tells how many bytes were taken. What the peer says while it takes nothing goes into `rx`.
    fn send<const N: usize>(&mut self, mut parts: [&[u8]; N], rx: &mut Buffer) -> (Result<(), Error>, usize) {
        const { assert!(N <= sys::SEND_PARTS_MAX) };
        let mut taken = 0;
        while parts.iter().any(|part| !part.is_empty()) {
            match self.transport.send(&parts) {
                // Words before the first byte of a request answer nothing: the connection is out of step.
                Ok(0) if taken == 0 => return (Err(Error::Closed), 0),
                Ok(0) => {
                    if let Err(error) = self.fill(rx, 1) {
                        return (Err(error), taken);
                    }
                    if is_answered(rx.bytes()) {
                        return (Err(Error::Answered), taken);
                    }
                }
                Ok(count) => {
                    taken += count;
                    let mut count = count;
                    for part in &mut parts {
                        let of_part = count.min(part.len());
                        *part = &part[of_part..];
                        count -= of_part;
                    }
                }
                Err(errno) => return (Err(Error::Send(errno)), taken),
            }
        }
        (Ok(()), taken)
    }

    /// Sends a head alone; a body may follow in chunks ([`Connection::send_chunk`], [`Connection::end_chunks`]), with the same `rx`. As for
    /// a POST, a second connection is tried if not a byte was taken.
    pub fn start(&mut self, head: &[u8], rx: &mut Buffer) -> Result<(), Error> {
        self.close_if_stale();
        self.is_cut = false;
        for is_last in [false, true] {
            rx.clear();
            self.open().map_err(Error::Connect)?;
            match self.send([head], rx) {
                (Ok(()), _) => break,
                (Err(error), taken) => {
                    // What follows a broken head would be taken for a request of its own.
                    self.close();
                    if is_last || taken > 0 {
                        return Err(error);
                    }
                }
            }
        }
        Ok(())
    }

    /// Sends one chunk (RFC 9112 section 7.1); waits while the peer is slow. `data` is not empty: an empty chunk ends the body.
    pub fn send_chunk(&mut self, data: &[u8], rx: &mut Buffer) -> Result<(), Error> {
        let mut line = [0; 18];
        let at = chunked::format_size(data.len(), &mut line);
        let sent = self.send([&line[at..], data, b"\r\n"], rx).0;
        self.is_cut |= sent.is_err();
        sent
    }

    /// Ends the body with `trailers` (whole field lines), receives the reply into `rx`, closes the connection: the Runtime API's pages ask
    /// for that after a stream. The reply is awaited even if sending has failed: a server that refuses a stream says why.
    pub fn end_chunks(&mut self, trailers: &[u8], rx: &mut Buffer) -> Result<Reply, Error> {
        if !self.is_open {
            return Err(Error::Closed);
        }
        let sent = if self.is_cut { Ok(()) } else { self.send([b"0\r\n", trailers, b"\r\n"], rx).0 };
        let reply = self.receive(rx);
        self.close();
        reply.map_err(|error| sent.err().unwrap_or(error))
    }

    /// Receives one whole reply.
    #[inline(never)]
    fn receive(&mut self, rx: &mut Buffer) -> Result<Reply, Error> {
        let mut head_at = 0;
        for _ in 0..limits::INTERIM_REPLIES_MAX {
            let head = self.receive_head(rx, head_at)?;
            let body_at = head_at + head.bytes;
            if head.status >= 200 {
                return self.receive_body(rx, head, head_at);
            }
            head_at = body_at;
        }
        Err(Error::TooManyInterim)
    }

    fn receive_head(&mut self, rx: &mut Buffer, head_at: usize) -> Result<Head, Error> {
        let mut searched = 0;
        loop {
            let input = &rx.bytes()[head_at..];
            if let Some(end) = response::find_end(input, searched) {
                return response::parse(&input[..end]).map_err(Error::Head);
            }
            searched = input.len();
            if searched >= limits::HEAD_BYTES_MAX {
                return Err(Error::HeadTooLong);
            }
            self.fill(rx, 1)?;
        }
    }

    fn receive_body(&mut self, rx: &mut Buffer, head: Head, head_at: usize) -> Result<Reply, Error> {
        let body_at = head_at + head.bytes;
        let (body, end) = match head.framing {
            Framing::Length(length) => {
                let end = body_at.checked_add(length).ok_or(Error::TooLong)?;
                while rx.len() < end {
                    self.fill(rx, end - rx.len())?;
                }
                (body_at..end, end)
            }
            Framing::Chunked => {
                let mut chunked = Chunked::new(body_at);
                while !chunked.decode(rx.bytes_mut()).map_err(Error::Chunk)? {
                    self.fill(rx, chunked.missing().max(1))?;
                }
                (chunked.data(), chunked.end())
            }
            Framing::Close => {
                loop {
                    match self.fill(rx, 1) {
                        Ok(()) => {}
                        Err(Error::Closed | Error::Truncated) => break,
                        Err(error) => return Err(error),
                    }
                }
                (body_at..rx.len(), rx.len())
            }
        };
        Ok(Reply { head, head_at, body, end })
    }

    /// Receives at least one byte; makes room for `wanted` first, so that a long body comes in few calls.
    fn fill(&mut self, rx: &mut Buffer, wanted: usize) -> Result<(), Error> {
        rx.reserve(wanted)?;
        match self.transport.receive(rx.spare()) {
            Ok(0) if rx.is_empty() => Err(Error::Closed),
            Ok(0) => Err(Error::Truncated),
            Ok(count) => {
                rx.advance(count);
                Ok(())
            }
            Err(errno) => Err(Error::Receive(errno)),
        }
    }

    /// Closes the connection; the next exchange opens a new one.
    pub fn close(&mut self) {
        if self.is_open {
            self.transport.close();
            self.is_open = false;
            self.is_ahead = false;
        }
    }
}

/// Whether what has been received holds a head that is none of an interim reply, or is no HTTP: then there is no point in sending more.
fn is_answered(mut input: &[u8]) -> bool {
    while let Some(end) = response::find_end(input, 0) {
        match response::parse(&input[..end]) {
            Ok(head) if head.status < 200 => input = &input[end..],
            _ => return true,
        }
    }
    false
}

/// A TCP connection to `host:port`.
pub struct Socket {
    host: Host,
    port: u16,
    fd: c_int,
}

// There are two of these in a process, both made at start: the room for a name is not worth an allocation.
#[allow(clippy::large_enum_variant)]
enum Host {
    /// Nothing is looked up.
    Address(Address),
    /// Looked up at every connect, so that a name that has moved is found again.
    Name([u8; Host::NAME_BYTES_MAX], usize),
}

impl Host {
    /// A domain name has at most 253 characters (RFC 1035 section 2.3.4).
    const NAME_BYTES_MAX: usize = 253;
}

impl Socket {
    /// The socket for an authority (RFC 3986 section 3.2 without user information): `host:port`, `[address]:port` or a bare host, which
    /// means port 80. `None` if it is none. Connects to nothing yet.
    pub fn new(authority: &[u8]) -> Option<Socket> {
        // The port begins at the last colon, unless that stands in the brackets of an IPv6 address.
        let (host, port) = match bytes::find_last(b':', authority) {
            Some(colon) if !authority.ends_with(b"]") => (&authority[..colon], dns::parse_port(&authority[colon + 1..])?),
            _ => (authority, 80),
        };
        let host = host.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]")).unwrap_or(host);
        let host = match dns::parse_address(host) {
            Some(address) => Host::Address(address),
            None => {
                let mut name = [0; Host::NAME_BYTES_MAX];
                name.get_mut(..host.len()).filter(|_| !host.is_empty())?.copy_from_slice(host);
                Host::Name(name, host.len())
            }
        };
        Some(Socket { host, port, fd: -1 })
    }
}

impl Transport for Socket {
    fn open(&mut self) -> Result<(), Errno> {
        let address = match &self.host {
            Host::Address(address) => *address,
            Host::Name(name, len) => dns::resolve(&name[..*len]).ok_or(Errno::NO_ADDRESS)?,
        };
        self.fd = sys::connect(&address.with_port(self.port))?;
        Ok(())
    }

    fn send(&mut self, parts: &[&[u8]]) -> Result<usize, Errno> {
        sys::send(self.fd, parts)
    }

    fn receive(&mut self, into: &mut [u8]) -> Result<usize, Errno> {
        sys::receive(self.fd, into)
    }

    fn wait(&mut self) -> Result<(), Errno> {
        sys::wait_readable(self.fd)
    }

    fn is_stale(&mut self) -> bool {
        sys::is_stale(self.fd)
    }

    fn close(&mut self) {
        sys::close(self.fd);
        self.fd = -1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::script::{Script, Step};

    const GET: Request<'static> = Request { head: b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", body: b"", idempotent: true, then: b"" };
    const POST: Request<'static> =
        Request { head: b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n", body: b"hi", idempotent: false, then: b"" };

    /// Status and body.
    type Answer = (u16, Vec<u8>);

    /// Runs one exchange: its answer or the error, and the bytes that each connection got.
    fn run(request: Request<'_>, connections: Vec<Vec<Step>>) -> (Result<Answer, Error>, Vec<Vec<u8>>) {
        let mut rx = Buffer::new(1 << 20);
        let mut connection = Connection::new(Script::new(connections));
        let result = connection.exchange(request, &mut rx).map(|reply| (reply.head.status, rx.bytes()[reply.body].to_vec()));
        let sent = connection.transport.sent.clone();
        (result, sent)
    }

    #[test]
    fn replies_are_whole_however_they_are_split() {
        for (text, body) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello"),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\nT: v\r\n\r\n", "hello"),
            (
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
                "hi",
            ),
            ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ""),
        ] {
            for cut in 1..text.len() {
                let steps = vec![Step::Take, Step::Give(text[..cut].into()), Step::Give(text[cut..].into())];
                let (result, sent) = run(GET, vec![steps]);
                assert_eq!(result, Ok((200, body.into())), "{text:?} cut at {cut}");
                assert_eq!(sent, [GET.head]);
            }
            let bytes = text.bytes().map(|byte| Step::Give(vec![byte]));
            let (result, _) = run(GET, vec![[Step::Take].into_iter().chain(bytes).collect()]);
            assert_eq!(result, Ok((200, body.into())), "{text:?} byte by byte");
        }
    }

    #[test]
    fn a_body_without_length_reads_to_the_close() {
        let steps = vec![Step::Take, Step::Give("HTTP/1.1 400 Bad Request\r\n\r\nbad".into()), Step::Give(" header".into()), Step::End];
        assert_eq!(run(GET, vec![steps]).0, Ok((400, b"bad header".to_vec())));
    }

    #[test]
    fn a_get_cut_anywhere_is_asked_once_more() {
        let text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
        for cut in 0..text.len() {
            for end in [Step::End, Step::Fail] {
                let first = vec![Step::Take, Step::Give(text[..cut].into()), end.clone()];
                let second = vec![Step::Take, Step::Give(text.into())];
                let (result, sent) = run(GET, vec![first.clone(), second]);
                assert_eq!(result, Ok((200, b"hello".to_vec())), "cut at {cut}");
                assert_eq!(sent, [GET.head, GET.head]);
                assert!(run(GET, vec![first.clone(), first]).0.is_err(), "twice cut at {cut}");
            }
        }
    }

    #[test]
    fn a_post_that_was_taken_is_never_sent_again() {
        let whole = [POST.head, POST.body].concat();
        for end in [Step::End, Step::Fail] {
            for text in ["", "HTTP/1.1 202 Accep"] {
                let steps = vec![Step::Take, Step::Give(text.into()), end.clone()];
                let (result, sent) = run(POST, vec![steps, vec![Step::Take, Step::Give("HTTP/1.1 202 OK\r\n\r\n".into())]]);
                assert!(result.is_err());
                assert_eq!(sent, [&whole[..]]);
            }
        }
    }

    #[test]
    fn a_post_on_a_closed_connection_goes_to_a_new_one() {
        let mut rx = Buffer::new(1 << 20);
        let ok = || Step::Give("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n".into());
        let mut connection = Connection::new(Script::new(vec![vec![Step::Take, ok(), Step::End], vec![Step::Take, ok()]]));
        for request in [GET, POST] {
            assert_eq!(connection.exchange(request, &mut rx).map(|reply| reply.head.status), Ok(202));
        }
        assert_eq!(connection.transport.sent, [GET.head.to_vec(), [POST.head, POST.body].concat()]);
    }

    #[test]
    fn an_announced_close_is_honoured() {
        let mut rx = Buffer::new(1 << 20);
        let closing = Step::Give("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".into());
        let mut connection = Connection::new(Script::new(vec![vec![Step::Take, closing.clone()], vec![Step::Take, closing]]));
        for request in [GET, POST] {
            assert!(connection.exchange(request, &mut rx).is_ok());
        }
        assert_eq!(connection.transport.sent.len(), 2);
    }

    #[test]
    fn an_early_answer_to_a_long_body_is_read() {
        let body = vec![b'x'; 100_000];
        let request = Request { body: &body, ..POST };
        let answer = Step::Give("HTTP/1.1 413 Request Entity Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbig".into());
        let (result, sent) = run(request, vec![vec![Step::TakeSome(1000), Step::Refuse, answer]]);
        assert_eq!(result, Ok((413, b"big".to_vec())));
        assert_eq!(sent.len(), 1);
    }

    #[test]
    fn an_answer_is_heard_while_nothing_is_taken() {
        let body = vec![b'x'; 100_000];
        let request = Request { body: &body, ..POST };
        let interim = "HTTP/1.1 100 Continue\r\n\r\n";
        let answer = "HTTP/1.1 413 Request Entity Too Large\r\nContent-Length: 3\r\n\r\nbig";
        // The server reads no more, and does not close.
        for cut in 1..answer.len() {
            let steps = vec![
                Step::TakeSome(1000),
                Step::TakeNone,
                Step::Give(interim.into()),
                Step::TakeSome(1000),
                Step::TakeNone,
                Step::Give(answer[..cut].into()),
                Step::TakeNone,
                Step::Give(answer[cut..].into()),
            ];
            let (result, sent) = run(request, vec![steps]);
            assert_eq!((result, sent[0].len()), (Ok((413, b"big".to_vec())), 2000), "cut at {cut}");
        }
        // An interim reply is none, and the end of the connection is.
        let steps = vec![
            Step::TakeSome(1000),
            Step::TakeNone,
            Step::Give(interim.into()),
            Step::Take,
            Step::Give("HTTP/1.1 202 A\r\nContent-Length: 0\r\n\r\n".into()),
        ];
        let (result, sent) = run(request, vec![steps]);
        assert_eq!((result, sent[0].len()), (Ok((202, Vec::new())), POST.head.len() + body.len()));
        let (result, _) = run(request, vec![vec![Step::TakeSome(1000), Step::TakeNone, Step::End]]);
        assert_eq!(result, Err(Error::Closed));
    }

    #[test]
    fn bytes_behind_a_reply_cost_the_connection() {
        let mut rx = Buffer::new(1 << 20);
        let extra = Step::Give("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 200 OK\r\n".into());
        let good = Step::Give("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\ny".into());
        let mut connection = Connection::new(Script::new(vec![vec![Step::Take, extra], vec![Step::Take, good]]));
        for expected in [b"x", b"y"] {
            let reply = connection.exchange(GET, &mut rx).unwrap();
            assert_eq!(&rx.bytes()[reply.body], expected);
        }
    }

    /// A POST that takes [`GET`] along, the GET, and a second POST: the answers and what each connection got.
    fn run_pipelined(connections: Vec<Vec<Step>>) -> ([Result<Answer, Error>; 3], Vec<Vec<u8>>) {
        let mut rx = Buffer::new(1 << 20);
        let mut connection = Connection::new(Script::new(connections));
        let answers = [Request { then: GET.head, ..POST }, GET, POST]
            .map(|request| connection.exchange(request, &mut rx).map(|reply| (reply.head.status, rx.bytes()[reply.body].to_vec())));
        (answers, connection.transport.sent.clone())
    }

    const ACCEPTED: &str = "HTTP/1.1 202 Accepted\r\nContent-Length: 3\r\n\r\nok\n";
    const NEXT: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nevent";

    /// A POST with the GET behind it, and a POST alone.
    fn pipelined() -> (Vec<u8>, Vec<u8>) {
        ([POST.head, POST.body, GET.head].concat(), [POST.head, POST.body].concat())
    }

    #[test]
    fn two_replies_are_taken_apart_wherever_they_are_split() {
        let (both, post) = pipelined();
        for first in [ACCEPTED, "HTTP/1.1 202 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x\r\nok\r\n1\r\n\n\r\n0\r\nT: u\r\n\r\n"] {
            for second in [
                NEXT,
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nev\r\n3;x\r\nent\r\n0\r\n\r\n",
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\nContent-Length: 5\n\nevent",
            ] {
                let text = [first, second].concat();
                let give = |text: &str| Step::Give(text.into());
                let bytewise = text.bytes().map(|byte| Step::Give(vec![byte])).collect();
                let splits = (1..text.len()).map(|cut| vec![give(&text[..cut]), give(&text[cut..])]);
                for pieces in splits.chain([vec![give(&text)], bytewise]) {
                    let steps = [vec![Step::Take], pieces.clone(), vec![Step::Take, give(ACCEPTED)]].concat();
                    let (answers, sent) = run_pipelined(vec![steps]);
                    assert_eq!(
                        answers,
                        [(202, "ok\n"), (200, "event"), (202, "ok\n")].map(|(status, body)| Ok((status, body.into()))),
                        "{pieces:?}"
                    );
                    assert_eq!(sent, [[&both[..], &post].concat()]);
                }
            }
        }
    }

    #[test]
    fn a_request_sent_ahead_is_sent_again_when_its_connection_ends() {
        let (both, post) = pipelined();
        let expected = [(202, "ok\n"), (200, "event"), (202, "ok\n")].map(|(status, body)| Ok((status, body.into())));
        let second = || vec![Step::Take, Step::Give(NEXT.into()), Step::Take, Step::Give(ACCEPTED.into())];
        let mut ends: Vec<Vec<Step>> = Vec::new();
        for cut in 0..NEXT.len() {
            for end in [Step::End, Step::Fail] {
                ends.push(vec![Step::Give([ACCEPTED, &NEXT[..cut]].concat().into()), end]);
            }
        }
        // It is announced, or the reply is one that only the end of the connection ends.
        ends.push(vec![Step::Give(ACCEPTED.replace("Content", "Connection: close\r\nContent").into())]);
        ends.push(vec![Step::Give("HTTP/1.1 202 Accepted\r\n\r\nok\n".into()), Step::End]);
        for steps in ends {
            let (answers, sent) = run_pipelined(vec![[vec![Step::Take], steps.clone()].concat(), second()]);
            assert_eq!(answers, expected, "{steps:?}");
            assert_eq!(sent, [both.clone(), [GET.head, &post].concat()], "{steps:?}");
        }
    }

    #[test]
    fn a_post_without_an_answer_is_not_sent_again_with_the_request_behind_it() {
        let (both, post) = pipelined();
        for cut in 0..ACCEPTED.len() {
            let second = vec![Step::Take, Step::Give(NEXT.into()), Step::Take, Step::Give(ACCEPTED.into())];
            let (answers, sent) = run_pipelined(vec![vec![Step::Take, Step::Give(ACCEPTED[..cut].into()), Step::End], second]);
            assert!(answers[0].is_err() && answers[1..].iter().all(Result::is_ok), "{answers:?}");
            assert_eq!(sent, [both.clone(), [GET.head, &post].concat()]);
        }
    }

    #[test]
    fn a_post_that_is_answered_early_loses_the_request_behind_it() {
        let (both, post) = pipelined();
        for taken in 1..both.len() {
            let first = vec![Step::TakeSome(taken), Step::Refuse, Step::Give(ACCEPTED.into())];
            let second = vec![Step::Take, Step::Give(NEXT.into()), Step::Take, Step::Give(ACCEPTED.into())];
            let (answers, sent) = run_pipelined(vec![first, second]);
            assert!(answers.iter().all(Result::is_ok), "{answers:?}");
            assert_eq!(sent, [both[..taken].to_vec(), [GET.head, &post].concat()]);
        }
    }

    #[test]
    fn the_reply_to_a_request_sent_ahead_is_no_answer_to_a_post() {
        let (both, post) = pipelined();
        let mut rx = Buffer::new(1 << 20);
        let first = vec![Step::Take, Step::Give([ACCEPTED, NEXT].concat().into()), Step::Take];
        let mut connection = Connection::new(Script::new(vec![first, vec![Step::Take, Step::Give(ACCEPTED.into())]]));
        for request in [Request { then: GET.head, ..POST }, POST] {
            assert_eq!(connection.exchange(request, &mut rx).map(|reply| reply.head.status), Ok(202));
        }
        assert_eq!(connection.transport.sent, [both, post]);
    }

    #[test]
    fn what_the_peer_controls_is_bounded() {
        let steps = |text: String| vec![Step::Take, Step::Give(text.into())];
        for (text, error) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n".to_owned(), Error::TooLong),
            (format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", usize::MAX), Error::TooLong),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffff0\r\n".to_owned(), Error::TooLong),
            ("HTTP/1.1 100 Continue\r\n\r\n".repeat(20), Error::TooManyInterim),
            ("garbage\r\n\r\n".to_owned(), Error::Head(HeadError::StatusLine)),
        ] {
            assert_eq!(run(GET, vec![steps(text)]).0, Err(error));
        }
        let mut rx = Buffer::new(limits::RECEIVE_BYTES_MAX);
        let text = format!("HTTP/1.1 200 OK\r\nA: {}", "x".repeat(limits::HEAD_BYTES_MAX));
        let mut connection = Connection::new(Script::new(vec![steps(text)]));
        assert_eq!(connection.exchange(GET, &mut rx).map(|_| ()), Err(Error::HeadTooLong));
    }

    #[test]
    fn authorities_are_taken_apart() {
        for (text, name, port) in [
            ("127.0.0.1:9001", "address", 9001),
            ("169.254.100.1", "address", 80),
            ("localhost:80", "localhost", 80),
            ("[::1]:9001", "address", 9001),
            ("[::1]", "address", 80),
            ("256.1.1.1:5", "256.1.1.1", 5),
            ("1.2.3:5", "1.2.3", 5),
        ] {
            let socket = Socket::new(text.as_bytes()).unwrap_or_else(|| panic!("{text}"));
            let host = match socket.host {
                Host::Address(_) => "address".to_owned(),
                Host::Name(name, len) => String::from_utf8(name[..len].to_vec()).unwrap(),
            };
            assert_eq!((host.as_str(), socket.port), (name, port), "{text}");
        }
        for text in ["", ":80", "host:", "host:0", "host:65536", "host:port", "host:+1"] {
            assert!(Socket::new(text.as_bytes()).is_none(), "{text}");
        }
    }
}
