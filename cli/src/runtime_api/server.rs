//! The HTTP side: connections, routes, bodies, status codes.
//!
//! Spoken: HTTP/1.1 with keep-alive, pipelining, Content-Length and chunked bodies, trailers, `Expect: 100-continue`; all
//! endpoints under `/2018-06-01/runtime`, `/2020-01-01/extension` and `ping`. Every JSON body ends in a newline, as those of
//! the real server do. The request's `User-Agent` and `Lambda-Runtime-Features` are not looked at.
//!
//! Refused bodies follow Go's `net/http`, on which the real server stands: up to 256 KiB of what is still unread are read
//! and thrown away, and the connection lives on; where more is left, the answer goes out at once with `Connection: close`,
//! while the client still writes, and the connection is closed half a second later.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use base64::Engine;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::header::{ALLOW, CONNECTION, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, Version};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use super::extensions::{ExtensionError, ExtensionRefusal};
use super::invocation::{Invocation, PlatformError};
use super::outcome::{Mailbox, Outcome, StreamError};
use super::state::{AnswerKind, Delivery, Machine, Refusal, State};
use super::stream::Stream;
use super::{ErrorReport, Framing, MANAGED_ERROR_BYTES_MAX, RESPONSE_BYTES_MAX, STREAMED_RESPONSE_BYTES_MAX, Shared};

/// Go's `bufferBeforeChunkingSize`: a reply of at most so many bytes gets a Content-Length.
const CONTENT_LENGTH_BYTES_MAX: usize = 2048;

/// Go's `DefaultMaxHeaderBytes` and its slack: a request head that is not complete by then is answered by 431. (hyper looks
/// between two reads, so that a head of up to twice the size may still get through.)
const HEAD_BYTES_MAX: usize = (1 << 20) + 4096;

/// Go's `maxPostHandlerReadBytes`: so much of an unread body is read before the connection is given up.
const DISCARD_BYTES_MAX: u64 = 256 << 10;

/// Go's `rstAvoidanceDelay`: so long the client may read the answer before unread bytes turn the close into a reset.
const LINGER: Duration = Duration::from_millis(500);

type Reply = Response<ReplyBody>;

/// Accepts connections until the API stops. Everything ends with the runtime that this runs on.
pub(super) async fn serve(shared: Arc<Shared>, listener: TcpListener) {
    let of_task = shared.clone();
    tokio::spawn(async move {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    of_task.change(|machine| {
                        machine.counts.connections += 1;
                        machine.connections_open += 1;
                    });
                    tokio::spawn(connection(of_task.clone(), stream));
                }
                // No free descriptor, most likely. The connection stays in the backlog.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    });
    shared.stop.notified().await;
}

/// Serves one connection until either side closes it.
async fn connection(shared: Arc<Shared>, stream: TcpStream) {
    let closed = Guard(|| shared.change(|machine| machine.connections_open -= 1));
    // Fails only where the peer is gone already, which the first read will tell.
    stream.set_nodelay(true).ok();
    let rest_unread = AtomicBool::new(false);
    let mut stream = Stream(Arc::new(stream));
    let service = service_fn(async |request| {
        let reply = answer(&shared, &stream, request).await?;
        rest_unread.fetch_or(reply.headers().contains_key(CONNECTION), Ordering::Relaxed);
        Ok::<_, Gone>(reply)
    });
    let mut http = http1::Builder::new();
    http.title_case_headers(true).max_buf_size(HEAD_BYTES_MAX).header_read_timeout(None).half_close(true);
    let served = http.serve_connection(TokioIo::new(stream.clone()), service).without_shutdown().await;
    // An error is the peer's: it has closed within a message, or was told by hyper what is wrong with its request.
    if served.is_ok() {
        let shut = stream.shutdown().await;
        if shut.is_ok() && rest_unread.load(Ordering::Relaxed) {
            tokio::time::sleep(LINGER).await;
        }
    }
    drop(closed);
}

/// What a path means.
enum Endpoint<'a> {
    Ping,
    Next,
    Response(&'a str),
    Error(&'a str),
    InitError,
    RestoreNext,
    RestoreError,
    Register,
    EventNext,
    ExtensionError(ExtensionError),
}

impl Endpoint<'_> {
    fn find<'a>(path: &'a str, shared: &Shared) -> Option<Endpoint<'a>> {
        let path = path.strip_prefix(shared.options.base_path.as_str())?;
        Some(match path {
            "/ping" | "/2018-06-01/ping" => Endpoint::Ping,
            "/2018-06-01/runtime/invocation/next" => Endpoint::Next,
            "/2018-06-01/runtime/init/error" => Endpoint::InitError,
            "/2018-06-01/runtime/restore/next" if shared.options.snapshots => Endpoint::RestoreNext,
            "/2018-06-01/runtime/restore/error" if shared.options.snapshots => Endpoint::RestoreError,
            "/2020-01-01/extension/register" => Endpoint::Register,
            "/2020-01-01/extension/event/next" => Endpoint::EventNext,
            "/2020-01-01/extension/init/error" => Endpoint::ExtensionError(ExtensionError::Init),
            "/2020-01-01/extension/exit/error" => Endpoint::ExtensionError(ExtensionError::Exit),
            _ => match path.strip_prefix("/2018-06-01/runtime/invocation/")?.split_once('/')? {
                ("", _) => return None,
                (request_id, "response") => Endpoint::Response(request_id),
                (request_id, "error") => Endpoint::Error(request_id),
                _ => return None,
            },
        })
    }

    fn method(&self) -> Method {
        match self {
            Endpoint::Ping | Endpoint::Next | Endpoint::RestoreNext | Endpoint::EventNext => Method::GET,
            _ => Method::POST,
        }
    }
}

