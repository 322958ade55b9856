//! coldmoon runs Lua functions on AWS Lambda; without its feature `lua` it is the core of a runtime for any other language.
//!
//! Read it in the order in which it runs: [`start::run`] wires the parts, [`runtime::run`] is the loop, [`runtime_api`] speaks the Lambda
//! Runtime API over [`http`], `lua` turns an event into a call of the handler and its result into a response. [`interpreter`] is the
//! border between the two halves: the protocol side never sees the language, the language never sees HTTP (`tests/tidy.rs` enforces it).
//!
//! | a runtime for another language | |
//! | --- | --- |
//! | implements | [`interpreter::Interpreter`] |
//! | is started by | [`start::run`], and ends at [`start::report_bug`] if it panics |
//! | reads events with | [`json::scan`], a [`json::Sink`] for its values |
//! | writes results with | [`json::write_string`] and its siblings, into a [`buffer::Buffer`] |
//! | reports errors with | [`report::Report`] |
//! | hands on output with | [`lines::Lines`], [`interpreter::Host`] |
//! | streams with | [`interpreter::Host::write_stream`], [`answer`] |
//!
//! `docs/porting.md` is the guide, `examples/quickjs` the example: JavaScript. Needed are only `core` and a C library; there is one thread.
#![cfg_attr(not(test), no_std)]

#[forbid(unsafe_code)]
pub mod answer;
#[forbid(unsafe_code)]
pub mod base64;
pub mod buffer;
#[forbid(unsafe_code)]
pub mod bytes;
#[forbid(unsafe_code)]
mod calendar;
#[forbid(unsafe_code)]
mod dns;
#[forbid(unsafe_code)]
pub mod env;
#[forbid(unsafe_code)]
pub mod http;
#[forbid(unsafe_code)]
pub mod interpreter;
#[forbid(unsafe_code)]
pub mod json;
#[forbid(unsafe_code)]
pub mod limits;
#[forbid(unsafe_code)]
pub mod lines;
#[forbid(unsafe_code)]
pub mod log;
#[cfg(feature = "lua")]
pub mod lua;
#[forbid(unsafe_code)]
pub mod report;
#[forbid(unsafe_code)]
pub mod runtime;
#[forbid(unsafe_code)]
pub mod runtime_api;
#[forbid(unsafe_code)]
pub mod start;
pub mod sys;
pub mod wide;
#[forbid(unsafe_code)]
pub mod workers;
