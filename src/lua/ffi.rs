//! The raw C API of LuaJIT 2.1, bound by hand: what the runtime uses of `lua.h`, `lauxlib.h` and `lualib.h`, in the headers' order, with
//! C's names and types. Nothing else in `src/` uses C names. The functions are declared in the manual of Lua 5.1,
//! www.lua.org/manual/5.1/manual.html#3.7.

#![allow(non_camel_case_types, missing_docs)]

use core::ffi::{c_char, c_int, c_void};

// ---- lua.h ----

pub const LUA_MULTRET: c_int = -1;

pub const LUA_REGISTRYINDEX: c_int = -10000;
pub const LUA_GLOBALSINDEX: c_int = -10002;

/// The pseudo-index of the `i`-th upvalue of the running C function.
pub const fn lua_upvalueindex(i: c_int) -> c_int {
    LUA_GLOBALSINDEX - i
}

pub const LUA_OK: c_int = 0;
pub const LUA_YIELD: c_int = 1;
pub const LUA_ERRSYNTAX: c_int = 3;
pub const LUA_ERRMEM: c_int = 4;
pub const LUA_ERRERR: c_int = 5;

#[repr(C)]
pub struct lua_State {
    _opaque: [u8; 0],
}

pub type lua_CFunction = unsafe extern "C" fn(state: *mut lua_State) -> c_int;
pub type lua_Alloc = unsafe extern "C" fn(data: *mut c_void, block: *mut c_void, old_bytes: usize, new_bytes: usize) -> *mut c_void;

pub const LUA_TNONE: c_int = -1;
pub const LUA_TNIL: c_int = 0;
pub const LUA_TBOOLEAN: c_int = 1;
pub const LUA_TLIGHTUSERDATA: c_int = 2;
pub const LUA_TNUMBER: c_int = 3;
pub const LUA_TSTRING: c_int = 4;
pub const LUA_TTABLE: c_int = 5;
pub const LUA_TFUNCTION: c_int = 6;
/// LuaJIT's own: `LUA_TTHREAD + 2` in `lj_obj.h`, what `lua_type` returns for FFI data.
pub const LUA_TCDATA: c_int = 10;

pub type lua_Number = f64;
pub type lua_Integer = isize;

/// What [`lua_gc`] is asked for: the memory in use, in KB.
pub const LUA_GCCOUNT: c_int = 3;

unsafe extern "C" {
    pub fn lua_atpanic(state: *mut lua_State, function: lua_CFunction) -> Option<lua_CFunction>;

    pub fn lua_gettop(state: *mut lua_State) -> c_int;
    pub fn lua_settop(state: *mut lua_State, index: c_int);
    pub fn lua_pushvalue(state: *mut lua_State, index: c_int);
    pub fn lua_remove(state: *mut lua_State, index: c_int);
    pub fn lua_insert(state: *mut lua_State, index: c_int);
    pub fn lua_checkstack(state: *mut lua_State, slots: c_int) -> c_int;

    pub fn lua_iscfunction(state: *mut lua_State, index: c_int) -> c_int;
    pub fn lua_type(state: *mut lua_State, index: c_int) -> c_int;
    pub fn lua_typename(state: *mut lua_State, kind: c_int) -> *const c_char;
    pub fn lua_rawequal(state: *mut lua_State, first: c_int, second: c_int) -> c_int;
    pub fn lua_tonumber(state: *mut lua_State, index: c_int) -> lua_Number;
    pub fn lua_toboolean(state: *mut lua_State, index: c_int) -> c_int;
    pub fn lua_tolstring(state: *mut lua_State, index: c_int, bytes: *mut usize) -> *const c_char;
    pub fn lua_touserdata(state: *mut lua_State, index: c_int) -> *mut c_void;
    pub fn lua_tothread(state: *mut lua_State, index: c_int) -> *mut lua_State;
    pub fn lua_topointer(state: *mut lua_State, index: c_int) -> *const c_void;

    pub fn lua_pushnil(state: *mut lua_State);
    pub fn lua_pushnumber(state: *mut lua_State, number: lua_Number);
    pub fn lua_pushfstring(state: *mut lua_State, format: *const c_char, ...) -> *const c_char;
    pub fn lua_pushcclosure(state: *mut lua_State, function: lua_CFunction, upvalues: c_int);
    pub fn lua_pushboolean(state: *mut lua_State, value: c_int);
    pub fn lua_pushlightuserdata(state: *mut lua_State, data: *mut c_void);

    pub fn lua_gettable(state: *mut lua_State, index: c_int);
    pub fn lua_getfield(state: *mut lua_State, index: c_int, key: *const c_char);
    pub fn lua_rawget(state: *mut lua_State, index: c_int);
    pub fn lua_rawgeti(state: *mut lua_State, index: c_int, key: c_int);
    pub fn lua_createtable(state: *mut lua_State, array: c_int, hash: c_int);
    pub fn lua_getmetatable(state: *mut lua_State, index: c_int) -> c_int;

    pub fn lua_setfield(state: *mut lua_State, index: c_int, key: *const c_char);
    pub fn lua_rawset(state: *mut lua_State, index: c_int);
    pub fn lua_rawseti(state: *mut lua_State, index: c_int, key: c_int);
    pub fn lua_setmetatable(state: *mut lua_State, index: c_int) -> c_int;

    pub fn lua_call(state: *mut lua_State, arguments: c_int, results: c_int);
    pub fn lua_pcall(state: *mut lua_State, arguments: c_int, results: c_int, message_handler: c_int) -> c_int;
    pub fn lua_cpcall(state: *mut lua_State, function: lua_CFunction, data: *mut c_void) -> c_int;

    pub fn lua_status(state: *mut lua_State) -> c_int;
    pub fn lua_gc(state: *mut lua_State, what: c_int, data: c_int) -> c_int;

    pub fn lua_error(state: *mut lua_State) -> c_int;
    pub fn lua_next(state: *mut lua_State, index: c_int) -> c_int;
    pub fn lua_concat(state: *mut lua_State, count: c_int);
    pub fn lua_getallocf(state: *mut lua_State, data: *mut *mut c_void) -> lua_Alloc;
    pub fn lua_setallocf(state: *mut lua_State, function: lua_Alloc, data: *mut c_void);
}

