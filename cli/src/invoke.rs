//! `coldmoon invoke`: events in, answers out, by one process that serves them all, as a warm function on Lambda does.
//!
//! The responses alone go to stdout, exactly as the runtime posted them, streamed ones chunk by chunk; one newline follows
//! where one does not end in one, but only after text (JSON, `text/…`, no content type) or on a terminal, so that
//! `> image.png` stays an image. To stderr go the function's log as it comes, errors with the source that they came from, and
//! Lambda's report line. What the log has shown of an error already is not shown again.
//!
//! A process that ended, or ran into the timeout, is followed by another one for the next event. With `--repeat` the first round
//! is shown like that; of the others only what fails, and at the end how long all of them took.

use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail};
use clap::Args;
use coldmoon_cli::function::{Function, Group, Process, find_runtime, is_reserved, plain};
use coldmoon_cli::report::{Report, Status, error_text, excerpts, headline};
use coldmoon_cli::runtime_api::{ErrorReport, Invocation, Options, Outcome, PlatformError, Response, RuntimeApi, StreamError};
use coldmoon_cli::sample;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::event::read_events;
use crate::stdout;

/// After its answer the runtime usually asks for the next event at once. So long it may take, with what it still logs.
const AFTERMATH: Duration = Duration::from_millis(500);

/// What Lambda gives a function with an internal extension between SIGTERM and SIGKILL.
const SHUTDOWN_GRACE: Duration = Duration::from_millis(500);

/// Invoke a function: the response on stdout; its log, errors and the report line on stderr
#[derive(Args)]
#[command(
    after_help = "The response is printed as it was posted; text gets a newline at its end where it has none. One process serves all\n\
                        events, as a warm function does. `coldmoon sample` lists the sample events.\n\
                        Exit codes: 0 success, 1 an error of the function or of its start, 2 wrong usage."
)]
pub struct Invoke {
    /// The handler as on Lambda: module.function; the module may be a path, such as examples/hello.handler
    handler: String,
    /// The events: JSON text, a file, - for stdin, or a file NAME.jsonl with an event on each line [default: {}]
    #[arg(value_name = "EVENT", allow_negative_numbers = true)]
    events: Vec<String>,
    /// An event, as an option; may be repeated
    #[arg(long = "event", value_name = "EVENT", conflicts_with = "events", allow_negative_numbers = true)]
    event_options: Vec<String>,
    /// A sample event, such as sqs; may be repeated
    #[arg(long = "sample", value_name = "NAME", conflicts_with_all = ["events", "event_options"], value_parser = parse_sample)]
    samples: Vec<&'static sample::Sample>,
    /// Send the events so many times; the first round is shown, of the others only what fails
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    repeat: u32,
    /// The directory that the function's code is in [default: the current one]
    #[arg(long, value_name = "DIR")]
    task_root: Option<PathBuf>,
    /// The runtime's binary [default: $COLDMOON_BOOTSTRAP, else the one that belongs to coldmoon]
    #[arg(long, value_name = "PATH")]
    runtime: Option<PathBuf>,
    /// The function's timeout
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: u64,
    /// The function's memory, as it is told; it is not enforced, but you are told where it took more
    #[arg(long, value_name = "MB", default_value_t = 128, value_parser = clap::value_parser!(u32).range(128..=10_240))]
    memory: u32,
    /// A variable of the function's environment; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = parse_variable)]
    env: Vec<(OsString, OsString)>,
    /// A file of such variables (.env); --env wins over it
    #[arg(long, value_name = "FILE")]
    env_file: Option<PathBuf>,
    /// The client context: JSON text, or a file
    #[arg(long, value_name = "JSON")]
    client_context: Option<String>,
    /// The tenant id
    #[arg(long, value_name = "ID")]
    tenant: Option<String>,
}

