//! Many invocations with a fault in one of a hundred exchanges: every event is answered once, or its fault is in the log; the process lives, or
//! ends as the table at the head of `src/runtime.rs` says and is started again, as the platform would.
//!
//! `COLDMOON_FAULTS` is the number of invocations, 20,000 where it is not set; the long form is 1,000,000. `COLDMOON_FAULTS_SEED` is where the
//! faults start; the same two make the same faults. Prints one line of what has happened.

use std::collections::HashSet;
use std::io::{ErrorKind, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use coldmoon_tests::process::{Process, Setup};
use coldmoon_tests::wire::{self, Request, accepted, chunked_event, event, refused, reply};
use coldmoon_tests::{PATIENCE, tell};

/// One of so many exchanges has a fault.
const EXCHANGES_PER_FAULT: usize = 100;
/// Invocations of a process before its memory counts, and what it may grow by afterwards.
const WARM: usize = 500;
const GROWTH_KIB_MAX: u64 = 1024;

/// xorshift64*.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % bound
    }
}

/// What goes wrong with an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// The connection is closed instead of a reply.
    Close,
    /// It is reset instead.
    Reset,
    /// It is closed within the reply.
    Truncate,
    /// It is reset within the reply.
    Tear,
    /// The reply is whole, then the connection is closed.
    CloseAfter,
    /// The reply is whole, then the connection is reset.
    ResetAfter,
    /// The reply comes byte by byte.
    Split,
    /// The reply says that the connection will be closed, and it is.
    Announce,
    /// Another status.
    Status(u16),
    /// No HTTP.
    Garbage,
    /// An event without a request id.
    NoId,
}

use Fault::{Announce, Close, CloseAfter, Garbage, NoId, Reset, ResetAfter, Split, Status, Tear, Truncate};

/// Faults of `next`; those that end the process by policy are rarer: [`ENDS`].
const OF_NEXT: [Fault; 12] = [Close, Reset, Truncate, Tear, CloseAfter, ResetAfter, Split, Split, Announce, Status(503), Status(410), NoId];
const ENDS: [Fault; 3] = [Status(403), Status(500), Garbage];
const OF_POST: [Fault; 15] = [
    Close,
    Reset,
    Truncate,
    Tear,
    CloseAfter,
    ResetAfter,
    Split,
    Announce,
    Status(400),
    Status(403),
    Status(410),
    Status(413),
    Status(503),
    Status(200),
    Garbage,
];

struct Faults {
    random: Random,
    injected: usize,
}

impl Faults {
    fn choose(&mut self, is_next: bool) -> Option<Fault> {
        if self.random.below(EXCHANGES_PER_FAULT) != 0 {
            return None;
        }
        self.injected += 1;
        let ends = self.random.below(20) == 0;
        Some(match (is_next, ends) {
            (true, true) => ENDS[self.random.below(ENDS.len())],
            (true, false) => OF_NEXT[self.random.below(OF_NEXT.len())],
            (false, true) => Status(500),
            (false, false) => OF_POST[self.random.below(OF_POST.len())],
        })
    }
}

/// What the service knows.
struct Service {
    count: usize,
    /// The event that is next or being worked on; all before it are answered.
    current: usize,
    /// Whether its answer has come.
    is_answered: bool,
    faults: Faults,
    requests: usize,
    failed: usize,
    /// Events whose answer arrived and was not accepted in words: each must be in the log.
    unsettled: Vec<usize>,
}

impl Service {
    /// Serves one connection until it is over.
    fn serve(&mut self, stream: &mut TcpStream) {
        let mut unread = Vec::new();
        while !self.is_done() {
            let request = match wire::read_request(stream, &mut unread) {
                Ok(Some(request)) => request,
                Ok(None) => return,
                Err(error) if matches!(error.kind(), ErrorKind::InvalidData | ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    panic!("{error}")
                }
                Err(_) => return,
            };
            self.requests += 1;
            let is_over = if request.is_next() { self.give(stream) } else { self.take(stream, &request) };
            if is_over {
                return;
            }
        }
    }

    fn is_done(&self) -> bool {
        self.current + 1 == self.count && self.is_answered
    }

