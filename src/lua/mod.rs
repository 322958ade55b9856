//! The Lua side: an [`Interpreter`] made of LuaJIT. Knows nothing of HTTP; events and results are bytes.
//!
//! | file | job |
//! | --- | --- |
//! | `vm` | the Lua state, its memory budget, the protected way into it |
//! | `handler` | `_HANDLER` resolved at INIT; one call of it |
//! | `context` | the handler's second argument |
//! | `decode`, `encode` | JSON to Lua values and back |
//! | `layout`, `heap` | LuaJIT's values as they lie in memory: read by `encode`, made by `decode` |
//! | `modules` | the search path, the module `coldmoon`, the embedded modules |
//! | `json` | the module `coldmoon.json`, and the codec that `lua/cjson.lua` and `lua/dkjson.lua` stand on |
//! | `base64` | the module `coldmoon.base64` |
//! | `stream` | `coldmoon.stream` |
//! | `log` | the module `coldmoon.log` |
//! | `hooks` | `on_shutdown`, `before_snapshot`, `after_restore` |
//! | `output` | `print`, `io.write`, `os.exit` |
//! | `failure` | what was raised, as the runtime reports it |
//! | `system` | the clock and randomness |
//! | `format` | one conversion of a format; doubles as text |
//! | `symbols` | what `ffi.C` finds in the static build |
//! | `musl/` | what the static build has in place of musl's own functions |
//! | `luajit/` | what the binary has in place of LuaJIT's own functions |
//! | `sort` | the one sort |
//! | `stack`, `ffi` | helpers over the C API, and the C API |

mod base64;
mod context;
mod decode;
mod encode;
mod failure;
mod ffi;
mod format;
mod handler;
mod heap;
mod hooks;
mod json;
mod layout;
mod log;
mod luajit;
mod modules;
#[cfg(any(test, target_env = "musl"))]
mod musl;
mod output;
mod sort;
mod stack;
mod stream;
#[cfg(target_env = "musl")]
mod symbols;
mod system;
mod vm;

use crate::buffer::Buffer;
use crate::env::Env;
use crate::interpreter::{Failure, Hook, Host, Interpreter, Invocation, Response};
use core::ffi::{c_int, c_void};
use core::mem::MaybeUninit;
use core::ptr;
use vm::{Slot, Vm};

/// Room for one Lua state, at an address that never changes.
pub type Place = MaybeUninit<Vm>;

/// LuaJIT as an [`Interpreter`].
pub struct Lua {
    /// Alive for ever, see `Vm::open`.
    vm: *mut Vm,
}

impl Lua {
    /// Makes the Lua state. `None` if memory does not suffice.
    pub fn open(place: &'static mut Place, env: &Env) -> Option<Lua> {
        // Where `symbols` is not in its way, `ffi.C` finds every way to fork.
        #[cfg(not(target_env = "musl"))]
        crate::sys::watch_forks();
        Vm::open(place, env).map(|vm| Lua { vm })
    }

    /// Runs `entry` with `host` as the runtime that Lua reaches. `is_refused` says whether the entry has put an error into the report; what
    /// is raised is put there. An error object's own methods run for that, so they reach the host too. What the function wrote has reached
    /// it when this returns.
    ///
    /// # Safety
    /// As for `Vm::enter`; `is_refused` can be read when the entry has ended, `vm.invocation` until then.
    unsafe fn enter(&self, host: &mut dyn Host, entry: Slot, argument: *mut c_void, is_refused: *const bool) -> Result<(), Failure<'_>> {
        // SAFETY: `vm` is live and not inside a call; the caller vouches for the rest.
        unsafe {
            let has_failed = Vm::with_host(self.vm, host, || {
                let result = Vm::enter(self.vm, entry, argument);
                let has_failed = has_failed(self.vm, result, *is_refused);
                output::flush(self.vm);
                (*self.vm).invocation = None;
                has_failed
            });
            if has_failed { Err((*self.vm).failure.failure()) } else { Ok(()) }
        }
    }
}

impl Interpreter for Lua {
    fn load(&mut self, _env: &Env, host: &mut dyn Host) -> Result<(), Failure<'_>> {
        let mut frame = handler::LoadFrame { is_refused: false };
        let frame = &raw mut frame;
        // SAFETY: `vm` is live, its stack is empty between calls, `frame` is what `handler::load` expects and outlives the call.
        unsafe { self.enter(host, Slot::Load, frame.cast(), &raw const (*frame).is_refused) }
    }

    fn call(&mut self, invocation: &Invocation<'_>, body: &mut Buffer, host: &mut dyn Host) -> Result<Response<'_>, Failure<'_>> {
        let mut frame = handler::CallFrame::new(invocation, body);
        let frame = &raw mut frame;
        // SAFETY: as in `load`, with `handler::invoke`. Only the lifetime of `invocation` is changed: the pointer is forgotten before it
        // ends.
        unsafe {
            (*self.vm).invocation = Some(ptr::from_ref(invocation).cast());
            (*self.vm).stream.close();
            self.enter(host, Slot::Invoke, frame.cast(), &raw const (*frame).is_refused)?;
            Ok(Response { content_type: (*self.vm).content_type.as_bytes() })
        }
    }

    fn has_hook(&self, hook: Hook) -> bool {
        // SAFETY: `vm` is live.
        unsafe { (*self.vm).hook_counts[hook as usize] > 0 }
    }

    fn run_hooks(&mut self, hook: Hook, host: &mut dyn Host) -> Result<(), Failure<'_>> {
        let mut frame = hooks::HookFrame { hook };
        // SAFETY: as in `load`, with `hooks::run`, which refuses nothing.
        unsafe { self.enter(host, Slot::RunHooks, (&raw mut frame).cast(), &false) }
    }

    fn reseed(&mut self) {
        // SAFETY: as in `load`; `hooks::reseed` takes no argument. Without memory for it the state stays as it is.
        unsafe {
            let result = Vm::enter(self.vm, Slot::Reseed, ptr::null_mut());
            has_failed(self.vm, result, false);
        }
    }
}

/// Empties the stack after a protected call, and tells whether it failed: a raised error is put into the report, one that the entry itself
/// found (`is_refused`) is there already.
///
/// # Safety
/// `vm` is live, `result` is what `Vm::enter` has just returned.
unsafe fn has_failed(vm: *mut Vm, result: Result<(), c_int>, is_refused: bool) -> bool {
    // SAFETY: the caller vouches for `vm`; the error value is on top, as `Vm::enter` says.
    unsafe {
        match result {
            Ok(()) => {
                ffi::lua_settop((*vm).state, 0);
                // What the entry has found has no stack, whatever was raised and caught before.
                (*vm).failure.clear_stack();
            }
            Err(status) => failure::report(vm, status),
        }
    }
    result.is_err() || is_refused
}
