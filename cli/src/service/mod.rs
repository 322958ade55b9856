//! A function behind HTTP, as `coldmoon serve` offers it: what Lambda, function URLs, API Gateway and load balancers do round a
//! function, on a developer's machine.
//!
//! | module | job |
//! | --- | --- |
//! | `server` | the socket: connections, bodies, which request goes where, the end |
//! | [`http_event`], [`http_answer`] | a request as an event, a result as a response |
//! | `http_door` | an HTTP request through the function |
//! | `invoke_api`, [`event_stream`] | Invoke and InvokeWithResponseStream of the Lambda API |
//! | `page` | `/_coldmoon`, and who may ask for it |
//! | [`pool`], [`environment`] | the line of invocations, the processes that take them |
//! | [`history`] | the last invocations |
//! | [`watch`] | tells of changed files |
//!
//! Threads and async meet in [`pool`]: processes are driven by blocking threads, connections by one async thread.

pub mod environment;
pub mod event_stream;
pub mod history;
pub mod http_answer;
mod http_door;
pub mod http_event;
mod invoke_api;
mod page;
pub mod pool;
mod reply;
mod server;
pub mod watch;

use std::sync::Arc;
use std::time::Duration;

use hyper::header::HeaderMap;
use serde::de::IgnoredAny;
use tokio::sync::mpsc;

use crate::report::ms;
use crate::runtime_api::Invocation;
use crate::say;
use environment::{Failure, Finished};
use history::{EntryId, History};
use http_event::{ACCOUNT, Payload};
use pool::{Part, Pool, Refusal};

pub use server::{Stop, serve};

/// What an event may have: "6 MB each for request and response (synchronous)".
pub const EVENT_BYTES_MAX: usize = 6 * 1024 * 1024;

/// What an event of an asynchronous invocation may have: "1 MB for each asynchronous request".
pub const EVENT_BYTES_MAX_ASYNC: usize = 1024 * 1024;

/// A function that is served.
pub struct Service {
    /// Its environments.
    pub pool: Pool,
    /// Its last invocations.
    pub history: Arc<History>,
    /// Whose events HTTP requests become.
    pub payload: Payload,
    /// The region of its ARN.
    pub region: String,
    /// The address or name that it listens on, as it was given.
    pub host: String,
    /// The port that it listens on.
    pub port: u16,
}

impl Service {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.pool.settings().function.name
    }

    /// Its ARN, without a qualifier.
    pub fn arn(&self) -> String {
        arn(&self.region, self.name())
    }

    fn timeout(&self) -> Duration {
        self.pool.settings().timeout
    }

    /// An invocation of the function.
    fn invocation(&self, event: impl Into<Vec<u8>>) -> Invocation {
        Invocation { timeout: self.timeout(), function_arn: self.arn(), ..Invocation::new(event) }
    }

    /// Puts an invocation into the line. `origin` says where it comes from.
    fn call(&self, origin: &str, invocation: Invocation) -> Result<Call, Refusal> {
        let id = self.history.add(origin, &invocation.request_id, &invocation.event);
        match self.pool.submit(id, invocation) {
            Ok(parts) => Ok(Call { id, origin: origin.to_owned(), parts }),
            Err(refusal) => {
                self.history.abandon(id, refusal.text());
                Err(refusal)
            }
        }
    }

    /// Waits for the end of an invocation whose caller reads all of it at once, and tells it. The chunks of a streamed response in one;
    /// `None` where the pool was stopped before.
    async fn finish(&self, mut call: Call) -> Option<(Box<Finished>, Vec<u8>)> {
        let mut chunks = Vec::new();
        loop {
            match call.parts.recv().await {
                Some(Part::Chunk(_, bytes)) => chunks.extend_from_slice(&bytes),
                Some(Part::End(finished)) => {
                    self.told(&call, &finished, None, None);
                    return Some((finished, chunks));
                }
                None => {
                    self.history.abandon(call.id, Refusal::Stopping.text());
                    return None;
                }
            }
        }
    }

    /// Tells the person at the console, and the page, how an invocation ended.
    fn told(&self, call: &Call, finished: &Finished, status: Option<u16>, note: Option<&str>) {
        if let Some(status) = status {
            self.history.answered(call.id, status, note);
        }
        if let Some(failure) = finished.failure() {
            tell_failure(failure);
        }
        if let Some(note) = note {
            say(&format!("coldmoon: {}: {note}", call.origin));
        }
        let outcome = match (status, finished.failure()) {
            (Some(status), _) => status.to_string(),
            (None, Some(failure)) => failure.error_type.clone(),
            (None, None) => "ok".to_owned(),
        };
        let init = finished.report.init.map(|init| format!(", init {:.2} ms", ms(init))).unwrap_or_default();
        say(&format!("{} {outcome} {:.2} ms{init}", call.origin, ms(finished.report.duration)));
    }
}

/// Why an event is no JSON, as far as Lambda's front end looks. How deep it is nested is left to the runtime.
pub fn event_error(event: &[u8]) -> Option<serde_json::Error> {
    serde_json::from_slice::<IgnoredAny>(event).err()
}

/// A header field, where there is one and it is text.
fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

impl Refusal {
    fn text(self) -> &'static str {
        match self {
            Refusal::Busy => "too many invocations wait for their turn: the function is slower than its callers",
            Refusal::Stopping => "coldmoon serve is ending",
        }
    }
}

/// An invocation on its way.
struct Call {
    id: EntryId,
    origin: String,
    parts: mpsc::Receiver<Part>,
}

/// The ARN of a function of this machine.
pub fn arn(region: &str, name: &str) -> String {
    format!("arn:aws:lambda:{region}:{ACCOUNT}:function:{name}")
}

/// Writes to the console what the function's log has not told.
pub fn tell_failure(failure: &Failure) {
    say(failure.untold.trim_end_matches('\n'));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deep_nesting_is_left_to_the_runtime() {
        let nested = "[".repeat(100_000) + &"]".repeat(100_000);
        for (event, is_json) in [("{}", true), ("1", true), (nested.as_str(), true), ("{", false), ("", false), ("{} x", false)] {
            assert_eq!(event_error(event.as_bytes()).is_none(), is_json, "{event}");
        }
    }
}
