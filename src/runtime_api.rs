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
//! | the same, streamed | [`RuntimeApi::start_stream`], [`RuntimeApi::write_stream`], [`RuntimeApi::end_stream`] |
//! | `POST /runtime/init/error` | [`RuntimeApi::fail_init`] |
//! | `GET /runtime/restore/next`, `POST /runtime/restore/error` | [`RuntimeApi::wait_for_restore`], [`RuntimeApi::fail_restore`] |
//! | `POST /2020-01-01/extension/register`, `GET …/extension/event/next` | [`RuntimeApi::register_extension`] |
//!
//! With [`RuntimeApi::pipeline`] the POST that ends an invocation and the `next` behind it go out in one write, and [`RuntimeApi::next`]
//! only receives. AWS's emulator serves that (its HTTP server is the service's); nobody has promised it for the service. Not so after a
//! stream, whose connection ends with it, nor when the process ends: an event that nobody will take must not be asked for.

use crate::base64;
use crate::buffer::{Buffer, Overflow};
use crate::bytes::{self, Decimal};
use crate::env::parse_u64;
use crate::http::connection::{Connection, Error, Reply, Request, Transport};
use crate::http::request;
use crate::http::response::{Fields, is_name};
use crate::interpreter::{Failure, Invocation};
use crate::json::{self, StringRules};
use crate::limits;
use crate::log;

/// The first word is reported as the runtime's release (`appctxutil.go` of AWS's emulator).
const USER_AGENT: &[u8] = concat!("coldmoon/", env!("CARGO_PKG_VERSION")).as_bytes();

const VERSION: &[u8] = b"/2018-06-01";
const EXTENSION_VERSION: &[u8] = b"/2020-01-01";
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
        let slash = bytes::find(b'/', text).unwrap_or(text.len());
        let (authority, path) = text.split_at(slash);
        let path = path.strip_suffix(b"/").unwrap_or(path);
        let is_path = path.split(|byte| *byte == b'/').skip(1).all(request::is_path_segment);
        (is_path && !authority.is_empty() && authority.iter().all(u8::is_ascii) && request::is_field_value(authority))
            .then_some(Endpoint { authority, path })
    }
}

/// The client of the API over one connection.
pub struct RuntimeApi<'e, T: Transport> {
    wire: Wire<T>,
    endpoint: Endpoint<'e>,
    /// Whether `next` goes out with the POST before it.
    is_pipelined: bool,
    /// The error document being posted.
    document: Buffer,
    /// The folder of the function's files, for X-Ray.
    task_root: &'e [u8],
}

/// The connection, what goes out on it and what comes back. Apart from the rest, so that a body may be borrowed from there.
struct Wire<T: Transport> {
    connection: Connection<T>,
    /// The head of `next`, built once, in the first `next_bytes`; behind it the head of the current request.
    heads: Buffer,
    next_bytes: usize,
    /// The reply to whatever is not `next`.
    reply: Buffer,
}

impl<T: Transport> Wire<T> {
    /// Ends the current head, sends it with `body`, and with that of `next` behind it if `is_next_sent`. Returns the reply.
    fn exchange(&mut self, body: &[u8], is_next_sent: bool) -> Result<Reply, Error> {
        request::content_length(&mut self.heads, body.len())?;
        request::end(&mut self.heads)?;
        let (next, head) = self.heads.bytes().split_at(self.next_bytes);
        let then = if is_next_sent { next } else { b"" };
        self.connection.exchange(Request { head, body, idempotent: false, then }, &mut self.reply)
    }

    /// As [`Wire::exchange`]; returns the status.
    fn post(&mut self, body: &[u8], is_next_sent: bool) -> Result<u16, Error> {
        self.exchange(body, is_next_sent).map(|reply| reply.head.status)
    }

    /// Ends the current head and sends it, with no body or one in chunks to follow.
    fn start(&mut self) -> Result<(), Error> {
        request::end(&mut self.heads)?;
        self.connection.start(&self.heads.bytes()[self.next_bytes..], &mut self.reply)
    }
}

