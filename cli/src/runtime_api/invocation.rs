//! An invocation: one event, and what the `next` reply says about it in its header fields.
//!
//! [`Invocation::new`] fills in all that the service always sends; a field set to `None` is not sent at all. Control bytes
//! in a value are sent as spaces, as Go's server does, for a header value cannot hold them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

/// The function timeout where none is given: 30 seconds. (Lambda's own default of 3 is short for a debugger's user.)
pub const TIMEOUT_DEFAULT: Duration = Duration::from_secs(30);

/// One event for the function. Every field may be changed before it is queued.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// The event, as the runtime will receive it.
    pub event: Vec<u8>,
    /// `Lambda-Runtime-Aws-Request-Id`: by default a new UUID.
    pub request_id: String,
    /// `Lambda-Runtime-Invocation-Id`, the name of this attempt, which the runtime has to echo: by default a new UUID.
    pub invocation_id: Option<String>,
    /// The time the function has, counted from the invocation's turn.
    pub timeout: Duration,
    /// `Lambda-Runtime-Deadline-Ms`, Unix time in milliseconds; `None` sends the true one, the turn plus the timeout.
    pub deadline_ms: Option<u64>,
    /// `Lambda-Runtime-Invoked-Function-Arn`.
    pub function_arn: String,
    /// `Lambda-Runtime-Trace-Id`: by default a new, unsampled one.
    pub trace_id: Option<String>,
    /// `Lambda-Runtime-Client-Context`: JSON text.
    pub client_context: Option<String>,
    /// `Lambda-Runtime-Cognito-Identity`: JSON text.
    pub cognito_identity: Option<String>,
    /// `Lambda-Runtime-Aws-Tenant-Id`.
    pub tenant_id: Option<String>,
    /// `Content-Type` of the event.
    pub content_type: String,
    /// More header fields, sent after the others; bytes from 0x80 are allowed in the values.
    pub headers: Vec<(String, Vec<u8>)>,
}

impl Invocation {
    /// An invocation with this event and the service's usual header fields.
    pub fn new(event: impl Into<Vec<u8>>) -> Invocation {
        Invocation {
            event: event.into(),
            request_id: Uuid::new_v4().to_string(),
            invocation_id: Some(Uuid::new_v4().to_string()),
            timeout: TIMEOUT_DEFAULT,
            deadline_ms: None,
            function_arn: "arn:aws:lambda:us-east-1:012345678912:function:function".into(),
            trace_id: Some(new_trace_id()),
            client_context: None,
            cognito_identity: None,
            tenant_id: None,
            content_type: "application/json".into(),
            headers: Vec::new(),
        }
    }

    /// The header fields of the reply that delivers this invocation.
    pub(super) fn header_map(&self, deadline_ms: u64) -> HeaderMap {
        let mut map = HeaderMap::new();
        let mut add = |name: &'static str, value: Option<&str>| {
            if let Some(value) = value {
                map.append(HeaderName::from_static(name), header_value(value.as_bytes()));
            }
        };
        add("lambda-runtime-aws-request-id", Some(&self.request_id));
        add("lambda-runtime-deadline-ms", Some(&deadline_ms.to_string()));
        add("lambda-runtime-invoked-function-arn", Some(&self.function_arn));
        add("lambda-runtime-trace-id", self.trace_id.as_deref());
        add("lambda-runtime-client-context", self.client_context.as_deref());
        add("lambda-runtime-cognito-identity", self.cognito_identity.as_deref());
        add("lambda-runtime-aws-tenant-id", self.tenant_id.as_deref());
        add("lambda-runtime-invocation-id", self.invocation_id.as_deref());
        add("content-type", Some(&self.content_type));
        for (name, value) in &self.headers {
            if let Ok(name) = HeaderName::from_bytes(name.as_bytes()) {
                map.append(name, header_value(value));
            }
        }
        map
    }
}

/// What the platform itself reports of an invocation that the runtime did not answer, or not properly. Its text is the
/// message that a caller of Lambda reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlatformError {
    /// The function timeout ran out.
    TimedOut {
        /// The timeout.
        after: Duration,
    },
    /// The runtime process ended before it answered.
    Exited {
        /// `exit status 3` or `signal: killed`; empty for exit status 0.
        status: String,
    },
    /// The response was over the limit and was refused with 413.
    ResponseTooLarge {
        /// Its announced size, else what had been received when it was refused.
        bytes: u64,
    },
    /// `Lambda-Runtime-Function-Response-Mode` was neither absent nor `streaming`.
    InvalidResponseMode,
    /// The connection ended within the body of the answer.
    Truncated,
    /// An extension called `extension/init/error` or `extension/exit/error`.
    Extension {
        /// `Extension.InitError` or `Extension.ExitError`.
        error_type: &'static str,
        /// The extension's own `Lambda-Extension-Function-Error-Type`.
        reason: String,
    },
}

