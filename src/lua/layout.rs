//! LuaJIT's tables, strings and numbers as they lie in memory, to be read without a call for each.
//!
//! Encoding a table through the C API takes six calls for each member, half of the encoder's time. These are plain reads of the layout of
//! one pinned LuaJIT (`lj_obj.h`, GC64); `layout.c` asserts every offset and tag used here when the runtime is built, so another LuaJIT
//! does not compile rather than misread. Read only: what is made or changed without the C API is `heap`'s.
//!
//! What is read stays where it is: LuaJIT's collector moves nothing, and while values are read here no Lua code runs.

use super::ffi::*;
use core::ffi::{c_int, c_void};
use core::marker::PhantomData;
use core::slice;

/// The upper 17 bits of a value that is no double, as `itype` gives them.
mod tag {
    pub const NIL: u32 = !0;
    pub const FALSE: u32 = !1;
    pub const TRUE: u32 = !2;
    pub const LIGHT: u32 = !3;
    pub const STRING: u32 = !4;
    pub const THREAD: u32 = !6;
    pub const FUNCTION: u32 = !8;
    pub const CDATA: u32 = !10;
    pub const TABLE: u32 = !11;
    pub const USERDATA: u32 = !12;
    /// An integer, where LuaJIT has them apart from doubles (arm64); below it are the doubles.
    pub const INTEGER: u32 = !13;
}

/// `LJ_GCVMASK`: the bits of a pointer.
const POINTER_BITS: u64 = (1 << 47) - 1;

/// What `setnanV` writes.
const NAN: u64 = 0xfff8 << 48;

/// `CTID_INT64`, `CTID_UINT64`.
pub const INT64: u16 = 11;
pub const UINT64: u16 = 12;

/// A value as it lies in a table: `TValue`.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Slot(u64);

/// What a value is.
#[derive(Clone, Copy)]
pub enum Value<'a> {
    Nil,
    Boolean(bool),
    /// Light userdata, to be compared with others.
    Light(Slot),
    Number(f64),
    String(&'a [u8]),
    Table(Table<'a>),
    Int64(i64),
    Uint64(u64),
    /// A type that has no other name here.
    Other(&'static [u8]),
}

impl Slot {
    /// Nil.
    pub const NIL: Slot = Slot(u64::MAX);

    /// Light userdata, functions and objects of the heap, by their tag.
    #[inline(always)]
    fn object(tag: u32, address: *const u8) -> Slot {
        Slot(address.addr() as u64 | u64::from(tag) << 47)
    }

    /// The string at an address.
    #[inline(always)]
    pub fn string(address: *const u8) -> Slot {
        Slot::object(tag::STRING, address)
    }

    /// The table at an address.
    #[inline(always)]
    pub fn table(address: *const u8) -> Slot {
        Slot::object(tag::TABLE, address)
    }

    /// The cdata at an address.
    pub fn cdata(address: *const u8) -> Slot {
        Slot::object(tag::CDATA, address)
    }

    /// A boolean.
    #[inline(always)]
    pub fn boolean(value: bool) -> Slot {
        Slot::object(if value { tag::TRUE } else { tag::FALSE }, POINTER_BITS as *const u8)
    }

    /// A number. There is one NaN: others could be taken for what is no number.
    #[inline(always)]
    pub fn number(value: f64) -> Slot {
        Slot(if value.is_nan() { NAN } else { value.to_bits() })
    }

    /// A number of Lua's that carries 47 bits of the runtime's own, for a while, on the stack.
    #[inline(always)]
    pub fn note(bits: u64) -> Slot {
        debug_assert!(bits <= POINTER_BITS);
        Slot(bits)
    }

    /// The bits of [`Slot::note`].
    #[inline(always)]
    pub fn noted(self) -> u64 {
        self.0
    }

    /// The address of the object that a value refers to.
    #[inline(always)]
    pub fn address(self) -> *mut u8 {
        (self.0 & POINTER_BITS) as *mut u8
    }

    /// `itype(o)`
    #[inline(always)]
    fn tag(self) -> u32 {
        ((self.0 as i64) >> 47) as u32
    }

    /// Whether it is the same value, bit for bit: the same object, or of two light userdata the same address (LuaJIT interns the upper
    /// halves of addresses).
    #[inline(always)]
    pub fn is(self, other: Slot) -> bool {
        self.0 == other.0
    }

    /// Whether it is a string.
    #[inline(always)]
    pub fn is_string(self) -> bool {
        self.tag() == tag::STRING
    }

    /// Whether it is nil.
    #[inline(always)]
    pub fn is_nil(self) -> bool {
        self.tag() == tag::NIL
    }

    /// What the value is.
    ///
    /// # Safety
    /// The slot was read from a live object, and what it refers to stays alive for `'a`: it is reachable, and no collection runs.
    #[inline(always)]
    pub unsafe fn value<'a>(self) -> Value<'a> {
        let tag = self.tag();
        if tag < tag::INTEGER {
            return Value::Number(f64::from_bits(self.0));
        }
        let address = (self.0 & POINTER_BITS) as *const u8;
        // SAFETY: the tag says what the address is that of, `layout.c` vouches for the offsets, the caller for the object's life.
        unsafe {
            match tag {
                tag::STRING => Value::String(slice::from_raw_parts(address.add(24), address.add(20).cast::<u32>().read() as usize)),
                tag::TABLE => Value::Table(Table { address, life: PhantomData }),
                tag::INTEGER => Value::Number(f64::from(self.0 as i32)),
                tag::FALSE => Value::Boolean(false),
                tag::TRUE => Value::Boolean(true),
                tag::NIL => Value::Nil,
                tag::LIGHT => Value::Light(self),
                tag::CDATA => cdata(address),
                tag::THREAD => Value::Other(b"thread"),
                tag::FUNCTION => Value::Other(b"function"),
                tag::USERDATA => Value::Other(b"userdata"),
                _ => Value::Other(b"internal"),
            }
        }
    }
}

/// The value of the cdata at `address`.
///
/// # Safety
/// There is live cdata at `address`.
unsafe fn cdata<'a>(address: *const u8) -> Value<'a> {
    // SAFETY: the caller vouches for the object; an int64_t or uint64_t has eight bytes behind its header.
    unsafe {
        let number = address.add(16).cast::<u64>();
        match address.add(10).cast::<u16>().read() {
            INT64 => Value::Int64(number.read() as i64),
            UINT64 => Value::Uint64(number.read()),
            _ => Value::Other(b"cdata"),
        }
    }
}

/// The value at `index` of the stack.
///
/// Stack: [-0, +0]. Raises: nothing.
///
/// # Safety
/// `state` is live; the value stays on the stack for `'a`, and no collection runs. Light userdata is read by `light_slots`.
pub unsafe fn stack_value<'a>(state: *mut lua_State, index: c_int) -> Value<'a> {
    // SAFETY: the caller vouches for `state`; the C API says what is there and where.
    unsafe {
        match lua_type(state, index) {
            LUA_TNIL | LUA_TNONE => Value::Nil,
            LUA_TBOOLEAN => Value::Boolean(lua_toboolean(state, index) != 0),
            LUA_TNUMBER => Value::Number(lua_tonumber(state, index)),
            LUA_TSTRING => Value::String(super::stack::to_bytes(state, index).unwrap_or_default()),
            LUA_TTABLE => Value::Table(Table::at(lua_topointer(state, index))),
            LUA_TCDATA => cdata(lua_topointer(state, index).cast::<u8>().sub(16)),
            _ => Value::Other(super::stack::type_name(state, index)),
        }
    }
}

/// A table: `GCtab`.
#[derive(Clone, Copy)]
pub struct Table<'a> {
    address: *const u8,
    life: PhantomData<&'a ()>,
}

/// One entry of a table's hash part: `Node`.
#[repr(C)]
pub struct Node {
    pub value: Slot,
    pub key: Slot,
    /// The next one of those that share a place.
    pub next: *mut Node,
}

/// The entries of a table's hash part that hold a value. A type of its own: an adapter's closures would not be inlined.
pub struct Entries<'a>(slice::Iter<'a, Node>);

