//! The real binary under AWS's own Runtime Interface Emulator, through its front door.
//!
//! `scripts/fetch-emulator` gets the emulator; where it cannot, this says why and passes. Both of its addresses are given (else it binds all
//! interfaces), on free ports of 127.0.0.1. It ends with the group that it was started in.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use coldmoon_tests::language::language;
use coldmoon_tests::process::Setup;
use coldmoon_tests::wire::find;
use coldmoon_tests::{PATIENCE, bootstrap, skip, target_folder, wait_until, workspace};
use rustix::process::{Pid, Signal};

/// Where the emulator is; `None` after a line that says why it is not.
fn emulator() -> Option<String> {
    let fetched = Command::new(workspace().join("scripts/fetch-emulator")).env("CARGO_TARGET_DIR", target_folder()).output();
    let output = fetched.unwrap_or_else(|error| panic!("scripts/fetch-emulator: {error}"));
    if output.status.success() {
        return Some(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    skip(String::from_utf8_lossy(&output.stderr).trim());
    None
}

fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr()).expect("a free port").port()
}

struct Emulator {
    child: Child,
    port: u16,
    log: tempfile::NamedTempFile,
}

impl Emulator {
    fn start(path: &str, setup: &Setup) -> Emulator {
        Emulator::start_with(path, setup, &[])
    }

    fn start_with(path: &str, setup: &Setup, options: &[&str]) -> Emulator {
        let mut arguments: Vec<&OsStr> = options.iter().map(OsStr::new).collect();
        let bootstrap = bootstrap();
        arguments.extend([bootstrap.as_os_str(), OsStr::new("app.handler")]);
        Emulator::spawn(Command::new(path), setup, &arguments)
    }

    /// Starts it where [`MANAGED`] has made the places that it looks at.
    fn start_managed(path: &str, setup: &Setup) -> Emulator {
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", MANAGED, "sh"]).arg(bootstrap()).arg(setup.folder()).arg(path);
        Emulator::spawn(command, setup, &[])
    }

    fn spawn(mut command: Command, setup: &Setup, arguments: &[&OsStr]) -> Emulator {
        let (port, api_port) = (free_port(), free_port());
        let log = tempfile::NamedTempFile::new().expect("a temporary file");
        // One place in the file for both: neither overwrites the other.
        let output = || Stdio::from(log.as_file().try_clone().expect("a second handle"));
        command.args(["--runtime-api-address", &format!("127.0.0.1:{api_port}")]);
        command.args(["--runtime-interface-emulator-address", &format!("127.0.0.1:{port}")]);
        command.args(arguments).env_clear().envs(&setup.env).env("AWS_LAMBDA_FUNCTION_TIMEOUT", "60");
        // In a pipe of its own it would stop when nobody reads.
        command.current_dir(setup.folder()).stdin(Stdio::null()).stdout(output()).stderr(output()).process_group(0);
        let child = command.spawn().expect("the emulator can be started");
        let emulator = Emulator { child, port, log };
        // At its front door it listens before it does so for the runtime, which it starts with the first invocation.
        let listens = |port| TcpStream::connect(("127.0.0.1", port)).is_ok();
        wait_until("the emulator listens", || listens(port) && listens(api_port), || emulator.report());
        emulator
    }

    fn report(&self) -> String {
        format!("--- the emulator's log\n{}", std::fs::read_to_string(self.log.path()).unwrap_or_default())
    }

    /// One invocation that need not be answered.
    fn try_invoke(&self, event: &[u8]) {
        self.reply(event, Duration::from_secs(1)).ok();
    }

    /// One invocation: the body of the answer.
    fn invoke(&self, event: &[u8]) -> Vec<u8> {
        let reply = self.reply(event, PATIENCE).unwrap_or_else(|error| panic!("{error}\n{}", self.report()));
        let at = find(&reply, b"\r\n\r\n").unwrap_or_else(|| panic!("no reply\n{}", self.report()));
        let (head, body) = reply.split_at(at + 4);
        let head = String::from_utf8_lossy(head).to_ascii_lowercase();
        assert!(head.starts_with("http/1.1 200"), "{head}\n{}", self.report());
        if head.contains("transfer-encoding: chunked") { unchunk(body) } else { body.to_vec() }
    }

