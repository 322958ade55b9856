//! A function as the platform runs it: the real `bootstrap`, started with Lambda's environment in the task root, in a
//! process group of its own, against a local [`RuntimeApi`].
//!
//! Like the platform it gives an empty stdin, joins stdout and stderr in one pipe, the log, and kills the whole group when
//! the runtime has ended or is to end. Unlike the platform it passes the caller's environment on (AWS credentials, LUA_PATH
//! and so on, but none of the names that Lambda sets itself), limits neither memory nor files nor processor time, and does
//! not start the runtime again: that is for the caller to do.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::{self, PipeReader, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};

use crate::architecture::Architecture;
use crate::lock;
use crate::runtime_api::{FunctionMetadata, RuntimeApi, RuntimeRun};

/// The log that is kept of one process; what is older is forgotten. Lambda's own test invocations show the last 4 KB.
pub const LOG_BYTES_MAX: usize = 1024 * 1024;

/// How long the log may stay open after the runtime has ended. Only a process that left the group can hold it that long.
const LOG_END_LIMIT: Duration = Duration::from_secs(1);

/// What Lambda gives a function with an internal extension between SIGTERM and SIGKILL.
const SHUTDOWN_GRACE: Duration = Duration::from_millis(500);

/// Names that Lambda sets itself and that a function's configuration may not contain. (Those for region and credentials are
/// missing here on purpose: on a developer's machine they come from the developer.)
const RESERVED: [&str; 13] = [
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_MAX_CONCURRENCY",
    "AWS_LAMBDA_RUNTIME_API",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
];

/// A function's configuration. Every field may be changed before it is started.
#[derive(Clone, Debug)]
pub struct Function {
    /// The path of the runtime's binary.
    pub runtime: PathBuf,
    /// A program that runs it, with its arguments, such as `qemu-aarch64-static` for a binary of another architecture; usually none.
    pub runner: Vec<OsString>,
    /// `_HANDLER`
    pub handler: String,
    /// `LAMBDA_TASK_ROOT` and the working directory.
    pub task_root: PathBuf,
    /// `AWS_LAMBDA_FUNCTION_NAME`
    pub name: String,
    /// `AWS_LAMBDA_FUNCTION_MEMORY_SIZE`
    pub memory_mb: u32,
    /// The function's own variables. They win over all others.
    pub env: Vec<(OsString, OsString)>,
    /// Whether the caller's environment is passed on.
    pub inherit_env: bool,
    /// Whether the log also goes to the caller's stderr, line by line. There an entry of several lines, which the runtime
    /// joins by carriage returns into one log event, is shown as several lines.
    pub echo_log: bool,
}

impl Function {
    /// A function in the current directory, with 128 MB, the caller's environment and a silent log.
    pub fn new(runtime: impl Into<PathBuf>, handler: impl Into<String>) -> Function {
        Function {
            runtime: runtime.into(),
            runner: Vec::new(),
            handler: handler.into(),
            task_root: PathBuf::from("."),
            name: "function".into(),
            memory_mb: 128,
            env: Vec::new(),
            inherit_env: true,
            echo_log: false,
        }
    }

    /// Starts a runtime process for this function. It is the API's present runtime from now on.
    ///
    /// # Errors
    /// A [`StartError`] where a path is wrong or the process cannot be made.
    pub fn start(&self, api: &RuntimeApi) -> Result<Process, StartError> {
        let task_root = self.whole_task_root()?;
        let cannot_start = |error| StartError::Runtime(self.runtime.clone(), error);
        // Made absolute, for the process starts in another directory.
        let runtime = self.runtime.canonicalize().map_err(cannot_start)?;
        // The system says "permission denied" of a directory.
        if runtime.is_dir() {
            return Err(cannot_start(io::ErrorKind::IsADirectory.into()));
        }
        let (log, stdout) = io::pipe().map_err(cannot_start)?;
        let stderr = stdout.try_clone().map_err(cannot_start)?;
        let mut words = self.runner.iter().map(OsString::as_os_str).chain([runtime.as_os_str()]);
        let mut command = Command::new(words.next().expect("the runtime itself is the last word"));
        command.args(words);
        command.current_dir(&task_root).stdin(Stdio::null()).stdout(stdout).stderr(stderr).process_group(0);
        command.env_clear().envs(self.environment(api, &task_root));
        let metadata = FunctionMetadata { name: self.name.clone(), version: "$LATEST".into(), handler: self.handler.clone() };
        // Before the process is made, which may ask for its event at once.
        let run = api.start_runtime(metadata);
        let child = command.spawn().map_err(cannot_start)?;
        // The pipe's writing ends are the child's alone from here on.
        drop(command);
        Ok(Process::watch(child, log, self.echo_log, run))
    }

