//! JSON to Lua values, straight onto the Lua stack.
//!
//! A container's values wait on the stack until it ends; then its table is made in exactly the right size and filled. So nothing is ever
//! rehashed, and nothing but the Lua values is allocated. A container that is too long for the stack moves what is waiting into its table
//! early and goes on (`BATCH`); one around a deep child does so before the child begins (`SLOTS_SOFT`). Below the values stands a [`Link`]
//! to the container around it, as a number among Lua's values: nesting needs no memory of its own, and a finaliser that decodes while
//! this does, because the collector runs in between, finds nothing of it to disturb.
//!
//! No cache of keys: a string that is there already is found in LuaJIT's own table of strings; a cache could spare no more than the hash
//! and the way to the chain. Those are 45 of the 450 instructions that each string of the event `apigw-request` takes with all that
//! belongs to it (callgrind, x86_64); every second string is a key, and looking into the cache would take back 15.
//!
//! Bounds: nesting by `limits::JSON_DEPTH_MAX`; stack slots by `SLOTS_SOFT` and, for the levels beyond it, a link and two values each.

use super::ffi::*;
use super::heap::{Heap, NewTable};
use super::layout::{self, Slot};
use super::stack;
use super::vm::{self, Vm};
use crate::json::{self, Number, Rules, Sink, SyntaxError, Text};
use crate::limits;
use core::ffi::{c_int, c_void};
use core::ptr;

/// Values of one container that wait on the stack at most, but for a child that comes last.
const BATCH: usize = 256;
/// From so many slots in use on, a container does not keep values waiting while a child is read.
const SLOTS_SOFT: usize = 4000;

// A document fits LuaJIT's stack (LUAI_MAXSTACK, 65,500) although the program itself takes three quarters of it.
const _: () = assert!(SLOTS_SOFT + BATCH + 3 * limits::JSON_DEPTH_MAX < 65_500 / 4);

/// Pushes the value of a whole JSON document. On an error nothing is pushed.
///
/// Stack: [-0, +1]. Raises: memory, what finalisers raise, and an error if the stack cannot grow.
///
/// # Safety
/// `state` belongs to `vm` and runs a C function, the calling frames own nothing.
pub unsafe fn push_value(vm: *mut Vm, state: *mut lua_State, text: &[u8]) -> Result<(), SyntaxError> {
    // SAFETY: the caller vouches for `state` and `vm`, whose tags and light userdata are for ever.
    unsafe {
        let style = Style { null: (*vm).light[0], array_meta: (*vm).tags.array(), ..Style::PLAIN };
        push_styled(vm, state, text, 0, &Rules::STRICT, style).map(|_| ())
    }
}

/// What values become.
#[derive(Clone, Copy)]
pub struct Style {
    /// `null`
    pub null: Slot,
    /// The metatables of arrays and of objects, or null.
    pub array_meta: *const c_void,
    pub object_meta: *const c_void,
    /// Integers beyond 2^53 become doubles.
    pub doubles_only: bool,
    /// The value is the whole document.
    pub is_whole: bool,
}

impl Style {
    /// Nothing has a metatable, `null` is nil.
    pub const PLAIN: Style =
        Style { null: Slot::NIL, array_meta: ptr::null(), object_meta: ptr::null(), doubles_only: false, is_whole: true };
}

/// Pushes the value that begins at `at`; returns the offset behind it. On an error nothing is pushed.
///
/// Stack: [-0, +1]. Raises: as [`push_value`].
///
/// # Safety
/// As for [`push_value`]; what `style` refers to is alive until the value is there.
pub unsafe fn push_styled(
    vm: *mut Vm,
    state: *mut lua_State,
    text: &[u8],
    at: usize,
    rules: &Rules,
    style: Style,
) -> Result<usize, SyntaxError> {
    // SAFETY: the caller vouches for `state` and `vm`. The value is the one element of the outermost level; it comes where that stood.
    unsafe {
        let heap = Heap::of(state);
        let top = heap.top();
        let mut builder = Builder { vm, state, heap, style, top, limit: top, mark: 0 };
        builder.begin(false);
        let mark = builder.mark;
        let result = if style.is_whole {
            json::scan(text, rules, &mut builder).map(|()| text.len())
        } else {
            json::scan_value(text, at, rules, &mut builder)
        };
        let place = heap.base().add(mark);
        if result.is_ok() {
            place.write(place.add(1).read());
        }
        heap.set_top(place.add(usize::from(result.is_ok())));
        result
    }
}

/// What stands below a container's values: 47 bits, see [`Slot::note`].
#[derive(Clone, Copy)]
struct Link {
    /// The place of the link of the container around it, in slots from the stack's base: less than 2^17, since LuaJIT's stack is.
    outer: usize,
    /// Elements of an array that are already in its table: less than 2^28, as LuaJIT's arrays are.
    moved: usize,
    is_object: bool,
    /// Whether its table is already on the stack, between this and the waiting values.
    has_table: bool,
}

