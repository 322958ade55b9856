//! Invoke and InvokeWithResponseStream of the Lambda API, for the AWS CLI and SDKs with an endpoint URL.
//!
//! Spoken as in the API reference (docs.aws.amazon.com/lambda/latest/api/API_Invoke.html, …/API_InvokeWithResponseStream.html): the three
//! invocation types, the log's tail, client context, tenant, qualifiers, names and ARNs, the errors' names and status codes.
//! Signatures are not looked at. Every qualifier is taken: there is one version of the function, the files as they are.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::http::request;
use hyper::{Response, StatusCode};
use percent_encoding::percent_decode_str;
use serde::de::IgnoredAny;
use serde_json::json;

use super::environment::Finished;
use super::event_stream;
use super::history::end_of;
use super::pool::{Part, Refusal};
use super::reply::{Reply, json, streamed, whole};
use super::{Call, EVENT_BYTES_MAX, EVENT_BYTES_MAX_ASYNC, Service, event_error, text};
use crate::function::{TENANT_RULE, is_name, is_tenant_id, is_word};
use crate::runtime_api::Invocation;

/// "The last 4 KB of the execution log".
const LOG_TAIL_BYTES_MAX: usize = 4 * 1024;

/// "Up to 3,583 bytes of base64-encoded data about the invoking client".
const CLIENT_CONTEXT_BYTES_MAX: usize = 3583;

/// Which of the two operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Invoke,
    InvokeWithResponseStream,
}

/// The operation that a path names, and the function's name in it as it was sent.
pub(super) fn operation(path: &str) -> Option<(Operation, &str)> {
    let between = |prefix: &str, suffix: &str| path.strip_prefix(prefix)?.strip_suffix(suffix).filter(|name| !name.contains('/'));
    let invoke = between("/2015-03-31/functions/", "/invocations").map(|name| (Operation::Invoke, name));
    let stream = || between("/2021-11-15/functions/", "/response-streaming-invocations");
    invoke.or_else(|| stream().map(|name| (Operation::InvokeWithResponseStream, name)))
}

/// Answers one call.
pub(super) async fn answer(service: &Arc<Service>, operation: Operation, name: &str, head: &request::Parts, body: &[u8]) -> Reply {
    let (invocation, kind) = match read(service, name, head, body) {
        Ok(read) => read,
        Err(error) => return error.reply(),
    };
    let request_id = invocation.request_id.clone();
    let with_log = text(&head.headers, "x-amz-log-type") == Some("Tail");
    let origin = match operation {
        Operation::Invoke => "Invoke",
        Operation::InvokeWithResponseStream => "InvokeWithResponseStream",
    };
    let mut reply = match (kind, operation) {
        (Kind::DryRun, _) => empty(StatusCode::NO_CONTENT),
        (Kind::Event, _) => match service.call("Invoke, asynchronous", invocation) {
            Ok(call) => {
                let service = service.clone();
                tokio::spawn(async move { service.finish(call).await });
                empty(StatusCode::ACCEPTED)
            }
            Err(refusal) => ApiError::from(refusal).reply(),
        },
        (Kind::RequestResponse, _) => match service.call(origin, invocation) {
            Ok(call) if operation == Operation::Invoke => buffered(service, call, with_log).await,
            Ok(call) => stream(service, call, with_log),
            Err(refusal) => ApiError::from(refusal).reply(),
        },
    };
    if let Ok(value) = HeaderValue::try_from(request_id) {
        reply.headers_mut().insert("x-amzn-requestid", value);
    }
    reply
}

/// The answer to a body over the limit.
pub(super) fn too_large(bytes_max: usize) -> Reply {
    let message = format!("Request must be smaller than {bytes_max} bytes for the InvokeFunction operation");
    ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLargeException", message).reply()
}