    /// The task root as an absolute path.
    ///
    /// # Errors
    /// [`StartError::TaskRoot`] where it is no directory.
    pub fn whole_task_root(&self) -> Result<PathBuf, StartError> {
        let cannot_use = |error| StartError::TaskRoot(self.task_root.clone(), error);
        let task_root = self.task_root.canonicalize().map_err(cannot_use)?;
        if task_root.is_dir() { Ok(task_root) } else { Err(cannot_use(io::ErrorKind::NotADirectory.into())) }
    }

    fn environment(&self, api: &RuntimeApi, task_root: &Path) -> BTreeMap<OsString, OsString> {
        let mut env = BTreeMap::new();
        if self.inherit_env {
            env.extend(std::env::vars_os().filter(|(name, _)| !is_reserved(name)));
        }
        let options = api.options();
        let initialization_type = match options.concurrency {
            2.. => "lambda-managed-instances",
            _ if options.snapshots => "snap-start",
            _ => "on-demand",
        };
        let mut set = |name: &str, value: &OsStr| {
            env.insert(name.into(), value.into());
        };
        set("_HANDLER", self.handler.as_ref());
        set("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", self.memory_mb.to_string().as_ref());
        set("AWS_LAMBDA_FUNCTION_NAME", self.name.as_ref());
        set("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".as_ref());
        set("AWS_LAMBDA_INITIALIZATION_TYPE", initialization_type.as_ref());
        set("AWS_LAMBDA_RUNTIME_API", api.address().as_ref());
        set("LAMBDA_RUNTIME_DIR", "/var/runtime".as_ref());
        set("LAMBDA_TASK_ROOT", task_root.as_ref());
        set("LANG", "en_US.UTF-8".as_ref());
        set("PATH", "/usr/local/bin:/usr/bin/:/bin:/opt/bin".as_ref());
        set("TZ", ":UTC".as_ref());
        if options.concurrency > 1 {
            set("AWS_LAMBDA_MAX_CONCURRENCY", options.concurrency.to_string().as_ref());
        }
        // Functions with snapshots have no log names.
        if !options.snapshots {
            set("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", self.name).as_ref());
            set("AWS_LAMBDA_LOG_STREAM_NAME", "$LATEST".as_ref());
        }
        // The region is the developer's, in both of its variables.
        let region = region(|name| env.get(OsStr::new(name)).cloned());
        env.insert("AWS_REGION".into(), region.clone());
        env.insert("AWS_DEFAULT_REGION".into(), region);
        env.extend(self.env.iter().cloned());
        env
    }
}

/// Lambda's bound for the name of a function (API reference, `FunctionName`).
const NAME_BYTES_MAX: usize = 64;

/// What to say of a name that no function can have.
pub const NAME_RULE: &str = "a function's name has letters, digits, - and _ only, at most 64 of them";

/// Whether a function can have this name.
pub fn is_name(text: &str) -> bool {
    is_word(text) && text.len() <= NAME_BYTES_MAX
}

/// Whether it is made of what names and qualifiers of functions are made of.
pub fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// Lambda's bound for a tenant id (API reference, `TenantId`).
const TENANT_BYTES_MAX: usize = 256;

/// What to say of a tenant id that Lambda does not take.
pub const TENANT_RULE: &str = "a tenant id has letters, digits, blanks and . _ : / = + - @ only, 1 to 256 of them";

/// Whether Lambda takes this tenant id (same place, its pattern).
pub fn is_tenant_id(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b" ._:/=+-@".contains(&byte);
    (1..=TENANT_BYTES_MAX).contains(&text.len()) && text.bytes().all(fits)
}