impl<'e, T: Transport> RuntimeApi<'e, T> {
    /// A client that connects when it is first used, or told to.
    pub fn new(transport: T, endpoint: Endpoint<'e>, task_root: &'e [u8]) -> Result<RuntimeApi<'e, T>, Overflow> {
        let mut heads = Buffer::new(limits::REQUEST_HEAD_BYTES_MAX);
        request::start(&mut heads, b"GET", endpoint.authority, &[endpoint.path, VERSION, b"/runtime/invocation/next"])?;
        request::field(&mut heads, b"User-Agent", USER_AGENT)?;
        request::end(&mut heads)?;
        Ok(RuntimeApi {
            wire: Wire {
                connection: Connection::new(transport),
                next_bytes: heads.len(),
                heads,
                reply: Buffer::with_first(limits::REPLY_BYTES_MAX, 512),
            },
            endpoint,
            is_pipelined: false,
            document: Buffer::new(limits::ERROR_BYTES_MAX),
            task_root,
        })
    }

    /// From now on `next` goes out in one write with the POST before it.
    pub fn pipeline(&mut self) {
        self.is_pipelined = true;
        // With room for a small event behind the reply to the POST, one `recv` takes both.
        self.wire.reply = Buffer::with_first(limits::REPLY_BYTES_MAX, 4096);
    }

    /// Connects. A failure is not reported: the first exchange tries again and then says what is wrong.
    pub fn connect(&mut self) {
        let _ = self.wire.connection.open();
    }

    /// Waits for the next event, for as long as it takes. Only a 200 with a request id is one.
    pub fn next<'rx>(&mut self, rx: &'rx mut Buffer) -> Result<Invocation<'rx>, NextError> {
        let head = &self.wire.heads.bytes()[..self.wire.next_bytes];
        let reply =
            self.wire.connection.exchange(Request { head, body: b"", idempotent: true, then: b"" }, rx).map_err(NextError::Connection)?;
        match reply.head.status {
            200 => parse_invocation(rx.bytes(), &reply).ok_or(NextError::RequestId),
            status => Err(NextError::Status(status)),
        }
    }

    /// Posts a result. Returns the status of the reply; 202 is success.
    pub fn respond(&mut self, invocation: &Invocation<'_>, content_type: &[u8], body: &[u8]) -> Result<u16, Error> {
        self.start_post([b"/runtime/invocation/", invocation.request_id, b"/response"], content_type)?;
        self.push_invocation_id(invocation)?;
        self.wire.post(body, self.is_pipelined)
    }

    /// Posts the error of an invocation. Returns the status of the reply; 202 is success.
    pub fn fail(&mut self, invocation: &Invocation<'_>, failure: &Failure<'_>) -> Result<u16, Error> {
        self.start_post([b"/runtime/invocation/", invocation.request_id, b"/error"], JSON)?;
        self.push_invocation_id(invocation)?;
        self.post_failure(failure, self.is_pipelined && !failure.is_fatal)
    }

    /// Posts the error that ended INIT. Returns the status of the reply; 202 is success.
    pub fn fail_init(&mut self, failure: &Failure<'_>) -> Result<u16, Error> {
        self.start_post([b"/runtime/init/error", b"", b""], JSON)?;
        self.post_failure(failure, false)
    }

    /// Posts the error of an `AfterRestore` hook. Returns the status of the reply; 202 is success.
    pub fn fail_restore(&mut self, failure: &Failure<'_>) -> Result<u16, Error> {
        self.start_post([b"/runtime/restore/error", b"", b""], JSON)?;
        self.post_failure(failure, false)
    }

    /// Begins a streamed response (docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html, "Implementing response streaming").
    pub fn start_stream(&mut self, invocation: &Invocation<'_>, content_type: &[u8]) -> Result<(), Error> {
        self.start_post([b"/runtime/invocation/", invocation.request_id, b"/response"], content_type)?;
        self.push_invocation_id(invocation)?;
        let heads = &mut self.wire.heads;
        request::field(heads, b"Lambda-Runtime-Function-Response-Mode", b"streaming")?;
        request::field(heads, b"Transfer-Encoding", b"chunked")?;
        request::field(heads, b"Trailer", b"Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body")?;
        self.wire.start()
    }

    /// Sends bytes of the streamed response as one chunk, if there are any. Returns when they are sent.
    pub fn write_stream(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if bytes.is_empty() { Ok(()) } else { self.wire.connection.send_chunk(bytes, &mut self.wire.reply) }
    }

    /// Ends the streamed response, with an error in its trailers if there is one. Returns the status of the reply; 202 is success.
    pub fn end_stream(&mut self, failure: Option<&Failure<'_>>) -> Result<u16, Error> {
        self.wire.heads.truncate(self.wire.next_bytes);
        if let Some(failure) = failure {
            self.push_error_type(failure)?;
            self.build_document(failure)?;
            let heads = &mut self.wire.heads;
            heads.push(b"Lambda-Runtime-Function-Error-Body: ")?;
            base64::Form::Standard.encode(heads, self.document.bytes())?;
            heads.push(b"\r\n")?;
        }
        let Wire { connection, heads, next_bytes, reply } = &mut self.wire;
        connection.end_chunks(&heads.bytes()[*next_bytes..], reply).map(|reply| reply.head.status)
    }

    /// Waits while a snapshot is taken and until the environment is restored from it; the connections are then those of another machine,
    /// and closed. Returns the status of the reply; 200 is success.
    pub fn wait_for_restore(&mut self) -> Result<u16, Error> {
        self.start_request(b"GET", VERSION, [b"/runtime/restore/next", b"", b""])?;
        let Wire { connection, heads, next_bytes, reply } = &mut self.wire;
        request::end(heads)?;
        let request = Request { head: &heads.bytes()[*next_bytes..], body: b"", idempotent: true, then: b"" };
        let status = connection.exchange(request, reply).map(|reply| reply.head.status);
        connection.close();
        status
    }

    /// Registers an internal extension and parks its `event/next` on the connection `parking`: only a process with an extension is
    /// asked to end before it is killed. Returns the status of the reply; 200 is success.
    pub fn register_extension(&mut self, parking: &mut Connection<T>) -> Result<u16, Error> {
        self.start_request(b"POST", EXTENSION_VERSION, [b"/extension/register", b"", b""])?;
        request::field(&mut self.wire.heads, b"Lambda-Extension-Name", b"coldmoon")?;
        let body = b"{\"events\":[]}";
        let reply = self.wire.exchange(body, false)?;
        if reply.head.status != 200 {
            return Ok(reply.head.status);
        }
        let Wire { heads, next_bytes, reply: rx, .. } = &mut self.wire;
        let head = &rx.bytes()[reply.head_at..reply.head_at + reply.head.bytes];
        let mut fields = Fields::new(head, reply.head.fields_at);
        let identifier =
            fields.find(|(name, _)| name.eq_ignore_ascii_case(b"Lambda-Extension-Identifier")).map_or(&b""[..], |(_, value)| value);
        // The head that was sent is no longer needed: the same place takes the next.
        heads.truncate(*next_bytes);
        let path: [&[u8]; 3] = [self.endpoint.path, EXTENSION_VERSION, b"/extension/event/next"];
        request::start(heads, b"GET", self.endpoint.authority, &path)?;
        request::field(heads, b"Lambda-Extension-Identifier", identifier)?;
        request::end(heads)?;
        parking.start(&heads.bytes()[*next_bytes..], rx)?;
        Ok(200)
    }

    /// Closes the connection: processes that part here must not share it.
    pub fn disconnect(&mut self) {
        self.wire.connection.close();
    }

    /// Gives memory that one large event took back to the kernel.
    pub fn release(&mut self) {
        self.document.reset(0);
    }

    /// Begins a head behind that of `next`: the request line, `Host` and `User-Agent`. `path` is the path's parts behind the version.
    fn start_request(&mut self, method: &[u8], version: &[u8], path: [&[u8]; 3]) -> Result<(), Overflow> {
        let heads = &mut self.wire.heads;
        heads.truncate(self.wire.next_bytes);
        let [first, id, last] = path;
        request::start(heads, method, self.endpoint.authority, &[self.endpoint.path, version, first, id, last])?;
        request::field(heads, b"User-Agent", USER_AGENT)
    }

    fn start_post(&mut self, path: [&[u8]; 3], content_type: &[u8]) -> Result<(), Overflow> {
        self.start_request(b"POST", VERSION, path)?;
        request::field(&mut self.wire.heads, b"Content-Type", content_type)
    }

    /// Names the attempt that is answered: without it an answer that comes after a timeout would be taken for the next attempt's.
    fn push_invocation_id(&mut self, invocation: &Invocation<'_>) -> Result<(), Overflow> {
        match invocation.invocation_id {
            Some(id) => request::field(&mut self.wire.heads, b"Lambda-Runtime-Invocation-Id", id),
            None => Ok(()),
        }
    }

    fn push_error_type(&mut self, failure: &Failure<'_>) -> Result<(), Overflow> {
        self.wire.heads.push(b"Lambda-Runtime-Function-Error-Type: ")?;
        push_error_category(&mut self.wire.heads, failure.error_type)?;
        self.wire.heads.push(b"\r\n")
    }

    /// The error document: `{"errorMessage":…,"errorType":…,"stackTrace":[…]}`.
    fn build_document(&mut self, failure: &Failure<'_>) -> Result<(), Overflow> {
        self.document.clear();
        self.document.push(b"{")?;
        log::push_failure_members(&mut self.document, failure)?;
        self.document.push(b"}")
    }

    fn post_failure(&mut self, failure: &Failure<'_>, is_next_sent: bool) -> Result<u16, Error> {
        self.push_error_type(failure)?;

        self.document.clear();
        push_xray_cause(&mut self.document, failure, self.task_root)?;
        if self.document.len() <= limits::XRAY_CAUSE_BYTES_MAX {
            request::field(&mut self.wire.heads, b"Lambda-Runtime-Function-XRay-Error-Cause", self.document.bytes())?;
        }

        self.build_document(failure)?;
        self.wire.post(self.document.bytes(), is_next_sent)
    }
}