impl Link {
    #[inline(always)]
    fn to_slot(self) -> Slot {
        Slot::note(self.outer as u64 | (self.moved as u64) << 17 | u64::from(self.is_object) << 45 | u64::from(self.has_table) << 46)
    }

    #[inline(always)]
    fn of(slot: Slot) -> Link {
        let bits = slot.noted();
        Link {
            outer: (bits & 0x1_ffff) as usize,
            moved: (bits >> 17 & 0xfff_ffff) as usize,
            is_object: bits >> 45 & 1 != 0,
            has_table: bits >> 46 & 1 != 0,
        }
    }
}

/// The sink that builds Lua values. Every method may leave by a Lua error; the scanner's frames own nothing.
struct Builder {
    vm: *mut Vm,
    state: *mut lua_State,
    heap: Heap,
    style: Style,
    /// The first free slot. Lua's own stack top lags behind: it is set where the collector or the C API looks at it.
    top: *mut Slot,
    /// The value that reaches this slot asks for [`Builder::make_room`].
    limit: *mut Slot,
    /// The place of the innermost container's link, in slots from the stack's base.
    mark: usize,
}

// SAFETY of all methods' unsafe blocks: `push_styled`'s caller vouches for the state. `top` is the first free slot of its stack, below
// which there are values up from `base`, `base + mark` is the innermost link, and `top < limit <= stack_end` whenever a method begins:
// `set_limit` sees to it, and eight slots more are LuaJIT's reserve.
impl Builder {
    /// The place of the first free slot, from the stack's base.
    #[inline(always)]
    fn index(&self) -> usize {
        (self.top.addr() - self.heap.base().addr()) / size_of::<Slot>()
    }

    /// The innermost container: the place of its link, and what it says.
    #[inline(always)]
    fn link(&self) -> (*mut Slot, Link) {
        // SAFETY: see above.
        unsafe {
            let place = self.heap.base().add(self.mark);
            (place, Link::of(place.read()))
        }
    }

    /// Called for every value, and for every key.
    #[inline(always)]
    fn push(&mut self, slot: Slot) {
        // SAFETY: see above.
        unsafe {
            self.top.write(slot);
            self.top = self.top.add(1);
        }
        if self.top >= self.limit {
            self.make_room();
        }
    }

    /// Sets the limit of the innermost container; the stack grows where it is full.
    #[inline(never)]
    fn set_limit(&mut self) {
        if self.top >= self.heap.stack_end() {
            self.with_lua(|builder| builder.heap.grow_stack());
        }
        // SAFETY: see above. The batch's end may be behind the stack's: it is not used then.
        let (place, link) = self.link();
        let batch = place.wrapping_add(1 + usize::from(link.has_table) + BATCH);
        self.limit = batch.max(self.top.wrapping_add(1)).min(self.heap.stack_end());
    }

    /// Does what may look at Lua's stack, change it or move it.
    #[inline(always)]
    fn with_lua(&mut self, act: impl FnOnce(&mut Builder)) {
        // SAFETY: see above.
        unsafe { self.heap.set_top(self.top) };
        act(self);
        self.top = self.heap.top();
    }

    /// The innermost container has as much waiting as it may, or the stack is full.
    #[cold]
    #[inline(never)]
    fn make_room(&mut self) {
        let (_, link) = self.link();
        let waiting = self.index() - (self.mark + 1 + usize::from(link.has_table));
        // An object moves whole pairs.
        if waiting >= BATCH && !(link.is_object && waiting % 2 == 1) {
            self.move_waiting();
        }
        self.set_limit();
    }

    /// Lets the collector work if that is due. Before anything is made, as in LuaJIT's own API.
    #[inline(always)]
    fn collect(&mut self) {
        if self.heap.is_due() {
            self.collect_now();
        }
    }

    #[cold]
    #[inline(never)]
    fn collect_now(&mut self) {
        self.with_lua(|builder| builder.heap.collect());
        // The stack may be another, and shorter.
        self.set_limit();
    }

    /// A string, as value or key. Most are there already.
    #[inline(never)]
    fn push_text(&mut self, text: Text<'_>) {
        let raw = text.raw();
        let slot = if text.is_escaped() {
            self.unescaped(text)
        } else if let Some(slot) = self.heap.find_string(raw) {
            slot
        } else {
            self.collect();
            self.heap.string(raw)
        };
        self.push(slot);
    }

    #[inline(never)]
    fn unescaped(&mut self, text: Text<'_>) -> Slot {
        // Before the scratch buffer is used: a finaliser may use it too.
        self.collect();
        // SAFETY: `vm` is live, and nobody else uses its scratch buffer while no Lua code runs.
        unsafe {
            let scratch = &mut (*self.vm).scratch;
            if scratch.fill(text.raw().len(), |room| text.unescape(room)).is_err() {
                stack::raise(self.state, &[b"not enough memory"]);
            }
            self.heap.string(scratch.bytes())
        }
    }

