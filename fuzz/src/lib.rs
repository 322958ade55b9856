//! Fuzz bodies as plain functions: each takes any bytes and panics on a finding.
//!
//! `tests/stable.rs` runs them over pseudo-random and mutated inputs on a stable toolchain; `fuzz_targets/` hands them to cargo-fuzz. Those
//! here are about `coldmoon::json`: accepted exactly when the [`oracle`] accepts, and with the same meaning; decode, encode, decode is a fixed
//! point; offsets of errors are within the input. [`http`] is about what the Runtime API may send.

pub mod http;
pub mod oracle;

use coldmoon::buffer::Buffer;
use coldmoon::json::{
    Number, Rules, Sink, StringRules, SyntaxError, Text, Utf8, WriteError, scan, scan_value, write_double, write_int64, write_string,
    write_uint64,
};
use oracle::Value;

/// Everything that other decoders take too.
const LENIENT: Rules = Rules { invalid_numbers: true, comments: true, utf8: false, control_characters: true, ..Rules::STRICT };

/// The codec accepts what the oracle accepts, and finds the same in it.
pub fn json_accepts_as_oracle(data: &[u8]) {
    let expected = oracle::decode(data);
    let decoded = decode(data, &Rules::STRICT);
    assert_eq!(decoded.as_ref().ok(), expected.as_ref());
    let lenient = decode(data, &LENIENT);
    match &decoded {
        Ok(value) => {
            assert_eq!(lenient.as_ref(), Ok(value));
            // The value alone ends where the document's white space begins.
            let mut tree = Tree::default();
            let end = scan_value(data, 0, &Rules::STRICT, &mut tree).expect("it is accepted");
            assert!(data[end..].iter().all(|byte| b" \n\r\t".contains(byte)));
            assert_eq!(decode(&data[..end], &Rules::STRICT).as_ref(), Ok(value));
            assert_eq!(tree.root.as_ref(), Some(value));
        }
        Err(error) => assert!(error.offset <= data.len() && lenient.map_or_else(|lenient| lenient.offset <= data.len(), |_| true)),
    }
}

/// What is written reads back to the same, and is written the same again.
pub fn json_round_trip(data: &[u8]) {
    let Ok(value) = decode(data, &Rules::STRICT) else { return };
    let text = encode(&value);
    assert_eq!(Some(&text), oracle::encode(&value).map(String::into_bytes).as_ref());
    let again = decode(&text, &Rules::STRICT).expect("what is written is JSON");
    assert!(is_same(&value, &again), "{value:?} {again:?}");
    assert_eq!(encode(&again), text);
}

/// Numbers are written as the oracle writes them and read as it reads them.
pub fn json_numbers(data: &[u8]) {
    let mut out = Buffer::new(1 << 16);
    for chunk in data.chunks_exact(8) {
        let value = f64::from_bits(u64::from_le_bytes(chunk.try_into().expect("eight bytes")));
        out.clear();
        match (write_double(&mut out, value), oracle::encode_double(value)) {
            (Ok(()), Some(expected)) => {
                assert_eq!(out.bytes(), expected.as_bytes());
                let read = decode(out.bytes(), &Rules::STRICT).expect("what is written is JSON");
                assert!(is_same(&Value::Double(value.to_bits()), &read), "{expected}");
            }
            (Err(WriteError::NotFinite), None) => {}
            other => panic!("{value:e}: {other:?}"),
        }
    }
    // The same bytes as a text that looks like a number: mostly digits.
    let text: String =
        data.iter().map(|byte| char::from(b"0123456789012345678901234567890123456789-+.eE"[usize::from(*byte) % 45])).collect();
    for start in [0, text.len() / 2] {
        // What is left of an invalid one when its front becomes valid.
        for text in [
            text[start..].to_string(),
            format!("1.{}", text[start..].replace(['-', '.', '+', 'e', 'E'], "")),
            format!("{}e-300", &text[start..]),
        ] {
            assert_eq!(decode(text.as_bytes(), &Rules::STRICT).ok(), oracle::number(&text), "{text}");
        }
    }
}

/// Strings are written as the oracle writes them, or refused at the same byte, and read back.
pub fn json_strings(data: &[u8]) {
    let mut out = Buffer::new(7 * data.len() + 1000);
    match (write_string(&mut out, data, &StringRules::STRICT), oracle::encode_string(data)) {
        (Ok(()), Ok(expected)) => {
            assert_eq!(out.bytes(), expected.as_bytes());
            assert_eq!(decode(out.bytes(), &Rules::STRICT).ok(), oracle::decode(out.bytes()));
        }
        (Err(WriteError::Utf8 { offset }), Err(expected)) => assert_eq!(offset, expected),
        other => panic!("{other:?}"),
    }
    // As lua-cjson writes and reads: every byte string comes back.
    for (slash, delete) in [(false, false), (true, true)] {
        out.clear();
        write_string(&mut out, data, &StringRules { utf8: Utf8::Pass, slash, delete }).expect("the buffer is large enough");
        assert_eq!(decode(out.bytes(), &LENIENT), Ok(Value::String(data.to_vec())));
    }
}

