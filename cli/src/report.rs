//! What a person reads of an invocation: the line that Lambda writes at its end, and an error as Lua developers read it.
//!
//! An error is its type and message, the lines of source that it came from, and the traceback:
//!
//! ```text
//! LuaError: app.lua:5: attempt to index field 'user' (a nil value)
//!
//!   app.lua
//!     3 |
//!     4 | local function name(event)
//!   > 5 |   return event.user.name
//!     6 | end
//!     7 |
//!
//! stack traceback:
//!         app.lua:5: in function 'name'
//!         app.lua:9: in function <app.lua:8>
//! ```
//!
//! Source is shown of the function's own files: what lies below its task root, but not in a LuaRocks tree there, and is text.
//! [`error_text`] gives all of it, [`untold`] the middle part alone where the log has shown the rest.

use std::collections::BTreeSet;
use std::fmt::{self, Write};
use std::path::Path;
use std::time::Duration;

use crate::runtime_api::ErrorReport;

/// Lines that are shown before a line and after it.
const NEIGHBOURS: usize = 2;

/// Places whose source is shown: where the error was raised, and who called.
const PLACES_MAX: usize = 3;

/// Longer lines of source are cut: they were made by a program.
const LINE_CHARS_MAX: usize = 160;

/// The parts of a task root that hold modules of others (`luarocks init`, `luarocks --tree .`).
const OF_OTHERS: [&str; 3] = ["lua_modules/", "share/lua/", "lib/lua/"];

/// Lambda's line at the end of an invocation. Fields are set apart by tabs, as there.
#[derive(Clone, Debug)]
pub struct Report {
    /// The request id.
    pub request_id: String,
    /// From the event's delivery to the answer's end.
    pub duration: Duration,
    /// The function's memory, in MB.
    pub memory_mb: u32,
    /// The most that the process has held so far, in bytes; `None` where it has ended and took the number with it.
    pub memory_peak_bytes: Option<u64>,
    /// From the start of the process to its first request for an event; only for the invocation that waited for it.
    pub init: Option<Duration>,
    /// What Lambda says of an invocation that was cut short.
    pub status: Status,
}

/// How the platform saw the invocation end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// There was an answer, be it an error of the function: Lambda says nothing.
    #[default]
    Answered,
    /// The timeout ran out.
    TimedOut,
    /// There was none, for this reason: `Runtime.ExitError`.
    Failed(String),
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The time of the start is billed as well, in whole milliseconds (Lambda's price list).
        let billed = (self.duration + self.init.unwrap_or_default()).as_nanos().div_ceil(1_000_000);
        write!(f, "REPORT RequestId: {}\tDuration: {:.2} ms\tBilled Duration: {billed} ms", self.request_id, ms(self.duration))?;
        write!(f, "\tMemory Size: {} MB", self.memory_mb)?;
        if let Some(bytes) = self.memory_peak_bytes {
            write!(f, "\tMax Memory Used: {} MB", bytes.div_ceil(1024 * 1024))?;
        }
        if let Some(init) = self.init {
            write!(f, "\tInit Duration: {:.2} ms", ms(init))?;
        }
        match &self.status {
            Status::Answered => Ok(()),
            Status::TimedOut => f.write_str("\tStatus: timeout"),
            Status::Failed(error_type) => write!(f, "\tStatus: error\tError Type: {error_type}"),
        }
    }
}

/// A time as it is shown, in milliseconds.
pub fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// A log with an entry of several lines, which the runtime joins by carriage returns, as several lines.
pub fn log_lines(log: &str) -> String {
    log.replace("\r\n", "\n").replace('\r', "\n")
}

/// All of an error that this log has not told already.
pub fn untold(error: &ErrorReport, task_root: &Path, log: &str) -> String {
    if log_lines(log).contains(&headline(error)) { excerpts(error, task_root) } else { error_text(error, task_root) }
}

/// The first line of an error: `LuaError: app.lua:5: …`.
fn headline(error: &ErrorReport) -> String {
    let message = error.error_message().unwrap_or_else(|| String::from_utf8_lossy(&error.body).into_owned());
    format!("{}: {message}", error.name())
}

/// All of an error, as text of several lines, each ended.
pub fn error_text(error: &ErrorReport, task_root: &Path) -> String {
    let mut text = format!("{}\n{}", headline(error), excerpts(error, task_root));
    let stack = error.stack_trace();
    if !stack.is_empty() {
        text.push_str("stack traceback:\n");
        for frame in stack {
            writeln!(text, "\t{}", frame.trim()).expect("a string takes all");
        }
    }
    text
}

/// The lines of source that an error came from, with their neighbours, between two empty lines; empty where there are none.
fn excerpts(error: &ErrorReport, task_root: &Path) -> String {
    source(&error.error_message().unwrap_or_default(), &error.stack_trace(), task_root)
}

