//! What every `bootstrap` does before and around its interpreter: signals, environment, log, connections, the loop.
//!
//! A binary calls [`run`] from its `main`, and [`report_bug`] from its panic handler: a library can define neither.
//!
//! ```ignore
//! #[unsafe(no_mangle)]
//! extern "C" fn main(_argc: c_int, _argv: *const *const c_char) -> c_int {
//!     start::run(b"NODE_PATH", |env| JavaScript::open(env))
//! }
//!
//! #[panic_handler]
//! fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
//!     start::report_bug(info)
//! }
//! ```

use crate::bytes::Decimal;
use crate::env::Env;
use crate::http::connection::{Connection, Socket};
use crate::interpreter::{Interpreter, Level};
use crate::log::Log;
use crate::runtime;
use crate::runtime_api::{Endpoint, RuntimeApi};
use crate::sys;

/// Answers events with the interpreter that `open` makes until the process has to end, and ends it. `search_path` is the variable with the
/// folders in which the language looks for modules. `open` gives `None` if memory does not suffice.
#[inline(always)] // There is one call, in `main`.
pub fn run<I: Interpreter>(search_path: &[u8], open: impl FnOnce(&Env) -> Option<I>) -> ! {
    sys::ignore_broken_pipes();
    sys::explain_faults();
    sys::raise_stack_limit();
    let env = Env::read(search_path);
    let mut log = Log::new(&env);
    let Some(address) = env.runtime_api else {
        refuse(
            &mut log,
            &[b"AWS_LAMBDA_RUNTIME_API is not set: this program is started by AWS Lambda; to try a function here, use `coldmoon invoke`"],
        );
    };
    let endpoint = Endpoint::parse(address);
    let Some((endpoint, socket, second)) =
        endpoint.and_then(|endpoint| Some((endpoint, Socket::new(endpoint.authority)?, Socket::new(endpoint.authority)?)))
    else {
        refuse(&mut log, &[b"AWS_LAMBDA_RUNTIME_API is not of the form host:port: ", address]);
    };
    let mut parking = Connection::new(second);
    let (Ok(mut api), Some(mut interpreter)) = (RuntimeApi::new(socket, endpoint, env.task_root()), open(&env)) else {
        refuse(&mut log, &[b"not enough memory to start"]);
    };
    let code = runtime::run(&env, &mut api, &mut parking, &mut interpreter, &mut log);
    // Files that the function has left open are written out.
    sys::exit(code)
}

/// Says why nothing can begin, and ends the process.
fn refuse(log: &mut Log, message: &[&[u8]]) -> ! {
    log.write_message(Level::Fatal, None, message);
    sys::exit(1)
}

/// A bug of the runtime: says where, ends the process.
pub fn report_bug(info: &core::panic::PanicInfo<'_>) -> ! {
    let (file, line) = info.location().map_or(("?", 0), |location| (location.file(), location.line()));
    let mut number = Decimal::new();
    for part in [b"coldmoon: bug at ", file.as_bytes(), b":", number.format(i64::from(line)), b"\n"] {
        sys::write_all(2, part);
    }
    sys::abort()
}