/// The developer's region, of an environment in which `variable` looks names up: in either of its variables, else AWS's first one.
pub fn region(variable: impl Fn(&str) -> Option<OsString>) -> OsString {
    let given = ["AWS_REGION", "AWS_DEFAULT_REGION"].iter().find_map(|name| variable(name).filter(|region| !region.is_empty()));
    given.unwrap_or_else(|| "us-east-1".into())
}

/// Whether Lambda sets this variable itself and allows no other value.
pub fn is_reserved(name: impl AsRef<OsStr>) -> bool {
    let name = name.as_ref();
    RESERVED.iter().any(|reserved| name == OsStr::new(reserved))
}

/// Finds the runtime's binary that runs functions here: as given, else where `COLDMOON_BOOTSTRAP` says, else as `bootstrap` beside the
/// running program, else the installed one.
///
/// # Errors
/// [`StartError::NoRuntime`] where there is none in any of these places.
pub fn find_runtime(given: Option<&Path>) -> Result<PathBuf, StartError> {
    if let Some(path) = given {
        return Ok(path.to_owned());
    }
    if let Some(path) = std::env::var_os("COLDMOON_BOOTSTRAP").filter(|path| !path.is_empty()) {
        return Ok(path.into());
    }
    let program = std::env::current_exe().unwrap_or_default();
    let beside = program.with_file_name("bootstrap");
    let installed = Architecture::of_this_machine().and_then(installed_runtime);
    if beside.is_file() { Ok(beside) } else { installed.ok_or(StartError::NoRuntime { sought: beside }) }
}

/// The static runtime for an architecture: where `scripts/install` puts it (`lib/coldmoon/ARCH` beside the program's folder), else where
/// `scripts/build` does (`dist/ARCH` in the sources that the program was built in).
pub fn installed_runtime(architecture: Architecture) -> Option<PathBuf> {
    let program = std::env::current_exe().unwrap_or_default();
    let places = [(2, "lib/coldmoon"), (3, "dist")].map(|(up, folder)| {
        let root = program.ancestors().nth(up).unwrap_or(Path::new(""));
        root.join(folder).join(architecture.machine()).join("bootstrap")
    });
    places.into_iter().find(|path| path.is_file())
}

/// Why a function could not be started.
#[derive(Debug)]
pub enum StartError {
    /// No runtime was found.
    NoRuntime {
        /// The last place where it was sought.
        sought: PathBuf,
    },
    /// The runtime could not be executed.
    Runtime(PathBuf, io::Error),
    /// The task root is not a directory that can be entered.
    TaskRoot(PathBuf, io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::NoRuntime { sought } => write!(
                f,
                "there is no runtime at {}: put it there with scripts/install, or name a bootstrap with --runtime or in COLDMOON_BOOTSTRAP",
                sought.display()
            ),
            StartError::Runtime(path, error) => write!(f, "cannot start the runtime {}: {}", path.display(), plain(error)),
            StartError::TaskRoot(path, error) => write!(f, "cannot use {} as task root: {}", path.display(), plain(error)),
        }
    }
}

impl std::error::Error for StartError {}

/// The system's text of an error, without Rust's `(os error 2)`.
pub fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

/// A running runtime process. Dropping it kills its process group.
#[derive(Debug)]
pub struct Process {
    group: Group,
    log: Arc<Log>,
}

impl Process {
    fn watch(mut child: Child, log: PipeReader, echo: bool, run: RuntimeRun) -> Process {
        let id = Pid::from_child(&child);
        let group = Group { id, life: Arc::new(Life::default()) };
        let life = group.life.clone();
        std::thread::spawn(move || {
            // Waits without reaping: until the process is reaped its id, and so its group's, cannot belong to anyone else.
            let ended =
                rustix::io::retry_on_intr(|| rustix::process::waitid(WaitId::Pid(id), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT));
            let mut status = lock(&life.status);
            if ended.is_ok() {
                // Whoever is left in the group ends with it, as the sandbox would. Nobody left is an error, and fine.
                rustix::process::kill_process_group(id, Signal::KILL).ok();
            }
            let exit = child.wait().expect("nobody else waits for this child");
            *status = Some(exit);
            drop(status);
            life.ended.notify_all();
            run.end(exit_text(exit));
        });
        let kept = Arc::new(Log::new(log, echo));
        let keeper = kept.clone();
        std::thread::spawn(move || keeper.keep());
        Process { group, log: kept }
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.group.id.as_raw_nonzero().get().unsigned_abs()
    }