/// Nobody waits for the reply any more.
#[derive(Debug)]
struct Gone;

impl std::fmt::Display for Gone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the client has closed the connection")
    }
}

impl std::error::Error for Gone {}

async fn answer(shared: &Arc<Shared>, stream: &Stream, request: Request<Incoming>) -> Result<Reply, Gone> {
    if request.method() == Method::POST {
        shared.change(|machine| machine.counts.posts += 1);
    }
    let reply = route(shared, stream, request).await?;
    if reply.status().as_u16() >= 400 {
        shared.change(|machine| machine.counts.refused += 1);
    }
    Ok(reply)
}

async fn route(shared: &Arc<Shared>, stream: &Stream, request: Request<Incoming>) -> Result<Reply, Gone> {
    let (head, body) = request.into_parts();
    if head.version == Version::HTTP_11 && head.headers.get_all(HOST).iter().count() != 1 {
        return Ok(closing(text(StatusCode::BAD_REQUEST, "400 Bad Request: missing required Host header")));
    }
    let Some(endpoint) = Endpoint::find(head.uri.path(), shared) else {
        return Ok(refuse(body, text(StatusCode::NOT_FOUND, "404 page not found\n")).await);
    };
    if head.method != endpoint.method() {
        let mut reply = text(StatusCode::METHOD_NOT_ALLOWED, "");
        reply.headers_mut().insert(ALLOW, HeaderValue::from_static(if endpoint.method() == Method::GET { "GET" } else { "POST" }));
        return Ok(refuse(body, reply).await);
    }
    let headers = head.headers;
    Ok(match endpoint {
        Endpoint::Ping => text(StatusCode::OK, "pong"),
        Endpoint::Next => next(shared, stream).await?,
        Endpoint::Response(request_id) => response(shared, request_id, headers, body).await,
        Endpoint::Error(request_id) => error(shared, request_id, headers, body).await,
        Endpoint::InitError => report(shared, headers, body, Machine::init_error).await,
        Endpoint::RestoreNext => restore_next(shared, stream).await?,
        Endpoint::RestoreError => report(shared, headers, body, Machine::restore_error).await,
        Endpoint::Register => register(shared, &headers, body).await,
        Endpoint::EventNext => event_next(shared, stream, &headers).await?,
        Endpoint::ExtensionError(error) => extension_error(shared, &headers, error, body).await,
    })
}

/// Waits until the machine gives something, or the client has gone.
async fn park<T>(shared: &Arc<Shared>, stream: &Stream, look: impl FnMut(&mut Machine) -> Option<T>) -> Result<T, Gone> {
    let (mut found, mut gone) = (pin!(shared.until(look)), pin!(stream.gone()));
    std::future::poll_fn(|cx| match found.as_mut().poll(cx) {
        Poll::Ready(found) => Poll::Ready(Ok(found)),
        Poll::Pending => gone.as_mut().poll(cx).map(|()| Err(Gone)),
    })
    .await
}

