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
        let (port, api_port) = (free_port(), free_port());
        let log = tempfile::NamedTempFile::new().expect("a temporary file");
        let output = || Stdio::from(log.reopen().expect("a second handle"));
        let mut command = Command::new(path);
        command.args(["--runtime-api-address", &format!("127.0.0.1:{api_port}")]);
        command.args(["--runtime-interface-emulator-address", &format!("127.0.0.1:{port}")]);
        command.arg(bootstrap()).arg("app.handler").env_clear().envs(&setup.env).env("AWS_LAMBDA_FUNCTION_TIMEOUT", "60");
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