/// The answer to other operations of the Lambda API.
pub(super) fn unknown_operation() -> Reply {
    let message = "coldmoon serve has the operations Invoke and InvokeWithResponseStream of the Lambda API, and no others";
    ApiError::new(StatusCode::NOT_FOUND, "UnknownOperationException", message.into()).reply()
}

#[derive(Clone, Copy)]
enum Kind {
    RequestResponse,
    Event,
    DryRun,
}

fn read(service: &Service, name: &str, head: &request::Parts, body: &[u8]) -> Result<(Invocation, Kind), ApiError> {
    let kind = match text(&head.headers, "x-amz-invocation-type") {
        None | Some("" | "RequestResponse") => Kind::RequestResponse,
        Some("Event") => Kind::Event,
        Some("DryRun") => Kind::DryRun,
        Some(other) => {
            let allowed = "[RequestResponse, Event, DryRun]";
            return Err(ApiError::validation("invocationType", other, &format!("Member must satisfy enum value set: {allowed}")));
        }
    };
    let name = percent_decode_str(name).decode_utf8_lossy();
    let Some(target) = FunctionName::parse(&name, service.name()) else {
        return Err(ApiError::validation("functionName", &name, "Member must satisfy the pattern of a function's name or ARN"));
    };
    let query = head.uri.query().unwrap_or_default();
    let asked = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "Qualifier").map(|(_, value)| value.into_owned());
    let qualifier = match (target.qualifier.map(str::to_owned), asked.filter(|it| !it.is_empty())) {
        (Some(own), Some(other)) if own != other => {
            let message = "The derived qualifier from the function name does not match the specified qualifier.";
            return Err(ApiError::new(StatusCode::BAD_REQUEST, "InvalidParameterValueException", message.into()));
        }
        (own, other) => own.or(other),
    };
    let arn = |name| super::arn(&service.region, name) + &qualifier.as_ref().map(|it| format!(":{it}")).unwrap_or_default();
    if target.name != service.name() {
        let message = format!("Function not found: {}", arn(target.name));
        return Err(ApiError::new(StatusCode::NOT_FOUND, "ResourceNotFoundException", message));
    }
    if matches!(kind, Kind::Event) && body.len() > EVENT_BYTES_MAX_ASYNC {
        let message =
            format!("{} byte payload is too large for the Event invocation type (limit {EVENT_BYTES_MAX_ASYNC} bytes)", body.len());
        return Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLargeException", message));
    }
    // Clients without a payload send no body.
    let event = if body.is_empty() { b"{}" } else { body };
    if let Some(error) = event_error(event) {
        let message = format!("Could not parse request body into json: {error}");
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "InvalidRequestContentException", message));
    }
    let mut invocation = service.invocation(event);
    invocation.function_arn = arn(target.name);
    invocation.client_context = client_context(&head.headers)?;
    invocation.tenant_id = tenant_id(&head.headers)?;
    if let Some(trace_id) = text(&head.headers, "x-amzn-trace-id") {
        invocation.trace_id = Some(trace_id.to_owned());
    }
    Ok((invocation, kind))
}

