//! What every function asks the system for, as members of the module `coldmoon`: the time, a pause, random bytes.
//!
//! `coldmoon.now()` is in whole milliseconds, as `context.deadline_ms` is, so that both can be compared. Random bytes are the kernel's own,
//! fit for keys and tokens; there is no other source behind them.

use super::ffi::*;
use super::stack;
use super::vm::Vm;
use crate::limits;
use crate::sys;
use core::ffi::c_int;

/// Lua: `coldmoon.now()`: milliseconds since 1970 (UTC).
pub unsafe extern "C" fn now(state: *mut lua_State) -> c_int {
    let (seconds, nanoseconds) = sys::now();
    // SAFETY: called by Lua.
    unsafe { lua_pushnumber(state, (seconds * 1000 + i64::from(nanoseconds / 1_000_000)) as f64) };
    1
}

/// Lua: `coldmoon.sleep(ms)`: waits at least so long.
pub unsafe extern "C" fn sleep(state: *mut lua_State) -> c_int {
    // SAFETY: called by Lua.
    let ms = unsafe { luaL_checknumber(state, 1) };
    // What is negative or no number becomes 0, what is too large the longest sleep there is.
    let whole = ms as u32;
    sys::sleep_ms(if f64::from(whole) < ms { whole.saturating_add(1) } else { whole });
    0
}

/// Lua: `coldmoon.random(n)`: a string of `n` random bytes.
///
/// Raises: a number that is not one of bytes, and a system without randomness.
pub unsafe extern "C" fn random(state: *mut lua_State) -> c_int {
    // SAFETY: called by Lua; the buffer is used between calls that may raise, never across one.
    unsafe {
        let number = luaL_checknumber(state, 1);
        let count = number as i64;
        if count < 0 || count as f64 != number {
            luaL_argerror(state, 1, c"not a number of bytes".as_ptr());
        }
        let count = count as usize;
        let out = &raw mut (*Vm::of(state)).text;
        (*out).clear();
        if (*out).reserve(count).is_err() {
            stack::raise(state, &[b"not enough memory"]);
        }
        if !sys::random(&mut (*out).spare()[..count]) {
            stack::raise(state, &[b"coldmoon.random: the system has no random bytes (getrandom)"]);
        }
        (*out).advance(count);
        stack::push_bytes(state, (*out).bytes());
        (*out).reset(limits::KEPT_BYTES);
    }
    1
}
