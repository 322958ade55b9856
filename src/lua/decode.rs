//! JSON to Lua values, straight onto the Lua stack.
//!
//! A container's values wait on the stack until it ends; then its table is made in exactly the right size and filled. So nothing is ever
//! rehashed, and nothing but the Lua values is allocated. A container that is too long for the stack moves what is waiting into its table
//! early and goes on (`BATCH`); one around a deep child does so before the child begins (`SLOTS_SOFT`).
//!
//! Bounds: nesting by `limits::JSON_DEPTH_MAX`; stack slots by `SLOTS_SOFT + 2 * JSON_DEPTH_MAX + BATCH`, below LuaJIT's 8,000.

use super::ffi::*;
use super::stack;
use super::vm::{Slot, Vm};
use crate::json::{self, Number, Rules, Sink, SyntaxError, Text};
use crate::limits;
use core::ffi::c_int;
use core::mem::MaybeUninit;
use core::ptr;

/// Values of one container that wait on the stack at most.
const BATCH: c_int = 256;
/// From so many slots in use on, a container does not keep values waiting while a child is read.
const SLOTS_SOFT: c_int = 4000;

/// Slots that are made sure of beyond what is needed now, so that it is not asked for with every container.
const SLOTS_AHEAD: c_int = 64;

const _: () = assert!(SLOTS_SOFT + 2 * limits::JSON_DEPTH_MAX as c_int + BATCH + SLOTS_AHEAD + 50 < 8000);

/// An open container.
#[derive(Clone, Copy)]
struct Level {
    /// The stack top when it began: its table, once there is one, or its first value is at the next index.
    mark: c_int,
    /// Values (and keys) that wait above it.
    waiting: c_int,
    /// Elements of an array that are already in its table.
    moved: c_int,
    is_object: bool,
    /// Whether its table is already on the stack, below the waiting values.
    has_table: bool,
}

impl Level {
    const NONE: Level = Level { mark: 0, waiting: 0, moved: 0, is_object: false, has_table: false };
}

/// Pushes the value of a whole JSON document. On an error nothing is pushed.
///
/// Stack: [-0, +1]. Raises: memory only.
///
/// # Safety
/// `state` belongs to `vm`, the calling frames own nothing.
pub unsafe fn push_value(vm: *mut Vm, state: *mut lua_State, text: &[u8]) -> Result<(), SyntaxError> {
    // SAFETY: the caller vouches for `state` and `vm`.
    unsafe { push_styled(vm, state, text, 0, &Rules::STRICT, Style::EVENT).map(|_| ()) }
}

/// What values become. Indices are those of values on the stack.
#[derive(Clone, Copy)]
pub struct Style {
    /// `null`; `None` for the light userdata NULL.
    pub null: Option<c_int>,
    /// The metatable of arrays; `None` for the runtime's tag.
    pub array_meta: Option<c_int>,
    /// The metatable of objects, or nil; `None` for none.
    pub object_meta: Option<c_int>,
    /// Integers beyond 2^53 become doubles.
    pub doubles_only: bool,
    /// The value is the whole document.
    pub is_whole: bool,
}

impl Style {
    /// The contract's table.
    pub const EVENT: Style = Style { null: None, array_meta: None, object_meta: None, doubles_only: false, is_whole: true };
}

/// Pushes the value that begins at `at`; returns the offset behind it. On an error nothing is pushed.
///
/// Stack: [-0, +1]. Raises: memory only.
///
/// # Safety
/// As for [`push_value`]; the indices in `style` are valid and absolute.
pub unsafe fn push_styled(
    vm: *mut Vm,
    state: *mut lua_State,
    text: &[u8],
    at: usize,
    rules: &Rules,
    style: Style,
) -> Result<usize, SyntaxError> {
    // SAFETY: the caller vouches for `state` and `vm`.
    unsafe {
        let top = lua_gettop(state);
        let levels = [const { MaybeUninit::uninit() }; limits::JSON_DEPTH_MAX];
        let mut builder = Builder { vm, state, style, levels, depth: 0, top, reserved: top };
        builder.ensure_slots();
        if style.array_meta.is_none() {
            // At hand for every array, and removed with what is below the value.
            lua_rawgeti(state, LUA_REGISTRYINDEX, Slot::ArrayTag as c_int);
            builder.top += 1;
            builder.style.array_meta = Some(builder.top);
        }
        let result = if style.is_whole {
            json::scan(text, rules, &mut builder).map(|()| text.len())
        } else {
            json::scan_value(text, at, rules, &mut builder)
        };
        match result {
            Ok(_) if style.array_meta.is_none() => lua_remove(state, top + 1),
            Ok(_) => {}
            Err(_) => lua_settop(state, top),
        }
        result
    }
}

/// The sink that builds Lua values. Every method may leave by a Lua error (memory); the scanner's frames own nothing.
struct Builder {
    vm: *mut Vm,
    state: *mut lua_State,
    style: Style,
    /// The open containers, outermost first: of each builder its own, because making a table may run a finaliser that decodes too. Not
    /// initialised as a whole, which would touch five pages; each level is written when its container begins.
    levels: [MaybeUninit<Level>; limits::JSON_DEPTH_MAX],
    depth: usize,
    /// The index of the last value on the stack: all that is pushed is counted, which spares asking.
    top: c_int,
    /// The index up to which the stack has room.
    reserved: c_int,
}

