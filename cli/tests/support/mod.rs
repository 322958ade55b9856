//! What the tests of this package share: [`wire`], a runtime on raw sockets; the path of one that is a process; [`served`], the
//! tool's server with the real runtime; [`browser`], a browser that looks at it.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::path::{Path, PathBuf};
use std::process::Command;

pub mod browser;
pub mod served;
pub mod wire;

/// The example `scripted_runtime`, which cargo builds for the tests of this package.
pub fn scripted_runtime() -> PathBuf {
    let path = PathBuf::from(env!("CARGO_BIN_EXE_coldmoon")).with_file_name("examples").join("scripted_runtime");
    assert!(path.is_file(), "{} is missing: run all tests of the package, or build it with cargo build --examples", path.display());
    path
}

/// The folder that cargo builds into.
pub fn target_folder() -> PathBuf {
    let tool = PathBuf::from(env!("CARGO_BIN_EXE_coldmoon"));
    tool.parent().and_then(|profile| profile.parent()).expect("it lies in target/debug").to_owned()
}

/// Copies a program, by another process: while this one has the copy open for writing, what another test starts may inherit that, and the
/// copy cannot be executed ("text file busy").
pub fn copy_program(from: &Path, to: &Path) {
    let status = Command::new("cp").arg(from).arg(to).status().expect("cp is there");
    assert!(status.success(), "{} cannot be copied to {}", from.display(), to.display());
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