    /// How it ended, once it has.
    pub fn status(&self) -> Option<ExitStatus> {
        *lock(&self.group.life.status)
    }

    /// Waits for its end, but no longer than this.
    pub fn wait_timeout(&self, limit: Duration) -> Option<ExitStatus> {
        let deadline = Instant::now() + limit;
        let mut status = lock(&self.group.life.status);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if status.is_some() || left.is_zero() {
                return *status;
            }
            status = self.group.life.ended.wait_timeout(status, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Ends it as the platform does: SIGTERM, the grace to end by itself, SIGKILL to the group; without a grace SIGKILL at
    /// once. Afterwards [`Process::log`] is complete.
    pub fn end(&self, grace: Duration) {
        if !grace.is_zero() {
            self.group.signal(Signal::TERM);
            self.wait_timeout(grace);
        }
        self.group.kill();
        self.wait_timeout(LOG_END_LIMIT);
        self.log.wait_for_end();
    }

    /// Ends it as Lambda does: with time for its shutdown hooks, where it has registered for them with its API.
    pub fn shut_down(&self, api: &RuntimeApi) {
        self.end(if api.status().extensions > 0 { SHUTDOWN_GRACE } else { Duration::ZERO });
    }

    /// Sees to it that the echo has shown what the process has written by now.
    pub fn settle_log(&self) {
        drop(self.log.read());
    }

    /// Kills the group from another thread, such as one that handles signals.
    pub fn group(&self) -> Group {
        self.group.clone()
    }

    /// The most memory that it has held so far, in bytes; `None` once it has ended.
    pub fn memory_peak_bytes(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
    }

    /// What it has logged so far, bytes that are not UTF-8 replaced; the last [`LOG_BYTES_MAX`] of it.
    pub fn log(&self) -> String {
        self.log_since(0).0
    }

    /// What it has logged from this byte on, as [`Process::log`] gives it, and the byte at which that ends. Whatever it wrote before this
    /// call is there.
    pub fn log_since(&self, start: u64) -> (String, u64) {
        let content = self.log.read();
        let forgotten = content.bytes_total - content.bytes.len() as u64;
        let start = usize::try_from(start.saturating_sub(forgotten)).unwrap_or(usize::MAX).min(content.bytes.len());
        (String::from_utf8_lossy(&content.bytes[start..]).into_owned(), content.bytes_total)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end(Duration::ZERO);
    }
}

/// The process group of a runtime.
#[derive(Clone, Debug)]
pub struct Group {
    id: Pid,
    life: Arc<Life>,
}

impl Group {
    /// Kills all processes of the group.
    pub fn kill(&self) {
        self.signal(Signal::KILL);
    }

    fn signal(&self, signal: Signal) {
        // The lock keeps the process from being reaped meanwhile.
        let status = lock(&self.life.status);
        if status.is_none() {
            // Fails only where all of them are gone.
            rustix::process::kill_process_group(self.id, signal).ok();
        }
    }
}

#[derive(Debug, Default)]
struct Life {
    status: Mutex<Option<ExitStatus>>,
    ended: Condvar,
}

/// The log: a pipe that is read by whoever holds the lock, so that a caller finds in it what was written before it asked.
#[derive(Debug)]
struct Log {
    pipe: PipeReader,
    echo: bool,
    content: Mutex<LogContent>,
    ended: Condvar,
}

#[derive(Debug, Default)]
struct LogContent {
    bytes: Vec<u8>,
    bytes_total: u64,
    /// What of the last line has not been shown yet.
    line: Vec<u8>,
    ended: bool,
}

impl Log {
    fn new(pipe: PipeReader, echo: bool) -> Log {
        // The reading end alone: the function's writes still wait for room.
        rustix::io::ioctl_fionbio(&pipe, true).expect("every pipe can do that");
        Log { pipe, echo, content: Mutex::default(), ended: Condvar::new() }
    }

    /// Reads until the last writer is gone.
    fn keep(&self) {
        while !self.read().ended {
            // Also returns at the end of the writers. A signal only means another look.
            rustix::event::poll(&mut [PollFd::new(&self.pipe, PollFlags::IN)], None).ok();
        }
    }

    /// Reads what is in the pipe now.
    fn read(&self) -> MutexGuard<'_, LogContent> {
        let mut content = lock(&self.content);
        let mut buffer = [0; 8192];
        // A pipe's capacity, so that a function that writes without end holds nobody up.
        for _ in 0..8 {
            match (&self.pipe).read(&mut buffer) {
                Ok(read @ 1..) => content.append(&buffer[..read], self.echo),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(0) | Err(_) => {
                    content.end();
                    self.ended.notify_all();
                    break;
                }
            }
        }
        content
    }

    fn wait_for_end(&self) {
        let content = self.read();
        let waited = self.ended.wait_timeout_while(content, LOG_END_LIMIT, |content| !content.ended);
        drop(waited);
    }
}

impl LogContent {
    fn append(&mut self, bytes: &[u8], echo: bool) {
        self.bytes_total += bytes.len() as u64;
        self.bytes.extend_from_slice(bytes);
        let surplus = self.bytes.len().saturating_sub(LOG_BYTES_MAX);
        self.bytes.drain(..surplus);
        if echo {
            let before = self.line.len();
            self.line.extend_from_slice(bytes);
            // Only the new bytes are looked through: a line may be of many megabytes.
            if let Some(at) = bytes.iter().rposition(|&byte| byte == b'\n') {
                let complete = before + at + 1;
                show(&self.line[..complete]);
                self.line.drain(..complete);
            }
        }
    }

