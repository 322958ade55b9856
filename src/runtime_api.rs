//! The Lambda Runtime API, version 2018-06-01: its endpoints, header names and error document. Bytes out, [`Invocation`] in.
//!
//! Source: docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html. What an answer means for the process is for `runtime` to decide; here a
//! status is a status.
//!
//! | request | function |
//! | --- | --- |
//! | `GET /runtime/invocation/next` | [`RuntimeApi::next`] |
//! | `POST /runtime/invocation/{id}/response` | [`RuntimeApi::respond`] |
//! | `POST /runtime/invocation/{id}/error` | [`RuntimeApi::fail`] |
//! | `POST /runtime/init/error` | [`RuntimeApi::fail_init`] |

use crate::buffer::{Buffer, Overflow};
use crate::env::parse_u64;
use crate::http::connection::{Connection, Error, Reply, Request, Transport};
use crate::http::request;
use crate::http::response::Fields;
use crate::interpreter::{Failure, Invocation};
use crate::limits;
use crate::log;

/// The first word is reported as the runtime's release (`appctxutil.go` of AWS's emulator).
const USER_AGENT: &[u8] = concat!("coldmoon/", env!("CARGO_PKG_VERSION")).as_bytes();

const VERSION: &[u8] = b"/2018-06-01";
const JSON: &[u8] = b"application/json";

/// Why `next` gave no event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextError {
    /// There is no reply.
    Connection(Error),
    /// A reply with another status than 200.
    Status(u16),
    /// A 200 without a request id that can be answered to: that is no event.
    RequestId,
}

/// The place of the API, from `AWS_LAMBDA_RUNTIME_API`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint<'a> {
    /// `host:port`, the `Host` field.
    pub authority: &'a [u8],
    /// A path before every other (`/function-name`): local tools serve several functions that way. No slash at its end.
    pub path: &'a [u8],
}

impl<'a> Endpoint<'a> {
    /// Takes `host:port/path` apart. `None` if it cannot stand in a request.
    pub fn parse(text: &'a [u8]) -> Option<Endpoint<'a>> {
        let slash = memchr::memchr(b'/', text).unwrap_or(text.len());
        let (authority, path) = text.split_at(slash);
        let path = path.strip_suffix(b"/").unwrap_or(path);
        let is_path = path.split(|byte| *byte == b'/').skip(1).all(request::is_path_segment);
        (is_path && !authority.is_empty() && authority.is_ascii() && request::is_field_value(authority))
            .then_some(Endpoint { authority, path })
    }
}

/// The client of the API over one connection.
pub struct RuntimeApi<'e, T: Transport> {
    connection: Connection<T>,
    endpoint: Endpoint<'e>,
    /// The head of `next`, built once, in the first `next_bytes`; behind it the head of the current POST.
    heads: Buffer,
    next_bytes: usize,
    /// The reply to a POST.
    reply: Buffer,
    /// The error document being posted.
    document: Buffer,
    /// The folder of the function's files, for X-Ray.
    task_root: &'e [u8],
}

