//! Lua values to JSON, straight from the Lua stack into the send buffer.
//!
//! What a table is, is decided while it is written: as an array as long as its keys are 1, 2, 3 …, as an object if the first key is a
//! string. Only the keys of a table with holes are looked at twice. Metamethods are not called.
//!
//! Bounds: nesting by `limits::JSON_DEPTH_MAX`, which also ends a cycle; three stack slots per level; the buffer's own.

use super::ffi::*;
use super::modules::{self, Tag};
use super::vm::Vm;
use super::{decode, stack};
use crate::buffer::{Buffer, Overflow};
use crate::json::{self, Number, StringRules, WriteError};
use crate::limits;
use core::ffi::{c_int, c_void};

/// How values are written. [`Style::RESULT`] is the contract's; the rest is for modules that other libraries' users know.
#[derive(Clone, Copy)]
pub struct Style<'a> {
    /// Levels of arrays and objects, at most `limits::JSON_DEPTH_MAX`.
    pub depth_max: usize,
    /// How strings are written.
    pub strings: StringRules,
    /// An array may be this long whatever it holds.
    pub sparse_safe: f64,
    /// Beyond that it may have so many times more places than elements; 0 for any number.
    pub sparse_ratio: f64,
    /// An array with more holes is written as an object instead of refused.
    pub sparse_convert: bool,
    /// What becomes of NaN and the infinities.
    pub not_finite: NotFinite,
    /// An empty table without a tag is `[]`.
    pub empty_as_array: bool,
    /// Number keys may stand in an object, as strings.
    pub number_keys: bool,
    /// Values of other types are left out (`null` in an array) instead of refused.
    pub skip_unsupported: bool,
    /// How numbers are written.
    pub numbers: Numbers,
    /// One step of indentation; `None` for no white space at all.
    pub indent: Option<&'a [u8]>,
}

/// What becomes of NaN and the infinities.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum NotFinite {
    /// They are refused.
    Refuse,
    /// `null`
    Null,
    /// `NaN`, `Infinity`, `-Infinity`, which is no JSON.
    Text,
}

/// How numbers are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Numbers {
    /// With the fewest digits that read back to the same double.
    Shortest,
    /// With at most 14 digits, as Lua's `tostring` gives them.
    Lua,
    /// As `string.format`, which stands in the next stack slot, writes them with the pattern in this one.
    Format(c_int),
}

impl Style<'_> {
    /// The contract's table. Holes as in lua-cjson: its defaults for `encode_sparse_array`.
    pub const RESULT: Style<'static> = Style {
        depth_max: limits::JSON_DEPTH_MAX,
        strings: StringRules::STRICT,
        sparse_safe: 10.0,
        sparse_ratio: 2.0,
        sparse_convert: false,
        not_finite: NotFinite::Refuse,
        empty_as_array: false,
        number_keys: false,
        skip_unsupported: false,
        numbers: Numbers::Shortest,
        indent: None,
    };
}

/// Bytes of a path that an error message shows.
const PATH_SHOWN: usize = 256;

