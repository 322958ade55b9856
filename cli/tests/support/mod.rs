//! What the tests of this package share: [`wire`], a runtime on raw sockets, and the path of one that is a process.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::path::PathBuf;

pub mod wire;

/// The example `scripted_runtime`, which cargo builds for the tests of this package.
pub fn scripted_runtime() -> PathBuf {
    let path = PathBuf::from(env!("CARGO_BIN_EXE_coldmoon")).with_file_name("examples").join("scripted_runtime");
    assert!(path.is_file(), "{} is missing: run all tests of the package, or build it with cargo build --examples", path.display());
    path
}
