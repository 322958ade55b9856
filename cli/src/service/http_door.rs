//! An HTTP request through the function: event in, response out.
//!
//! A streamed response goes out as it comes, whatever the payload (a function URL needs InvokeMode RESPONSE_STREAM for that). A
//! stream with the prelude of `application/vnd.awslambda.http-integration-response` begins with the status and the headers in it;
//! one that breaks off ends without its last chunk, so that the client sees it.
//!
//! Where AWS answers 502 with nothing but "Internal Server Error", that is an error of the function, also a timeout, or a result that
//! is no response, the body here is the error.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use hyper::header::{HeaderName, HeaderValue};
use hyper::http::request;
use hyper::{Response, StatusCode};
use serde_json::json;
use tokio::sync::mpsc;

use super::environment::{Answer, Failure, Finished};
use super::http_answer::{HttpAnswer, Malformed};
use super::http_event::HttpRequest;
use super::pool::{Part, Refusal};
use super::reply::{Reply, json, reply, streamed, whole};
use super::{Call, EVENT_BYTES_MAX, Service};

/// The content type that announces a prelude.
const WITH_PRELUDE: &str = "application/vnd.awslambda.http-integration-response";

/// What separates it from the body.
const PRELUDE_END: [u8; 8] = [0; 8];

/// How long a prelude may be: it is a head, and heads of HTTP are not longer.
const PRELUDE_BYTES_MAX: usize = 64 * 1024;

/// Answers one request.
pub(super) async fn answer(service: &Arc<Service>, head: &request::Parts, body: &[u8], peer: SocketAddr) -> Reply {
    let mut invocation = service.invocation("");
    let (request_id, trace_id) = (invocation.request_id.clone(), invocation.trace_id.clone().unwrap_or_default());
    let request = HttpRequest {
        method: head.method.as_str(),
        path: head.uri.path(),
        query: head.uri.query().unwrap_or_default(),
        headers: &head.headers,
        body,
        peer,
        port: service.port,
        request_id: &request_id,
        trace_id: &trace_id,
        time: SystemTime::now(),
    };
    invocation.event = request.event(service.payload).to_string().into_bytes();
    if invocation.event.len() > EVENT_BYTES_MAX {
        return too_large();
    }
    let origin = format!("{} {}", head.method, head.uri.path_and_query().map_or("/", |target| target.as_str()));
    let mut reply = match service.call(&origin, invocation) {
        Ok(call) => follow(service, call).await,
        Err(refusal) => refused(refusal),
    };
    let mut add = |name, value: &str| {
        if let Ok(value) = HeaderValue::try_from(value) {
            reply.headers_mut().entry(HeaderName::from_static(name)).or_insert(value);
        }
    };
    add("x-amzn-requestid", &request_id);
    add("x-amzn-trace-id", &trace_id);
    reply
}

/// The answer to a request that makes an event over the limit.
pub(super) fn too_large() -> Reply {
    json(StatusCode::PAYLOAD_TOO_LARGE, &json!({ "message": "Request Too Long" }))
}

fn refused(refusal: Refusal) -> Reply {
    let status = match refusal {
        Refusal::Busy => StatusCode::TOO_MANY_REQUESTS,
        Refusal::Stopping => StatusCode::SERVICE_UNAVAILABLE,
    };
    json(status, &json!({ "message": refusal.text() }))
}

async fn follow(service: &Arc<Service>, mut call: Call) -> Reply {
    match call.parts.recv().await {
        Some(Part::Chunk(content_type, bytes)) => stream(service, call, content_type, bytes).await,
        Some(Part::End(finished)) => {
            let (reply, note) = match &finished.result {
                Ok(answer) => response(service, answer),
                Err(failure) => (failed(failure), None),
            };
            service.told(&call, &finished, Some(reply.status().as_u16()), note.map(|note| note.to_string()).as_deref());
            reply
        }
        None => {
            service.history.abandon(call.id, Refusal::Stopping.text());
            refused(Refusal::Stopping)
        }
    }
}

/// The response that a buffered result is; so is a stream that had no byte.
fn response(service: &Service, answer: &Answer) -> (Reply, Option<Malformed>) {
    if answer.streamed {
        let mut reply = Response::new(whole(Bytes::new()));
        set_content_type(&mut reply, answer.content_type.as_deref());
        return (reply, None);
    }
    match HttpAnswer::from_result(service.payload, &answer.body) {
        Ok(mut answer) => {
            let body = std::mem::take(&mut answer.body);
            (with_head(&answer, whole(body)), None)
        }
        Err(malformed) => (bad_response(&malformed), Some(malformed)),
    }
}

