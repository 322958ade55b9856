//! Lua values to JSON, straight from the Lua stack into the send buffer.
//!
//! Tables are read where they lie (`layout`). What a table is, is decided once: an array if all its elements are in its array part, without
//! holes; an object if it has no array part and its first key is a string. Only what is neither is looked at twice (`irregular`).
//! Nothing is written twice, which would double with every level. Metamethods are not called.
//!
//! Bounds: nesting by `limits::JSON_DEPTH_MAX`, which also ends a cycle; the buffer's own. The elements that an array keeps in its hash
//! part are sorted in the scratch buffer, eight bytes each.

use super::ffi::*;
use super::format::{Counted, Out, Room, Spec};
use super::layout::{self, Slot, Table, Value};
use super::modules::{self, Tag};
use super::sort::heap_sort;
use super::vm::Vm;
use crate::buffer::{Buffer, Overflow};
use crate::bytes::Decimal;
use crate::json::{self, StringRules, WriteError};
use crate::limits;
use core::ffi::{c_int, c_void};
use core::mem::MaybeUninit;
use core::ops::Range;
use core::slice;

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
    /// Values of other types are left out, also of an array, instead of refused.
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
    /// With at most so many digits, as C's `%.14g` and Lua's `tostring` write them.
    Digits(u8),
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
    /// Not initialised as a whole, see `decode::Levels`.
    tables: [MaybeUninit<*const c_void>; limits::JSON_DEPTH_MAX],
}

