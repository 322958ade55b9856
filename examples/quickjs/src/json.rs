//! JSON to JavaScript values and back, through the core's scanner and writer: no text in between, no tree.
//!
//! Numbers are doubles; integers beyond 2^53 that fit 64 bits are BigInts, so that an event goes back as it came. The other way is what
//! `JSON.stringify` does: `toJSON` is called, `undefined`, functions and symbols are left out (`null` in an array), NaN and the infinities
//! are `null`. It differs in that a BigInt is written as the integer that it is, and -0 as `-0`.
//!
//! Bounds: nesting by `limits::JSON_DEPTH_MAX`, which also ends a cycle; the buffer's own.

use crate::engine::{Context, Kind, OneThread, Result, Thrown, Value};
use coldmoon::answer::TOO_LARGE;
use coldmoon::buffer::{Buffer, Overflow};
use coldmoon::json::{self, Number, Rules, Sink, StringRules, SyntaxError, Text, WriteError};
use coldmoon::limits;
use core::cell::RefCell;

/// Room for the document that is being read.
struct Room {
    /// The open containers, outermost first, each with the number of its elements.
    levels: [Option<(Value, u32)>; limits::JSON_DEPTH_MAX],
    /// The key whose value comes next.
    key: Buffer,
    /// A string without its escapes.
    text: Buffer,
}

static ROOM: OneThread<RefCell<Room>> = OneThread(RefCell::new(Room {
    levels: [const { None }; limits::JSON_DEPTH_MAX],
    key: Buffer::new(limits::EVENT_BYTES_MAX),
    text: Buffer::new(limits::EVENT_BYTES_MAX),
}));

/// The value of a document. What is thrown can only be that memory has run out.
pub fn parse(context: Context, text: &[u8]) -> core::result::Result<Result<Value>, SyntaxError> {
    let mut builder = Builder { context, room: &mut ROOM.0.borrow_mut(), depth: 0, result: Ok(context.null()) };
    let scanned = json::scan(text, &Rules::STRICT, &mut builder);
    builder.room.levels[..builder.depth].fill_with(|| None);
    scanned.map(|()| builder.result)
}

/// Hears the document in its order, and puts every value into the container around it as soon as it is there.
struct Builder<'a> {
    context: Context,
    room: &'a mut Room,
    depth: usize,
    /// The outermost value; after an error what was thrown, and nothing more is heard.
    result: Result<Value>,
}

impl Builder<'_> {
    fn add(&mut self, value: Result<Value>) {
        if self.result.is_ok()
            && let Err(thrown) = value.and_then(|value| self.place(value))
        {
            self.result = Err(thrown);
        }
    }

    fn place(&mut self, value: Value) -> Result<()> {
        match self.room.levels[..self.depth].last_mut() {
            Some(Some((array, count))) if array.kind() == Kind::Array => {
                *count += 1;
                array.define_at(*count - 1, value)
            }
            Some(Some((object, _))) => object.define(self.room.key.bytes(), value),
            _ => {
                self.result = Ok(value);
                Ok(())
            }
        }
    }

    fn begin(&mut self, container: Result<Value>) {
        let level = container.as_ref().ok().map(|container| (container.clone(), 0));
        self.add(container);
        self.room.levels[self.depth] = level;
        self.depth += 1;
    }

    fn end(&mut self) {
        self.depth -= 1;
        self.room.levels[self.depth] = None;
    }
}

/// Puts the text into `into` without its escapes.
fn unescape(text: Text<'_>, into: &mut Buffer) -> core::result::Result<(), Overflow> {
    into.clear();
    into.reserve(text.raw().len())?;
    let bytes = text.unescape(into.spare());
    into.advance(bytes);
    Ok(())
}

