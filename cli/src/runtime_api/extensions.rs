//! Internal extensions: what a runtime process registers within itself, mostly to be told of its end by SIGTERM.
//!
//! `POST /2020-01-01/extension/register`, `GET …/event/next`, `POST …/init/error` and `POST …/exit/error`, with the error
//! names and texts of AWS's emulator (`rapi/handler/agent*.go`, `core/internalagent_states.go`). This API starts no external
//! extensions, so whoever registers is internal: only INVOKE may be subscribed to (nothing with managed instances), SHUTDOWN
//! is refused, and the end comes as a signal, never as an event. Registration closes with the runtime's first `next`, and no
//! event is given out before every registered extension has called `event/next`. Not offered: the Telemetry and Logs APIs.

use std::collections::VecDeque;

use serde_json::{Value, json};
use uuid::Uuid;

use super::invocation::PlatformError;
use super::state::Delivery;

/// `core.MaxAgentsAllowed` of the emulator; "Extension limit" of Lambda.
const EXTENSIONS_MAX: usize = 10;

/// A refusal of the Extensions API: always 403.
#[derive(Debug)]
pub(super) struct ExtensionRefusal {
    pub(super) error_type: &'static str,
    pub(super) message: String,
}

/// The extensions of one runtime process.
pub(super) struct Extensions {
    managed: bool,
    closed: bool,
    all: Vec<Extension>,
}

struct Extension {
    id: Uuid,
    name: String,
    state: ExtensionState,
    wants_invoke: bool,
    /// INVOKE events that were not fetched yet.
    events: VecDeque<Value>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum ExtensionState {
    Registered,
    Ready,
    Running,
    InitError,
    ExitError,
}

/// Which of its two error calls an extension makes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ExtensionError {
    Init,
    Exit,
}

impl Extensions {
    pub(super) fn new(managed: bool) -> Extensions {
        Extensions { managed, closed: false, all: Vec::new() }
    }

    pub(super) fn count(&self) -> usize {
        self.all.len()
    }

    /// The runtime called `next`: init is over.
    pub(super) fn close_registration(&mut self) {
        self.closed = true;
    }

    /// Whether init may end: every extension waits for its events.
    pub(super) fn all_have_asked(&self) -> bool {
        self.all.iter().all(|it| it.state != ExtensionState::Registered)
    }

    /// Tells the subscribers of an invocation.
    pub(super) fn announce(&mut self, delivery: &Delivery) {
        for extension in self.all.iter_mut().filter(|it| it.wants_invoke) {
            extension.events.push_back(json!({
                "eventType": "INVOKE",
                "deadlineMs": delivery.deadline_ms,
                "requestId": delivery.invocation.request_id,
                "invokedFunctionArn": delivery.invocation.function_arn,
                "tracing": { "type": "X-Amzn-Trace-Id", "value": delivery.invocation.trace_id },
            }));
        }
    }

    /// `register`: the identifier of the new extension.
    pub(super) fn register(&mut self, name: &str, body: &[u8]) -> Result<Uuid, ExtensionRefusal> {
        if name.is_empty() {
            return Err(refusal("Extension.InvalidExtensionName", "Empty extension name"));
        }
        let request: Value = serde_json::from_slice(body).map_err(|error| refusal("InvalidRequestFormat", error.to_string()))?;
        let mut wants_invoke = false;
        for event in request.get("events").and_then(Value::as_array).into_iter().flatten() {
            match event.as_str() {
                Some("INVOKE") if !self.managed => wants_invoke = true,
                Some("SHUTDOWN") => {
                    let message = "SHUTDOWN: ShutdownEventNotSupportedForInternalExtension";
                    return Err(refusal("Extension.InvalidEventType", message));
                }
                Some(other) => return Err(refusal("Extension.InvalidEventType", format!("{other}: ErrorInvalidEventType"))),
                None => return Err(refusal("InvalidRequestFormat", "events: not an array of strings")),
            }
        }
        if self.closed {
            return Err(refusal("Extension.RegistrationClosed", "Extension registration closed already"));
        }
        if self.all.iter().any(|it| it.name == name) {
            return Err(refusal("Extension.InvalidExtensionState", "Extension with this name already registered"));
        }
        if self.all.len() >= EXTENSIONS_MAX {
            return Err(refusal("Extension.TooManyExtensions", format!("Extension limit ({EXTENSIONS_MAX}) reached")));
        }
        let id = Uuid::new_v4();
        let (state, events) = (ExtensionState::Registered, VecDeque::new());
        self.all.push(Extension { id, name: name.to_owned(), state, wants_invoke, events });
        Ok(id)
    }

    /// `event/next` arrives; the event follows from [`Extensions::take`], for most extensions never.
    pub(super) fn next(&mut self, identifier: &str) -> Result<Uuid, ExtensionRefusal> {
        let extension = self.find(identifier)?;
        match extension.state {
            ExtensionState::Registered | ExtensionState::Running => {
                extension.state = ExtensionState::Ready;
                Ok(extension.id)
            }
            from => Err(transition(from, "Ready", extension.id)),
        }
    }

    /// The event for a parked `event/next`, if there is one by now.
    pub(super) fn take(&mut self, id: Uuid) -> Option<Value> {
        let extension = self.all.iter_mut().find(|it| it.id == id)?;
        let event = extension.events.pop_front()?;
        extension.state = ExtensionState::Running;
        Some(event)
    }

    /// `init/error` or `exit/error`: what the platform makes of it.
    pub(super) fn report(&mut self, identifier: &str, error: ExtensionError, reason: &str) -> Result<PlatformError, ExtensionRefusal> {
        let extension = self.find(identifier)?;
        if reason.is_empty() {
            return Err(refusal("Extension.MissingHeader", "Lambda-Extension-Function-Error-Type not found"));
        }
        let (to, name, error_type) = match error {
            ExtensionError::Init => (ExtensionState::InitError, "InitError", "Extension.InitError"),
            ExtensionError::Exit => (ExtensionState::ExitError, "ExitError", "Extension.ExitError"),
        };
        let allowed = match error {
            ExtensionError::Init => [ExtensionState::Registered, ExtensionState::InitError].contains(&extension.state),
            ExtensionError::Exit => extension.state != ExtensionState::InitError,
        };
        if !allowed {
            return Err(transition(extension.state, name, extension.id));
        }
        extension.state = to;
        Ok(PlatformError::Extension { error_type, reason: reason.to_owned() })
    }

    fn find(&mut self, identifier: &str) -> Result<&mut Extension, ExtensionRefusal> {
        if identifier.is_empty() {
            return Err(refusal("Extension.MissingExtensionIdentifier", "Missing Lambda-Extension-Identifier header"));
        }
        let id = Uuid::parse_str(identifier)
            .map_err(|_| refusal("Extension.InvalidExtensionIdentifier", "Invalid Lambda-Extension-Identifier"))?;
        let unknown = || refusal("Extension.UnknownExtensionIdentifier", format!("Unknown extension {id}"));
        self.all.iter_mut().find(|it| it.id == id).ok_or_else(unknown)
    }
}

fn refusal(error_type: &'static str, message: impl Into<String>) -> ExtensionRefusal {
    ExtensionRefusal { error_type, message: message.into() }
}

fn transition(from: ExtensionState, to: &str, id: Uuid) -> ExtensionRefusal {
    let message = format!("State transition from {from:?} to {to} failed for extension {id}. Error: State transition is not allowed");
    refusal("Extension.InvalidExtensionState", message)
}