    /// What it answers. With several workers it refuses an invocation as long as none of them has asked for one, and their `next` may be on
    /// its way still when the answer before it is here: such an invocation is sent again, as its clients do.
    fn reply(&self, event: &[u8], patience: Duration) -> std::io::Result<Vec<u8>> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let reply = self.exchange(event, patience)?;
            if find(&reply, b"Error-Type: Runtime.Unavailable\r\n").is_none() || Instant::now() > deadline {
                return Ok(reply);
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn exchange(&self, event: &[u8], patience: Duration) -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(patience))?;
        let head = format!(
            "POST /2015-03-31/functions/function/invocations HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            event.len()
        );
        stream.write_all(head.as_bytes())?;
        stream.write_all(event)?;
        let mut reply = Vec::new();
        stream.read_to_end(&mut reply)?;
        Ok(reply)
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // SIGTERM lets it end the runtime, which it has put into a group of its own.
        let id = Pid::from_child(&self.child);
        rustix::process::kill_process(id, Signal::TERM).ok();
        for _ in 0..100 {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        for child in children(id) {
            rustix::process::kill_process(child, Signal::KILL).ok();
        }
        rustix::process::kill_process_group(id, Signal::KILL).ok();
        self.child.wait().ok();
    }
}

/// The processes that this one has started.
fn children(id: Pid) -> Vec<Pid> {
    // Each thread has its own list.
    let tasks = std::fs::read_dir(format!("/proc/{}/task", id.as_raw_nonzero())).into_iter().flatten().flatten();
    let lists: String = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok()).collect();
    lists.split_whitespace().filter_map(|child| Pid::from_raw(child.parse().ok()?)).collect()
}

fn unchunk(mut body: &[u8]) -> Vec<u8> {
    let mut data = Vec::new();
    while let Some(end) = find(body, b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&body[..end]).unwrap_or_default().trim(), 16).unwrap_or_default();
        if size == 0 {
            break;
        }
        data.extend_from_slice(&body[end + 2..end + 2 + size]);
        body = &body[end + 2 + size + 2..];
    }
    data
}

#[test]
fn events_of_every_size_an_error_and_the_event_after_it() {
    let Some(path) = emulator() else { return };
    let setup = Setup::function("fails_for_fail");
    let emulator = Emulator::start(&path, &setup);
    let text = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2)).into_bytes();
    for event in [b"{\"sixteen\":[1]}".to_vec(), text(16), text(3 * 1024), text(6 * 1024 * 1024)] {
        let answer = emulator.invoke(&event);
        assert!(answer == event, "an event of {} bytes came back as {} bytes\n{}", event.len(), answer.len(), emulator.report());
    }
    let error: serde_json::Value = serde_json::from_slice(&emulator.invoke(b"\"fail\"")).expect("an error document");
    assert_eq!((error["errorType"].as_str(), error["errorMessage"].as_str()), (Some("Custom"), Some("as asked")), "{error}");
    assert_eq!(error["stackTrace"], serde_json::json!(language().custom_stack), "{error}");
    assert_eq!(emulator.invoke(b"[\"after\",null,{}]"), b"[\"after\",null,{}]");
    let error: serde_json::Value = serde_json::from_slice(&emulator.invoke(b"not JSON")).expect("an error document");
    assert_eq!(error["errorType"], "Runtime.UnmarshalError");
    assert_eq!(emulator.invoke(b"12345678901234567890"), b"12345678901234567890");
}

#[test]
fn pipelined_invocations() {
    let Some(path) = emulator() else { return };
    let setup = Setup::function("fails_is_large_or_streams").with("COLDMOON_PIPELINE", "1");
    let emulator = Emulator::start(&path, &setup);
    for round in 0..100 {
        let event = format!("[{round},\"{}\"]", "x".repeat(round * 70)).into_bytes();
        assert!(emulator.invoke(&event) == event, "round {round}\n{}", emulator.report());
        match round % 25 {
            5 => assert!(String::from_utf8_lossy(&emulator.invoke(b"\"fail\"")).contains("as asked"), "{}", emulator.report()),
            10 => assert_eq!(emulator.invoke(b"\"large\"").len(), (6 << 20) + 2, "{}", emulator.report()),
            15 => assert_eq!(emulator.invoke(b"\"stream\""), b"streamed", "{}", emulator.report()),
            _ => {}
        }
    }
    assert!(!emulator.report().contains("[WARN]"), "{}", emulator.report());
}

#[test]
fn a_snapshot_with_both_hooks() {
    let Some(path) = emulator() else { return };
    let setup = Setup::function("snapshot_hooks").with("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start");
    let emulator = Emulator::start_with(&path, &setup, &["--log-level", "debug", "--enable-init-caching"]);
    emulator.try_invoke(b"{}");
    // `restore/next` ends its INIT, and its INVOKE answers it: the emulator has no command for RESTORE.
    const STEPS: [&str; 7] = [
        "INIT START(type: snap-start",
        "before 1",
        "GET /2018-06-01/runtime/restore/next",
        "INIT RTDONE(status: success)",
        "INVOKE START",
        "after 1",
        "GET /2018-06-01/runtime/invocation/next",
    ];
    wait_until("the next that follows the restore", || emulator.report().contains(STEPS[6]), || emulator.report());
    let report = emulator.report();
    let mut rest = report.as_str();
    for step in STEPS {
        let at = rest.find(step).unwrap_or_else(|| panic!("no {step:?} behind the steps before it\n{report}"));
        rest = &rest[at..];
    }
    skip(
        "its last step, the answer: with its one release for an invocation the emulator answers `restore/next`, and none is left for `next`; \
         the scripted server shows it (`lifecycle`)",
    );
}

