//! The module `coldmoon.json`, and `coldmoon.codec`: the same codec with every leniency as an argument, on which the compatibility modules
//! in `lua/` stand.
//!
//! ```lua
//! -- coldmoon.codec, for the runtime's own modules only:
//! local ok, value, next = decode(text, position, flags, depth_max, null, array_meta, object_meta)  -- or false, kind, position
//! local text = encode(value, flags, depth_max, sparse_ratio, sparse_safe, indent, digits)          -- or nil, problem, detail
//! local text = quote(string, flags)
//! ```

use super::decode::{self, Style as DecodeStyle};
use super::encode::{self, NotFinite, Numbers, Problem, Style as EncodeStyle};
use super::ffi::*;
use super::heap;
use super::modules;
use super::stack;
use super::vm::{Slot, Vm};
use crate::bytes::Decimal;
use crate::json::{self, Kind, Rules, StringRules, Utf8, WriteError};
use crate::limits;
use crate::sys;
use core::ffi::{c_int, c_void};
use core::ptr;

/// Lua: `require "coldmoon.json"`.
pub unsafe extern "C" fn open(state: *mut lua_State) -> c_int {
    // SAFETY: called by `require`; LUA_MINSTACK slots are free.
    unsafe {
        lua_createtable(state, 0, 5);
        let module = lua_gettop(state);
        for (name, function) in
            [(c"decode", decode_text as lua_CFunction), (c"encode", encode_value), (c"array", modules::array), (c"object", modules::object)]
        {
            stack::set_function(state, module, name, function);
        }
        lua_pushlightuserdata(state, ptr::null_mut());
        stack::set_field(state, module, c"null");
    }
    1
}

/// Lua: `decode(text)`: the value of a whole JSON document. Raises with the byte where it is none; the first byte is 1.
unsafe extern "C" fn decode_text(state: *mut lua_State) -> c_int {
    // SAFETY: called by Lua; the text stays at 1 while it is read, and no Lua code runs in between.
    unsafe {
        let text = argument_bytes(state, 1);
        if let Err(error) = decode::push_value(Vm::of(state), state, text) {
            let mut number = Decimal::new();
            let offset = number.format(error.offset as i64 + 1);
            stack::raise(state, &[b"coldmoon.json.decode: ", error.kind.message().as_bytes(), b" at byte ", offset]);
        }
    }
    1
}

/// Lua: `encode(value [, { indent = "  " }])`: its JSON. Raises with the path to what cannot be.
unsafe extern "C" fn encode_value(state: *mut lua_State) -> c_int {
    // SAFETY: called by Lua; the indentation stays on the stack while it is used; encoding runs no Lua code.
    unsafe {
        let vm = Vm::of(state);
        if lua_type(state, 1) == LUA_TNONE {
            luaL_argerror(state, 1, c"value expected".as_ptr());
        }
        lua_settop(state, 2);
        let mut style = EncodeStyle::RESULT;
        if lua_type(state, 2) != LUA_TNIL {
            luaL_checktype(state, 2, LUA_TTABLE);
            stack::get_field(state, 2, c"indent");
            style.indent = stack::to_bytes(state, 3);
        }
        let out = &raw mut (*vm).text;
        (*out).clear();
        match encode::write_value(vm, state, 1, &style, &mut *out) {
            Ok(()) => stack::push_bytes(state, (*out).bytes()),
            Err(Problem::Overflow(_)) => stack::raise(state, &[b"not enough memory"]),
            Err(problem) => {
                encode::report(vm, b"", b"value", problem);
                stack::raise(state, &[b"coldmoon.json.encode: ", (*vm).failure.failure().message]);
            }
        }
        (*out).reset(limits::KEPT_BYTES);
    }
    1
}

/// The bytes of the string argument.
///
/// # Safety
/// `state` is that of a C function called by Lua; the slice is used while the argument stays.
unsafe fn argument_bytes<'a>(state: *mut lua_State, argument: c_int) -> &'a [u8] {
    let mut bytes = 0;
    // SAFETY: the caller vouches for `state`; Lua's string has so many bytes.
    unsafe {
        let text = luaL_checklstring(state, argument, &mut bytes);
        sys::slice(text, bytes)
    }
}

// ---- the codec for the compatibility modules ----

