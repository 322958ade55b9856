//! Responses of the server, and the bodies they have.

use std::error::Error;

use bytes::Bytes;
use http_body_util::channel::{Channel, Sender};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};
use serde_json::Value;

pub(super) type BoxError = Box<dyn Error + Send + Sync>;
pub(super) type ReplyBody = UnsyncBoxBody<Bytes, BoxError>;
pub(super) type Reply = Response<ReplyBody>;

/// Chunks that wait for a client.
const CHUNKS_MAX: usize = 4;

pub(super) fn reply(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(whole(body));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    reply
}

pub(super) fn json(status: StatusCode, document: &Value) -> Reply {
    reply(status, "application/json", document.to_string())
}

pub(super) fn whole(body: impl Into<Bytes>) -> ReplyBody {
    Full::new(body.into()).map_err(|never| match never {}).boxed_unsync()
}

/// A body that is sent as it comes.
pub(super) fn streamed() -> (Sender<Bytes, BoxError>, ReplyBody) {
    let (sender, body) = Channel::new(CHUNKS_MAX);
    (sender, body.boxed_unsync())
}
