//! Errors: what a Lua function raised, as the runtime reports it.
//!
//! The message handler takes the stack down as text the moment the error is raised; the value itself is looked at afterwards, in a
//! protected call of its own, because an error object may run code (`__index`, `__tostring`) that fails again. Text is copied out of Lua,
//! so that reporting needs no memory of Lua's.

use super::ffi::*;
use super::stack;
use super::vm::{Slot, Vm};
use crate::bytes::{self, Decimal};
use crate::interpreter::Level;
use crate::report::Report;
use core::ffi::{CStr, c_int};
use core::mem;
use core::ptr;

/// The type of an error that names none.
pub const LUA_ERROR: &[u8] = b"LuaError";

/// The type of an error of `require`.
const IMPORT_MODULE_ERROR: &[u8] = b"Runtime.ImportModuleError";

/// Frames of a stack that are shown: so many innermost ones, then the outermost.
const INNER_FRAMES: c_int = 12;
const OUTER_FRAMES: c_int = 10;
/// Coroutines that have failed one through the other, whose frames are shown.
pub const COROUTINES_MAX: c_int = 8;

/// Fills the report for the error value on top of the main state's stack, which is then empty.
///
/// Raises: nothing.
///
/// # Safety
/// `vm` is live, `status` is what a protected call on its main state has just returned.
pub unsafe fn report(vm: *mut Vm, status: c_int) {
    // SAFETY: the caller vouches for `vm` and the value on top; the pushes need no memory of Lua's.
    unsafe {
        let state = (*vm).state;
        if Vm::is_out_of_memory(vm, status) {
            (*vm).failure.set_out_of_memory(b"Lua");
        } else {
            lua_rawgeti(state, LUA_REGISTRYINDEX, Slot::Describe as c_int);
            lua_insert(state, -2);
            let kind = stack::type_name(state, -1);
            match lua_pcall(state, 1, 0, 0) {
                LUA_OK => {}
                status if Vm::is_out_of_memory(vm, status) => (*vm).failure.set_out_of_memory(b"Lua"),
                _ => (*vm).failure.set(LUA_ERROR, &[b"(error object is a ", kind, b" value that raised an error while it was described)"]),
            }
        }
        // Whatever it raises, the stack as it was taken stays.
        lua_cpcall(state, translate_stack, ptr::null_mut());
        lua_settop(state, 0);
    }
}

/// Lua: lets the program's own `debug.traceback` translate the stack. Compilers to Lua put one in place that knows the positions in their
/// source. It gets the stack as the message that it puts before its own; so many lines of what it returns are the stack then.
///
/// Raises: what it raises, and memory.
unsafe extern "C" fn translate_stack(state: *mut lua_State) -> c_int {
    // SAFETY: called by Lua, LUA_MINSTACK slots are free; the text stays on the stack while it is copied; nothing here owns anything.
    unsafe {
        let vm = Vm::of(state);
        stack::get_field(state, LUA_GLOBALSINDEX, c"debug");
        if lua_type(state, -1) == LUA_TTABLE {
            stack::get_field(state, -1, c"traceback");
            // LuaJIT's own is in C.
            if lua_type(state, -1) == LUA_TFUNCTION && lua_iscfunction(state, -1) == 0 {
                let is_line_end = |byte: &&u8| **byte == b'\n';
                let lines = (*vm).failure.stack().iter().filter(is_line_end).count();
                stack::push_bytes(state, (*vm).failure.stack());
                lua_call(state, 1, 1);
                let text = stack::to_bytes(state, -1).unwrap_or_default();
                let translated = text.split_inclusive(|byte| *byte == b'\n').take(lines);
                if text.iter().filter(is_line_end).count() >= lines {
                    (*vm).failure.clear_stack();
                    translated.for_each(|line| (*vm).failure.push_stack(line));
                }
            }
        }
    }
    0
}

