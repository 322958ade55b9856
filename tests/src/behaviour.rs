//! Behaviours: a Lua file whose head comment says in a sentence what it shows, and then what is to happen.
//!
//! ```lua
//! -- A table that is raised gives the error its type and message.
//! --
//! -- event: {"name":"Ada"}
//! -- error: NotFound: no such name
//! -- stack: app.lua:9: in function 'handler'
//! -- event: 1
//! -- response: 1
//! ```
//!
//! | directive | meaning |
//! | --- | --- |
//! | `event: TEXT` | the next event, these bytes; what follows up to the next event belongs to it |
//! | `response: TEXT` | its outcome: exactly these bytes are posted to `response` |
//! | `content-type: TEXT` | with this content type (`application/json` where none is given) |
//! | `error: TYPE: MESSAGE` | its outcome: an error document with this type and message, posted to `error`, and one log entry of it |
//! | `category: TEXT` | with this `Lambda-Runtime-Function-Error-Type` |
//! | `stack: FRAME` | one line of its `stackTrace`; all lines in order, `…` alone for any number of them |
//! | `header: NAME: VALUE` | before an event: a field of its `next` reply; `header: NAME:` leaves the field out |
//! | `stdout: LINE`, `stderr: LINE` | a line of output; all lines in order, none may be missing. Log entries of errors are not listed |
//! | `init-error: TYPE: MESSAGE` | instead of events: what is posted to `init/error`; the process exits with 1 |
//! | `exit: N` | the process ends with this code after the last event; without it, it has to be alive |
//! | `env: NAME=VALUE`, `env: NAME` | a variable of the function, or none of that name |
//! | `build: static`, `build: dynamic` | only in that build: without a dynamic linker, or with one |
//! | `handler: TEXT` | the same for `_HANDLER`; `app.handler` where none is given |
//!
//! In every value `…` stands for anything (not in `response`), `{{TEXT*N}}` for N times TEXT, `\xHH` for a byte, `$ROOT` for the task root, `$ID` for
//! the request id. A line `---- file: NAME` in the file begins another file of the function, `---- bytecode: NAME` one that is compiled
//! first. What stands above the first is `app.lua`. For JavaScript (`*.mjs`) it is `app.mjs`, and comments begin with `//`.
//!
//! Always checked: one terminal POST for each event and no other, one connection and one more after each stream, no refused request, JSON in every error document, its four
//! header fields, nothing in the log that is not expected.

use std::fmt::Write;
use std::path::Path;

use coldmoon_cli::runtime_api::{ErrorReport, FunctionMetadata, Invocation, Options, Outcome, RuntimeApi};

use crate::elf::bootstrap_is_dynamic;
use crate::process::{Process, Setup, compile};
use crate::{PATIENCE, matches, wait_until};

/// One event and what follows from it.
#[derive(Default)]
struct Exchange {
    event: Vec<u8>,
    headers: Vec<(String, String)>,
    response: Option<Vec<u8>>,
    content_type: Option<String>,
    error: Option<String>,
    category: Option<String>,
    stack: Vec<String>,
}

/// A parsed file.
#[derive(Default)]
pub struct Behaviour {
    name: String,
    /// The sentence at its top.
    pub sentence: String,
    files: Vec<(String, bool, String)>,
    env: Vec<(String, Option<String>)>,
    exchanges: Vec<Exchange>,
    init_error: Option<Exchange>,
    stdout: Vec<String>,
    stderr: Vec<String>,
    exit: Option<i32>,
    /// Whether it is for the build with a dynamic linker, or for the one without.
    is_dynamic: Option<bool>,
}

/// The directives' names: what a misspelt one is found by.
const DIRECTIVES: [&str; 15] = [
    "build",
    "event",
    "response",
    "content-type",
    "error",
    "category",
    "stack",
    "header",
    "stdout",
    "stderr",
    "init-error",
    "exit",
    "env",
    "handler",
    "memory",
];