fn with_head(answer: &HttpAnswer, body: super::reply::ReplyBody) -> Reply {
    let mut reply = Response::new(body);
    *reply.status_mut() = StatusCode::from_u16(answer.status).expect("it was checked to be from 200 to 599");
    for (name, value) in &answer.headers {
        reply.headers_mut().append(name, value.clone());
    }
    reply
}

fn set_content_type(reply: &mut Reply, content_type: Option<&str>) {
    let value = content_type.and_then(|value| HeaderValue::try_from(value).ok());
    reply.headers_mut().insert("content-type", value.unwrap_or_else(|| HeaderValue::from_static("application/octet-stream")));
}

fn failed(failure: &Failure) -> Reply {
    reply(StatusCode::BAD_GATEWAY, "application/json", failure.document.clone())
}

fn bad_response(malformed: &Malformed) -> Reply {
    let document = json!({ "errorType": "MalformedResponse", "errorMessage": malformed.to_string() });
    json(StatusCode::BAD_GATEWAY, &document)
}

/// Sends a streamed response, of which the first chunk is there.
async fn stream(service: &Arc<Service>, mut call: Call, content_type: Option<String>, mut bytes: Vec<u8>) -> Reply {
    let (sender, body) = streamed();
    let mut reply = Response::new(body);
    let mut ended = None;
    if content_type.as_deref() == Some(WITH_PRELUDE) {
        let mut end = find_prelude_end(&bytes);
        while end.is_none() && bytes.len() <= PRELUDE_BYTES_MAX {
            match call.parts.recv().await {
                Some(Part::Chunk(_, more)) => bytes.extend_from_slice(&more),
                Some(Part::End(finished)) => {
                    ended = Some(finished);
                    break;
                }
                None => break,
            }
            end = find_prelude_end(&bytes);
        }
        match HttpAnswer::from_prelude(&bytes[..end.unwrap_or(bytes.len())]) {
            Ok(answer) => {
                let body = std::mem::replace(reply.body_mut(), whole(""));
                reply = with_head(&answer, body);
                bytes.drain(..end.map_or(bytes.len(), |end| end + PRELUDE_END.len()));
            }
            Err(malformed) => {
                let service = service.clone();
                let note = malformed.to_string();
                tokio::spawn(async move {
                    if let Some(finished) = ended.or(end_of(&mut call.parts).await) {
                        service.told(&call, &finished, Some(502), Some(&note));
                    }
                });
                return bad_response(&malformed);
            }
        }
    } else {
        set_content_type(&mut reply, content_type.as_deref());
    }
    let status = reply.status().as_u16();
    let service = service.clone();
    tokio::spawn(async move {
        let mut sender = Some(sender);
        if !bytes.is_empty()
            && let Some(channel) = &mut sender
        {
            channel.send_data(bytes.into()).await.ok();
        }
        while ended.is_none() {
            match call.parts.recv().await {
                Some(Part::Chunk(_, bytes)) => {
                    // A client that is gone stops nothing: the function goes on.
                    if let Some(channel) = &mut sender
                        && channel.send_data(bytes.into()).await.is_err()
                    {
                        sender = None;
                    }
                }
                Some(Part::End(finished)) => ended = Some(finished),
                None => break,
            }
        }
        match (&ended, sender) {
            (Some(finished), Some(channel)) if finished.failure().is_some() => channel.abort("the function failed in mid-stream".into()),
            (None, Some(channel)) => channel.abort(Refusal::Stopping.text().into()),
            (_, channel) => drop(channel),
        }
        if let Some(finished) = ended {
            service.told(&call, &finished, Some(status), None);
        }
    });
    reply
}

fn find_prelude_end(bytes: &[u8]) -> Option<usize> {
    bytes.windows(PRELUDE_END.len()).position(|window| window == PRELUDE_END)
}

async fn end_of(parts: &mut mpsc::Receiver<Part>) -> Option<Box<Finished>> {
    loop {
        match parts.recv().await? {
            Part::Chunk(..) => {}
            Part::End(finished) => return Some(finished),
        }
    }
}
