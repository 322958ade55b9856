//! Functions that wait for something in the life of the process: `coldmoon.on_shutdown`, `before_snapshot`, `after_restore`.
//!
//! They are registered while the handler's module is loaded, because the runtime then tells the platform what is used and nothing else.
//! Before a snapshot the last registered runs first, so that what was built last is taken down first; the others run in their order.

use super::ffi::*;
use super::stack;
use super::vm::{Slot, Vm};
use crate::interpreter::Hook;
use crate::sys;
use core::ffi::c_int;

/// What [`run`] is given.
pub struct HookFrame {
    /// Which hooks to run.
    pub hook: Hook,
}

/// Where the functions of a hook are.
fn slot(hook: Hook) -> c_int {
    Slot::ShutdownHooks as c_int + hook as c_int
}

/// Lua: `coldmoon.on_shutdown(fn)`.
pub unsafe extern "C" fn on_shutdown(state: *mut lua_State) -> c_int {
    // SAFETY: called by Lua.
    unsafe { register(state, Hook::Shutdown) }
}

/// Lua: `coldmoon.before_snapshot(fn)`.
pub unsafe extern "C" fn before_snapshot(state: *mut lua_State) -> c_int {
    // SAFETY: called by Lua.
    unsafe { register(state, Hook::BeforeSnapshot) }
}

/// Lua: `coldmoon.after_restore(fn)`.
pub unsafe extern "C" fn after_restore(state: *mut lua_State) -> c_int {
    // SAFETY: called by Lua.
    unsafe { register(state, Hook::AfterRestore) }
}

/// Adds the function at 1.
///
/// # Safety
/// `state` is that of a C function called by Lua.
unsafe fn register(state: *mut lua_State, hook: Hook) -> c_int {
    // SAFETY: the caller vouches for `state`.
    unsafe {
        luaL_checktype(state, 1, LUA_TFUNCTION);
        let vm = Vm::of(state);
        if (*vm).is_loaded {
            stack::raise(state, &[b"hooks are registered while the module is loaded, not in the handler"]);
        }
        let count = &raw mut (*vm).hook_counts[hook as usize];
        if *count == 0 {
            lua_createtable(state, 1, 0);
            lua_rawseti(state, LUA_REGISTRYINDEX, slot(hook));
        }
        lua_rawgeti(state, LUA_REGISTRYINDEX, slot(hook));
        lua_pushvalue(state, 1);
        lua_rawseti(state, -2, *count + 1);
        *count += 1;
    }
    0
}

/// Lua: runs the hooks of a [`HookFrame`].
///
/// Raises: what a hook raises; those behind it do not run.
pub unsafe extern "C" fn run(state: *mut lua_State) -> c_int {
    // SAFETY: called through `Vm::enter` with a HookFrame that outlives the call; nothing here owns anything.
    unsafe {
        let frame: *mut HookFrame = lua_touserdata(state, 1).cast();
        let hook = (*frame).hook;
        let count = (*Vm::of(state)).hook_counts[hook as usize];
        for index in 1..=count {
            lua_rawgeti(state, LUA_REGISTRYINDEX, slot(hook));
            lua_rawgeti(state, -1, if hook == Hook::BeforeSnapshot { count + 1 - index } else { index });
            lua_call(state, 0, 0);
            lua_settop(state, 1);
        }
    }
    0
}

/// Lua: gives `math.random` a fresh seed from the system.
pub unsafe extern "C" fn reseed(state: *mut lua_State) -> c_int {
    let mut bytes = [0; 8];
    // A seed from the clock is one, too.
    let _ = sys::random(&mut bytes);
    // SAFETY: called through `Vm::enter`; `math.randomseed` may have been replaced by anything, then there is nothing to seed.
    unsafe {
        stack::get_field(state, LUA_GLOBALSINDEX, c"math");
        if lua_type(state, -1) == LUA_TTABLE {
            stack::get_field(state, -1, c"randomseed");
            if lua_type(state, -1) == LUA_TFUNCTION {
                lua_pushnumber(state, (u64::from_ne_bytes(bytes) >> 11) as f64);
                lua_call(state, 1, 0);
            }
        }
    }
    0
}
