//! A Runtime API that measures: one thread, raw sockets, one clock (CLOCK_MONOTONIC).
//!
//! It speaks as much HTTP as every runtime here needs: keep-alive or a new connection for each request, `Content-Length` or chunked bodies,
//! `Expect: 100-continue`, requests sent behind each other in one write. It polls its sockets without sleeping where the machine has a second
//! core for it, so that no wake-up of its own is in the numbers.
//!
//! One [`Server::serve`] is the life of one process: `cycles` events, then the next `GET` stays without an answer.

use anyhow::{Context, Result, bail};
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Nanoseconds of CLOCK_MONOTONIC.
pub fn now_ns() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the kernel writes one timespec.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// When things happened, in nanoseconds of [`now_ns`].
#[derive(Default)]
pub struct Timeline {
    /// The first byte of each `GET /next`; one more than events.
    pub gets: Vec<u64>,
    /// Just before each event was sent.
    pub events: Vec<u64>,
    /// The last byte of each response.
    pub responses: Vec<u64>,
    /// What this server has computed for each response, from its last byte to the call that answers it: nanoseconds, not a time.
    pub own: Vec<u64>,
    /// Connections that were made.
    pub connections: usize,
    /// The last response.
    pub body: Vec<u8>,
    /// The connections that are still open when the process waits for the event after the last. To be dropped when it has ended: every
    /// descriptor that this process holds makes the next spawn dearer.
    pub open: Vec<TcpStream>,
}

/// The listening socket.
pub struct Server {
    listener: TcpListener,
    /// What goes into `AWS_LAMBDA_RUNTIME_API`.
    pub address: String,
}

/// What one process is given.
pub struct Plan<'a> {
    /// The event, again and again.
    pub event: &'a [u8],
    /// How often.
    pub cycles: usize,
    /// Give up after that time without progress.
    pub patience: Duration,
    /// Poll without sleeping.
    pub spin: bool,
}

struct Peer {
    stream: TcpStream,
    bytes: Vec<u8>,
    /// When the first of `bytes` came.
    began: u64,
    has_continued: bool,
}

struct Request {
    is_get: bool,
    path: String,
    body: Vec<u8>,
    bytes: usize,
}

const READ_BYTES: usize = 256 << 10;
/// Of so many looks for bytes that find none, one is followed by a look for connections.
const ACCEPT_EVERY: u32 = 8;
/// Where the number of the event stands in the reply to `/next`.
const ID: &str = "Lambda-Runtime-Aws-Request-Id: 8476a536-e9f4-11e8-9739-";
const ID_DIGITS: usize = 12;
const ACCEPTED: &[u8] = b"HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n{\"status\":\"OK\"}\n";

impl Server {
    /// Listens on a free port of the loopback interface.
    pub fn new() -> Result<Server> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?.to_string();
        Ok(Server { listener, address })
    }

    /// Serves one process until it asks for the event after the last, or `is_dead`.
    pub fn serve(&self, plan: &Plan, is_dead: &AtomicBool) -> Result<Timeline> {
        let mut line = Timeline::default();
        let mut peers: Vec<Peer> = Vec::new();
        let mut reply = next_reply(plan.event);
        let id_at = id_offset(&reply);
        let mut chunk = vec![0; READ_BYTES];
        let mut last = now_ns();
        let mut idle = 0u32;
        loop {
            let mut progress = false;
            // A look for connections costs as much as a look for bytes: where there are some already, it is taken more seldom.
            if peers.is_empty() || idle.is_multiple_of(ACCEPT_EVERY) {
                match self.listener.accept() {
                    Ok((stream, _)) => {
                        stream.set_nonblocking(true)?;
                        stream.set_nodelay(true)?;
                        line.connections += 1;
                        peers.push(Peer { stream, bytes: Vec::new(), began: 0, has_continued: false });
                        progress = true;
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Err(error) => return Err(error.into()),
                }
            }
            let mut index = 0;
            while index < peers.len() {
                let peer = &mut peers[index];
                match peer.stream.read(&mut chunk) {
                    Ok(0) => {
                        peers.swap_remove(index);
                        progress = true;
                        continue;
                    }
                    Ok(count) => {
                        let now = now_ns();
                        if peer.bytes.is_empty() {
                            peer.began = now;
                        }
                        peer.bytes.extend_from_slice(&chunk[..count]);
                        progress = true;
                        while let Some(request) = peer.parse()? {
                            let began = peer.began;
                            peer.bytes.drain(..request.bytes);
                            peer.began = now;
                            peer.has_continued = false;
                            if request.is_get && request.path.ends_with("/runtime/invocation/next") {
                                line.gets.push(began);
                                if line.events.len() == plan.cycles {
                                    // The process goes on waiting; the caller ends it.
                                    line.open = peers.into_iter().map(|peer| peer.stream).collect();
                                    return Ok(line);
                                }
                                let number = format!("{:0width$x}", line.events.len(), width = ID_DIGITS);
                                reply[id_at..id_at + ID_DIGITS].copy_from_slice(number.as_bytes());
                                line.events.push(now_ns());
                                send(&mut peer.stream, &reply)?;
                            } else if request.path.ends_with("/response") {
                                line.responses.push(now);
                                line.own.push(now_ns() - now);
                                send(&mut peer.stream, ACCEPTED)?;
                                // Looked at while the runtime goes on.
                                let number = format!("{:0width$x}/response", line.events.len().wrapping_sub(1), width = ID_DIGITS);
                                if !request.path.ends_with(&number) {
                                    bail!("a response to {}, which was not sent last", request.path);
                                }
                                line.body = request.body;
                            } else {
                                bail!("unexpected {}: {}", request.path, String::from_utf8_lossy(&request.body));
                            }
                        }
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                        peers.swap_remove(index);
                        continue;
                    }
                    Err(error) => return Err(error.into()),
                }
                index += 1;
            }
            idle += 1;
            if progress {
                idle = 0;
                last = now_ns();
            } else if idle.is_multiple_of(1024) || !plan.spin {
                if is_dead.load(Ordering::Acquire) {
                    bail!("the process ended after {} of {} events", line.responses.len(), plan.cycles);
                }
                if now_ns() - last > plan.patience.as_nanos() as u64 {
                    bail!("nothing for {:?} after {} of {} events", plan.patience, line.responses.len(), plan.cycles);
                }
                if !plan.spin {
                    self.wait(&peers);
                }
            }
        }
    }

    /// Sleeps until a socket can be read, at most 100 ms.
    fn wait(&self, peers: &[Peer]) {
        use std::os::fd::AsRawFd;
        let poll = |fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
        let mut list = vec![poll(self.listener.as_raw_fd())];
        list.extend(peers.iter().map(|peer| poll(peer.stream.as_raw_fd())));
        // SAFETY: the kernel reads and writes `list.len()` entries.
        unsafe { libc::poll(list.as_mut_ptr(), list.len() as libc::nfds_t, 100) };
    }
}