    /// Notes a new container.
    #[inline(always)]
    fn begin(&mut self, is_object: bool) {
        let mut mark = self.index();
        if mark > SLOTS_SOFT {
            self.move_waiting();
            mark = self.index();
        }
        // SAFETY: see above.
        unsafe {
            self.top.write(Link { outer: self.mark, moved: 0, is_object, has_table: false }.to_slot());
            self.top = self.top.add(1);
        }
        self.mark = mark;
        self.set_limit();
    }

    /// Moves what waits in the innermost container into its table, which is made if there is none. A key that has no value yet stays.
    #[cold]
    #[inline(never)]
    fn move_waiting(&mut self) {
        self.collect();
        let (place, mut link) = self.link();
        // SAFETY: see above; there is a slot in reserve for the table.
        unsafe {
            let mut first = place.add(1);
            let mut count = self.top.offset_from_unsigned(first);
            let table = if link.has_table {
                first = first.add(1);
                count -= 1;
                NewTable::in_slot(self.heap, place.add(1).read())
            } else {
                // It will hold more than what waits: twice as much spares the first growth.
                let table = if link.is_object { self.heap.table(0, count.max(1)) } else { self.heap.table(2 * count, 0) };
                ptr::copy(first, first.add(1), count);
                first.write(table.slot());
                first = first.add(1);
                table
            };
            let mut kept = 0;
            if link.is_object {
                kept = count % 2;
                table.fill_entries(first, count / 2);
                ptr::copy(first.add(count - kept), first, kept);
            } else {
                let needed = link.moved + count + 1;
                if needed > table.array_len() {
                    table.resize_array(needed.max(2 * table.array_len()));
                }
                table.fill_array(link.moved + 1, first, count);
                link.moved += count;
            }
            table.finish();
            link.has_table = true;
            place.write(link.to_slot());
            self.top = first.add(kept);
        }
    }

    /// Leaves the innermost container's table on the stack in place of its link and of what waits.
    #[inline(never)]
    fn end(&mut self, is_object: bool) {
        self.collect();
        let (place, link) = self.link();
        // SAFETY: see above.
        unsafe {
            let first = place.add(1);
            let table = if link.has_table {
                self.move_waiting();
                self.finished(is_object)
            } else {
                let count = self.top.offset_from_unsigned(first);
                let (array, entries) = if is_object { (0, count / 2) } else { (count, 0) };
                let table = self.heap.table(array, entries);
                if is_object {
                    table.fill_entries(first, entries)
                } else {
                    table.fill_array(1, first, array)
                }
                table
            };
            let meta = if is_object { self.style.object_meta } else { self.style.array_meta };
            if !meta.is_null() {
                table.set_metatable(meta);
            }
            table.finish();
            let place = self.heap.base().add(self.mark);
            place.write(table.slot());
            self.top = place.add(1);
        }
        self.mark = link.outer;
        self.set_limit();
    }

    /// The table of a container that had one before its end: an array keeps no slot too much.
    #[cold]
    #[inline(never)]
    fn finished(&mut self, is_object: bool) -> NewTable {
        let (place, link) = self.link();
        // SAFETY: see above.
        let table = unsafe { NewTable::in_slot(self.heap, place.add(1).read()) };
        if !is_object && table.array_len() > link.moved + 1 {
            table.resize_array(link.moved + 1);
        }
        table
    }

    /// A 64-bit integer, as cdata.
    #[inline(never)]
    fn push_wide(&mut self, ctype: u16, bits: u64) {
        if !self.heap.has_ctypes() {
            // Not by `require`: the program may have replaced it, and emptied what it works with.
            self.with_lua(|builder| {
                // SAFETY: LuaJIT's own stack checks make room; what is pushed is popped.
                unsafe {
                    lua_rawgeti(builder.state, LUA_REGISTRYINDEX, vm::Slot::FfiLoader as c_int);
                    lua_call(builder.state, 0, 0);
                }
            });
            self.set_limit();
        }
        self.collect();
        let slot = self.heap.wide(ctype, bits);
        self.push(slot);
    }
}

impl Sink for Builder {
    fn null(&mut self) {
        self.push(self.style.null);
    }

    fn boolean(&mut self, value: bool) {
        self.push(Slot::boolean(value));
    }

    #[inline(always)]
    fn number(&mut self, value: Number) {
        match value {
            Number::Double(value) => self.push(Slot::number(value)),
            Number::Int64(value) if self.style.doubles_only => self.push(Slot::number(value as f64)),
            Number::Uint64(value) if self.style.doubles_only => self.push(Slot::number(value as f64)),
            Number::Int64(value) => self.push_wide(layout::INT64, value as u64),
            Number::Uint64(value) => self.push_wide(layout::UINT64, value),
        }
    }

    fn string(&mut self, text: Text<'_>) {
        self.push_text(text);
    }

    fn key(&mut self, text: Text<'_>) {
        self.push_text(text);
    }

    fn begin_array(&mut self) {
        self.begin(false);
    }

    fn end_array(&mut self) {
        self.end(false);
    }

    fn begin_object(&mut self) {
        self.begin(true);
    }

    fn end_object(&mut self) {
        self.end(true);
    }
}
