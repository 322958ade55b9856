//! The style that a test can enforce, and tests of this checker.
//!
//! - Who may use whom in `src/`: the table below lists exactly what is used. Another use fails, and so does a permission that nobody needs.
//! - Unsafe code in `main`, `sys`, `buffer`, `wide` and `lua/` only.
//! - Every file opens with a `//!` head of at least two lines; every Lua module of the runtime with a comment.
//! - No line over 140 characters, no tab, no white space at a line's end, no `unwrap()` outside of tests.
//!
//! That every `unsafe` block has its SAFETY comment is for clippy (`undocumented_unsafe_blocks`).

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use coldmoon_tests::{files_below, workspace};

/// Who uses whom. A row is a module of `src/`; in `http/` and `json/` it is a file, because there one file is the border to the system or
/// to the buffer and the others are not; `lua/` is one row. What a file uses of its own folder is not listed.
const LAYERS: &[(&str, &[&str])] = &[
    ("answer", &["limits"]),
    ("base64", &["buffer"]),
    ("buffer", &["sys"]),
    ("dns", &["buffer", "bytes", "env", "limits", "sys"]),
    ("env", &["bytes", "sys"]),
    ("http/chunked", &["bytes", "limits"]),
    ("http/connection", &["buffer", "bytes", "dns", "limits", "sys"]),
    ("http/request", &["buffer", "bytes"]),
    ("http/response", &["bytes", "limits"]),
    // A transport for tests.
    ("http/script", &["sys"]),
    ("interpreter", &["buffer", "env"]),
    ("json/mod", &["limits"]),
    ("json/scan", &["limits", "wide"]),
    ("json/text", &["wide"]),
    ("json/write", &["buffer", "wide"]),
    ("lines", &["buffer", "bytes", "interpreter", "limits"]),
    ("log", &["buffer", "bytes", "calendar", "env", "interpreter", "json", "limits", "sys"]),
    ("lua", &["answer", "base64", "buffer", "bytes", "calendar", "env", "interpreter", "json", "limits", "lines", "report", "sys"]),
    ("main", &["lua", "start"]),
    ("report", &["buffer", "bytes", "interpreter", "json", "limits"]),
    ("runtime", &["buffer", "bytes", "env", "http", "interpreter", "limits", "log", "runtime_api", "sys", "workers"]),
    ("runtime_api", &["base64", "buffer", "bytes", "env", "http", "interpreter", "json", "limits", "log"]),
    ("start", &["bytes", "env", "http", "interpreter", "log", "runtime", "runtime_api", "sys"]),
    ("workers", &["bytes", "interpreter", "log", "sys"]),
];

/// The two rules that carry the design: what may never appear in the table, whoever changes it.
const NEVER: &[(&str, &[&str])] = &[
    ("lua", &["http", "runtime", "runtime_api", "log", "start", "workers"]),
    ("http/", &["lua", "json", "interpreter", "runtime", "runtime_api", "log", "env"]),
    ("json/", &["lua", "http", "sys", "interpreter", "env", "log", "runtime", "runtime_api"]),
    ("runtime", &["lua"]),
    ("runtime_api", &["lua"]),
    ("interpreter", &["lua", "http", "runtime_api", "sys"]),
    ("report", &["lua", "http", "runtime_api", "sys"]),
    ("lines", &["lua", "http", "runtime_api", "sys"]),
    ("start", &["lua"]),
    ("workers", &["lua", "http"]),
    ("sys", &["buffer", "lua", "http"]),
];

/// Where unsafe code may stand.
const UNSAFE: [&str; 5] = ["main", "sys", "buffer", "wide", "lua"];

const LINE_CHARACTERS_MAX: usize = 140;

/// The files of `src/`: name without `.rs` (`http/chunked`), text.
fn sources() -> Vec<(String, String)> {
    let root = workspace().join("src");
    files_below(&root, "rs")
        .into_iter()
        .map(|path| (name_of(&root, &path), std::fs::read_to_string(path).expect("a source file")))
        .collect()
}

fn name_of(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).expect("a file below it").with_extension("").to_string_lossy().into_owned()
}

/// The code without comments, up to the unit tests at the file's end.
fn code_of(text: &str) -> String {
    let lines = text.lines().take_while(|line| *line != "#[cfg(test)]");
    lines.map(|line| without_comment(line).to_owned() + "\n").collect()
}

/// The line up to a comment. A `//` in a string is none.
fn without_comment(line: &str) -> &str {
    let mut in_string = false;
    let mut is_escaped = false;
    let bytes = line.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            // A quote as a character or byte literal begins no string.
            b'"' if in_string || !(at > 0 && bytes[at - 1] == b'\'' && bytes.get(at + 1) == Some(&b'\'')) => in_string = !in_string,
            b'/' if !in_string && bytes.get(at + 1) == Some(&b'/') => return &line[..at],
            _ => {}
        }
    }
    line
}