/// `GET runtime/invocation/next`
async fn next(shared: &Arc<Shared>, stream: &Stream) -> Result<Reply, Gone> {
    let asked = shared.change(|machine| {
        machine.counts.next += 1;
        let again = machine.next()?;
        Ok((again.or_else(|| machine.take()), machine.generation()))
    });
    let delivery = match asked {
        Ok((Some(delivery), _)) => Some(delivery),
        Ok((None, generation)) => {
            shared.change(|machine| machine.parked += 1);
            let _parked = Guard(|| shared.change(|machine| machine.parked -= 1));
            let present = |machine: &Machine| machine.generation() == generation;
            park(shared, stream, |machine| if present(machine) { machine.take().map(Some) } else { Some(None) }).await?
        }
        Err(refusal) => return Ok(refused(refusal)),
    };
    // Of an earlier process than the present one: no event may get lost on its connection.
    delivery.map(|delivery| event(shared, delivery)).ok_or(Gone)
}

/// The reply that delivers an event.
fn event(shared: &Shared, delivery: Delivery) -> Reply {
    let Delivery { invocation, deadline_ms } = delivery;
    let headers = invocation.header_map(deadline_ms);
    let event_bytes = invocation.event.len();
    let event = Bytes::from_owner(Event(invocation));
    let body = match shared.options.framing {
        Framing::ContentLength => ReplyBody::exact(event),
        Framing::Aws if event_bytes <= CONTENT_LENGTH_BYTES_MAX => ReplyBody::exact(event),
        Framing::Aws | Framing::Chunked { chunk_bytes: 0 } => ReplyBody::chunked(event, event_bytes),
        Framing::Chunked { chunk_bytes } => ReplyBody::chunked(event, chunk_bytes),
    };
    let mut reply = Response::new(body);
    *reply.headers_mut() = headers;
    reply
}

/// `POST runtime/invocation/ID/response`
async fn response(shared: &Arc<Shared>, request_id: &str, headers: HeaderMap, body: Incoming) -> Reply {
    let begun = shared.change(|machine| machine.begin_answer(request_id, invocation_id(&headers), AnswerKind::Response));
    let answer = match begun {
        Ok(answer) => answer,
        Err(refusal) => return refuse(body, refused(refusal)).await,
    };
    let answering = Answering::new(shared, answer.attempt);
    match headers.get("lambda-runtime-function-response-mode").map(HeaderValue::as_bytes) {
        None | Some(b"") => buffered(answering, headers, body).await,
        Some(b"streaming") => streamed(answering, &answer.mailbox, headers, body).await,
        Some(_) => {
            answering.spoil(Outcome::Platform(PlatformError::InvalidResponseMode));
            let reply = error_json(StatusCode::BAD_REQUEST, "Invalid function response mode", "InvalidFunctionResponseMode");
            refuse(body, reply).await
        }
    }
}

async fn buffered(answering: Answering<'_>, headers: HeaderMap, body: Incoming) -> Reply {
    let mut reader = BodyReader::new(body);
    let mut bytes = Vec::with_capacity(reader.announced.unwrap_or(0).min(RESPONSE_BYTES_MAX) as usize);
    loop {
        match reader.next(RESPONSE_BYTES_MAX).await {
            Read::Chunk(chunk) => bytes.extend_from_slice(&chunk),
            Read::End(trailers) => {
                let response = super::Response { body: bytes, streaming: false, headers, trailers, error: None };
                return answering.end(Outcome::Response(response.into()), accepted());
            }
            Read::TooLarge => {
                let error = PlatformError::ResponseTooLarge { bytes: reader.size() };
                return refuse(reader.body, answering.end(Outcome::Platform(error), too_large())).await;
            }
            Read::Truncated => return answering.end(Outcome::Platform(PlatformError::Truncated), truncated()),
        }
    }
}

