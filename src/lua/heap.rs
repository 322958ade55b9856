//! Strings, tables and stack slots of LuaJIT made where they lie, without a call of the C API for each.
//!
//! Through the C API a decoded member takes five calls, more than half of the decoder's time. This is the same work by LuaJIT's own inner
//! functions, which are in the same binary, and by plain writes to the layout of one pinned LuaJIT. `layout.c` asserts every offset, tag
//! and signature used here when the runtime is built, and LuaJIT's own assertions check the outcome in debug builds.
//!
//! What keeps LuaJIT's invariants:
//!
//! - The collector runs in [`Heap::collect`] and nowhere else, not while a string or a table is made. So whoever calls it has all that it
//!   needs below the stack top. It may move the stack, and it runs the program's finalisers.
//! - A table is white until the collector runs: what is stored in a new one needs no barrier. [`NewTable::finish`] is that of others.
//! - Errors (memory, a stack or table too large) leave by `longjmp`, with the stack top that LuaJIT knows.

use super::ffi::lua_State;
use super::layout::{Node, Slot};
use core::ffi::{c_char, c_int, c_void};

unsafe extern "C" {
    fn lj_str_new(state: *mut lua_State, text: *const c_char, bytes: usize) -> *mut u8;
    fn lj_tab_new(state: *mut lua_State, array: u32, hash_bits: u32) -> *mut u8;
    fn lj_tab_resize(state: *mut lua_State, table: *mut u8, array: u32, hash_bits: u32);
    fn lj_tab_newkey(state: *mut lua_State, table: *mut u8, key: *const Slot) -> *mut Slot;
    fn lj_mem_newgco(state: *mut lua_State, bytes: usize) -> *mut u8;
    fn lj_gc_step(state: *mut lua_State) -> c_int;
    fn lj_state_growstack1(state: *mut lua_State);
}

/// `LJ_GC_WHITES`, `LJ_GC_BLACK`.
const WHITES: u8 = 3;
const BLACK: u8 = 4;
/// `~LJ_TCDATA`
const KIND_CDATA: u8 = 10;

/// The field of type `T` at an offset of an object.
///
/// # Safety
/// There is one, says `layout.c`, and the object is live.
#[inline(always)]
unsafe fn field<T>(object: *mut u8, offset: usize) -> *mut T {
    // SAFETY: the caller vouches for it.
    unsafe { object.add(offset).cast() }
}

/// A Lua state and the heap behind it.
#[derive(Clone, Copy)]
pub struct Heap {
    state: *mut u8,
    /// `global_State`
    global: *mut u8,
}

impl Heap {
    /// The heap of a state.
    ///
    /// # Safety
    /// `state` is live as long as this is used, and the calls are made within a C function called by Lua.
    pub unsafe fn of(state: *mut lua_State) -> Heap {
        let state: *mut u8 = state.cast();
        // SAFETY: of all methods: the caller of `of` vouches for the state, `layout.c` for the offsets.
        Heap { state, global: unsafe { field::<*mut u8>(state, 16).read() } }
    }

    fn state(self) -> *mut lua_State {
        self.state.cast()
    }

    /// The slot of the first argument of the running C function.
    #[inline(always)]
    pub fn base(self) -> *mut Slot {
        // SAFETY: see `of`.
        unsafe { field::<*mut Slot>(self.state, 32).read() }
    }

    /// The first free slot.
    pub fn top(self) -> *mut Slot {
        // SAFETY: see `of`.
        unsafe { field::<*mut Slot>(self.state, 40).read() }
    }

    /// Says which slot is the first free one: everything below is alive for the collector.
    ///
    /// # Safety
    /// It is a slot of the stack, at most `stack_end`, and all below it hold values.
    #[inline(always)]
    pub unsafe fn set_top(self, top: *mut Slot) {
        // SAFETY: see `of`.
        unsafe { field::<*mut Slot>(self.state, 40).write(top) }
    }

    /// The end of the stack. Eight slots behind it may be used for a moment (`LJ_STACK_EXTRA`).
    #[inline(always)]
    pub fn stack_end(self) -> *mut Slot {
        // SAFETY: see `of`.
        unsafe { field::<*mut Slot>(self.state, 48).read() }
    }

    /// Makes the stack longer. It moves.
    ///
    /// Raises: memory, and an error if the stack is as long as it may be.
    #[cold]
    pub fn grow_stack(self) {
        // SAFETY: see `of`.
        unsafe { lj_state_growstack1(self.state()) }
    }

    /// Whether so much was allocated that the collector must do a part of its work.
    #[inline(always)]
    pub fn is_due(self) -> bool {
        // SAFETY: see `of`.
        unsafe { field::<usize>(self.global, 16).read() >= field::<usize>(self.global, 24).read() }
    }

    /// Lets the collector do a part of its work. What is alive is below the stack top, and the stack may move.
    ///
    /// Raises: memory, and what finalisers raise.
    pub fn collect(self) {
        // SAFETY: see `of`.
        unsafe { lj_gc_step(self.state()) };
    }