/// The row of the table that a file belongs to.
fn row_of(name: &str) -> &str {
    if name.starts_with("lua/") { "lua" } else { name }
}

/// The modules that a file uses: whatever follows `crate::` (in the binary `coldmoon::`), alone or in braces.
fn uses_of(name: &str, text: &str) -> BTreeSet<String> {
    let code = code_of(text);
    let mut uses = BTreeSet::new();
    for prefix in ["crate::", "coldmoon::"] {
        for (at, _) in code.match_indices(prefix) {
            if code[..at].ends_with(|character: char| character.is_alphanumeric() || character == '_') {
                continue;
            }
            let rest = &code[at + prefix.len()..];
            let names: Vec<&str> = match rest.strip_prefix('{') {
                Some(group) => group.split('}').next().unwrap_or_default().split(',').map(str::trim).collect(),
                None => vec![rest],
            };
            for used in names {
                let end = used.find(|character: char| !(character.is_alphanumeric() || character == '_')).unwrap_or(used.len());
                uses.insert(used[..end].to_owned());
            }
        }
    }
    // Its own folder.
    uses.remove(name.split('/').next().unwrap_or_default());
    uses.remove("");
    uses
}

/// The differences between the table and what the files use.
fn check_layers(sources: &[(String, String)], table: &[(&str, &[&str])]) -> Vec<String> {
    let mut used: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (name, text) in sources {
        used.entry(row_of(name)).or_default().extend(uses_of(name, text));
    }
    let mut problems = Vec::new();
    for (row, uses) in &used {
        let allowed = table.iter().find(|(name, _)| name == row).map_or(&[][..], |(_, uses)| *uses);
        for one in uses.iter().filter(|one| !allowed.contains(&one.as_str())) {
            problems.push(format!("{row} uses {one}, which the table does not allow"));
        }
    }
    for (row, allowed) in table {
        match used.get(row) {
            None => problems.push(format!("the table has a row for {row}, and there is no such file")),
            Some(uses) => {
                for one in allowed.iter().filter(|one| !uses.contains(**one)) {
                    problems.push(format!("{row} may use {one} and does not"));
                }
            }
        }
    }
    problems
}

fn check_unsafe(name: &str, text: &str) -> Vec<String> {
    if UNSAFE.contains(&row_of(name)) {
        return Vec::new();
    }
    // Unit tests too.
    let code = text.lines().map(without_comment).enumerate();
    code.filter(|(_, line)| has_word(line, "unsafe")).map(|(at, _)| format!("{name}:{}: unsafe code", at + 1)).collect()
}

fn has_word(line: &str, word: &str) -> bool {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    line.match_indices(word).any(|(at, _)| !line[..at].ends_with(is_part) && !line[at + word.len()..].starts_with(is_part))
}

fn check_head(name: &str, text: &str) -> Vec<String> {
    let lines = text.lines().take_while(|line| line.starts_with("//!")).filter(|line| line.trim_end().len() > 3).count();
    // The binary and the crate's root are shown by their docs too; all others are modules.
    if lines >= 2 || (name == "main" && lines == 1) { Vec::new() } else { vec![format!("{name}: a head of {lines} lines")] }
}

fn check_lines(name: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let mut is_test = false;
    for (at, line) in text.lines().enumerate() {
        // In unit tests a line may be longer: data is not broken for its length.
        is_test |= line == "#[cfg(test)]";
        let characters = line.chars().count();
        if characters > LINE_CHARACTERS_MAX && !is_test {
            problems.push(format!("{name}:{}: {characters} characters", at + 1));
        }
        if line.contains('\t') || line.ends_with(' ') {
            problems.push(format!("{name}:{}: a tab, or white space at the end", at + 1));
        }
    }
    problems
}

fn check_unwrap(name: &str, text: &str) -> Vec<String> {
    let code = code_of(text);
    let lines = code.lines().enumerate().filter(|(_, line)| line.contains(".unwrap()"));
    lines.map(|(at, _)| format!("{name}:{}: unwrap()", at + 1)).collect()
}