impl Invoke {
    /// Runs the command.
    pub fn run(self) -> Result<ExitCode> {
        let runtime = find_runtime(self.runtime.as_deref())?;
        let events = self.read_events()?;
        let mut env = self.env_file.as_deref().map(read_variables).transpose()?.unwrap_or_default();
        env.extend(self.env);
        let client_context = match self.client_context.as_deref().map(|argument| read_events(&[argument.to_owned()])).transpose()? {
            Some(context) => Some(String::from_utf8(context.concat()).map_err(|_| anyhow!("the client context is not UTF-8"))?),
            None => None,
        };
        let (task_root, handler) = locate(&self.handler, self.task_root);
        let function = Function { task_root, memory_mb: self.memory, env, echo_log: true, ..Function::new(runtime, handler) };

        let group = Arc::default();
        kill_on_signal(&group)?;
        let api = RuntimeApi::start(Options::default()).map_err(|error| anyhow!("cannot listen on 127.0.0.1: {}", plain(&error)))?;
        let mut sandbox = Sandbox { api, function, process: None, group };
        let mut durations = Vec::new();
        let mut failed = 0;
        for round in 0..self.repeat {
            for event in &events {
                let mut invocation = Invocation::new(event.as_slice());
                invocation.timeout = Duration::from_secs(self.timeout);
                invocation.client_context.clone_from(&client_context);
                invocation.tenant_id.clone_from(&self.tenant);
                let Answer { failure, duration } = sandbox.invoke(invocation, round == 0)?;
                durations.push(duration);
                failed += usize::from(failure.is_some());
                if matches!(failure, Some(End::Init)) {
                    // The next process would fail as this one did.
                    return Ok(ExitCode::FAILURE);
                }
            }
        }
        sandbox.end();
        if self.repeat > 1 {
            eprintln!("{}", summary(durations, failed));
        }
        Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn read_events(&self) -> Result<Vec<Vec<u8>>> {
        if !self.samples.is_empty() {
            return Ok(self.samples.iter().map(|sample| sample.json.into()).collect());
        }
        let arguments = [self.events.as_slice(), self.event_options.as_slice()].concat();
        if arguments.is_empty() { Ok(vec![b"{}".to_vec()]) } else { read_events(&arguments) }
    }
}

/// Task root and handler. Where the handler is a path that does not lie below the current directory, its own directory is
/// the task root.
pub fn locate(handler: &str, task_root: Option<PathBuf>) -> (PathBuf, String) {
    let mut handler = handler;
    while let Some(rest) = handler.strip_prefix("./") {
        handler = rest.trim_start_matches('/');
    }
    let outside = handler.starts_with('/') || handler.split('/').any(|part| part == "..");
    match (task_root, handler.rsplit_once('/')) {
        (Some(task_root), _) => (task_root, handler.to_owned()),
        (None, Some((directory, name))) if outside => {
            (Path::new(if directory.is_empty() { "/" } else { directory }).to_owned(), name.to_owned())
        }
        (None, _) => (PathBuf::from("."), handler.to_owned()),
    }
}

pub fn parse_variable(text: &str) -> Result<(OsString, OsString), String> {
    match text.split_once('=') {
        Some((name, _)) if is_reserved(name) => Err(format!("Lambda itself sets {name}")),
        Some((name, value)) if !name.is_empty() && !text.contains('\0') => Ok((name.into(), value.into())),
        _ => Err("it has to be KEY=VALUE".to_owned()),
    }
}

fn parse_sample(name: &str) -> Result<&'static sample::Sample, String> {
    sample::find(name).ok_or_else(|| "there is no such sample; `coldmoon sample` lists them".to_owned())
}

/// The variables of a file in the form of `.env`.
pub fn read_variables(file: &Path) -> Result<Vec<(OsString, OsString)>> {
    let fail = |error: dotenvy::Error| match error {
        dotenvy::Error::Io(error) => anyhow!("cannot read the environment file {}: {}", file.display(), plain(&error)),
        dotenvy::Error::LineParse(line, at) => {
            anyhow!("the environment file {} has a line that is not KEY=VALUE, at its character {}: {line}", file.display(), at + 1)
        }
        error => anyhow!("cannot read the environment file {}: {error}", file.display()),
    };
    let mut variables = Vec::new();
    for variable in dotenvy::from_path_iter(file).map_err(fail)? {
        let (name, value) = variable.map_err(fail)?;
        if is_reserved(&name) {
            bail!("the environment file {} sets {name}, which Lambda itself sets: remove it there", file.display());
        }
        variables.push((name.into(), value.into()));
    }
    Ok(variables)
}

