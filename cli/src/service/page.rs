//! `/_coldmoon`: a page with the last invocations, in one file, and what it asks for below `/_coldmoon/api`.
//!
//! | request | answer |
//! | --- | --- |
//! | `GET api/function` | name, handler, task root, payload, timeout, memory |
//! | `GET api/invocations` | one line of each, the newest first |
//! | `GET api/invocations/ID` | all of one |
//! | `POST api/invocations`, the event as body | 202 and the number of the new invocation |
//! | `POST api/invocations/ID/again` | the same, with the event of that one |
//! | `GET api/samples` | the sample events |
//! | `GET api/changes` | server-sent events, one for each change of the list |
//!
//! Only the page itself may ask: a browser tells where a request comes from (`Sec-Fetch-Site`, `Origin`), and a name that is
//! none of this machine's is what an attack by DNS rebinding would send as `Host`.

use std::sync::Arc;
use std::time::Duration;

use hyper::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use hyper::http::request;
use hyper::{Method, Response, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use super::http_event::Payload;
use super::reply::{Reply, json, reply, streamed};
use super::{Service, Stop, event_error, text};
use crate::sample;

/// Where the page is.
pub const PATH: &str = "/_coldmoon";

/// The page. `{nonce}` stands for a number of each answer, which lets its own script and style run, and no others.
const HTML: &str = include_str!("page.html");

/// Changes within this time are told once.
const CHANGES_PAUSE: Duration = Duration::from_millis(50);

/// The refusal of a request that another site's page has a browser send. `only_own`: also of all that are not for this machine.
pub(super) fn refusal(service: &Service, head: &request::Parts, only_own: bool) -> Option<Reply> {
    let site = text(&head.headers, "sec-fetch-site");
    let refuse = |why: &str| Some(json(StatusCode::FORBIDDEN, &json!({ "message": why })));
    if site == Some("cross-site") && (head.method != Method::GET || !is_navigation(&head.headers)) {
        return refuse("requests from pages of other sites are not answered");
    }
    if !only_own {
        return None;
    }
    let host = text(&head.headers, "host").unwrap_or_default();
    if !is_of_this_machine(host, &service.host) {
        return refuse("the Host of the request is no name of this machine: open the page as http://127.0.0.1:PORT/_coldmoon");
    }
    let changes = head.method != Method::GET && head.method != Method::HEAD;
    let is_own_origin = text(&head.headers, "origin").is_none_or(|origin| origin.strip_prefix("http://") == Some(host));
    if changes && (!is_own_origin || !matches!(site, None | Some("same-origin"))) {
        return refuse("only the page itself may send events");
    }
    None
}

/// Whether a person follows a link, which shows the page and does nothing.
fn is_navigation(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-mode").is_some_and(|mode| mode == "navigate")
}

/// An address needs no name server, `localhost` no other machine's.
fn is_of_this_machine(host: &str, own: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let is_local = name.eq_ignore_ascii_case("localhost") || name.to_ascii_lowercase().ends_with(".localhost");
    is_local || name.eq_ignore_ascii_case(own) || name.parse::<std::net::IpAddr>().is_ok()
}

/// Answers one request that was not refused.
pub(super) async fn answer(service: &Arc<Service>, head: &request::Parts, body: &[u8], stop: Stop) -> Reply {
    let path = head.uri.path().strip_prefix(PATH).unwrap_or_default().trim_end_matches('/');
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let history = &service.history;
    let mut reply = match (head.method.as_str(), parts.as_slice()) {
        ("GET", []) => page(),
        ("GET", ["api", "function"]) => json(StatusCode::OK, &function(service)),
        ("GET", ["api", "samples"]) => json(StatusCode::OK, &samples()),
        ("GET", ["api", "changes"]) => changes(service, stop),
        ("GET", ["api", "invocations"]) => json(StatusCode::OK, &history.list()),
        ("POST", ["api", "invocations"]) => send(service, body),
        ("GET", ["api", "invocations", id]) => match id.parse().ok().and_then(|id| history.detail(id)) {
            Some(detail) => json(StatusCode::OK, &detail),
            None => forgotten(),
        },
        ("POST", ["api", "invocations", id, "again"]) => match id.parse().ok().and_then(|id| history.event(id)) {
            Some(event) => send(service, &event),
            None => forgotten(),
        },
        _ => json(StatusCode::NOT_FOUND, &json!({ "message": "there is nothing here: the page is at /_coldmoon" })),
    };
    let headers = reply.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    reply
}

fn page() -> Reply {
    let nonce = Uuid::new_v4().simple().to_string();
    let mut reply = reply(StatusCode::OK, "text/html; charset=utf-8", HTML.replace("{nonce}", &nonce));
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    reply.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::try_from(policy).expect("it is ASCII"));
    reply
}