impl Ancestors {
    /// None.
    pub const fn new() -> Ancestors {
        Ancestors { tables: [const { MaybeUninit::uninit() }; limits::JSON_DEPTH_MAX] }
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
    let mut number = Decimal::new();
    let mut limit = Decimal::new();
    // SAFETY: the caller vouches for `vm`; the path is not changed by the report.
    let (path, report) = unsafe { ((*vm).path.bytes(), &raw mut (*vm).failure) };
    let mut parts: [&[u8]; 6] = [root, path, b": ", b"", b"", b""];
    let words: &[&[u8]] = match problem {
        Problem::Type(kind) => &[b"a ", kind, b" value cannot be JSON"],
        Problem::NotFinite => &[b"NaN and infinity cannot be JSON"],
        Problem::Keys => &[b"the table has keys that JSON cannot hold together; all must be strings, or all positive integers"],
        Problem::Sparse => &[b"the array has too many holes"],
        Problem::Cycle(_) => &[b"the table contains itself"],
        Problem::Depth => &[b"nested more than ", limit.format(limits::JSON_DEPTH_MAX as i64), b" levels deep"],
        Problem::Utf8(offset) => {
            &[b"the string is not UTF-8 at byte ", number.format(offset as i64 + 1), b"; binary goes out with coldmoon.raw, or in base64"]
        }
        Problem::NotAString(kind) => &[b"in string mode the handler returns a string, not a ", kind],
        Problem::Overflow(_) => &[b"no memory to encode it"],
    };
    parts[3..3 + words.len()].copy_from_slice(words);
    // SAFETY: as above.
    unsafe { (*report).set(error_type, &parts) };
}

/// Appends the value at `index` as JSON. After a problem the path to the culprit is in `vm.path`.
///
/// Stack: [-0, +0]. Raises: nothing.
///
/// # Safety
/// `state` belongs to `vm`, the calling frames own nothing.
pub unsafe fn write_value(vm: *mut Vm, state: *mut lua_State, index: c_int, style: &Style<'_>, out: &mut Buffer) -> Result<(), Problem> {
    // SAFETY: the caller vouches for `vm` and `state`. The value stays on the stack, so all that it refers to stays alive; nothing below
    // changes a Lua object or runs Lua code.
    unsafe {
        (*vm).path.clear();
        (*vm).scratch.clear();
        let mut encoder = Encoder { vm, style, out, depth: 0 };
        let result = match lua_type(state, index) {
            LUA_TLIGHTUSERDATA => {
                encoder.light(lua_touserdata(state, index).is_null(), lua_touserdata(state, index) == modules::empty_array())
            }
            _ => encoder.value(layout::stack_value(state, index)),
        };
        (*vm).scratch.reset(limits::KEPT_BYTES);
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
    style: &'a Style<'a>,
    out: &'a mut Buffer,
    depth: usize,
}

impl Encoder<'_> {
    fn value(&mut self, value: Value<'_>) -> Result<(), Problem> {
        match value {
            Value::String(text) => Ok(json::write_string(self.out, text, &self.style.strings)?),
            Value::Number(number) => self.number(number),
            Value::Table(table) => self.table(table),
            Value::Boolean(true) => Ok(self.out.push(b"true")?),
            Value::Boolean(false) => Ok(self.out.push(b"false")?),
            Value::Nil => Ok(self.out.push(b"null")?),
            Value::Light(slot) => {
                // SAFETY: `vm` is live.
                let [null, empty_array] = unsafe { (*self.vm).light };
                self.light(slot.is(null), slot.is(empty_array))
            }
            Value::Int64(number) => Ok(json::write_int64(self.out, number)?),
            Value::Uint64(number) => Ok(json::write_uint64(self.out, number)?),
            Value::Other(kind) => Err(Problem::Type(kind)),
        }
    }

    /// Light userdata: two addresses have a meaning.
    fn light(&mut self, is_null: bool, is_empty_array: bool) -> Result<(), Problem> {
        match (is_null, is_empty_array) {
            (true, _) => Ok(self.out.push(b"null")?),
            (_, true) => Ok(self.out.push(b"[]")?),
            _ => Err(Problem::Type(b"userdata")),
        }
    }

    fn number(&mut self, number: f64) -> Result<(), Problem> {
        if !number.is_finite() {
            let text: &[u8] = match self.style.not_finite {
                NotFinite::Refuse => return Err(Problem::NotFinite),
                NotFinite::Null => b"null",
                NotFinite::Text if number.is_nan() => b"NaN",
                NotFinite::Text if number > 0.0 => b"Infinity",
                NotFinite::Text => b"-Infinity",
            };
            return Ok(self.out.push(text)?);
        }
        match self.style.numbers {
            Numbers::Digits(digits) if !is_short_integer(number, digits) => {
                // As C's `%.*g`. Sign, 17 digits, point, zeros in front and exponent are at most 25 bytes.
                let mut text = [0; 25];
                let mut out = Out { room: Room::new(&mut text), full: &mut Counted };
                let spec = Spec { flags: 0, width: 0, precision: Some(usize::from(digits.min(17))) };
                spec.put_double(&mut out, b'g', number);
                let len = out.total();
                Ok(self.out.push(&text[..len])?)
            }
            _ => Ok(json::write_double(self.out, number)?),
        }
    }

    /// What stands before the next member: the bracket or a comma, and the line's beginning.
    #[inline(always)]
    fn separate(&mut self, count: u32, bracket: u8) -> Result<(), Overflow> {
        self.out.push_byte(if count == 0 { bracket } else { b',' })?;
        if self.style.indent.is_some() { self.line(self.depth) } else { Ok(()) }
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

    /// Writes the end of a container of `count` members.
    fn end(&mut self, count: u32, brackets: &[u8; 2]) -> Result<(), Overflow> {
        if count == 0 {
            return self.out.push(brackets);
        }
        if self.style.indent.is_some() {
            self.line(self.depth - 1)?;
        }
        self.out.push_byte(brackets[1])
    }

    fn table(&mut self, table: Table<'_>) -> Result<(), Problem> {
        let metatable = table.metatable();
        // SAFETY: `vm` is live.
        let tag = if metatable.is_null() { None } else { unsafe { (*self.vm).tags.named(metatable) } };
        let shape = match tag {
            Some(Tag::Array) => Shape::Array,
            Some(Tag::Object) => Shape::Object,
            Some(Tag::EmptyArray) => Shape::OpenArray,
            Some(Tag::Raw) => return Err(Problem::Type(b"coldmoon.raw")),
            Some(Tag::Stream) => return Err(Problem::Type(b"coldmoon.stream")),
            None if self.style.empty_as_array => Shape::OpenArray,
            None => Shape::Open,
        };
        self.enter(table)?;
        let has_array = table.array().iter().any(|slot| !slot.is_nil());
        let first_key = table.entries().next().map(|(key, _)| key);
        match (shape, has_array, first_key) {
            (Shape::Array | Shape::OpenArray, false, None) => self.out.push(b"[]")?,
            (_, false, None) => self.out.push(b"{}")?,
            (Shape::Object, ..) => self.object(table, true)?,
            (Shape::Open | Shape::OpenArray, false, Some(key)) if key.is_string() => self.object(table, self.style.number_keys)?,
            (shape, ..) => self.array(table, shape == Shape::Array)?,
        }
        self.depth -= 1;
        Ok(())
    }

    /// Notes the table as one being written.
    #[inline(always)]
    fn enter(&mut self, table: Table<'_>) -> Result<(), Problem> {
        // SAFETY: `vm` is live; one encoder at a time uses its ancestors.
        let ancestors = unsafe { &mut (*self.vm).ancestors.tables };
        if self.depth == self.style.depth_max {
            // SAFETY: so many tables are being written, each noted below when it began.
            let tables = unsafe { slice::from_raw_parts(ancestors.as_ptr().cast(), self.depth) };
            return Err(first_repeated(tables).map_or(Problem::Depth, Problem::Cycle));
        }
        ancestors[self.depth].write(table.address());
        self.depth += 1;
        Ok(())
    }

    /// Writes a table as an object. Its keys are strings, or also numbers where the style or the tag says so.
    fn object(&mut self, table: Table<'_>, takes_numbers: bool) -> Result<(), Problem> {
        let mut count = 0;
        for (index, slot) in table.array().iter().enumerate().filter(|(_, slot)| !slot.is_nil()) {
            self.member(&mut count, Value::Number(index as f64), *slot)?;
        }
        for (key, slot) in table.entries() {
            if !takes_numbers && !key.is_string() {
                return Err(Problem::Keys);
            }
            // SAFETY: the key was read from a live table.
            self.member(&mut count, unsafe { key.value() }, slot)?;
        }
        Ok(self.end(count, b"{}")?)
    }

    /// Writes a key and its value.
    fn member(&mut self, count: &mut u32, key: Value<'_>, slot: Slot) -> Result<(), Problem> {
        let start = self.out.len();
        let depth = self.depth;
        self.separate(*count, b'{')?;
        match key {
            Value::String(text) => json::write_string(self.out, text, &self.style.strings)?,
            Value::Number(number) => {
                self.out.push_byte(b'"')?;
                self.number(number)?;
                self.out.push_byte(b'"')?;
            }
            _ => return Err(Problem::Keys),
        }
        self.out.push(if self.style.indent.is_some() { b": " } else { b":" })?;
        // SAFETY: the slot was read from a live table.
        match self.value(unsafe { slot.value() }) {
            Ok(()) => *count += 1,
            Err(Problem::Type(_)) if self.style.skip_unsupported => self.out.truncate(start),
            Err(problem) => {
                self.prepend(key, depth, problem);
                return Err(problem);
            }
        }
        Ok(())
    }

    /// Writes a table as an array, if its keys allow it.
    fn array(&mut self, table: Table<'_>, is_tagged: bool) -> Result<(), Problem> {
        let array = table.array().get(1..).unwrap_or_default();
        let mut count = 0;
        // What a table usually is: all in its array part, without holes.
        let len = array.iter().position(|slot| slot.is_nil()).unwrap_or(array.len());
        let is_plain = table.entries().next().is_none()
            && array[len..].iter().all(|slot| slot.is_nil())
            && table.array().first().is_none_or(|slot| slot.is_nil());
        if is_plain {
            for (index, slot) in array[..len].iter().enumerate() {
                self.element(&mut count, index as u32 + 1, Some(*slot))?;
            }
            return Ok(self.end(count, b"[]")?);
        }
        self.irregular(table, is_tagged)
    }

    /// Writes one element; a hole is `null`.
    fn element(&mut self, count: &mut u32, index: u32, slot: Option<Slot>) -> Result<(), Problem> {
        let start = self.out.len();
        let depth = self.depth;
        self.separate(*count, b'[')?;
        // SAFETY: the slot was read from a live table.
        let value = slot.map_or(Value::Nil, |slot| unsafe { slot.value() });
        match self.value(value) {
            Ok(()) => *count += 1,
            Err(Problem::Type(_)) if self.style.skip_unsupported => self.out.truncate(start),
            Err(problem) => {
                self.prepend(Value::Number(f64::from(index)), depth, problem);
                return Err(problem);
            }
        }
        Ok(())
    }

    /// Writes a table some of whose elements are in its hash part, or that has holes or other keys.
    fn irregular(&mut self, table: Table<'_>, is_tagged: bool) -> Result<(), Problem> {
        let is_lenient = self.style.number_keys;
        // lua-cjson writes of a tagged array what the length operator says, and nothing else.
        let is_forced = is_tagged && is_lenient;
        let start = self.list().len();
        let keys = self.list_indices(table, is_forced)?;
        let ratio = self.style.sparse_ratio;
        let is_sparse = ratio > 0.0 && f64::from(keys.index_max) > self.style.sparse_safe && f64::from(keys.index_max) > keys.count * ratio;
        let becomes_object = if keys.has_others { is_lenient } else { is_sparse && self.style.sparse_convert };
        if (keys.has_others || is_sparse) && !is_forced {
            self.list().truncate(start);
            return match keys.has_others {
                _ if becomes_object => self.object(table, true),
                true => Err(Problem::Keys),
                false => Err(Problem::Sparse),
            };
        }

        let listed = start..self.list().len();
        // SAFETY: `listed` holds whole u64 that `list_indices` has just pushed; the buffer begins at a multiple of eight, in the arena as
        // in a mapping, and holds nothing else, so every place of one in it is one too.
        let (_, mut sorted, _) = unsafe { self.list().bytes_mut()[listed.clone()].align_to_mut::<u64>() };
        heap_sort(&mut sorted);
        let mut len = keys.index_max;
        if is_forced {
            len = (1..=len).take_while(|index| self.find(table, listed.clone(), *index).is_some()).count() as u32;
        }
        let mut count = 0;
        for index in 1..=len {
            let slot = self.find(table, listed.clone(), index);
            self.element(&mut count, index, slot)?;
        }
        self.list().truncate(start);
        Ok(self.end(count, b"[]")?)
    }

    /// The elements that tables being written keep in their hash parts, innermost table last: the index in the upper half of eight bytes,
    /// the number of the entry in the lower.
    fn list(&mut self) -> &mut Buffer {
        // SAFETY: `vm` is live; `write_value` has emptied the scratch buffer, and nothing else uses it while a value is written.
        unsafe { &mut (*self.vm).scratch }
    }

    /// Looks at all keys of a table, and lists the indices that are in its hash part.
    fn list_indices(&mut self, table: Table<'_>, skips_others: bool) -> Result<Keys, Problem> {
        let array = table.array();
        let mut keys = Keys {
            index_max: array.iter().rposition(|slot| !slot.is_nil()).unwrap_or(0) as u32,
            count: array.iter().skip(1).filter(|slot| !slot.is_nil()).count() as f64,
            has_others: array.first().is_some_and(|slot| !slot.is_nil()),
        };
        for (number, key) in table.numbered_keys() {
            // SAFETY: the key was read from a live table.
            match unsafe { key.value() } {
                // 2^31: more than any array that fits into memory.
                Value::Number(index) if (1.0..2_147_483_648.0).contains(&index) && f64::from(index as u32) == index => {
                    self.list().push(&((index as u64) << 32 | number as u64).to_ne_bytes())?;
                    keys.index_max = keys.index_max.max(index as u32);
                    keys.count += 1.0;
                }
                Value::String(_) | Value::Number(_) => keys.has_others = true,
                _ if skips_others => {}
                _ => return Err(Problem::Keys),
            }
        }
        Ok(keys)
    }

    /// The element `index`, from the array part or by the sorted list at `listed`.
    fn find(&mut self, table: Table<'_>, listed: Range<usize>, index: u32) -> Option<Slot> {
        if let Some(slot) = table.array().get(index as usize).filter(|slot| !slot.is_nil()) {
            return Some(*slot);
        }
        let (entries, _) = self.list().bytes()[listed].as_chunks::<8>();
        let at = entries.binary_search_by_key(&index, |entry| (u64::from_ne_bytes(*entry) >> 32) as u32).ok()?;
        Some(table.entry(u64::from_ne_bytes(entries[at]) as u32))
    }

    /// Puts a key in front of the path to a problem, unless that begins further out: `depth` levels are open around the value.
    #[cold]
    fn prepend(&mut self, key: Value<'_>, depth: usize, problem: Problem) {
        // The path to a cycle ends at the first table that comes again, not at the depth where it was noticed.
        if matches!(problem, Problem::Cycle(level) if depth > level) {
            return;
        }
        let mut number = Decimal::new();
        let segment: [&[u8]; 3] = match key {
            Value::Number(index) => [b"[", number.format(index as i64), b"]"],
            Value::String(name) => {
                let is_identifier = name.first().is_some_and(|byte| !byte.is_ascii_digit())
                    && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
                if is_identifier { [b".", name, b""] } else { [b"[\"", name, b"\"]"] }
            }
            _ => return,
        };
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

/// Whether an integer has so few digits that the shortest text is the one with at most `digits`. Not -0.
fn is_short_integer(number: f64, digits: u8) -> bool {
    digits >= 14 && number as i64 as f64 == number && number.abs() < 1e14 && (number != 0.0 || number.is_sign_positive())
}

/// What the keys of a table are.
struct Keys {
    /// The largest positive integer.
    index_max: u32,
    /// How many positive integers there are.
    count: f64,
    /// Whether there are strings or other numbers.
    has_others: bool,
}

/// The level of the first table that stands in the list twice.
fn first_repeated(tables: &[*const c_void]) -> Option<usize> {
    (1..tables.len()).find(|level| tables[..*level].contains(&tables[*level]))
}