impl<'e, T: Transport> RuntimeApi<'e, T> {
    /// A client that connects when it is first used.
    pub fn new(transport: T, endpoint: Endpoint<'e>, task_root: &'e [u8]) -> Result<RuntimeApi<'e, T>, Overflow> {
        let mut heads = Buffer::new(limits::REQUEST_HEAD_BYTES_MAX);
        request::start(&mut heads, b"GET", endpoint.authority, &[endpoint.path, VERSION, b"/runtime/invocation/next"])?;
        request::field(&mut heads, b"User-Agent", USER_AGENT)?;
        request::end(&mut heads)?;
        Ok(RuntimeApi {
            connection: Connection::new(transport),
            endpoint,
            next_bytes: heads.len(),
            heads,
            reply: Buffer::new(limits::REPLY_BYTES_MAX),
            document: Buffer::new(limits::ERROR_BYTES_MAX),
            task_root,
        })
    }

    /// Waits for the next event, for as long as it takes. Only a 200 with a request id is one.
    pub fn next<'rx>(&mut self, rx: &'rx mut Buffer) -> Result<Invocation<'rx>, NextError> {
        let head = &self.heads.bytes()[..self.next_bytes];
        let reply = self.connection.exchange(Request { head, body: b"", idempotent: true }, rx).map_err(NextError::Connection)?;
        match reply.head.status {
            200 => parse_invocation(rx.bytes(), &reply).ok_or(NextError::RequestId),
            status => Err(NextError::Status(status)),
        }
    }

    /// Posts a result. Returns the status of the reply; 202 is success.
    pub fn respond(&mut self, invocation: &Invocation<'_>, content_type: &[u8], body: &[u8]) -> Result<u16, Error> {
        self.start_post(&[b"/runtime/invocation/", invocation.request_id, b"/response"], content_type)?;
        self.push_invocation_id(invocation)?;
        post(&mut self.connection, &mut self.heads, self.next_bytes, body, &mut self.reply)
    }

    /// Posts the error of an invocation. Returns the status of the reply; 202 is success.
    pub fn fail(&mut self, invocation: &Invocation<'_>, failure: &Failure<'_>) -> Result<u16, Error> {
        self.start_post(&[b"/runtime/invocation/", invocation.request_id, b"/error"], JSON)?;
        self.push_invocation_id(invocation)?;
        self.post_failure(failure)
    }

    /// Posts the error that ended INIT. Returns the status of the reply; 202 is success.
    pub fn fail_init(&mut self, failure: &Failure<'_>) -> Result<u16, Error> {
        self.start_post(&[b"/runtime/init/error"], JSON)?;
        self.post_failure(failure)
    }

    /// Gives memory that one large event took back to the kernel.
    pub fn release(&mut self) {
        self.document.shrink(0);
    }

    fn start_post(&mut self, path: &[&[u8]], content_type: &[u8]) -> Result<(), Overflow> {
        self.heads.truncate(self.next_bytes);
        let mut parts: [&[u8]; 5] = [self.endpoint.path, VERSION, b"", b"", b""];
        for (part, given) in parts[2..].iter_mut().zip(path) {
            *part = given;
        }
        request::start(&mut self.heads, b"POST", self.endpoint.authority, &parts)?;
        request::field(&mut self.heads, b"User-Agent", USER_AGENT)?;
        request::field(&mut self.heads, b"Content-Type", content_type)
    }

    /// Names the attempt that is answered: without it an answer that comes after a timeout would be taken for the next attempt's.
    fn push_invocation_id(&mut self, invocation: &Invocation<'_>) -> Result<(), Overflow> {
        match invocation.invocation_id {
            Some(id) => request::field(&mut self.heads, b"Lambda-Runtime-Invocation-Id", id),
            None => Ok(()),
        }
    }

    fn post_failure(&mut self, failure: &Failure<'_>) -> Result<u16, Error> {
        self.heads.push(b"Lambda-Runtime-Function-Error-Type: ")?;
        push_error_category(&mut self.heads, failure.error_type)?;
        self.heads.push(b"\r\n")?;

        self.document.clear();
        push_xray_cause(&mut self.document, failure, self.task_root)?;
        if self.document.len() <= limits::XRAY_CAUSE_BYTES_MAX {
            request::field(&mut self.heads, b"Lambda-Runtime-Function-XRay-Error-Cause", self.document.bytes())?;
        }

        self.document.clear();
        self.document.push(b"{")?;
        log::push_failure_members(&mut self.document, failure)?;
        self.document.push(b"}")?;
        post(&mut self.connection, &mut self.heads, self.next_bytes, self.document.bytes(), &mut self.reply)
    }
}

/// Ends the head that begins at `start` in `heads`, sends it with `body`, returns the status.
fn post<T: Transport>(
    connection: &mut Connection<T>,
    heads: &mut Buffer,
    start: usize,
    body: &[u8],
    reply: &mut Buffer,
) -> Result<u16, Error> {
    request::content_length(heads, body.len())?;
    request::end(heads)?;
    let request = Request { head: &heads.bytes()[start..], body, idempotent: false };
    connection.exchange(request, reply).map(|reply| reply.head.status)
}