/// `X-Amz-Client-Context`: base64 of a JSON object.
fn client_context(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(encoded) = headers.get("x-amz-client-context").filter(|value| !value.is_empty()) else { return Ok(None) };
    let wrong = |message: String| ApiError::new(StatusCode::BAD_REQUEST, "InvalidRequestContentException", message);
    if encoded.len() > CLIENT_CONTEXT_BYTES_MAX {
        return Err(wrong(format!("Client context must be no more than {CLIENT_CONTEXT_BYTES_MAX} bytes.")));
    }
    let decoded = STANDARD.decode(encoded.as_bytes()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    match decoded {
        Some(text) if serde_json::from_str::<BTreeMap<String, IgnoredAny>>(&text).is_ok() => Ok(Some(text)),
        _ => Err(wrong("Client context must be a valid Base64-encoded JSON object.".into())),
    }
}

/// `X-Amz-Tenant-Id`.
fn tenant_id(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(value) = headers.get("x-amz-tenant-id") else { return Ok(None) };
    let id = String::from_utf8_lossy(value.as_bytes()).into_owned();
    if is_tenant_id(&id) { Ok(Some(id)) } else { Err(ApiError::validation("tenantId", &id, TENANT_RULE)) }
}

async fn buffered(service: &Service, call: Call, with_log: bool) -> Reply {
    let Some((finished, mut body)) = service.finish(call).await else { return ApiError::from(Refusal::Stopping).reply() };
    let failure = finished.failure().is_some();
    let content_type = match &finished.result {
        Ok(answer) => {
            if let Some(broken) = &answer.broken {
                body.clone_from(&broken.document);
            } else {
                body.extend_from_slice(&answer.body);
            }
            answer.content_type.as_deref().filter(|_| !failure).unwrap_or("application/json").to_owned()
        }
        Err(failure) => {
            body.clone_from(&failure.document);
            "application/json".to_owned()
        }
    };
    let mut reply = Response::new(whole(body));
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::try_from(content_type).unwrap_or(HeaderValue::from_static("application/octet-stream")));
    headers.insert("x-amz-executed-version", HeaderValue::from_static("$LATEST"));
    if failure {
        headers.insert("x-amz-function-error", HeaderValue::from_static("Unhandled"));
    }
    if with_log {
        headers.insert("x-amz-log-result", HeaderValue::try_from(log_tail(&finished)).expect("base64 is ASCII"));
    }
    reply
}

fn stream(service: &Arc<Service>, mut call: Call, with_log: bool) -> Reply {
    let (mut sender, body) = streamed();
    let service = service.clone();
    tokio::spawn(async move {
        while let Some(part) = call.parts.recv().await {
            match part {
                // A client that is gone stops nothing: the function goes on.
                Part::Chunk(_, bytes) => drop(sender.send_data(event_stream::payload_chunk(&bytes)).await),
                Part::End(finished) => {
                    service.told(&call, &finished, None, None);
                    if let Ok(answer) = &finished.result
                        && !answer.body.is_empty()
                    {
                        sender.send_data(event_stream::payload_chunk(&answer.body)).await.ok();
                    }
                    let mut complete = json!({});
                    if let Some(failure) = finished.failure() {
                        complete["ErrorCode"] = failure.error_type.as_str().into();
                        complete["ErrorDetails"] = String::from_utf8_lossy(&failure.document).into();
                    }
                    if with_log {
                        complete["LogResult"] = log_tail(&finished).into();
                    }
                    sender.send_data(event_stream::invoke_complete(&complete)).await.ok();
                    return;
                }
            }
        }
        service.history.abandon(call.id, Refusal::Stopping.text());
        sender.abort(Refusal::Stopping.text().into());
    });
    let mut reply = Response::new(body);
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(event_stream::CONTENT_TYPE));
    reply.headers_mut().insert("x-amz-executed-version", HeaderValue::from_static("$LATEST"));
    reply
}

/// The end of the log as Lambda writes it, in base64.
fn log_tail(finished: &Finished) -> String {
    let request_id = &finished.report.request_id;
    let log = format!("START RequestId: {request_id} Version: $LATEST\n{}END RequestId: {request_id}\n{}\n", finished.log, finished.report);
    STANDARD.encode(end_of(&log, LOG_TAIL_BYTES_MAX))
}

fn empty(status: StatusCode) -> Reply {
    let mut reply = Response::new(whole(""));
    *reply.status_mut() = status;
    reply.headers_mut().insert("x-amz-executed-version", HeaderValue::from_static("$LATEST"));
    reply
}

/// A function's name, as every operation takes it: `NAME`, `ACCOUNT:function:NAME` or an ARN, each with or without `:QUALIFIER`.
#[derive(Debug, PartialEq, Eq)]
struct FunctionName<'a> {
    name: &'a str,
    qualifier: Option<&'a str>,
}

