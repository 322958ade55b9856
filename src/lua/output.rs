//! What a function writes: `print`, `io.write` and the files `io.stdout` and `io.stderr` reach the log line by line, one `write(2)` each,
//! before the response is posted. `os.exit` answers the invocation before it ends the process.
//!
//! The C library's streams would cut lines at their buffers and hold them back, so these functions replace LuaJIT's. What goes to other
//! files is passed on to the originals.

use super::failure;
use super::ffi::*;
use super::stack;
use super::vm::Vm;
use crate::interpreter::Stream;
use crate::sys;
use core::ffi::c_int;

unsafe extern "C" {
    /// C's stream.
    #[link_name = "stdout"]
    static STDOUT: *mut libc::FILE;
}

/// The registry's name for the metatable of files (`LUA_FILEHANDLE`).
const FILES: &core::ffi::CStr = c"FILE*";

/// Replaces `print`, `io.write`, the method `write` of files, and `os.exit`.
///
/// Stack: [-0, +0]. Raises: memory only.
///
/// # Safety
/// `vm` is live; called within `vm::open`, with LUA_MINSTACK slots free.
pub unsafe fn install(vm: *mut Vm) {
    // SAFETY: the caller vouches for `vm`; the libraries' tables are where they put them, nothing has changed them yet.
    unsafe {
        let state = (*vm).state;
        let top = lua_gettop(state);
        stack::set_function(state, LUA_GLOBALSINDEX, c"print", print);
        stack::get_field(state, LUA_GLOBALSINDEX, c"os");
        stack::set_function(state, -2, c"exit", exit);

        stack::get_field(state, LUA_GLOBALSINDEX, c"io");
        let io = lua_gettop(state);
        // io.write: upvalues io.output, the original, io.stdout, io.stderr.
        for name in [c"output", c"write", c"stdout", c"stderr"] {
            stack::get_field(state, io, name);
        }
        lua_pushcclosure(state, io_write, 4);
        stack::set_field(state, io, c"write");

        // file:write: upvalues io.stdout, io.stderr, the original.
        stack::get_field(state, LUA_REGISTRYINDEX, FILES);
        let files = lua_gettop(state);
        stack::get_field(state, io, c"stdout");
        stack::get_field(state, io, c"stderr");
        stack::get_field(state, files, c"write");
        lua_pushcclosure(state, file_write, 3);
        stack::set_field(state, files, c"write");
        lua_settop(state, top);
    }
}

/// Lua: `print(...)`.
unsafe extern "C" fn print(state: *mut lua_State) -> c_int {
    // SAFETY: called by Lua; strings are on the stack while they are written.
    unsafe {
        let vm = Vm::of(state);
        for index in 1..=lua_gettop(state) {
            if index > 1 {
                write(vm, Stream::Out, b"\t");
            }
            if lua_type(state, index) == LUA_TSTRING {
                write(vm, Stream::Out, stack::to_bytes(state, index).unwrap_or_default());
                continue;
            }
            // Lua 5.1: whatever the global `tostring` is now.
            stack::get_field(state, LUA_GLOBALSINDEX, c"tostring");
            lua_pushvalue(state, index);
            lua_call(state, 1, 1);
            let Some(text) = stack::to_bytes(state, -1) else {
                stack::raise(state, &[b"'tostring' must return a string to 'print'"]);
            };
            write(vm, Stream::Out, text);
            lua_pop(state, 1);
        }
        write(vm, Stream::Out, b"\n");
    }
    0
}

/// Lua: `io.write(...)`.
unsafe extern "C" fn io_write(state: *mut lua_State) -> c_int {
    // SAFETY: called by Lua as the closure made in `install`.
    unsafe {
        let arguments = lua_gettop(state);
        lua_pushvalue(state, lua_upvalueindex(1));
        lua_call(state, 0, 1);
        match standard_stream(state, arguments + 1, lua_upvalueindex(3), lua_upvalueindex(4)) {
            Some(stream) => {
                write_arguments(state, stream, 1, arguments);
                1
            }
            None => {
                lua_pop(state, 1);
                pass_on(state, lua_upvalueindex(2))
            }
        }
    }
}