impl Sink for Builder<'_> {
    fn null(&mut self) {
        self.add(Ok(self.context.null()));
    }

    fn boolean(&mut self, value: bool) {
        self.add(Ok(self.context.boolean(value)));
    }

    fn number(&mut self, value: Number) {
        self.add(match value {
            Number::Double(value) => Ok(self.context.number(value)),
            Number::Int64(value) => self.context.big_int(value as u64, true),
            Number::Uint64(value) => self.context.big_int(value, false),
        });
    }

    fn string(&mut self, text: Text<'_>) {
        let value = match unescape(text, &mut self.room.text) {
            Ok(()) => self.context.string(self.room.text.bytes()),
            Err(_) => Err(self.context.out_of_memory()),
        };
        self.add(value);
    }

    fn key(&mut self, text: Text<'_>) {
        if unescape(text, &mut self.room.key).is_err() {
            self.add(Err(self.context.out_of_memory()));
        }
    }

    fn begin_array(&mut self) {
        self.begin(self.context.array());
    }

    fn end_array(&mut self) {
        self.end();
    }

    fn begin_object(&mut self) {
        self.begin(self.context.object());
    }

    fn end_object(&mut self) {
        self.end();
    }
}

/// Writes a result as JSON; `null` in place of what is left out.
pub fn write(value: &Value, out: &mut Buffer) -> Result<()> {
    if !write_any(value, &value.0.null(), out, 0)? {
        push(value, out, b"null")?;
    }
    if out.len() > limits::RESPONSE_BYTES_MAX { Err(refused(value, Overflow::Bound.into())) } else { Ok(()) }
}

fn push(value: &Value, out: &mut Buffer, bytes: &[u8]) -> Result<()> {
    out.push(bytes).map_err(|overflow| refused(value, overflow.into()))
}

fn refused(value: &Value, error: WriteError) -> Thrown {
    match error {
        WriteError::Overflow(Overflow::Bound) => value.0.error(TOO_LARGE[0], TOO_LARGE[1]),
        _ => value.0.out_of_memory(),
    }
}

/// Appends a value, of the key or index `key`. Whether it is one that JSON has.
fn write_any(value: &Value, key: &Value, out: &mut Buffer, depth: usize) -> Result<bool> {
    let written = |result: core::result::Result<(), WriteError>| result.map_err(|error| refused(value, error));
    match value.kind() {
        Kind::Null => push(value, out, b"null")?,
        Kind::Boolean => push(value, out, if value.to_number()? != 0.0 { b"true" } else { b"false" })?,
        Kind::Number => match json::write_double(out, value.to_number()?) {
            Err(WriteError::NotFinite) => push(value, out, b"null")?,
            result => written(result)?,
        },
        Kind::BigInt => value.with_text(|digits| push(value, out, digits))??,
        Kind::String => value.with_text(|text| written(json::write_string(out, text, &StringRules::STRICT)))??,
        Kind::Other => return Ok(false),
        Kind::Array | Kind::Object => return write_container(value, key, out, depth),
    }
    Ok(true)
}

fn write_container(value: &Value, key: &Value, out: &mut Buffer, depth: usize) -> Result<bool> {
    if depth == limits::JSON_DEPTH_MAX {
        return Err(value.0.error(b"Runtime.MarshalError", b"the result is nested more than 1000 levels deep, or contains itself"));
    }
    let to_json = value.get(c"toJSON")?;
    if to_json.is_function() {
        return write_any(&to_json.call(value, [key])?, key, out, depth + 1);
    }
    let mut comma: &[u8] = b"";
    if value.kind() == Kind::Array {
        push(value, out, b"[")?;
        for index in 0..value.get(c"length")?.to_number()? as u32 {
            push(value, out, core::mem::replace(&mut comma, b","))?;
            if !write_any(&value.at(index)?, &value.0.number(f64::from(index)), out, depth + 1)? {
                push(value, out, b"null")?;
            }
        }
        push(value, out, b"]")?;
    } else {
        push(value, out, b"{")?;
        value.each_member(|name, member| {
            let before = out.len();
            push(value, out, comma)?;
            write_any(name, name, out, depth)?;
            push(value, out, b":")?;
            if write_any(&member, name, out, depth + 1)? {
                comma = b",";
            } else {
                out.truncate(before);
            }
            Ok(())
        })?;
        push(value, out, b"}")?;
    }
    Ok(true)
}
