//! The last invocations, for the page.
//!
//! At most [`ENTRIES_MAX`], and of their events, responses and logs at most [`BYTES_MAX`] in all: the oldest go first. An event is
//! kept whole, so that it can be sent again; of a response the beginning, of a log the end.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tokio::sync::watch;

use super::environment::Finished;
use crate::lock;
use crate::report::ms;

/// How many invocations are kept.
pub const ENTRIES_MAX: usize = 100;

/// How many bytes of them: five of the largest events.
pub const BYTES_MAX: usize = 32 * 1024 * 1024;

/// How many bytes of one response or log.
pub const PART_BYTES_MAX: usize = 256 * 1024;

/// The number of an invocation, counted from 1.
pub type EntryId = u64;

/// The list.
#[derive(Debug)]
pub struct History {
    entries: Mutex<VecDeque<Entry>>,
    /// How many changes there have been.
    version: watch::Sender<u64>,
}

#[derive(Debug)]
struct Entry {
    id: EntryId,
    request_id: String,
    origin: String,
    time_ms: u64,
    event: Vec<u8>,
    phase: &'static str,
    response: Vec<u8>,
    response_bytes: usize,
    content_type: Option<String>,
    log: String,
    log_bytes: usize,
    error_type: Option<String>,
    error_text: Option<String>,
    note: Option<String>,
    http_status: Option<u16>,
    duration_ms: Option<f64>,
    init_ms: Option<f64>,
    memory_bytes: Option<u64>,
    report: Option<String>,
}

impl Default for History {
    fn default() -> History {
        History { entries: Mutex::default(), version: watch::Sender::new(0) }
    }
}

impl History {
    /// Adds an invocation that waits for its turn. `origin` says where it comes from: `GET /users`.
    pub fn add(&self, origin: &str, request_id: &str, event: &[u8]) -> EntryId {
        let mut entries = lock(&self.entries);
        let id = entries.back().map_or(0, |last| last.id) + 1;
        entries.push_back(Entry {
            id,
            request_id: request_id.to_owned(),
            origin: origin.to_owned(),
            time_ms: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64),
            event: event.to_vec(),
            phase: "waiting",
            response: Vec::new(),
            response_bytes: 0,
            content_type: None,
            log: String::new(),
            log_bytes: 0,
            error_type: None,
            error_text: None,
            note: None,
            http_status: None,
            duration_ms: None,
            init_ms: None,
            memory_bytes: None,
            report: None,
        });
        bound(&mut entries);
        drop(entries);
        self.changed();
        id
    }

    /// Its turn has come.
    pub fn begin(&self, id: EntryId) {
        self.change(id, |entry| entry.phase = "running");
    }

    /// A part of its streamed response.
    pub fn add_response(&self, id: EntryId, bytes: &[u8]) {
        self.change(id, |entry| entry.add_response(bytes));
    }

    /// It is over.
    pub fn finish(&self, id: EntryId, finished: &Finished) {
        self.change(id, |entry| {
            entry.phase = "done";
            match &finished.result {
                Ok(answer) => {
                    entry.add_response(&answer.body);
                    entry.content_type.clone_from(&answer.content_type);
                }
                Err(failure) => {
                    entry.add_response(&failure.document);
                    entry.content_type = Some("application/json".into());
                }
            }
            if let Some(failure) = finished.failure() {
                entry.error_type = Some(failure.error_type.clone());
                entry.error_text = Some(failure.text.clone());
            }
            entry.log_bytes = finished.log.len();
            entry.log = end_of(&finished.log, PART_BYTES_MAX).to_owned();
            entry.duration_ms = Some(ms(finished.report.duration));
            entry.init_ms = finished.report.init.map(ms);
            entry.memory_bytes = finished.report.memory_peak_bytes;
            entry.report = Some(finished.report.to_string());
        });
    }

    /// What the HTTP client was told, and where that is not what the function meant, why.
    pub fn answered(&self, id: EntryId, http_status: u16, note: Option<&str>) {
        self.change(id, |entry| {
            entry.http_status = Some(http_status);
            entry.note = note.map(str::to_owned);
        });
    }

    /// It was refused, or the tool ends before its turn.
    pub fn abandon(&self, id: EntryId, why: &str) {
        self.change(id, |entry| {
            if entry.phase != "done" {
                entry.phase = "done";
                entry.error_type = Some("coldmoon".into());
                entry.error_text = Some(why.to_owned());
            }
        });
    }

    /// Tells of changes.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    /// One line of each invocation, the newest first.
    pub fn list(&self) -> Value {
        lock(&self.entries).iter().rev().map(Entry::summary).collect()
    }

    /// All of one.
    pub fn detail(&self, id: EntryId) -> Option<Value> {
        lock(&self.entries).iter().find(|entry| entry.id == id).map(Entry::detail)
    }

    /// Its event.
    pub fn event(&self, id: EntryId) -> Option<Vec<u8>> {
        lock(&self.entries).iter().find(|entry| entry.id == id).map(|entry| entry.event.clone())
    }

    fn change(&self, id: EntryId, change: impl FnOnce(&mut Entry)) {
        let mut entries = lock(&self.entries);
        // It may have been forgotten.
        if let Some(entry) = entries.iter_mut().find(|entry| entry.id == id) {
            change(entry);
        }
        bound(&mut entries);
        drop(entries);
        self.changed();
    }

    fn changed(&self) {
        self.version.send_modify(|version| *version += 1);
    }
}

