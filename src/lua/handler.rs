//! The handler: `_HANDLER` resolved once at INIT, then one call per event.
//!
//! Both entries run protected (`Vm::enter`). What the entry itself finds wrong (a name without a dot, a result that is no JSON) goes into
//! the report directly; what Lua raises is put there by `failure::report`.

use super::encode::{self, Problem};
use super::ffi::*;
use super::modules::{self, Tag};
use super::sort::heap_sort;
use super::vm::{Slot, Vm};
use super::{context, decode, stack, stream};
use crate::answer;
use crate::buffer::{Buffer, Overflow};
use crate::env::{self, Env};
use crate::interpreter::Invocation;
use crate::limits;
use core::ffi::c_int;

/// What [`load`] is given.
pub struct LoadFrame {
    /// Whether the report holds an error that was not raised.
    pub is_refused: bool,
}

/// The name that the handler's own frame has in a stack trace.
pub fn function_name(env: &Env) -> &'static [u8] {
    let handler = env.handler.unwrap_or(b"handler");
    env::split_handler(handler).1.unwrap_or(handler)
}

/// Lua: loads the handler's module and puts the handler into its slot.
///
/// Raises: what the module raises while it is loaded.
pub unsafe extern "C" fn load(state: *mut lua_State) -> c_int {
    // SAFETY: called through `Vm::enter` with a LoadFrame that outlives the call; LUA_MINSTACK slots are free; nothing here owns anything.
    unsafe {
        let vm = Vm::of(state);
        let frame: *mut LoadFrame = lua_touserdata(state, 1).cast();
        let report = &raw mut (*vm).failure;
        (*frame).is_refused = true;

        let Some(handler) = (*vm).env.handler else {
            (*report).set_malformed_handler_name(&[b"_HANDLER is not set; it names the handler as module.function"]);
            return 0;
        };
        let (module, function) = env::split_handler(handler);
        if module.is_empty() || function.is_some_and(<[u8]>::is_empty) {
            (*report).set_malformed_handler_name(&[b"the handler '", handler, b"' is not of the form module.function"]);
            return 0;
        }
        // A bare name is a handler only if a module of that name returns a function: a missing one is a malformed name, not a missing
        // module.
        if function.is_none() && !modules::exists(state, module) {
            (*report).set_malformed_handler_name(&[
                b"the handler '",
                handler,
                b"' is not of the form module.function, and there is no module '",
                module,
                b"'",
            ]);
            return 0;
        }

        stack::get_field(state, LUA_GLOBALSINDEX, c"require");
        stack::push_bytes(state, module);
        lua_call(state, 1, 1);
        let is_found = match function {
            _ if is_callable(state, -1) => true,
            Some(function) if lua_type(state, -1) == LUA_TTABLE => {
                stack::push_bytes(state, function);
                lua_gettable(state, -2);
                is_callable(state, -1)
            }
            _ => false,
        };
        if is_found {
            if lua_type(state, -1) == LUA_TFUNCTION {
                lua_pushvalue(state, -1);
                lua_getinfo(state, c">S".as_ptr(), &raw mut (*vm).handler);
            }
            lua_rawseti(state, LUA_REGISTRYINDEX, Slot::Handler as c_int);
            (*vm).is_loaded = true;
            (*frame).is_refused = false;
        } else if let Some(function) = function {
            refuse_function(vm, state, module, function);
        } else {
            (*report).set_malformed_handler_name(&[
                b"the handler '",
                handler,
                b"' is not of the form module.function, and the module '",
                module,
                b"' returned ",
                type_with_article(state, 2),
                b", not a function",
            ]);
        }
        0
    }
}

/// Reports that a module has no such function, and what it has. The module's value is at 2.
///
/// # Safety
/// As in `load`.
unsafe fn refuse_function(vm: *mut Vm, state: *mut lua_State, module: &[u8], function: &[u8]) {
    // SAFETY: the caller vouches for `state`; lua_next gets the table at 2 and keys that it returned; the names are strings that the table
    // keeps alive.
    unsafe {
        let report = &raw mut (*vm).failure;
        const TYPE: &[u8] = b"Runtime.HandlerNotFound";
        if lua_type(state, 2) != LUA_TTABLE {
            let found = type_with_article(state, 2);
            // A module that returns nothing: `require` makes that `true`.
            let hint: &[u8] = if lua_type(state, 2) == LUA_TBOOLEAN { b" (is a `return` missing at its end?)" } else { b"" };
            (*report).set(TYPE, &[b"module '", module, b"' returned ", found, b", not a table with the function '", function, b"'", hint]);
            return;
        }
        let mut names: [&[u8]; 16] = [b""; 16];
        let mut count = 0;
        lua_settop(state, 2);
        lua_pushnil(state);
        while lua_next(state, 2) != 0 {
            if is_callable(state, -1) && lua_type(state, -2) == LUA_TSTRING && count < names.len() {
                names[count] = stack::to_bytes(state, -2).unwrap_or_default();
                count += 1;
            }
            lua_pop(state, 1);
        }
        heap_sort(&mut &mut names[..count]);
        let list = &mut (*vm).scratch;
        list.clear();
        for (index, name) in names[..count].iter().enumerate() {
            // Without memory for the list the message is shorter.
            let _ = list.push(if index > 0 { b", " } else { b"" });
            let _ = list.push(name);
        }
        let has: &[u8] = if count > 0 { b"; it has: " } else { b"; it has no functions" };
        (*report).set(TYPE, &[b"module '", module, b"' has no function '", function, b"'", has, (*vm).scratch.bytes()]);
    }
}