    /// Whether the library `ffi` was opened.
    pub fn has_ctypes(self) -> bool {
        // SAFETY: see `of`.
        unsafe { !field::<*mut u8>(self.global, 392).read().is_null() }
    }

    /// A new `int64_t` or `uint64_t`, by its `CTypeID`. The library `ffi` was opened.
    ///
    /// Raises: memory.
    pub fn wide(self, ctype: u16, bits: u64) -> Slot {
        // SAFETY: see `of`; the object has 24 bytes.
        unsafe {
            let object = lj_mem_newgco(self.state(), 24);
            field::<u8>(object, 9).write(KIND_CDATA);
            field::<u16>(object, 10).write(ctype);
            field::<u64>(object, 16).write(bits);
            Slot::cdata(object)
        }
    }

    /// The string with these bytes.
    ///
    /// Raises: memory.
    #[inline(always)]
    pub fn string(self, text: &[u8]) -> Slot {
        // SAFETY: see `of`; LuaJIT copies the bytes.
        Slot::string(unsafe { lj_str_new(self.state(), text.as_ptr().cast(), text.len()) })
    }

    /// The string with these bytes, if there is one: in large part what `lj_str_new` does, without its calls of C's `memcmp`.
    ///
    /// What it returns is a live string with these bytes, however LuaJIT hashes: another function than this would find none.
    #[inline(always)]
    pub fn find_string(self, text: &[u8]) -> Option<Slot> {
        // SAFETY: see `of`; the table of strings has `mask` + 1 chains of live strings.
        unsafe {
            let hash = hash(field::<u64>(self.global, 176).read() as u32, text)?;
            let chains: *mut *mut u8 = field::<*mut *mut u8>(self.global, 152).read();
            let mut object = chains.add((hash & field::<u32>(self.global, 160).read()) as usize).read();
            // The lowest bit marks a chain that is hashed otherwise, because it was long: it is left to LuaJIT.
            if object.addr() & 1 != 0 {
                return None;
            }
            while !object.is_null() {
                if field::<u32>(object, 16).read() == hash
                    && field::<u32>(object, 20).read() as usize == text.len()
                    && is_same(object.add(24), text)
                {
                    // One that is about to be swept is alive again.
                    let (marked, white) = (field::<u8>(object, 8), field::<u8>(self.global, 32).read());
                    if marked.read() & !white & WHITES != 0 {
                        marked.write(marked.read() ^ WHITES);
                    }
                    return Some(Slot::string(object));
                }
                object = field::<*mut u8>(object, 0).read();
            }
            None
        }
    }

    /// A new table with room for `array` values from index 1 on, or for `entries` other keys.
    ///
    /// Raises: memory, and an error if it would be too large.
    #[inline(always)]
    pub fn table(self, array: usize, entries: usize) -> NewTable {
        let array = if array > 0 { array as u32 + 1 } else { 0 };
        let hash_bits = match entries {
            0 => 0,
            _ => (entries as u32).next_power_of_two().trailing_zeros().max(1),
        };
        // SAFETY: see `of`.
        NewTable { heap: self, address: unsafe { lj_tab_new(self.state(), array, hash_bits) } }
    }
}

/// The value at an index of the stack of the running C function.
///
/// # Safety
/// `state` is live, and there is one: `index` is positive.
pub unsafe fn stack_slot(state: *mut lua_State, index: c_int) -> Slot {
    // SAFETY: the caller vouches for both.
    unsafe { Heap::of(state).base().add(index as usize - 1).read() }
}

/// A table that is being filled. It is reachable from below the stack top whenever the collector runs.
#[derive(Clone, Copy)]
pub struct NewTable {
    heap: Heap,
    address: *mut u8,
}

impl NewTable {
    /// The table in `slot`.
    ///
    /// # Safety
    /// There is one.
    pub unsafe fn in_slot(heap: Heap, slot: Slot) -> NewTable {
        NewTable { heap, address: slot.address() }
    }

    /// As a value.
    #[inline(always)]
    pub fn slot(self) -> Slot {
        Slot::table(self.address)
    }

    /// Gives it a metatable, which is alive as long as it.
    #[inline(always)]
    pub fn set_metatable(self, metatable: *const c_void) {
        // SAFETY: of all methods: `Heap::table` and `in_slot` vouch for the table, `layout.c` for the offsets. The barrier is `finish`.
        unsafe { field::<*const c_void>(self.address, 32).write(metatable) }
    }

    /// The number of slots of the array part, which begins with index 0.
    pub fn array_len(self) -> usize {
        // SAFETY: see `set_metatable`.
        unsafe { field::<u32>(self.address, 48).read() as usize }
    }

    /// Makes the array part exactly so long. There is no hash part; what is cut off is nil.
    ///
    /// Raises: memory, and an error if it would be too large.
    pub fn resize_array(self, slots: usize) {
        // SAFETY: see `set_metatable`. More slots than u32 holds are more than the stack of LuaJIT could bring.
        unsafe { lj_tab_resize(self.heap.state(), self.address, slots as u32, 0) }
    }

