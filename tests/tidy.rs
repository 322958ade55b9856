//! The style that a test can enforce, and tests of this checker.
//!
//! - Who may use whom in `src/`: the table below lists exactly what is used. Another use fails, and so does a permission that nobody needs.
//! - Unsafe code in `main`, `sys`, `buffer`, `wide` and `lua/` only.
//! - Every file opens with a `//!` head of at least two lines; every Lua module of the runtime with a comment.
//! - No line over 140 characters, no tab, no white space at a line's end, no `unwrap()` outside of tests.
//!
//! That every `unsafe` block has its SAFETY comment is for clippy (`undocumented_unsafe_blocks`).

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use coldmoon_tests::workspace;

/// Who uses whom. A row is a module of `src/`; in `http/` and `json/` it is a file, because there one file is the border to the system or
/// to the buffer and the others are not; `lua/` is one row. What a file uses of its own folder is not listed.
const LAYERS: &[(&str, &[&str])] = &[
    ("answer", &["limits"]),
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
    ("log", &["buffer", "env", "interpreter", "json", "limits", "sys"]),
    ("lua", &["answer", "buffer", "bytes", "env", "interpreter", "json", "limits", "lines", "report", "sys"]),
    ("main", &["lua", "start"]),
    ("report", &["buffer", "bytes", "interpreter", "json", "limits"]),
    ("runtime", &["buffer", "bytes", "env", "http", "interpreter", "limits", "log", "runtime_api", "sys", "workers"]),
    ("runtime_api", &["buffer", "bytes", "env", "http", "interpreter", "limits", "log"]),
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
    let mut files = Vec::new();
    find_files(&root, "rs", &mut files);
    files.into_iter().map(|path| (name_of(&root, &path), std::fs::read_to_string(path).expect("a source file"))).collect()
}

fn name_of(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).expect("a file below it").with_extension("").to_string_lossy().into_owned()
}

fn find_files(folder: &Path, extension: &str, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut entries: Vec<PathBuf> = entries.map(|entry| entry.expect("a folder can be read").path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            find_files(&path, extension, files);
        } else if path.extension().is_some_and(|found| found == extension) {
            files.push(path);
        }
    }
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
    let mut files = Vec::new();
    find_files(&workspace().join("lua"), "lua", &mut files);
    for path in files {
        let text = std::fs::read_to_string(&path).expect("a file");
        assert!(text.starts_with("--"), "{} does not say what it is", path.display());
    }
}

#[test]
fn every_behaviour_says_what_it_shows() {
    let mut files = Vec::new();
    find_files(&workspace().join("tests/handlers"), "lua", &mut files);
    assert!(!files.is_empty());
    for path in files {
        let text = std::fs::read_to_string(&path).expect("a file");
        if let Err(problem) = coldmoon_tests::behaviour::Behaviour::parse(&path.display().to_string(), &text) {
            panic!("{problem}");
        }
    }
}

// ---- the checker itself ----

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
