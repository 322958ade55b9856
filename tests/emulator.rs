//! The real binary under AWS's own Runtime Interface Emulator, through its front door.
//!
//! `scripts/fetch-emulator` gets the emulator; where it cannot, this says why and passes. Both of its addresses are given (else it binds all
//! interfaces), on free ports of 127.0.0.1. It ends with the group that it was started in.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

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
        let (port, api_port) = (free_port(), free_port());
        let log = tempfile::NamedTempFile::new().expect("a temporary file");
        let output = || Stdio::from(log.reopen().expect("a second handle"));
        let mut command = Command::new(path);
        command.args(["--runtime-api-address", &format!("127.0.0.1:{api_port}")]);
        command.args(["--runtime-interface-emulator-address", &format!("127.0.0.1:{port}")]);
        command.args(options).arg(bootstrap()).arg("app.handler").env_clear().envs(&setup.env).env("AWS_LAMBDA_FUNCTION_TIMEOUT", "60");
        // In a pipe of its own it would stop when nobody reads.
        command.current_dir(setup.folder()).stdin(Stdio::null()).stdout(output()).stderr(output()).process_group(0);
        let child = command.spawn().expect("the emulator can be started");
        let emulator = Emulator { child, port, log };
        wait_until("the emulator listens", || TcpStream::connect(("127.0.0.1", port)).is_ok(), || emulator.report());
        emulator
    }

    fn report(&self) -> String {
        format!("--- the emulator's log\n{}", std::fs::read_to_string(self.log.path()).unwrap_or_default())
    }

    /// One invocation that need not be answered.
    fn try_invoke(&self, event: &[u8]) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("it listens");
        stream.set_read_timeout(Some(Duration::from_secs(1))).expect("a socket option");
        let head = format!(
            "POST /2015-03-31/functions/function/invocations HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            event.len()
        );
        stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(event)).expect("it reads");
        stream.read_exact(&mut [0]).ok();
    }

    /// One invocation: the body of the answer.
    fn invoke(&self, event: &[u8]) -> Vec<u8> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket option");
        let head = format!(
            "POST /2015-03-31/functions/function/invocations HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            event.len()
        );
        stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(event)).expect("it reads");
        let mut reply = Vec::new();
        stream.read_to_end(&mut reply).unwrap_or_else(|error| panic!("{error}\n{}", self.report()));
        let at = find(&reply, b"\r\n\r\n").unwrap_or_else(|| panic!("no reply\n{}", self.report()));
        let (head, body) = reply.split_at(at + 4);
        let head = String::from_utf8_lossy(head).to_ascii_lowercase();
        assert!(head.starts_with("http/1.1 200"), "{head}\n{}", self.report());
        if head.contains("transfer-encoding: chunked") { unchunk(body) } else { body.to_vec() }
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
        for child in children(id.as_raw_nonzero().get()) {
            rustix::process::kill_process(child, Signal::KILL).ok();
        }
        rustix::process::kill_process_group(id, Signal::KILL).ok();
        self.child.wait().ok();
    }
}

/// The processes that this one has started.
fn children(id: i32) -> Vec<Pid> {
    let list = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
    list.split_whitespace().filter_map(|child| Pid::from_raw(child.parse().ok()?)).collect()
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
    let setup = Setup::new(
        "return { handler = function(event) if event == 'fail' then error({ type = 'Custom', message = 'as asked' }) end return event end }\n",
    );
    let emulator = Emulator::start(&path, &setup);
    let text = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2)).into_bytes();
    for event in [b"{\"sixteen\":[1]}".to_vec(), text(16), text(3 * 1024), text(6 * 1024 * 1024)] {
        let answer = emulator.invoke(&event);
        assert!(answer == event, "an event of {} bytes came back as {} bytes\n{}", event.len(), answer.len(), emulator.report());
    }
    let error: serde_json::Value = serde_json::from_slice(&emulator.invoke(b"\"fail\"")).expect("an error document");
    assert_eq!((error["errorType"].as_str(), error["errorMessage"].as_str()), (Some("Custom"), Some("as asked")), "{error}");
    assert_eq!(error["stackTrace"][1], "app.lua:1: in function 'handler'", "{error}");
    assert_eq!(emulator.invoke(b"[\"after\",null,{}]"), b"[\"after\",null,{}]");
    let error: serde_json::Value = serde_json::from_slice(&emulator.invoke(b"not JSON")).expect("an error document");
    assert_eq!(error["errorType"], "Runtime.UnmarshalError");
    assert_eq!(emulator.invoke(b"12345678901234567890"), b"12345678901234567890");
}

