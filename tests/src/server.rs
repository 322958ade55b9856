//! A Runtime API on raw sockets that does what a test says.
//!
//! A script is a function that is called for every connection, on a thread of that connection's own, with a [`Peer`]: it expects
//! requests, sends bytes whole or in pieces, stalls, closes half, resets. Everything that arrives is recorded, whoever asks for it. A script
//! that fails makes [`Server::check`] fail; what a connection gets when its script is over is nothing: it stays open until the server is
//! dropped, unless the script closed it.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::wire::{self, Request};
use crate::{PATIENCE, wait_until};

/// What was seen of one connection.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// The requests that arrived whole.
    pub requests: Vec<Request>,
    /// Bytes of a request that did not arrive whole.
    pub rest: usize,
    /// Whether the runtime has closed it or it was reset.
    pub is_over: bool,
}

#[derive(Default)]
struct Shared {
    records: Mutex<Vec<Record>>,
    failures: Mutex<Vec<String>>,
    is_stopping: AtomicBool,
    is_refusing: AtomicBool,
    /// To end every wait of a script when the server is dropped.
    streams: Mutex<BTreeMap<usize, TcpStream>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What one connection gets.
pub type Script = Box<dyn Fn(&mut Peer) + Send + Sync>;

/// The server. Dropping it ends all connections.
pub struct Server {
    shared: Arc<Shared>,
    address: SocketAddr,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Listens on a free port of 127.0.0.1. `script` gets each connection with its number, the first is 0.
    pub fn start(script: impl Fn(usize, &mut Peer) + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared::default());
        let of_thread = shared.clone();
        let script = Arc::new(script);
        let thread = std::thread::spawn(move || accept(&listener, &of_thread, &script));
        Server { shared, address, thread: Some(thread) }
    }

    /// A server whose only connections are these, in turn; a further one is a failure.
    pub fn with_scripts(scripts: Vec<Script>) -> Server {
        Server::start(move |number, peer| match scripts.get(number) {
            Some(script) => script(peer),
            None => panic!("connection {number} was not expected"),
        })
    }

    /// The value for `AWS_LAMBDA_RUNTIME_API`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// What was seen so far, by connection.
    pub fn records(&self) -> Vec<Record> {
        lock(&self.shared.records).clone()
    }

    /// All requests so far, in order of connections.
    pub fn requests(&self) -> Vec<Request> {
        self.records().into_iter().flat_map(|record| record.requests).collect()
    }

    /// Method and path of all requests so far.
    pub fn lines(&self) -> Vec<String> {
        self.requests().iter().map(Request::line).collect()
    }

    /// The POSTs so far.
    pub fn posts(&self) -> Vec<Request> {
        self.requests().into_iter().filter(|request| request.method == "POST").collect()
    }

    /// How many requests have arrived so far.
    pub fn count(&self) -> usize {
        lock(&self.shared.records).iter().map(|record| record.requests.len()).sum()
    }

    /// Waits until a connection has been closed by the runtime.
    pub fn wait_for_end_of(&self, connection: usize, report: impl FnOnce() -> String) {
        let is_so = || lock(&self.shared.records).get(connection).is_some_and(|record| record.is_over);
        wait_until(&format!("the end of connection {connection}"), is_so, report);
    }

    /// Fails where a script has failed.
    pub fn check(&self) {
        let failures = lock(&self.shared.failures);
        assert!(failures.is_empty(), "the script failed: {}", failures.join("\n"));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.is_stopping.store(true, Ordering::SeqCst);
        for stream in lock(&self.shared.streams).values() {
            stream.shutdown(Shutdown::Both).ok();
        }
        // Wakes `accept`; fails where the listener is gone already.
        TcpStream::connect_timeout(&self.address, Duration::from_secs(1)).ok();
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>, script: &Arc<impl Fn(usize, &mut Peer) + Send + Sync + 'static>) {
    let mut threads = Vec::new();
    for stream in listener.incoming() {
        let Ok(stream) = stream else { continue };
        if shared.is_stopping.load(Ordering::SeqCst) {
            break;
        }
        let number = {
            let mut records = lock(&shared.records);
            records.push(Record::default());
            records.len() - 1
        };
        if shared.is_refusing.load(Ordering::SeqCst) {
            // As near to a refusal as an accepted connection comes; the script said that it is to be none.
            reset(&stream);
            continue;
        }
        if let Ok(clone) = stream.try_clone() {
            lock(&shared.streams).insert(number, clone);
        }
        let (shared, script) = (shared.clone(), script.clone());
        threads.push(std::thread::spawn(move || serve(number, stream, &shared, &*script)));
    }
    for thread in threads {
        thread.join().ok();
    }
}

fn serve(number: usize, stream: TcpStream, shared: &Arc<Shared>, script: &impl Fn(usize, &mut Peer)) {
    stream.set_nodelay(true).expect("a socket option");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket option");
    stream.set_write_timeout(Some(PATIENCE)).expect("a socket option");
    let mut peer = Peer { number, stream: Some(stream), unread: Vec::new(), shared: shared.clone() };
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        script(number, &mut peer);
        // What still comes is recorded, and the connection stays open as long as the runtime keeps it.
        while peer.stream.is_some() && peer.try_request().is_some() {}
    }));
    peer.close();
    lock(&shared.streams).remove(&number);
    if let Err(panic) = outcome
        && !shared.is_stopping.load(Ordering::SeqCst)
    {
        let text = panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        lock(&shared.failures).push(format!("connection {number}: {}", text.unwrap_or_default()));
    }
}

fn reset(stream: &TcpStream) {
    rustix::net::sockopt::set_socket_linger(stream, Some(Duration::ZERO)).ok();
}

