//! coldmoon runs Lua functions on AWS Lambda.
//!
//! Read it in the order in which it runs: `main.rs` wires the parts, [`runtime::run`] is the loop, [`runtime_api`] speaks the Lambda
//! Runtime API over [`http`], [`lua`] turns an event into a call of the handler and its result into a response. [`interpreter`] is the
//! border between the two halves: the protocol side never sees Lua, the Lua side never sees HTTP (`tests/tidy.rs` enforces it).
#![cfg_attr(not(test), no_std)]

pub mod buffer;
#[forbid(unsafe_code)]
pub mod bytes;
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
pub mod log;
#[cfg(feature = "lua")]
pub mod lua;
#[forbid(unsafe_code)]
pub mod runtime;
#[forbid(unsafe_code)]
pub mod runtime_api;
pub mod sys;
pub mod wide;
#[forbid(unsafe_code)]
pub mod workers;