    fn end(&mut self) {
        if !self.line.is_empty() {
            self.line.push(b'\n');
            show(&std::mem::take(&mut self.line));
        }
        self.ended = true;
    }
}

/// Writes log lines to stderr. Where that fails nobody reads them.
fn show(lines: &[u8]) {
    let mut shown: Vec<u8> = Vec::with_capacity(lines.len());
    for (at, &byte) in lines.iter().enumerate() {
        match byte {
            b'\r' if lines.get(at + 1) == Some(&b'\n') => {}
            b'\r' => shown.push(b'\n'),
            _ => shown.push(byte),
        }
    }
    io::stderr().write_all(&shown).ok();
}

/// The status as Lambda's error message has it, which is Go's: `exit status 3`, `signal: killed`, nothing for 0.
pub(crate) fn exit_text(status: ExitStatus) -> String {
    let core = if status.core_dumped() { " (core dumped)" } else { "" };
    match (status.code(), status.signal()) {
        (Some(0), _) => String::new(),
        (Some(code), _) => format!("exit status {code}"),
        (None, signal) => format!("signal: {}{core}", signal_text(signal.unwrap_or_default())),
    }
}

/// Go's names of the signals that can end a process here (`syscall/zerrors_linux_amd64.go`).
fn signal_text(signal: i32) -> String {
    let text = match signal {
        1 => "hangup",
        2 => "interrupt",
        3 => "quit",
        4 => "illegal instruction",
        5 => "trace/breakpoint trap",
        6 => "aborted",
        7 => "bus error",
        8 => "floating point exception",
        9 => "killed",
        10 => "user defined signal 1",
        11 => "segmentation fault",
        12 => "user defined signal 2",
        13 => "broken pipe",
        14 => "alarm clock",
        15 => "terminated",
        24 => "CPU time limit exceeded",
        25 => "file size limit exceeded",
        31 => "bad system call",
        other => return format!("signal {other}"),
    };
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_reads_as_lambda_writes_it() {
        for (raw, text) in
            [(0, ""), (3 << 8, "exit status 3"), (9, "signal: killed"), (11 | 0x80, "signal: segmentation fault (core dumped)")]
        {
            assert_eq!(exit_text(ExitStatus::from_raw(raw)), text);
        }
    }

    #[test]
    fn system_errors_are_plain_words() {
        assert_eq!(plain(&io::Error::from_raw_os_error(2)), "no such file or directory");
    }
}