    /// Answers `next`. Whether the connection is over.
    fn give(&mut self, stream: &mut TcpStream) -> bool {
        if self.is_answered {
            (self.current, self.is_answered) = (self.current + 1, false);
        }
        // An event that was not answered is delivered again, as the service does.
        let id = format!("id-{}", self.current);
        let body = format!("{{\"n\":{},\"text\":\"{}\"}}", self.current, "x".repeat(self.current % 300));
        let reply = match self.current % 3 {
            0 => chunked_event(&id, &[(&body.as_bytes()[..3], ""), (&body.as_bytes()[3..], "")], ""),
            _ => event(&id, &body),
        };
        let fault = self.faults.choose(true);
        send(stream, &mut self.faults.random, fault, reply)
    }

    /// Takes a POST. Whether the connection is over.
    fn take(&mut self, stream: &mut TcpStream, request: &Request) -> bool {
        let current = self.current;
        let kind = if current.is_multiple_of(10) { "error" } else { "response" };
        assert_eq!(request.line(), format!("POST /2018-06-01/runtime/invocation/id-{current}/{kind}"));
        assert!(!self.is_answered, "a second answer to event {current}");
        self.is_answered = true;
        self.failed += usize::from(kind == "error");
        let fault = self.faults.choose(false);
        if !matches!(fault, None | Some(CloseAfter | ResetAfter | Split | Announce)) {
            self.unsettled.push(current);
        }
        send(stream, &mut self.faults.random, fault, accepted())
    }
}

/// Sends a reply, or what a fault makes of it. Whether the connection is over.
fn send(stream: &mut TcpStream, random: &mut Random, fault: Option<Fault>, whole: Vec<u8>) -> bool {
    let reset = |stream: &TcpStream| {
        rustix::net::sockopt::set_socket_linger(stream, Some(Duration::ZERO)).ok();
    };
    // Whether the runtime takes it does not matter: it may have ended.
    let mut write = |bytes: &[u8]| drop(stream.write_all(bytes));
    match fault {
        None => write(&whole),
        Some(Split) => whole.iter().for_each(|byte| write(&[*byte])),
        Some(CloseAfter | ResetAfter) => write(&whole),
        Some(Announce) => {
            let head_end = wire::find(&whole, b"\r\n").expect("a status line") + 2;
            write(&[&whole[..head_end], b"Connection: close\r\n", &whole[head_end..]].concat());
        }
        Some(Truncate | Tear) => write(&whole[..1 + random.below(whole.len() - 1)]),
        Some(Status(status)) => write(&refused(status)),
        Some(Garbage) => write(b"\x16\x03\x01 garbage\r\n\r\n"),
        Some(NoId) => write(&reply("200 OK", "", "{\"n\":1}")),
        Some(Close | Reset) => {}
    }
    if matches!(fault, Some(Reset | Tear | ResetAfter)) {
        if fault == Some(ResetAfter) {
            // So that the reply has arrived before the reset overtakes it.
            std::thread::sleep(Duration::from_millis(2));
        }
        reset(stream);
    }
    matches!(fault, Some(Close | Reset | Truncate | Tear | CloseAfter | ResetAfter | Announce))
}

/// Resident memory in KiB; `None` where the process is just ending.
fn rss_kib(process: &Process) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.split_whitespace().next()?.parse().ok()
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |value| value.parse().unwrap_or_else(|_| panic!("{name} is no number: {value}")))
}

/// The log so far and what it tells of: ids in warnings, and nothing but what is known.
struct Reports {
    ids: HashSet<usize>,
    lines: usize,
}

impl Reports {
    fn take(&mut self, log: &str) {
        for line in log.lines() {
            self.lines += 1;
            let mut words = line.split(' ');
            let level = words.next().unwrap_or_default();
            let id = words.next().and_then(|word| word.strip_prefix("id-")?.parse().ok());
            match (level, id) {
                ("[WARN]" | "[FATAL]", Some(id)) => drop(self.ids.insert(id)),
                ("[WARN]" | "[FATAL]", None) | ("[ERROR]", Some(_)) => {}
                _ => panic!("an unknown line of the log: {line}"),
            }
        }
    }
}

#[test]
fn every_event_is_answered_once_or_its_fault_reported() {
    run(false);
}