impl Builder {
    /// Makes sure that a container and its first values find room.
    fn ensure_slots(&mut self) {
        let needed = self.top + BATCH + 20;
        if needed > self.reserved {
            // SAFETY: `state` is live. The bounds above keep the request below LuaJIT's limit; growing raises if memory is out.
            let has_room = unsafe { lua_checkstack(self.state, BATCH + 20 + SLOTS_AHEAD) } != 0;
            debug_assert!(has_room);
            self.reserved = needed + SLOTS_AHEAD;
        }
    }

    fn push_text(&mut self, text: Text<'_>) {
        let raw = text.raw();
        // SAFETY: `state` is live and has room: every container makes sure of it when it begins and when it has moved its values.
        unsafe {
            if !text.is_escaped() {
                stack::push_bytes(self.state, raw);
                return;
            }
            let scratch = &mut (*self.vm).scratch;
            scratch.clear();
            if scratch.reserve(raw.len()).is_err() {
                stack::raise(self.state, &[b"not enough memory"]);
            }
            let room = &mut scratch.spare()[..];
            let bytes = text.unescape(room);
            stack::push_from_buffer(self.state, &room[..bytes]);
        }
    }

    /// Notes a new container.
    fn begin(&mut self, is_object: bool) {
        if self.depth > 0 && self.top > SLOTS_SOFT {
            self.move_waiting();
        }
        self.ensure_slots();
        // The scanner opens no more containers than there are levels.
        self.depth += 1;
        let level = Level { mark: self.top, is_object, ..Level::NONE };
        self.levels[self.depth - 1].write(level);
    }

    /// The innermost open container.
    fn level(&mut self) -> &mut Level {
        // SAFETY: a container is open, so `depth` is at least 1, and `begin` has written its level.
        unsafe { self.levels[self.depth - 1].assume_init_mut() }
    }

    /// Counts what was just pushed. Called for every value, and for every key.
    #[inline]
    fn count(&mut self) {
        self.top += 1;
        if self.depth > 0 {
            let level = self.level();
            level.waiting += 1;
            // An object moves whole pairs: after a value, when the number of what waits is even.
            if level.waiting >= BATCH && !(level.is_object && level.waiting % 2 == 1) {
                self.move_waiting();
            }
        }
    }

    /// Moves what waits in the innermost container into its table, which is made if there is none. A key that has no value yet stays.
    fn move_waiting(&mut self) {
        let state = self.state;
        let Level { mark, waiting, moved, is_object, has_table } = *self.level();
        let table = mark + 1;
        // SAFETY: `state` is live; `waiting` values are above `mark` (and the table); two more slots are free.
        unsafe {
            if !has_table {
                // It will hold more than what waits: twice as much spares the first growth.
                if is_object {
                    lua_createtable(state, 0, waiting)
                } else {
                    lua_createtable(state, 2 * waiting, 0)
                }
                lua_insert(state, table);
            }
            if is_object {
                set_pairs(state, table, table + 1, waiting / 2);
                if waiting % 2 == 1 {
                    lua_replace(state, table + 1);
                }
                lua_settop(state, table + waiting % 2);
            } else {
                for index in 1..=waiting {
                    lua_pushvalue(state, table + index);
                    lua_rawseti(state, table, moved + index);
                }
                lua_settop(state, table);
            }
        }
        let level = self.level();
        level.has_table = true;
        level.moved = moved + waiting;
        level.waiting = if is_object { waiting % 2 } else { 0 };
        self.top = table + self.level().waiting;
    }

    /// Leaves the innermost container's table on the stack in place of what waits.
    fn end(&mut self) {
        let state = self.state;
        if self.level().has_table {
            self.move_waiting();
        } else {
            let Level { mark, waiting, is_object, .. } = *self.level();
            let table = mark + 1;
            // SAFETY: as in `move_waiting`.
            unsafe {
                if is_object {
                    lua_createtable(state, 0, waiting / 2);
                    set_pairs(state, table + waiting, table, waiting / 2);
                    if waiting > 0 {
                        lua_replace(state, table);
                        lua_settop(state, table);
                    }
                } else {
                    lua_createtable(state, waiting, 0);
                    lua_insert(state, table);
                    for index in (1..=waiting).rev() {
                        lua_rawseti(state, table, index);
                    }
                }
            }
        }
        let Level { mark, is_object, .. } = *self.level();
        let meta = if is_object { self.style.object_meta } else { self.style.array_meta };
        if let Some(index) = meta {
            // SAFETY: the table is on top; one slot is free; a metatable is a table or nil.
            unsafe {
                lua_pushvalue(state, index);
                lua_setmetatable(state, -2);
            }
        }
        // The table stands where its values were; it is counted as one of the container around it.
        self.top = mark;
        self.depth -= 1;
        self.count();
    }
}

