//! The log: lines on stdout and stderr, each with one `write(2)`, in the platform's two formats.
//!
//! Text: a line of the function goes out as it is; an entry of the runtime is `[LEVEL] request-id message`, and what would break its line
//! becomes a carriage return, so that it stays one log event. JSON (`AWS_LAMBDA_LOG_FORMAT`): every line is one object with `timestamp`,
//! `level`, `message`, `requestId`, `tenantId`, and for errors `errorType`, `errorMessage`, `stackTrace`.
//! Source: docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html.

use crate::buffer::{Buffer, Overflow};
use crate::bytes;
use crate::calendar::{self, DAY, HOUR, YEAR};
use crate::env::Env;
use crate::interpreter::{Failure, Invocation, Level, Stream};
use crate::json::{self, StringRules};
use crate::limits;
use crate::sys;

const LEVELS: [(&[u8], Level); 6] = [
    (b"TRACE", Level::Trace),
    (b"DEBUG", Level::Debug),
    (b"INFO", Level::Info),
    (b"WARN", Level::Warn),
    (b"ERROR", Level::Error),
    (b"FATAL", Level::Fatal),
];

fn level_name(level: Level) -> &'static [u8] {
    LEVELS[level as usize].0
}

fn parse_level(name: &[u8]) -> Option<Level> {
    LEVELS.iter().find(|(known, _)| bytes::is_same(known, name)).map(|(_, level)| *level)
}

/// How a document in CloudWatch's embedded metric format begins, as `coldmoon.metrics` and others write it. The format is
/// docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html.
const METRICS_DOCUMENT: &[u8] = b"{\"_aws\":";

/// The log of the process.
pub struct Log {
    is_json: bool,
    /// Entries below it are dropped. Lines that have no level are INFO, and dropped in JSON format only: in text they are just text.
    level_min: Level,
    /// The entry being put together.
    entry: Buffer,
    /// Held while an entry is written, where several processes write to the same pipe.
    lock: Option<sys::Lock>,
}

impl Log {
    /// The log that the environment asks for.
    pub fn new(env: &Env) -> Log {
        let is_json = env.log_format.is_some_and(|format| bytes::is_same(format, b"JSON"));
        // The platform's default in JSON format is INFO; in text format it filters nothing.
        let level_default = if is_json { Level::Info } else { Level::Trace };
        Log {
            is_json,
            level_min: env.log_level.and_then(parse_level).unwrap_or(level_default),
            // A byte of the message may become six in JSON, the fields are JSON; the rest is for the other members.
            entry: Buffer::new(7 * limits::LOG_LINE_BYTES_MAX + 64 * 1024),
            lock: None,
        }
    }

    /// From now on other processes, forked from this one, write too: a pipe keeps only writes of up to 4 KiB together (pipe(7)).
    pub fn share(&mut self) {
        // Without a lock short lines are whole all the same.
        self.lock = sys::Lock::new().ok();
    }

    /// A line that the function wrote, without its end; one that is longer than `limits::LOG_LINE_BYTES_MAX` goes out in pieces. A metrics
    /// document stays as it is in both formats: CloudWatch finds it only at the top of a log event.
    pub fn write_line(&mut self, stream: Stream, invocation: Option<&Invocation<'_>>, mut line: &[u8]) {
        let is_json = self.is_json && !line.starts_with(METRICS_DOCUMENT);
        loop {
            let (piece, rest) = bytes::split_text(line, limits::LOG_LINE_BYTES_MAX);
            if is_json {
                self.write_json(stream, Level::Info, invocation, piece, b"", None);
            } else {
                self.write(stream, |entry| entry.push(piece));
            }
            if rest.is_empty() {
                return;
            }
            line = rest;
        }
    }

    /// An entry of the runtime itself; `message` is given in parts.
    pub fn write_message(&mut self, level: Level, invocation: Option<&Invocation<'_>>, message: &[&[u8]]) {
        let mut text = Buffer::new(limits::LOG_LINE_BYTES_MAX);
        for part in message {
            // A part that does not fit is lost; these messages are short.
            let _ = text.push(part);
        }
        if self.is_json {
            self.write_json(Stream::Error, level, invocation, text.bytes(), b"", None);
        } else {
            self.write(Stream::Error, |entry| {
                push_prefix(entry, level, invocation)?;
                push_folded(entry, text.bytes())
            });
        }
    }