/// Reads the header fields of a 200. `None` without a usable request id.
fn parse_invocation<'rx>(rx: &'rx [u8], reply: &Reply) -> Option<Invocation<'rx>> {
    let head = &rx[reply.head_at..reply.head_at + reply.head.bytes];
    let mut invocation = Invocation { event: &rx[reply.body.clone()], ..Invocation::default() };
    // The connection has parsed every field once; an error cannot come back.
    for (name, value) in Fields::new(head, reply.head.fields_at).flatten() {
        // Managed instances send empty fields for what is absent.
        let Some(name) = strip_prefix_ignore_case(name, b"lambda-runtime-").filter(|_| !value.is_empty()) else { continue };
        match name.len() {
            14 if name.eq_ignore_ascii_case(b"aws-request-id") => invocation.request_id = value,
            13 if name.eq_ignore_ascii_case(b"invocation-id") => invocation.invocation_id = Some(value),
            11 if name.eq_ignore_ascii_case(b"deadline-ms") => invocation.deadline_ms = parse_u64(value),
            20 if name.eq_ignore_ascii_case(b"invoked-function-arn") => invocation.function_arn = Some(value),
            8 if name.eq_ignore_ascii_case(b"trace-id") => invocation.trace_id = Some(value),
            14 if name.eq_ignore_ascii_case(b"client-context") => invocation.client_context = Some(value),
            16 if name.eq_ignore_ascii_case(b"cognito-identity") => invocation.cognito_identity = Some(value),
            13 if name.eq_ignore_ascii_case(b"aws-tenant-id") => invocation.tenant_id = Some(value),
            _ => {}
        }
    }
    // The id becomes part of a path, the invocation id a header field: what cannot be echoed cannot be answered.
    let is_id = request::is_path_segment(invocation.request_id) && invocation.request_id.len() <= limits::ID_BYTES_MAX;
    let is_attempt = invocation.invocation_id.is_none_or(|id| request::is_field_value(id) && id.len() <= limits::ID_BYTES_MAX);
    (is_id && is_attempt).then_some(invocation)
}

fn strip_prefix_ignore_case<'a>(text: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// The `Category.Reason` of `Lambda-Runtime-Function-Error-Type`. The platform takes `(Runtime|Function).[A-Z][a-zA-Z]+` and reports all
/// else as unknown (`fatalerror.go` of AWS's emulator), so an error type of the function's own becomes a reason of `Function`.
fn push_error_category(out: &mut Buffer, error_type: &[u8]) -> Result<(), Overflow> {
    let (category, reason) = match error_type {
        [category @ .., b'.'] => (category, &b""[..]),
        _ => match error_type.strip_prefix(b"Runtime.") {
            Some(reason) => (&b"Runtime."[..], reason),
            None => (&b"Function."[..], error_type.strip_prefix(b"Function.").unwrap_or(error_type)),
        },
    };
    let is_reason =
        reason.len() >= 2 && reason.len() <= 128 && reason[0].is_ascii_uppercase() && reason.iter().all(u8::is_ascii_alphabetic);
    if is_reason {
        out.push(category)?;
        out.push(reason)
    } else {
        out.push(b"Function.Unknown")
    }
}