#[test]
fn every_event_is_answered_once_or_its_fault_reported_with_pipelining() {
    run(true);
}

fn run(is_pipelined: bool) {
    let count = setting("COLDMOON_FAULTS", 20_000) as usize;
    let seed = setting("COLDMOON_FAULTS_SEED", 0x0c01_d300).max(1);
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.set_nonblocking(true).expect("a socket option");
    let address = listener.local_addr().expect("an address").to_string();
    let setup = Setup::function("fails_every_tenth").with("COLDMOON_PIPELINE", if is_pipelined { "1" } else { "" });
    let mut service = Service {
        count,
        current: 0,
        is_answered: false,
        faults: Faults { random: Random(seed), injected: 0 },
        requests: 0,
        failed: 0,
        unsettled: Vec::new(),
    };
    let mut reports = Reports { ids: HashSet::new(), lines: 0 };
    let (mut connections, mut restarts, mut cpu) = (0, 0, Duration::ZERO);
    let (mut rss_first, mut rss_most) = (0, 0);
    let begun = Instant::now();
    let mut process = setup.start(&address);
    let mut born_at = 0;
    let mut last_seen = Instant::now();
    while !service.is_done() {
        match listener.accept() {
            Ok((mut stream, _)) => {
                connections += 1;
                stream.set_nonblocking(false).expect("a socket option");
                stream.set_nodelay(true).expect("a socket option");
                stream.set_read_timeout(Some(PATIENCE)).expect("a socket option");
                service.serve(&mut stream);
                if service.current >= born_at + WARM
                    && let Some(rss) = rss_kib(&process)
                {
                    rss_first = if rss_first == 0 { rss } else { rss_first };
                    rss_most = rss_most.max(rss);
                    cpu = cpu.max(process.cpu());
                }
                last_seen = Instant::now();
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                if let Some(code) = process.end_code() {
                    let log = process.log();
                    assert_eq!(code, 1, "{}", process.report());
                    assert!(log.lines().last().is_some_and(|line| line.starts_with("[FATAL] ")), "an end without a message\n{log}");
                    reports.take(&log);
                    restarts += 1;
                    born_at = service.current;
                    process = setup.start(&address);
                }
                assert!(last_seen.elapsed() < PATIENCE, "nothing happens\n{}", process.report());
                std::thread::sleep(Duration::from_micros(100));
            }
            Err(error) => panic!("{error}"),
        }
    }
    check_last(&mut process, &mut reports, &service);
    let Service { requests, failed, unsettled, faults, .. } = service;
    for id in &unsettled {
        assert!(reports.ids.contains(id), "the fault of event {id} is not in the log");
    }
    tell(&format!(
        "faults{}: COLDMOON_FAULTS_SEED={seed} COLDMOON_FAULTS={count}: {} faults, {requests} requests on {connections} connections, each event answered \
         once ({failed} with errors), {} faults of answers reported, {restarts} ends with a message, resident {rss_first} KiB, {rss_most} KiB at most, \
         {:.1} s",
        if is_pipelined { ", pipelined" } else { "" },
        faults.injected,
        unsettled.len(),
        begun.elapsed().as_secs_f64()
    ));
    assert_eq!(failed, count.div_ceil(10));
    // A runtime that asks in a loop would need more: a fault costs no more than the requests of its exchange once more.
    assert!(requests <= 2 * count + 4 * faults.injected, "{requests} requests");
    assert!(connections <= 1 + restarts + 2 * faults.injected, "{connections} connections");
    assert!(cpu < begun.elapsed(), "it has used the processor all the time");
    assert!(rss_most <= rss_first + GROWTH_KIB_MAX, "resident memory grew from {rss_first} to {rss_most} KiB");
}

/// The log of the process that is left, once what its last exchange made it write is there.
fn check_last(process: &mut Process, reports: &mut Reports, service: &Service) {
    let deadline = Instant::now() + Duration::from_secs(5);
    let last = service.unsettled.last().map(|id| format!(" id-{id} "));
    while last
        .as_ref()
        .is_some_and(|last| !process.log().contains(last) && !reports.ids.contains(service.unsettled.last().expect("it is there")))
        && Instant::now() < deadline
    {
        std::thread::sleep(Duration::from_millis(1));
    }
    reports.take(&process.log());
}