    /// An entry of the function; `fields` are the members of a JSON object without its braces. A message that is longer than
    /// `limits::LOG_LINE_BYTES_MAX` makes several entries; fields that are longer than it cannot be cut, and are left out.
    pub fn write_entry(&mut self, level: Level, invocation: Option<&Invocation<'_>>, mut message: &[u8], fields: &[u8]) {
        if level < self.level_min {
            return;
        }
        let fields = if fields.len() <= limits::LOG_LINE_BYTES_MAX { fields } else { b"\"fields\":\"too long for the log\"" };
        loop {
            let (piece, rest) = bytes::split_text(message, limits::LOG_LINE_BYTES_MAX);
            self.write_piece(level, invocation, piece, if rest.is_empty() { fields } else { b"" });
            if rest.is_empty() {
                return;
            }
            message = rest;
        }
    }

    fn write_piece(&mut self, level: Level, invocation: Option<&Invocation<'_>>, message: &[u8], fields: &[u8]) {
        if self.is_json {
            self.write_json(Stream::Out, level, invocation, message, fields, None);
        } else {
            self.write(Stream::Out, |entry| {
                push_prefix(entry, level, invocation)?;
                push_folded(entry, message)?;
                if fields.is_empty() {
                    return Ok(());
                }
                entry.push(b" {")?;
                entry.push(fields)?;
                entry.push(b"}")
            });
        }
    }

    /// An error of the function, with its stack.
    pub fn write_failure(&mut self, invocation: Option<&Invocation<'_>>, failure: &Failure<'_>) {
        let level = if failure.is_fatal { Level::Fatal } else { Level::Error };
        if self.is_json {
            self.write_json(Stream::Error, level, invocation, failure.message, b"", Some(failure));
        } else {
            self.write(Stream::Error, |entry| {
                push_prefix(entry, level, invocation)?;
                push_folded(entry, failure.error_type)?;
                entry.push(b": ")?;
                push_folded(entry, failure.message)?;
                for frame in Frames::of(failure.stack) {
                    entry.push(b"\r\t")?;
                    push_folded(entry, frame)?;
                }
                Ok(())
            });
        }
    }

    /// One JSON object. Members that do not apply are left out.
    fn write_json(
        &mut self,
        stream: Stream,
        level: Level,
        invocation: Option<&Invocation<'_>>,
        message: &[u8],
        fields: &[u8],
        failure: Option<&Failure<'_>>,
    ) {
        if level < self.level_min {
            return;
        }
        self.write(stream, |entry| {
            entry.push(b"{\"timestamp\":\"")?;
            push_timestamp(entry, sys::now())?;
            entry.push(b"\",\"level\":\"")?;
            entry.push(level_name(level))?;
            entry.push(b"\",\"message\":")?;
            push_string(entry, message)?;
            if let Some(invocation) = invocation {
                entry.push(b",\"requestId\":")?;
                push_string(entry, invocation.request_id)?;
                if let Some(tenant_id) = invocation.tenant_id {
                    entry.push(b",\"tenantId\":")?;
                    push_string(entry, tenant_id)?;
                }
            }
            if !fields.is_empty() {
                entry.push(b",")?;
                entry.push(fields)?;
            }
            if let Some(failure) = failure {
                entry.push(b",")?;
                push_failure_members(entry, failure)?;
            }
            entry.push(b"}")
        });
    }

    /// Puts an entry together and writes it with its line end in one call. What exceeds the entry's bound is cut off.
    fn write(&mut self, stream: Stream, build: impl FnOnce(&mut Buffer) -> Result<(), Overflow>) {
        self.entry.clear();
        let _ = build(&mut self.entry);
        // The one byte is there: the bound exceeds everything that is built by far more.
        let _ = self.entry.push(b"\n");
        let write = || sys::write_all(stream as i32, self.entry.bytes());
        match self.lock {
            Some(lock) => lock.hold(write),
            None => write(),
        }
        self.entry.reset(limits::KEPT_BYTES);
    }
}

/// The members `errorMessage`, `errorType`, `stackTrace` of an error document, without braces.
/// Source: docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html, "Invocation error".
pub fn push_failure_members(out: &mut Buffer, failure: &Failure<'_>) -> Result<(), Overflow> {
    out.push(b"\"errorMessage\":")?;
    push_string(out, failure.message)?;
    out.push(b",\"errorType\":")?;
    push_string(out, failure.error_type)?;
    out.push(b",\"stackTrace\":[")?;
    for (index, frame) in Frames::of(failure.stack).enumerate() {
        if index > 0 {
            out.push(b",")?;
        }
        push_string(out, frame)?;
    }
    out.push(b"]")
}