/// The X-Ray cause: one line of ASCII JSON. Source: `error_cause.go` of AWS's emulator.
fn push_xray_cause(out: &mut Buffer, failure: &Failure<'_>, task_root: &[u8]) -> Result<(), Overflow> {
    out.push(b"{\"working_directory\":")?;
    push_ascii_string(out, task_root)?;
    out.push(b",\"exceptions\":[{\"type\":")?;
    push_ascii_string(out, failure.error_type)?;
    out.push(b",\"message\":")?;
    // A message that fills the whole header would leave no room for the stack, which is what X-Ray shows.
    push_ascii_string(out, &failure.message[..failure.message.len().min(limits::XRAY_CAUSE_BYTES_MAX / 16)])?;
    out.push(b",\"stack\":[")?;
    for (index, frame) in log::frames(failure.stack).enumerate() {
        let (path, line, label) = split_frame(frame);
        out.push(if index > 0 { b",{\"path\":" } else { b"{\"path\":" })?;
        push_ascii_string(out, path)?;
        out.push(b",\"line\":")?;
        out.push(itoa::Buffer::new().format(line).as_bytes())?;
        out.push(b",\"label\":")?;
        push_ascii_string(out, label)?;
        out.push(b"}")?;
    }
    out.push(b"]}],\"paths\":[")?;
    for (index, frame) in log::frames(failure.stack).enumerate() {
        let (path, ..) = split_frame(frame);
        let is_first = !log::frames(failure.stack).take(index).any(|earlier| split_frame(earlier).0 == path);
        if is_first {
            out.push(if index > 0 { b"," } else { b"" })?;
            push_ascii_string(out, path)?;
        }
    }
    out.push(b"]}")
}

/// `path:line: label` taken apart; a frame without a line number (`[C]: in ?`) has line 0.
fn split_frame(frame: &[u8]) -> (&[u8], u64, &[u8]) {
    for colon in memchr::memchr_iter(b':', frame) {
        let rest = &frame[colon + 1..];
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if let (Some(line), Some(b':')) = (parse_u64(&rest[..digits]), rest.get(digits)) {
            return (&frame[..colon], line, rest[digits + 1..].trim_ascii());
        }
    }
    match memchr::memmem::find(frame, b": ") {
        Some(colon) => (&frame[..colon], 0, &frame[colon + 2..]),
        None => (frame, 0, b""),
    }
}

/// A JSON string in printable ASCII alone: everything else is escaped, what is not UTF-8 replaced.
fn push_ascii_string(out: &mut Buffer, bytes: &[u8]) -> Result<(), Overflow> {
    out.push(b"\"")?;
    for part in bytes.utf8_chunks() {
        for character in part.valid().chars() {
            match character {
                '"' | '\\' => out.push(&[b'\\', character as u8])?,
                ' '..='~' => out.push(&[character as u8])?,
                _ => {
                    for unit in character.encode_utf16(&mut [0; 2]) {
                        push_escape(out, *unit)?;
                    }
                }
            }
        }
        if !part.invalid().is_empty() {
            push_escape(out, 0xFFFD)?;
        }
    }
    out.push(b"\"")
}