impl Iterator for Entries<'_> {
    type Item = (Slot, Slot);

    #[inline(always)]
    fn next(&mut self) -> Option<(Slot, Slot)> {
        loop {
            let node = self.0.next()?;
            if !node.value.is_nil() {
                return Some((node.key, node.value));
            }
        }
    }
}

impl<'a> Table<'a> {
    /// The table whose address `lua_topointer` gave.
    ///
    /// # Safety
    /// It is that of a table that stays alive for `'a`.
    pub unsafe fn at(address: *const c_void) -> Table<'a> {
        Table { address: address.cast(), life: PhantomData }
    }

    /// Its address, as `lua_topointer` gives it.
    pub fn address(self) -> *const c_void {
        self.address.cast()
    }

    /// The address of its metatable; null if it has none.
    #[inline(always)]
    pub fn metatable(self) -> *const c_void {
        // SAFETY: of all methods: `at` and `Slot::value` vouch for the table, `layout.c` for the offsets.
        unsafe { (self.address.add(32).cast::<u64>().read() & POINTER_BITS) as *const c_void }
    }

    /// The array part: the values of the keys 0, 1, 2 …
    #[inline(always)]
    pub fn array(self) -> &'a [Slot] {
        // SAFETY: as in `metatable`; the array has `asize` slots and is not resized while no Lua code runs.
        unsafe {
            let slots = self.address.add(16).cast::<*const Slot>().read();
            let count = self.address.add(48).cast::<u32>().read() as usize;
            if count == 0 { &[] } else { slice::from_raw_parts(slots, count) }
        }
    }

    #[inline(always)]
    fn nodes(self) -> &'a [Node] {
        // SAFETY: as in `array`; there is always at least one node, which may be the shared empty one.
        unsafe {
            let nodes = self.address.add(40).cast::<*const Node>().read();
            slice::from_raw_parts(nodes, self.address.add(52).cast::<u32>().read() as usize + 1)
        }
    }

    /// The entries of the hash part that hold a value: (key, value), in the order of `next`.
    #[inline(always)]
    pub fn entries(self) -> Entries<'a> {
        Entries(self.nodes().iter())
    }

    /// Their keys, with the numbers by which [`Table::entry`] finds them again.
    pub fn numbered_keys(self) -> impl Iterator<Item = (u32, Slot)> + use<'a> {
        (0..).zip(self.nodes()).filter(|(_, node)| !node.value.is_nil()).map(|(number, node)| (number, node.key))
    }

    /// The value of the entry with that number.
    pub fn entry(self, number: u32) -> Slot {
        self.nodes()[number as usize].value
    }
}

/// The slots of the first two elements of the array at `index`, which hold light userdata.
///
/// Stack: [-0, +0]. Raises: nothing.
///
/// # Safety
/// `state` is live and there is a table with two elements in its array part.
pub unsafe fn light_slots(state: *mut lua_State, index: c_int) -> [Slot; 2] {
    // SAFETY: the caller vouches for the table.
    let array = unsafe { Table::at(lua_topointer(state, index)) }.array();
    [array[1], array[2]]
}
