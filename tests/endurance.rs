//! Many invocations in one process: one TCP connection, and memory that stays as it was after the first thousand.
//!
//! `COLDMOON_ENDURANCE` is the number of invocations, 20,000 where it is not set; the long form is 100,000 with the release binary in
//! `COLDMOON_BOOTSTRAP`. Prints what it has measured. The server does as little as possible: what is measured is the runtime.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Instant;

use coldmoon_tests::process::{Process, Setup};
use coldmoon_tests::wire::{accepted, event, find};
use coldmoon_tests::{PATIENCE, tell, workspace};

/// Invocations before memory counts: the heap has found its size, traces are compiled.
const WARM: usize = 1000;
/// How far it may swing: the collector lets three strings of the large events lie at the most.
const SWING_KIB_MAX: u64 = 2048;
/// How far the peak of the last quarter may lie above that of the first half: what leaks shows there, however little it is each time.
const TREND_KIB_MAX: u64 = 256;

/// A handler that makes garbage, keeps nothing and fails now and then. It collects all garbage where memory is measured: what is resident
/// then is what is kept, and not where the collector happens to be with the large events.
const SOURCE: &str = "local count = 0\n\
    return { handler = function(event, context)\n\
      count = count + 1\n\
      if count % 1000 == 0 then collectgarbage() collectgarbage() end\n\
      if count % 100 == 0 then error('every hundredth') end\n\
      local copy = {}\n\
      for key, value in pairs(event) do copy[key] = value end\n\
      copy.id = context.aws_request_id\n\
      return copy\n\
    end }\n";

#[test]
fn memory_is_flat_over_many_invocations_on_one_connection() {
    let count: usize = std::env::var("COLDMOON_ENDURANCE").ok().and_then(|text| text.parse().ok()).unwrap_or(20_000);
    let setup = Setup::new(SOURCE);
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let address = listener.local_addr().expect("an address").to_string();
    let process = setup.start(address);
    let begun = Instant::now();
    let (mut stream, _) = listener.accept().expect("a connection");
    stream.set_nodelay(true).expect("a socket option");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket option");

    let accepted = accepted();
    let mut room = vec![0; 1 << 20];
    let (mut answered, mut failed) = (0, 0);
    let mut rss = Vec::new();
    let mut received = Vec::new();
    while answered < count {
        // Requests come one at a time, each whole or in two parts.
        let bytes = stream.read(&mut room).unwrap_or_else(|error| panic!("after {answered} invocations: {error}\n{}", process.report()));
        assert!(bytes > 0, "the connection was closed after {answered} invocations\n{}", process.report());
        received.extend_from_slice(&room[..bytes]);
        let Some(length) = request_bytes(&received) else { continue };
        assert_eq!(received.len(), length, "one request at a time");
        if received.starts_with(b"GET ") {
            // Now and then an event that is large, and one with text that differs: what is kept of either would show.
            let text = "x".repeat(if answered % 20 == 10 { 500_000 } else { 100 + answered % 50 });
            let body = format!("{{\"n\":{answered},\"big\":{},\"text\":\"{text}\",\"list\":[1,2,{{}}]}}", u64::MAX - answered as u64);
            stream.write_all(&event(&format!("id-{answered}"), body)).expect("it reads");
        } else {
            failed += usize::from(find(&received[..100], b"/error ").is_some());
            stream.write_all(&accepted).expect("it reads");
            answered += 1;
            if answered == WARM || (answered > WARM && answered % (count / 20).max(1) == 0) {
                rss.push(process.rss_kib());
            }
        }
        received.clear();
    }
    let seconds = begun.elapsed().as_secs_f64();
    listener.set_nonblocking(true).expect("a socket option");
    assert!(listener.accept().is_err(), "a second connection was made");
    assert_eq!(failed, count / 100);
    let (first, last) = (rss[0], *rss.last().expect("it was measured"));
    let most = rss.iter().copied().max().unwrap_or_default();
    tell(&format!(
        "endurance: {count} invocations, 1 connection, {seconds:.1} s, resident {first} KiB after {WARM}, {last} KiB at the end, {most} KiB at most ({})",
        binary(&process)
    ));
    assert!(most <= first + SWING_KIB_MAX, "resident memory swings: {rss:?} KiB");
    let peak = |part: &[u64]| part.iter().copied().max().unwrap_or_default();
    let quarter = rss.len() / 4;
    let (early, late) = (peak(&rss[..2 * quarter]), peak(&rss[rss.len() - quarter..]));
    assert!(late <= early + TREND_KIB_MAX, "resident memory grows: {rss:?} KiB");
}

/// Which binary it was.
fn binary(process: &Process) -> String {
    let path = std::fs::read_link(format!("/proc/{}/exe", process.id())).unwrap_or_default();
    path.strip_prefix(workspace()).unwrap_or(&path).display().to_string()
}

/// The length of the request that begins here, where it is whole.
fn request_bytes(received: &[u8]) -> Option<usize> {
    let head = find(received, b"\r\n\r\n")? + 4;
    let Some(at) = find(&received[..head], b"Content-Length: ") else { return Some(head) };
    let digits = &received[at + 16..];
    let digits = &digits[..find(digits, b"\r\n")?];
    let length: usize = std::str::from_utf8(digits).ok()?.parse().ok()?;
    (received.len() >= head + length).then_some(head + length)
}