/// Lua: `describe(error)`. Puts type and message of an error value into the report.
///
/// Raises: what the value's metamethods raise, and memory.
pub unsafe extern "C" fn describe(state: *mut lua_State) -> c_int {
    // SAFETY: called by Lua with one argument, LUA_MINSTACK slots are free; nothing here owns anything. The slices are of strings that stay
    // on the stack until they are copied.
    unsafe {
        let report = &raw mut (*Vm::of(state)).failure;
        match lua_type(state, 1) {
            LUA_TSTRING | LUA_TNUMBER => {
                let message = stack::to_bytes(state, 1).unwrap_or_default();
                (*report).set(error_type_of(state, message), &[message]);
            }
            LUA_TTABLE => {
                let error_type = string_field(state, [c"type", c"errorType"]);
                let message = string_field(state, [c"message", c"errorMessage"]).or_else(|| text_of(state));
                (*report).set(error_type.unwrap_or(LUA_ERROR), &[message.unwrap_or(b"(error object is a table value)")]);
                // An error that was caught and is raised again may bring the stack of where it was raised first. Its own members only: the
                // object of a strict class may raise for one that it has not got.
                for name in [&b"stackTrace"[..], b"traceback"] {
                    stack::push_bytes(state, name);
                    lua_rawget(state, 1);
                    if let Some(first) = stack::to_bytes(state, -1) {
                        (*report).clear_stack();
                        (*report).push_stack(first.strip_prefix(b"stack traceback:\n").unwrap_or(first));
                        break;
                    }
                }
            }
            LUA_TNIL => (*report).set(LUA_ERROR, &[b"nil"]),
            LUA_TBOOLEAN => (*report).set(LUA_ERROR, &[if lua_toboolean(state, 1) != 0 { b"true" } else { b"false" }]),
            _ => match text_of(state) {
                Some(message) => (*report).set(LUA_ERROR, &[message]),
                None => (*report).set(LUA_ERROR, &[b"(error object is a ", stack::type_name(state, 1), b" value)"]),
            },
        }
        0
    }
}

/// The type of an error that is a string: the runtime's own errors while modules are loaded have one, whoever required the module.
///
/// # Safety
/// As in `describe`, with `message` the string at 1.
unsafe fn error_type_of(state: *mut lua_State, message: &[u8]) -> &'static [u8] {
    for (slot, error_type) in [(Slot::SyntaxError, &b"Runtime.UserCodeSyntaxError"[..]), (Slot::CModule, IMPORT_MODULE_ERROR)] {
        // SAFETY: the caller vouches for `state`; one slot is free.
        unsafe {
            lua_rawgeti(state, LUA_REGISTRYINDEX, slot as c_int);
            let is_the_one = lua_rawequal(state, -1, 1) != 0;
            lua_pop(state, 1);
            if is_the_one {
                return error_type;
            }
        }
    }
    // LuaJIT words it so (`LJ_ERR` has no code that an error value would carry): what `require` does not find, and a shared object that
    // cannot be loaded. Lua source that cannot be is a syntax error.
    let has = |words: &[u8]| bytes::find_text(words, message).is_some();
    let is_missing = bytes::find_text(b"module '", message).is_some_and(|at| bytes::find_text(b"' not found:", &message[at..]).is_some());
    let is_broken = cfg!(not(target_env = "musl")) && has(b"error loading module '") && has(b".so':\n\t");
    if is_missing || is_broken { IMPORT_MODULE_ERROR } else { LUA_ERROR }
}

/// The first of two fields of the table at 1 that is a string or a number. Leaves it on the stack.
///
/// # Safety
/// As in `describe`.
unsafe fn string_field<'a>(state: *mut lua_State, names: [&CStr; 2]) -> Option<&'a [u8]> {
    for name in names {
        // SAFETY: the value at 1 is a table; a metamethod may raise, which `describe` lets through.
        unsafe {
            stack::get_field(state, 1, name);
            if let Some(text) = stack::to_bytes(state, -1) {
                return Some(text);
            }
        }
    }
    None
}

