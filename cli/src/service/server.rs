//! The socket: connections, bodies, which request goes where, and the end.
//!
//! HTTP/1.1 with keep-alive. A request's work is a task of its own, so that a client that goes away ends nothing. At the end no
//! connection is accepted any more, requests that are being answered get a grace, then the environments are ended.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::reply::{Reply, json};
use super::{Service, http_door, invoke_api, page};

/// How long requests in flight may still take at the end.
const GRACE: Duration = Duration::from_secs(2);

/// How much more than the limit a client may send and still be answered.
const DISCARD_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Becomes true when the server is to end.
pub type Stop = watch::Receiver<bool>;

/// Serves until it is told to stop; then everything is ended.
pub async fn serve(service: Arc<Service>, listener: TcpListener, mut stop: Stop) {
    let graceful = GracefulShutdown::new();
    let of_connections = stop.clone();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => connection(&service, &graceful, stream, peer, of_connections.clone()),
                // No free descriptor, most likely. The connection stays in the backlog.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
            _ = stop.wait_for(|stop| *stop) => break,
        }
    }
    drop(listener);
    let pool = service.pool.clone();
    let stopped = tokio::task::spawn_blocking(move || pool.stop(GRACE));
    tokio::time::timeout(GRACE + Duration::from_millis(500), graceful.shutdown()).await.ok();
    // A panic of the thread has been printed by itself.
    stopped.await.ok();
}

fn connection(service: &Arc<Service>, graceful: &GracefulShutdown, stream: TcpStream, peer: SocketAddr, stop: Stop) {
    // Fails only where the peer is gone already, which the first read will tell.
    stream.set_nodelay(true).ok();
    let service = service.clone();
    let answer = service_fn(move |request| {
        let (service, stop) = (service.clone(), stop.clone());
        async move { tokio::spawn(async move { route(&service, request, peer, stop).await }).await }
    });
    let served = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), answer);
    let served = graceful.watch(served);
    // An error is the peer's: it has closed within a message, or was told by hyper what is wrong with its request.
    tokio::spawn(async move { served.await.ok() });
}

async fn route(service: &Arc<Service>, request: Request<Incoming>, peer: SocketAddr, stop: Stop) -> Reply {
    let (head, body) = request.into_parts();
    let path = head.uri.path().to_owned();
    let is_page = path == page::PATH || path.strip_prefix(page::PATH).is_some_and(|rest| rest.starts_with('/'));
    let operation = invoke_api::operation(&path).filter(|_| head.method == Method::POST);
    let bytes_max = match operation {
        _ if is_page => super::EVENT_BYTES_MAX,
        Some(_) => invoke_api::BODY_BYTES_MAX,
        None => service.payload.body_bytes_max(),
    };
    // Before the body is read: what is refused costs nothing.
    if (is_page || operation.is_some())
        && let Some(refusal) = page::refusal(service, &head, is_page)
    {
        return refusal;
    }
    let body = match read(body, bytes_max).await {
        Ok(body) => body,
        Err(Unread::TooLarge) if operation.is_some() => return invoke_api::too_large(bytes_max),
        Err(Unread::TooLarge) => return http_door::too_large(),
        Err(Unread::Broken) => return json(StatusCode::BAD_REQUEST, &json!({ "message": "the request's body broke off" })),
    };
    match operation {
        _ if is_page => page::answer(service, &head, &body, stop).await,
        Some((operation, name)) => invoke_api::answer(service, operation, name, &head, &body).await,
        None if ["/2015-03-31/functions/", "/2021-11-15/functions/"].iter().any(|prefix| path.starts_with(prefix)) => {
            invoke_api::unknown_operation()
        }
        None => http_door::answer(service, &head, &body, peer).await,
    }
}

/// Why there is no body.
enum Unread {
    TooLarge,
    Broken,
}

/// Reads a body. What is over the limit is still read, to a bound, and thrown away: a client that is cut off in the middle of its
/// request would not see the answer.
async fn read(mut body: Incoming, bytes_max: usize) -> Result<Bytes, Unread> {
    let mut bytes = BytesMut::new();
    let mut total = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Unread::Broken)?.into_data() else { continue };
        total += data.len();
        if total > bytes_max + DISCARD_BYTES_MAX {
            break;
        }
        if total <= bytes_max {
            bytes.extend_from_slice(&data);
        }
    }
    if total <= bytes_max { Ok(bytes.freeze()) } else { Err(Unread::TooLarge) }
}
