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

/// Whether a line is Lambda's report line; what it says has tests of its own.
fn is_report(line: &str) -> bool {
    line.starts_with("REPORT RequestId: ")
}

/// The lines of stderr that are, or are not, report lines.
fn stderr_lines(output: &Output, reports: bool) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    text.split_inclusive('\n').filter(|line| is_report(line) == reports).collect()
}

#[track_caller]
fn assert_output(output: &Output, code: i32, stdout: &str, stderr: &str) {
    let texts = (String::from_utf8_lossy(&output.stdout), stderr_lines(output, false));
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
fn several_events_are_served_by_one_process() {
    let folder = tempfile::tempdir().unwrap();
    let lines = folder.path().join("events.jsonl");
    std::fs::write(&lines, "{\"a\":1}\n\n[2]\r\n").unwrap();
    let output = invoke(&["fake.echo", "1", lines.to_str().unwrap(), "3"]);
    assert_output(&output, 0, "1\n{\"a\":1}\n[2]\n3\n", "");
    let reports = stderr_lines(&output, true);
    let init: Vec<bool> = reports.lines().map(|line| line.contains("\tInit Duration: ")).collect();
    assert_eq!(init, [true, false, false, false], "{reports}");
    assert_output(&invoke(&["fake.echo", "--event", "1", "--event", "2"]), 0, "1\n2\n", "");
}

#[test]
fn report_line_has_lambdas_fields() {
    let reports = stderr_lines(&invoke(&["fake.echo", "--memory", "256"]), true);
    let fields: Vec<&str> = reports.trim_end().split('\t').collect();
    let [request, duration, billed, size, used, init] = fields[..] else { panic!("{reports}") };
    let number = |field: &str, name: &str, unit: &str| -> f64 {
        field.strip_prefix(name).and_then(|rest| rest.strip_suffix(unit)).unwrap_or_else(|| panic!("{reports}")).parse().unwrap()
    };
    assert_eq!(request.len(), "REPORT RequestId: ".len() + 36);
    let (duration, billed, init) =
        (number(duration, "Duration: ", " ms"), number(billed, "Billed Duration: ", " ms"), number(init, "Init Duration: ", " ms"));
    assert!(duration > 0.0 && init > 0.0 && billed >= (duration + init).floor(), "{reports}");
    assert_eq!(number(size, "Memory Size: ", " MB"), 256.0);
    assert!((1.0..256.0).contains(&number(used, "Max Memory Used: ", " MB")), "{reports}");
}

#[test]
fn after_an_error_the_next_event_is_served() {
    // By the same process after the function's own error, by another one where it ended.
    for (handler, inits) in [("fake.error_of_1", 1), ("fake.exit_of_1", 2)] {
        let output = invoke(&[handler, "1", "2"]);
        assert_eq!((String::from_utf8_lossy(&output.stdout).as_ref(), output.status.code()), ("2\n", Some(1)), "{output:?}");
        assert_eq!(stderr_lines(&output, true).matches("Init Duration").count(), inits, "{output:?}");
    }
}

#[test]
fn repeated_events_are_shown_once_and_summed_up() {
    let output = invoke(&["fake.echo", "1", "2", "--repeat", "50"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((String::from_utf8_lossy(&output.stdout).as_ref(), output.status.code()), ("1\n2\n", Some(0)), "{said}");
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines.len() == 3 && lines[2].starts_with("100 invocations, 0 failed: min "), "{said}");
    let output = invoke(&["fake.error", "--repeat", "3"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((said.matches("LuaError: boom").count(), output.status.code()), (3, Some(1)), "{said}");
    assert!(said.contains("3 invocations, 3 failed: "), "{said}");
}

#[test]
fn samples_are_events() {
    let listed = coldmoon().arg("sample").output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.lines().any(|line| line.starts_with("sqs ") && line.ends_with("(aws.SqsEvent)")), "{listed}");
    let printed = String::from_utf8(coldmoon().args(["sample", "sqs"]).output().unwrap().stdout).unwrap();
    let output = invoke(&["fake.echo", "--sample", "sqs", "--sample", "iot"]);
    let iot = String::from_utf8(coldmoon().args(["sample", "iot"]).output().unwrap().stdout).unwrap();
    assert_output(&output, 0, &format!("{printed}{iot}"), "");
    let output = coldmoon().args(["sample", "nope"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && said.contains("there is no such sample; `coldmoon sample` lists them"), "{said}");
}

#[test]
fn environment_file_client_context_and_tenant_reach_the_function() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(".env");
    std::fs::write(&file, "# a comment\nTABLE=orders\nexport QUOTED=\"two words\"\nOWN=file\n").unwrap();
    let file = file.to_str().unwrap();
    let output = invoke(&["fake.environment", "--env-file", file, "--env", "OWN=option"]);
    let text = String::from_utf8(output.stdout).unwrap();
    for line in ["TABLE=orders", "QUOTED=two words", "OWN=option"] {
        assert!(text.lines().any(|it| it == line), "{line} is not in:\n{text}");
    }
    let output = invoke(&["fake.next_head", "--client-context", "{\"custom\":{}}", "--tenant", "blue"]);
    let head = String::from_utf8(output.stdout).unwrap().to_lowercase();
    assert!(
        head.contains("lambda-runtime-client-context: {\"custom\":{}}") && head.contains("lambda-runtime-aws-tenant-id: blue"),
        "{head}"
    );

    for (content, sentence) in [
        (&b"A=1\nnonsense line\n"[..], "has a line that is not KEY=VALUE, at its character "),
        (b"A=\"1\nB=2\n", "has a line that is not KEY=VALUE, at its character "),
        (b"AWS_LAMBDA_RUNTIME_API=x\n", "sets AWS_LAMBDA_RUNTIME_API, which Lambda itself sets: remove it there"),
        (b"A=\xff\n", ": it is not UTF-8"),
    ] {
        std::fs::write(file, content).unwrap();
        let output = invoke(&["fake.echo", "--env-file", file]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(1) && said.contains(sentence) && said.lines().count() == 1, "{said}");
    }
    std::fs::write(file, "\u{feff}TABLE=orders\r\n").unwrap();
    let text = String::from_utf8(invoke(&["fake.environment", "--env-file", file]).stdout).unwrap();
    assert!(text.lines().any(|line| line == "TABLE=orders"), "{text}");
    let output = invoke(&["fake.echo", "--env-file", "no.env"]);
    assert_output(&output, 1, "", "coldmoon: cannot read the environment file no.env: no such file or directory\n");
}

#[test]
fn event_file_that_is_not_json_is_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (json, lines, empty) = (write("a.json", "{\n\"a\": 1,\n}\n"), write("b.jsonl", "1\n{\n"), write("c.jsonl", "\n"));
    let deep = write("deep.json", &format!("{}{}", "[".repeat(500), "]".repeat(500)));
    for (file, sentence) in [
        (&json, format!("coldmoon: the event file {json} is not JSON: key must be a string at line 3 column 1\n")),
        (&lines, format!("coldmoon: line 2 of the event file {lines} is not JSON: it ends within an object at column 1\n")),
        (&empty, format!("coldmoon: there is no event in {empty}: it is to hold one on each line\n")),
    ] {
        assert_output(&invoke(&["fake.echo", file]), 1, "", &sentence);
    }
    assert_eq!(invoke(&["fake.echo", &deep]).status.code(), Some(0));
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
    assert_output(&invoke(&["fake.error"]), 1, "", "LuaError: boom\nstack traceback:\n\tapp.lua:3: in function 'handler'\n");
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
        let output = invoke(&[handler, "--timeout", "1"]);
        assert_output(&output, 1, "", "Sandbox.Timedout: Task timed out after 1.00 seconds\n");
        assert!(stderr_lines(&output, true).ends_with("\tStatus: timeout\n"));
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
        &["invoke", "fake.echo", "--repeat", "0"],
        &["invoke", "fake.echo", "--sample", "nope"],
        &["invoke", "fake.echo", "{}", "--sample", "sqs"],
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