/// Why a value cannot be JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// A value of this type.
    Type(&'static [u8]),
    /// NaN or an infinity.
    NotFinite,
    /// A key that is no string in an object, or no index in an array.
    Keys,
    /// More holes than lua-cjson allows.
    Sparse,
    /// The table at this level (0 is the outermost) contains itself.
    Cycle(usize),
    /// More than `limits::JSON_DEPTH_MAX` levels.
    Depth,
    /// A string that is not UTF-8 from this byte on.
    Utf8(usize),
    /// String mode: the result is of this type.
    NotAString(&'static [u8]),
    /// The buffer is full.
    Overflow(Overflow),
}

impl From<Overflow> for Problem {
    fn from(overflow: Overflow) -> Problem {
        Problem::Overflow(overflow)
    }
}

impl From<WriteError> for Problem {
    fn from(error: WriteError) -> Problem {
        match error {
            WriteError::Overflow(overflow) => Problem::Overflow(overflow),
            WriteError::NotFinite => Problem::NotFinite,
            WriteError::Utf8 { offset } => Problem::Utf8(offset),
        }
    }
}

/// The tables being written, outermost first, to tell a cycle from mere depth.
pub struct Ancestors {
    tables: [*const c_void; limits::JSON_DEPTH_MAX],
}

impl Ancestors {
    /// None.
    pub const fn new() -> Ancestors {
        Ancestors { tables: [core::ptr::null(); limits::JSON_DEPTH_MAX] }
    }
}

impl Default for Ancestors {
    fn default() -> Self {
        Self::new()
    }
}

/// Puts a problem into the report: `error_type`, and `root` with the path to the value, as `write_value` has left it.
///
/// # Safety
/// `vm` is live.
pub unsafe fn report(vm: *mut Vm, error_type: &[u8], root: &[u8], problem: Problem) {
    let mut number = itoa::Buffer::new();
    let mut limit = itoa::Buffer::new();
    // SAFETY: the caller vouches for `vm`; the path is not changed by the report.
    let (path, report) = unsafe { ((*vm).path.bytes(), &raw mut (*vm).failure) };
    let mut parts: [&[u8]; 6] = [root, path, b": ", b"", b"", b""];
    let words: &[&[u8]] = match problem {
        Problem::Type(kind) => &[b"a ", kind, b" value cannot be JSON"],
        Problem::NotFinite => &[b"NaN and infinity cannot be JSON"],
        Problem::Keys => &[b"the table has keys that JSON cannot hold together; all must be strings, or all positive integers"],
        Problem::Sparse => &[b"the array has too many holes"],
        Problem::Cycle(_) => &[b"the table contains itself"],
        Problem::Depth => &[b"nested more than ", limit.format(limits::JSON_DEPTH_MAX).as_bytes(), b" levels deep"],
        Problem::Utf8(offset) => &[
            b"the string is not UTF-8 at byte ",
            number.format(offset + 1).as_bytes(),
            b"; binary goes out with coldmoon.raw, or in base64",
        ],
        Problem::NotAString(kind) => &[b"in string mode the handler returns a string, not a ", kind],
        Problem::Overflow(_) => &[b"no memory to encode it"],
    };
    parts[3..3 + words.len()].copy_from_slice(words);
    // SAFETY: as above.
    unsafe { (*report).set(error_type, &parts) };
}

/// Appends the value at `index` as JSON. After a problem the path to the culprit is in `vm.path`.
///
/// Stack: [-0, +0]. Raises: memory only.
///
/// # Safety
/// `state` belongs to `vm`, the calling frames own nothing.
pub unsafe fn write_value(vm: *mut Vm, state: *mut lua_State, index: c_int, style: &Style<'_>, out: &mut Buffer) -> Result<(), Problem> {
    // SAFETY: the caller vouches for `vm` and `state`.
    unsafe {
        let top = lua_gettop(state);
        (*vm).path.clear();
        let result = Encoder { vm, state, style, out, depth: 0 }.value(index);
        lua_settop(state, top);
        result
    }
}

/// How a table is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Array,
    Object,
    /// Nothing is known before its first key is seen; empty, it is an object.
    Open,
    /// The same; empty, it is an array.
    OpenArray,
}

struct Encoder<'a> {
    vm: *mut Vm,
    state: *mut lua_State,
    style: &'a Style<'a>,
    out: &'a mut Buffer,
    depth: usize,
}

