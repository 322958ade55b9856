//! The binary `bootstrap`: wires the parts and ends with what [`runtime::run`] decides.
#![no_std]
#![no_main]

use coldmoon::bytes::Decimal;
use coldmoon::env::Env;
use coldmoon::http::connection::{Connection, Socket};
use coldmoon::interpreter::Level;
use coldmoon::log::Log;
use coldmoon::lua::{Lua, Place};
use coldmoon::runtime;
use coldmoon::runtime_api::{Endpoint, RuntimeApi};
use coldmoon::sys;
use core::ffi::{c_char, c_int};

/// The one Lua state of the process.
#[unsafe(link_section = ".bss.first.place")]
static mut PLACE: Place = Place::uninit();

/// What the C library calls. There are no arguments: everything is in the environment.
#[unsafe(no_mangle)]
extern "C" fn main(_argc: c_int, _argv: *const *const c_char) -> c_int {
    sys::ignore_broken_pipes();
    sys::explain_faults();
    sys::raise_stack_limit();
    let env = Env::read();
    let mut log = Log::new(&env);
    let Some(address) = env.runtime_api else {
        return refuse(
            &mut log,
            &[b"AWS_LAMBDA_RUNTIME_API is not set: this program is started by AWS Lambda; to try a function here, use `coldmoon invoke`"],
        );
    };
    let endpoint = Endpoint::parse(address);
    let Some((endpoint, socket, second)) =
        endpoint.and_then(|endpoint| Some((endpoint, Socket::new(endpoint.authority)?, Socket::new(endpoint.authority)?)))
    else {
        return refuse(&mut log, &[b"AWS_LAMBDA_RUNTIME_API is not of the form host:port: ", address]);
    };
    let mut parking = Connection::new(second);
    let place = &raw mut PLACE;
    // SAFETY: this is the only mention of PLACE, and `main` runs once.
    let place = unsafe { &mut *place };
    let (Ok(mut api), Some(mut lua)) = (RuntimeApi::new(socket, endpoint, env.task_root()), Lua::open(place, &env)) else {
        return refuse(&mut log, &[b"not enough memory to start"]);
    };
    let code = runtime::run(&env, &mut api, &mut parking, &mut lua, &mut log);
    // Files that the function has left open are written out.
    sys::exit(code)
}

fn refuse(log: &mut Log, message: &[&[u8]]) -> c_int {
    log.write_message(Level::Fatal, None, message);
    1
}

/// A bug of the runtime: says where, ends the process.
#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    let (file, line) = info.location().map_or(("?", 0), |location| (location.file(), location.line()));
    let mut number = Decimal::new();
    for part in [b"coldmoon: bug at ", file.as_bytes(), b":", number.format(i64::from(line)), b"\n"] {
        sys::write_all(2, part);
    }
    sys::abort()
}

/// The precompiled `core` names it; nothing ever unwinds here, both profiles abort.
#[cfg(not(target_env = "musl"))]
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}
