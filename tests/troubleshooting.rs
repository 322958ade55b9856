//! `docs/troubleshooting.md`: every message that the runtime or the tool can print has an entry, and every entry is true.
//!
//! An entry is a section `### `; its messages are the code spans of the heading, and those that begin the rows of a table in it. `…` in a
//! message stands for what varies. A comment in it, which no reader sees, says what shows the messages:
//!
//! ```text
//! <!-- shown by:
//! tests/handlers/exit_3.lua
//! tests/protocol.rs no_server_is_a_message_and_exit_1
//! -->
//! <!-- run
//! event: 1
//! error: LuaError: app.lua:1: attempt to call global 'f' (a nil value)
//! ----
//! return { handler = function() f() end }
//! -->
//! <!-- not run: why it cannot be brought about -->
//! ```
//!
//! What a file or a test expects holds every part of the message; a block to run has directives of `src/behaviour.rs` and Lua, is run here,
//! and one of the values that it expects holds the message.
//!
//! Which messages there are is read from the sources: string literals that are words. What of these is no message is in [`NO_MESSAGES`].

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use coldmoon_tests::behaviour::Behaviour;
use coldmoon_tests::literals::{self, Literal};
use coldmoon_tests::process::Setup;
use coldmoon_tests::server::Server;
use coldmoon_tests::wire::{accepted, event};
use coldmoon_tests::{files_below, tell, workspace};

const PAGE: &str = "docs/troubleshooting.md";

/// Words in the sources that are printed by nothing, or are no message: file, a part of the literal or of the code in front of it (`""` for
/// the whole file), why.
const NO_MESSAGES: &[(&str, &str, &str)] = &[
    ("src/http/request.rs", "HTTP/1.1", "the head of a request"),
    ("src/lua/failure.rs", "stack traceback:", "taken off the stack trace of the program's own debug.traceback"),
    ("src/lua/json.rs", "number range", "a code for lua/cjson.lua, which has the words"),
    ("src/lua/json.rs", "string end", "a code for lua/cjson.lua"),
    ("src/lua/json.rs", "not finite", "a code for lua/cjson.lua"),
    ("src/lua/luajit/processor.rs", "", "instructions"),
    ("src/lua/musl/errors.rs", "", "what the C library says about the system's errors"),
    ("src/lua/musl/print.rs", "", "instructions"),
    ("src/lua/musl/start.rs", "", "instructions"),
    ("lua/cjson.lua", "not finite", "that code"),
    ("lua/cjson.lua", "number range", "that code"),
    ("lua/coldmoon/http.lua", "text/plain", "a media type"),
    ("lua/coldmoon/http.lua", "stack traceback", "a pattern"),
    ("lua/coldmoon/metrics.lua", " Percent ", "the units of CloudWatch"),
    ("lua/coldmoon/metrics.lua", " Gigabits ", "the units of CloudWatch"),
    ("cli/src/architecture.rs", "another architecture", "stands for the name of one"),
    ("cli/src/event.rs", " column", "looked for in the words of the JSON parser"),
    ("cli/src/event.rs", "EOF while parsing", "looked for in the words of the JSON parser"),
    ("cli/src/event.rs", "it ends within", "stands for these words, behind \"is not JSON:\""),
    ("cli/src/function.rs", " (os error", "looked for in the words of the system"),
    ("cli/src/function.rs", "1 => \"\"", "the names of signals, which stand behind \"signal:\""),
    ("cli/src/invoke.rs", "median", "the summary of --repeat"),
    ("cli/src/new.rs", "is a function now", "success"),
    ("cli/src/output.rs", "packing:", "progress"),
    ("cli/src/pack.rs", "the layer for", "success"),
    ("cli/src/package.rs", "1 file", "of the line of success"),
    ("cli/src/package.rs", "unpacked", "success"),
    ("cli/src/report.rs", "", "the report line and errors with their source: docs/invoke.md"),
    ("cli/src/rocks.rs", " files, ", "success"),
    ("cli/src/runtime_api/extensions.rs", "", "what the local Runtime API answers to an extension, in Lambda's words"),
    ("cli/src/runtime_api/server.rs", "", "what the local Runtime API answers to a runtime, in Lambda's words"),
    ("cli/src/sample.rs", "", "what the samples are"),
    ("cli/src/serve.rs", "is ready after", "success"),
    ("cli/src/serve.rs", "serving on", "success"),
    ("cli/src/serve.rs", "the last invocations are on", "success"),
    ("cli/src/serve.rs", "loaded again in", "success"),
    ("cli/src/serve.rs", "coldmoon: ending", "success"),
    ("cli/src/serve.rs", "(Permission denied)", "looked for in the words of the runtime"),
    ("cli/src/service/event_stream.rs", "", "names of header fields"),
    ("cli/src/service/history.rs", "malformed response", "stands on the page beside the message"),
    ("cli/src/service/http_door.rs", "in mid-stream", "a reason that the server does not send: it closes the connection"),
    ("cli/src/service/http_event.rs", "[day]", "the form of a date"),
    ("cli/src/service/invoke_api.rs", "Invoke, asynchronous", "where an event on the page comes from"),
    ("cli/src/service/invoke_api.rs", "START RequestId", "the log as Lambda frames it"),
    ("cli/src/service/mod.rs", ", init ", "a time"),
    ("cli/src/service/page.rs", "text/html", "a media type"),
    ("cli/src/service/page.rs", "default-src", "a header field"),
    ("cli/src/service/page.rs", "payload", "which events it makes"),
    ("cli/src/service/page.rs", "load balancer", "which events it makes"),
    ("cli/src/service/server.rs", "broke off", "an answer to a client that has gone"),
    ("examples/quickjs/src/prelude.js", "use strict", "a directive"),
    ("examples/quickjs/src/prelude.js", "cannot find module '….mjs'", "compared with what engine.rs says"),
];

