//! JSON to JavaScript values and back, through the core's scanner and writer: no text in between, no tree.
//!
//! Numbers are doubles; integers beyond 2^53 that fit 64 bits are BigInts, so that an event goes back as it came. The other way is what
//! `JSON.stringify` does: `toJSON` is called, `undefined`, functions and symbols are left out (`null` in an array), NaN and the infinities
//! are `null`. It differs in that a BigInt is written as the integer that it is, and -0 as `-0`.
//!
//! Bounds: nesting by `limits::JSON_DEPTH_MAX`, which also ends a cycle; the buffer's own.

use crate::engine::{Kind, OneThread, Result, Thrown, Value};
use coldmoon::answer::TOO_LARGE;
use coldmoon::buffer::{Buffer, Overflow};
use coldmoon::json::{self, Number, Rules, Sink, StringRules, SyntaxError, Text, WriteError};
use coldmoon::limits;
use core::cell::RefCell;
use core::mem;

/// Hears a document in its order, and puts every value into the container around it as soon as it is there.
struct Builder {
    /// The open containers, outermost first, each with the number of its elements.
    levels: [(Value, u32); limits::JSON_DEPTH_MAX],
    depth: usize,
    /// The key whose value comes next.
    key: Buffer,
    /// A string without its escapes.
    text: Buffer,
    /// The outermost value; after an error what was thrown, and nothing more is heard.
    result: Result<Value>,
}

static BUILDER: OneThread<RefCell<Builder>> = OneThread(RefCell::new(Builder {
    levels: [const { (Value::NULL, 0) }; limits::JSON_DEPTH_MAX],
    depth: 0,
    key: Buffer::new(limits::EVENT_BYTES_MAX),
    text: Buffer::new(limits::EVENT_BYTES_MAX),
    result: Ok(Value::NULL),
}));

/// The value of a document. What is thrown can only be that memory has run out.
pub fn parse(text: &[u8]) -> Result<Result<Value>, SyntaxError> {
    let mut builder = BUILDER.0.borrow_mut();
    let scanned = json::scan(text, &Rules::STRICT, &mut *builder);
    let depth = mem::take(&mut builder.depth);
    builder.levels[..depth].fill_with(|| (Value::NULL, 0));
    let result = mem::replace(&mut builder.result, Ok(Value::NULL));
    scanned.map(|()| result)
}

impl Builder {
    fn add(&mut self, value: Result<Value>) {
        if self.result.is_ok()
            && let Err(thrown) = value.and_then(|value| self.place(value))
        {
            self.result = Err(thrown);
        }
    }

    fn place(&mut self, value: Value) -> Result<()> {
        match self.levels[..self.depth].last_mut() {
            None => self.result = Ok(value),
            Some((array, count)) if array.kind() == Kind::Array => {
                array.define_at(*count, value)?;
                *count += 1;
            }
            Some((object, _)) => object.define(self.key.bytes(), value)?,
        }
        Ok(())
    }

    fn begin(&mut self, container: Result<Value>) {
        self.levels[self.depth] = (container.as_ref().map_or(Value::NULL, Value::clone), 0);
        self.add(container);
        self.depth += 1;
    }

    fn end(&mut self) {
        self.depth -= 1;
        self.levels[self.depth] = (Value::NULL, 0);
    }
}

impl Sink for Builder {
    fn null(&mut self) {
        self.add(Ok(Value::NULL));
    }

    fn boolean(&mut self, value: bool) {
        self.add(Ok(if value { Value::TRUE } else { Value::FALSE }));
    }

    fn number(&mut self, value: Number) {
        self.add(match value {
            Number::Double(value) => Ok(Value::number(value)),
            Number::Int64(value) => Value::big_int(value as u64, true),
            Number::Uint64(value) => Value::big_int(value, false),
        });
    }

    fn string(&mut self, text: Text<'_>) {
        let filled = self.text.fill(text.raw().len(), |room| text.unescape(room));
        self.add(filled.map_err(Thrown::from).and_then(|()| Value::string(self.text.bytes())));
    }

    fn key(&mut self, text: Text<'_>) {
        if let Err(overflow) = self.key.fill(text.raw().len(), |room| text.unescape(room)) {
            self.add(Err(overflow.into()));
        }
    }

    fn begin_array(&mut self) {
        self.begin(Value::array());
    }

    fn end_array(&mut self) {
        self.end();
    }

    fn begin_object(&mut self) {
        self.begin(Value::object());
    }

    fn end_object(&mut self) {
        self.end();
    }
}

impl From<WriteError> for Thrown {
    fn from(error: WriteError) -> Thrown {
        match error {
            WriteError::Overflow(Overflow::Bound) => Thrown::new(TOO_LARGE[0], TOO_LARGE[1]),
            _ => Thrown::out_of_memory(),
        }
    }
}

impl From<Overflow> for Thrown {
    fn from(overflow: Overflow) -> Thrown {
        WriteError::from(overflow).into()
    }
}

/// Writes a result as JSON; `null` in place of what is left out.
pub fn write(value: &Value, out: &mut Buffer) -> Result<()> {
    if !write_any(value, &Value::NULL, out, 0)? {
        out.push(b"null")?;
    }
    if out.len() > limits::RESPONSE_BYTES_MAX { Err(Overflow::Bound.into()) } else { Ok(()) }
}

/// Appends a value, of the key or index `key`. Whether it is one that JSON has.
fn write_any(value: &Value, key: &Value, out: &mut Buffer, depth: usize) -> Result<bool> {
    match value.kind() {
        Kind::Literal => out.push(&value.text()?)?,
        Kind::Number => match value.to_number()? {
            number if number.is_finite() => json::write_double(out, number)?,
            _ => out.push(b"null")?,
        },
        Kind::String => json::write_string(out, &value.text()?, &StringRules::STRICT)?,
        Kind::Other => return Ok(false),
        Kind::Array | Kind::Object => return write_container(value, key, out, depth),
    }
    Ok(true)
}

fn write_container(value: &Value, key: &Value, out: &mut Buffer, depth: usize) -> Result<bool> {
    if depth == limits::JSON_DEPTH_MAX {
        return Err(Thrown::new(b"Runtime.MarshalError", b"the result is nested more than 1000 levels deep, or contains itself"));
    }
    let to_json = value.get(c"toJSON")?;
    if to_json.is_function() {
        return write_any(&to_json.call(value, [key])?, key, out, depth + 1);
    }
    let mut comma: &[u8] = b"";
    if value.kind() == Kind::Array {
        out.push(b"[")?;
        for index in 0..value.get(c"length")?.to_number()? as u32 {
            out.push(mem::replace(&mut comma, b","))?;
            if !write_any(&value.at(index)?, &Value::number(f64::from(index)), out, depth + 1)? {
                out.push(b"null")?;
            }
        }
        out.push(b"]")?;
    } else {
        out.push(b"{")?;
        value.each_member(|name, member| {
            let before = out.len();
            out.push(comma)?;
            write_any(name, name, out, depth)?;
            out.push(b":")?;
            match write_any(&member, name, out, depth + 1)? {
                true => comma = b",",
                false => out.truncate(before),
            }
            Ok(())
        })?;
        out.push(b"}")?;
    }
    Ok(true)
}