fn source(message: &str, stack: &[String], task_root: &Path) -> String {
    let mut shown = BTreeSet::new();
    let mut text = String::new();
    // A syntax error names its place in the message's second line.
    for (file, line) in message.lines().chain(stack.iter().map(String::as_str)).filter_map(place) {
        if shown.len() < PLACES_MAX
            && !shown.contains(&(file, line))
            && let Some(excerpt) = excerpt(task_root, file, line)
        {
            shown.insert((file, line));
            write!(text, "\n  {file}\n{excerpt}").expect("a string takes all");
        }
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

/// The place that a message or a frame begins with: `app.lua:5: in function 'f'`.
fn place(text: &str) -> Option<(&str, usize)> {
    let mut rest = text.trim_start();
    let mut end = 0;
    let whole = rest;
    loop {
        let colon = rest.find(':')?;
        let digits = rest[colon + 1..].bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 && rest[colon + 1 + digits..].starts_with(':') {
            let line = rest[colon + 1..colon + 1 + digits].parse().ok()?;
            return Some((&whole[..end + colon], line)).filter(|(file, _)| !file.is_empty() && !file.contains('\n'));
        }
        end += colon + 1;
        rest = &rest[colon + 1..];
    }
}

/// A line of a file of the function, with its neighbours.
fn excerpt(task_root: &Path, file: &str, line: usize) -> Option<String> {
    let is_others = OF_OTHERS.iter().any(|folder| file.trim_start_matches("./").starts_with(folder));
    let is_outside = file.starts_with('/') || file.split('/').any(|part| part == "..");
    if is_others || is_outside || line == 0 {
        return None;
    }
    // Neither bytecode nor what is no text: that is not UTF-8, or holds control bytes.
    let source = std::fs::read_to_string(task_root.join(file)).ok()?;
    if source.contains(|character: char| character.is_control() && !character.is_whitespace()) {
        return None;
    }
    let lines: Vec<&str> = source.lines().collect();
    lines.get(line - 1)?;
    let (first, last) = (line.saturating_sub(NEIGHBOURS).max(1), (line + NEIGHBOURS).min(lines.len()));
    let width = last.to_string().len();
    let mut text = String::new();
    for number in first..=last {
        let mark = if number == line { '>' } else { ' ' };
        let content: String = lines[number - 1].replace('\t', "    ").chars().take(LINE_CHARS_MAX).collect();
        let row = format!("  {mark} {number:width$} | {content}");
        writeln!(text, "{}", row.trim_end()).expect("a string takes all");
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_is_lambdas_line() {
        let mut report = Report {
            request_id: "id".into(),
            duration: Duration::from_micros(1_234),
            memory_mb: 128,
            memory_peak_bytes: Some(1_500_000),
            init: Some(Duration::from_micros(900)),
            status: Status::Answered,
        };
        let line = "REPORT RequestId: id\tDuration: 1.23 ms\tBilled Duration: 3 ms\tMemory Size: 128 MB\tMax Memory Used: 2 MB";
        assert_eq!(report.to_string(), format!("{line}\tInit Duration: 0.90 ms"));
        (report.init, report.memory_peak_bytes, report.status) = (None, None, Status::TimedOut);
        let line = "REPORT RequestId: id\tDuration: 1.23 ms\tBilled Duration: 2 ms\tMemory Size: 128 MB";
        assert_eq!(report.to_string(), format!("{line}\tStatus: timeout"));
        report.status = Status::Failed("Runtime.ExitError".into());
        assert_eq!(report.to_string(), format!("{line}\tStatus: error\tError Type: Runtime.ExitError"));
    }

    #[test]
    fn source_is_that_of_the_functions_own_files() {
        let root = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &[u8]| {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        };
        write("app.lua", b"local M = {}\n\nfunction M.handler(event)\n\treturn event.user.name\nend\n\nreturn M\n");
        write("compiled.lua", b"\x1bLJ\x02\n");
        write("lua_modules/share/lua/5.1/rock.lua", b"error 'x'\n");
        let frames = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
        let app = "\n  app.lua\n    2 |\n    3 | function M.handler(event)\n  > 4 |     return event.user.name\n    5 | end\n    6 |\n";
        for (message, stack, expected) in [
            ("app.lua:4: attempt to index", &["app.lua:4: in function 'handler'", "[C]: in function 'f'"][..], format!("{app}\n")),
            ("no", &["rock.lua:1: x", "lua_modules/share/lua/5.1/rock.lua:1: x", "app.lua:4: in main chunk"], format!("{app}\n")),
            ("error loading module 'app' from file '/x/app.lua':\n\tapp.lua:4: near 'end'", &[], format!("{app}\n")),
            ("compiled.lua:1: x", &["../app.lua:4: x", "/etc/passwd:1: x", "app.lua:99: x", "app.lua:0: x", "[C]: x"], String::new()),
            ("app.lua:1: x", &[], "\n  app.lua\n  > 1 | local M = {}\n    2 |\n    3 | function M.handler(event)\n\n".into()),
        ] {
            assert_eq!(source(message, &frames(stack), root.path()), expected, "{message}");
        }
    }

    #[test]
    fn places_are_found() {
        for (text, found) in [
            ("app.lua:5: in function 'f'", Some(("app.lua", 5))),
            ("\tlib/a b.lua:12: in main chunk", Some(("lib/a b.lua", 12))),
            ("odd:name.lua:7: x", Some(("odd:name.lua", 7))),
            ("[C]: in function 'error'", None),
            ("no such item", None),
            ("at 10:30 it failed", None),
            (":5: x", None),
        ] {
            assert_eq!(place(text), found, "{text}");
        }
    }
}
