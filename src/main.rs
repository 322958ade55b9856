//! The binary `bootstrap`: the core with LuaJIT as its interpreter.
#![no_std]
#![no_main]

use coldmoon::lua::{Lua, Place};
use coldmoon::start;
use core::ffi::{c_char, c_int};

/// The one Lua state of the process.
#[unsafe(link_section = ".bss.first.place")]
static mut PLACE: Place = Place::uninit();

/// What the C library calls. There are no arguments: everything is in the environment.
#[unsafe(no_mangle)]
extern "C" fn main(_argc: c_int, _argv: *const *const c_char) -> c_int {
    start::run(b"LUA_PATH", |env| {
        let place = &raw mut PLACE;
        // SAFETY: this is the only mention of PLACE, and `main` runs once.
        Lua::open(unsafe { &mut *place }, env)
    })
}

/// A bug of the runtime.
#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    start::report_bug(info)
}

/// The precompiled `core` names it; nothing ever unwinds here, both profiles abort.
#[cfg(not(target_env = "musl"))]
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}
