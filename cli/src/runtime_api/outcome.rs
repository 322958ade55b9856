//! The outcome of an invocation, and how its owner waits for it.
//!
//! The server's thread puts chunks and the outcome into a mailbox; [`Pending`] takes them out, blocking. Only streamed
//! responses arrive in chunks: at most `STREAM_BYTES_MAX` of one lie in the mailbox, then the server stops reading from the
//! runtime until they are taken, so that a slow reader slows the function as it does on Lambda.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::header::HeaderMap;
use tokio::sync::Notify;

use super::ErrorReport;
use super::invocation::PlatformError;
use crate::lock;

/// What may lie in a mailbox before the server stops reading: small, so that back-pressure is felt early.
const STREAM_BYTES_MAX: usize = 64 * 1024;

/// How an invocation ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The runtime posted a response.
    Response(Box<Response>),
    /// The runtime posted an error of this invocation.
    Error(ErrorReport),
    /// The runtime could not initialise: every invocation gets this error.
    InitError(ErrorReport),
    /// A hook failed after the snapshot was restored: every invocation gets this error.
    RestoreError(ErrorReport),
    /// The runtime gave no answer, or none that the platform accepts.
    Platform(PlatformError),
}

impl Outcome {
    /// The response, if there is one.
    pub fn response(self) -> Option<Response> {
        match self {
            Outcome::Response(response) => Some(*response),
            _ => None,
        }
    }

    /// The report of an invocation, init or restore error, if it is one.
    pub fn error(self) -> Option<ErrorReport> {
        match self {
            Outcome::Error(report) | Outcome::InitError(report) | Outcome::RestoreError(report) => Some(report),
            _ => None,
        }
    }
}

/// A response as the runtime posted it.
#[derive(Clone, Debug, Default)]
pub struct Response {
    /// The body. Of a streamed response: the part that was not taken with [`Pending::next_chunk`].
    pub body: Vec<u8>,
    /// Whether it was posted with `Lambda-Runtime-Function-Response-Mode: streaming`.
    pub streaming: bool,
    /// The header fields of the POST.
    pub(super) headers: HeaderMap,
    /// The trailer fields after a chunked body.
    pub(super) trailers: HeaderMap,
    /// The error in mid-stream that the trailers told, the document decoded from base64; or the platform's, where the
    /// stream broke off or was over the limit.
    pub error: Option<StreamError>,
}

impl Response {
    /// A header field of the POST, by its name in any case.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.get(name).map(|value| value.as_bytes())
    }

    /// A trailer field, by its name in any case.
    pub fn trailer(&self, name: &str) -> Option<&[u8]> {
        self.trailers.get(name).map(|value| value.as_bytes())
    }

    /// `Content-Type`, where it is text.
    pub fn content_type(&self) -> Option<&str> {
        self.headers.get("content-type")?.to_str().ok()
    }
}

/// Why a streamed response is not complete.
#[derive(Clone, Debug)]
pub enum StreamError {
    /// The function reported it in the trailers.
    Reported(ErrorReport),
    /// The platform found it.
    Platform(PlatformError),
}

/// An invocation that is on its way. Dropping it gives up the outcome, not the invocation.
#[derive(Debug)]
pub struct Pending {
    mailbox: Arc<Mailbox>,
    request_id: String,
    /// Chunks that a wait with a limit has taken out and the final body begins with.
    taken: Vec<u8>,
}

impl Pending {
    pub(super) fn new(mailbox: Arc<Mailbox>, request_id: String) -> Pending {
        Pending { mailbox, request_id, taken: Vec::new() }
    }

    /// The request id of the invocation.
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// Waits for the outcome. It comes at the latest with the invocation's timeout, counted from its turn.
    pub fn wait(mut self) -> Outcome {
        loop {
            match self.wait_timeout(Duration::MAX) {
                Ok(outcome) => return outcome,
                Err(pending) => self = pending,
            }
        }
    }