/// Ends everything when a signal comes, with the exit code that shells give.
fn kill_on_signal(group: &Arc<Mutex<Option<Group>>>) -> Result<()> {
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM]).map_err(|error| anyhow!("cannot handle signals: {}", plain(&error)))?;
    let group = group.clone();
    std::thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            // The lock is kept: no further process is started.
            let group = group.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(group) = &*group {
                group.kill();
            }
            std::process::exit(128 + signal);
        }
    });
    Ok(())
}

/// What a person wants to know of many invocations.
fn summary(mut durations: Vec<Duration>, failed: usize) -> String {
    durations.sort();
    let ms = |duration: Duration| duration.as_secs_f64() * 1000.0;
    let (first, last) = (durations.first().copied().unwrap_or_default(), durations.last().copied().unwrap_or_default());
    let median = durations.get(durations.len() / 2).copied().unwrap_or_default();
    format!(
        "{} invocations, {failed} failed: min {:.2} ms, median {:.2} ms, max {:.2} ms",
        durations.len(),
        ms(first),
        ms(median),
        ms(last)
    )
}

/// The execution environment: one process at a time, and another one when it has ended.
struct Sandbox {
    api: RuntimeApi,
    function: Function,
    process: Option<Process>,
    /// The process's group, for the thread that handles signals.
    group: Arc<Mutex<Option<Group>>>,
}

/// How an invocation failed.
enum End {
    /// The function, or the platform, did not answer with a response.
    Invocation,
    /// The process did not come so far as to ask for an event.
    Init,
}

/// What became of an invocation.
struct Answer {
    failure: Option<End>,
    duration: Duration,
}

impl Sandbox {
    /// Invokes the function and prints what belongs to it; where it is not to be shown, only a failure.
    fn invoke(&mut self, invocation: Invocation, is_shown: bool) -> Result<Answer> {
        let is_first = self.process.is_none();
        if is_first {
            let mut group = self.group.lock().unwrap_or_else(PoisonError::into_inner);
            let process = self.function.start(&self.api)?;
            *group = Some(process.group());
            self.process = Some(process);
        }
        let process = self.process.as_ref().expect("it was just started where there was none");
        let request_id = invocation.request_id.clone();
        let queued_at = Instant::now();
        let mut pending = self.api.queue(invocation);
        let mut stdout = Stdout { is_shown, in_line: false };
        while let Some(chunk) = pending.next_chunk() {
            stdout.write(&chunk)?;
        }
        let outcome = pending.wait();
        let ended_at = Instant::now();
        let status = self.api.status();
        let memory_peak_bytes = process.memory_peak_bytes();
        let answered = !matches!(outcome, Outcome::Platform(PlatformError::TimedOut { .. } | PlatformError::Exited { .. }));
        if answered {
            self.api.wait_until(AFTERMATH, |status| status.parked > 0 || status.connections_open == 0);
            process.settle_log();
        } else {
            process.end(Duration::ZERO);
        }
        let end = if matches!(outcome, Outcome::InitError(_)) { End::Init } else { End::Invocation };
        let failure = match outcome {
            Outcome::Response(response) => print_response(&response, &mut stdout)?,
            Outcome::Error(report) | Outcome::InitError(report) | Outcome::RestoreError(report) => Some(Failure::Reported(report)),
            Outcome::Platform(error) => Some(Failure::Platform(error)),
        };
        if let Some(failure) = &failure {
            stdout.finish_line()?;
            failure.print(&process.log(), &self.function.task_root);
        }
        // Where it never asked for an event, all of it was initialisation.
        let begun_at = status.ready_at.map_or(status.started_at, |ready_at| ready_at.max(queued_at));
        let report = Report {
            request_id,
            duration: ended_at.saturating_duration_since(begun_at),
            memory_mb: self.function.memory_mb,
            memory_peak_bytes,
            init: status.ready_at.filter(|_| is_first).map(|ready_at| ready_at.saturating_duration_since(status.started_at)),
            status: failure.as_ref().map_or(Status::Answered, |failure| failure.status(&end)),
        };
        if is_shown {
            eprintln!("{report}");
            if memory_peak_bytes.is_some_and(|bytes| bytes > u64::from(self.function.memory_mb) * 1024 * 1024) {
                eprintln!(
                    "coldmoon: the function took more memory than it has: Lambda would have ended it (--memory, and MemorySize there)"
                );
            }
        }
        if process.status().is_some() || !answered {
            self.end();
        }
        Ok(Answer { failure: failure.map(|_| end), duration: report.duration })
    }