/// `lua_pop(L, count)`
///
/// # Safety
/// `state` is live and its frame has `count` values.
pub unsafe fn lua_pop(state: *mut lua_State, count: c_int) {
    // SAFETY: the caller vouches for both.
    unsafe { lua_settop(state, -count - 1) }
}

/// `LUA_IDSIZE` of `luaconf.h`.
const LUA_IDSIZE: usize = 60;

#[repr(C)]
pub struct lua_Debug {
    pub event: c_int,
    pub name: *const c_char,
    pub namewhat: *const c_char,
    pub what: *const c_char,
    pub source: *const c_char,
    pub currentline: c_int,
    pub nups: c_int,
    pub linedefined: c_int,
    pub lastlinedefined: c_int,
    pub short_src: [c_char; LUA_IDSIZE],
    pub i_ci: c_int,
}

unsafe extern "C" {
    pub fn lua_getstack(state: *mut lua_State, level: c_int, record: *mut lua_Debug) -> c_int;
    pub fn lua_getinfo(state: *mut lua_State, what: *const c_char, record: *mut lua_Debug) -> c_int;
    pub fn lua_getupvalue(state: *mut lua_State, function: c_int, index: c_int) -> *const c_char;
}

// ---- lauxlib.h ----

unsafe extern "C" {
    pub fn luaL_getmetafield(state: *mut lua_State, index: c_int, event: *const c_char) -> c_int;
    pub fn luaL_callmeta(state: *mut lua_State, index: c_int, event: *const c_char) -> c_int;
    pub fn luaL_argerror(state: *mut lua_State, argument: c_int, message: *const c_char) -> c_int;
    pub fn luaL_checklstring(state: *mut lua_State, argument: c_int, bytes: *mut usize) -> *const c_char;
    pub fn luaL_checknumber(state: *mut lua_State, argument: c_int) -> lua_Number;
    pub fn luaL_optinteger(state: *mut lua_State, argument: c_int, default: lua_Integer) -> lua_Integer;
    pub fn luaL_checktype(state: *mut lua_State, argument: c_int, kind: c_int);
    pub fn luaL_loadbufferx(state: *mut lua_State, text: *const c_char, bytes: usize, name: *const c_char, mode: *const c_char) -> c_int;
    pub fn luaL_newstate() -> *mut lua_State;
    pub fn luaL_where(state: *mut lua_State, level: c_int);
}

// ---- lualib.h ----

unsafe extern "C" {
    pub fn luaL_openlibs(state: *mut lua_State);
}
