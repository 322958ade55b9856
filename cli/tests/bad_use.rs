//! Bad use of `coldmoon invoke` with the real bootstrap: one clear message each, the right exit code, and nothing is left running.

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use support::copy_program;
use tempfile::TempDir;

/// A folder that everybody may read, with the tool and the runtime in it, and a function.
struct Folder {
    folder: TempDir,
    /// Every process that belongs to it has this in its environment.
    mark: String,
}

const APP: &str = "local M = {}\n\
    function M.hello() return 'hello' end\n\
    function M.chatty() for line = 1, 1000 do print(('x'):rep(100)) end return 'said' end\n\
    function M.large() return ('x'):rep(7 * 1024 * 1024) end\n\
    function M.hungry()\n\
      local ffi = require 'ffi' ffi.cdef 'void *malloc(size_t);' ffi.fill(ffi.C.malloc(200000000), 200000000, 1) return 'full'\n\
    end\n\
    function M.forever() while true do end end\n\
    function M.forever_in_c() return (('x'):rep(40)):find(('x-'):rep(1) .. ('.-'):rep(20) .. 'y') end\n\
    return M\n";

impl Folder {
    fn new() -> Folder {
        let tool = PathBuf::from(env!("CARGO_BIN_EXE_coldmoon"));
        let runtime = tool.with_file_name("bootstrap");
        assert!(runtime.is_file(), "there is no {}: build it with `cargo build -p coldmoon --bin bootstrap`", runtime.display());
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        for path in [&tool, &runtime] {
            copy_program(path, &folder.path().join(path.file_name().unwrap()));
        }
        fs::write(folder.path().join("app.lua"), APP).unwrap();
        let mark = format!("COLDMOON_TEST_MARK={}", folder.path().display());
        Folder { folder, mark }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.path("coldmoon"));
        let (name, value) = self.mark.split_once('=').unwrap();
        command.arg("invoke").args(arguments).current_dir(self.folder.path()).env_remove("COLDMOON_BOOTSTRAP").env(name, value);
        command.stdin(Stdio::null());
        command
    }

    /// Runs it where it is to fail with this exit code, without a response; gives what it says but for the report line.
    #[track_caller]
    fn fail(&self, code: i32, command: &mut Command) -> String {
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((String::from_utf8_lossy(&output.stdout).as_ref(), output.status.code()), ("", Some(code)), "{said}");
        self.assert_nothing_runs();
        said.lines().filter(|line| !line.starts_with("REPORT ")).map(|line| format!("{line}\n")).collect()
    }

    #[track_caller]
    fn assert_nothing_runs(&self) {
        let deadline = Instant::now() + Duration::from_secs(5);
        let is_ours = |process: &Path| {
            let environment = fs::read(process.join("environ")).unwrap_or_default();
            environment.split(|&byte| byte == 0).any(|variable| variable == self.mark.as_bytes())
        };
        while let Some(process) = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path()).find(|path| is_ours(path)) {
            assert!(Instant::now() < deadline, "{} still runs", process.display());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

#[test]
fn handler_names_that_are_wrong() {
    let it = Folder::new();
    let said = it.fail(1, &mut it.command(&["app.helo"]));
    assert_eq!(
        said,
        "[ERROR] Runtime.HandlerNotFound: module 'app' has no function 'helo'; it has: chatty, forever, forever_in_c, hello, hungry, large\n"
    );
    let said = it.fail(1, &mut it.command(&["app"]));
    assert!(said.starts_with("[ERROR] Runtime.MalformedHandlerName: the handler 'app' is not of the form module.function, "), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    let said = it.fail(1, &mut it.command(&["ap.hello"]));
    assert!(said.starts_with("[ERROR] Runtime.ImportModuleError: module 'ap' not found:\n"), "{said}");
    assert!(said.contains(&format!("\tno file '{}'\n", it.path("ap.lua").display())), "{said}");
}

#[test]
fn files_that_are_missing_or_broken() {
    let it = Folder::new();
    assert_eq!(it.fail(1, &mut it.command(&["app.hello", "event.json"])), "coldmoon: there is no event file event.json\n");
    fs::write(it.path("event.json"), "{ \"name\": 'Ada' }\n").unwrap();
    let said = it.fail(1, &mut it.command(&["app.hello", "event.json"]));
    assert_eq!(said, "coldmoon: the event file event.json is not JSON: expected value at column 11\n");
    let said = it.fail(1, &mut it.command(&["app.hello", "nonsense"]));
    assert!(said.contains("Runtime.UnmarshalError: ") && said.lines().count() == 1, "{said}");

    fs::write(it.path("broken.lua"), "local M = {}\nfunction M.handler(event\n  return event\nend\nreturn M\n").unwrap();
    let said = it.fail(1, &mut it.command(&["broken.handler"]));
    let expected = "[ERROR] Runtime.UserCodeSyntaxError: error loading module 'broken' from file '…':\n\
        \tbroken.lua:3: ')' expected near 'return'\n\
        \n  broken.lua\n    1 | local M = {}\n    2 | function M.handler(event\n  > 3 |   return event\n    4 | end\n    5 | return M\n\n";
    assert_eq!(said.replace(&it.path("broken.lua").display().to_string(), "…"), expected);
}

#[test]
fn events_over_lambdas_limit() {
    let it = Folder::new();
    let write = |bytes: usize| fs::write(it.path("large.json"), format!("\"{}\"", "x".repeat(bytes - 2))).unwrap();
    write(6_291_457);
    let said = it.fail(1, &mut it.command(&["app.hello", "large.json"]));
    assert_eq!(said, "coldmoon: an event has 6291457 bytes, and Lambda takes 6291456: put the data into S3, and its name into the event\n");
    write(6_291_456);
    assert!(it.command(&["app.hello", "large.json"]).output().unwrap().status.success());
}

#[test]
fn files_that_may_not_be_read() {
    let it = Folder::new();
    fs::write(it.path("event.json"), "{}").unwrap();
    for file in ["app.lua", "event.json"] {
        fs::set_permissions(it.path(file), fs::Permissions::from_mode(0o000)).unwrap();
    }
    // Root may read everything: somebody else has to try.
    let command = |arguments: &[&str]| {
        let mut command = it.command(arguments);
        if rustix::process::geteuid().is_root() {
            command.uid(65_534).gid(65_534);
        }
        command
    };
    assert_eq!(
        it.fail(1, &mut command(&["app.hello", "event.json"])),
        "coldmoon: cannot read the event file event.json: permission denied\n"
    );
    let said = it.fail(1, &mut command(&["app.hello"]));
    assert!(said.contains("app.lua") && said.to_lowercase().contains("permission denied"), "{said}");
    fs::set_permissions(it.path("bootstrap"), fs::Permissions::from_mode(0o644)).unwrap();
    let said = it.fail(1, &mut command(&["app.hello"]));
    assert_eq!(said, format!("coldmoon: cannot start the runtime {}: permission denied\n", it.path("bootstrap").display()));
}

#[test]
fn arguments_that_are_wrong() {
    let it = Folder::new();
    for (arguments, what) in [
        (&["app.hello", "--env", "novalue"][..], "it has to be KEY=VALUE"),
        (&["app.hello", "--env", "_HANDLER=x"], "Lambda itself sets _HANDLER"),
        (&["app.hello", "--sample", "nope"], "there is no such sample; `coldmoon sample` lists them"),
        (&["app.hello", "--timeout", "1.5"], "it has to be a whole number from 1 to 86400"),
        (&["app.hello", "--memory", "64"], "it has to be a whole number from 128 to 10240"),
        (&["app.hello", "--tenant", "a\nb"], "a tenant id has letters, digits, blanks and . _ : / = + - @ only, 1 to 256 of them"),
        (&["app.hello", "--tenant", ""], "a tenant id has letters"),
        (&[""], "it has to be module.function, such as app.handler"),
        (&["./"], "it has to be module.function, such as app.handler"),
    ] {
        let said = it.fail(2, &mut it.command(arguments));
        assert!(said.contains(what), "{said}");
    }
    fs::write(it.path("context.json"), b"\"\xff\"").unwrap();
    let said = it.fail(1, &mut it.command(&["app.hello", "--client-context", "context.json"]));
    assert_eq!(said, "coldmoon: the client context is not UTF-8\n");
    for (context, sentence) in [
        ("{a", "the client context is not JSON: key must be a string at column 2"),
        ("no.json", "there is no client context file no.json"),
        ("", "the client context is empty: it is to hold JSON, such as {}"),
    ] {
        assert_eq!(it.fail(1, &mut it.command(&["app.hello", "--client-context", context])), format!("coldmoon: {sentence}\n"));
    }
    fs::create_dir(it.path("folder")).unwrap();
    for (arguments, sentence) in [
        (["folder", "--timeout", "9"], "the event folder is a directory, not a file"),
        (["{}", "--task-root", "app.lua"], "cannot use app.lua as task root: not a directory"),
        (["{}", "--runtime", "folder"], "cannot start the runtime folder: is a directory"),
    ] {
        assert_eq!(it.fail(1, it.command(&["app.hello"]).args(arguments)), format!("coldmoon: {sentence}\n"));
    }
}

#[test]
fn streams_and_a_runtime_that_are_none() {
    let it = Folder::new();
    let said = it.fail(1, it.command(&["app.hello", "-"]).stdin(fs::File::open(it.folder.path()).unwrap()));
    assert_eq!(said, "coldmoon: cannot read the event from stdin: is a directory\n");
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let said = it.fail(1, it.command(&["app.hello"]).stdout(full));
    assert_eq!(said, "coldmoon: cannot write to stdout: no space left on device\n");
    fs::remove_file(it.path("bootstrap")).unwrap();
    let said = it.fail(1, &mut it.command(&["app.hello"]));
    assert!(said.starts_with("coldmoon: there is no runtime at /") && said.lines().count() == 1, "{said}");
    assert!(said.ends_with(": put it there with scripts/install, or name a bootstrap with --runtime or in COLDMOON_BOOTSTRAP\n"), "{said}");
}

/// Nobody reads what the tool and the function say: the invocation goes on, and its response is there.
#[test]
fn a_stderr_that_nobody_can_write_to_is_no_failure() {
    let it = Folder::new();
    let (reader, closed) = std::io::pipe().unwrap();
    drop(reader);
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    for stderr in [Stdio::from(full), Stdio::from(closed)] {
        let output = it.command(&["app.chatty"]).stderr(stderr).output().unwrap();
        assert_eq!((String::from_utf8_lossy(&output.stdout).as_ref(), output.status.code()), ("\"said\"\n", Some(0)));
        it.assert_nothing_runs();
    }
}

#[test]
fn scripts_that_are_called_wrongly() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for (arguments, sentence) in [
        (&["run"][..], "usage: scripts/run HANDLER [EVENT], for example: scripts/run examples/hello.handler '{\"name\":\"Ada\"}'\n"),
        (&["install", "--help"], "usage: scripts/install [PREFIX]\n"),
        (&["build", "mips"], "scripts/build: no such architecture: mips (x86_64, aarch64)\n"),
        (&["build", "--js", "--help"], "scripts/build: no such architecture: --help (x86_64, aarch64)\n"),
    ] {
        let output = Command::new(repository.join("scripts").join(arguments[0])).args(&arguments[1..]).output().unwrap();
        assert_eq!((String::from_utf8_lossy(&output.stderr).as_ref(), output.status.code()), (sentence, Some(2)));
    }
}

#[test]
fn more_memory_than_there_is() {
    let it = Folder::new();
    let output = it.command(&["app.hungry", "--memory", "128"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let expected = "coldmoon: the function took more memory than it has: Lambda would have ended it (--memory, and MemorySize there)\n";
    assert!(output.status.success() && said.ends_with(expected), "{said}");
}

#[test]
fn responses_over_the_limit() {
    let it = Folder::new();
    let said = it.fail(1, &mut it.command(&["app.large"]));
    assert!(said.contains("Function.ResponseSizeTooLarge: ") && said.contains("6291556") && said.lines().count() == 1, "{said}");
}

#[test]
fn handlers_that_loop_for_ever() {
    let it = Folder::new();
    for handler in ["app.forever", "app.forever_in_c"] {
        let begin = Instant::now();
        let said = it.fail(1, &mut it.command(&[handler, "--timeout", "1"]));
        assert_eq!(said, "Sandbox.Timedout: Task timed out after 1.00 seconds\n");
        assert!(begin.elapsed() < Duration::from_secs(10));
    }
    // The next event gets a process of its own.
    let said = it.fail(1, &mut it.command(&["app.forever", "1", "2", "--timeout", "1"]));
    assert_eq!(said, "Sandbox.Timedout: Task timed out after 1.00 seconds\n".repeat(2));
    // And Ctrl-C ends it, or Ctrl-\\.
    use rustix::process::{Pid, Signal, kill_process};
    for (signal, code) in [(Signal::INT, 130), (Signal::QUIT, 131), (Signal::TERM, 143)] {
        let mut child = it.command(&["app.forever"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(500));
        kill_process(Pid::from_child(&child), signal).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(code));
        it.assert_nothing_runs();
    }
}
