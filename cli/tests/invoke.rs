//! `coldmoon invoke` as a person runs it, with a scripted runtime in the place of the bootstrap: what is on stdout, what on
//! stderr, the exit code, and that nothing is left running.

mod support;

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use support::scripted_runtime;

fn coldmoon() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_coldmoon"));
    command.env("COLDMOON_BOOTSTRAP", scripted_runtime()).current_dir(env!("CARGO_MANIFEST_DIR")).stdin(Stdio::null());
    command
}

fn invoke(arguments: &[&str]) -> Output {
    coldmoon().arg("invoke").args(arguments).output().expect("coldmoon runs")
}

#[track_caller]
fn assert_output(output: &Output, code: i32, stdout: &str, stderr: &str) {
    let texts = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!((texts.0.as_ref(), texts.1.as_ref(), output.status.code()), (stdout, stderr, Some(code)));
}

#[test]
fn response_is_alone_on_stdout_with_one_newline() {
    assert_output(&invoke(&["fake.echo", r#"{"name":"Ada"}"#]), 0, "{\"name\":\"Ada\"}\n", "");
    assert_output(&invoke(&["fake.echo", "--event", "[1]"]), 0, "[1]\n", "");
    assert_output(&invoke(&["fake.echo"]), 0, "{}\n", "");
    assert_output(&invoke(&["fake.echo", "-5"]), 0, "-5\n", "");
    assert_output(&invoke(&["fake.line"]), 0, "a line\n", "");
}

#[test]
fn binary_response_is_printed_byte_for_byte() {
    let output = invoke(&["fake.binary"]);
    assert_eq!((output.stdout.as_slice(), output.status.code()), (&b"\x89PNG"[..], Some(0)));
}

#[test]
fn event_comes_from_a_file_or_from_stdin() {
    let file = std::env::temp_dir().join(format!("coldmoon-event-{}", std::process::id()));
    std::fs::write(&file, r#"{"from":"file"}"#).unwrap();
    let output = invoke(&["fake.echo", file.to_str().unwrap()]);
    std::fs::remove_file(&file).unwrap();
    assert_output(&output, 0, "{\"from\":\"file\"}\n", "");

    let mut child =
        coldmoon().args(["invoke", "fake.echo", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"{\"from\":\"stdin\"}").unwrap();
    assert_output(&child.wait_with_output().unwrap(), 0, "{\"from\":\"stdin\"}\n", "");
}

#[test]
fn missing_event_file_is_one_sentence() {
    assert_output(&invoke(&["fake.echo", "no/such.json"]), 1, "", "coldmoon: there is no event file no/such.json\n");
}

#[test]
fn event_that_is_not_json_is_still_sent() {
    assert_output(&invoke(&["fake.echo", "nonsense"]), 0, "nonsense\n", "");
}

#[test]
fn log_goes_to_stderr_line_by_line() {
    assert_output(&invoke(&["fake.log"]), 0, "null\n", "to stdout\nto stderr\none\nentry\n");
}

#[test]
fn function_error_is_type_message_and_stack_on_stderr() {
    assert_output(&invoke(&["fake.error"]), 1, "", "LuaError: boom\n  app.lua:3: in function 'handler'\n");
}

#[test]
fn function_error_that_the_log_has_shown_is_not_shown_again() {
    let log = "2026-01-01T00:00:00Z id ERROR LuaError: boom\nstack traceback:\n  app.lua:3: in function 'handler'\n";
    assert_output(&invoke(&["fake.logged_error"]), 1, "", log);
}

#[test]
fn init_error_is_one_clear_line() {
    assert_output(&invoke(&["fake.init_error"]), 1, "", "Runtime.ImportModuleError: module 'nope' not found\n");
}

#[test]
fn exit_of_the_runtime_names_the_status() {
    let exited = "Runtime.ExitError: Runtime exited with error: exit status 3\n";
    assert_output(&invoke(&["fake.exit"]), 1, "", exited);
    assert_output(&invoke(&["fake.init_exit"]), 1, "", exited);
    assert_output(&invoke(&["fake.exit_quietly"]), 1, "", "Runtime.ExitError: Runtime exited without providing a reason\n");
    let stderr = String::from_utf8(invoke(&["fake.abort"]).stderr).unwrap();
    assert!(stderr.starts_with("Runtime.ExitError: Runtime exited with error: signal: aborted"), "{stderr}");
}

#[test]
fn timeout_ends_a_hanging_function_and_a_hanging_init() {
    for handler in ["fake.hang", "fake.init_hang"] {
        let begin = Instant::now();
        assert_output(&invoke(&[handler, "--timeout", "1"]), 1, "", "Sandbox.Timedout: Task timed out after 1.00 seconds\n");
        assert!(begin.elapsed() < Duration::from_secs(5));
    }
}

#[test]
fn response_over_the_limit_is_the_platforms_error() {
    let message =
        "Function.ResponseSizeTooLarge: Response payload size (6291557 bytes) exceeded maximum allowed payload size (6291556 bytes).\n";
    assert_output(&invoke(&["fake.large"]), 1, "", message);
}

#[test]
fn streamed_response_is_printed_and_its_error_told() {
    assert_output(&invoke(&["fake.stream"]), 0, "one two\n", "");
    assert_output(&invoke(&["fake.stream_error"]), 1, "one two\n", "LuaError: half\n");
}

#[test]
fn environment_is_lambdas_and_the_users() {
    let directory = std::env::temp_dir().canonicalize().unwrap();
    let output = coldmoon()
        .args(["invoke", "deep/module.environment", "--memory", "512", "--env", "OWN=a=b", "--env", "TZ=Europe/Berlin"])
        .args(["--task-root", directory.to_str().unwrap()])
        .env("FROM_OUTSIDE", "yes")
        .env("_X_AMZN_TRACE_ID", "stale")
        .env("AWS_LAMBDA_RUNTIME_API", "elsewhere:1")
        .env_remove("AWS_REGION")
        .env("AWS_DEFAULT_REGION", "eu-central-1")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let has = |line: &str| text.lines().any(|it| it == line);
    for line in [
        "_HANDLER=deep/module.environment",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=512",
        "AWS_LAMBDA_FUNCTION_NAME=function",
        "AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE=on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/function",
        "AWS_LAMBDA_LOG_STREAM_NAME=$LATEST",
        "AWS_REGION=eu-central-1",
        "FROM_OUTSIDE=yes",
        "LANG=en_US.UTF-8",
        "OWN=a=b",
        "PATH=/usr/local/bin:/usr/bin/:/bin:/opt/bin",
        "TZ=Europe/Berlin",
        &format!("LAMBDA_TASK_ROOT={}", directory.display()),
        &format!("cwd={}", directory.display()),
    ] {
        assert!(has(line), "{line} is not in:\n{text}");
    }
    assert!(text.contains("AWS_LAMBDA_RUNTIME_API=127.0.0.1:") && !text.contains("_X_AMZN_TRACE_ID"), "{text}");
}

#[test]
fn wrong_usage_is_exit_code_2() {
    for arguments in [
        &["invoke"][..],
        &["invoke", "fake.echo", "{}", "--event", "{}"],
        &["invoke", "fake.echo", "--timeout", "0"],
        &["invoke", "fake.echo", "--memory", "1"],
        &["invoke", "fake.echo", "--env", "novalue"],
        &["invoke", "fake.echo", "--env", "_HANDLER=x"],
        &["unknown"],
        &[],
    ] {
        assert_eq!(coldmoon().args(arguments).output().unwrap().status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn missing_runtime_and_task_root_are_one_sentence() {
    let output = coldmoon().args(["invoke", "fake.echo", "--runtime", "no/bootstrap"]).output().unwrap();
    assert_output(&output, 1, "", "coldmoon: cannot start the runtime no/bootstrap: no such file or directory\n");
    let output = coldmoon().args(["invoke", "fake.echo", "--task-root", "no/root"]).output().unwrap();
    assert_output(&output, 1, "", "coldmoon: cannot use no/root as task root: no such file or directory\n");
    let output = coldmoon().args(["invoke", "fake.echo", "--runtime", "Cargo.toml"]).output().unwrap();
    assert_output(&output, 1, "", "coldmoon: cannot start the runtime Cargo.toml: permission denied\n");
    let beside = PathBuf::from(env!("CARGO_BIN_EXE_coldmoon")).with_file_name("bootstrap");
    if !beside.exists() {
        let output = coldmoon().args(["invoke", "fake.echo"]).env_remove("COLDMOON_BOOTSTRAP").output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.contains("--runtime") && stderr.contains("COLDMOON_BOOTSTRAP") && stderr.lines().count() == 1, "{stderr}");
    }
}

#[test]
fn signal_leaves_no_process_behind() {
    for (signal, code) in [(rustix::process::Signal::INT, 130), (rustix::process::Signal::TERM, 143)] {
        let mut child = coldmoon().args(["invoke", "fake.family"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        let mut stderr = std::io::BufReader::new(child.stderr.take().unwrap());
        std::io::BufRead::read_line(&mut stderr, &mut line).unwrap();
        let grandchild: u32 = line.trim().strip_prefix("child ").unwrap().parse().unwrap();
        rustix::process::kill_process(rustix::process::Pid::from_child(&child), signal).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(code));
        assert_gone(grandchild);
    }
}

#[test]
fn timeout_leaves_no_process_behind() {
    let output = invoke(&["fake.family", "--timeout", "1"]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_gone(stderr.lines().next().unwrap().strip_prefix("child ").unwrap().parse().unwrap());
}

/// A process is gone when it has ended, whether or not somebody has reaped it yet.
#[track_caller]
fn assert_gone(id: u32) {
    let deadline = Instant::now() + Duration::from_secs(5);
    loop {
        let state = std::fs::read_to_string(format!("/proc/{id}/stat")).ok();
        let alive = state.is_some_and(|stat| !stat.rsplit(") ").next().unwrap_or_default().starts_with('Z'));
        if !alive {
            return;
        }
        assert!(Instant::now() < deadline, "process {id} is still there");
        std::thread::sleep(Duration::from_millis(10));
    }
}