/// What `__tostring` makes of the value at 1, if it has one. Leaves it on the stack.
///
/// # Safety
/// As in `describe`.
unsafe fn text_of<'a>(state: *mut lua_State) -> Option<&'a [u8]> {
    // SAFETY: `luaL_callmeta` pushes one value if there is such a metamethod; it may raise, which `describe` lets through.
    unsafe { if luaL_callmeta(state, 1, c"__tostring".as_ptr()) != 0 { stack::to_bytes(state, -1) } else { None } }
}

/// The message handler: takes the stack down, returns the error value as it is. It is called for a finaliser that raises too, in a state of
/// LuaJIT's own: that ends nothing, and its stack is not the one to be reported.
///
/// Stack: [-0, +0]. Raises: nothing.
pub unsafe extern "C" fn on_error(state: *mut lua_State) -> c_int {
    // SAFETY: called by Lua where the error was raised, with the error value as its only argument.
    unsafe {
        let vm = Vm::of(state);
        if state == (*vm).state {
            (*vm).failure.clear_stack();
            take_stack(vm, state, 1, COROUTINES_MAX);
        }
    }
    1
}

/// `VMEVENT_HASH(LJ_VMEVENT_ERRFIN)` of `lj_vmevent.h`, which `layout.c` checks: where LuaJIT looks for what it calls when a finaliser
/// raises.
pub const ON_FINALISER_ERROR: c_int = 0x96c9_c440_u32 as c_int;

/// Lua: called with what a finaliser has raised, which ends nothing: an entry of the log. LuaJIT's own handler writes to C's stderr.
///
/// Raises: memory only.
pub unsafe extern "C" fn on_finaliser_error(state: *mut lua_State) -> c_int {
    // SAFETY: called by LuaJIT with one value; strings stay on the stack while they are used; nothing here owns anything.
    unsafe {
        match stack::to_bytes(state, -1) {
            Some(text) => stack::push_parts(state, &[b"error in a finaliser: ", text]),
            None => stack::push_parts(state, &[b"error in a finaliser: (error object is a ", stack::type_name(state, -1), b" value)"]),
        }
        let message = stack::to_bytes(state, -1).unwrap_or_default();
        if let Some(host) = Vm::host(Vm::of(state)) {
            host.write_entry(Level::Error, message, b"");
        }
    }
    0
}

/// Writes the frames of `state` from `first_level` on into the report's stack, innermost first, one a line, in the words of
/// `debug.traceback`. Where the innermost passes on what a coroutine of `coroutine.wrap` has raised, that one's frames come first, and so
/// on through at most `coroutines` of them.
///
/// Raises: nothing.
///
/// # Safety
/// `state` is live and belongs to `vm`, the calling frames own nothing.
pub unsafe fn take_stack(vm: *mut Vm, state: *mut lua_State, first_level: c_int, coroutines: c_int) {
    // SAFETY: lua_getstack and lua_getinfo only read the stack and fill the record, which is plain data; the strings that the record points
    // to live as long as their functions, which are on the stack.
    unsafe {
        let mut record: lua_Debug = mem::zeroed();
        let levels = count_levels(state);
        let mut level = first_level;
        while level < levels {
            if level == first_level + INNER_FRAMES && level < levels - OUTER_FRAMES {
                (*vm).failure.push_stack(b"...\n");
                level = levels - OUTER_FRAMES;
            }
            lua_getstack(state, level, &mut record);
            lua_getinfo(state, c"Snl".as_ptr(), &mut record);
            level += 1;
            let is_c = *record.what.cast::<u8>() == b'C';
            if is_c
                && level == first_level + 1
                && coroutines > 0
                && let Some(failed) = failed_coroutine(state, &mut record)
            {
                take_stack(vm, failed, 0, coroutines - 1);
            }
            // What the outermost frame, the runtime's entry, has called is the handler, unless that has ended with a tail call.
            let is_called = level == levels - 1 && state == (*vm).state && (*vm).invocation.is_some() && !(*vm).stream.is_open();
            let handler = &(*vm).handler;
            let is_handler = is_called && record.source == handler.source && record.linedefined == handler.linedefined;
            let name = super::handler::function_name(&(*vm).env);
            // C functions without a name tell nothing: the runtime's own entry, `require` as it calls it.
            if !is_c || *record.namewhat != 0 {
                push_frame(&mut (*vm).failure, &record, is_handler.then_some(name));
            }
            if is_called && !is_handler && !handler.source.is_null() {
                let began = lua_Debug { currentline: handler.linedefined, ..*handler };
                push_frame(&mut (*vm).failure, &began, Some(name));
            }
        }
    }
}

