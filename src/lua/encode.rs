//! Lua values to JSON, straight from the Lua stack into the send buffer.
//!
//! What a table is, is decided while it is written: as an array as long as its keys are 1, 2, 3 …, as an object if the first key is a
//! string. Only a table that turns out to be neither (holes, other keys) is looked at twice. Metamethods are not called.
//!
//! Bounds: nesting by `limits::JSON_DEPTH_MAX`, which also ends a cycle; three stack slots per level; the buffer's own.

use super::ffi::*;
use super::modules::Tag;
use super::stack;
use super::vm::{Slot, Vm};
use crate::buffer::{Buffer, Overflow};
use crate::json::{self, StringRules, WriteError};
use crate::limits;
use core::ffi::{c_int, c_void};

/// lua-cjson's defaults for `encode_sparse_array`: an array may be this long whatever it holds, beyond that it may have so many times more
/// places than elements.
const SPARSE_SAFE: f64 = 10.0;
const SPARSE_RATIO: f64 = 2.0;

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
pub unsafe fn write_value(vm: *mut Vm, state: *mut lua_State, index: c_int, out: &mut Buffer) -> Result<(), Problem> {
    // SAFETY: the caller vouches for `vm` and `state`.
    unsafe {
        let top = lua_gettop(state);
        (*vm).path.clear();
        let result = Encoder { vm, state, out, depth: 0 }.value(index);
        lua_settop(state, top);
        result
    }
}

/// How a table is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Array,
    Object,
    /// Nothing is known before its first key is seen.
    Open,
}