impl Behaviour {
    /// Parses a file. Fails with a sentence where it is not in the form above.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn parse(name: &str, text: &str) -> Result<Behaviour, String> {
        Behaviour::parse_as(name, text, "app.lua", "--")
    }

    /// The same in another language: the file of its handler, and what begins a comment.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn parse_as(name: &str, text: &str, file: &str, comment: &str) -> Result<Behaviour, String> {
        let mut behaviour = Behaviour { name: name.into(), ..Behaviour::default() };
        let mut file = (file.to_owned(), false, String::new());
        for line in text.lines() {
            let section = line.strip_prefix("---- ").and_then(|rest| rest.split_once(": "));
            if let Some((kind @ ("file" | "bytecode"), name)) = section {
                let next = (name.to_owned(), kind == "bytecode", String::new());
                behaviour.files.push(std::mem::replace(&mut file, next));
            } else {
                file.2.push_str(line);
                file.2.push('\n');
            }
        }
        behaviour.files.push(file);

        let lines = text.lines().take_while(|line| !line.starts_with("---- "));
        let head: Vec<&str> =
            lines.map_while(|line| line.strip_prefix(comment)).map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
        let mut headers = Vec::new();
        let mut in_directives = false;
        for line in head {
            let directive = line.split_once(':').filter(|(name, _)| DIRECTIVES.contains(name));
            let Some((directive, value)) = directive else {
                if in_directives && !line.is_empty() {
                    return Err(format!("{name}: no directive: {line}"));
                }
                if !line.is_empty() {
                    behaviour.sentence.push_str(line);
                    behaviour.sentence.push(' ');
                }
                continue;
            };
            in_directives = true;
            let value = value.strip_prefix(' ').unwrap_or(value);
            let text = || text_of(&expand(value));
            match directive {
                "event" => {
                    let exchange = Exchange { event: expand(value), headers: std::mem::take(&mut headers), ..Exchange::default() };
                    behaviour.exchanges.push(exchange);
                }
                "header" => {
                    let (name, value) = value.split_once(':').ok_or_else(|| format!("{name}: header: {value}"))?;
                    headers.push((name.to_owned(), text_of(&expand(value.trim()))));
                }
                "stdout" => behaviour.stdout.push(text()),
                "stderr" => behaviour.stderr.push(text()),
                "build" => {
                    let is_dynamic = ["static", "dynamic"].iter().position(|build| *build == value);
                    behaviour.is_dynamic = Some(is_dynamic.ok_or_else(|| format!("{name}: build: {value}"))? == 1);
                }
                "exit" => behaviour.exit = Some(value.parse().map_err(|_| format!("{name}: exit: {value}"))?),
                "env" => behaviour.env.push(match value.split_once('=') {
                    Some((name, value)) => (name.into(), Some(text_of(&expand(value)))),
                    None => (value.into(), None),
                }),
                "handler" => behaviour.env.push(("_HANDLER".into(), Some(value.into()))),
                "memory" => behaviour.env.push(("AWS_LAMBDA_FUNCTION_MEMORY_SIZE".into(), Some(value.into()))),
                "init-error" => {
                    behaviour.init_error = Some(Exchange { error: Some(text()), ..Exchange::default() });
                    behaviour.exit.get_or_insert(1);
                }
                _ => {
                    let exchange = behaviour.init_error.as_mut().or(behaviour.exchanges.last_mut());
                    let exchange = exchange.ok_or_else(|| format!("{name}: {directive} before an event"))?;
                    match directive {
                        "response" => exchange.response = Some(expand(value)),
                        "content-type" => exchange.content_type = Some(value.into()),
                        "error" => exchange.error = Some(text()),
                        "category" => exchange.category = Some(value.into()),
                        _ => exchange.stack.push(text()),
                    }
                }
            }
        }
        if behaviour.sentence.is_empty() || !behaviour.sentence.trim_end().ends_with('.') {
            return Err(format!("{name}: the head does not begin with a sentence"));
        }
        if let Some(exchange) = behaviour.exchanges.iter().find(|exchange| exchange.response.is_some() == exchange.error.is_some()) {
            return Err(format!("{name}: the event {} needs either a response or an error", text_of(&exchange.event)));
        }
        if behaviour.exchanges.is_empty() == behaviour.init_error.is_none() {
            return Err(format!("{name}: it needs either events or an init-error"));
        }
        Ok(behaviour)
    }

    /// Runs it. Fails with a text that says what was expected and everything that was seen.
    ///
    /// # Errors
    /// The differences.
    pub fn run(&self) -> Result<(), String> {
        if self.is_dynamic.is_some_and(|is_dynamic| is_dynamic != bootstrap_is_dynamic()) {
            return Ok(());
        }
        let mut setup = Setup::without_files();
        for (name, is_bytecode, text) in &self.files {
            if *is_bytecode { setup.write(name, compile(text, name)) } else { setup.write(name, text) }
        }
        let root = setup.folder().to_str().expect("a temporary folder has a plain name").to_owned();
        for (name, value) in &self.env {
            match value {
                Some(value) => setup.env.insert(name.clone(), value.replace("$ROOT", &root)),
                None => setup.env.remove(name),
            };
        }
        let api = RuntimeApi::start(Options::default()).map_err(|error| error.to_string())?;
        let run = api.start_runtime(FunctionMetadata::default());
        let mut process = setup.start(api.address());
        let mut run = Some(run);
        let mut check = Check { behaviour: self, root, differences: String::new(), entries: Vec::new(), streams: 0 };
        check.exchanges(&api, &mut process, &mut run);
        if let Some(code) = self.exit {
            let end = process.wait();
            check.same("exit code", &code.to_string(), &end.code.to_string());
        } else {
            process.kill();
        }
        check.output("stdout", &self.stdout, &process.stdout());
        check.output("stderr", &self.stderr, &process.stderr());
        let counts = api.counts();
        check.same("POSTs", &self.exchanges.len().max(1).to_string(), &counts.posts.to_string());
        // A stream ends with its connection.
        check.same("connections", &(1 + check.streams).to_string(), &counts.connections.to_string());
        check.same("refused requests", "0", &counts.refused.to_string());
        if check.differences.is_empty() {
            return Ok(());
        }
        Err(format!("{}: {}\n{}{}\n", self.name, self.sentence, check.differences, process.report()))
    }
}

