//! `coldmoon invoke`: one event, one answer.
//!
//! The response alone goes to stdout, exactly as the runtime posted it, streamed ones chunk by chunk; one newline follows
//! where it does not end in one, but only after text (JSON, `text/…`, no content type) or on a terminal, so that
//! `> image.png` stays an image. The function's log goes to stderr as it comes. An error goes to stderr as
//! `errorType: errorMessage` with its stack trace, unless the log has just shown the same line.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, anyhow};
use clap::Args;
use coldmoon_cli::function::{Function, Group, Process, find_runtime, is_reserved, plain};
use coldmoon_cli::runtime_api::{ErrorReport, Invocation, Options, Outcome, Pending, PlatformError, Response, RuntimeApi, StreamError};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::event::read_event;

/// After its answer the runtime usually asks for the next event at once. So long it may take, with what it still logs.
const AFTERMATH: Duration = Duration::from_millis(500);

/// What Lambda gives a function with an internal extension between SIGTERM and SIGKILL.
const SHUTDOWN_GRACE: Duration = Duration::from_millis(500);

/// Invoke a function once: the response on stdout, the function's log on stderr
#[derive(Args)]
#[command(after_help = "The response is printed as it was posted; text gets a newline at its end where it has none.\n\
                        Exit codes: 0 success, 1 an error of the function or of its start, 2 wrong usage.")]
pub struct Invoke {
    /// The handler as on Lambda: module.function; the module may be a path, such as examples/hello.handler
    handler: String,
    /// The event: JSON text, a file, or - for stdin [default: {}]
    #[arg(allow_negative_numbers = true)]
    event: Option<String>,
    /// The event, as an option
    #[arg(long = "event", value_name = "EVENT", conflicts_with = "event", allow_negative_numbers = true)]
    event_option: Option<String>,
    /// The directory that the function's code is in [default: the current one]
    #[arg(long, value_name = "DIR")]
    task_root: Option<PathBuf>,
    /// The runtime's binary [default: $COLDMOON_BOOTSTRAP, else bootstrap beside coldmoon]
    #[arg(long, value_name = "PATH")]
    runtime: Option<PathBuf>,
    /// The function's timeout
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: u64,
    /// The function's memory, as it is told; it is not enforced
    #[arg(long, value_name = "MB", default_value_t = 128, value_parser = clap::value_parser!(u32).range(128..=10_240))]
    memory: u32,
    /// A variable of the function's environment; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = parse_variable)]
    env: Vec<(OsString, OsString)>,
}

impl Invoke {
    /// Runs the command.
    pub fn run(self) -> Result<ExitCode> {
        let runtime = find_runtime(self.runtime.as_deref())?;
        let event = read_event(self.event.or(self.event_option).as_deref().unwrap_or("{}"))?;
        let (task_root, handler) = locate(&self.handler, self.task_root);
        let function = Function { task_root, memory_mb: self.memory, env: self.env, echo_log: true, ..Function::new(runtime, handler) };
        let mut invocation = Invocation::new(event);
        invocation.timeout = Duration::from_secs(self.timeout);

        let signals = Signals::new([SIGHUP, SIGINT, SIGTERM]).map_err(|error| anyhow!("cannot handle signals: {}", plain(&error)))?;
        let api = RuntimeApi::start(Options::default()).map_err(|error| anyhow!("cannot listen on 127.0.0.1: {}", plain(&error)))?;
        let process = function.start(&api)?;
        kill_on_signal(signals, process.group());
        let mut pending = api.queue(invocation);
        let mut stdout = Stdout::default();
        print_chunks(&mut pending, &mut stdout)?;
        let outcome = pending.wait();
        end(&process, &api, &outcome);
        let failure = match outcome {
            Outcome::Response(response) => print_response(&response, &mut stdout)?,
            Outcome::Error(report) | Outcome::InitError(report) | Outcome::RestoreError(report) => Some(Failure::Reported(report)),
            Outcome::Platform(error) => Some(Failure::Platform(error)),
        };
        match failure {
            Some(failure) => {
                stdout.finish_line()?;
                failure.print(&process.log());
                Ok(ExitCode::FAILURE)
            }
            None => Ok(ExitCode::SUCCESS),
        }
    }
}

/// Task root and handler. Where the handler is a path that does not lie below the current directory, its own directory is
/// the task root.
fn locate(handler: &str, task_root: Option<PathBuf>) -> (PathBuf, String) {
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

fn parse_variable(text: &str) -> Result<(OsString, OsString), String> {
    match text.split_once('=') {
        Some((name, _)) if is_reserved(name) => Err(format!("Lambda itself sets {name}")),
        Some((name, value)) if !name.is_empty() && !text.contains('\0') => Ok((name.into(), value.into())),
        _ => Err("it has to be KEY=VALUE".to_owned()),
    }
}

/// Ends everything when a signal comes, with the exit code that shells give.
fn kill_on_signal(mut signals: Signals, group: Group) {
    std::thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            group.kill();
            std::process::exit(128 + signal);
        }
    });
}

/// Lets the runtime come to rest, and ends it.
fn end(process: &Process, api: &RuntimeApi, outcome: &Outcome) {
    let answered = !matches!(outcome, Outcome::Platform(PlatformError::TimedOut { .. } | PlatformError::Exited { .. }));
    if answered {
        api.wait_until(AFTERMATH, |status| status.parked > 0 || status.connections_open == 0);
    }
    let grace = if answered && api.status().extensions > 0 { SHUTDOWN_GRACE } else { Duration::ZERO };
    process.end(grace);
}

fn print_chunks(pending: &mut Pending, stdout: &mut Stdout) -> Result<()> {
    while let Some(chunk) = pending.next_chunk() {
        stdout.write(&chunk)?;
    }
    Ok(())
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
    fn print(&self, log: &str) {
        match self {
            Failure::Platform(error) => eprintln!("{}: {error}", error.error_type()),
            Failure::Reported(report) => {
                let error_type = report.error_type().unwrap_or_else(|| report.category.clone());
                let message = report.error_message().unwrap_or_else(|| String::from_utf8_lossy(&report.body).into_owned());
                let text = format!("{error_type}: {message}");
                if log.replace("\r\n", "\n").replace('\r', "\n").contains(&text) {
                    return;
                }
                eprintln!("{text}");
                for line in report.stack_trace() {
                    eprintln!("  {}", line.trim());
                }
            }
        }
    }
}

/// Stdout, and whether it is at the beginning of a line. A reader that has enough and closes the pipe is no error.
#[derive(Default)]
struct Stdout {
    in_line: bool,
}

impl Stdout {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let Some(last) = bytes.last() else { return Ok(()) };
        self.in_line = *last != b'\n';
        let mut stdout = io::stdout().lock();
        match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(anyhow!("cannot write the response: {}", plain(&error))),
            _ => Ok(()),
        }
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
    fn variables_are_key_and_value_and_not_lambdas_own() {
        assert_eq!(parse_variable("A=b=c"), Ok(("A".into(), "b=c".into())));
        assert_eq!(parse_variable("A="), Ok(("A".into(), "".into())));
        assert!(parse_variable("A").is_err() && parse_variable("=b").is_err());
        assert_eq!(parse_variable("_HANDLER=x"), Err("Lambda itself sets _HANDLER".to_owned()));
    }
}
