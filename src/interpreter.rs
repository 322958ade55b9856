//! The border between the protocol and the language: plain data and two traits, nothing else.
//!
//! `runtime` drives an [`Interpreter`] and lends it a [`Host`] for the time of a call. The protocol side knows the language only through
//! this file, the language side knows the platform only through it. A runtime for another language implements [`Interpreter`] and keeps
//! the rest: `docs/porting.md`, `examples/quickjs`.

use crate::buffer::Buffer;
use crate::env::Env;

/// One event with what came with it. Everything borrows the receive buffer: nothing can be received while an `Invocation` lives, and an
/// interpreter that keeps anything of it has to copy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Invocation<'rx> {
    /// `Lambda-Runtime-Aws-Request-Id`: what the answer is posted to. One id can have several attempts.
    pub request_id: &'rx [u8],
    /// `Lambda-Runtime-Invocation-Id`: names the attempt, echoed with the answer.
    pub invocation_id: Option<&'rx [u8]>,
    /// `Lambda-Runtime-Deadline-Ms`: Unix time in milliseconds.
    pub deadline_ms: Option<u64>,
    /// `Lambda-Runtime-Invoked-Function-Arn`.
    pub function_arn: Option<&'rx [u8]>,
    /// `Lambda-Runtime-Trace-Id`: X-Ray's tracing header.
    pub trace_id: Option<&'rx [u8]>,
    /// `Lambda-Runtime-Client-Context`: JSON text.
    pub client_context: Option<&'rx [u8]>,
    /// `Lambda-Runtime-Cognito-Identity`: JSON text.
    pub cognito_identity: Option<&'rx [u8]>,
    /// `Lambda-Runtime-Aws-Tenant-Id`.
    pub tenant_id: Option<&'rx [u8]>,
    /// The event's bytes as they came.
    pub event: &'rx [u8],
}

/// An error of the function or of its language, as it is reported to the caller and to the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure<'a> {
    /// The `errorType` of the error document.
    pub error_type: &'a [u8],
    /// The `errorMessage`. Bytes that are not UTF-8 are replaced.
    pub message: &'a [u8],
    /// The stack, innermost first, one frame per line, `file:line: what`; may be empty.
    pub stack: &'a [u8],
    /// Whether the interpreter can go on. Where it cannot (memory is exhausted), the process ends after the report.
    pub is_fatal: bool,
}

/// A result, encoded into the body that [`Interpreter::call`] was given, or already sent through [`Host::write_stream`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Response<'a> {
    /// The media type of the body, a valid field value.
    pub content_type: &'a [u8],
}

/// The importance of a log entry, as the platform names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Fatal,
}

/// The response of an invocation can no longer be sent as a stream: the receiver is gone or has refused it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamBroken;

/// What the function has asked to be told of; the runtime does nothing for what is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    /// The environment is about to be shut down (SIGTERM).
    Shutdown,
    /// A snapshot of the initialised environment is about to be taken.
    BeforeSnapshot,
    /// The environment was restored from a snapshot: whatever must be unique has to be made anew.
    AfterRestore,
}

/// What a language has to offer.
pub trait Interpreter {
    /// INIT: loads the handler that `env` names and runs its module.
    fn load(&mut self, env: &Env, host: &mut dyn Host) -> Result<(), Failure<'_>>;

    /// Calls the handler with one event and encodes its result into `body`, which is empty. Everything that the function wrote has been
    /// handed to `host` when this returns.
    fn call(&mut self, invocation: &Invocation<'_>, body: &mut Buffer, host: &mut dyn Host) -> Result<Response<'_>, Failure<'_>>;

    /// Whether the function has hooks of this kind.
    fn has_hook(&self, hook: Hook) -> bool;

    /// Runs the function's hooks of this kind.
    fn run_hooks(&mut self, hook: Hook, host: &mut dyn Host) -> Result<(), Failure<'_>>;

    /// Renews the language's random state: two processes go on from the same memory (a snapshot, a worker).
    fn reseed(&mut self);
}

/// Where a line of the function's output goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// File descriptor 1.
    Out = 1,
    /// File descriptor 2.
    Error = 2,
}

/// What an interpreter may ask of the runtime while it loads or calls.
pub trait Host {
    /// Writes one line (given without its end) to the log, at once.
    fn write_line(&mut self, stream: Stream, line: &[u8]);

    /// Writes an entry that the function gave a level: `fields` are the members of a JSON object, without its braces; may be empty.
    fn write_entry(&mut self, level: Level, message: &[u8], fields: &[u8]);

    /// Sends bytes of a streamed response; begins it with the first call. Returns when the platform has taken them.
    fn write_stream(&mut self, content_type: &[u8], bytes: &[u8]) -> Result<(), StreamBroken>;

    /// The function asks to end the process by calling `call`, such as `os.exit`: the invocation is answered with an error first. Does not
    /// return.
    fn exit(&mut self, code: i32, call: &[u8], stack: &[u8]) -> !;
}
