//! A function's process against the API, as tests and benchmarks of the runtime use both: without the tool.

mod support;

use std::time::Duration;

use coldmoon_cli::function::{Function, Process, StartError};
use coldmoon_cli::runtime_api::{Invocation, Options, Outcome, PlatformError, RuntimeApi};
use support::scripted_runtime;

fn start(handler: &str) -> (RuntimeApi, Process) {
    let api = RuntimeApi::start(Options::default()).expect("a free port");
    let process = Function::new(scripted_runtime(), handler).start(&api).expect("it starts");
    (api, process)
}

#[test]
fn one_process_and_one_connection_serve_many_invocations() {
    let (api, process) = start("fake.echo");
    for number in 0..1000 {
        let event = format!("[{number}]");
        match api.queue(Invocation::new(event.clone())).wait() {
            Outcome::Response(response) => assert_eq!(response.body, event.as_bytes()),
            other => panic!("{other:?}"),
        }
    }
    assert!(api.wait_until(Duration::from_secs(10), |status| status.parked == 1));
    assert_eq!((api.counts().connections, api.counts().posts, process.status()), (1, 1000, None));
}

#[test]
fn end_kills_and_completes_the_log() {
    let (api, process) = start("fake.log");
    assert!(api.queue(Invocation::new("{}")).wait().response().is_some());
    process.end(Duration::ZERO);
    assert!(process.status().is_some_and(|status| !status.success()));
    assert_eq!(process.log(), "to stdout\nto stderr\none\rentry");
}

#[test]
fn term_is_enough_for_a_process_that_does_not_handle_it() {
    let (_api, process) = start("fake.hang");
    process.end(Duration::from_secs(10));
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&process.status().expect("it has ended")), Some(15));
}

#[test]
fn drop_kills_and_ends_the_invocation() {
    let (api, process) = start("fake.hang");
    let pending = api.queue(Invocation::new("{}"));
    assert!(api.wait_until(Duration::from_secs(10), |status| status.counts.next == 1));
    drop(process);
    match pending.wait() {
        Outcome::Platform(error) => assert_eq!(error, PlatformError::Exited { status: "signal: killed".into() }),
        other => panic!("{other:?}"),
    }
}

#[test]
fn next_process_takes_over_after_an_exit() {
    let (api, process) = start("fake.exit");
    assert!(matches!(api.queue(Invocation::new("{}")).wait(), Outcome::Platform(PlatformError::Exited { .. })));
    assert_eq!(process.wait_timeout(Duration::from_secs(10)).and_then(|status| status.code()), Some(3));
    let _process = Function::new(scripted_runtime(), "fake.echo").start(&api).expect("it starts");
    assert!(api.queue(Invocation::new("{}")).wait().response().is_some());
}

#[test]
fn kind_of_environment_is_told_to_the_runtime() {
    for (options, line) in [
        (Options::default(), "AWS_LAMBDA_INITIALIZATION_TYPE=on-demand"),
        (Options { snapshots: true, ..Options::default() }, "AWS_LAMBDA_INITIALIZATION_TYPE=snap-start"),
        (Options { concurrency: 4, ..Options::default() }, "AWS_LAMBDA_INITIALIZATION_TYPE=lambda-managed-instances"),
        (Options { concurrency: 4, ..Options::default() }, "AWS_LAMBDA_MAX_CONCURRENCY=4"),
    ] {
        let api = RuntimeApi::start(options).expect("a free port");
        let mut function = Function::new(scripted_runtime(), "fake.environment");
        function.inherit_env = false;
        function.name = "other".into();
        let _process = function.start(&api).expect("it starts");
        let response = api.queue(Invocation::new("{}")).wait().response().expect("a response");
        let text = String::from_utf8(response.body).expect("text");
        assert!(text.lines().any(|it| it == line), "{line} is not in:\n{text}");
        assert!(text.contains("AWS_LAMBDA_FUNCTION_NAME=other") && !text.contains("CARGO"), "nothing of ours is passed on");
    }
}

#[test]
fn wrong_paths_are_errors_of_their_own() {
    let api = RuntimeApi::start(Options::default()).expect("a free port");
    let missing = Function::new("no/bootstrap", "a.b").start(&api);
    assert!(matches!(missing, Err(StartError::Runtime(..))));
    let mut function = Function::new(scripted_runtime(), "a.b");
    function.task_root = "no/root".into();
    assert!(matches!(function.start(&api), Err(StartError::TaskRoot(..))));
}
