//! The life of the process: shutdown hooks, snapshots, workers.
//!
//! Shutdown and snapshots run against the scripted server, which sees every request on its connection; workers against the local Runtime API,
//! which hands out invocations at the same time.

use std::collections::BTreeSet;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;

use coldmoon_cli::runtime_api::{FunctionMetadata, Invocation, Options, Outcome, Pending, RuntimeApi, RuntimeRun};
use coldmoon_tests::language::language;
use coldmoon_tests::process::{Process, Setup};
use coldmoon_tests::server::{Peer, Server};
use coldmoon_tests::wire::{Request, accepted, event, refused, reply};
use coldmoon_tests::{PATIENCE, wait_until};
use rustix::process::{Pid, Signal};

const VERSION: &str = env!("CARGO_PKG_VERSION");
const REGISTER: &str = "POST /2020-01-01/extension/register";
const EVENT_NEXT: &str = "GET /2020-01-01/extension/event/next";
const NEXT: &str = "GET /2018-06-01/runtime/invocation/next";
const RESTORE_NEXT: &str = "GET /2018-06-01/runtime/restore/next";

/// Serves the requests of one connection by their paths, the events in turn from `events`; what is asked for beyond them waits.
fn serve(peer: &mut Peer, registration: &[u8], restore: &[u8], events: &[Vec<u8>]) {
    let mut events = events.iter();
    while let Some(request) = peer.try_request() {
        match request.line().as_str() {
            REGISTER => peer.send(registration),
            RESTORE_NEXT => peer.send(restore),
            EVENT_NEXT => {}
            NEXT => {
                if let Some(event) = events.next() {
                    peer.send(event);
                }
            }
            _ => peer.send(accepted()),
        }
    }
}

fn registered() -> Vec<u8> {
    reply("200 OK", "Lambda-Extension-Identifier: extension-1\r\n", "{\"functionName\":\"function\"}")
}

fn restored() -> Vec<u8> {
    reply("200 OK", "", "")
}

/// A server that takes registrations and gives these events.
fn server(events: Vec<Vec<u8>>) -> Server {
    Server::start(move |_, peer| serve(peer, &registered(), &restored(), &events))
}

fn lines_of(server: &Server, connection: usize) -> Vec<String> {
    server.records()[connection].requests.iter().map(Request::line).collect()
}

fn touch(path: &Path) {
    std::fs::write(path, "").expect("a file can be written");
}

// ---- shutdown ----

#[test]
fn the_extension_is_registered_and_parked_on_a_second_connection() {
    let server = server(Vec::new());
    let mut process = Setup::function("shutdown_hook").start(server.address());
    process.wait_for(&server, 3);
    let host = server.address();
    let (first, second) = (&server.records()[0].requests, &server.records()[1].requests);
    assert_eq!(
        String::from_utf8_lossy(&first[0].raw),
        format!(
            "POST /2020-01-01/extension/register HTTP/1.1\r\nHost: {host}\r\nUser-Agent: coldmoon/{VERSION}\r\n\
             Lambda-Extension-Name: coldmoon\r\nContent-Length: 13\r\n\r\n{{\"events\":[]}}"
        )
    );
    assert_eq!(first[1].line(), NEXT, "on the connection of the registration");
    assert_eq!(
        String::from_utf8_lossy(&second[0].raw),
        format!("GET /2020-01-01/extension/event/next HTTP/1.1\r\nHost: {host}\r\nLambda-Extension-Identifier: extension-1\r\n\r\n")
    );
    process.check_idle();
}

#[test]
fn without_a_hook_nothing_is_registered() {
    let server = server(vec![event("id-1", "1")]);
    let mut process = Setup::function("echo").start(server.address());
    process.wait_for(&server, 3);
    process.kill();
    assert_eq!(server.lines(), [NEXT, "POST /2018-06-01/runtime/invocation/id-1/response", NEXT]);
    assert_eq!(server.records().len(), 1);
}

#[test]
fn a_termination_while_it_waits_runs_the_hooks_in_order() {
    let server = server(vec![event("id-1", "1")]);
    let mut process = Setup::function("shutdown_hooks").start(server.address());
    process.wait_for(&server, 5);
    assert_eq!(process.log(), "");
    process.signal(Signal::TERM);
    assert_eq!(process.wait().code, 0, "{}", process.report());
    assert_eq!(process.log(), "first\nsecond\n");
    assert_eq!(server.posts().len(), 2, "the registration and the response");
}