/// Parses and runs one file; the difference, if there is one.
///
/// # Errors
/// As for [`Behaviour::parse`] and [`Behaviour::run`].
pub fn check_file(path: &Path) -> Result<(), String> {
    let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let is_script = path.extension().is_some_and(|extension| extension == "mjs");
    let (file, comment) = if is_script { ("app.mjs", "//") } else { ("app.lua", "--") };
    Behaviour::parse_as(name, &text, file, comment)?.run()
}

struct Check<'a> {
    behaviour: &'a Behaviour,
    root: String,
    differences: String,
    /// The log entries of errors that are due: what each begins with.
    entries: Vec<String>,
    /// How many responses were streamed.
    streams: usize,
}

impl Check<'_> {
    fn same(&mut self, what: &str, expected: &str, found: &str) {
        if !matches(expected, found) {
            writeln!(self.differences, "{what}\n  expected: {expected}\n  found:    {found}").ok();
        }
    }

    fn fill(&self, text: &str, id: &str) -> String {
        text.replace("$ROOT", &self.root).replace("$ID", id)
    }

    fn exchanges(&mut self, api: &RuntimeApi, process: &mut Process, run: &mut Option<coldmoon_cli::runtime_api::RuntimeRun>) {
        if let Some(expected) = &self.behaviour.init_error {
            wait_until("its end", || !process.is_running(), || format!("{}\n{}", self.behaviour.name, api_report(api)));
            if let Some(run) = run.take() {
                run.end(String::new());
            }
            match api.init_error() {
                Some(found) => self.error(expected, "", &found, true),
                None => self.differences.push_str("nothing was posted to init/error\n"),
            }
            return;
        }
        for (index, expected) in self.behaviour.exchanges.iter().enumerate() {
            let mut invocation = Invocation::new(expected.event.clone());
            for (name, value) in &expected.headers {
                set_header(&mut invocation, name, value);
            }
            let id = invocation.request_id.clone();
            let pending = api.queue(invocation);
            let mut pending = Some(pending);
            let mut outcome = None;
            wait_until(
                "an outcome",
                || {
                    let Some(waiting) = pending.take() else { return true };
                    match waiting.wait_timeout(std::time::Duration::from_millis(20)) {
                        Ok(found) => outcome = Some(found),
                        Err(still) => pending = Some(still),
                    }
                    // A process that has ended gives none any more.
                    if outcome.is_none()
                        && !process.is_running()
                        && let Some(run) = run.take()
                    {
                        run.end("it ended".into());
                    }
                    outcome.is_some()
                },
                || format!("{}: event {index}", self.behaviour.name),
            );
            match (outcome.expect("waited for"), expected) {
                (Outcome::Response(found), Exchange { response: Some(response), .. }) => {
                    self.streams += usize::from(found.streaming);
                    let response = self.fill(&text_of(response), &id);
                    if response.as_bytes() != found.body && *expected.response.as_ref().expect("matched") != found.body {
                        writeln!(
                            self.differences,
                            "response {index}\n  expected: {}\n  found:    {}",
                            short(&response),
                            short(&text_of(&found.body))
                        )
                        .ok();
                    }
                    let content_type = expected.content_type.as_deref().unwrap_or("application/json");
                    self.same("content type", content_type, found.content_type().unwrap_or("none"));
                }
                (Outcome::Error(found), Exchange { error: Some(_), .. }) => self.error(expected, &id, &found, false),
                (outcome, _) => {
                    let found = match outcome {
                        Outcome::Response(found) => format!("a response: {}", short(&text_of(&found.body))),
                        Outcome::Error(found) => format!("an error: {}", text_of(&found.body)),
                        other => format!("{other:?}"),
                    };
                    writeln!(self.differences, "outcome {index} of the event {}: {found}", short(&text_of(&expected.event))).ok();
                }
            }
        }
        // The next `next` shows that the last exchange is over for the runtime too.
        if self.behaviour.exit.is_none() && self.differences.is_empty() {
            let wanted = self.behaviour.exchanges.len() as u64 + 1;
            if !api.wait_until(PATIENCE, |status| status.counts.next >= wanted) {
                self.differences.push_str("it asks for no further event\n");
            }
        }
    }

    fn error(&mut self, expected: &Exchange, id: &str, found: &ErrorReport, is_init: bool) {
        let text = self.fill(expected.error.as_deref().unwrap_or_default(), id);
        let error_type = found.error_type().unwrap_or_default();
        let message = found.error_message().unwrap_or_default();
        self.same("error", &text, &format!("{error_type}: {message}"));
        let document = found.document().unwrap_or_default();
        let members: Vec<&str> = document.as_object().map(|object| object.keys().map(String::as_str).collect()).unwrap_or_default();
        self.same("members of the error document", "errorMessage errorType stackTrace", &members.join(" "));
        self.same("content type", "application/json", found.content_type().unwrap_or("none"));
        let category = found.header("Lambda-Runtime-Function-Error-Type").map(text_of).unwrap_or_default();
        self.same("category, as the platform takes it", &found.category, &category);
        if let Some(expected) = &expected.category {
            self.same("category", expected, &category);
        }
        if found.xray_cause.is_none() {
            self.differences.push_str("the error has no X-Ray cause that the platform takes\n");
        }
        let stack = found.stack_trace();
        if !expected.stack.is_empty() {
            let expected: Vec<String> = expected.stack.iter().map(|frame| self.fill(frame, id)).collect();
            if !lines_match(&expected, &stack) {
                writeln!(self.differences, "stack\n  expected: {}\n  found:    {}", expected.join(" | "), stack.join(" | ")).ok();
            }
        }
        // One log entry: on one line, folded by carriage returns.
        let level = if error_type == "Runtime.OutOfMemory" || error_type == "Runtime.ExitError" { "FATAL" } else { "ERROR" };
        let who = if is_init { String::new() } else { format!("{id} ") };
        let mut entry = format!("[{level}] {who}{error_type}: {message}").replace('\n', "\r");
        for frame in &stack {
            write!(entry, "\r\t{frame}").ok();
        }
        self.entries.push(entry);
    }

    fn output(&mut self, stream: &str, expected: &[String], found: &[u8]) {
        let is_json = self.behaviour.env.iter().any(|(name, value)| name == "AWS_LAMBDA_LOG_FORMAT" && value.is_some());
        let found = text_of(found);
        let mut lines: Vec<String> = found.strip_suffix('\n').unwrap_or(&found).split('\n').map(str::to_owned).collect();
        if found.is_empty() {
            lines.clear();
        } else if !found.ends_with('\n') {
            writeln!(self.differences, "{stream} does not end with a line end").ok();
        }
        if stream == "stderr" && !is_json {
            for entry in std::mem::take(&mut self.entries) {
                match lines.iter().position(|line| *line == entry) {
                    Some(at) => drop(lines.remove(at)),
                    None => writeln!(self.differences, "no log entry\n  {}", entry.replace('\r', "\\r")).unwrap_or_default(),
                }
            }
        }
        let expected: Vec<String> = expected.iter().map(|line| self.fill(line, "…")).collect();
        if !lines_match(&expected, &lines) {
            writeln!(self.differences, "{stream}\n  expected: {expected:?}\n  found:    {}", short(&format!("{lines:?}"))).ok();
        }
    }
}