impl FunctionName<'_> {
    /// `own`: the name of the function here, which may be `function`, the word that other names may begin with.
    fn parse<'a>(text: &'a str, own: &str) -> Option<FunctionName<'a>> {
        let is_account = |word: &str| word.len() == 12 && word.bytes().all(|byte| byte.is_ascii_digit());
        let parts: Vec<&str> = text.split(':').collect();
        let rest = match parts.as_slice() {
            ["arn", partition, "lambda", _, account, "function", rest @ ..] if partition.starts_with("aws") && is_account(account) => rest,
            [account, "function", rest @ ..] if is_account(account) => rest,
            ["function", rest @ ..] if !rest.is_empty() && own != "function" => rest,
            rest => rest,
        };
        let (name, qualifier) = match rest {
            [name] => (*name, None),
            [name, qualifier] => (*name, Some(*qualifier)),
            _ => return None,
        };
        let fits = is_name(name) && qualifier.is_none_or(|it| it == "$LATEST" || is_word(it));
        fits.then_some(FunctionName { name, qualifier })
    }
}

/// An error of the API.
struct ApiError {
    status: StatusCode,
    error_type: &'static str,
    message: String,
}

impl ApiError {
    fn new(status: StatusCode, error_type: &'static str, message: String) -> ApiError {
        ApiError { status, error_type, message }
    }

    fn validation(member: &str, value: &str, constraint: &str) -> ApiError {
        let message = format!("1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}");
        ApiError::new(StatusCode::BAD_REQUEST, "ValidationException", message)
    }

    fn reply(self) -> Reply {
        // Some of the service's errors have the member in lower case, some do not: SDKs read either.
        let mut reply = json(self.status, &json!({ "Type": "User", "Message": self.message, "message": self.message }));
        reply.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(self.error_type));
        reply
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> ApiError {
        let (status, error_type) = match refusal {
            Refusal::Busy => (StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException"),
            Refusal::Stopping => (StatusCode::SERVICE_UNAVAILABLE, "ServiceException"),
        };
        ApiError::new(status, error_type, refusal.text().to_owned())
    }
}

/// The bodies that an operation takes are as large as its events may be.
pub(super) const BODY_BYTES_MAX: usize = EVENT_BYTES_MAX;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_arns_are_understood() {
        for (text, expected) in [
            ("hello", Some(("hello", None))),
            ("hello:prod", Some(("hello", Some("prod")))),
            ("hello:$LATEST", Some(("hello", Some("$LATEST")))),
            ("012345678912:function:hello", Some(("hello", None))),
            ("function:hello:1", Some(("hello", Some("1")))),
            ("arn:aws:lambda:eu-central-1:012345678912:function:hello", Some(("hello", None))),
            ("arn:aws-cn:lambda:cn-north-1:012345678912:function:hello:7", Some(("hello", Some("7")))),
            ("", None),
            ("a b", None),
            ("a:b:c", None),
            ("arn:aws:s3:::bucket", None),
            ("hello:", None),
        ] {
            let parsed = FunctionName::parse(text, "hello").map(|it| (it.name, it.qualifier));
            assert_eq!(parsed, expected, "{text}");
        }
        let parsed = FunctionName::parse("function:1", "function").map(|it| (it.name, it.qualifier));
        assert_eq!(parsed, Some(("function", Some("1"))));
    }

    #[test]
    fn paths_name_operations() {
        assert_eq!(operation("/2015-03-31/functions/a%3Ab/invocations"), Some((Operation::Invoke, "a%3Ab")));
        let streaming = "/2021-11-15/functions/a/response-streaming-invocations";
        assert_eq!(operation(streaming), Some((Operation::InvokeWithResponseStream, "a")));
        assert_eq!(operation("/2015-03-31/functions/a/b/invocations"), None);
        assert_eq!(operation("/2015-03-31/functions/a"), None);
    }
}