/// The coroutine whose error the C function of a frame passes on: one that `coroutine.wrap` made and that has failed. LuaJIT leaves its
/// stack as it was then.
///
/// Raises: nothing.
///
/// # Safety
/// `record` was filled by `lua_getstack` for a frame of `state`.
unsafe fn failed_coroutine(state: *mut lua_State, record: &mut lua_Debug) -> Option<*mut lua_State> {
    // SAFETY: the caller vouches for the record; two slots are made sure of, what is pushed is popped. A function of `coroutine.wrap` keeps
    // its coroutine in its first upvalue, and the collector, which gets no turn here, keeps it while the function is on the stack.
    unsafe {
        if lua_checkstack(state, 2) == 0 {
            return None;
        }
        lua_getinfo(state, c"f".as_ptr(), record);
        let mut thread = ptr::null_mut();
        if !lua_getupvalue(state, -1, 1).is_null() {
            thread = lua_tothread(state, -1);
            lua_pop(state, 1);
        }
        lua_pop(state, 1);
        (!thread.is_null() && lua_status(thread) > LUA_YIELD).then_some(thread)
    }
}

/// `file:line: in function 'name'`
///
/// # Safety
/// `record` was filled by `lua_getinfo` with "Snl" and its function is on the stack, or with "S", its function is kept, and there is a
/// name.
unsafe fn push_frame(out: &mut Report, record: &lua_Debug, handler: Option<&[u8]>) {
    let mut number = Decimal::new();
    // SAFETY: `short_src` is a NUL-terminated array; the pointers are C strings where they are not null.
    unsafe {
        out.push_stack(CStr::from_ptr(record.short_src.as_ptr()).to_bytes());
        out.push_stack(b":");
        if record.currentline > 0 {
            out.push_stack(number.format(i64::from(record.currentline)));
            out.push_stack(b":");
        }
        let known = if record.name.is_null() || *record.namewhat == 0 { b"" } else { CStr::from_ptr(record.name).to_bytes() };
        if let Some(name) = Some(known).filter(|name| !name.is_empty()).or(handler) {
            for part in [b" in function '", name, b"'"] {
                out.push_stack(part);
            }
        } else {
            match *record.what.cast::<u8>() {
                b'm' => out.push_stack(b" in main chunk"),
                // Bytecode without debug information.
                _ if record.linedefined <= 0 => out.push_stack(b" in function ?"),
                _ => {
                    out.push_stack(b" in function <");
                    out.push_stack(CStr::from_ptr(record.short_src.as_ptr()).to_bytes());
                    out.push_stack(b":");
                    out.push_stack(number.format(i64::from(record.linedefined)));
                    out.push_stack(b">");
                }
            }
        }
    }
    out.push_stack(b"\n");
}

/// The number of frames on the stack, found by halving: LuaJIT walks all of them for each question.
///
/// # Safety
/// `state` is live.
unsafe fn count_levels(state: *mut lua_State) -> c_int {
    // SAFETY: the record is plain data that lua_getstack fills.
    let mut record: lua_Debug = unsafe { mem::zeroed() };
    let (mut known, mut missing) = (0, 1);
    // SAFETY: the caller vouches for `state`.
    unsafe {
        while lua_getstack(state, missing, &mut record) != 0 {
            known = missing;
            missing *= 2;
        }
        while known + 1 < missing {
            let middle = (known + missing) / 2;
            if lua_getstack(state, middle, &mut record) != 0 { known = middle } else { missing = middle }
        }
    }
    missing
}