fn push_escape(out: &mut Buffer, unit: u16) -> Result<(), Overflow> {
    let mut text = *b"\\u0000";
    for (digit, shift) in text[2..].iter_mut().zip([12, 8, 4, 0]) {
        *digit = b"0123456789abcdef"[usize::from(unit >> shift & 15)];
    }
    out.push(&text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::script::{Script, Step};

    const NEXT: &str = "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: 127.0.0.1:9001\r\nUser-Agent: coldmoon/0.1.0\r\n\r\n";
    const FAILURE: Failure<'static> = Failure {
        error_type: b"LuaError",
        message: "app.lua:3: \u{fc}\n".as_bytes(),
        stack: b"\t[C]: in function 'error'\n\tapp.lua:3: in function 'handler'\n\tapp.lua:9: in main chunk",
        is_fatal: false,
    };

    /// A client of `127.0.0.1:9001` over a script, and what it then sends in `act`.
    fn sent_by<R>(reply: &str, act: impl FnOnce(&mut RuntimeApi<'static, &mut Script>) -> R) -> (R, String) {
        let mut script = Script::new(vec![vec![Step::Take, Step::Give(reply.into())]]);
        let endpoint = Endpoint::parse(b"127.0.0.1:9001").unwrap();
        let mut api = RuntimeApi::new(&mut script, endpoint, b"/var/task").unwrap();
        let result = act(&mut api);
        drop(api);
        let sent = script.sent.concat();
        (result, String::from_utf8(sent).unwrap())
    }

    const ACCEPTED: &str = "HTTP/1.1 202 Accepted\r\nContent-Length: 16\r\n\r\n{\"status\":\"OK\"}\n";

    #[test]
    fn next_is_these_bytes() {
        let (result, sent) =
            sent_by("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", |api| api.next(&mut Buffer::new(10_000)).map(|_| ()));
        assert_eq!((result, sent.as_str()), (Err(NextError::Status(403)), NEXT));
    }

    #[test]
    fn a_response_is_these_bytes() {
        let invocation = Invocation { request_id: b"id-1", invocation_id: Some(b"attempt 2"), ..Invocation::default() };
        let (status, sent) = sent_by(ACCEPTED, |api| api.respond(&invocation, b"text/plain", b"hello"));
        assert_eq!(status, Ok(202));
        assert_eq!(
            sent,
            "POST /2018-06-01/runtime/invocation/id-1/response HTTP/1.1\r\nHost: 127.0.0.1:9001\r\nUser-Agent: coldmoon/0.1.0\r\n\
             Content-Type: text/plain\r\nLambda-Runtime-Invocation-Id: attempt 2\r\nContent-Length: 5\r\n\r\nhello"
        );
    }

    #[test]
    fn an_error_is_these_bytes() {
        let invocation = Invocation { request_id: b"id-1", ..Invocation::default() };
        let document = "{\"errorMessage\":\"app.lua:3: \u{fc}\\n\",\"errorType\":\"LuaError\",\"stackTrace\":[\"[C]: in function 'error'\",\
             \"app.lua:3: in function 'handler'\",\"app.lua:9: in main chunk\"]}";
        let cause = "{\"working_directory\":\"/var/task\",\"exceptions\":[{\"type\":\"LuaError\",\"message\":\"app.lua:3: \\u00fc\\u000a\",\
             \"stack\":[{\"path\":\"[C]\",\"line\":0,\"label\":\"in function 'error'\"},{\"path\":\"app.lua\",\"line\":3,\"label\":\
             \"in function 'handler'\"},{\"path\":\"app.lua\",\"line\":9,\"label\":\"in main chunk\"}]}],\"paths\":[\"[C]\",\"app.lua\"]}";
        let tail = format!(
            "HTTP/1.1\r\nHost: 127.0.0.1:9001\r\nUser-Agent: coldmoon/0.1.0\r\nContent-Type: application/json\r\n\
             Lambda-Runtime-Function-Error-Type: Function.LuaError\r\nLambda-Runtime-Function-XRay-Error-Cause: {cause}\r\n\
             Content-Length: {}\r\n\r\n{document}",
            document.len()
        );
        let (status, sent) = sent_by(ACCEPTED, |api| api.fail(&invocation, &FAILURE));
        assert_eq!((status, sent), (Ok(202), format!("POST /2018-06-01/runtime/invocation/id-1/error {tail}")));
        let (status, sent) = sent_by(ACCEPTED, |api| api.fail_init(&FAILURE));
        assert_eq!((status, sent), (Ok(202), format!("POST /2018-06-01/runtime/init/error {tail}")));
    }

    #[test]
    fn the_fields_of_an_event_are_found_in_any_case() {
        let reply = "HTTP/1.1 200 OK\r\nLAMBDA-RUNTIME-AWS-REQUEST-ID: id-1\r\nlambda-runtime-invocation-id:  n\r\n\
             Lambda-Runtime-Deadline-Ms: 1542409706888\r\nLambda-Runtime-Invoked-Function-Arn: arn:aws\r\nLambda-Runtime-Trace-Id: Root=1\r\n\
             Lambda-Runtime-Client-Context: \r\nLambda-Runtime-Cognito-Identity: {}\r\nLambda-Runtime-Aws-Tenant-Id: t\r\nX-Other: y\r\n\
             Content-Length: 2\r\n\r\n{}";
        let mut rx = Buffer::new(10_000);
        let (invocation, _) = sent_by(reply, |api| api.next(&mut rx).map(|invocation| format!("{invocation:?}")));
        let expected = Invocation {
            request_id: b"id-1",
            invocation_id: Some(b"n"),
            deadline_ms: Some(1_542_409_706_888),
            function_arn: Some(b"arn:aws"),
            trace_id: Some(b"Root=1"),
            client_context: None,
            cognito_identity: Some(b"{}"),
            tenant_id: Some(b"t"),
            event: b"{}",
        };
        assert_eq!(invocation, Ok(format!("{expected:?}")));
    }

    #[test]
    fn only_a_200_with_a_request_id_is_an_event() {
        for (reply, error) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", NextError::RequestId),
            ("HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id:\r\nContent-Length: 2\r\n\r\n{}", NextError::RequestId),
            ("HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: a/b\r\nContent-Length: 2\r\n\r\n{}", NextError::RequestId),
            ("HTTP/1.1 202 OK\r\nLambda-Runtime-Aws-Request-Id: a\r\nContent-Length: 2\r\n\r\n{}", NextError::Status(202)),
            ("HTTP/1.1 500 OK\r\nLambda-Runtime-Aws-Request-Id: a\r\nContent-Length: 2\r\n\r\n{}", NextError::Status(500)),
        ] {
            let (result, _) = sent_by(reply, |api| api.next(&mut Buffer::new(10_000)).map(|_| ()));
            assert_eq!(result, Err(error), "{reply}");
        }
    }

    #[test]
    fn error_types_become_categories() {
        for (error_type, category) in [
            ("LuaError", "Function.LuaError"),
            ("Runtime.MarshalError", "Runtime.MarshalError"),
            ("Function.ResponseSizeTooLarge", "Function.ResponseSizeTooLarge"),
            ("my.Error", "Function.Unknown"),
            ("lower", "Function.Unknown"),
            ("E", "Function.Unknown"),
            ("", "Function.Unknown"),
            ("Runtime.", "Function.Unknown"),
            ("Evil\r\nX: y", "Function.Unknown"),
        ] {
            let mut out = Buffer::new(1000);
            push_error_category(&mut out, error_type.as_bytes()).unwrap();
            assert_eq!(out.bytes(), category.as_bytes(), "{error_type:?}");
        }
    }

    #[test]
    fn the_cause_is_one_line_of_ascii() {
        let failure = Failure { message: b"\x00\x1b\x7f\xff\"\\\xf0\x9f\x98\x80", stack: b"x\ny: z", ..FAILURE };
        let mut out = Buffer::new(10_000);
        push_xray_cause(&mut out, &failure, b"/var/task").unwrap();
        assert!(out.bytes().iter().all(|byte| (b' '..=b'~').contains(byte)));
        let text = core::str::from_utf8(out.bytes()).unwrap();
        assert!(text.contains(r#""message":"\u0000\u001b\u007f\ufffd\"\\\ud83d\ude00""#), "{text}");
        assert!(text.contains(r#"{"path":"x","line":0,"label":""},{"path":"y","line":0,"label":"z"}"#), "{text}");
    }

    #[test]
    fn endpoints_may_carry_a_path() {
        for (text, authority, path) in [
            ("127.0.0.1:9001", "127.0.0.1:9001", ""),
            ("localhost:9001/my-function", "localhost:9001", "/my-function"),
            ("localhost:9001/a/b/", "localhost:9001", "/a/b"),
            ("localhost:9001/", "localhost:9001", ""),
        ] {
            let endpoint = Endpoint::parse(text.as_bytes()).unwrap();
            assert_eq!((endpoint.authority, endpoint.path), (authority.as_bytes(), path.as_bytes()), "{text}");
        }
        for text in ["", "/path", "host\r\n:1", "host:1/a b", "host:1//x"] {
            assert_eq!(Endpoint::parse(text.as_bytes()), None, "{text:?}");
        }
    }
}