    /// Waits for the outcome, but no longer than this. `Err`: it is still on its way.
    pub fn wait_timeout(mut self, limit: Duration) -> Result<Outcome, Pending> {
        let deadline = Instant::now().checked_add(limit);
        loop {
            match self.mailbox.next(deadline) {
                Next::Chunk(chunk) => self.taken.extend_from_slice(&chunk),
                Next::Nothing => return Err(self),
                Next::End => break,
            }
        }
        let mut outcome = self.mailbox.take_outcome();
        if let Outcome::Response(response) = &mut outcome
            && !self.taken.is_empty()
        {
            response.body = std::mem::take(&mut self.taken);
        }
        Ok(outcome)
    }

    /// A header field of the POST that streams the response, by its name in any case: there from its first chunk on, or from its
    /// end where it has none.
    pub fn stream_header(&self, name: &str) -> Option<Vec<u8>> {
        lock(&self.mailbox.content).stream_headers.get(name).map(|value| value.as_bytes().to_vec())
    }

    /// The next chunk of a streamed response, as soon as it arrives. `None`: no further chunk will come, the outcome is there.
    pub fn next_chunk(&mut self) -> Option<Vec<u8>> {
        match self.mailbox.next(None) {
            Next::Chunk(chunk) => Some(chunk.to_vec()),
            Next::Nothing | Next::End => None,
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.mailbox.abandon();
    }
}

/// What a mailbox gives out.
enum Next {
    Chunk(Bytes),
    /// Not before the deadline.
    Nothing,
    /// No further chunk will come, the outcome is there.
    End,
}

/// What lies between the server's thread and the one that waits.
#[derive(Debug, Default)]
pub(super) struct Mailbox {
    content: Mutex<Content>,
    arrived: Condvar,
    room: Notify,
}

#[derive(Debug, Default)]
struct Content {
    chunks: VecDeque<Bytes>,
    chunk_bytes: usize,
    stream_headers: HeaderMap,
    finished: bool,
    outcome: Option<Outcome>,
    abandoned: bool,
}

impl Mailbox {
    /// A stream begins, with these header fields.
    pub(super) fn begin_stream(&self, headers: HeaderMap) {
        lock(&self.content).stream_headers = headers;
    }

    /// Puts a chunk in; returns once there is room for more.
    pub(super) async fn push(&self, chunk: Bytes) {
        {
            let mut content = lock(&self.content);
            if content.abandoned || content.finished {
                return;
            }
            content.chunk_bytes += chunk.len();
            content.chunks.push_back(chunk);
        }
        self.arrived.notify_all();
        loop {
            let room = self.room.notified();
            {
                let content = lock(&self.content);
                if content.chunk_bytes < STREAM_BYTES_MAX || content.abandoned || content.finished {
                    return;
                }
            }
            room.await;
        }
    }

    /// Puts the outcome in. Only the first one counts.
    pub(super) fn finish(&self, outcome: Outcome) {
        {
            let mut content = lock(&self.content);
            if content.finished {
                return;
            }
            content.finished = true;
            content.outcome = Some(outcome);
        }
        self.room.notify_one();
        self.arrived.notify_all();
    }

    fn next(&self, deadline: Option<Instant>) -> Next {
        let mut content = lock(&self.content);
        loop {
            if let Some(chunk) = content.chunks.pop_front() {
                content.chunk_bytes -= chunk.len();
                self.room.notify_one();
                return Next::Chunk(chunk);
            }
            if content.finished {
                return Next::End;
            }
            content = match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
                None => self.arrived.wait(content).unwrap_or_else(PoisonError::into_inner),
                Some(Duration::ZERO) => return Next::Nothing,
                Some(left) => self.arrived.wait_timeout(content, left).unwrap_or_else(PoisonError::into_inner).0,
            };
        }
    }

    fn take_outcome(&self) -> Outcome {
        lock(&self.content).outcome.take().expect("it was finished, and the one that waits takes the outcome by giving itself up")
    }

    fn abandon(&self) {
        let mut content = lock(&self.content);
        content.abandoned = true;
        content.chunks.clear();
        content.chunk_bytes = 0;
        self.room.notify_one();
    }
}