fn check_all(check: fn(&str, &str) -> Vec<String>) {
    let problems: Vec<String> = sources().iter().flat_map(|(name, text)| check(name, text)).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn every_module_uses_exactly_what_the_table_says() {
    let problems = check_layers(&sources(), LAYERS);
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn the_protocol_never_sees_lua_and_lua_never_sees_http() {
    for (row, uses) in LAYERS {
        for (forbidden_row, forbidden) in NEVER {
            if row == forbidden_row || (forbidden_row.ends_with('/') && row.starts_with(forbidden_row)) {
                let found: Vec<_> = uses.iter().filter(|one| forbidden.contains(one)).collect();
                assert!(found.is_empty(), "{row} may never use {found:?}");
            }
        }
    }
}

#[test]
fn unsafe_code_stands_where_it_may() {
    check_all(check_unsafe);
}

#[test]
fn every_file_opens_with_a_head() {
    check_all(check_head);
}

#[test]
fn lines_are_short_and_clean() {
    check_all(check_lines);
}

#[test]
fn nothing_is_unwrapped_outside_of_tests() {
    check_all(check_unwrap);
}

#[test]
fn every_lua_module_opens_with_a_comment() {
    for path in files_below(&workspace().join("lua"), "lua") {
        let text = std::fs::read_to_string(&path).expect("a file");
        assert!(text.starts_with("--"), "{} does not say what it is", path.display());
    }
}

#[test]
fn every_behaviour_says_what_it_shows() {
    let files = files_below(&workspace().join("tests/handlers"), "lua");
    assert!(!files.is_empty());
    for path in files {
        let text = std::fs::read_to_string(&path).expect("a file");
        if let Err(problem) = coldmoon_tests::behaviour::Behaviour::parse(&path.display().to_string(), &text) {
            panic!("{problem}");
        }
    }
}

#[test]
fn the_core_without_lua_needs_no_luajit() {
    let tree = |options: &[&str]| {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = std::process::Command::new(cargo);
        command.args(["tree", "--offline", "--prefix=none", "--edges=normal,build"]).args(options).current_dir(workspace());
        let output = command.output().expect("cargo runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("names are UTF-8")
    };
    assert!(tree(&["-p", "coldmoon"]).contains("luajit-src"), "the check finds it where it is");
    for options in [&["-p", "coldmoon", "--no-default-features"][..], &["-p", "coldmoon-quickjs"]] {
        let tree = tree(options);
        assert!(!tree.contains("luajit"), "{options:?} builds LuaJIT:\n{tree}");
    }
}

/// Lines of Rust in the example's `src`: all but comments and empty lines. `build.rs`, which is not in the program, is not counted.
const EXAMPLE_LINES_MAX: usize = 600;

#[test]
fn the_example_of_another_language_is_small_and_clean() {
    let folder = workspace().join("examples/quickjs");
    let build_script = folder.join("build.rs");
    let mut files = files_below(&folder.join("src"), "rs");
    files.push(build_script.clone());
    let mut lines = 0;
    for path in files {
        let (name, text) = (path.display().to_string(), std::fs::read_to_string(&path).expect("a source file"));
        let is_code = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with("//");
        if path != build_script {
            lines += text.lines().filter(is_code).count();
        }
        let mut problems = [check_lines(&name, &text), check_unwrap(&name, &text)].concat();
        // All that the runtime has of it is in one file.
        if !name.ends_with("engine.rs") && !name.ends_with("build.rs") {
            problems.extend(text.lines().filter(|line| has_word(without_comment(line), "unsafe {")).map(|line| format!("{name}: {line}")));
        }
        assert!(problems.is_empty(), "{}", problems.join("\n"));
    }
    assert!(lines <= EXAMPLE_LINES_MAX, "{lines} lines, {EXAMPLE_LINES_MAX} are allowed");
}

/// Every link `[text](path#name)` of a guide: the file is there, and so is what it names, as a function, type, constant, variable or heading.
fn check_links(folder: &Path, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    for (at, _) in text.match_indices("](") {
        let target = text[at + 2..].split(')').next().unwrap_or_default();
        if target.starts_with("http") {
            continue;
        }
        let (path, name) = target.split_once('#').unwrap_or((target, ""));
        match std::fs::read_to_string(folder.join(path)) {
            Err(error) if !folder.join(path).is_dir() => problems.push(format!("{target}: {error}")),
            Ok(file) if !name.is_empty() => {
                const KINDS: [&str; 11] =
                    ["fn ", "struct ", "enum ", "trait ", "const ", "static ", "mod ", "type ", "class ", "macro_rules! ", "impl "];
                let is_there = |line: &str| KINDS.iter().any(|kind| has_word(line, name) && line.contains(&format!("{kind}{name}")));
                let is_heading = |line: &str| line.strip_prefix('#').is_some_and(|title| anchor(title) == name);
                let is_named = if path.ends_with(".md") { file.lines().any(is_heading) } else { file.lines().any(is_there) };
                if !is_named {
                    problems.push(format!("{target}: {path} defines no {name}"));
                }
            }
            _ => {}
        }
    }
    problems
}

/// How a page names a heading: small letters, words joined by hyphens, no other signs.
fn anchor(heading: &str) -> String {
    let title = heading.trim_start_matches('#').trim().to_lowercase();
    title.chars().filter(|sign| sign.is_alphanumeric() || " -_".contains(*sign)).map(|sign| if sign == ' ' { '-' } else { sign }).collect()
}

#[test]
fn the_pages_point_at_what_is_there() {
    let mut pages = vec![workspace().join("README.md")];
    let docs = std::fs::read_dir(workspace().join("docs")).expect("docs/");
    pages.extend(docs.map(|entry| entry.expect("an entry").path()).filter(|path| path.extension().is_some_and(|kind| kind == "md")));
    for page in pages {
        let text = std::fs::read_to_string(&page).expect("a page");
        let problems = check_links(page.parent().expect("a file has a folder"), &text);
        assert!(problems.is_empty(), "{}: {}", page.display(), problems.join("\n"));
        assert!(!page.ends_with("porting.md") || text.matches("](").count() > 20, "the guide has links");
    }
}

// ---- the checker itself ----

#[test]
fn the_checker_of_links_refuses_what_is_not_there() {
    let folder = workspace().join("docs");
    for (text, is_good) in [
        ("[a](../src/start.rs)", true),
        ("[a](../src/start.rs#run)", true),
        ("[a](../src)", true),
        ("[a](https://example.com)", true),
        ("[a](../src/stop.rs)", false),
        ("[a](../src/start.rs#walk)", false),
        ("[a](../src/start.rs#ru)", false),
        ("[a](serve.md#serving-on-your-machine)", true),
        ("[a](serve.md#serving)", false),
    ] {
        assert_eq!(check_links(&folder, text).is_empty(), is_good, "{text}");
    }
}

fn sources_of(files: &[(&str, &str)]) -> Vec<(String, String)> {
    files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

#[test]
fn the_checker_sees_every_form_of_use() {
    for (text, uses) in [
        ("use crate::sys;\n", "sys"),
        ("use crate::sys::{self, Errno};\n", "sys"),
        ("use crate::{buffer::Buffer, limits, sys};\n", "buffer limits sys"),
        ("fn f() -> crate::buffer::Overflow { crate::limits::X }\n", "buffer limits"),
        ("pub(crate) use crate::http::connection::Error;\n", "http"),
        ("use coldmoon::runtime;\n", "runtime"),
        ("// use crate::sys;\n//! [`crate::sys`]\n", ""),
        ("let text = \"//\"; crate::sys::now();\n", "sys"),
        ("use crate::json::number;\n", ""),
        ("use super::text;\nuse core::ptr;\n", ""),
        ("use crate::env;\n#[cfg(test)]\nmod tests { use crate::sys; }\n", "env"),
        ("use my_crate::sys;\n", ""),
    ] {
        let found: Vec<String> = uses_of("json/scan", text).into_iter().collect();
        assert_eq!(found.join(" "), uses, "{text}");
    }
}

#[test]
fn the_checker_refuses_an_unlisted_use_and_an_unused_permission() {
    let files =
        sources_of(&[("http/chunked", "use crate::lua::Lua;\n"), ("lua/vm", "use crate::json;\n"), ("lua/encode", "use crate::buffer;\n")]);
    let table: &[(&str, &[&str])] = &[("http/chunked", &["limits"]), ("lua", &["buffer", "json"]), ("gone", &["sys"])];
    assert_eq!(
        check_layers(&files, table),
        [
            "http/chunked uses lua, which the table does not allow",
            "http/chunked may use limits and does not",
            "the table has a row for gone, and there is no such file",
        ]
    );
}

#[test]
fn the_checker_refuses_bad_samples_and_takes_good_ones() {
    type Check = fn(&str, &str) -> Vec<String>;
    let samples: [(Check, &str, &str, bool); 14] = [
        (check_unsafe, "http/chunked", "fn f() { unsafe { g() } }\n", false),
        (check_unsafe, "http/chunked", "// unsafe is not used here\n#![forbid(unsafe_code)]\n", true),
        (check_unsafe, "http/chunked", "#[cfg(test)]\nmod tests { unsafe fn f() {} }\n", false),
        (check_unsafe, "lua/vm", "unsafe fn f() {}\n", true),
        (check_head, "env", "use crate::sys;\n", false),
        (check_head, "env", "//! One line.\n\nuse crate::sys;\n", false),
        (check_head, "env", "//! One line,\n//! another.\n", true),
        (check_lines, "env", &"x".repeat(140), true),
        (check_lines, "env", &"é".repeat(141), false),
        (check_lines, "env", "let a = 1; \n", false),
        (check_lines, "env", "\tlet a = 1;\n", false),
        (check_unwrap, "env", "let a = b.unwrap();\n", false),
        (check_unwrap, "env", "let a = b.unwrap_or(1); // .unwrap()\n", true),
        (check_unwrap, "env", "let a = 1;\n#[cfg(test)]\nmod tests { fn f() { a.unwrap() } }\n", true),
    ];
    for (check, name, text, is_good) in samples {
        assert_eq!(check(name, text).is_empty(), is_good, "{name}: {text}");
    }
}