    /// Copies values to the indices from `index` on, which are in the array part.
    ///
    /// # Safety
    /// There are `count` values at `values`.
    #[inline(always)]
    pub unsafe fn fill_array(self, index: usize, values: *const Slot, count: usize) {
        debug_assert!(count == 0 || index + count <= self.array_len());
        // SAFETY: see `set_metatable`; the caller vouches for the values, and the slots are in the array part.
        unsafe {
            let mut to = field::<*mut Slot>(self.address, 16).read().wrapping_add(index);
            let mut from = values;
            let end = from.add(count);
            // Most arrays are short: a call of memcpy costs more.
            while from != end {
                to.write(from.read());
                to = to.add(1);
                from = from.add(1);
            }
        }
    }

    /// Sets `pairs` pairs of key and value. The keys are strings; the last of equal ones wins.
    ///
    /// Raises: memory, and an error if the table would be too large; not if it was made with room for them.
    ///
    /// # Safety
    /// There are so many pairs at `values`.
    pub unsafe fn fill_entries(self, values: *const Slot, pairs: usize) {
        // SAFETY: see `set_metatable`; the caller vouches for the pairs. There is a hash part, since there was room for one entry.
        unsafe {
            // `nomm`: a metatable must not be known to lack what is added now.
            field::<u8>(self.address, 10).write(0);
            for pair in 0..pairs {
                let key = values.add(2 * pair);
                let value = values.add(2 * pair + 1).read();
                let id = field::<u32>(key.read().address(), 12).read() & field::<u32>(self.address, 52).read();
                let main = field::<*mut Node>(self.address, 40).read().add(id as usize);
                let mut node = main;
                let place = loop {
                    if (*node).key.is(key.read()) {
                        break &raw mut (*node).value;
                    }
                    let next = (*node).next;
                    if next.is_null() {
                        // `lj_tab_newkey` without the call, where nothing collides.
                        if (*main).value.is_nil() {
                            (*main).key = key.read();
                            break &raw mut (*main).value;
                        }
                        break lj_tab_newkey(self.heap.state(), self.address, key);
                    }
                    node = next;
                };
                place.write(value);
            }
        }
    }

    /// The write barrier: what was stored is seen by a collection that had this table behind it. Nothing to do for a table younger than
    /// the last [`Heap::collect`].
    pub fn finish(self) {
        // SAFETY: see `set_metatable`; a black table exists only while the collector marks, and goes back to its list of grey ones.
        unsafe {
            let marked = field::<u8>(self.address, 8);
            if marked.read() & BLACK != 0 {
                marked.write(marked.read() & !BLACK);
                let again = field::<*mut u8>(self.heap.global, 64);
                field::<*mut u8>(self.address, 24).write(again.read());
                again.write(self.address);
            }
        }
    }
}

/// `hash_sparse` of `lj_str.c`. None of the empty string.
#[inline(always)]
fn hash(seed: u32, text: &[u8]) -> Option<u32> {
    // SAFETY: of all three: in four bytes or more, none of the words reaches beyond the end.
    let word = |at: usize| unsafe { text.as_ptr().add(at).cast::<u32>().read_unaligned() };
    let len = text.len();
    let mut h = len as u32 ^ seed;
    let (mut a, mut b);
    if len >= 4 {
        a = word(0);
        h ^= word(len - 4);
        b = word(len / 2 - 2);
        h = (h ^ b).wrapping_sub(b.rotate_left(14));
        b = b.wrapping_add(word(len / 4 - 1));
    } else {
        a = u32::from(*text.first()?);
        h ^= u32::from(text[len - 1]);
        b = u32::from(text[len / 2]);
        h = (h ^ b).wrapping_sub(b.rotate_left(14));
    }
    a = (a ^ h).wrapping_sub(h.rotate_left(11));
    b = (b ^ a).wrapping_sub(a.rotate_left(25));
    Some((h ^ b).wrapping_sub(b.rotate_left(16)))
}

/// Whether the bytes at `data` are those of `text`.
///
/// # Safety
/// So many can be read there.
#[inline(always)]
unsafe fn is_same(data: *const u8, text: &[u8]) -> bool {
    let (other, len) = (text.as_ptr(), text.len());
    // SAFETY: the caller vouches for `data`; no word reaches beyond `len`.
    unsafe {
        let same8 = |at: usize| data.add(at).cast::<u64>().read_unaligned() == other.add(at).cast::<u64>().read_unaligned();
        let same4 = |at: usize| data.add(at).cast::<u32>().read_unaligned() == other.add(at).cast::<u32>().read_unaligned();
        let same2 = |at: usize| data.add(at).cast::<u16>().read_unaligned() == other.add(at).cast::<u16>().read_unaligned();
        match len {
            8.. => {
                // The last word overlaps the one before.
                let mut at = 0;
                while at + 8 < len {
                    if !same8(at) {
                        return false;
                    }
                    at += 8;
                }
                same8(len - 8)
            }
            4.. => same4(0) && same4(len - 4),
            2.. => same2(0) && same2(len - 2),
            1 => *data == *other,
            0 => true,
        }
    }
}