/// Sets `count` pairs of key and value, which stand from `first` on, in the table at `table`. The last of equal keys wins.
///
/// Stack: [-0, +0], 2 slots. Raises: memory only.
///
/// # Safety
/// `state` is live with the pairs and the table where the arguments say.
unsafe fn set_pairs(state: *mut lua_State, table: c_int, first: c_int, count: c_int) {
    for pair in 0..count {
        // SAFETY: the caller vouches for all of it.
        unsafe {
            lua_pushvalue(state, first + 2 * pair);
            lua_pushvalue(state, first + 2 * pair + 1);
            lua_rawset(state, table);
        }
    }
}

impl Sink for Builder {
    fn null(&mut self) {
        // SAFETY: `state` is live and has room, see `push_text`.
        unsafe {
            match self.style.null {
                None => lua_pushlightuserdata(self.state, ptr::null_mut()),
                Some(index) => lua_pushvalue(self.state, index),
            }
        }
        self.count();
    }

    fn boolean(&mut self, value: bool) {
        // SAFETY: as above.
        unsafe { lua_pushboolean(self.state, c_int::from(value)) };
        self.count();
    }

    fn number(&mut self, value: Number) {
        // SAFETY: as above; push_wide needs a few slots more, which `ensure_slots` has in reserve.
        unsafe {
            match value {
                Number::Double(value) => lua_pushnumber(self.state, value),
                Number::Int64(value) if self.style.doubles_only => lua_pushnumber(self.state, value as f64),
                Number::Uint64(value) if self.style.doubles_only => lua_pushnumber(self.state, value as f64),
                Number::Int64(value) => push_wide(self.state, value as u64, true),
                Number::Uint64(value) => push_wide(self.state, value, false),
            }
        }
        self.count();
    }

    fn string(&mut self, text: Text<'_>) {
        self.push_text(text);
        self.count();
    }

    fn key(&mut self, text: Text<'_>) {
        self.push_text(text);
        self.count();
    }

    fn begin_array(&mut self) {
        self.begin(false);
    }

    fn end_array(&mut self) {
        self.end();
    }

    fn begin_object(&mut self) {
        self.begin(true);
    }

    fn end_object(&mut self) {
        self.end();
    }
}

/// Pushes the helpers for 64-bit cdata, made when the first such number comes.
///
/// There is no C API for cdata. The helpers own two places of eight bytes; C knows their addresses as the cdata's pointers and writes
/// there, a Lua function boxes. The table: signed place, its boxing function, unsigned place, its boxing function.
///
/// Stack: [-0, +1], 3 slots. Raises: memory only.
///
/// # Safety
/// `state` is live, the slots are free, the calling frames own nothing.
unsafe fn push_wide_helpers(state: *mut lua_State) {
    const MAKER: &[u8] = b"local ffi = ... local signed, unsigned = ffi.new('int64_t[1]'), ffi.new('uint64_t[1]') \
        return { signed, function() return signed[0] end, unsigned, function() return unsigned[0] end }";
    // SAFETY: the caller vouches for `state`; MAKER is a valid chunk.
    unsafe {
        lua_rawgeti(state, LUA_REGISTRYINDEX, Slot::WideNumbers as c_int);
        if lua_type(state, -1) != LUA_TTABLE {
            lua_pop(state, 1);
            if luaL_loadbufferx(state, MAKER.as_ptr().cast(), MAKER.len(), c"=coldmoon".as_ptr(), ptr::null()) != LUA_OK {
                stack::throw(state);
            }
            // Not by `require`: the program may have replaced it, and emptied what it works with.
            stack::get_field(state, LUA_REGISTRYINDEX, c"_LOADED");
            stack::get_field(state, -1, c"ffi");
            lua_remove(state, -2);
            if lua_type(state, -1) != LUA_TTABLE {
                lua_pop(state, 1);
                lua_rawgeti(state, LUA_REGISTRYINDEX, Slot::FfiLoader as c_int);
                lua_call(state, 0, 1);
            }
            lua_call(state, 1, 1);
            lua_pushvalue(state, -1);
            lua_rawseti(state, LUA_REGISTRYINDEX, Slot::WideNumbers as c_int);
        }
    }
}

/// Pushes a 64-bit integer as `int64_t` or `uint64_t` cdata; the bits of a signed one as they are.
///
/// Stack: [-0, +1], 4 slots. Raises: memory only.
///
/// # Safety
/// As for [`push_wide_helpers`].
unsafe fn push_wide(state: *mut lua_State, bits: u64, is_signed: bool) {
    // SAFETY: the caller vouches for `state`; the place is eight writable bytes.
    unsafe {
        push_wide_helpers(state);
        let first = if is_signed { 1 } else { 3 };
        lua_rawgeti(state, -1, first);
        let place: *mut u64 = lua_topointer(state, -1).cast_mut().cast();
        lua_pop(state, 1);
        place.write(bits);
        lua_rawgeti(state, -1, first + 1);
        lua_remove(state, -2);
        lua_call(state, 0, 1);
    }
}