// ---- the page ----

/// One entry of the page.
#[derive(Debug, Default, PartialEq, Eq)]
struct Entry {
    line: usize,
    messages: Vec<String>,
    /// Files, and of `.rs` the test.
    references: Vec<(String, Option<String>)>,
    runs: Vec<String>,
    /// Why nothing shows it.
    excuse: Option<String>,
}

/// The code spans of a line; of a row of a table, those of its first cell.
fn spans(line: &str) -> Vec<String> {
    let line = line.strip_prefix("| ").map_or(line, |row| row.split(" | ").next().unwrap_or_default());
    let mut spans = Vec::new();
    let mut rest = line;
    while let Some(start) = rest.find('`') {
        let inner = rest[start..].trim_start_matches('`');
        let fence = &rest[start..rest.len() - inner.len()];
        let Some(end) = inner.find(fence) else { break };
        spans.push(inner[..end].trim().to_owned());
        rest = &inner[end + fence.len()..];
    }
    spans
}

/// The entries of the page, and what is wrong with their form.
fn entries(page: &str) -> (Vec<Entry>, Vec<String>) {
    let mut entries: Vec<Entry> = Vec::new();
    let mut problems = Vec::new();
    let mut lines = page.lines().zip(1..);
    while let Some((line, number)) = lines.next() {
        if let Some(heading) = line.strip_prefix("### ") {
            entries.push(Entry { line: number, messages: spans(heading), ..Entry::default() });
            continue;
        }
        let Some(comment) = line.strip_prefix("<!-- ") else {
            if let Some(entry) = entries.last_mut().filter(|_| line.starts_with("| `")) {
                entry.messages.extend(spans(line));
            }
            continue;
        };
        let mut inner: Vec<&str> = vec![comment];
        while !inner.last().is_some_and(|line| line.ends_with("-->")) {
            let Some((line, _)) = lines.next() else { break };
            inner.push(line);
        }
        let text = inner.join("\n");
        let Some(text) = text.strip_suffix("-->").map(str::trim_end) else {
            problems.push(format!("{PAGE}:{number}: a comment without its end"));
            break;
        };
        let Some(entry) = entries.last_mut() else { continue };
        if let Some(references) = text.strip_prefix("shown by:") {
            for reference in references.lines().map(str::trim).filter(|line| !line.is_empty()) {
                entry.references.push(match reference.split_once(' ') {
                    Some((file, test)) => (file.to_owned(), Some(test.to_owned())),
                    None => (reference.to_owned(), None),
                });
            }
        } else if let Some(run) = text.strip_prefix("run\n") {
            entry.runs.push(run.to_owned());
        } else if let Some(excuse) = text.strip_prefix("not run: ") {
            entry.excuse = Some(excuse.to_owned());
        } else {
            problems.push(format!("{PAGE}:{number}: a comment of no known form"));
        }
    }
    for entry in &entries {
        if entry.messages.is_empty() {
            problems.push(format!("{PAGE}:{}: an entry without a message", entry.line));
        }
        if entry.references.is_empty() && entry.runs.is_empty() && entry.excuse.is_none() {
            problems.push(format!("{PAGE}:{}: nothing shows this entry", entry.line));
        }
    }
    (entries, problems)
}