impl PlatformError {
    /// AWS's name of the error, such as `Runtime.ExitError`.
    pub fn error_type(&self) -> &'static str {
        match self {
            PlatformError::TimedOut { .. } => "Sandbox.Timedout",
            PlatformError::Exited { .. } => "Runtime.ExitError",
            PlatformError::ResponseTooLarge { .. } => "Function.ResponseSizeTooLarge",
            PlatformError::InvalidResponseMode => "Runtime.InvalidResponseModeHeader",
            PlatformError::Truncated => "Runtime.TruncatedResponse",
            PlatformError::Extension { error_type, .. } => error_type,
        }
    }
}

impl std::fmt::Display for PlatformError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            PlatformError::TimedOut { after } => write!(f, "Task timed out after {:.2} seconds", after.as_secs_f64()),
            PlatformError::Exited { status } if status.is_empty() => f.write_str("Runtime exited without providing a reason"),
            PlatformError::Exited { status } => write!(f, "Runtime exited with error: {status}"),
            PlatformError::ResponseTooLarge { bytes } => write!(
                f,
                "Response payload size ({bytes} bytes) exceeded maximum allowed payload size ({} bytes).",
                super::RESPONSE_BYTES_MAX
            ),
            PlatformError::InvalidResponseMode => f.write_str("Invalid function response mode"),
            PlatformError::Truncated => f.write_str("The connection ended before the response was complete"),
            PlatformError::Extension { reason, .. } => write!(f, "An extension reported {reason}"),
        }
    }
}

impl std::error::Error for PlatformError {}

/// `Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0`: seconds since 1970, then random digits.
fn new_trace_id() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as u32);
    let (root, parent) = (Uuid::new_v4().simple().to_string(), Uuid::new_v4().simple().to_string());
    format!("Root=1-{seconds:08x}-{};Parent={};Sampled=0", &root[..24], &parent[..16])
}

fn header_value(bytes: &[u8]) -> HeaderValue {
    let clean: Vec<u8> = bytes.iter().map(|&byte| if byte < 0x20 || byte == 0x7f { b' ' } else { byte }).collect();
    HeaderValue::from_bytes(&clean).expect("control bytes are replaced, every other byte is allowed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_fields_are_not_sent_and_control_bytes_become_spaces() {
        let mut invocation = Invocation::new("{}");
        invocation.trace_id = None;
        invocation.client_context = Some("{\n\"a\":1}".into());
        invocation.headers.push(("X-Odd".into(), vec![0xff]));
        let map = invocation.header_map(7);
        assert!(map.get("lambda-runtime-trace-id").is_none());
        assert_eq!(map["lambda-runtime-client-context"].as_bytes(), b"{ \"a\":1}");
        assert_eq!(map["lambda-runtime-deadline-ms"].as_bytes(), b"7");
        assert_eq!(map["x-odd"].as_bytes(), [0xff]);
    }

    #[test]
    fn trace_id_has_the_services_form() {
        let id = new_trace_id();
        assert_eq!(id.len(), "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1".len());
    }

    #[test]
    fn platform_errors_read_as_lambda_writes_them() {
        let text = |error: PlatformError| format!("{}: {error}", error.error_type());
        assert_eq!(text(PlatformError::TimedOut { after: Duration::from_secs(3) }), "Sandbox.Timedout: Task timed out after 3.00 seconds");
        assert_eq!(
            text(PlatformError::Exited { status: "exit status 3".into() }),
            "Runtime.ExitError: Runtime exited with error: exit status 3"
        );
        assert_eq!(text(PlatformError::Exited { status: String::new() }), "Runtime.ExitError: Runtime exited without providing a reason");
        let extension = PlatformError::Extension { error_type: "Extension.InitError", reason: "Extension.Why".into() };
        for (error, sentence) in [
            (PlatformError::InvalidResponseMode, "Invalid function response mode"),
            (PlatformError::Truncated, "The connection ended before the response was complete"),
            (extension, "An extension reported Extension.Why"),
        ] {
            assert_eq!(error.to_string(), sentence);
        }
    }
}