/// A function with a shutdown hook, whose handler has begun and waits for the file `go` in the folder.
struct Busy {
    server: Server,
    process: Process,
    folder: tempfile::TempDir,
}

impl Busy {
    fn start() -> Busy {
        let folder = tempfile::tempdir().unwrap();
        let go = folder.path().join("go");
        let server = server(vec![event("id-1", "1")]);
        let setup = Setup::function("shutdown_hook_while_busy").with("GO", go.to_str().expect("a plain name"));
        let process = setup.start(server.address());
        wait_until("the handler begins", || process.log() == "begun\n", || process.report());
        Busy { server, process, folder }
    }
}

#[test]
fn a_termination_during_a_handler_comes_after_its_answer() {
    let Busy { server, mut process, folder } = Busy::start();
    process.signal(Signal::TERM);
    std::thread::sleep(std::time::Duration::from_millis(100));
    assert!(process.is_running(), "{}", process.report());
    assert_eq!(process.log(), "begun\n");
    touch(&folder.path().join("go"));
    assert_eq!(process.wait().code, 0, "{}", process.report());
    assert_eq!(process.log(), "begun\nhook\n");
    let posts = server.posts();
    assert_eq!((posts.len(), posts[1].text().as_str()), (2, "\"answered\""));
}

#[test]
fn no_signal_is_held_back_while_the_handler_runs() {
    // A program that the function starts would hold it back too: nothing but SIGKILL would end it.
    let Busy { server, mut process, folder } = Busy::start();
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).expect("it is running");
    let held = status.lines().find_map(|line| line.strip_prefix("SigBlk:")).expect("proc(5)");
    assert_eq!(held.trim(), "0000000000000000");
    touch(&folder.path().join("go"));
    process.wait_for(&server, 5);
    process.signal(Signal::TERM);
    assert_eq!(process.wait().code, 0, "{}", process.report());
    assert_eq!(process.log(), "begun\nhook\n");
}

#[test]
fn a_hook_that_raises_is_an_entry_of_the_log() {
    let server = server(Vec::new());
    let mut process = Setup::function("shutdown_hook_fails").start(server.address());
    process.wait_for(&server, 3);
    process.signal(Signal::TERM);
    assert_eq!(process.wait().code, 0, "{}", process.report());
    assert!(process.log().starts_with(&format!("[ERROR] {}: oops", language().error_type)), "{}", process.report());
    assert_eq!(server.posts().len(), 1, "nothing is posted but the registration");
}

#[test]
fn exit_in_a_shutdown_hook_ends_it_with_that_code() {
    let server = server(Vec::new());
    let mut process = Setup::function("shutdown_hook_exits_5").start(server.address());
    process.wait_for(&server, 3);
    process.signal(Signal::TERM);
    assert_eq!(process.wait().code, 5, "{}", process.report());
}

#[test]
fn exit_in_a_shutdown_hook_posts_nothing() {
    let server = server(Vec::new());
    let mut process = Setup::function("shutdown_hook_exits_5").start(server.address());
    process.wait_for(&server, 3);
    process.signal(Signal::TERM);
    process.wait();
    assert_eq!(server.posts().len(), 1, "{:?}", server.lines());
}

#[test]
fn a_hook_registered_in_the_handler_is_an_error() {
    for name in ["shutdown", "before_snapshot", "after_restore"] {
        let server = server(vec![event("id-1", "1")]);
        let mut process = Setup::function("registers_a_hook").with("HOOK", name).start(server.address());
        process.wait_for(&server, 3);
        let post = &server.posts()[0];
        assert_eq!(post.path, "/2018-06-01/runtime/invocation/id-1/error");
        let message = post.json()["errorMessage"].as_str().unwrap_or_default().to_owned();
        assert!(message.contains("hooks are registered while the module is loaded, not in the handler"), "{message}");
    }
}