/// Equal, but for integers from 2^53 to 10^21 that were doubles: they are written in plain digits, as JavaScript does, and plain digits
/// read as 64-bit integers where they fit.
fn is_same(value: &Value, again: &Value) -> bool {
    match (value, again) {
        (Value::Double(bits), Value::Int64(integer)) => f64::from_bits(*bits) == *integer as f64,
        (Value::Double(bits), Value::Uint64(integer)) => f64::from_bits(*bits) == *integer as f64,
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same(a, b)),
        (Value::Object(a), Value::Object(b)) => a.len() == b.len() && a.iter().zip(b).all(|((k, a), (l, b))| k == l && is_same(a, b)),
        _ => value == again,
    }
}

/// The codec's decoder, into a tree.
pub fn decode(data: &[u8], rules: &Rules) -> Result<Value, SyntaxError> {
    let mut tree = Tree::default();
    scan(data, rules, &mut tree)?;
    assert!(tree.open.is_empty() && tree.keys.is_empty());
    Ok(tree.root.expect("a document is a value"))
}

/// The codec's encoder, over a tree.
pub fn encode(value: &Value) -> Vec<u8> {
    fn write(out: &mut Buffer, value: &Value) -> Result<(), WriteError> {
        match value {
            Value::Null => out.push(b"null")?,
            Value::Boolean(value) => out.push(if *value { b"true" } else { b"false" })?,
            Value::Double(bits) => write_double(out, f64::from_bits(*bits))?,
            Value::Int64(value) => write_int64(out, *value)?,
            Value::Uint64(value) => write_uint64(out, *value)?,
            Value::String(bytes) => write_string(out, bytes, &StringRules::STRICT)?,
            Value::Array(items) => {
                out.push(b"[")?;
                for (index, item) in items.iter().enumerate() {
                    out.push(if index > 0 { b"," } else { b"" })?;
                    write(out, item)?;
                }
                out.push(b"]")?;
            }
            Value::Object(members) => {
                out.push(b"{")?;
                for (index, (key, value)) in members.iter().enumerate() {
                    out.push(if index > 0 { b"," } else { b"" })?;
                    write_string(out, key, &StringRules::STRICT)?;
                    out.push(b":")?;
                    write(out, value)?;
                }
                out.push(b"}")?;
            }
        }
        Ok(())
    }
    let mut out = Buffer::new(1 << 30);
    write(&mut out, value).expect("what was decoded can be encoded");
    out.bytes().to_vec()
}

/// A sink that builds a tree.
#[derive(Default)]
struct Tree {
    root: Option<Value>,
    open: Vec<Value>,
    /// The keys whose values are not there yet.
    keys: Vec<Vec<u8>>,
}

impl Tree {
    fn put(&mut self, value: Value) {
        match self.open.last_mut() {
            None => assert!(self.root.replace(value).is_none()),
            Some(Value::Array(items)) => items.push(value),
            Some(Value::Object(members)) => members.push((self.keys.pop().expect("a member has a key"), value)),
            Some(_) => unreachable!("only arrays and objects are open"),
        }
    }
}

/// The string itself. The room for it is as small as may be.
fn bytes(text: Text<'_>) -> Vec<u8> {
    let mut out = vec![0; text.raw().len()];
    let len = text.unescape(&mut out);
    out.truncate(len);
    assert!(text.is_escaped() || out == text.raw());
    out
}

impl Sink for Tree {
    fn null(&mut self) {
        self.put(Value::Null);
    }
    fn boolean(&mut self, value: bool) {
        self.put(Value::Boolean(value));
    }
    fn number(&mut self, value: Number) {
        self.put(match value {
            Number::Double(value) => Value::Double(value.to_bits()),
            Number::Int64(value) => Value::Int64(value),
            Number::Uint64(value) => Value::Uint64(value),
        });
    }
    fn string(&mut self, text: Text<'_>) {
        self.put(Value::String(bytes(text)));
    }
    fn key(&mut self, text: Text<'_>) {
        self.keys.push(bytes(text));
    }
    fn begin_array(&mut self) {
        self.open.push(Value::Array(Vec::new()));
    }
    fn end_array(&mut self) {
        let value = self.open.pop().expect("it was opened");
        assert!(matches!(value, Value::Array(_)));
        self.put(value);
    }
    fn begin_object(&mut self) {
        self.open.push(Value::Object(Vec::new()));
    }
    fn end_object(&mut self) {
        let value = self.open.pop().expect("it was opened");
        assert!(matches!(value, Value::Object(_)));
        self.put(value);
    }
}
