//! One execution environment: a runtime process with a Runtime API of its own, which serves one invocation at a time.
//!
//! Like Lambda's it initialises once, outlives errors of the function, and is given up after a timeout, an exit or an error of
//! its start. Unlike Lambda's it has no limit of memory, and is never frozen.

use std::path::Path;
use std::time::{Duration, Instant};

use super::pool::Settings;
use crate::function::{Process, exit_text, plain};
use crate::report::{Report, Status, error_text, log_lines, untold};
use crate::runtime_api::{ErrorReport, Invocation, Options, Outcome, PlatformError, RuntimeApi, State, StreamError};

/// Lambda's limit of the init phase. What takes longer goes on in the first invocation's time.
const INIT_LIMIT: Duration = Duration::from_secs(10);

/// After its answer a runtime asks for the next event, or ends. What does neither in this time is given up.
const SETTLE_LIMIT: Duration = Duration::from_secs(5);

/// What went wrong in an invocation, or before it.
#[derive(Clone, Debug)]
pub struct Failure {
    /// `LuaError`, `Sandbox.Timedout`.
    pub error_type: String,
    /// The document that a caller of Invoke gets.
    pub document: Vec<u8>,
    /// All of it for a person: type, message, source lines, traceback.
    pub text: String,
    /// The same without what the function's log has told already; empty where it told all.
    pub untold: String,
}

impl Failure {
    fn reported(report: &ErrorReport, task_root: &Path, log: &str) -> Failure {
        Failure {
            error_type: report.name(),
            document: report.body.clone(),
            text: error_text(report, task_root),
            untold: untold(report, task_root, log),
        }
    }

    fn platform(error: &PlatformError, request_id: &str) -> Failure {
        Failure::new(error.error_type(), &format!("RequestId: {request_id} Error: {error}"), &error.to_string())
    }

    /// The runtime itself could not be started.
    pub fn not_started(why: &str) -> Failure {
        Failure::new("Runtime.InvalidEntrypoint", why, why)
    }

    fn new(error_type: &str, message: &str, text: &str) -> Failure {
        let text = format!("{error_type}: {text}\n");
        let document = serde_json::json!({ "errorType": error_type, "errorMessage": message }).to_string().into_bytes();
        Failure { error_type: error_type.to_owned(), document, untold: text.clone(), text }
    }
}

/// What the function answered.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The content type that it was posted with.
    pub content_type: Option<String>,
    /// The body; of a stream nothing, its chunks went before.
    pub body: Vec<u8>,
    /// Whether it was streamed.
    pub streamed: bool,
    /// Why a stream is not complete.
    pub broken: Option<Failure>,
}

/// The end of an invocation.
#[derive(Clone, Debug)]
pub struct Finished {
    /// What came of it.
    pub result: Result<Answer, Failure>,
    /// What the function logged meanwhile, one line after the other, and while it initialised where this was the first one.
    pub log: String,
    /// Its times and sizes.
    pub report: Report,
}

impl Finished {
    /// What went wrong, if something did.
    pub fn failure(&self) -> Option<&Failure> {
        match &self.result {
            Ok(answer) => answer.broken.as_ref(),
            Err(failure) => Some(failure),
        }
    }
}

pub(super) struct Environment {
    api: RuntimeApi,
    process: Process,
    begun: Instant,
    /// The time of the init phase, once it is over, and whether an invocation has reported it.
    init: Option<Duration>,
    init_is_reported: bool,
    log_start: u64,
}

impl Environment {
    pub(super) fn start(settings: &Settings) -> Result<Environment, Failure> {
        let api = RuntimeApi::start(Options::default());
        let api = api.map_err(|error| Failure::not_started(&format!("cannot listen on 127.0.0.1: {}", plain(&error))))?;
        let begun = Instant::now();
        let process = settings.function.start(&api).map_err(|error| Failure::not_started(&error.to_string()))?;
        Ok(Environment { api, process, begun, init: None, init_is_reported: false, log_start: 0 })
    }

    pub(super) fn process(&self) -> &Process {
        &self.process
    }

    /// Waits until the function has initialised. `Err`: why it has not.
    pub(super) fn initialise(&mut self, task_root: &Path) -> Result<Duration, Failure> {
        if let Some(time) = self.init {
            return Ok(time);
        }
        let is_over = |state| state != State::Started || self.process.status().is_some();
        let over = self.api.wait_until(INIT_LIMIT, |status| is_over(status.state));
        let time = self.begun.elapsed();
        if let Some(report) = self.api.init_error() {
            return Err(Failure::reported(&report, task_root, &self.process.log()));
        }
        if let Some(status) = self.process.status() {
            let error = PlatformError::Exited { status: exit_text(status) };
            return Err(Failure::new(error.error_type(), &error.to_string(), &error.to_string()));
        }
        if over {
            self.init = Some(time);
        }
        Ok(time)
    }

    /// Whether it can take an invocation: it waits for one, or still initialises.
    pub(super) fn is_ready(&self) -> bool {
        let ended = || self.process.status().is_some();
        self.api.wait_until(SETTLE_LIMIT, |status| status.parked > 0 || status.state == State::Started || ended()) && !ended()
    }

    /// Runs one invocation. `chunk` gets the parts of a streamed response and its content type.
    pub(super) fn invoke(&mut self, settings: &Settings, invocation: Invocation, mut chunk: impl FnMut(Option<&str>, Vec<u8>)) -> Finished {
        let request_id = invocation.request_id.clone();
        let begun = Instant::now();
        let mut pending = self.api.queue(invocation);
        let mut content_type = None;
        while let Some(bytes) = pending.next_chunk() {
            let given = || pending.stream_header("content-type").and_then(|value| String::from_utf8(value).ok());
            chunk(content_type.get_or_insert_with(given).as_deref(), bytes);
        }
        let outcome = pending.wait();
        let duration = begun.elapsed();
        let memory_peak_bytes = self.process.memory_peak_bytes();
        if let Outcome::Platform(PlatformError::TimedOut { .. } | PlatformError::Exited { .. }) = outcome {
            // Killed, so that what it logged last is there.
            self.process.end(Duration::ZERO);
        }
        let (log, log_end) = self.process.log_since(self.log_start);
        self.log_start = log_end;
        let log = log_lines(&log);
        let task_root = &settings.function.task_root;
        let status = match &outcome {
            Outcome::Platform(PlatformError::TimedOut { .. }) => Status::TimedOut,
            Outcome::Platform(error) => Status::Failed(error.error_type().into()),
            _ => Status::Answered,
        };
        let result = match outcome {
            Outcome::Response(response) => Ok(Answer {
                content_type: response.content_type().map(str::to_owned),
                streamed: response.streaming,
                broken: response.error.as_ref().map(|error| match error {
                    StreamError::Reported(report) => Failure::reported(report, task_root, &log),
                    StreamError::Platform(error) => Failure::platform(error, &request_id),
                }),
                body: response.body,
            }),
            Outcome::Error(report) | Outcome::InitError(report) | Outcome::RestoreError(report) => {
                Err(Failure::reported(&report, task_root, &log))
            }
            Outcome::Platform(error) => Err(Failure::platform(&error, &request_id)),
        };
        let memory_mb = settings.function.memory_mb;
        let init = self.init.filter(|_| !std::mem::replace(&mut self.init_is_reported, true));
        let report = Report { request_id, duration, memory_mb, memory_peak_bytes, init, status };
        Finished { result, log, report }
    }

    /// Ends the process, with the time for its shutdown hooks where it has any.
    pub(super) fn end(self) {
        self.process.shut_down(&self.api);
    }
}
