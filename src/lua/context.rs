//! The handler's second argument: a plain table, made anew for each invocation, so that nothing of it changes later.
//!
//! Whatever the service did not send is `nil`. The names are those of AWS's Python and Ruby clients, with the blog's aliases.

use super::ffi::*;
use super::heap::{Heap, stack_slot};
use super::layout::Slot;
use super::vm::Vm;
use super::{decode, stack};
use crate::interpreter::Invocation;
use crate::json::SyntaxError;
use crate::sys;
use core::ffi::c_int;

/// Stack slots that the context needs at most: a name and a value for each of its fields, and what is pushed before.
const SLOTS: usize = 2 * 16 + 8;

/// Pushes the context.
///
/// Stack: [-0, +1]. Raises: memory, and what finalisers raise.
///
/// # Safety
/// `state` is the main state of `vm` and runs a C function, the calling frames own nothing.
pub unsafe fn push(vm: *mut Vm, state: *mut lua_State, invocation: &Invocation<'_>) -> Result<(), SyntaxError> {
    // SAFETY: the caller vouches for `state`; `SLOTS` are free when they are used, and what is written above the stack top is covered by it
    // before anything can look there.
    unsafe {
        let env = (*vm).env;
        let is_string_mode = (*vm).is_string_mode;
        let heap = Heap::of(state);
        let before = lua_gettop(state);
        // A closure, so that it can be called with `.` or `:`. Without a deadline there is no time left to speak of.
        lua_pushnumber(state, invocation.deadline_ms.map_or(0.0, |deadline_ms| deadline_ms as f64));
        lua_pushcclosure(state, remaining_time, 1);
        for (text, push) in [(invocation.client_context, decode::push_value as Push), (invocation.cognito_identity, push_identity)] {
            match text {
                Some(text) if is_string_mode => stack::push_bytes(state, text),
                Some(text) => push(vm, state, text)?,
                None => lua_pushnil(state),
            }
        }
        // From here on nothing is collected: what is made is safe without being on the stack.
        if heap.is_due() {
            heap.collect();
        }
        // The collector may have made the stack shorter.
        while heap.stack_end().offset_from_unsigned(heap.top()) < SLOTS {
            heap.grow_stack();
        }
        let value = |number: c_int| stack_slot(state, before + number);
        let request_id = string(heap, invocation.request_id);
        let deadline = invocation.deadline_ms.map_or(Slot::NIL, |deadline_ms| Slot::number(deadline_ms as f64));
        let first = heap.top();
        let mut fields = Fields { heap, next: first };
        fields.add(b"aws_request_id", request_id);
        fields.add(b"request_id", request_id);
        fields.add(b"deadline_ms", deadline);
        fields.add(b"deadline", deadline);
        fields.add(b"get_remaining_time_in_millis", value(1));
        fields.add_text(b"invoked_function_arn", invocation.function_arn);
        fields.add_text(b"function_name", env.function_name);
        fields.add_text(b"function_version", env.function_version);
        fields.add_text(b"log_group_name", env.log_group_name);
        fields.add_text(b"log_stream_name", env.log_stream_name);
        fields.add(b"memory_limit_in_mb", env.memory_mb.map_or(Slot::NIL, |mb| Slot::number(f64::from(mb))));
        fields.add_text(b"trace_id", invocation.trace_id);
        fields.add_text(b"tenant_id", invocation.tenant_id);
        fields.add(b"client_context", value(2));
        fields.add(b"identity", value(3));
        fields.add(b"cognito_identity", value(3));
        let count = fields.next.offset_from_unsigned(first) / 2;
        let table = heap.table(0, count);
        table.fill_entries(first, count);
        let place = heap.base().add(before as usize);
        place.write(table.slot());
        heap.set_top(place.add(1));
        Ok(())
    }
}

/// The string of Lua's with these bytes.
fn string(heap: Heap, text: &[u8]) -> Slot {
    heap.find_string(text).unwrap_or_else(|| heap.string(text))
}

/// Names and values above the stack top, as they become a table.
struct Fields {
    heap: Heap,
    next: *mut Slot,
}

impl Fields {
    /// Writes a field, if it has a value.
    ///
    /// # Safety
    /// Two slots are free at `next`, nothing is collected before they are used.
    #[inline(never)]
    unsafe fn add(&mut self, name: &[u8], value: Slot) {
        if !value.is_nil() {
            // SAFETY: the caller vouches for the slots.
            unsafe {
                self.next.write(string(self.heap, name));
                self.next.add(1).write(value);
                self.next = self.next.add(2);
            }
        }
    }

    /// The same for a text.
    ///
    /// # Safety
    /// As for [`Fields::add`].
    #[inline(never)]
    unsafe fn add_text(&mut self, name: &[u8], text: Option<&[u8]>) {
        if let Some(text) = text {
            // SAFETY: as the caller says.
            unsafe { self.add(name, string(self.heap, text)) };
        }
    }
}

/// What pushes the value of a JSON text.
type Push = unsafe fn(*mut Vm, *mut lua_State, &[u8]) -> Result<(), SyntaxError>;

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
