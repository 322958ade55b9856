//! An error as the runtime posts it: the document, its category header and the X-Ray cause.
//!
//! The document is kept as posted and never changed. The rules for the two header fields are those of AWS's emulator
//! (`fatalerror/fatalerror.go`, `rapi/model/error_cause.go`). Not spoken: the content type
//! `application/vnd.aws.lambda.error.cause+json`, which carries the cause within the document, and the cropping of causes
//! over 64 KiB: they are kept whole.

use hyper::header::HeaderMap;
use serde_json::Value;

/// `Lambda-Runtime-Function-Error-Type`
const ERROR_TYPE_HEADER: &str = "lambda-runtime-function-error-type";
/// `Lambda-Runtime-Function-XRay-Error-Cause`
const XRAY_CAUSE_HEADER: &str = "lambda-runtime-function-xray-error-cause";

/// An error posted to `invocation/ID/error`, `init/error` or `restore/error`, or told in the trailers of a stream.
#[derive(Clone, Debug)]
pub struct ErrorReport {
    /// The document, as posted.
    pub body: Vec<u8>,
    /// The category that Lambda's metrics and logs will show: the header's where it is a valid one, else
    /// `Function.Unknown` or `Runtime.Unknown`.
    pub category: String,
    /// The X-Ray cause, where the header has a valid one.
    pub xray_cause: Option<Value>,
    headers: HeaderMap,
}

impl ErrorReport {
    pub(super) fn new(headers: HeaderMap, body: Vec<u8>) -> ErrorReport {
        let text = |name| headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()));
        let category = valid_category(&text(ERROR_TYPE_HEADER).unwrap_or_default());
        let xray_cause = text(XRAY_CAUSE_HEADER).and_then(|cause| valid_xray_cause(&cause));
        ErrorReport { body, category, xray_cause, headers }
    }

    /// A header field of the POST, by its name in any case.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.get(name).map(|value| value.as_bytes())
    }

    /// `Content-Type`, where it is text.
    pub fn content_type(&self) -> Option<&str> {
        self.headers.get("content-type")?.to_str().ok()
    }

    /// `errorType` of the document.
    pub fn error_type(&self) -> Option<String> {
        self.document()?.get("errorType")?.as_str().map(str::to_owned)
    }

    /// What it is called: `errorType` of the document, else the category.
    pub fn name(&self) -> String {
        self.error_type().unwrap_or_else(|| self.category.clone())
    }

    /// `errorMessage` of the document.
    pub fn error_message(&self) -> Option<String> {
        self.document()?.get("errorMessage")?.as_str().map(str::to_owned)
    }

    /// The lines of `stackTrace` in the document.
    pub fn stack_trace(&self) -> Vec<String> {
        let document = self.document().unwrap_or_default();
        let lines = document.get("stackTrace").and_then(Value::as_array);
        lines.into_iter().flatten().map(|line| line.as_str().map_or_else(|| line.to_string(), str::to_owned)).collect()
    }

    /// The document, where it is JSON.
    pub fn document(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// Valid is what contains a match of `(Runtime|Function)\.[A-Z][a-zA-Z]+`, anywhere.
fn valid_category(text: &str) -> String {
    let reason_follows = |rest: &str| {
        let mut letters = rest.bytes();
        letters.next().is_some_and(|byte| byte.is_ascii_uppercase()) && letters.next().is_some_and(|byte| byte.is_ascii_alphabetic())
    };
    let matches = |category: &str| text.match_indices(category).any(|(at, _)| reason_follows(&text[at + category.len()..]));
    if matches("Runtime.") || matches("Function.") {
        text.to_owned()
    } else if text.starts_with("Function.") {
        "Function.Unknown".to_owned()
    } else {
        "Runtime.Unknown".to_owned()
    }
}

/// Valid is an object whose known fields have their types and of which at least one is not empty.
fn valid_xray_cause(text: &str) -> Option<Value> {
    let cause: Value = serde_json::from_str(text).ok()?;
    let fields = cause.as_object()?;
    let mut any = false;
    for (name, value) in fields {
        any |= match name.as_str() {
            "working_directory" | "message" => !value.as_str()?.is_empty(),
            "paths" => {
                let paths = value.as_array()?;
                paths.iter().all(Value::is_string).then_some(!paths.is_empty())?
            }
            "exceptions" => {
                let exceptions = value.as_array()?;
                exceptions.iter().all(is_exception).then_some(!exceptions.is_empty())?
            }
            _ => false,
        };
    }
    any.then_some(cause)
}

fn is_exception(value: &Value) -> bool {
    let string = |value: &Value, name| value.get(name).is_none_or(Value::is_string);
    let is_frame =
        |frame: &Value| frame.is_object() && string(frame, "path") && string(frame, "label") && frame.get("line").is_none_or(Value::is_i64);
    let frames_fit = value.get("stack").is_none_or(|stack| stack.as_array().is_some_and(|frames| frames.iter().all(is_frame)));
    value.is_object() && string(value, "type") && string(value, "message") && frames_fit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_follow_the_services_rule() {
        for (sent, taken) in [
            ("Runtime.NoSuchHandler", "Runtime.NoSuchHandler"),
            ("Function.LuaError", "Function.LuaError"),
            ("odd Runtime.Ab odd", "odd Runtime.Ab odd"),
            ("Runtime.A", "Runtime.Unknown"),
            ("Runtime.lower", "Runtime.Unknown"),
            ("Function.lower", "Function.Unknown"),
            ("Function.", "Function.Unknown"),
            ("LuaError", "Runtime.Unknown"),
            ("", "Runtime.Unknown"),
        ] {
            assert_eq!(valid_category(sent), taken, "{sent:?}");
        }
    }

    #[test]
    fn xray_causes_follow_the_services_rule() {
        for (cause, valid) in [
            (r#"{"working_directory":"/var/task","exceptions":[],"paths":[]}"#, true),
            (r#"{"exceptions":[{"type":"E","message":"m","stack":[{"path":"a.lua","line":3,"label":"f"}]}]}"#, true),
            (r#"{"message":"m"}"#, true),
            (r#"{"working_directory":"","exceptions":[],"paths":[]}"#, false),
            (r#"{"exceptions":[{"stack":[{"line":"3"}]}]}"#, false),
            (r#"{"paths":[1]}"#, false),
            ("{}", false),
            ("[]", false),
            ("not json", false),
        ] {
            assert_eq!(valid_xray_cause(cause).is_some(), valid, "{cause}");
        }
    }
}
