//! A Lambda runtime for JavaScript: coldmoon's core with QuickJS in Lua's place. It is the running example of `docs/porting.md`.
//!
//! | file | what an interpreter has to offer |
//! | --- | --- |
//! | `engine` | the interpreter in safe words: values, calls both ways, the job queue, modules |
//! | `handler` | load and call, errors, context: the core's trait `Interpreter` |
//! | `json` | decode sink and encode source |
//! | `prelude.js` | what is said better in JavaScript: `console`, `process`, `awslambda`, streams, hooks |
//!
//! Bound: 600 lines of Rust in this folder, comments and empty lines not counted (`tests/tidy.rs`).
//!
//! What it is not: Node. There are no timers, no network, no files, no `require`; what is JavaScript itself is there, with ES modules.
#![no_std]
#![no_main]

mod engine;
mod handler;
mod json;

use core::ffi::{c_char, c_int};

/// What the C library calls. There are no arguments: everything is in the environment.
#[unsafe(no_mangle)]
extern "C" fn main(_argc: c_int, _argv: *const *const c_char) -> c_int {
    coldmoon::start::run(b"NODE_PATH", handler::JavaScript::open)
}

/// A bug of the runtime.
#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    coldmoon::start::report_bug(info)
}

/// The precompiled `core` names it; nothing ever unwinds here.
#[cfg(not(target_env = "musl"))]
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}