#[test]
fn a_refused_registration_is_a_warning() {
    let bodies = [refused(403), refused(500), reply("200 OK", "", "{}")];
    for (number, registration) in bodies.into_iter().enumerate() {
        let server = Server::start(move |_, peer| serve(peer, &registration, b"", &[event("id-1", "1")]));
        let mut process = Setup::function("shutdown_hook").start(server.address());
        let parked = usize::from(number == 2);
        process.wait_for(&server, 4 + parked);
        assert_eq!(server.posts()[1].text(), "1");
        // Local tools send the signal all the same.
        process.signal(Signal::TERM);
        assert_eq!(process.wait().code, 0, "{}", process.report());
        let log = process.log();
        assert!(log.contains("hook\n"), "{log}");
        let is_told = [403, 500].iter().any(|status| {
            log.contains(&format!("[WARN] shutdown hooks may not run: the platform answered {status} to its registration\n"))
        });
        assert_eq!(is_told, number < 2, "{log}");
    }
}

#[test]
fn a_registration_without_an_answer_is_a_warning() {
    let server = Server::start(|number, peer| match number {
        0 => {
            peer.request();
            peer.close();
        }
        _ => serve(peer, b"", b"", &[event("id-1", "1")]),
    });
    let mut process = Setup::function("shutdown_hook").start(server.address());
    process.wait_for(&server, 4);
    process.kill();
    let message = "[WARN] shutdown hooks may not run: the server closed the connection without a reply\n";
    assert!(process.log().contains(message), "{}", process.report());
    assert_eq!(lines_of(&server, 0), [REGISTER], "it is not sent again");
}

#[test]
fn an_init_error_comes_before_any_registration() {
    let server = server(Vec::new());
    let mut process = Setup::function("shutdown_hook_and_fails_to_load").start(server.address());
    assert_eq!(process.wait().code, 1);
    assert_eq!(server.lines(), ["POST /2018-06-01/runtime/init/error"]);
}

// ---- snapshots ----

fn snapshot(function: &str) -> Setup {
    Setup::function(function).with("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start")
}

#[test]
fn the_hooks_run_around_the_snapshot_and_the_connection_is_a_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let restore = folder.path().join("restore");
    let of_script = restore.clone();
    let server = Server::start(move |number, peer| match number {
        0 => {
            peer.request();
            wait_until("the restore", || of_script.exists(), String::new);
            peer.send(restored());
        }
        _ => serve(peer, b"", b"", &[event("id-1", "1")]),
    });
    let mut process = snapshot("snapshot_hooks").start(server.address());
    process.wait_for(&server, 1);
    wait_until("the hooks", || process.log().lines().count() == 3, || process.report());
    process.check_idle();
    assert_eq!(process.log(), "loaded\nbefore 2\nbefore 1\n");
    touch(&restore);
    process.wait_for(&server, 4);
    process.kill();
    assert_eq!(process.log(), "loaded\nbefore 2\nbefore 1\nafter 1\nafter 2\n");
    assert_eq!(lines_of(&server, 0), [RESTORE_NEXT]);
    assert_eq!(lines_of(&server, 1), [NEXT, "POST /2018-06-01/runtime/invocation/id-1/response", NEXT]);
    assert_eq!(
        String::from_utf8_lossy(&server.requests()[0].raw),
        format!("GET /2018-06-01/runtime/restore/next HTTP/1.1\r\nHost: {}\r\nUser-Agent: coldmoon/{VERSION}\r\n\r\n", server.address())
    );
}

#[test]
fn the_hooks_of_a_snapshot_run_nowhere_else() {
    for kind in ["on-demand", "provisioned-concurrency"] {
        let server = server(Vec::new());
        let mut process = Setup::function("snapshot_hooks").with("AWS_LAMBDA_INITIALIZATION_TYPE", kind).start(server.address());
        process.wait_for(&server, 1);
        assert_eq!(server.lines(), [NEXT]);
        process.kill();
        assert_eq!(process.log(), "loaded\n");
    }
}

#[test]
fn the_restore_is_awaited_without_hooks_too() {
    let server = server(Vec::new());
    let mut process = snapshot("echo").start(server.address());
    process.wait_for(&server, 2);
    assert_eq!(server.lines(), [RESTORE_NEXT, NEXT]);
}