/// Lua: `file:write(...)`.
unsafe extern "C" fn file_write(state: *mut lua_State) -> c_int {
    // SAFETY: called by Lua as the closure made in `install`.
    unsafe {
        match standard_stream(state, 1, lua_upvalueindex(1), lua_upvalueindex(2)) {
            Some(stream) => {
                write_arguments(state, stream, 2, lua_gettop(state));
                lua_settop(state, 1);
                1
            }
            None => pass_on(state, lua_upvalueindex(3)),
        }
    }
}

/// Which of the two files the value at `index` is.
///
/// # Safety
/// `state` is live; the last two indices are those of io.stdout and io.stderr.
unsafe fn standard_stream(state: *mut lua_State, index: c_int, stdout: c_int, stderr: c_int) -> Option<Stream> {
    // SAFETY: the caller vouches for the indices.
    unsafe {
        match lua_touserdata(state, index) {
            file if file.is_null() => None,
            file if file == lua_touserdata(state, stdout) => Some(Stream::Out),
            file if file == lua_touserdata(state, stderr) => Some(Stream::Error),
            _ => None,
        }
    }
}

/// Writes the arguments from `first` to `last`, which must be strings or numbers.
///
/// # Safety
/// `state` is that of a C function called by Lua with these arguments.
unsafe fn write_arguments(state: *mut lua_State, stream: Stream, first: c_int, last: c_int) {
    // SAFETY: the caller vouches for `state`; a string stays on the stack while it is written.
    unsafe {
        let vm = Vm::of(state);
        for index in first..=last {
            let mut bytes = 0;
            let text = luaL_checklstring(state, index, &mut bytes);
            write(vm, stream, sys::slice(text, bytes));
        }
    }
}

/// Calls the original function with all arguments, returns all that it returns.
///
/// # Safety
/// `state` is that of a C function called by Lua; `original` is the index of its upvalue.
unsafe fn pass_on(state: *mut lua_State, original: c_int) -> c_int {
    // SAFETY: the caller vouches for `state`.
    unsafe {
        let arguments = lua_gettop(state);
        lua_pushvalue(state, original);
        lua_insert(state, 1);
        lua_call(state, arguments, LUA_MULTRET);
        lua_gettop(state)
    }
}

/// Adds `bytes` to the stream's line.
///
/// # Safety
/// `vm` is live.
#[inline(never)]
unsafe fn write(vm: *mut Vm, stream: Stream, bytes: &[u8]) {
    // SAFETY: the caller vouches for `vm`; no Lua code runs in here.
    unsafe {
        if let Some(host) = Vm::host(vm) {
            (*vm).lines.write(stream, bytes, host);
        }
    }
}

/// Writes what waits, in C's stdout too, where `ffi.C.printf` writes: called when a call ends.
///
/// # Safety
/// `vm` is live, within `Vm::with_host`.
#[inline(never)]
pub unsafe fn flush(vm: *mut Vm) {
    // SAFETY: the caller vouches for `vm`; C's stdout is always there.
    unsafe {
        if let Some(host) = Vm::host(vm) {
            (*vm).lines.flush(host);
        }
        libc::fflush(STDOUT);
    }
}

/// Lua: `os.exit([code [, close]])`: answers the invocation, then ends the process. `code` is a number or a boolean, as in LuaJIT.
unsafe extern "C" fn exit(state: *mut lua_State) -> c_int {
    // SAFETY: called by Lua; nothing after the host's `exit` runs.
    unsafe {
        let code = match lua_type(state, 1) {
            LUA_TBOOLEAN => c_int::from(lua_toboolean(state, 1) == 0),
            _ => luaL_optinteger(state, 1, 0) as c_int,
        };
        let vm = Vm::of(state);
        flush(vm);
        (*vm).failure.clear();
        failure::take_stack(vm, state, 0, 0);
        if state != (*vm).state {
            // In a coroutine: who has resumed it.
            failure::take_stack(vm, (*vm).state, 0, 0);
        }
        match Vm::host(vm) {
            Some(host) => host.exit(code, b"os.exit", (*vm).failure.stack()),
            None => sys::exit(code),
        }
    }
}