async fn streamed(answering: Answering<'_>, mailbox: &Mailbox, headers: HeaderMap, body: Incoming) -> Reply {
    let mut reader = BodyReader::new(body);
    mailbox.begin_stream(headers.clone());
    let mut response = super::Response { body: Vec::new(), streaming: true, headers, trailers: HeaderMap::new(), error: None };
    loop {
        match reader.next(STREAMED_RESPONSE_BYTES_MAX).await {
            Read::Chunk(chunk) => mailbox.push(chunk).await,
            Read::End(trailers) => {
                response.error = reported_error(&trailers).map(StreamError::Reported);
                response.trailers = trailers;
                return answering.end(Outcome::Response(response.into()), accepted());
            }
            Read::TooLarge => {
                response.error = Some(StreamError::Platform(PlatformError::ResponseTooLarge { bytes: reader.size() }));
                return refuse(reader.body, answering.end(Outcome::Response(response.into()), too_large())).await;
            }
            Read::Truncated => {
                response.error = Some(StreamError::Platform(PlatformError::Truncated));
                return answering.end(Outcome::Response(response.into()), truncated());
            }
        }
    }
}

/// The error that the trailers of a stream tell. A body that is not base64 is kept as it came.
fn reported_error(trailers: &HeaderMap) -> Option<ErrorReport> {
    let error_type = trailers.get("lambda-runtime-function-error-type")?;
    if error_type.is_empty() {
        return None;
    }
    let body = trailers.get("lambda-runtime-function-error-body").map_or(&b""[..], HeaderValue::as_bytes);
    let decoded = base64::engine::general_purpose::STANDARD.decode(body);
    Some(ErrorReport::new(trailers.clone(), decoded.unwrap_or_else(|_| body.to_vec())))
}

/// `POST runtime/invocation/ID/error`
async fn error(shared: &Arc<Shared>, request_id: &str, headers: HeaderMap, body: Incoming) -> Reply {
    let begun = shared.change(|machine| machine.begin_answer(request_id, invocation_id(&headers), AnswerKind::Error));
    let answer = match begun {
        Ok(answer) => answer,
        Err(refusal) => return refuse(body, refused(refusal)).await,
    };
    let answering = Answering::new(shared, answer.attempt);
    match read_document(shared, body).await {
        Ok(document) => answering.end(Outcome::Error(ErrorReport::new(headers, document)), accepted()),
        Err((error, reply)) => answering.end(Outcome::Platform(error), reply),
    }
}

/// `POST runtime/init/error` and `POST runtime/restore/error`
async fn report(
    shared: &Arc<Shared>,
    headers: HeaderMap,
    body: Incoming,
    apply: fn(&mut Machine, ErrorReport) -> Result<(), Refusal>,
) -> Reply {
    match read_document(shared, body).await {
        Ok(document) => {
            let report = ErrorReport::new(headers, document);
            shared.change(|machine| apply(machine, report)).map_or_else(refused, |()| accepted())
        }
        Err((_, reply)) => reply,
    }
}

/// Reads an error document, or says what is wrong with it and how to answer.
async fn read_document(shared: &Shared, body: Incoming) -> Result<Vec<u8>, (PlatformError, Reply)> {
    let limit = if shared.options.concurrency > 1 { MANAGED_ERROR_BYTES_MAX } else { u64::MAX };
    let mut reader = BodyReader::new(body);
    let mut document = Vec::new();
    loop {
        match reader.next(limit).await {
            Read::Chunk(chunk) => document.extend_from_slice(&chunk),
            Read::End(_) => return Ok(document),
            Read::TooLarge => return Err((PlatformError::ResponseTooLarge { bytes: reader.size() }, closing(too_large()))),
            Read::Truncated => return Err((PlatformError::Truncated, truncated())),
        }
    }
}

/// `GET runtime/restore/next`
async fn restore_next(shared: &Arc<Shared>, stream: &Stream) -> Result<Reply, Gone> {
    if let Err(refusal) = shared.change(Machine::restore_next) {
        return Ok(refused(refusal));
    }
    park(shared, stream, |machine| (machine.state() != State::RestoreReady).then_some(())).await?;
    Ok(Response::new(ReplyBody::exact(Bytes::new())))
}

