//! `coldmoon invoke`: events in, answers out, by one process that serves them all, as a warm function on Lambda does.
//!
//! The responses alone go to stdout, exactly as the runtime posted them, streamed ones chunk by chunk; one newline follows
//! where one does not end in one, but only after text (JSON, `text/…`, no content type) or on a terminal, so that
//! `> image.png` stays an image. To stderr go the function's log as it comes, errors with the source that they came from, and
//! Lambda's report line. What the log has shown of an error already is not shown again.
//!
//! A process that ended, or ran into the timeout, is followed by another one for the next event. With `--repeat` the first round
//! is shown like that; of the others only what fails, and at the end how long all of them took.

use std::io::{self, IsTerminal};
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use clap::Args;
use coldmoon_cli::function::{Function, Group, Process, TENANT_RULE, is_tenant_id, plain};
use coldmoon_cli::report::{Report, Status, ms, untold};
use coldmoon_cli::runtime_api::{ErrorReport, Invocation, Options, Outcome, PlatformError, Response, RuntimeApi, StreamError};
use coldmoon_cli::sample::Sample;
use coldmoon_cli::say;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::event::{read_client_context, read_events};
use crate::options::{FunctionOptions, whole};
use crate::samples::parse_sample;
use crate::stdout;

/// After its answer the runtime usually asks for the next event at once. So long it may take, with what it still logs.
const AFTERMATH: Duration = Duration::from_millis(500);

/// Invoke a function: the response on stdout; its log, errors and the report line on stderr
#[derive(Args)]
#[command(
    after_help = "The response is printed as it was posted; text gets a newline at its end where it has none. One process serves all\n\
                        events, as a warm function does. `coldmoon sample` lists the sample events.\n\
                        Exit codes: 0 success, 1 an error of the function or of its start, 2 wrong usage."
)]
pub struct Invoke {
    #[command(flatten)]
    function: FunctionOptions,
    /// The events: JSON text, a file, - for stdin, or a file NAME.jsonl with an event on each line [default: {}]
    #[arg(value_name = "EVENT", allow_negative_numbers = true)]
    events: Vec<String>,
    /// An event, as an option; may be repeated
    #[arg(long = "event", value_name = "EVENT", conflicts_with = "events", allow_negative_numbers = true)]
    event_options: Vec<String>,
    /// A sample event, such as sqs; may be repeated
    #[arg(long = "sample", value_name = "NAME", conflicts_with_all = ["events", "event_options"], value_parser = parse_sample)]
    samples: Vec<&'static Sample>,
    /// Send the events so many times; the first round is shown, of the others only what fails
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = whole::<u64>(1..=u64::from(u32::MAX)))]
    repeat: u64,
    /// The client context: JSON text, or a file
    #[arg(long, value_name = "JSON")]
    client_context: Option<String>,
    /// The tenant id
    #[arg(long, value_name = "ID", value_parser = parse_tenant)]
    tenant: Option<String>,
}

impl Invoke {
    /// Runs the command.
    pub fn run(self) -> Result<ExitCode> {
        let function = self.function.function()?;
        let events = self.read_events()?;
        let client_context = self.client_context.as_deref().map(read_client_context).transpose()?;
        let group = Arc::default();
        kill_on_signal(&group)?;
        let api = RuntimeApi::start(Options::default()).map_err(|error| anyhow!("cannot listen on 127.0.0.1: {}", plain(&error)))?;
        let mut sandbox = Sandbox { api, function, process: None, group };
        let mut durations = Vec::new();
        let mut failed = 0;
        for round in 0..self.repeat {
            for event in &events {
                let mut invocation = Invocation::new(event.as_slice());
                invocation.timeout = self.function.timeout();
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
            say(&summary(durations, failed));
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

fn parse_tenant(id: &str) -> Result<String, String> {
    if is_tenant_id(id) { Ok(id.to_owned()) } else { Err(TENANT_RULE.to_owned()) }
}

/// Ends everything when a signal comes, with the exit code that shells give.
fn kill_on_signal(group: &Arc<Mutex<Option<Group>>>) -> Result<()> {
    let mut signals =
        Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM]).map_err(|error| anyhow!("cannot handle signals: {}", plain(&error)))?;
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
    // In front of what it talks to: where an error ends it all, a process whose API goes first complains of that.
    process: Option<Process>,
    api: RuntimeApi,
    function: Function,
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
            say(&report.to_string());
            if memory_peak_bytes.is_some_and(|bytes| bytes > u64::from(self.function.memory_mb) * 1024 * 1024) {
                say("coldmoon: the function took more memory than it has: Lambda would have ended it (--memory, and MemorySize there)");
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
            process.shut_down(&self.api);
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
            Failure::Platform(error) => say(&format!("{}: {error}", error.error_type())),
            Failure::Reported(report) => {
                let text = untold(report, task_root, log);
                say(text.strip_suffix('\n').unwrap_or(&text));
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
    fn the_summary_has_the_middle_one() {
        let ms = [3, 1, 2].map(Duration::from_millis);
        assert_eq!(summary(ms.into(), 1), "3 invocations, 1 failed: min 1.00 ms, median 2.00 ms, max 3.00 ms");
    }
}
