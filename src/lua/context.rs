//! The handler's second argument: a plain table, made anew for each invocation, so that nothing of it changes later.
//!
//! Whatever the service did not send is `nil`. The names are those of AWS's Python and Ruby clients, with the blog's aliases.

use super::ffi::*;
use super::vm::Vm;
use super::{decode, stack};
use crate::interpreter::Invocation;
use crate::json::SyntaxError;
use crate::sys;
use core::ffi::{CStr, c_int};

/// Fields in a usual context, so that the table is made in its final size.
const FIELDS: c_int = 15;

/// Pushes the context.
///
/// Stack: [-0, +1]. Raises: memory only.
///
/// # Safety
/// `state` is the main state of `vm`, LUA_MINSTACK slots are free, the calling frames own nothing.
pub unsafe fn push(vm: *mut Vm, state: *mut lua_State, invocation: &Invocation<'_>) -> Result<(), SyntaxError> {
    // SAFETY: the caller vouches for `state`; every helper leaves the stack as it found it but for what its name says.
    unsafe {
        let env = (*vm).env;
        lua_createtable(state, 0, FIELDS);
        let context = lua_gettop(state);

        stack::push_bytes(state, invocation.request_id);
        lua_pushvalue(state, -1);
        stack::set_field(state, context, c"aws_request_id");
        stack::set_field(state, context, c"request_id");

        if let Some(deadline_ms) = invocation.deadline_ms {
            for name in [c"deadline_ms", c"deadline"] {
                lua_pushnumber(state, deadline_ms as f64);
                stack::set_field(state, context, name);
            }
        }
        // A closure, so that it can be called with `.` or `:`. Without a deadline there is no time left to speak of.
        lua_pushnumber(state, invocation.deadline_ms.map_or(0.0, |deadline_ms| deadline_ms as f64));
        lua_pushcclosure(state, remaining_time, 1);
        stack::set_field(state, context, c"get_remaining_time_in_millis");

        set_bytes(state, context, c"invoked_function_arn", invocation.function_arn);
        set_bytes(state, context, c"function_name", env.function_name);
        set_bytes(state, context, c"function_version", env.function_version);
        set_bytes(state, context, c"log_group_name", env.log_group_name);
        set_bytes(state, context, c"log_stream_name", env.log_stream_name);
        if let Some(memory_mb) = env.memory_mb {
            lua_pushnumber(state, f64::from(memory_mb));
            stack::set_field(state, context, c"memory_limit_in_mb");
        }
        set_bytes(state, context, c"trace_id", invocation.trace_id);
        set_bytes(state, context, c"tenant_id", invocation.tenant_id);

        if (*vm).is_string_mode {
            set_bytes(state, context, c"client_context", invocation.client_context);
            set_bytes(state, context, c"cognito_identity", invocation.cognito_identity);
            set_bytes(state, context, c"identity", invocation.cognito_identity);
            return Ok(());
        }
        if let Some(client_context) = invocation.client_context {
            decode::push_value(vm, state, client_context)?;
            stack::set_field(state, context, c"client_context");
        }
        if let Some(cognito_identity) = invocation.cognito_identity {
            push_identity(vm, state, cognito_identity)?;
            lua_pushvalue(state, -1);
            stack::set_field(state, context, c"identity");
            stack::set_field(state, context, c"cognito_identity");
        }
        Ok(())
    }
}

/// Pushes the Cognito identity with the names that the other clients give its fields.
///
/// # Safety
/// As for [`push`].
unsafe fn push_identity(vm: *mut Vm, state: *mut lua_State, text: &[u8]) -> Result<(), SyntaxError> {
    // SAFETY: the caller vouches for `state`; the fields are read from a value only if it is a table.
    unsafe {
        decode::push_value(vm, state, text)?;
        let sent = lua_gettop(state);
        lua_createtable(state, 0, 2);
        if lua_type(state, sent) == LUA_TTABLE {
            for (theirs, ours) in [(c"cognitoIdentityId", c"cognito_identity_id"), (c"cognitoIdentityPoolId", c"cognito_identity_pool_id")]
            {
                stack::get_field(state, sent, theirs);
                stack::set_field(state, sent + 1, ours);
            }
        }
        lua_remove(state, sent);
        Ok(())
    }
}

/// Sets a field to a string, if there is one.
///
/// # Safety
/// As for [`push`], with the context at `context`.
unsafe fn set_bytes(state: *mut lua_State, context: c_int, name: &CStr, value: Option<&[u8]>) {
    if let Some(value) = value {
        // SAFETY: the caller vouches for `state`.
        unsafe {
            stack::push_bytes(state, value);
            stack::set_field(state, context, name);
        }
    }
}

/// Lua: `get_remaining_time_in_millis()`: whole milliseconds until the deadline (upvalue 1), never negative.
unsafe extern "C" fn remaining_time(state: *mut lua_State) -> c_int {
    let (seconds, nanoseconds) = sys::now();
    let now_ms = seconds as f64 * 1000.0 + f64::from(nanoseconds / 1_000_000);
    // SAFETY: called by Lua as the closure made in `push`.
    unsafe {
        let deadline_ms = lua_tonumber(state, lua_upvalueindex(1));
        lua_pushnumber(state, (deadline_ms - now_ms).max(0.0));
    }
    1
}