#[test]
fn random_numbers_differ_after_a_restore() {
    let number_of = |setup: Setup| {
        let server = server(vec![event("id-1", "1")]);
        let mut process = setup.start(server.address());
        let posts = || server.posts().iter().map(Request::text).next();
        wait_until("the response", || posts().is_some() && process.is_running(), String::new);
        posts().expect("it was awaited")
    };
    let Some(_) = Setup::function_if_any("seeded_random") else { return };
    let plain = || number_of(Setup::function("seeded_random"));
    assert_eq!(plain(), plain(), "the seed is the function's own");
    assert_ne!(number_of(snapshot("seeded_random")), number_of(snapshot("seeded_random")));
}

#[test]
fn a_hook_before_the_snapshot_that_fails_is_an_init_error() {
    let server = server(Vec::new());
    let mut process = snapshot("before_snapshot_fails").start(server.address());
    assert_eq!(process.wait().code, 1);
    assert_eq!(server.lines(), ["POST /2018-06-01/runtime/init/error"]);
    assert_snapshot_error(&server.posts()[0], "Runtime.BeforeSnapshotError", &process);
}

#[test]
fn a_hook_after_the_restore_that_fails_is_a_restore_error() {
    let server = server(Vec::new());
    let mut process = snapshot("after_restore_fails").start(server.address());
    assert_eq!(process.wait().code, 1);
    assert_eq!(server.lines(), [RESTORE_NEXT, "POST /2018-06-01/runtime/restore/error"]);
    assert_snapshot_error(&server.posts()[0], "Runtime.AfterRestoreError", &process);
}

fn assert_snapshot_error(post: &Request, error_type: &str, process: &Process) {
    assert_eq!(post.header("Lambda-Runtime-Function-Error-Type"), Some(error_type));
    assert_eq!((&post.json()["errorType"], &post.json()["errorMessage"]), (&error_type.into(), &"oops".into()), "{}", post.text());
    assert!(process.log().contains(&format!("[ERROR] {error_type}: oops")), "{}", process.report());
}

#[test]
fn exit_in_a_hook_after_the_restore_is_a_restore_error() {
    let server = server(Vec::new());
    let mut process = snapshot("after_restore_exits_4").start(server.address());
    assert_eq!(process.wait().code, 4);
    assert_eq!(server.lines(), [RESTORE_NEXT, "POST /2018-06-01/runtime/restore/error"]);
}

#[test]
fn a_refused_restore_ends_the_process_with_a_message() {
    for status in [403, 404, 500] {
        let server = Server::start(move |_, peer| drop(peer.answer(refused(status))));
        let mut process = snapshot("snapshot_hooks").start(server.address());
        assert_eq!(process.wait().code, 1);
        let message = format!("[FATAL] the Runtime API answered {status} to the wait for the restore; giving up\n");
        assert!(process.log().contains(&message), "{}", process.report());
        assert_eq!(server.lines(), [RESTORE_NEXT]);
    }
}

#[test]
fn a_server_that_goes_away_before_the_restore_is_a_message_and_exit_1() {
    let server = Server::start(|_, peer| {
        peer.request();
        peer.close();
    });
    let mut process = snapshot("snapshot_hooks").start(server.address());
    assert_eq!(process.wait().code, 1);
    let message = "[FATAL] the wait for the restore failed: the server closed the connection without a reply; giving up\n";
    assert!(process.log().contains(message), "{}", process.report());
}

#[test]
fn a_termination_before_the_restore_is_a_message_and_exit_1() {
    let server = Server::start(|_, peer| {
        while let Some(request) = peer.try_request() {
            if request.line() == REGISTER {
                peer.send(registered());
            }
        }
    });
    let mut process = snapshot("shutdown_hook").start(server.address());
    wait_until("the wait", || server.lines().iter().any(|line| line == RESTORE_NEXT), || process.report());
    process.signal(Signal::TERM);
    assert_eq!(process.wait().code, 1);
    let message = "[FATAL] the wait for the restore failed: the process was asked to end; giving up\n";
    assert!(process.log().contains(message), "{}", process.report());
}

// ---- crashes ----

#[test]
fn a_write_through_a_bad_pointer_is_told_before_the_signal_ends_the_process() {
    let server = server(vec![event("id-1", "1")]);
    let Some(setup) = Setup::function_if_any("crashes") else { return };
    let output = setup.command(&server.address()).output().expect("it starts");
    assert_eq!(output.status.signal(), Some(11), "{output:?}");
    let message = "[FATAL] the process ran out of C stack, or memory was corrupted through FFI (SIGSEGV)\n";
    // An emulator of the processor adds a line of its own.
    assert!(output.stderr.starts_with(message.as_bytes()), "{output:?}");
}

