//! The module `coldmoon.base64`.
//!
//! `base64.encode(bytes)` and `base64.decode(text)`, likewise `encode_url` and `decode_url`: see `crate::base64`.

use super::ffi::*;
use super::stack;
use super::vm::Vm;
use crate::base64::{DecodeError, Form};
use crate::bytes::Decimal;
use crate::limits;
use core::ffi::c_int;

/// Lua: `require "coldmoon.base64"`.
pub unsafe extern "C" fn open(state: *mut lua_State) -> c_int {
    // SAFETY: called by `require`; LUA_MINSTACK slots are free.
    unsafe {
        lua_createtable(state, 0, 4);
        let module = lua_gettop(state);
        for (name, function) in
            [(c"encode", encode as lua_CFunction), (c"decode", decode), (c"encode_url", encode_url), (c"decode_url", decode_url)]
        {
            stack::set_function(state, module, name, function);
        }
    }
    1
}

unsafe extern "C" fn encode(state: *mut lua_State) -> c_int {
    // SAFETY: called by Lua.
    unsafe { convert(state, Form::Standard, None) }
}

unsafe extern "C" fn encode_url(state: *mut lua_State) -> c_int {
    // SAFETY: called by Lua.
    unsafe { convert(state, Form::Url, None) }
}

unsafe extern "C" fn decode(state: *mut lua_State) -> c_int {
    // SAFETY: called by Lua.
    unsafe { convert(state, Form::Standard, Some(b"decode: ")) }
}

unsafe extern "C" fn decode_url(state: *mut lua_State) -> c_int {
    // SAFETY: called by Lua.
    unsafe { convert(state, Form::Url, Some(b"decode_url: ")) }
}

/// One of the four functions; `decoder` is how the messages of one that decodes begin.
///
/// Raises: what is no string, or no base64, and memory.
///
/// # Safety
/// Called by Lua, LUA_MINSTACK slots are free.
#[inline(never)]
unsafe fn convert(state: *mut lua_State, form: Form, decoder: Option<&[u8]>) -> c_int {
    // SAFETY: the caller vouches for `state`; the argument stays on the stack; the buffer is used between calls that may raise, never
    // across one.
    unsafe {
        lua_settop(state, 1);
        if lua_type(state, 1) != LUA_TSTRING {
            stack::raise(state, &[b"string expected, got ", stack::type_name(state, 1)]);
        }
        let text = stack::to_bytes(state, 1).unwrap_or_default();
        let out = &raw mut (*Vm::of(state)).text;
        (*out).clear();
        let result = match decoder {
            None => form.encode(&mut *out, text).map_err(DecodeError::from),
            Some(_) => form.decode(&mut *out, text),
        };
        if let Err(error) = result {
            (*out).reset(limits::KEPT_BYTES);
            let mut number = Decimal::new();
            let [before, number, after] = match error {
                DecodeError::Overflow(_) => stack::raise(state, &[b"not enough memory"]),
                DecodeError::Length(count) => [&b"the length is no multiple of four: "[..], number.format(count as i64), b""],
                DecodeError::Short => [&b"one letter is too few at the end"[..], b"", b""],
                DecodeError::Letter(offset) => [&b"byte "[..], number.format(offset as i64 + 1), b" is not in the alphabet"],
                DecodeError::Rest => [&b"bits are left over at the end"[..], b"", b""],
            };
            stack::raise(state, &[b"coldmoon.base64.", decoder.unwrap_or_default(), before, number, after]);
        }
        stack::push_bytes(state, (*out).bytes());
        (*out).reset(limits::KEPT_BYTES);
    }
    1
}