// ---- messages ----

/// White space as one blank: a message of several lines stands on one line of the page.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What a message says for certain: the parts between `…`, without blanks and punctuation around them.
fn parts(text: &str) -> Vec<String> {
    let is_edge = |character: char| character.is_whitespace() || "\"':;,().".contains(character);
    let parts = text.split('…').map(|part| plain(part.trim_matches(is_edge)));
    parts.filter(|part| part.chars().filter(char::is_ascii_alphabetic).count() > 1).collect()
}

/// Whether the text has these parts, in order.
fn has_parts(text: &str, parts: &[String]) -> bool {
    let mut rest = text;
    parts.iter().all(|part| {
        rest.find(part.as_str()).is_some_and(|at| {
            rest = &rest[at + part.len()..];
            true
        })
    })
}

/// Whether a literal is made of words: two in a row, or one behind what another literal says.
fn is_words(text: &str) -> bool {
    let text = text.replace(['\n', '\t', '\r'], " ");
    let characters: Vec<char> = text.chars().collect();
    let is_joined = characters.windows(3).any(|of| {
        of[1] == ' '
            && (of[0].is_ascii_lowercase() || of[0].is_ascii_digit() || ",;:'…)".contains(of[0]))
            && (of[2].is_ascii_lowercase() || "(…'".contains(of[2]))
    });
    let is_behind = text.starts_with([' ', ':', ';', '\'']);
    let has_word = text.split(|character: char| !character.is_ascii_lowercase()).any(|word| word.len() >= 3);
    has_word && (is_joined || is_behind)
}

/// The text with `…` for what is filled in: `{…}` of Rust's formats, `%d` and `%s` of Lua's and C's.
fn without_fields(text: &str, file: &str) -> String {
    if file.ends_with(".lua") || file.starts_with("examples/") {
        return text.replace("%d", "…").replace("%s", "…");
    }
    let mut out = String::new();
    let mut rest = text.replace("{{", "\u{1}").replace("}}", "\u{2}");
    while let Some((before, behind)) = rest.split_once('{') {
        let Some((_, behind)) = behind.split_once('}') else { break };
        out.push_str(before);
        out.push('…');
        rest = behind.to_owned();
    }
    (out + &rest).replace('\u{1}', "{").replace('\u{2}', "}")
}

/// Whether nobody but a programmer reads it: assertions, and what clap is told.
fn is_for_programmers(literal: &Literal) -> bool {
    let before = literal.before.trim_end();
    let is_in_attribute = before.rfind("#[").is_some_and(|at| before[at..].matches('[').count() > before[at..].matches(']').count());
    is_in_attribute || before.ends_with("expect(") || before.contains("assert") || before.ends_with("unreachable!(")
}