/// One connection, as its script sees it.
pub struct Peer {
    number: usize,
    stream: Option<TcpStream>,
    unread: Vec<u8>,
    shared: Arc<Shared>,
}

impl Peer {
    fn stream(&mut self) -> &mut TcpStream {
        self.stream.as_mut().expect("the script has not closed the connection")
    }

    fn record<R>(&self, change: impl FnOnce(&mut Record) -> R) -> R {
        change(&mut lock(&self.shared.records)[self.number])
    }

    /// The next request; fails where none comes.
    pub fn request(&mut self) -> Request {
        self.try_request().unwrap_or_else(|| panic!("a request was expected, and the connection ended"))
    }

    /// The next request; `None` where the runtime closes the connection instead, within a request too.
    pub fn try_request(&mut self) -> Option<Request> {
        let Peer { stream, unread, .. } = self;
        match wire::read_request(stream.as_mut()?, unread) {
            Ok(Some(request)) => {
                self.record(|record| record.requests.push(request.clone()));
                Some(request)
            }
            Ok(None) => {
                self.record(|record| record.is_over = true);
                None
            }
            Err(error) if matches!(error.kind(), ErrorKind::InvalidData | ErrorKind::WouldBlock | ErrorKind::TimedOut) => panic!("{error}"),
            Err(_) => {
                let rest = self.unread.len();
                self.record(|record| (record.is_over, record.rest) = (true, rest));
                None
            }
        }
    }

    /// Reads `next`.
    pub fn expect_next(&mut self) -> Request {
        let request = self.request();
        assert!(request.is_next(), "{} instead of next", request.line());
        request
    }

    /// Reads a POST.
    pub fn expect_post(&mut self) -> Request {
        let request = self.request();
        assert_eq!(request.method, "POST", "{}", request.line());
        request
    }

    /// Reads a request that is exactly these bytes.
    pub fn expect(&mut self, golden: impl AsRef<[u8]>) -> Request {
        let request = self.request();
        assert_eq!(String::from_utf8_lossy(&request.raw), String::from_utf8_lossy(golden.as_ref()));
        request
    }

    /// Reads a request and answers it.
    pub fn answer(&mut self, reply: impl AsRef<[u8]>) -> Request {
        let request = self.request();
        self.send(reply);
        request
    }

    /// Waits for so many bytes of a request and leaves the rest of it unread.
    pub fn read_bytes(&mut self, count: usize) {
        use std::io::Read;
        let mut room = vec![0; count];
        self.stream().read_exact(&mut room).expect("so many bytes of a request");
    }

    /// Reads up to the end of `needle`, which is included; for a request that is looked at while it comes. It is not recorded.
    pub fn read_until(&mut self, needle: &[u8]) -> Vec<u8> {
        use std::io::Read;
        loop {
            if let Some(at) = wire::find(&self.unread, needle) {
                return self.unread.drain(..at + needle.len()).collect();
            }
            let mut room = vec![0; 256 * 1024];
            let count = self.stream().read(&mut room).expect("more of a request");
            assert!(
                count > 0,
                "the connection ended before {:?}: {:?}",
                needle.escape_ascii().to_string(),
                self.unread.escape_ascii().to_string()
            );
            self.unread.extend_from_slice(&room[..count]);
        }
    }

    /// Reads up to `end`, which is included, and keeps nothing: how many bytes `byte` there were. `look` is called after every read.
    pub fn count_until(&mut self, byte: u8, end: &[u8], mut look: impl FnMut(usize)) -> usize {
        use std::io::Read;
        let mut tail = std::mem::take(&mut self.unread);
        let mut count = tail.iter().filter(|found| **found == byte).count();
        let mut room = vec![0; 256 * 1024];
        while !tail.ends_with(end) {
            let bytes = self.stream().read(&mut room).expect("more of a request");
            assert!(bytes > 0, "the connection ended after {count} bytes");
            count += room[..bytes].iter().filter(|found| **found == byte).count();
            tail.extend_from_slice(&room[..bytes]);
            tail.drain(..tail.len().saturating_sub(end.len()));
            look(count);
        }
        count
    }

    /// Sends bytes; fails where the runtime does not take them.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        if let Err(error) = self.stream().write_all(bytes.as_ref()) {
            panic!("the runtime takes no reply: {error}");
        }
    }

    /// Sends bytes; whether the runtime takes them does not matter.
    pub fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream().write_all(bytes.as_ref())
    }

    /// Sends `bytes` in two writes with a pause between, so that the runtime sees the first part alone.
    pub fn send_split(&mut self, bytes: &[u8], at: usize) {
        self.send(&bytes[..at]);
        std::thread::sleep(Duration::from_micros(if at == 0 || at == bytes.len() { 0 } else { 700 }));
        self.send(&bytes[at..]);
    }

    /// Sends every byte alone.
    pub fn send_bytewise(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.send([*byte]);
            std::thread::sleep(Duration::from_micros(100));
        }
    }

    /// Does nothing more: what the runtime sends is not read, and the connection stays open until the server is dropped.
    pub fn wait(&mut self) {
        while !self.shared.is_stopping.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Closes the sending half: the runtime sees the end, and may still send.
    pub fn close_half(&mut self) {
        self.stream().shutdown(Shutdown::Write).ok();
    }

    /// Closes in order. What was not read makes the kernel send a reset, as for any server.
    pub fn close(&mut self) {
        if let Some(stream) = self.stream.take() {
            lock(&self.shared.streams).remove(&self.number);
            drop(stream);
        }
    }

    /// Closes with a reset.
    pub fn reset(&mut self) {
        if let Some(stream) = &self.stream {
            reset(stream);
        }
        self.close();
    }

    /// Every further connection is reset at once.
    pub fn refuse_connections(&self) {
        self.shared.is_refusing.store(true, Ordering::SeqCst);
    }
}