fn function(service: &Service) -> Value {
    let settings = service.pool.settings();
    json!({
        "name": service.name(),
        "handler": settings.function.handler,
        "taskRoot": settings.function.task_root.display().to_string(),
        "payload": match service.payload {
            Payload::V2 => "function URL, payload 2.0",
            Payload::V1 => "REST API, payload 1.0",
            Payload::Alb => "load balancer",
            Payload::AlbMulti => "load balancer, multi-value headers",
        },
        "timeoutSeconds": settings.timeout.as_secs(),
        "memoryMb": settings.function.memory_mb,
        "workers": settings.workers,
        "version": env!("CARGO_PKG_VERSION"),
    })
}

fn samples() -> Value {
    sample::ALL.iter().map(|sample| json!({ "name": sample.name, "title": sample.title, "json": sample.json })).collect()
}

fn forgotten() -> Reply {
    json(StatusCode::NOT_FOUND, &json!({ "message": "this invocation has been forgotten: only the last ones are kept" }))
}

/// Starts an invocation of the page's own.
fn send(service: &Arc<Service>, event: &[u8]) -> Reply {
    if let Some(error) = event_error(event) {
        return json(StatusCode::BAD_REQUEST, &json!({ "message": format!("the event is not JSON: {error}") }));
    }
    match service.call("Page", service.invocation(event)) {
        Ok(call) => {
            let accepted = json(StatusCode::ACCEPTED, &json!({ "id": call.id }));
            let service = service.clone();
            tokio::spawn(async move { service.finish(call).await });
            accepted
        }
        Err(refusal) => json(StatusCode::SERVICE_UNAVAILABLE, &json!({ "message": refusal.text() })),
    }
}

/// Tells of changes until the page is closed or the server ends.
fn changes(service: &Service, mut stop: Stop) -> Reply {
    let mut version = service.history.watch();
    version.mark_changed();
    let (mut sender, body) = streamed();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                changed = version.changed() => if changed.is_err() { return },
                _ = stop.wait_for(|stop| *stop) => return,
            }
            let number = *version.borrow_and_update();
            if sender.send_data(format!("data: {number}\n\n").into()).await.is_err() {
                return;
            }
            tokio::time::sleep(CHANGES_PAUSE).await;
        }
    });
    let mut reply = Response::new(body);
    reply.headers_mut().insert("content-type", HeaderValue::from_static("text/event-stream"));
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_this_machine_are_addresses_and_localhost() {
        for (host, own, is) in [
            ("127.0.0.1:9000", "127.0.0.1", true),
            ("localhost:9000", "127.0.0.1", true),
            ("LOCALHOST", "127.0.0.1", true),
            ("app.localhost:1", "127.0.0.1", true),
            ("[::1]:9000", "::1", true),
            ("192.0.2.7:9000", "0.0.0.0", true),
            ("box:9000", "box", true),
            ("evil.example:9000", "127.0.0.1", false),
            ("127.0.0.1.evil.example", "127.0.0.1", false),
            ("", "127.0.0.1", false),
        ] {
            assert_eq!(is_of_this_machine(host, own), is, "{host}");
        }
    }
}