/// `POST extension/register`
async fn register(shared: &Arc<Shared>, headers: &HeaderMap, body: Incoming) -> Reply {
    let request = match read_document(shared, body).await {
        Ok(request) => request,
        Err((_, reply)) => return reply,
    };
    let name = header_text(headers, "lambda-extension-name");
    let id = match shared.change(|machine| machine.extensions.register(&name, &request)) {
        Ok(id) => id,
        Err(refusal) => return extension_refused(&refusal),
    };
    let function = crate::lock(&shared.metadata).clone();
    let mut answer = json!({ "functionName": function.name, "functionVersion": function.version, "handler": function.handler });
    if header_text(headers, "lambda-extension-accept-feature").split(',').any(|feature| feature.trim() == "accountId") {
        // The account of AWS's own examples.
        answer["accountId"] = json!("012345678912");
    }
    let mut reply = json(StatusCode::OK, &answer);
    let id = HeaderValue::from_str(&id.to_string()).expect("a UUID is made of digits, letters and hyphens");
    reply.headers_mut().insert(HeaderName::from_static("lambda-extension-identifier"), id);
    reply
}

/// `GET extension/event/next`
async fn event_next(shared: &Arc<Shared>, stream: &Stream, headers: &HeaderMap) -> Result<Reply, Gone> {
    let identifier = header_text(headers, "lambda-extension-identifier");
    match shared.change(|machine| machine.extensions.next(&identifier)) {
        Ok(id) => Ok(json(StatusCode::OK, &park(shared, stream, |machine| machine.extensions.take(id)).await?)),
        Err(refusal) => Ok(extension_refused(&refusal)),
    }
}

/// `POST extension/init/error` and `POST extension/exit/error`
async fn extension_error(shared: &Arc<Shared>, headers: &HeaderMap, error: ExtensionError, body: Incoming) -> Reply {
    if let Err((_, reply)) = read_document(shared, body).await {
        return reply;
    }
    let identifier = header_text(headers, "lambda-extension-identifier");
    let reason = header_text(headers, "lambda-extension-function-error-type");
    let reported = shared.change(|machine| {
        let error = machine.extensions.report(&identifier, error, &reason)?;
        machine.fail_extension(error);
        Ok(())
    });
    reported.map_or_else(|refusal| extension_refused(&refusal), |()| accepted())
}

fn invocation_id(headers: &HeaderMap) -> Option<&[u8]> {
    headers.get("lambda-runtime-invocation-id").map(HeaderValue::as_bytes).filter(|value| !value.is_empty())
}

fn header_text(headers: &HeaderMap, name: &str) -> String {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).unwrap_or_default()
}

/// The answer to one attempt, from its head to its end. Dropped before that, because the connection is: truncated.
struct Answering<'a> {
    shared: &'a Arc<Shared>,
    attempt: u64,
    over: bool,
}

impl<'a> Answering<'a> {
    fn new(shared: &'a Arc<Shared>, attempt: u64) -> Answering<'a> {
        Answering { shared, attempt, over: false }
    }

    /// Hands the outcome over and gives the reply; another one where the attempt has timed out meanwhile.
    fn end(mut self, outcome: Outcome, reply: Reply) -> Reply {
        self.over = true;
        self.shared.change(|machine| machine.end_answer(self.attempt, outcome)).map_or_else(refused, |()| reply)
    }

    fn spoil(mut self, outcome: Outcome) {
        self.over = true;
        // Timed out this very moment: its caller has an outcome already.
        self.shared.change(|machine| machine.spoil_answer(self.attempt, outcome)).ok();
    }
}

impl Drop for Answering<'_> {
    fn drop(&mut self) {
        if !self.over {
            let outcome = Outcome::Platform(PlatformError::Truncated);
            // As above.
            self.shared.change(|machine| machine.end_answer(self.attempt, outcome)).ok();
        }
    }
}

/// Reads a request body with a limit.
struct BodyReader {
    body: Incoming,
    announced: Option<u64>,
    read: u64,
}

enum Read {
    Chunk(Bytes),
    End(HeaderMap),
    TooLarge,
    Truncated,
}

impl BodyReader {
    fn new(body: Incoming) -> BodyReader {
        let announced = body.size_hint().exact();
        BodyReader { body, announced, read: 0 }
    }

    async fn next(&mut self, limit: u64) -> Read {
        match self.body.frame().await {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(chunk) => {
                    self.read += chunk.len() as u64;
                    if self.read > limit { Read::TooLarge } else { Read::Chunk(chunk) }
                }
                Err(frame) => Read::End(frame.into_trailers().unwrap_or_default()),
            },
            Some(Err(_)) => Read::Truncated,
            None => Read::End(HeaderMap::new()),
        }
    }

    fn size(&self) -> u64 {
        self.announced.unwrap_or(self.read)
    }
}