/// The frames of a stack: its lines without the white space around them.
pub struct Frames<'a> {
    rest: &'a [u8],
}

impl<'a> Frames<'a> {
    /// Those of a failure's stack.
    pub fn of(stack: &'a [u8]) -> Frames<'a> {
        Frames { rest: stack }
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = &'a [u8];

    #[inline(never)] // It is called in many places.
    fn next(&mut self) -> Option<&'a [u8]> {
        // The line ends in front of the first frame that is left are white space, too.
        let text = self.rest.trim_ascii_start();
        let (frame, rest) = text.split_at(bytes::find(b'\n', text).unwrap_or(text.len()));
        self.rest = rest;
        (!text.is_empty()).then_some(frame.trim_ascii_end())
    }
}

/// A JSON string of whatever bytes a function made; what is not UTF-8 is replaced by U+FFFD.
fn push_string(out: &mut Buffer, bytes: &[u8]) -> Result<(), Overflow> {
    json::write_lossy_string(out, bytes, &StringRules::LOSSY)
}

/// `[LEVEL] request-id `
fn push_prefix(out: &mut Buffer, level: Level, invocation: Option<&Invocation<'_>>) -> Result<(), Overflow> {
    out.push(b"[")?;
    out.push(level_name(level))?;
    out.push(b"] ")?;
    if let Some(invocation) = invocation {
        out.push(invocation.request_id)?;
        out.push(b" ")?;
    }
    Ok(())
}

/// Text of several lines as one: the log would take each line end for the end of the event.
fn push_folded(out: &mut Buffer, text: &[u8]) -> Result<(), Overflow> {
    for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
        if index > 0 {
            out.push(b"\r")?;
        }
        out.push(line)?;
    }
    Ok(())
}

/// RFC 3339 with milliseconds, UTC: `2026-01-02T03:04:05.678Z`. Years from 1970 to 9999.
pub fn push_timestamp(out: &mut Buffer, (seconds, nanoseconds): (i64, u32)) -> Result<(), Overflow> {
    let (days, second) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
    let month = calendar::month_of(days);
    let mut text = *b"0000-00-00T00:00:00.000Z";
    for (end, digits, mut value) in [
        (4, 4, 1970 + month / YEAR),
        (7, 2, 1 + month % YEAR),
        (10, 2, 1 + days - calendar::first_day(month)),
        (13, 2, second / HOUR),
        (16, 2, second / 60 % 60),
        (19, 2, second % 60),
        (23, 3, i64::from(nanoseconds / 1_000_000)),
    ] {
        for at in (end - digits..end).rev() {
            text[at] = b'0' + (value % 10) as u8;
            value /= 10;
        }
    }
    out.push(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_rfc_3339() {
        for (time, text) in [
            ((0, 0), "1970-01-01T00:00:00.000Z"),
            ((951_782_400, 999_999_999), "2000-02-29T00:00:00.999Z"),
            ((1_767_323_045, 678_000_000), "2026-01-02T03:04:05.678Z"),
            ((1_798_761_599, 1_000_000), "2026-12-31T23:59:59.001Z"),
            ((4_107_542_400, 0), "2100-03-01T00:00:00.000Z"),
        ] {
            let mut out = Buffer::new(100);
            push_timestamp(&mut out, time).unwrap();
            assert_eq!(out.bytes(), text.as_bytes());
        }
    }

    #[test]
    fn an_error_document_is_json_whatever_the_bytes() {
        let failure = Failure {
            error_type: b"LuaError",
            message: b"a\"b\n\xff\x00c",
            stack: b"\tapp.lua:3: in function 'handler'\n\t[C]: in ?\n",
            is_fatal: false,
        };
        let mut out = Buffer::new(1000);
        push_failure_members(&mut out, &failure).unwrap();
        assert_eq!(
            core::str::from_utf8(out.bytes()).unwrap(),
            "\"errorMessage\":\"a\\\"b\\n\u{fffd}\\u0000c\",\"errorType\":\"LuaError\",\
             \"stackTrace\":[\"app.lua:3: in function 'handler'\",\"[C]: in ?\"]"
        );
    }
}