/// What makes the places where the emulator looks for the runtime in this mode, whatever its command line says: `/var/runtime` and `/var/task`
/// (`internal/lambda-managed-instances` of its source). In a mount namespace of its own, so that the machine never sees them.
/// Arguments: the bootstrap, the function's folder, the emulator's command.
const MANAGED: &str = "set -e\n\
    mount -t tmpfs tmpfs /var\n\
    mkdir /var/runtime /var/task\n\
    cp \"$1\" /var/runtime/bootstrap\n\
    mount --bind \"$2\" /var/task\n\
    shift 2\n\
    exec \"$@\"\n";

/// Why there can be no managed instances on this machine, if so.
fn why_not_managed() -> Option<String> {
    if !rustix::process::getuid().is_root() {
        return Some("the emulator starts the runtime as another user, uid 993, which only root can".into());
    }
    match Command::new("unshare").args(["--mount", "mount", "-t", "tmpfs", "tmpfs", "/var"]).output() {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(format!("no mount namespace can be made: {}", String::from_utf8_lossy(&output.stderr).trim())),
        Err(error) => Some(format!("there is no unshare: {error}")),
    }
}

const WORKERS: usize = 8;

#[test]
fn managed_instances_serve_eight_invocations_at_the_same_time() {
    let Some(path) = emulator() else { return };
    if let Some(why) = why_not_managed() {
        skip(&why);
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    // Written to by another user.
    let share = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).expect("its owner may");
    };
    share(folder.path(), 0o777);
    // Each waits until all have begun, prints long lines, and waits until all have printed: one after the other would never end.
    let Some(setup) = Setup::function_if_any("managed") else { return };
    let setup = setup
        .with("MEETING", folder.path().to_str().expect("a plain name"))
        .with("AWS_LAMBDA_MAX_CONCURRENCY", WORKERS.to_string())
        .with("AWS_LAMBDA_INITIALIZATION_TYPE", "lambda-managed-instances");
    share(setup.folder(), 0o755);
    share(&setup.folder().join(&language().file), 0o644);
    let emulator = Emulator::start_managed(&path, &setup);
    let invoke_all = |round: &str| -> std::collections::BTreeSet<u64> {
        let results: Vec<serde_json::Value> = std::thread::scope(|scope| {
            let invoke = |n| emulator.invoke(format!("{{\"round\":\"{round}\",\"n\":{n}}}").as_bytes());
            let threads: Vec<_> = (0..WORKERS).map(|n| scope.spawn(move || invoke(n))).collect();
            threads.into_iter().map(|thread| serde_json::from_slice(&thread.join().expect("an answer")).expect("JSON")).collect()
        });
        assert!(results.iter().all(|result| result["uid"] == 993 && result["trace"].is_null()), "{results:?}");
        results.iter().filter_map(|result| result["pid"].as_u64()).collect()
    };
    let before = invoke_all("first");
    assert_eq!(before.len(), WORKERS, "each in a process of its own\n{}", emulator.report());

    emulator.try_invoke(b"{\"kill\":true}");
    wait_until("the worker comes back", || emulator.report().contains("it is replaced"), || emulator.report());
    let after = invoke_all("second");
    assert_eq!((after.len(), before.intersection(&after).count()), (WORKERS, WORKERS - 1), "{}", emulator.report());

    // The emulator passes the lines on as they come, between its own, and some of them after the answers.
    let has_all = || emulator.report().matches(&" long".repeat(4000)).count() >= 2 * 5 * WORKERS;
    wait_until("the log of all invocations", has_all, || emulator.report());
    let report = emulator.report();
    let lines = report.lines().filter(|line| line.starts_with('{'));
    let entries: Vec<serde_json::Value> =
        lines.map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect();
    let is_long = |entry: &&serde_json::Value| entry["message"].as_str().is_some_and(|text| text.len() > 20_000);
    assert_eq!(entries.iter().filter(is_long).count(), 2 * 5 * WORKERS, "{report}");
    for entry in entries.iter().filter(is_long) {
        let id = entry["requestId"].as_str().expect("an id");
        assert!(entry["message"].as_str().is_some_and(|text| text == id.to_owned() + &" long".repeat(4000)), "{entry}");
    }
}