/// Reads the header fields of a 200. `None` without a usable request id.
fn parse_invocation<'rx>(rx: &'rx [u8], reply: &Reply) -> Option<Invocation<'rx>> {
    let head = &rx[reply.head_at..reply.head_at + reply.head.bytes];
    let mut invocation = Invocation { event: &rx[reply.body.clone()], ..Invocation::default() };
    for (name, value) in Fields::new(head, reply.head.fields_at) {
        // Managed instances send empty fields for what is absent.
        if value.is_empty() {
            continue;
        }
        let is = |known: &[u8]| is_name(name, known);
        if is(b"Lambda-Runtime-Aws-Request-Id") {
            invocation.request_id = value;
        } else if is(b"Lambda-Runtime-Invocation-Id") {
            invocation.invocation_id = Some(value);
        } else if is(b"Lambda-Runtime-Deadline-Ms") {
            invocation.deadline_ms = parse_u64(value);
        } else if is(b"Lambda-Runtime-Invoked-Function-Arn") {
            invocation.function_arn = Some(value);
        } else if is(b"Lambda-Runtime-Trace-Id") {
            invocation.trace_id = Some(value);
        } else if is(b"Lambda-Runtime-Client-Context") {
            invocation.client_context = Some(value);
        } else if is(b"Lambda-Runtime-Cognito-Identity") {
            invocation.cognito_identity = Some(value);
        } else if is(b"Lambda-Runtime-Aws-Tenant-Id") {
            invocation.tenant_id = Some(value);
        }
    }
    // The id becomes part of a path, the invocation id a header field: what cannot be echoed cannot be answered.
    let is_id = request::is_path_segment(invocation.request_id) && invocation.request_id.len() <= limits::ID_BYTES_MAX;
    let is_attempt = invocation.invocation_id.is_none_or(|id| request::is_field_value(id) && id.len() <= limits::ID_BYTES_MAX);
    (is_id && is_attempt).then_some(invocation)
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
///
/// Type and message are cut, so that they leave room for the stack, which is what X-Ray shows; of the stack go in as many frames, innermost
/// first, as half of the bound holds, so that their paths fit into the other half.
fn push_xray_cause(out: &mut Buffer, failure: &Failure<'_>, task_root: &[u8]) -> Result<(), Overflow> {
    let error_type = &failure.error_type[..failure.error_type.len().min(limits::XRAY_CAUSE_BYTES_MAX / 64)];
    let message = &failure.message[..failure.message.len().min(limits::XRAY_CAUSE_BYTES_MAX / 16)];
    out.push(b"{\"working_directory\":")?;
    push_ascii_string(out, task_root)?;
    out.push(b",\"exceptions\":[{\"type\":")?;
    push_ascii_string(out, error_type)?;
    out.push(b",\"message\":")?;
    push_ascii_string(out, message)?;
    out.push(b",\"stack\":[")?;
    let mut count = 0;
    for frame in log::Frames::of(failure.stack) {
        let start = out.len();
        let (path, line, label) = split_frame(frame);
        out.push(if count > 0 { b",{\"path\":" } else { b"{\"path\":" })?;
        push_ascii_string(out, path)?;
        out.push(b",\"line\":")?;
        out.push(Decimal::new().format(line))?;
        out.push(b",\"label\":")?;
        push_ascii_string(out, label)?;
        out.push(b"}")?;
        if out.len() > limits::XRAY_CAUSE_BYTES_MAX / 2 {
            out.truncate(start);
            break;
        }
        count += 1;
    }
    out.push(b"]}],\"paths\":[")?;
    for (index, frame) in log::Frames::of(failure.stack).enumerate().take(count) {
        let (path, ..) = split_frame(frame);
        let is_first = !log::Frames::of(failure.stack).take(index).any(|earlier| split_frame(earlier).0 == path);
        if is_first {
            out.push(if index > 0 { b"," } else { b"" })?;
            push_ascii_string(out, path)?;
        }
    }
    out.push(b"]}")
}

