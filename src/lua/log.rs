//! The module `coldmoon.log`: entries with a level and fields.
//!
//! `log.info(message [, fields])`, likewise `trace`, `debug`, `warn`, `error`, `fatal`. The format is the core's; here values become text:
//! a message that is a table becomes its JSON, fields become the members of a JSON object. What cannot be JSON is left out.

use super::encode::{self, NotFinite, Style};
use super::ffi::*;
use super::stack;
use super::vm::Vm;
use crate::interpreter::Level;
use crate::limits;
use core::ffi::{CStr, c_int};

const LEVELS: [(&CStr, Level); 6] = [
    (c"trace", Level::Trace),
    (c"debug", Level::Debug),
    (c"info", Level::Info),
    (c"warn", Level::Warn),
    (c"error", Level::Error),
    (c"fatal", Level::Fatal),
];

/// Members that the entry has anyway.
const RESERVED: [&[u8]; 5] = [b"timestamp", b"level", b"message", b"requestId", b"tenantId"];

/// Lua: `require "coldmoon.log"`.
pub unsafe extern "C" fn open(state: *mut lua_State) -> c_int {
    // SAFETY: called by `require`; LUA_MINSTACK slots are free.
    unsafe {
        lua_createtable(state, 0, LEVELS.len() as c_int);
        let module = lua_gettop(state);
        for (index, (name, _)) in LEVELS.iter().enumerate() {
            lua_pushnumber(state, index as f64);
            lua_pushcclosure(state, write, 1);
            stack::set_field(state, module, name);
        }
    }
    1
}

/// Lua: `log.LEVEL(message [, fields])`. Upvalue 1 is the index of the level.
unsafe extern "C" fn write(state: *mut lua_State) -> c_int {
    const STYLE: Style<'static> =
        Style { skip_unsupported: true, not_finite: NotFinite::Null, number_keys: true, sparse_convert: true, ..Style::RESULT };
    // SAFETY: called by Lua as a closure of `open`; strings stay on the stack while they are written; encoding runs no Lua code.
    unsafe {
        let vm = Vm::of(state);
        let (_, level) = LEVELS[(lua_tonumber(state, lua_upvalueindex(1)) as u32 as usize).min(LEVELS.len() - 1)];
        lua_settop(state, 2);
        if lua_type(state, 2) != LUA_TNIL {
            luaL_checktype(state, 2, LUA_TTABLE);
        }
        push_message(vm, state, &STYLE);
        let message = stack::to_bytes(state, 3).unwrap_or_default();

        let out = &raw mut (*vm).text;
        (*out).clear();
        if lua_type(state, 2) == LUA_TTABLE {
            push_fields(state);
            if encode::write_value(vm, state, 4, &STYLE, &mut *out).is_err() {
                (*out).clear();
                // A cycle, or text that is not UTF-8: the entry says so instead of being lost.
                let _ = (*out).push(b"{\"fields\":\"cannot be JSON\"}");
            }
        }
        let fields = (*out).bytes();
        let fields = fields.strip_prefix(b"{").and_then(|rest| rest.strip_suffix(b"}")).unwrap_or_default();
        if let Some(host) = Vm::host(vm) {
            host.write_entry(level, message, fields);
        }
        (*out).reset(limits::KEPT_BYTES);
    }
    0
}

/// Pushes the text of the message at 1.
///
/// # Safety
/// As in [`write`].
unsafe fn push_message(vm: *mut Vm, state: *mut lua_State, style: &Style<'_>) {
    // SAFETY: as in `write`; `tostring` may be the program's own and raise, nothing here owns anything.
    unsafe {
        let out = &raw mut (*vm).text;
        if lua_type(state, 1) == LUA_TTABLE && luaL_getmetafield(state, 1, c"__tostring".as_ptr()) == 0 {
            (*out).clear();
            if encode::write_value(vm, state, 1, style, &mut *out).is_ok() {
                stack::push_bytes(state, (*out).bytes());
                return;
            }
        }
        lua_settop(state, 2);
        stack::get_field(state, LUA_GLOBALSINDEX, c"tostring");
        lua_pushvalue(state, 1);
        lua_call(state, 1, 1);
    }
}

/// Pushes a copy of the fields at 2, without the names that the entry has anyway; its keys are strings.
///
/// # Safety
/// As in [`write`].
unsafe fn push_fields(state: *mut lua_State) {
    // SAFETY: lua_next gets the table and its own keys; a number is copied before it is made a string.
    unsafe {
        lua_createtable(state, 0, 8);
        lua_pushnil(state);
        while lua_next(state, 2) != 0 {
            lua_pushvalue(state, -2);
            match stack::to_bytes(state, -1) {
                Some(name) if !RESERVED.contains(&name) => {
                    lua_insert(state, -2);
                    lua_rawset(state, 4);
                }
                _ => lua_pop(state, 2),
            }
        }
    }
}
