//! What the tests of the real binary share.
//!
//! | module | job |
//! | --- | --- |
//! | [`process`] | starts `bootstrap` with chosen files and environment; its output, end, processor time and memory |
//! | [`server`] | a Runtime API that does, byte for byte, what a test says, and records what it was sent |
//! | [`wire`] | requests taken apart, replies put together |
//! | [`elf`] | what a binary asks of its machine |
//! | [`language`] | the functions that the tests of the core run, in the language of the binary under test |
//! | [`literals`] | the string literals of a source file |
//! | [`behaviour`] | the expectation in the head comment of a `handlers/*.lua`, and its check |
//!
//! Where a test needs the real state machine instead of a script, it takes `coldmoon_cli::runtime_api`.

pub mod behaviour;
pub mod elf;
pub mod language;
pub mod literals;
pub mod process;
pub mod server;
pub mod wire;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// How long anything may take before a test fails. It is never reached by a runtime that works, however busy the machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The root of the workspace.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the workspace").to_owned()
}

/// The files below a folder whose names end in `.EXTENSION`, in order; none where there is no such folder.
pub fn files_below(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return files };
    let mut entries: Vec<PathBuf> = entries.map(|entry| entry.expect("a folder can be read").path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files.extend(files_below(&path, extension));
        } else if path.extension().is_some_and(|found| found == extension) {
            files.push(path);
        }
    }
    files
}

/// The folder that cargo builds into.
pub fn target_folder() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR").filter(|folder| !folder.is_empty()) {
        Some(folder) => workspace().join(folder),
        None => workspace().join("target"),
    }
}

/// The binary under test: `COLDMOON_BOOTSTRAP`, else the debug build of this workspace, which has LuaJIT's assertions on.
pub fn bootstrap() -> PathBuf {
    let path = match std::env::var_os("COLDMOON_BOOTSTRAP").filter(|path| !path.is_empty()) {
        Some(path) => workspace().join(path),
        None => target_folder().join("debug/bootstrap"),
    };
    assert!(
        path.is_file(),
        "there is no {}: build it with `cargo build -p coldmoon`, or name another one in COLDMOON_BOOTSTRAP",
        path.display()
    );
    path
}

/// What runs the binary under test where it is for another architecture: the words of `COLDMOON_RUNNER`, usually none.
/// `qemu-aarch64-static -s 125829120` gives it the stack that `sys::raise_stack_limit` asks for, which qemu itself does not grant.
pub fn runner() -> Vec<OsString> {
    std::env::var("COLDMOON_RUNNER").unwrap_or_default().split_whitespace().map(OsString::from).collect()
}

/// The command that starts the binary under test.
pub fn bootstrap_command() -> Command {
    let mut words = runner().into_iter().chain([bootstrap().into_os_string()]);
    let mut command = Command::new(words.next().expect("the binary is the last word"));
    command.args(words);
    command
}

/// The test data that the project does not own; `None` with a line of output where it is absent.
pub fn test_data(part: &str) -> Option<PathBuf> {
    let root = std::env::var_os("COLDMOON_TEST_DATA").filter(|folder| !folder.is_empty()).unwrap_or_else(|| "../shared/data".into());
    let folder = workspace().join(root).join(part);
    if folder.is_dir() {
        return Some(folder);
    }
    skip(&format!("there is no {} (COLDMOON_TEST_DATA names the folder of the test data)", folder.display()));
    None
}

/// Says on the terminal that something was not tested, and why: past the harness, which hides what a passing test prints.
pub fn skip(why: &str) {
    tell(&format!("skipped: {}, because {why}", std::thread::current().name().unwrap_or("a test")));
}

/// Prints a line on the terminal, also from a test that passes.
pub fn tell(line: &str) {
    use std::io::Write;
    // `eprintln!` is what the harness captures; stderr itself is not. Where it is closed nobody reads.
    writeln!(std::io::stderr(), "{line}").ok();
}

/// Asks until the answer is yes, or fails with `report`.
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool, report: impl FnOnce() -> String) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}: not within {PATIENCE:?}\n{}", report());
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Whether `text` is `pattern`, where `…` stands for anything, also for nothing.
pub fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ellipsis_stands_for_anything() {
        for (pattern, text, is_match) in [
            ("abc", "abc", true),
            ("abc", "abcd", false),
            ("…", "", true),
            ("a…", "abc", true),
            ("…c", "abc", true),
            ("a…c", "abc", true),
            ("a…b", "abc", false),
            ("a…b…c", "a-b-b-c", true),
            ("a…x…c", "abc", false),
            ("ab…bc", "abc", false),
            ("…b…", "abc", true),
        ] {
            assert_eq!(matches(pattern, text), is_match, "{pattern} {text}");
        }
    }
}