impl Encoder<'_> {
    /// Writes the value at `index`.
    ///
    /// # Safety
    /// Of all methods: `state` is live, `index` is absolute or a negative one that is valid now.
    unsafe fn value(&mut self, index: c_int) -> Result<(), Problem> {
        // SAFETY: the caller vouches for `index`; strings stay on the stack while they are written.
        unsafe {
            match lua_type(self.state, index) {
                LUA_TSTRING => {
                    let text = stack::to_bytes(self.state, index).unwrap_or_default();
                    Ok(json::write_string(self.out, text, &self.style.strings)?)
                }
                LUA_TNUMBER => self.number(index),
                LUA_TTABLE => self.table(index),
                LUA_TBOOLEAN => Ok(self.out.push(if lua_toboolean(self.state, index) != 0 { b"true" } else { b"false" })?),
                LUA_TNIL => Ok(self.out.push(b"null")?),
                LUA_TLIGHTUSERDATA if lua_touserdata(self.state, index).is_null() => Ok(self.out.push(b"null")?),
                LUA_TLIGHTUSERDATA if lua_touserdata(self.state, index) == modules::empty_array() => Ok(self.out.push(b"[]")?),
                LUA_TCDATA => self.wide_number(index),
                _ => Err(Problem::Type(stack::type_name(self.state, index))),
            }
        }
    }

    unsafe fn number(&mut self, index: c_int) -> Result<(), Problem> {
        // SAFETY: the caller vouches for `index`, which is that of a number, and for the slots of `Format`; three slots are free.
        unsafe {
            let number = lua_tonumber(self.state, index);
            if !number.is_finite() && self.style.not_finite != NotFinite::Refuse {
                let text: &[u8] = match self.style.not_finite {
                    NotFinite::Null => b"null",
                    _ if number.is_nan() => b"NaN",
                    _ if number > 0.0 => b"Infinity",
                    _ => b"-Infinity",
                };
                return Ok(self.out.push(text)?);
            }
            // Up to 14 digits both are the same, but -0.
            let is_same = number as i64 as f64 == number && number.abs() < 1e14 && (number != 0.0 || number.is_sign_positive());
            match self.style.numbers {
                Numbers::Format(pattern) if number.is_finite() => {
                    lua_pushvalue(self.state, pattern + 1);
                    lua_pushvalue(self.state, pattern);
                    lua_pushnumber(self.state, number);
                    lua_call(self.state, 2, 1);
                }
                Numbers::Lua if number.is_finite() && !is_same => lua_pushvalue(self.state, index),
                _ => return Ok(json::write_double(self.out, number)?),
            }
            self.out.push(stack::to_bytes(self.state, -1).unwrap_or_default())?;
            lua_pop(self.state, 1);
            Ok(())
        }
    }

    /// A line end and the indentation of `depth` levels, if the style has any.
    fn line(&mut self, depth: usize) -> Result<(), Overflow> {
        if let Some(indent) = self.style.indent {
            self.out.push(b"\n")?;
            for _ in 0..depth {
                self.out.push(indent)?;
            }
        }
        Ok(())
    }

    /// What stands before the next member: the bracket or a comma, and the line's beginning.
    fn separate(&mut self, count: c_int, bracket: &[u8]) -> Result<(), Overflow> {
        self.out.push(if count == 0 { bracket } else { b"," })?;
        self.line(self.depth)
    }

    /// Writes the key at `key`, a string or a number, and its colon.
    unsafe fn key(&mut self, key: c_int) -> Result<(), Problem> {
        // SAFETY: the caller vouches for `key`; a number is not converted in place, which would confuse lua_next.
        unsafe {
            if lua_type(self.state, key) == LUA_TNUMBER {
                self.out.push(b"\"")?;
                self.number(key)?;
                self.out.push(b"\"")?;
            } else {
                let text = stack::to_bytes(self.state, key).unwrap_or_default();
                json::write_string(self.out, text, &self.style.strings)?;
            }
        }
        Ok(self.out.push(if self.style.indent.is_some() { b": " } else { b":" })?)
    }

    /// Writes the end of a container of `count` members.
    fn end(&mut self, count: c_int, empty: &[u8], bracket: &[u8]) -> Result<(), Overflow> {
        if count == 0 {
            return self.out.push(empty);
        }
        self.line(self.depth - 1)?;
        self.out.push(bracket)
    }

    unsafe fn table(&mut self, index: c_int) -> Result<(), Problem> {
        let state = self.state;
        // SAFETY: the value at `index` is a table; three slots per level are made sure of.
        unsafe {
            let table = if index < 0 { lua_gettop(state) + 1 + index } else { index };
            self.enter(table)?;
            let shape = match (*self.vm).tags.of(state, table) {
                Some(Tag::Array) => Shape::Array,
                Some(Tag::Object) => Shape::Object,
                Some(Tag::EmptyArray) => Shape::OpenArray,
                Some(Tag::Raw) => return Err(Problem::Type(b"coldmoon.raw")),
                Some(Tag::Stream) => return Err(Problem::Type(b"coldmoon.stream")),
                None if self.style.empty_as_array => Shape::OpenArray,
                None => Shape::Open,
            };
            if self.style.number_keys {
                self.classified(table, shape)?;
            } else {
                self.members(table, shape)?;
            }
            self.depth -= 1;
        }
        Ok(())
    }

    /// Notes the table as one being written.
    unsafe fn enter(&mut self, table: c_int) -> Result<(), Problem> {
        // SAFETY: `vm` is live; one encoder at a time uses its ancestors.
        let ancestors = unsafe { &mut (*self.vm).ancestors.tables };
        if self.depth == self.style.depth_max {
            return Err(first_repeated(&ancestors[..self.depth]).map_or(Problem::Depth, Problem::Cycle));
        }
        // SAFETY: `table` is a table. Growing the stack raises if memory is out; 3,000 slots are within LuaJIT's limit.
        unsafe {
            ancestors[self.depth] = lua_topointer(self.state, table);
            if lua_checkstack(self.state, 8) == 0 {
                return Err(Problem::Depth);
            }
        }
        self.depth += 1;
        Ok(())
    }

    /// Writes a table in one go, deciding what it is on the way. One that turns out to be an array with holes is finished by its indices; nothing
    /// is ever written twice, which would double with every level.
    unsafe fn members(&mut self, table: c_int, mut shape: Shape) -> Result<(), Problem> {
        let state = self.state;
        let depth = self.depth;
        let is_tagged = shape == Shape::Object;
        let mut count = 0;
        // SAFETY: lua_next gets the table and a key that it returned before, or nil.
        unsafe {
            let key = lua_gettop(state) + 1;
            lua_pushnil(state);
            while lua_next(state, table) != 0 {
                let is_string = lua_type(state, key) == LUA_TSTRING;
                if matches!(shape, Shape::Open | Shape::OpenArray) {
                    shape = if is_string { Shape::Object } else { Shape::Array };
                }
                let start = self.out.len();
                if shape == Shape::Object {
                    let is_allowed = is_string || (is_tagged && lua_type(state, key) == LUA_TNUMBER);
                    if !is_allowed {
                        return Err(Problem::Keys);
                    }
                    self.separate(count, b"{")?;
                    self.key(key)?;
                } else {
                    if is_string || lua_type(state, key) != LUA_TNUMBER || lua_tonumber(state, key) != f64::from(count + 1) {
                        lua_settop(state, key - 1);
                        return match self.classify(table)? {
                            Keys::Indices { len } => self.array(table, count + 1, len),
                            Keys::Sparse => Err(Problem::Sparse),
                            Keys::Mixed => Err(Problem::Keys),
                        };
                    }
                    self.separate(count, b"[")?;
                }
                count += 1;
                match self.value(-1) {
                    Ok(()) => {}
                    Err(Problem::Type(_)) if self.style.skip_unsupported => {
                        if shape == Shape::Object {
                            self.out.truncate(start);
                            count -= 1;
                        } else {
                            self.out.push(b"null")?;
                        }
                    }
                    Err(problem) => {
                        self.prepend_key(key, depth, problem);
                        return Err(problem);
                    }
                }
                lua_settop(state, key);
            }
        }
        let is_array = matches!(shape, Shape::Array | Shape::OpenArray);
        let (empty, bracket): (&[u8], &[u8]) = if is_array { (b"[]", b"]") } else { (b"{}", b"}") };
        Ok(self.end(count, empty, bracket)?)
    }

    /// Writes a table of the style in which numbers may be keys of an object (lua-cjson's): what it is has to be known first.
    unsafe fn classified(&mut self, table: c_int, shape: Shape) -> Result<(), Problem> {
        // SAFETY: as in `members`.
        unsafe {
            match (shape, self.classify(table)?) {
                (Shape::Object, _) | (_, Keys::Mixed) => self.object_with_numbers(table),
                // lua-cjson writes what the length operator says and nothing else.
                (Shape::Array, _) => self.array(table, 1, lua_objlen(self.state, table) as c_int),
                (Shape::Open, Keys::Indices { len: 0 }) => Ok(self.out.push(b"{}")?),
                (_, Keys::Indices { len }) => self.array(table, 1, len),
                (_, Keys::Sparse) if self.style.sparse_convert => self.object_with_numbers(table),
                (_, Keys::Sparse) => Err(Problem::Sparse),
            }
        }
    }

    /// Looks at all keys.
    unsafe fn classify(&mut self, table: c_int) -> Result<Keys, Problem> {
        let state = self.state;
        let (mut count, mut index_max) = (0.0, 0.0);
        let mut has_only_indices = true;
        // SAFETY: as in `members`.
        unsafe {
            let key = lua_gettop(state) + 1;
            lua_pushnil(state);
            while lua_next(state, table) != 0 {
                lua_settop(state, key);
                let kind = lua_type(state, key);
                if !matches!(kind, LUA_TSTRING | LUA_TNUMBER) {
                    return Err(Problem::Keys);
                }
                let number = if kind == LUA_TNUMBER { lua_tonumber(state, key) } else { 0.0 };
                // 2^31: the indices that `lua_rawgeti` takes.
                has_only_indices &= (1.0..2_147_483_648.0).contains(&number) && f64::from(number as i32) == number;
                count += 1.0;
                if number > index_max {
                    index_max = number;
                }
            }
        }
        let is_sparse = index_max > self.style.sparse_safe && index_max > count * self.style.sparse_ratio && self.style.sparse_ratio > 0.0;
        Ok(match () {
            () if !has_only_indices => Keys::Mixed,
            () if is_sparse => Keys::Sparse,
            () => Keys::Indices { len: index_max as c_int },
        })
    }

    /// Writes the elements `first` to `len`, holes as `null`, and the end; those before `first` are written.
    unsafe fn array(&mut self, table: c_int, first: c_int, len: c_int) -> Result<(), Problem> {
        let state = self.state;
        let depth = self.depth;
        // SAFETY: the table is at `table`, one slot is free.
        unsafe {
            let top = lua_gettop(state);
            for index in first..=len {
                self.separate(index - 1, b"[")?;
                lua_rawgeti(state, table, index);
                match self.value(-1) {
                    Ok(()) => {}
                    Err(Problem::Type(_)) if self.style.skip_unsupported => self.out.push(b"null")?,
                    Err(problem) => {
                        self.prepend_index(f64::from(index), depth, problem);
                        return Err(problem);
                    }
                }
                lua_settop(state, top);
            }
        }
        Ok(self.end(len, b"[]", b"]")?)
    }

    /// Writes an object whose keys may be numbers.
    unsafe fn object_with_numbers(&mut self, table: c_int) -> Result<(), Problem> {
        let state = self.state;
        let depth = self.depth;
        let mut count = 0;
        // SAFETY: as in `members`.
        unsafe {
            let key = lua_gettop(state) + 1;
            lua_pushnil(state);
            while lua_next(state, table) != 0 {
                let start = self.out.len();
                self.separate(count, b"{")?;
                self.key(key)?;
                count += 1;
                match self.value(-1) {
                    Ok(()) => {}
                    Err(Problem::Type(_)) if self.style.skip_unsupported => {
                        self.out.truncate(start);
                        count -= 1;
                    }
                    Err(problem) => {
                        self.prepend_key(key, depth, problem);
                        return Err(problem);
                    }
                }
                lua_settop(state, key);
            }
        }
        Ok(self.end(count, b"{}", b"}")?)
    }

    /// Writes `int64_t` or `uint64_t` cdata.
    unsafe fn wide_number(&mut self, index: c_int) -> Result<(), Problem> {
        // SAFETY: the caller vouches for `index`; four slots are free.
        unsafe {
            match decode::to_wide(self.state, index) {
                Some(Number::Int64(value)) => Ok(json::write_int64(self.out, value)?),
                Some(Number::Uint64(value)) => Ok(json::write_uint64(self.out, value)?),
                _ => Err(Problem::Type(b"cdata")),
            }
        }
    }

    /// Puts the key at `key` in front of the path to a problem, unless that begins further out: `depth` levels are open around the value.
    unsafe fn prepend_key(&mut self, key: c_int, depth: usize, problem: Problem) {
        // SAFETY: the key is on the stack, as the callers say; a number is not converted in place.
        unsafe {
            if lua_type(self.state, key) == LUA_TNUMBER {
                self.prepend_index(lua_tonumber(self.state, key), depth, problem);
                return;
            }
            let name = stack::to_bytes(self.state, key).unwrap_or_default();
            let is_identifier = name.first().is_some_and(|byte| !byte.is_ascii_digit())
                && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
            self.prepend(if is_identifier { [b".", name, b""] } else { [b"[\"", name, b"\"]"] }, depth, problem);
        }
    }

    /// As [`Encoder::prepend_key`], for a number.
    unsafe fn prepend_index(&mut self, index: f64, depth: usize, problem: Problem) {
        let mut number = itoa::Buffer::new();
        // SAFETY: as in `prepend`.
        unsafe { self.prepend([b"[", number.format(index as i64).as_bytes(), b"]"], depth, problem) }
    }

    unsafe fn prepend(&mut self, segment: [&[u8]; 3], depth: usize, problem: Problem) {
        // The path to a cycle ends at the first table that comes again, not at the depth where it was noticed.
        if matches!(problem, Problem::Cycle(level) if depth > level) {
            return;
        }
        // SAFETY: `vm` is live, nobody else holds its path.
        let path = unsafe { &mut (*self.vm).path };
        if path.len() > PATH_SHOWN {
            path.truncate(PATH_SHOWN);
            let _ = path.push(b"...");
        }
        let before = path.len();
        for part in segment {
            // Without room the path is shorter.
            let _ = path.push(&part[..part.len().min(PATH_SHOWN)]);
        }
        let added = path.len() - before;
        path.bytes_mut().rotate_right(added);
    }
}

/// What the keys of a table are.
enum Keys {
    /// Positive integers up to `len`, few enough holes between them; none at all if that is 0.
    Indices { len: c_int },
    /// Positive integers with too many holes.
    Sparse,
    /// Others too.
    Mixed,
}

/// The level of the first table that stands in the list twice.
fn first_repeated(tables: &[*const c_void]) -> Option<usize> {
    (1..tables.len()).find(|level| tables[..*level].contains(&tables[*level]))
}