/// Where the number stands.
fn id_offset(reply: &[u8]) -> usize {
    let head = String::from_utf8_lossy(&reply[..reply.len().min(1000)]).into_owned();
    head.find(ID).expect("next_reply writes it") + ID.len()
}

fn next_reply(event: &[u8]) -> Vec<u8> {
    let deadline = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_millis()) + 900_000;
    let mut reply = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{ID}{:0width$}\r\nLambda-Runtime-Deadline-Ms: {deadline}\r\n\
         Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-2:123456789012:function:bench\r\n\
         Lambda-Runtime-Trace-Id: Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1\r\n\
         Date: Mon, 23 Nov 2026 07:00:00 GMT\r\nContent-Length: {}\r\n\r\n",
        0,
        event.len(),
        width = ID_DIGITS,
    )
    .into_bytes();
    reply.extend_from_slice(event);
    reply
}

/// Sends all of `bytes` on a socket that does not block.
fn send(stream: &mut TcpStream, mut bytes: &[u8]) -> Result<()> {
    while !bytes.is_empty() {
        match stream.write(bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::hint::spin_loop(),
            Err(error) => return Err(error).context("the runtime does not take its event"),
        }
    }
    Ok(())
}

impl Peer {
    /// The first request of what was received, if it is complete.
    fn parse(&mut self) -> Result<Option<Request>> {
        let Some(head_bytes) = self.bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4) else {
            return Ok(None);
        };
        let head = std::str::from_utf8(&self.bytes[..head_bytes])?;
        let mut words = head.split(' ');
        let is_get = words.next() == Some("GET");
        let path = words.next().unwrap_or("").to_owned();
        let field = |name: &str| {
            head.split("\r\n")
                .skip(1)
                .filter_map(|line| line.split_once(':'))
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.trim())
        };
        let expects = field("expect").is_some();
        let length = field("content-length").map(str::parse::<usize>).transpose()?;
        let is_chunked = field("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked"));
        if expects && !self.has_continued {
            self.has_continued = true;
            send(&mut self.stream, b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        let rest = &self.bytes[head_bytes..];
        let (body, bytes) = if is_chunked {
            match chunks(rest)? {
                Some(found) => found,
                None => return Ok(None),
            }
        } else {
            let length = length.unwrap_or(0);
            if rest.len() < length {
                return Ok(None);
            }
            (rest[..length].to_vec(), length)
        };
        Ok(Some(Request { is_get, path, body, bytes: head_bytes + bytes }))
    }
}

/// A chunked body and how many bytes it took, once it is complete.
fn chunks(bytes: &[u8]) -> Result<Option<(Vec<u8>, usize)>> {
    let mut body = Vec::new();
    let mut at = 0;
    loop {
        let Some(line) = bytes[at..].windows(2).position(|two| two == b"\r\n") else { return Ok(None) };
        let size = std::str::from_utf8(&bytes[at..at + line])?.split(';').next().unwrap_or("");
        let size = usize::from_str_radix(size.trim(), 16).context("a chunk without a size")?;
        let start = at + line + 2;
        if bytes.len() < start + size + 2 {
            return Ok(None);
        }
        body.extend_from_slice(&bytes[start..start + size]);
        at = start + size + 2;
        if size == 0 {
            return Ok(Some((body, at)));
        }
    }
}