/// The bits of `flags` for `decode`.
mod decode_flag {
    pub const INVALID_NUMBERS: u32 = 1;
    pub const COMMENTS: u32 = 2;
    pub const ANY_BYTES: u32 = 4;
    pub const DOUBLES_ONLY: u32 = 8;
    pub const WHOLE: u32 = 16;
}

/// The bits of `flags` for `encode` and `quote`.
mod encode_flag {
    pub const SLASH: u32 = 1;
    pub const DELETE: u32 = 2;
    pub const ANY_BYTES: u32 = 4;
    pub const SPARSE_CONVERT: u32 = 8;
    pub const NOT_FINITE_TEXT: u32 = 16;
    pub const NOT_FINITE_NULL: u32 = 32;
    pub const EMPTY_AS_ARRAY: u32 = 64;
    pub const NUMBER_KEYS: u32 = 128;
    pub const SKIP_UNSUPPORTED: u32 = 256;
    /// As 14 `digits`.
    pub const LUA_NUMBERS: u32 = 512;
}

/// Lua: `require "coldmoon.codec"`.
pub unsafe extern "C" fn open_codec(state: *mut lua_State) -> c_int {
    // SAFETY: called by `require`; LUA_MINSTACK slots are free.
    unsafe {
        lua_createtable(state, 0, 6);
        let module = lua_gettop(state);
        for (name, function) in [(c"decode", codec_decode as lua_CFunction), (c"encode", codec_encode), (c"quote", codec_quote)] {
            stack::set_function(state, module, name, function);
        }
        for (name, slot) in [(c"array_mt", Slot::ArrayTag), (c"empty_array_mt", Slot::EmptyArrayTag)] {
            lua_rawgeti(state, LUA_REGISTRYINDEX, slot as c_int);
            stack::set_field(state, module, name);
        }
        lua_pushlightuserdata(state, modules::empty_array());
        stack::set_field(state, module, c"empty_array");
    }
    1
}

/// The flags in argument `index`.
///
/// # Safety
/// `state` is that of a C function called by Lua.
unsafe fn flags(state: *mut lua_State, index: c_int) -> impl Fn(u32) -> bool {
    // SAFETY: the caller vouches for `state`.
    let bits = unsafe { lua_tonumber(state, index) } as u32;
    move |flag| bits & flag != 0
}

/// The metatable in argument `index`; null for anything else than a table.
///
/// # Safety
/// `state` is that of a C function called by Lua.
unsafe fn metatable(state: *mut lua_State, index: c_int) -> *const c_void {
    // SAFETY: the caller vouches for `state`.
    unsafe { if lua_type(state, index) == LUA_TTABLE { lua_topointer(state, index) } else { ptr::null() } }
}

/// Lua: see the module's head. Positions count from 1.
unsafe extern "C" fn codec_decode(state: *mut lua_State) -> c_int {
    // SAFETY: called by the runtime's Lua with seven arguments; the text stays at 1, the values at 5 to 7.
    unsafe {
        let text = argument_bytes(state, 1);
        lua_settop(state, 7);
        // By way of u32, here and below: no text is longer, and from a double it is one instruction, where usize is ten.
        let at = (lua_tonumber(state, 2) as u32 as usize).saturating_sub(1).min(text.len());
        let has = flags(state, 3);
        let rules = Rules {
            depth_max: (lua_tonumber(state, 4) as u32).min(limits::JSON_DEPTH_MAX as u32),
            invalid_numbers: has(decode_flag::INVALID_NUMBERS),
            comments: has(decode_flag::COMMENTS),
            utf8: !has(decode_flag::ANY_BYTES),
            control_characters: has(decode_flag::ANY_BYTES),
        };
        let style = DecodeStyle {
            null: heap::stack_slot(state, 5),
            array_meta: metatable(state, 6),
            object_meta: metatable(state, 7),
            doubles_only: has(decode_flag::DOUBLES_ONLY),
            is_whole: has(decode_flag::WHOLE),
        };
        lua_pushboolean(state, 1);
        match decode::push_styled(Vm::of(state), state, text, at, &rules, style) {
            Ok(end) => lua_pushnumber(state, (end + 1) as f64),
            Err(error) => {
                lua_pushboolean(state, 0);
                stack::push_bytes(state, kind_name(error.kind));
                lua_pushnumber(state, (error.offset + 1) as f64);
            }
        }
    }
    3
}

