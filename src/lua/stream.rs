//! Streamed responses: `coldmoon.stream(function(write) … end [, options])`.
//!
//! Nothing is sent before the first byte is written, so an error before it is an ordinary one. With `statusCode`, `headers` or `cookies`
//! the stream begins with the JSON of these and eight NUL bytes (`answer`).

use super::encode::{self, Problem, Style};
use super::ffi::*;
use super::stack;
use super::vm::{Slot, Vm};
use crate::answer::{self, ContentType};
use crate::buffer::Buffer;
use crate::limits;
use core::ffi::c_int;

/// The streamed response of the current call.
pub struct State {
    /// What stands before the first byte.
    prelude: Buffer,
    /// Counts streams, so that a `write` that is kept beyond its stream is known.
    number: u32,
    /// Whether that stream is being written.
    is_open: bool,
    /// Whether its first byte has been sent.
    has_begun: bool,
}

impl State {
    /// No stream.
    pub const fn new() -> State {
        State { prelude: Buffer::new(limits::RESPONSE_BYTES_MAX), number: 0, is_open: false, has_begun: false }
    }

    /// Whether a stream is being written.
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// Ends whatever the last call has left open.
    pub fn close(&mut self) {
        self.is_open = false;
    }
}

/// Lua: `coldmoon.stream(function [, options])`.
pub unsafe extern "C" fn stream(state: *mut lua_State) -> c_int {
    // SAFETY: called by Lua.
    unsafe {
        luaL_checktype(state, 1, LUA_TFUNCTION);
        lua_settop(state, 2);
        if lua_type(state, 2) != LUA_TNIL {
            luaL_checktype(state, 2, LUA_TTABLE);
            stack::get_field(state, 2, c"content_type");
            if lua_type(state, 3) != LUA_TNIL && !stack::to_bytes(state, 3).is_some_and(ContentType::is_valid) {
                luaL_argerror(state, 2, c"not a content type".as_ptr());
            }
            lua_settop(state, 2);
        }
        lua_createtable(state, 2, 0);
        for index in [1, 2] {
            lua_pushvalue(state, index);
            lua_rawseti(state, 3, index);
        }
        lua_rawgeti(state, LUA_REGISTRYINDEX, Slot::StreamTag as c_int);
        lua_setmetatable(state, 3);
    }
    1
}

/// Sends the stream that is the handler's result, at `result`.
///
/// Stack: [-0, any]. Raises: what the function raises, and memory.
///
/// # Safety
/// `state` is the main state of `vm`; the value at `result` was made by [`stream`]; the calling frames own nothing.
pub unsafe fn send(vm: *mut Vm, state: *mut lua_State, result: c_int) -> Result<(), Problem> {
    // SAFETY: the caller vouches for `state`; strings stay on the stack while they are copied; the host is that of this call.
    unsafe {
        let stream = &raw mut (*vm).stream;
        lua_rawgeti(state, result, 2);
        prepare(vm, state, result + 1)?;
        (*stream).number = (*stream).number.wrapping_add(1);
        (*stream).is_open = true;
        (*stream).has_begun = false;

        lua_rawgeti(state, result, 1);
        lua_pushnumber(state, f64::from((*stream).number));
        lua_pushcclosure(state, write, 1);
        lua_call(state, 1, 2);
        if lua_type(state, -2) == LUA_TNIL && lua_type(state, -1) != LUA_TNIL {
            // `nil, err`, as from a handler; LTN12's pumps return it.
            stack::throw(state);
        }
        if !(*stream).has_begun {
            begin(vm);
        }
        (*stream).close();
        Ok(())
    }
}

/// Sets the content type and the prelude from the options at `options`, a table or nil.
///
/// # Safety
/// As for [`send`].
unsafe fn prepare(vm: *mut Vm, state: *mut lua_State, options: c_int) -> Result<(), Problem> {
    // SAFETY: as for `send`.
    unsafe {
        let prelude = &raw mut (*vm).stream.prelude;
        (*prelude).clear();
        (*vm).content_type.set(answer::BYTES);
        if lua_type(state, options) != LUA_TTABLE {
            return Ok(());
        }
        stack::get_field(state, options, c"content_type");
        // The table is the program's, which may have changed it since `stream` looked.
        if let Some(content_type) = stack::to_bytes(state, -1).filter(|text| ContentType::is_valid(text)) {
            (*vm).content_type.set(content_type);
        }
        lua_createtable(state, 0, 3);
        let sent = lua_gettop(state);
        let mut is_http = false;
        for name in answer::PRELUDE_MEMBERS {
            stack::get_field(state, options, name);
            is_http |= lua_type(state, -1) != LUA_TNIL;
            stack::set_field(state, sent, name);
        }
        if is_http {
            (*vm).content_type.set(answer::WITH_PRELUDE);
            encode::write_value(vm, state, sent, &Style::RESULT, &mut *prelude)?;
            (*prelude).push(&answer::PRELUDE_END)?;
        }
        Ok(())
    }
}

/// Begins the response on the wire.
///
/// # Safety
/// As for [`send`].
unsafe fn begin(vm: *mut Vm) -> bool {
    // SAFETY: the caller vouches for `vm`.
    unsafe {
        (*vm).stream.has_begun = true;
        let content_type = (*vm).content_type.as_bytes();
        Vm::host(vm).is_some_and(|host| host.write_stream(content_type, (*vm).stream.prelude.bytes()).is_ok())
    }
}

/// Lua: `write(bytes)`: sends them before it returns. 1, or nil and why not. It is an LTN12 sink: nil ends it.
unsafe extern "C" fn write(state: *mut lua_State) -> c_int {
    // SAFETY: called by Lua as the closure made in `send`; the bytes stay at 1 while they are sent.
    unsafe {
        let vm = Vm::of(state);
        let is_mine = lua_tonumber(state, lua_upvalueindex(1)) == f64::from((*vm).stream.number);
        if !is_mine || !(*vm).stream.is_open {
            return refuse(state, b"the stream has ended");
        }
        if lua_type(state, 1) == LUA_TNIL {
            lua_pushnumber(state, 1.0);
            return 1;
        }
        let mut count = 0;
        let text = luaL_checklstring(state, 1, &mut count);
        let bytes = crate::sys::slice(text, count);
        if count > 0 {
            let is_ready = (*vm).stream.has_begun || begin(vm);
            let is_sent = is_ready && Vm::host(vm).is_some_and(|host| host.write_stream((*vm).content_type.as_bytes(), bytes).is_ok());
            if !is_sent {
                return refuse(state, b"the receiver takes no more");
            }
        }
        lua_pushnumber(state, 1.0);
    }
    1
}

/// # Safety
/// `state` is that of a C function called by Lua.
unsafe fn refuse(state: *mut lua_State, message: &[u8]) -> c_int {
    // SAFETY: the caller vouches for `state`.
    unsafe {
        lua_pushnil(state);
        stack::push_bytes(state, message);
    }
    2
}
