//! The real binary, started by hand: stdout and stderr apart, its end with processor time, its memory.
//!
//! [`Setup`] is the configuration; [`Setup::start`] the process in a group of its own, killed with that group when it is dropped.
//! Nothing of the caller's environment is passed on.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};
use tempfile::TempDir;

use crate::server::Server;
use crate::{PATIENCE, bootstrap, bootstrap_command, runner};

/// Processor time that no single exchange needs: a busy loop exceeds it, a slow machine does not. An emulated processor is several times slower.
pub fn cpu_limit() -> Duration {
    Duration::from_secs(if runner().is_empty() { 4 } else { 20 })
}

/// A function: its files in a folder of its own, and its environment.
pub struct Setup {
    folder: Arc<TempDir>,
    /// What is seen as `/opt`.
    layer: Option<PathBuf>,
    /// The environment, all of it.
    pub env: BTreeMap<String, String>,
}

impl Setup {
    /// A function `app.handler` with this `app.lua`.
    pub fn new(source: impl AsRef<[u8]>) -> Setup {
        let setup = Setup::without_files();
        setup.write("app.lua", source);
        setup
    }

    /// A function `app.handler` without any file.
    pub fn without_files() -> Setup {
        let folder = tempfile::Builder::new().prefix("coldmoon-").tempdir().expect("a temporary folder");
        let root = folder.path().to_str().expect("a temporary folder has a plain name").to_owned();
        let mut setup = Setup { folder: Arc::new(folder), layer: None, env: BTreeMap::new() };
        for (name, value) in [
            ("_HANDLER", "app.handler"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
            ("AWS_LAMBDA_FUNCTION_NAME", "function"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/function"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "$LATEST"),
            ("AWS_REGION", "us-east-1"),
            ("LAMBDA_TASK_ROOT", &root),
            ("LAMBDA_RUNTIME_DIR", "/var/runtime"),
            ("LANG", "en_US.UTF-8"),
            ("PATH", "/usr/local/bin:/usr/bin/:/bin:/opt/bin"),
            ("TZ", ":UTC"),
        ] {
            setup.env.insert(name.into(), value.into());
        }
        setup
    }

    /// The folder of the function's files.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes one of the function's files.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.folder().join(name);
        fs::create_dir_all(path.parent().expect("a file in the folder")).expect("a folder can be made");
        fs::write(path, content).expect("a file can be written");
    }

    /// With another variable.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Setup {
        self.env.insert(name.into(), value.into());
        self
    }

    /// With a layer: this folder is seen as `/opt`. Only where [`can_mount`].
    pub fn with_layer(mut self, folder: impl Into<PathBuf>) -> Setup {
        self.layer = Some(folder.into());
        self
    }

    /// The command, not started: in a process group of its own, stdin empty.
    pub fn command(&self, runtime_api: &str) -> Command {
        let mut command = match &self.layer {
            None => bootstrap_command(),
            Some(layer) => with_mount(layer, &bootstrap_command()),
        };
        command.current_dir(self.folder()).env_clear().envs(&self.env).env("AWS_LAMBDA_RUNTIME_API", runtime_api);
        command.stdin(Stdio::null()).process_group(0);
        command
    }

    /// Starts it against the API at this address.
    pub fn start(&self, runtime_api: impl AsRef<str>) -> Process {
        let mut command = self.command(runtime_api.as_ref());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary can be started");
        let stdout = Output::collect(child.stdout.take().expect("it is piped"));
        let stderr = Output::collect(child.stderr.take().expect("it is piped"));
        Process { child, end: None, stdout, stderr, _folder: self.folder.clone() }
    }
}

/// The same command with `folder` in place of `/opt`, in a mount namespace of its own.
fn with_mount(folder: &Path, inner: &Command) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-c", "mount --bind \"$0\" /opt && exec \"$@\""]).arg(folder);
    command.arg(inner.get_program()).args(inner.get_args());
    command
}