/// The messages of the sources: file, literal, its text without fields.
fn messages(files: &[(String, String)]) -> Vec<(String, Literal, String)> {
    let mut messages = Vec::new();
    for (file, source) in files {
        let literals = match Path::new(file).extension().and_then(|extension| extension.to_str()) {
            Some("lua") => literals::of_lua(source),
            Some("js") => literals::of_js(source),
            _ => literals::of_rust(source),
        };
        for literal in literals.into_iter().filter(|literal| !is_for_programmers(literal)) {
            let is_format = !file.starts_with("src/");
            let text = if is_format { without_fields(&literal.text, file) } else { literal.text.clone() };
            if is_words(&text) && !parts(&text).is_empty() {
                messages.push((file.clone(), literal, text));
            }
        }
    }
    messages
}

/// The sources of the runtimes and the tool.
fn sources() -> Vec<(String, String)> {
    let root = workspace();
    let mut files = Vec::new();
    for (folder, extension) in
        [("src", "rs"), ("lua", "lua"), ("cli/src", "rs"), ("examples/quickjs/src", "rs"), ("examples/quickjs/src", "js")]
    {
        for path in files_below(&root.join(folder), extension) {
            let name = path.strip_prefix(&root).expect("a file below it").to_string_lossy().into_owned();
            // Definitions of types, and what a function's tests run with instead of the runtime.
            if !name.starts_with("lua/library/") && !name.starts_with("lua/stub/") {
                files.push((name, std::fs::read_to_string(&path).expect("a source file")));
            }
        }
    }
    files
}

/// What no message of the page says, and exceptions that nothing needs.
fn check_complete(entries: &[Entry], sources: &[(String, String)], exceptions: &[(&str, &str, &str)]) -> Vec<String> {
    let known: Vec<String> = entries.iter().flat_map(|entry| &entry.messages).map(|message| plain(message)).collect();
    let mut is_needed = vec![false; exceptions.len()];
    let mut problems = Vec::new();
    for (file, literal, text) in messages(sources) {
        let parts = parts(&text);
        if known.iter().any(|message| has_parts(message, &parts)) {
            continue;
        }
        let is_excepted =
            |(of_file, part, _): &(&str, &str, &str)| *of_file == file && (text.contains(part) || literal.before.contains(part));
        match exceptions.iter().position(is_excepted) {
            Some(at) => is_needed[at] = true,
            None => problems.push(format!("{file}:{}: no entry of {PAGE} has {text:?}", literal.line)),
        }
    }
    let useless = exceptions.iter().zip(is_needed).filter(|(_, is_needed)| !is_needed);
    problems.extend(useless.map(|((file, part, _), _)| format!("{file}: nothing needs the exception {part:?}")));
    problems
}

// ---- what shows them ----

/// The test of that name: its text, if it runs.
fn test_of<'a>(source: &'a str, name: &str) -> Option<&'a str> {
    let head = format!("fn {name}(");
    let at = source.match_indices(&head).map(|(at, _)| at).find(|at| source[..*at].ends_with('\n') || source[..*at].ends_with("\n    "))?;
    let start = source[..at].rfind('\n').map_or(0, |end| end + 1);
    let attributes: Vec<&str> = source[..start].lines().rev().map(str::trim).take_while(|line| line.starts_with("#[")).collect();
    let end = format!("\n{}}}\n", &source[start..at]);
    let body = &source[start..];
    let is_run = attributes.contains(&"#[test]") && !attributes.iter().any(|attribute| attribute.starts_with("#[ignore"));
    is_run.then(|| &body[..body.find(&end).map_or(body.len(), |at| at + end.len())])
}