struct Encoder<'a> {
    vm: *mut Vm,
    state: *mut lua_State,
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
                    Ok(json::write_string(self.out, text, &StringRules::STRICT)?)
                }
                LUA_TNUMBER => Ok(json::write_double(self.out, lua_tonumber(self.state, index))?),
                LUA_TTABLE => self.table(index),
                LUA_TBOOLEAN => Ok(self.out.push(if lua_toboolean(self.state, index) != 0 { b"true" } else { b"false" })?),
                LUA_TNIL => Ok(self.out.push(b"null")?),
                LUA_TLIGHTUSERDATA if lua_touserdata(self.state, index).is_null() => Ok(self.out.push(b"null")?),
                LUA_TCDATA => self.wide_number(index),
                _ => Err(Problem::Type(stack::type_name(self.state, index))),
            }
        }
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
                Some(Tag::Raw) => return Err(Problem::Type(b"coldmoon.raw")),
                None => Shape::Open,
            };
            let start = self.out.len();
            match self.members(table, shape) {
                // Neither 1 … n nor all strings: what was written so far is taken back.
                Err(Retry::Again) => {
                    self.out.truncate(start);
                    self.irregular(table, shape)?;
                }
                Err(Retry::Problem(problem)) => return Err(problem),
                Ok(()) => {}
            }
            self.depth -= 1;
        }
        Ok(())
    }

    /// Notes the table as one being written.
    unsafe fn enter(&mut self, table: c_int) -> Result<(), Problem> {
        // SAFETY: `vm` is live; one encoder at a time uses its ancestors.
        let ancestors = unsafe { &mut (*self.vm).ancestors.tables };
        if self.depth == limits::JSON_DEPTH_MAX {
            return Err(first_repeated(ancestors).map_or(Problem::Depth, Problem::Cycle));
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

    /// Writes a table whose keys are 1 … n or all strings, in one go.
    unsafe fn members(&mut self, table: c_int, mut shape: Shape) -> Result<(), Retry> {
        let state = self.state;
        let depth = self.depth;
        let mut count = 0;
        // SAFETY: lua_next gets the table and a key that it returned before, or nil. A key is read as a string only if it is one: converting
        // a number in place would confuse lua_next.
        unsafe {
            let key_at = lua_gettop(state) + 1;
            lua_pushnil(state);
            while lua_next(state, table) != 0 {
                let is_string = lua_type(state, -2) == LUA_TSTRING;
                if shape == Shape::Open {
                    shape = if is_string { Shape::Object } else { Shape::Array };
                }
                if shape == Shape::Object {
                    if !is_string {
                        return Err(Retry::Again);
                    }
                    self.out.push(if count == 0 { b"{" } else { b"," }).map_err(Problem::from)?;
                    let key = stack::to_bytes(state, -2).unwrap_or_default();
                    json::write_string(self.out, key, &StringRules::STRICT).map_err(Problem::from)?;
                    self.out.push(b":").map_err(Problem::from)?;
                } else {
                    if is_string || lua_type(state, -2) != LUA_TNUMBER || lua_tonumber(state, -2) != f64::from(count + 1) {
                        return Err(Retry::Again);
                    }
                    self.out.push(if count == 0 { b"[" } else { b"," }).map_err(Problem::from)?;
                }
                if let Err(problem) = self.value(-1) {
                    self.prepend_key(key_at, depth, problem);
                    return Err(Retry::Problem(problem));
                }
                lua_pop(state, 1);
                count += 1;
            }
        }
        let text: &[u8] = match (shape, count) {
            (Shape::Array, 0) => b"[]",
            (_, 0) => b"{}",
            (Shape::Array, _) => b"]",
            _ => b"}",
        };
        Ok(self.out.push(text).map_err(Problem::from)?)
    }

    /// Writes a table whose keys are positive integers with holes between them as an array, one tagged as an object with its numbers
    /// as strings; refuses all else.
    unsafe fn irregular(&mut self, table: c_int, shape: Shape) -> Result<(), Problem> {
        let state = self.state;
        let depth = self.depth;
        let (mut count, mut index_max) = (0.0, 0.0);
        // SAFETY: as in `members`; what remains of it on the stack is above `table` and dropped when `write_value` ends.
        unsafe {
            lua_pushnil(state);
            while lua_next(state, table) != 0 {
                lua_pop(state, 1);
                let number = if lua_type(state, -1) == LUA_TNUMBER { lua_tonumber(state, -1) } else { 0.0 };
                // 2^31: the indices that `lua_rawgeti` takes.
                let is_index = number >= 1.0 && number < 2_147_483_648.0 && f64::from(number as i32) == number;
                if shape == Shape::Object {
                    if !matches!(lua_type(state, -1), LUA_TSTRING | LUA_TNUMBER) {
                        return Err(Problem::Keys);
                    }
                } else if !is_index {
                    return Err(Problem::Keys);
                }
                count += 1.0;
                if number > index_max {
                    index_max = number;
                }
            }
            if shape == Shape::Object {
                return self.object_with_numbers(table);
            }
            if index_max > SPARSE_SAFE && index_max > count * SPARSE_RATIO {
                return Err(Problem::Sparse);
            }
            for index in 1..=index_max as c_int {
                self.out.push(if index == 1 { b"[" } else { b"," })?;
                lua_rawgeti(state, table, index);
                if let Err(problem) = self.value(-1) {
                    self.prepend_index(f64::from(index), depth, problem);
                    return Err(problem);
                }
                lua_pop(state, 1);
            }
        }
        Ok(self.out.push(b"]")?)
    }

    /// Writes a table tagged as an object, number keys as strings.
    unsafe fn object_with_numbers(&mut self, table: c_int) -> Result<(), Problem> {
        let state = self.state;
        let depth = self.depth;
        let mut is_first = true;
        // SAFETY: as in `members`.
        unsafe {
            let key_at = lua_gettop(state) + 1;
            lua_pushnil(state);
            while lua_next(state, table) != 0 {
                self.out.push(if is_first { b"{" } else { b"," })?;
                is_first = false;
                if lua_type(state, -2) == LUA_TNUMBER {
                    self.out.push(b"\"")?;
                    json::write_double(self.out, lua_tonumber(state, -2))?;
                    self.out.push(b"\"")?;
                } else {
                    let key = stack::to_bytes(state, -2).unwrap_or_default();
                    json::write_string(self.out, key, &StringRules::STRICT)?;
                }
                self.out.push(b":")?;
                if let Err(problem) = self.value(-1) {
                    self.prepend_key(key_at, depth, problem);
                    return Err(problem);
                }
                lua_pop(state, 1);
            }
        }
        Ok(self.out.push(b"}")?)
    }

    /// Writes 64-bit cdata. Its text is the digits with LL or ULL behind them (LuaJIT's `tostring`); no other cdata looks like that.
    unsafe fn wide_number(&mut self, index: c_int) -> Result<(), Problem> {
        let state = self.state;
        // SAFETY: the slot holds the `tostring` of LuaJIT; the text stays on the stack while it is written.
        unsafe {
            lua_pushvalue(state, index);
            lua_rawgeti(state, LUA_REGISTRYINDEX, Slot::ToString as c_int);
            lua_insert(state, -2);
            lua_call(state, 1, 1);
            let text = stack::to_bytes(state, -1).unwrap_or_default();
            let digits = text.strip_suffix(b"ULL").or_else(|| text.strip_suffix(b"LL")).unwrap_or_default();
            let unsigned = digits.strip_prefix(b"-").unwrap_or(digits);
            if unsigned.is_empty() || !unsigned.iter().all(u8::is_ascii_digit) {
                return Err(Problem::Type(b"cdata"));
            }
            self.out.push(digits)?;
            lua_pop(state, 1);
        }
        Ok(())
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

/// What `members` returns when it did not write a table.
enum Retry {
    /// The table is neither 1 … n nor all strings.
    Again,
    Problem(Problem),
}

impl From<Problem> for Retry {
    fn from(problem: Problem) -> Retry {
        Retry::Problem(problem)
    }
}

/// The level of the first table that stands in the list twice.
fn first_repeated(tables: &[*const c_void]) -> Option<usize> {
    (1..tables.len()).find(|level| tables[..*level].contains(&tables[*level]))
}