/// Whether a folder can be shown as `/opt`: the kernel lets this user make namespaces, and there is an `/opt`.
pub fn can_mount() -> bool {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = with_mount(folder.path(), &Command::new("true")).stdin(Stdio::null()).output();
    output.is_ok_and(|output| output.status.success())
}

struct Output {
    bytes: Arc<Mutex<Vec<u8>>>,
    thread: Option<JoinHandle<()>>,
}

impl Output {
    fn collect(mut pipe: impl Read + Send + 'static) -> Output {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let of_thread = bytes.clone();
        let thread = std::thread::spawn(move || {
            let mut room = vec![0; 64 * 1024];
            while let Ok(count @ 1..) = pipe.read(&mut room) {
                of_thread.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&room[..count]);
            }
        });
        Output { bytes, thread: Some(thread) }
    }

    fn bytes(&self) -> Vec<u8> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// How a process ended.
#[derive(Clone, Copy, Debug)]
pub struct End {
    /// The code; a signal is no end that the tests accept.
    pub code: i32,
    /// Processor time of its whole life.
    pub cpu: Duration,
}

/// A running `bootstrap`.
pub struct Process {
    child: Child,
    end: Option<(ExitStatus, Duration)>,
    stdout: Output,
    stderr: Output,
    /// The function's files stay as long as the process runs.
    _folder: Arc<TempDir>,
}

impl Process {
    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has written to stdout so far.
    pub fn stdout(&self) -> Vec<u8> {
        self.stdout.bytes()
    }

    /// What it has written to stderr so far.
    pub fn stderr(&self) -> Vec<u8> {
        self.stderr.bytes()
    }

    /// Both as text.
    pub fn log(&self) -> String {
        format!("{}{}", String::from_utf8_lossy(&self.stdout()), String::from_utf8_lossy(&self.stderr()))
    }

    /// Sends it, and it alone, a signal.
    pub fn signal(&self, signal: Signal) {
        rustix::process::kill_process(Pid::from_child(&self.child), signal).expect("it has not been reaped");
    }

    /// The processes that it has started and that still run.
    pub fn children(&self) -> Vec<Pid> {
        let id = self.child.id();
        let list = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
        list.split_whitespace().filter_map(|child| Pid::from_raw(child.parse().ok()?)).collect()
    }

    /// Everything that is known, for the message of a test that fails.
    pub fn report(&self) -> String {
        format!(
            "process {}: {}\n--- stdout\n{}\n--- stderr\n{}\n---",
            self.child.id(),
            self.end.map_or_else(|| "running".to_owned(), |(status, cpu)| format!("{status}, {cpu:?} of processor time")),
            String::from_utf8_lossy(&self.stdout()),
            String::from_utf8_lossy(&self.stderr())
        )
    }