/// What a file or one of its tests expects.
fn evidence(root: &Path, file: &str, test: Option<&str>) -> Result<String, String> {
    let text = std::fs::read_to_string(root.join(file)).map_err(|error| format!("{file}: {error}"))?;
    let mark = if file.ends_with(".mjs") { "//" } else { "--" };
    let text = match test {
        Some(test) => {
            let body = test_of(&text, test).ok_or_else(|| format!("{file} has no test {test} that runs"))?;
            literals::of_rust(body).into_iter().map(|literal| literal.text + "\n").collect()
        }
        // A behaviour: its head.
        None if file.starts_with("tests/handlers/") => expectations(
            &text
                .lines()
                .map_while(|line| line.strip_prefix(mark))
                .map(|line| line.strip_prefix(' ').unwrap_or(line))
                .collect::<Vec<_>>()
                .join("\n"),
        ),
        None if file.ends_with(".lua") => literals::of_lua(&text).into_iter().map(|literal| literal.text + "\n").collect(),
        None => return Err(format!("{file}: say which test")),
    };
    Ok(plain(&text))
}

/// The lines of directives that are expectations, with escapes of white space as that.
fn expectations(directives: &str) -> String {
    const NAMES: [&str; 6] = ["error: ", "init-error: ", "stdout: ", "stderr: ", "response: ", "stack: "];
    let lines = directives.lines().filter(|line| NAMES.iter().any(|name| line.starts_with(name)));
    lines.map(|line| line.replace("\\x0a", " ").replace("\\x09", " ").replace("\\\"", "\"") + "\n").collect()
}

/// The directives of a block to run, and its Lua.
fn split_run(run: &str) -> Option<(&str, &str)> {
    run.split_once("\n----\n")
}

/// Messages that nothing shows, and references that show nothing.
fn check_shown(root: &Path, entry: &Entry) -> Vec<String> {
    let at = |problem: String| format!("{PAGE}:{}: {problem}", entry.line);
    let mut problems = Vec::new();
    let mut is_shown: BTreeMap<&String, bool> = entry.messages.iter().map(|message| (message, entry.excuse.is_some())).collect();
    let mut show = |who: &str, is_in: &dyn Fn(&[String]) -> bool| {
        let mut count = 0;
        for (message, is_shown) in &mut is_shown {
            if is_in(&parts(message)) {
                *is_shown = true;
                count += 1;
            }
        }
        if count == 0 { vec![format!("{PAGE}:{}: {who} shows none of its messages", entry.line)] } else { Vec::new() }
    };
    for (file, test) in &entry.references {
        match evidence(root, file, test.as_deref()) {
            Ok(text) => problems.extend(show(&format!("{file} {}", test.as_deref().unwrap_or_default()), &|parts| {
                parts.iter().all(|part| text.contains(part.as_str()))
            })),
            Err(problem) => problems.push(at(problem)),
        }
    }
    for run in &entry.runs {
        let Some((directives, _)) = split_run(run) else {
            problems.push(at("a block to run needs ---- in front of its Lua".into()));
            continue;
        };
        let expected: Vec<String> = expectations(directives).lines().map(plain).collect();
        problems.extend(show("a block to run", &|parts| expected.iter().any(|line| has_parts(line, parts))));
    }
    problems.extend(is_shown.iter().filter(|(_, is_shown)| !**is_shown).map(|(message, _)| at(format!("nothing shows {message:?}"))));
    problems
}

fn page() -> (Vec<Entry>, Vec<String>) {
    entries(&std::fs::read_to_string(workspace().join(PAGE)).expect("the page"))
}