/// `path:line: label` taken apart; a frame without a line number (`[C]: in ?`) has line 0.
fn split_frame(frame: &[u8]) -> (&[u8], i64, &[u8]) {
    for colon in frame.iter().enumerate().filter(|(_, byte)| **byte == b':').map(|(at, _)| at) {
        let rest = &frame[colon + 1..];
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let line = parse_u64(&rest[..digits]).and_then(|line| i64::try_from(line).ok());
        if let (Some(line), Some(b':')) = (line, rest.get(digits)) {
            return (&frame[..colon], line, rest[digits + 1..].trim_ascii());
        }
    }
    match bytes::find_text(b": ", frame) {
        Some(colon) => (&frame[..colon], 0, &frame[colon + 2..]),
        None => (frame, 0, b""),
    }
}

/// A JSON string in printable ASCII alone: everything else is escaped, what is not UTF-8 replaced.
fn push_ascii_string(out: &mut Buffer, bytes: &[u8]) -> Result<(), Overflow> {
    json::write_lossy_string(out, bytes, &StringRules::ASCII)
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
        let cause = "{\"working_directory\":\"/var/task\",\"exceptions\":[{\"type\":\"LuaError\",\"message\":\"app.lua:3: \\u00fc\\n\",\
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
    fn next_goes_out_with_the_post_unless_the_process_ends() {
        let invocation = Invocation { request_id: b"id-1", ..Invocation::default() };
        let piped = |act: fn(&mut RuntimeApi<'static, &mut Script>, &Invocation<'_>) -> Result<u16, Error>| {
            let (status, sent) = sent_by(ACCEPTED, |api| {
                api.pipeline();
                act(api, &invocation)
            });
            assert_eq!(status, Ok(202));
            let posts = sent.matches("POST ").count();
            assert_eq!(posts, 1, "{sent}");
            sent.ends_with(NEXT) && sent.matches("GET ").count() == 1
        };
        assert!(piped(|api, invocation| api.respond(invocation, b"text/plain", b"hello")));
        assert!(piped(|api, invocation| api.fail(invocation, &FAILURE)));
        assert!(!piped(|api, invocation| api.fail(invocation, &Failure { is_fatal: true, ..FAILURE })));
        assert!(!piped(|api, _| api.fail_init(&FAILURE)));
        assert!(!piped(|api, _| api.fail_restore(&FAILURE)));
        assert!(!piped(|api, invocation| {
            api.start_stream(invocation, b"text/plain")?;
            api.end_stream(None)
        }));
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
    fn a_stream_is_these_bytes() {
        let invocation = Invocation { request_id: b"id-1", ..Invocation::default() };
        let head = "POST /2018-06-01/runtime/invocation/id-1/response HTTP/1.1\r\nHost: 127.0.0.1:9001\r\nUser-Agent: coldmoon/0.1.0\r\n\
             Content-Type: text/plain\r\nLambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: chunked\r\n\
             Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n\r\n";
        let stream = |failure: Option<Failure<'static>>| {
            sent_by(ACCEPTED, |api| {
                api.start_stream(&invocation, b"text/plain").unwrap();
                for part in [&b"hello"[..], b"", b"0123456789abcdef"] {
                    api.write_stream(part).unwrap();
                }
                api.end_stream(failure.as_ref())
            })
        };
        let (status, sent) = stream(None);
        assert_eq!((status, sent), (Ok(202), format!("{head}5\r\nhello\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n")));
        let (status, sent) = stream(Some(Failure { message: b"m", stack: b"", ..FAILURE }));
        let trailers = "Lambda-Runtime-Function-Error-Type: Function.LuaError\r\nLambda-Runtime-Function-Error-Body: \
             eyJlcnJvck1lc3NhZ2UiOiJtIiwiZXJyb3JUeXBlIjoiTHVhRXJyb3IiLCJzdGFja1RyYWNlIjpbXX0=\r\n";
        assert_eq!((status, sent), (Ok(202), format!("{head}5\r\nhello\r\n10\r\n0123456789abcdef\r\n0\r\n{trailers}\r\n")));
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