    /// Ends the process, with the time that Lambda gives a function that wants to hear of its end.
    fn end(&mut self) {
        if let Some(process) = self.process.take() {
            process.end(if self.api.status().extensions > 0 { SHUTDOWN_GRACE } else { Duration::ZERO });
        }
    }
}

/// Prints what has not been printed yet, and tells how a stream failed.
fn print_response(response: &Response, stdout: &mut Stdout) -> Result<Option<Failure>> {
    stdout.write(&response.body)?;
    let is_text = response.content_type().is_none_or(|content_type| content_type.starts_with("text/") || content_type.contains("json"));
    if is_text || io::stdout().is_terminal() {
        stdout.finish_line()?;
    }
    Ok(response.error.clone().map(|error| match error {
        StreamError::Reported(report) => Failure::Reported(report),
        StreamError::Platform(error) => Failure::Platform(error),
    }))
}

/// What is wrong with the invocation.
enum Failure {
    Reported(ErrorReport),
    Platform(PlatformError),
}

impl Failure {
    /// Prints it to stderr, but for what the log has shown already.
    fn print(&self, log: &str, task_root: &Path) {
        match self {
            Failure::Platform(error) => eprintln!("{}: {error}", error.error_type()),
            Failure::Reported(report) => {
                let is_in_log = log.replace("\r\n", "\n").replace('\r', "\n").contains(&headline(report));
                eprint!("{}", if is_in_log { excerpts(report, task_root) } else { error_text(report, task_root) });
            }
        }
    }

    fn status(&self, end: &End) -> Status {
        match (self, end) {
            (Failure::Platform(PlatformError::TimedOut { .. }), _) => Status::TimedOut,
            (Failure::Platform(error), _) => Status::Failed(error.error_type().into()),
            (Failure::Reported(report), End::Init) => Status::Failed(report.category.clone()),
            (Failure::Reported(_), End::Invocation) => Status::Answered,
        }
    }
}

/// Stdout, whether it is shown, and whether it is at the beginning of a line.
struct Stdout {
    is_shown: bool,
    in_line: bool,
}

impl Stdout {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let Some(last) = bytes.last().filter(|_| self.is_shown) else { return Ok(()) };
        self.in_line = *last != b'\n';
        stdout::print(bytes)
    }

    fn finish_line(&mut self) -> Result<()> {
        if self.in_line { self.write(b"\n") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handler_is_located_below_the_current_directory_or_in_its_own() {
        for (given, root, handler) in [
            ("app.handler", ".", "app.handler"),
            ("examples/hello.handler", ".", "examples/hello.handler"),
            ("./examples/hello.handler", ".", "examples/hello.handler"),
            (".//app.handler", ".", "app.handler"),
            ("/home/ada/app.handler", "/home/ada", "app.handler"),
            ("/app.handler", "/", "app.handler"),
            ("../other/app.handler", "../other", "app.handler"),
        ] {
            assert_eq!(locate(given, None), (PathBuf::from(root), handler.to_owned()), "{given}");
        }
        assert_eq!(locate("./a/app.handler", Some("root".into())), (PathBuf::from("root"), "a/app.handler".to_owned()));
    }

    #[test]
    fn the_summary_has_the_middle_one() {
        let ms = [3, 1, 2].map(Duration::from_millis);
        assert_eq!(summary(ms.into(), 1), "3 invocations, 1 failed: min 1.00 ms, median 2.00 ms, max 3.00 ms");
    }

    #[test]
    fn variables_are_key_and_value_and_not_lambdas_own() {
        assert_eq!(parse_variable("A=b=c"), Ok(("A".into(), "b=c".into())));
        assert_eq!(parse_variable("A="), Ok(("A".into(), "".into())));
        assert!(parse_variable("A").is_err() && parse_variable("=b").is_err());
        assert_eq!(parse_variable("_HANDLER=x"), Err("Lambda itself sets _HANDLER".to_owned()));
    }
}