fn assert_none(problems: &[String]) {
    assert!(problems.is_empty(), "{} problems\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn every_message_has_an_entry() {
    let (entries, problems) = page();
    assert_none(&problems);
    assert_none(&check_complete(&entries, &sources(), NO_MESSAGES));
}

#[test]
fn every_entry_is_shown() {
    let (entries, _) = page();
    assert_none(&entries.iter().flat_map(|entry| check_shown(&workspace(), entry)).collect::<Vec<_>>());
    let messages: usize = entries.iter().map(|entry| entry.messages.len()).sum();
    let runs: usize = entries.iter().map(|entry| entry.runs.len()).sum();
    tell(&format!("troubleshooting: {} entries, {messages} messages, {runs} blocks run", entries.len()));
    for entry in &entries {
        if let Some(excuse) = &entry.excuse {
            tell(&format!("troubleshooting: not run: {}, because {excuse}", entry.messages.join(", ")));
        }
    }
}

#[test]
fn every_block_does_what_it_says() {
    let (entries, _) = page();
    let mut problems = Vec::new();
    for entry in &entries {
        for (directives, code) in entry.runs.iter().filter_map(|run| split_run(run)) {
            let head: String = directives.lines().map(|line| format!("-- {line}\n")).collect();
            let name = format!("{PAGE}:{}", entry.line);
            let behaviour = Behaviour::parse(&name, &format!("-- An entry of {PAGE}.\n{head}\n{code}\n"));
            problems.extend(behaviour.and_then(|behaviour| behaviour.run()).err());
        }
    }
    assert_none(&problems);
}

/// What the function says in an address space of 30 MB, which `prlimit` of util-linux sets, and the errors that it posts.
fn run_in_30_mb(source: &str, reply: Vec<u8>) -> (String, Vec<String>) {
    let server = Server::start(move |_, peer| {
        peer.request();
        // A reply that is not taken is asked for once more, on another connection.
        if peer.try_send(&reply).is_ok() && peer.try_request().is_some() {
            peer.try_send(accepted()).ok();
            peer.refuse_connections();
        }
        peer.close();
    });
    let setup = Setup::new(source);
    let plain = setup.command(&server.address());
    let mut limited = Command::new("prlimit");
    limited.args(["--as=30000000", "--"]).arg(plain.get_program()).current_dir(setup.folder()).env_clear();
    limited.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?)))).stdin(Stdio::null());
    let output = limited.output().expect("prlimit is there");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let errors = server.posts().into_iter().map(|post| post.json()["errorMessage"].to_string());
    (String::from_utf8_lossy(&output.stderr).into_owned(), errors.collect())
}

#[test]
fn memory_that_the_system_refuses_is_named() {
    let event_of_31_mb = event("id-1", format!("\"{}\"", "x".repeat(31_000_000)));
    let (log, _) = run_in_30_mb("return { handler = function() end }\n", event_of_31_mb);
    assert_eq!(log, "[FATAL] the next event cannot be had: no memory for the reply; giving up\n");
    // All but a little is taken, so that Lua can go on; the result needs more.
    let source = "return { handler = function()\n\
          local large, kept = ('x'):rep(5000000), {}\n\
          pcall(function() while true do kept[#kept + 1] = ('y'):rep(100000) .. #kept end end)\n\
          return large\n\
        end }\n";
    let (log, errors) = run_in_30_mb(source, event("id-1", "1"));
    assert_eq!(errors, ["\"result: no memory to encode it\""], "{log}");
}

// ---- the checker itself ----

#[test]
fn entries_are_read_with_all_their_parts() {
    let page = "# A page\n<!-- of no entry -->\n\n### ``a `b` …`` and `c`\n<!-- shown by:\ntests/a.lua\ntests/b.rs name\n-->\nText with `d`.\n\n\
        | message | remedy |\n| --- | --- |\n| `e` or `f` | `g` |\n\n### `h`\n<!-- run\nevent: 1\n----\nreturn 1\n-->\n<!-- not run: why -->\n";
    let (found, problems) = entries(page);
    assert_eq!(problems, [""; 0]);
    let text = str::to_owned;
    assert_eq!(found[0].messages, ["a `b` …", "c", "e", "f"]);
    assert_eq!(found[0].references, [(text("tests/a.lua"), None), (text("tests/b.rs"), Some(text("name")))]);
    assert_eq!(
        (found[1].line, found[1].runs.as_slice(), found[1].excuse.as_deref()),
        (15, &[text("event: 1\n----\nreturn 1")][..], Some("why"))
    );
    for (page, problem) in [
        ("### `a`\n", "nothing shows"),
        ("### a\n<!-- not run: x -->\n", "without a message"),
        ("### `a`\n<!-- shwon by: x -->\n", "no known form"),
        ("### `a`\n<!-- run\n", "without its end"),
    ] {
        assert!(entries(page).1.iter().any(|found| found.contains(problem)), "{page}");
    }
}