/// Throws the rest of a body away where that is little, and gives the reply; else the reply will close the connection.
async fn refuse(mut body: Incoming, reply: Reply) -> Reply {
    let mut left = DISCARD_BYTES_MAX;
    if body.size_hint().exact().is_some_and(|bytes| bytes >= left) {
        return closing(reply);
    }
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { break };
        match left.checked_sub(frame.data_ref().map_or(0, Bytes::len) as u64) {
            Some(rest) => left = rest,
            None => return closing(reply),
        }
    }
    reply
}

fn refused(refusal: Refusal) -> Reply {
    match refusal {
        Refusal::Transition { from, to } => {
            let (from, to) = (from.name(), to.name());
            let message = format!("State transition from {from} to {to} failed for runtime. Error: State transition is not allowed");
            error_json(StatusCode::FORBIDDEN, &message, "InvalidStateTransition")
        }
        Refusal::InvalidRequestId => error_json(StatusCode::BAD_REQUEST, "Invalid request ID", "InvalidRequestID"),
        Refusal::Gone => error_json(StatusCode::GONE, "Invoke timeout", "InvokeTimeout"),
    }
}

fn extension_refused(refusal: &ExtensionRefusal) -> Reply {
    error_json(StatusCode::FORBIDDEN, &refusal.message, refusal.error_type)
}

fn accepted() -> Reply {
    json(StatusCode::ACCEPTED, &json!({ "status": "OK" }))
}

fn too_large() -> Reply {
    let message = format!("Exceeded maximum allowed payload size ({RESPONSE_BYTES_MAX} bytes).");
    error_json(StatusCode::PAYLOAD_TOO_LARGE, &message, "RequestEntityTooLarge")
}

fn truncated() -> Reply {
    error_json(StatusCode::BAD_REQUEST, "HTTP request detected as truncated", "TruncatedHTTPRequest")
}

fn error_json(status: StatusCode, message: &str, error_type: &str) -> Reply {
    // serde_json sorts the names, which is the real server's order too.
    json(status, &json!({ "errorMessage": message, "errorType": error_type }))
}

fn json(status: StatusCode, value: &serde_json::Value) -> Reply {
    reply(status, "application/json", format!("{value}\n").into())
}

fn text(status: StatusCode, body: &'static str) -> Reply {
    reply(status, "text/plain; charset=utf-8", Bytes::from_static(body.as_bytes()))
}

fn reply(status: StatusCode, content_type: &'static str, body: Bytes) -> Reply {
    let mut reply = Response::new(ReplyBody::exact(body));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    reply
}

fn closing(mut reply: Reply) -> Reply {
    reply.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    reply
}

/// The event of an invocation as bytes that keep the invocation alive.
struct Event(Arc<Invocation>);

impl AsRef<[u8]> for Event {
    fn as_ref(&self) -> &[u8] {
        &self.0.event
    }
}

/// The body of a reply: hyper frames a body whose size it knows by Content-Length, and one of unknown size in one HTTP
/// chunk for each piece.
struct ReplyBody {
    pieces: VecDeque<Bytes>,
    exact: bool,
}

impl ReplyBody {
    fn exact(body: Bytes) -> ReplyBody {
        ReplyBody { pieces: VecDeque::from([body]), exact: true }
    }

    fn chunked(mut body: Bytes, piece_bytes: usize) -> ReplyBody {
        let mut pieces = VecDeque::new();
        while !body.is_empty() {
            pieces.push_back(body.split_to(piece_bytes.min(body.len())));
        }
        ReplyBody { pieces, exact: false }
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.pieces.pop_front().map(|piece| Ok(Frame::data(piece))))
    }

    fn size_hint(&self) -> SizeHint {
        if self.exact { SizeHint::with_exact(self.pieces.iter().map(|piece| piece.len() as u64).sum()) } else { SizeHint::new() }
    }
}

/// Does something when it is dropped: at the end of its scope, or when the task is, whose connection the peer has closed.
struct Guard<F: FnMut()>(F);

impl<F: FnMut()> Drop for Guard<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}
