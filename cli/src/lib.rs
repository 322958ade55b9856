//! coldmoon on a developer's machine.
//!
//! - [`runtime_api`]: a local Lambda Runtime API with the state machine of the real one. It lives in the process that
//!   uses it: the tool `coldmoon`, the tests of the runtime, the benchmarks.
//! - [`function`]: starts the real `bootstrap` as the platform would, against such an API.
//! - [`architecture`]: the processors that Lambda has.
//! - [`bundle`]: what of a function's folder goes into its zip; [`requires`]: the modules that a file asks for; [`compile`]: bytecode.
//! - [`layer`]: the zip that carries it to Lambda.
//! - [`report`]: what a person reads of an invocation: Lambda's report line, an error with its source.
//! - [`sample`]: sample events of every kind of source.
//! - [`service`]: HTTP requests and the Invoke API in front of a function, as `coldmoon serve` has them.
//! - [`tree`]: what of a LuaRocks tree goes into a layer.
//!
//! Nothing here is in the layer. The interface is blocking: a caller needs no async runtime.

#![warn(clippy::print_stderr, clippy::print_stdout)]

pub mod architecture;
pub mod bundle;
pub mod compile;
pub mod function;
pub mod layer;
pub mod report;
pub mod requires;
pub mod runtime_api;
pub mod sample;
pub mod service;
pub mod tree;

use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, also after a panic elsewhere: every change of what is locked here is complete before anything can panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes lines to stderr, where a person reads them. Where that fails, because the disk is full or the reader has gone, nobody does:
/// what was begun goes on. (`eprintln!` would end the program there, and leave the function's process behind.)
pub fn say(lines: &str) {
    if !lines.is_empty() {
        writeln!(io::stderr(), "{lines}").ok();
    }
}