    /// Waits until the server has got so many requests. Fails at once where the process ends or a script fails before.
    pub fn wait_for(&mut self, server: &Server, requests: usize) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            // Asked before the requests are counted: the last one may be what it ended after.
            let is_running = self.is_running();
            server.check();
            let count = server.count();
            if count >= requests {
                return;
            }
            let problem = if !is_running { "it has ended" } else { "it takes too long" };
            assert!(
                is_running && Instant::now() < deadline,
                "{problem}: {count} of {requests} requests\n{}\n{}",
                server.lines().join("\n"),
                self.report()
            );
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.poll_end();
        self.end.is_none()
    }

    fn poll_end(&mut self) {
        if self.end.is_some() {
            return;
        }
        let id = Pid::from_child(&self.child);
        // Not reaped yet, so that its times can still be read.
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        if let Ok(Some(_)) = rustix::process::waitid(WaitId::Pid(id), options) {
            let cpu = self.cpu();
            // Whoever is left in the group ends too, and with it the pipes.
            rustix::process::kill_process_group(id, Signal::KILL).ok();
            self.end = Some((self.child.wait().expect("nobody else waits for this child"), cpu));
        }
    }

    /// Waits for its end. Fails where it takes too long, or where it is by a signal, or where it has burnt the processor.
    pub fn wait(&mut self) -> End {
        let deadline = Instant::now() + PATIENCE;
        while self.is_running() {
            assert!(Instant::now() < deadline, "it does not end within {PATIENCE:?}\n{}", self.report());
            std::thread::sleep(Duration::from_millis(1));
        }
        self.join_output();
        let (status, cpu) = self.end.expect("it has ended");
        let code = status.code().unwrap_or_else(|| panic!("it ended by signal {:?}\n{}", status.signal(), self.report()));
        assert!(cpu < cpu_limit(), "{cpu:?} of processor time\n{}", self.report());
        End { code, cpu }
    }

    /// The code that it has ended with; `None` while it runs. Whatever processor time it has used. Fails where it ended by a signal.
    pub fn end_code(&mut self) -> Option<i32> {
        self.poll_end();
        let (status, _) = self.end?;
        self.join_output();
        Some(status.code().unwrap_or_else(|| panic!("it ended by signal {:?}\n{}", status.signal(), self.report())))
    }

    fn join_output(&mut self) {
        for output in [&mut self.stdout, &mut self.stderr] {
            if let Some(thread) = output.thread.take() {
                thread.join().ok();
            }
        }
    }

    /// Ends it from outside; its output is complete afterwards. Fails where it has ended by itself or burnt the processor.
    pub fn kill(&mut self) -> Duration {
        assert!(self.is_running(), "it has ended by itself\n{}", self.report());
        let cpu = self.cpu();
        assert!(cpu < cpu_limit(), "{cpu:?} of processor time\n{}", self.report());
        self.kill_group();
        cpu
    }

    fn kill_group(&mut self) {
        if self.is_running() {
            rustix::process::kill_process_group(Pid::from_child(&self.child), Signal::KILL).ok();
            let status = self.child.wait().expect("nobody else waits for this child");
            self.end = Some((status, Duration::ZERO));
        }
        self.join_output();
    }

    /// Processor time so far, in the kernel and outside (`/proc/PID/stat`, in ticks of 10 ms).
    pub fn cpu(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        // The name, in brackets, may hold anything.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<u64>().ok()).unwrap_or_default();
        // Fields 14 and 15 of proc(5), counted behind the name.
        Duration::from_millis(10 * (ticks(11) + ticks(12)))
    }

    /// Resident memory in KiB.
    pub fn rss_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or_else(|| panic!("no VmRSS\n{}", self.report()))
    }

    /// Fails where it uses the processor although it has nothing to do.
    pub fn check_idle(&mut self) {
        let before = self.cpu();
        std::thread::sleep(Duration::from_millis(200));
        let used = self.cpu() - before;
        assert!(used <= Duration::from_millis(60), "it used {used:?} of 200 ms while it should wait\n{}", self.report());
        assert!(self.is_running(), "it has ended\n{}", self.report());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill_group();
    }
}

/// LuaJIT bytecode of a chunk, made by the runtime under test itself.
pub fn compile(source: &str, name: &str) -> Vec<u8> {
    use coldmoon_cli::function::Function;
    use coldmoon_cli::runtime_api::{Invocation, Options, RuntimeApi};
    let setup = Setup::new(
        "local coldmoon = require 'coldmoon'\n\
         return function(event) return coldmoon.raw(string.dump(assert(loadstring(event.source, event.name)))) end",
    );
    let api = RuntimeApi::start(Options::default()).expect("a local API");
    let mut function = Function::new(bootstrap(), "app.handler");
    function.runner = runner();
    function.task_root = PathBuf::from(setup.folder());
    let process = function.start(&api).expect("it starts");
    let event = serde_json::json!({ "source": source, "name": format!("@{name}") });
    let outcome = api.queue(Invocation::new(event.to_string())).wait();
    outcome.response().unwrap_or_else(|| panic!("no bytecode\n{}", process.log())).body
}