#[test]
fn pipelined_invocations() {
    let Some(path) = emulator() else { return };
    let setup = Setup::new(
        "return { handler = function(event)\n\
           if event == 'fail' then error({ type = 'Custom', message = 'as asked' }) end\n\
           if event == 'large' then return ('x'):rep(6 * 1024 * 1024) end\n\
           if event == 'stream' then return require 'coldmoon'.stream(function(write) write('streamed') end) end\n\
           return event\n\
         end }\n",
    )
    .with("COLDMOON_PIPELINE", "1");
    let emulator = Emulator::start(&path, &setup);
    for round in 0..100 {
        let event = format!("{{\"round\":{round},\"text\":\"{}\"}}", "x".repeat(round * 70)).into_bytes();
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
fn a_snapshot_as_far_as_the_emulator_goes() {
    let Some(path) = emulator() else { return };
    let setup = Setup::new(
        "local coldmoon = require 'coldmoon'\n\
         coldmoon.before_snapshot(function() print('the hook before') end)\n\
         coldmoon.after_restore(function() print('the hook after') end)\n\
         return { handler = function(event) return event end }\n",
    )
    .with("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start");
    let emulator = Emulator::start_with(&path, &setup, &["--enable-init-caching"]);
    emulator.try_invoke(b"{}");
    let has = |text: &str| emulator.report().contains(text);
    // `restore/next` is what ends its INIT; a runtime that does not know it would be refused.
    wait_until("the end of INIT", || has("the hook before") && has("INIT RTDONE(status: success)"), || emulator.report());
    if !has("the hook after") {
        skip(
            "the emulator goes from INIT to INVOKE without RESTORE: `restore/next` is never answered, so the second hook cannot run there",
        );
    }
}

/// Where the emulator looks for the runtime in this mode, whatever its command line says
/// (`internal/lambda-managed-instances` of its source).
const MANAGED_BOOTSTRAP: &str = "/var/runtime/bootstrap";

#[test]
fn managed_instances() {
    if std::env::var_os("COLDMOON_EMULATOR_MANAGED").is_none() {
        skip(&format!(
            "with AWS_LAMBDA_MAX_CONCURRENCY the emulator ignores the command that it is given, starts {MANAGED_BOOTSTRAP} as another user and \
             reads /var/task: on a machine that may have these, link the bootstrap there and set COLDMOON_EMULATOR_MANAGED"
        ));
        return;
    }
    let Some(path) = emulator() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    // Written to by another user.
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o777)).expect("its owner may");
    let setup = Setup::new(format!(
        "local ffi = require 'ffi' ffi.cdef 'int getpid(void); int usleep(unsigned); int kill(int, int);'\n\
         return {{ handler = function(event)\n\
           if event.kill then ffi.C.kill(ffi.C.getpid(), 9) end\n\
           io.open('{0}/' .. event.round .. event.n, 'w'):close()\n\
           for n = 0, 7 do repeat local file = io.open('{0}/' .. event.round .. n) if not file then ffi.C.usleep(1000) end until file end\n\
           return ffi.C.getpid()\n\
         end }}\n",
        folder.path().display()
    ))
    .with("AWS_LAMBDA_MAX_CONCURRENCY", "8")
    .with("AWS_LAMBDA_INITIALIZATION_TYPE", "lambda-managed-instances");
    std::fs::set_permissions(setup.folder(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("its owner may");
    let emulator = Emulator::start(&path, &setup);
    let invoke_all = |round: &str| -> std::collections::BTreeSet<Vec<u8>> {
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|n| {
                    scope.spawn({
                        let emulator = &emulator;
                        move || emulator.invoke(format!("{{\"round\":\"{round}\",\"n\":{n}}}").as_bytes())
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().expect("an answer")).collect()
        })
    };
    assert_eq!(invoke_all("a").len(), 8, "each in a process of its own\n{}", emulator.report());
    emulator.try_invoke(b"{\"kill\":true}");
    wait_until("the worker comes back", || emulator.report().contains("it is replaced"), || emulator.report());
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(invoke_all("b").len(), 8, "{}", emulator.report());
}