/// A name for each place where a document can be wrong, for the modules that word their own messages.
fn kind_name(kind: Kind) -> &'static [u8] {
    match kind {
        Kind::Value => b"value",
        Kind::Key => b"key",
        Kind::Colon => b"colon",
        Kind::ObjectEnd => b"object end",
        Kind::ArrayEnd => b"array end",
        Kind::End => b"end",
        Kind::Depth => b"depth",
        Kind::Number => b"number",
        Kind::NumberRange => b"number range",
        Kind::StringEnd => b"string end",
        Kind::Escape => b"escape",
        Kind::ControlCharacter => b"control character",
        Kind::Utf8 => b"utf8",
    }
}

/// Lua: see the module's head.
unsafe extern "C" fn codec_encode(state: *mut lua_State) -> c_int {
    // SAFETY: called by the runtime's Lua with seven arguments, of which the indentation stays at 6; encoding runs no Lua code.
    unsafe {
        let vm = Vm::of(state);
        lua_settop(state, 7);
        let has = flags(state, 2);
        let style = EncodeStyle {
            depth_max: (lua_tonumber(state, 3) as u32 as usize).min(limits::JSON_DEPTH_MAX),
            strings: string_rules(&has),
            sparse_ratio: lua_tonumber(state, 4),
            sparse_safe: lua_tonumber(state, 5),
            sparse_convert: has(encode_flag::SPARSE_CONVERT),
            not_finite: match () {
                () if has(encode_flag::NOT_FINITE_TEXT) => NotFinite::Text,
                () if has(encode_flag::NOT_FINITE_NULL) => NotFinite::Null,
                () => NotFinite::Refuse,
            },
            empty_as_array: has(encode_flag::EMPTY_AS_ARRAY),
            number_keys: has(encode_flag::NUMBER_KEYS),
            skip_unsupported: has(encode_flag::SKIP_UNSUPPORTED),
            numbers: match lua_tonumber(state, 7) as u8 {
                0 if has(encode_flag::LUA_NUMBERS) => Numbers::Digits(14),
                0 => Numbers::Shortest,
                digits => Numbers::Digits(digits),
            },
            indent: stack::to_bytes(state, 6),
        };
        let out = &raw mut (*vm).text;
        (*out).clear();
        match encode::write_value(vm, state, 1, &style, &mut *out) {
            Ok(()) => {
                stack::push_bytes(state, (*out).bytes());
                (*out).reset(limits::KEPT_BYTES);
                1
            }
            Err(problem) => {
                let (name, detail): (&[u8], &[u8]) = match problem {
                    Problem::Type(kind) => (b"type", kind),
                    Problem::NotFinite => (b"not finite", b""),
                    Problem::Keys => (b"keys", b""),
                    Problem::Sparse => (b"sparse", b""),
                    Problem::Cycle(_) | Problem::Depth => (b"depth", b""),
                    Problem::Utf8(_) => (b"utf8", b""),
                    Problem::NotAString(_) | Problem::Overflow(_) => (b"memory", b""),
                };
                lua_pushnil(state);
                stack::push_bytes(state, name);
                stack::push_bytes(state, detail);
                3
            }
        }
    }
}

/// Lua: see the module's head. A string that is not UTF-8 is nil unless the flags let it pass.
unsafe extern "C" fn codec_quote(state: *mut lua_State) -> c_int {
    // SAFETY: called by the runtime's Lua; the string stays at 1.
    unsafe {
        let vm = Vm::of(state);
        let text = argument_bytes(state, 1);
        let out = &raw mut (*vm).text;
        (*out).clear();
        match json::write_string(&mut *out, text, &string_rules(&flags(state, 2))) {
            Ok(()) => stack::push_bytes(state, (*out).bytes()),
            Err(WriteError::Overflow(_)) => stack::raise(state, &[b"not enough memory"]),
            Err(WriteError::Utf8 { .. } | WriteError::NotFinite) => lua_pushnil(state),
        }
        (*out).reset(limits::KEPT_BYTES);
    }
    1
}

fn string_rules(has: &impl Fn(u32) -> bool) -> StringRules {
    StringRules {
        utf8: if has(encode_flag::ANY_BYTES) { Utf8::Pass } else { Utf8::Check },
        slash: has(encode_flag::SLASH),
        delete: has(encode_flag::DELETE),
    }
}
