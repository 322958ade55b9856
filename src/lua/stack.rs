//! Small helpers over the C API. Each says what it does to the stack, how many slots it needs and whether it can raise a Lua error; a frame
//! that such an error crosses owns nothing, because the error leaves it without running destructors.

use super::ffi::*;
use super::heap::Heap;
use core::ffi::{CStr, c_int};

/// Pushes bytes as a string. The collector works behind that and not before it, as in `lua_pushlstring`: it may run finalisers, which may
/// use the buffer that the bytes are in.
///
/// Stack: [-0, +1]. Raises: memory, and what finalisers raise.
///
/// # Safety
/// `state` is live, one slot is free.
#[inline(never)]
pub unsafe fn push_bytes(state: *mut lua_State, bytes: &[u8]) {
    // SAFETY: the caller vouches for `state` and the slot; the string is below the top before the collector looks.
    unsafe {
        push_string(state, bytes);
        let heap = Heap::of(state);
        if heap.top() >= heap.stack_end() {
            heap.grow_stack();
        }
        if heap.is_due() {
            heap.collect();
        }
    }
}

/// Pushes bytes as a string, without a turn for the collector.
///
/// Stack: [-0, +1]. Raises: memory only.
///
/// # Safety
/// `state` is live, one slot is free. The collector gets its turn soon.
unsafe fn push_string(state: *mut lua_State, bytes: &[u8]) {
    // SAFETY: the caller vouches for `state` and the slot, which holds the string before it is counted.
    unsafe {
        let heap = Heap::of(state);
        let top = heap.top();
        top.write(heap.string(bytes));
        heap.set_top(top.add(1));
    }
}

/// Pushes the parts as one string. All are copied before the collector gets its turn, see [`push_bytes`].
///
/// Stack: [-0, +1], as many slots as parts. Raises: memory, and what finalisers raise.
///
/// # Safety
/// `state` is live, the slots are free.
pub unsafe fn push_parts(state: *mut lua_State, parts: &[&[u8]]) {
    for part in parts {
        // SAFETY: the caller vouches for `state` and the slots.
        unsafe { push_string(state, part) };
    }
    // SAFETY: so many strings were just pushed.
    unsafe { lua_concat(state, parts.len() as c_int) };
}

/// The bytes of the string or number at `index`; a number becomes a string in place.
///
/// Stack: [-0, +0]. Raises: memory only, and only for a number.
///
/// # Safety
/// `state` is live; the slice is used only while that string stays on the stack. `None` for any other type.
pub unsafe fn to_bytes<'a>(state: *mut lua_State, index: c_int) -> Option<&'a [u8]> {
    let mut bytes = 0;
    // SAFETY: the caller vouches for `state`; Lua's string has `bytes` bytes and lives as long as it is on the stack.
    unsafe {
        let text = lua_tolstring(state, index, &mut bytes);
        (!text.is_null()).then(|| core::slice::from_raw_parts(text.cast(), bytes))
    }
}

/// Sets `table[key]` to the value on top.
///
/// Stack: [-1, +0], 1 slot. Raises: memory, and what a metamethod raises.
///
/// # Safety
/// `state` is live, `table` is the index of a table, the top is the value.
pub unsafe fn set_field(state: *mut lua_State, table: c_int, key: &CStr) {
    // SAFETY: `key` is NUL-terminated; the caller vouches for the rest.
    unsafe { lua_setfield(state, table, key.as_ptr()) }
}

/// Pushes `table[key]`.
///
/// Stack: [-0, +1], 2 slots. Raises: memory, and what a metamethod raises.
///
/// # Safety
/// `state` is live, `table` is the index of a value that can be indexed.
pub unsafe fn get_field(state: *mut lua_State, table: c_int, key: &CStr) {
    // SAFETY: `key` is NUL-terminated; the caller vouches for the rest.
    unsafe { lua_getfield(state, table, key.as_ptr()) }
}

/// Sets `table[key]` to a C function without upvalues.
///
/// Stack: [-0, +0], 2 slots. Raises: memory only.
///
/// # Safety
/// `state` is live, `table` is the absolute or pseudo-index of a table without metatable.
pub unsafe fn set_function(state: *mut lua_State, table: c_int, key: &CStr, function: lua_CFunction) {
    // SAFETY: the caller vouches for `state` and `table`.
    unsafe {
        lua_pushcclosure(state, function, 0);
        set_field(state, table, key);
    }
}

/// Raises the parts as one error message, with the position of the calling Lua code in front.
///
/// Stack: any. Raises: always.
///
/// # Safety
/// `state` is live; the calling frames own nothing; as many slots as parts and two are free.
pub unsafe fn raise(state: *mut lua_State, parts: &[&[u8]]) -> ! {
    // SAFETY: the caller vouches for `state`; luaL_where pushes one string.
    unsafe {
        luaL_where(state, 1);
        push_parts(state, parts);
        lua_concat(state, 2);
        throw(state)
    }
}

/// Raises the value on top.
///
/// Stack: [-1, +0]. Raises: always.
///
/// # Safety
/// `state` is live with a value on top; the calling frames own nothing.
pub unsafe fn throw(state: *mut lua_State) -> ! {
    // SAFETY: the caller vouches for both; lua_error does not return.
    unsafe { lua_error(state) };
    unreachable!("lua_error does not return")
}

/// The name of a value's type.
///
/// Stack: [-0, +0]. Raises: nothing.
///
/// # Safety
/// `state` is live.
pub unsafe fn type_name(state: *mut lua_State, index: c_int) -> &'static [u8] {
    // SAFETY: Lua's type names are static C strings.
    unsafe { CStr::from_ptr(lua_typename(state, lua_type(state, index))) }.to_bytes()
}