/// Whether the value can be called: a function, or what has `__call`.
///
/// Stack: [-0, +0], 2 slots. Raises: nothing.
///
/// # Safety
/// `state` is live.
unsafe fn is_callable(state: *mut lua_State, index: c_int) -> bool {
    // SAFETY: the caller vouches for `state`; what is pushed is popped.
    unsafe {
        if lua_type(state, index) == LUA_TFUNCTION {
            return true;
        }
        let has_call = luaL_getmetafield(state, index, c"__call".as_ptr()) != 0;
        if has_call {
            lua_pop(state, 1);
        }
        has_call
    }
}

/// `a table`, `nil`, `true`: what a module returned, in words.
///
/// # Safety
/// `state` is live.
unsafe fn type_with_article(state: *mut lua_State, index: c_int) -> &'static [u8] {
    // SAFETY: the caller vouches for `state`.
    match unsafe { lua_type(state, index) } {
        LUA_TNIL | LUA_TNONE => b"nil",
        LUA_TBOOLEAN => b"a boolean",
        LUA_TNUMBER => b"a number",
        LUA_TSTRING => b"a string",
        LUA_TTABLE => b"a table",
        LUA_TFUNCTION => b"a function",
        _ => b"an object",
    }
}

/// What [`invoke`] is given.
pub struct CallFrame<'a> {
    invocation: &'a Invocation<'a>,
    body: &'a mut Buffer,
    /// Whether the report holds an error that was not raised.
    pub is_refused: bool,
}

impl<'a> CallFrame<'a> {
    /// The frame of one call.
    pub fn new(invocation: &'a Invocation<'a>, body: &'a mut Buffer) -> CallFrame<'a> {
        CallFrame { invocation, body, is_refused: true }
    }
}

/// Lua: steps 7 to 10 of an invocation. Decodes the event, makes the context, calls the handler, encodes the result.
///
/// Raises: what the handler raises, and memory.
pub unsafe extern "C" fn invoke(state: *mut lua_State) -> c_int {
    // SAFETY: called through `Vm::enter` with a CallFrame that outlives the call; LUA_MINSTACK slots are free; nothing here owns anything.
    unsafe {
        let vm = Vm::of(state);
        let frame: *mut CallFrame<'_> = lua_touserdata(state, 1).cast();
        let invocation = (*frame).invocation;
        let is_string_mode = (*vm).is_string_mode;

        // 7. The event becomes a Lua value.
        lua_rawgeti(state, LUA_REGISTRYINDEX, Slot::Handler as c_int);
        if is_string_mode {
            stack::push_bytes(state, invocation.event);
        } else if let Err(error) = decode::push_value(vm, state, invocation.event) {
            (*vm).failure.set_event_error(error);
            return 0;
        }
        // 8. The context.
        if let Err(error) = context::push(vm, state, invocation) {
            (*vm).failure.set_context_error(error);
            return 0;
        }
        // 9. The handler.
        lua_call(state, 2, LUA_MULTRET);
        let result = 2;
        if lua_gettop(state) < result {
            lua_pushnil(state);
        }
        if lua_type(state, result) == LUA_TNIL && lua_gettop(state) > result && lua_type(state, result + 1) != LUA_TNIL {
            // `nil, err`, Lua's way to say that it failed, is `error(err)`.
            lua_settop(state, result + 1);
            stack::throw(state);
        }
        // 10. The result becomes the body.
        lua_settop(state, result);
        let body = &mut *(*frame).body;
        match write_result(vm, state, result, is_string_mode, body) {
            Ok(()) if body.len() <= limits::RESPONSE_BYTES_MAX => (*frame).is_refused = false,
            Ok(()) | Err(Problem::Overflow(Overflow::Bound)) => {
                let [error_type, message] = answer::TOO_LARGE;
                (*vm).failure.set(error_type, &[message]);
            }
            Err(problem) => encode::report(vm, b"Runtime.MarshalError", b"result", problem),
        }
        0
    }
}

/// Writes the handler's result, at `result`, and sets its content type.
///
/// # Safety
/// As in `invoke`.
unsafe fn write_result(vm: *mut Vm, state: *mut lua_State, result: c_int, is_string_mode: bool, body: &mut Buffer) -> Result<(), Problem> {
    // SAFETY: the caller vouches for `state`; the strings are on the stack or in the table at `result` while they are copied.
    unsafe {
        (*vm).content_type.set(answer::JSON);
        let tag = if lua_type(state, result) == LUA_TTABLE { (*vm).tags.of(state, result) } else { None };
        match tag {
            Some(Tag::Raw) => {
                let (bytes, content_type) = modules::to_raw(state, result);
                (*vm).content_type.set(content_type.unwrap_or(answer::BYTES));
                return Ok(body.push(bytes)?);
            }
            Some(Tag::Stream) => return stream::send(vm, state, result),
            _ => {}
        }
        if is_string_mode && lua_type(state, result) != LUA_TNIL {
            let bytes = stack::to_bytes(state, result).ok_or(Problem::NotAString(stack::type_name(state, result)))?;
            return Ok(body.push(bytes)?);
        }
        encode::write_value(vm, state, result, &encode::Style::RESULT, body)
    }
}