// ---- workers ----

const WORKERS: usize = 8;

struct Managed {
    api: RuntimeApi,
    process: Process,
    _run: RuntimeRun,
}

/// Starts it as managed instances do.
fn managed(setup: Setup) -> Managed {
    let api = RuntimeApi::start(Options { concurrency: WORKERS, ..Options::default() }).expect("a local API");
    let run = api.start_runtime(FunctionMetadata::default());
    let setup =
        setup.with("AWS_LAMBDA_MAX_CONCURRENCY", WORKERS.to_string()).with("AWS_LAMBDA_INITIALIZATION_TYPE", "lambda-managed-instances");
    let process = setup.start(api.address());
    Managed { api, process, _run: run }
}

impl Managed {
    fn wait_for_all(&mut self) {
        let is_so = self.api.wait_until(PATIENCE, |status| status.parked == WORKERS);
        assert!(is_so, "{:?}\n{}", self.api.status(), self.process.report());
    }

    /// As many invocations as there are workers, all at once; their responses.
    fn invoke_all(&mut self) -> Vec<serde_json::Value> {
        self.wait_for_all();
        let pending = (0..WORKERS).map(|number| self.api.queue(Invocation::new(number.to_string()))).collect();
        self.results(pending)
    }

    /// The same of the function `meets`: all have begun before any of them ends. `go` is the file that they wait for, a new one each time.
    fn meet(&mut self, go: &Path) -> Vec<serde_json::Value> {
        self.wait_for_all();
        let begun = |managed: &Managed| managed.process.log().matches("begun\n").count();
        let before = begun(self);
        let event = serde_json::to_string(go).expect("a plain name");
        let pending = (0..WORKERS).map(|_| self.api.queue(Invocation::new(event.clone()))).collect();
        wait_until("all have begun", || begun(self) == before + WORKERS, || self.process.report());
        touch(go);
        self.results(pending)
    }

    fn results(&self, pending: Vec<Pending>) -> Vec<serde_json::Value> {
        let outcomes = pending.into_iter().map(|pending| pending.wait());
        outcomes
            .map(|outcome| match outcome {
                Outcome::Response(response) => serde_json::from_slice(&response.body).expect("JSON"),
                other => panic!("{other:?}\n{}", self.process.report()),
            })
            .collect()
    }

    fn ids(&mut self, go: &Path) -> BTreeSet<String> {
        self.meet(go).iter().map(|value| value["pid"].to_string()).collect()
    }
}

#[test]
fn as_many_invocations_as_workers_run_at_the_same_time() {
    let folder = tempfile::tempdir().unwrap();
    let mut managed = managed(Setup::function("meets"));
    let results = managed.meet(&folder.path().join("go"));
    let distinct = |name: &str| results.iter().map(|result| result[name].to_string()).collect::<BTreeSet<_>>().len();
    assert_eq!(distinct("pid"), WORKERS, "each in a process of its own: {results:?}");
    assert_eq!(distinct("random"), WORKERS, "random states of their own: {results:?}");
    assert_eq!(distinct("trace"), WORKERS);
    assert!(results.iter().all(|result| result["env"].is_null() && result["trace"].is_string()), "{results:?}");
    managed.wait_for_all();
    let counts = managed.api.counts();
    assert_eq!((counts.connections, counts.refused), (WORKERS as u64, 0), "{counts:?}");
    assert_eq!(managed.process.log(), "begun\n".repeat(WORKERS));
}

#[test]
fn a_killed_worker_is_replaced_and_the_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut managed = managed(Setup::function("meets"));
    let before = managed.ids(&folder.path().join("first"));
    let victim = Pid::from_raw(before.first().unwrap().parse().unwrap()).unwrap();
    rustix::process::kill_process(victim, Signal::KILL).unwrap();
    wait_until(
        "the entry",
        || managed.process.log().contains("a worker was killed by signal 9; it is replaced"),
        || managed.process.report(),
    );
    wait_until("the worker", || managed.process.children().len() == WORKERS, || managed.process.report());
    let after = managed.ids(&folder.path().join("second"));
    assert_eq!(before.intersection(&after).count(), WORKERS - 1, "{before:?} {after:?}");
    assert_eq!(managed.process.log().lines().count(), 2 * WORKERS + 1, "{}", managed.process.report());
}