#[test]
fn messages_are_found_and_others_are_not() {
    for (text, is_one) in [
        ("cannot read the file", true),
        (" at byte ", true),
        ("' returned ", true),
        (": it is too large", true),
        ("… is not JSON: …", true),
        ("application/json", false),
        ("Not Found", false),
        ("a", false),
        ("\r\n", false),
        ("… …", false),
        ("stackTrace", false),
    ] {
        assert_eq!(is_words(text), is_one, "{text}");
    }
    let source = "f(b\"no such file\"); /* \"no such comment\" */ x.expect(\"no such thing\"); assert!(a, \"no such thing\");\n\
        #[arg(help = \"no such help\")]\nbail!(\"cannot read {path}: {}\", 1);\n";
    let file = |name: &str| vec![(name.to_owned(), source.to_owned())];
    let texts = |name: &str| messages(&file(name)).into_iter().map(|(_, _, text)| text).collect::<Vec<_>>();
    assert_eq!(texts("cli/src/a.rs"), ["no such file", "cannot read …: …"]);
    assert_eq!(texts("src/a.rs"), ["no such file", "cannot read {path}: {}"]);
}

#[test]
fn a_message_without_an_entry_and_a_useless_exception_are_problems() {
    let (found, _) = entries("### `the file … is missing: …`\n<!-- not run: x -->\n");
    let source = |text: &str| vec![("src/a.rs".to_owned(), format!("f(\"{text}\");\n"))];
    for (text, exceptions, count) in [
        (" is missing: ", &[][..], 0),
        ("the file ", &[], 0),
        (" is lost: ", &[], 1),
        (" is lost: ", &[("src/a.rs", "lost", "no message")], 0),
        (" is missing: ", &[("src/a.rs", "lost", "no message")], 1),
        (" is lost: ", &[("src/b.rs", "lost", "no message")], 2),
    ] {
        assert_eq!(check_complete(&found, &source(text), exceptions).len(), count, "{text}");
    }
}

#[test]
fn what_is_not_shown_is_a_problem() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::create_dir_all(folder.path().join("tests/handlers")).expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file");
    write("tests/handlers/a.lua", "-- A text says no such file.\n--\n-- error: LuaError: no such name\nreturn 'no such thing'\n");
    write(
        "tests/b.rs",
        "#[test]\nfn one() {\n    // no such comment\n    f(\"no such \\\n       name\");\n}\n\nfn two() {\n    f(\"no such name\");\n}\n",
    );
    for (message, comment, problem) in [
        ("no such name", "shown by: tests/handlers/a.lua", ""),
        ("no … name", "shown by: tests/b.rs one", ""),
        ("no such thing", "shown by: tests/handlers/a.lua", "shows none"),
        ("no such file", "shown by: tests/handlers/a.lua", "nothing shows"),
        ("no such comment", "shown by: tests/b.rs one", "nothing shows"),
        ("no such name", "shown by: tests/b.rs two", "no test two that runs"),
        ("no such name", "shown by: tests/b.rs", "say which test"),
        ("no such name", "shown by: tests/c.rs one", "tests/c.rs"),
        ("no such name", "run\nerror: LuaError: no such name\n----\nx", ""),
        ("no such name", "run\nevent: \"no such name\"\n----\nx", "shows none"),
        ("no such name", "run\nerror: no such name", "needs ----"),
    ] {
        let (found, problems) = entries(&format!("### `{message}`\n<!-- {comment}\n-->\n"));
        assert_eq!(problems, [""; 0]);
        let problems = check_shown(folder.path(), &found[0]);
        assert!(
            if problem.is_empty() { problems.is_empty() } else { problems.iter().any(|found| found.contains(problem)) },
            "{message} {comment}: {problems:?}"
        );
    }
}