/// The last bytes of a text, as many whole characters as fit.
pub fn end_of(text: &str, bytes_max: usize) -> &str {
    let mut start = text.len().saturating_sub(bytes_max);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    &text[start..]
}

/// Forgets the oldest, but never the newest.
fn bound(entries: &mut VecDeque<Entry>) {
    let bytes = |entries: &VecDeque<Entry>| entries.iter().map(Entry::bytes).sum::<usize>();
    while entries.len() > ENTRIES_MAX || entries.len() > 1 && bytes(entries) > BYTES_MAX {
        entries.pop_front();
    }
}

impl Entry {
    fn bytes(&self) -> usize {
        self.event.len() + self.response.len() + self.log.len()
    }

    fn add_response(&mut self, bytes: &[u8]) {
        self.response_bytes += bytes.len();
        let room = PART_BYTES_MAX - self.response.len();
        self.response.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn summary(&self) -> Value {
        json!({
            "id": self.id,
            "origin": self.origin,
            "timeMs": self.time_ms,
            "phase": self.phase,
            "errorType": self.error_type.as_deref().or(self.note.as_ref().map(|_| "malformed response")),
            "httpStatus": self.http_status,
            "durationMs": self.duration_ms,
            "initMs": self.init_ms,
        })
    }

    fn detail(&self) -> Value {
        let mut detail = self.summary();
        let more = json!({
            "requestId": self.request_id,
            "event": String::from_utf8_lossy(&self.event),
            "response": String::from_utf8_lossy(&self.response),
            "responseBytes": self.response_bytes,
            "responseIsCut": self.response_bytes > self.response.len(),
            "responseIsText": !String::from_utf8_lossy(&self.response).contains(['\0', char::REPLACEMENT_CHARACTER]),
            "contentType": self.content_type,
            "log": self.log,
            "logIsCut": self.log_bytes > self.log.len(),
            "errorText": self.error_text,
            "note": self.note,
            "memoryBytes": self.memory_bytes,
            "report": self.report,
        });
        let (Value::Object(members), Value::Object(more)) = (&mut detail, more) else { unreachable!("both were made as objects") };
        members.extend(more);
        detail
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_are_forgotten_by_number_and_by_size() {
        let history = History::default();
        for number in 1..=ENTRIES_MAX as u64 + 2 {
            assert_eq!(history.add("test", "id", b"{}"), number);
        }
        assert_eq!(history.list().as_array().unwrap().len(), ENTRIES_MAX);
        assert!(history.event(2).is_none() && history.event(3).is_some());
        let large = vec![b' '; BYTES_MAX / 2];
        let (first, second, third) = (history.add("a", "id", &large), history.add("b", "id", &large), history.add("c", "id", &large));
        assert!(history.event(first).is_none() && history.event(second).is_some() && history.event(third).is_some());
        assert_eq!(history.list().as_array().unwrap().len(), 2);
    }

    #[test]
    fn of_a_long_response_the_beginning_is_kept() {
        let history = History::default();
        let id = history.add("test", "id", b"{}");
        history.add_response(id, &vec![b'a'; PART_BYTES_MAX - 1]);
        history.add_response(id, b"bc");
        let detail = history.detail(id).unwrap();
        assert!(detail["response"].as_str().unwrap().ends_with("ab"));
        assert_eq!((&detail["responseIsCut"], &detail["responseBytes"]), (&json!(true), &json!(PART_BYTES_MAX + 1)));
    }
}