#[test]
fn exit_in_a_worker_is_answered_and_replaced() {
    let mut managed = managed(Setup::function("exits_3_for_exit"));
    managed.wait_for_all();
    let report = managed.api.queue(Invocation::new("\"exit\"")).wait().error().expect("an error");
    assert_eq!(report.error_type().as_deref(), Some("Runtime.ExitError"));
    wait_until("the entry", || managed.process.log().contains("a worker exited with code 3; it is replaced"), || managed.process.report());
    assert_eq!(managed.invoke_all().len(), WORKERS);
}

#[test]
fn there_is_one_init_error_of_all_workers() {
    let mut managed = managed(Setup::function("fails_to_load"));
    assert_eq!(managed.process.wait().code, 1);
    assert_eq!(managed.api.counts().posts, 1);
    assert!(managed.api.init_error().is_some());
    assert_eq!(managed.process.log().lines().count(), 1, "{}", managed.process.report());
}

#[test]
fn lines_of_eight_writers_are_whole() {
    let mut managed = managed(Setup::function("prints_long_lines"));
    managed.invoke_all();
    let whole = |text: &str| text.lines().count() == 20 * WORKERS;
    wait_until("all lines", || whole(&managed.process.log()), || "lines are missing".into());
    let log = managed.process.log();
    for line in log.lines() {
        let first = line.as_bytes()[0];
        assert!(line.len() == 100_000 && line.bytes().all(|byte| byte == first), "a line of {} bytes is mixed", line.len());
    }
}

#[test]
fn json_lines_carry_the_id_of_their_request() {
    let mut managed = managed(Setup::function("prints_its_id").with("AWS_LAMBDA_LOG_FORMAT", "JSON"));
    managed.invoke_all();
    wait_until("all lines", || managed.process.log().lines().count() == 50 * WORKERS, || managed.process.report());
    let mut ids = BTreeSet::new();
    for line in managed.process.log().lines() {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert_eq!(entry["message"], entry["requestId"], "{line}");
        ids.insert(entry["message"].to_string());
    }
    assert_eq!(ids.len(), WORKERS);
}

#[test]
fn a_termination_runs_the_hooks_of_every_worker() {
    let mut managed = managed(Setup::function("shutdown_hook_tells_its_process"));
    managed.wait_for_all();
    assert_eq!(managed.api.status().extensions, 1);
    managed.process.signal(Signal::TERM);
    assert_eq!(managed.process.wait().code, 0, "{}", managed.process.report());
    let lines: BTreeSet<String> = managed.process.log().lines().map(str::to_owned).collect();
    assert!(lines.len() == WORKERS && lines.iter().all(|line| line.starts_with("hook of ")), "{lines:?}");
}

#[test]
fn workers_die_with_their_parent() {
    let mut managed = managed(Setup::function("echo"));
    managed.wait_for_all();
    let workers = managed.process.children();
    assert_eq!(workers.len(), WORKERS);
    managed.process.signal(Signal::KILL);
    // Asked without the parent's being waited for: that ends the group.
    let is_dead = |id: &Pid| {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", id.as_raw_nonzero())).unwrap_or_default();
        stat.is_empty() || stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with(['Z', 'X']))
    };
    wait_until("their end", || workers.iter().all(is_dead), || format!("{workers:?}"));
}

#[test]
fn the_parent_ends_when_the_server_is_gone() {
    let server = Server::start(|_, peer| drop(peer.request()));
    let setup = Setup::function("echo").with("AWS_LAMBDA_MAX_CONCURRENCY", WORKERS.to_string());
    let mut process = setup.start(server.address());
    process.wait_for(&server, WORKERS);
    drop(server);
    // The pauses between its attempts add up to some twenty seconds.
    let deadline = std::time::Instant::now() + 4 * PATIENCE;
    while process.is_running() && std::time::Instant::now() < deadline {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert_eq!(process.wait().code, 1, "{}", process.report());
    let message = "[FATAL] workers keep dying (the last exited with code 1); giving up\n";
    assert!(process.log().contains(message), "{}", process.report());
}