fn api_report(api: &RuntimeApi) -> String {
    format!("{:?}", api.status())
}

fn set_header(invocation: &mut Invocation, name: &str, value: &str) {
    let text = (!value.is_empty()).then(|| value.to_owned());
    match name.to_ascii_lowercase().as_str() {
        "lambda-runtime-aws-request-id" => invocation.request_id = value.into(),
        "lambda-runtime-invocation-id" => invocation.invocation_id = text,
        "lambda-runtime-deadline-ms" => invocation.deadline_ms = value.parse().ok(),
        "lambda-runtime-invoked-function-arn" => invocation.function_arn = value.into(),
        "lambda-runtime-trace-id" => invocation.trace_id = text,
        "lambda-runtime-client-context" => invocation.client_context = text,
        "lambda-runtime-cognito-identity" => invocation.cognito_identity = text,
        "lambda-runtime-aws-tenant-id" => invocation.tenant_id = text,
        _ => invocation.headers.push((name.into(), value.as_bytes().to_vec())),
    }
}

/// Whether the lines are those; `…` alone stands for any number of lines.
fn lines_match(expected: &[String], found: &[String]) -> bool {
    match expected.split_first() {
        None => found.is_empty(),
        Some((first, rest)) if first == "…" => (0..=found.len()).any(|at| lines_match(rest, &found[at..])),
        Some((first, rest)) => found.split_first().is_some_and(|(line, others)| matches(first, line) && lines_match(rest, others)),
    }
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn short(text: &str) -> String {
    let count = text.chars().count();
    if count <= 2000 { text.to_owned() } else { format!("{}… ({count} characters)", text.chars().take(2000).collect::<String>()) }
}

/// `{{TEXT*N}}` and `\xHH` replaced.
fn expand(value: &str) -> Vec<u8> {
    let mut text = String::new();
    let mut rest = value;
    while let Some(start) = rest.find("{{") {
        let Some((inner, behind)) = rest[start + 2..].split_once("}}") else { break };
        let Some((part, count)) = inner.rsplit_once('*').and_then(|(part, count)| Some((part, count.parse().ok()?))) else {
            text.push_str(&rest[..start + 2]);
            rest = &rest[start + 2..];
            continue;
        };
        text.push_str(&rest[..start]);
        text.push_str(&part.repeat(count));
        rest = behind;
    }
    text.push_str(rest);

    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, others)) = rest.split_first() {
        let escape = (rest.len() >= 4 && rest.starts_with(b"\\x")).then(|| std::str::from_utf8(&rest[2..4]).ok()).flatten();
        match escape.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(escaped) => {
                bytes.push(escaped);
                rest = &rest[4..];
            }
            None => {
                bytes.push(*byte);
                rest = others;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_expanded() {
        for (value, bytes) in [
            ("a", &b"a"[..]),
            ("{{[*3}}{{]*2}}", b"[[[]]"),
            ("{\"a\":{}}", b"{\"a\":{}}"),
            ("{{\"a\":1}}", b"{{\"a\":1}}"),
            ("\\xff\\n", b"\xff\\n"),
            ("{{\\x00*2}}", b"\0\0"),
        ] {
            assert_eq!(expand(value), bytes, "{value}");
        }
    }

    #[test]
    fn lines_match_with_gaps() {
        let lines = |text: &str| text.split(' ').filter(|line| !line.is_empty()).map(str::to_owned).collect::<Vec<_>>();
        for (expected, found, is_match) in [
            ("a b", "a b", true),
            ("a", "a b", false),
            ("a …", "a b c", true),
            ("… c", "a b c", true),
            ("a … b", "a c", false),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(lines_match(&lines(expected), &lines(found)), is_match, "{expected} / {found}");
        }
    }

    #[test]
    fn mistakes_in_a_file_are_found() {
        for (text, problem) in [
            ("-- event: 1\n-- response: 1\n", "sentence"),
            ("-- A sentence.\n", "events or an init-error"),
            ("-- A sentence.\n-- event: 1\n", "response or an error"),
            ("-- A sentence.\n-- response: 1\n", "before an event"),
            ("-- A sentence.\n-- build: debug\n-- event: 1\n-- response: 1\n", "build: debug"),
            ("-- A sentence.\n-- event: 1\n-- reponse: 1\n", "no directive"),
            ("-- A sentence.\n-- event: 1\n-- response: 1\n-- init-error: A: b\n", "events or an init-error"),
        ] {
            let found = Behaviour::parse("x", text).err().unwrap_or_default();
            assert!(found.contains(problem), "{text}: {found}");
        }
    }

    #[test]
    fn a_wrong_expectation_is_noticed() {
        const HANDLER: &str = "return { handler = function(event) print(event) return event end }\n";
        for (head, difference) in [
            ("-- event: 1\n-- response: 2\n-- stdout: 1\n", "response 0"),
            ("-- event: 1\n-- response: 1\n", "stdout"),
            ("-- event: 1\n-- error: A: b\n-- stdout: 1\n", "outcome 0"),
            ("-- event: 1\n-- response: 1\n-- content-type: text/plain\n-- stdout: 1\n", "content type"),
        ] {
            let text = format!("-- A sentence.\n{head}{HANDLER}");
            let found = Behaviour::parse("x", &text).and_then(|behaviour| behaviour.run()).err().unwrap_or_default();
            assert!(found.contains(difference), "{head}: {found}");
        }
        let right = format!("-- A sentence.\n-- event: 1\n-- response: 1\n-- stdout: 1\n{HANDLER}");
        Behaviour::parse("x", &right).and_then(|behaviour| behaviour.run()).unwrap();
    }
}
