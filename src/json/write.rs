//! Strings and numbers as JSON text, appended to a [`Buffer`].
//!
//! Brackets, commas and colons are the caller's: it knows what it writes. A string is copied sixteen bytes at a time while they are looked
//! at; whoever needs no escape is looked at once and written once.
//!
//! Bound: the buffer's. Up to [`ROOM`] bytes more than are written may be asked of it, so that blocks can be stored whole: give its bound
//! that much slack.

use super::number::{shortest, sixteen_digits};
use super::text;
use crate::buffer::{Buffer, Overflow};
use crate::wide::{self, Block};

/// Bytes of the buffer that one step of the writer asks for at most. A number needs 26 bytes and is stored in pieces of 24 that may begin
/// at the third; a string needs one block, an escape and the quote.
pub const ROOM: usize = 48;

/// Why something could not be written. What was appended before it stays there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteError {
    /// The buffer is full.
    Overflow(Overflow),
    /// NaN and the infinities are no JSON (RFC 8259 section 6).
    NotFinite,
    /// The string is not UTF-8.
    Utf8 {
        /// Bytes from its start to the first invalid sequence.
        offset: usize,
    },
}

impl From<Overflow> for WriteError {
    fn from(overflow: Overflow) -> WriteError {
        WriteError::Overflow(overflow)
    }
}

/// How strings are written. [`StringRules::STRICT`] escapes what RFC 8259 section 7 asks for and nothing else.
#[derive(Clone, Copy, Debug)]
pub struct StringRules {
    /// Whether strings have to be UTF-8.
    pub utf8: Utf8,
    /// lua-cjson: `/` is written as `\/`.
    pub slash: bool,
    /// lua-cjson: the byte 0x7f is written as `\u007f`.
    pub delete: bool,
}

/// What to do about bytes from 0x80.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Utf8 {
    /// Refuse what is not UTF-8; write the three-byte form of a surrogate as its escape.
    Check,
    /// Write them as they are.
    Pass,
    /// Write U+FFFD in place of each byte that is not UTF-8; otherwise as `Check`.
    Replace,
    /// As `Replace`, and everything as escapes.
    Escape,
}

impl StringRules {
    /// RFC 8259.
    pub const STRICT: StringRules = StringRules { utf8: Utf8::Check, slash: false, delete: false };
    /// RFC 8259, for bytes of whatever kind.
    pub const LOSSY: StringRules = StringRules { utf8: Utf8::Replace, slash: false, delete: false };
    /// Printable ASCII alone, for bytes of whatever kind.
    pub const ASCII: StringRules = StringRules { utf8: Utf8::Escape, slash: false, delete: true };
}

/// Appends `bytes` as a string, quotes included.
pub fn write_string(out: &mut Buffer, bytes: &[u8], rules: &StringRules) -> Result<(), WriteError> {
    // Room for all of it if nothing has to be escaped: then nothing below grows the buffer.
    out.reserve(bytes.len() + ROOM)?;
    let spare = out.spare();
    spare[0] = b'"';
    let mut at = 0;
    if !(rules.slash || rules.delete) {
        loop {
            let block = Block::load(bytes, at);
            // Zeros stand behind the end, so that no run goes beyond it.
            let plain = block.first_not_plain();
            spare[1 + at..][..wide::BYTES].copy_from_slice(&block.to_bytes());
            at += plain;
            if plain != wide::BYTES {
                break;
            }
        }
    }
    if at < bytes.len() {
        out.advance(1 + at);
        return write_rest(out, bytes, at, rules);
    }
    spare[1 + at] = b'"';
    out.advance(at + 2);
    Ok(())
}

/// Appends `bytes` as a string by rules that refuse none: [`StringRules::LOSSY`], [`StringRules::ASCII`].
pub fn write_lossy_string(out: &mut Buffer, bytes: &[u8], rules: &StringRules) -> Result<(), Overflow> {
    write_string(out, bytes, rules).map_err(|error| match error {
        WriteError::Overflow(overflow) => overflow,
        WriteError::NotFinite | WriteError::Utf8 { .. } => unreachable!(),
    })
}

/// Appends `bytes` from `at` on and the closing quote. Not inlined: a string that needs no escape then saves fewer registers.
#[inline(never)]
fn write_rest(out: &mut Buffer, bytes: &[u8], mut at: usize, rules: &StringRules) -> Result<(), WriteError> {
    while at < bytes.len() {
        out.reserve(ROOM)?;
        let block = Block::load(bytes, at);
        let mut plain = block.first_not_plain();
        if rules.slash || rules.delete {
            let more = |byte: &u8| *byte == b'/' && rules.slash || *byte == 0x7f && rules.delete;
            plain = bytes[at..at + plain].iter().position(more).unwrap_or(plain);
        }
        out.spare()[..wide::BYTES].copy_from_slice(&block.to_bytes());
        out.advance(plain);
        at += plain;
        match bytes.get(at) {
            Some(_) if plain == wide::BYTES => {}
            None => {}
            Some(0x80..) => at = write_not_ascii(out, bytes, at, rules)?,
            Some(byte) => {
                let short = match byte {
                    0x08 => b'b',
                    0x0c => b'f',
                    b'\n' => b'n',
                    b'\r' => b'r',
                    b'\t' => b't',
                    b'"' | b'\\' | b'/' => *byte,
                    _ => b'u',
                };
                if short == b'u' {
                    put(out, escape(u32::from(*byte)), 6);
                } else {
                    put(out, u64::from(b'\\') | u64::from(short) << 8, 2);
                }
                at += 1;
            }
        }
    }
    out.reserve(ROOM)?;
    put(out, u64::from(b'"'), 1);
    Ok(())
}

/// Appends the bytes from `at` on up to the next one that is ASCII, and returns its offset.
fn write_not_ascii(out: &mut Buffer, bytes: &[u8], mut at: usize, rules: &StringRules) -> Result<usize, WriteError> {
    while let Some(0x80..) = bytes.get(at) {
        out.reserve(ROOM)?;
        let word = text::word(bytes, at);
        let (sequence, len, taken) = match (text::sequence_len(word), rules.utf8) {
            (0, Utf8::Pass) => (u64::from(word), 1, 1),
            (0, _) if text::is_surrogate(word) => (escape(0xd000 | word >> 2 & 0x0fc0 | word >> 16 & 0x3f), 6, 3),
            (0, Utf8::Check) => return Err(WriteError::Utf8 { offset: at }),
            (0, Utf8::Replace) => (u64::from_le_bytes(*b"\xef\xbf\xbd\0\0\0\0\0"), 3, 1),
            (0, Utf8::Escape) => (escape(0xfffd), 6, 1),
            (len, Utf8::Escape) => {
                let code = text::code_point(word, len);
                let is_pair = code >= 0x1_0000;
                if is_pair {
                    put(out, escape(0xd7c0 + (code >> 10)), 6);
                }
                (escape(if is_pair { 0xdc00 | code & 0x3ff } else { code }), 6, len)
            }
            (len, _) => {
                // Nearly always.
                out.spare()[..4].copy_from_slice(&word.to_le_bytes());
                out.advance(len);
                at += len;
                continue;
            }
        };
        put(out, sequence, len);
        at += taken;
    }
    Ok(at)
}

/// Appends the lowest `len` bytes, for which there is room for eight. (Not by memcpy, which is a slow call for so few.)
#[inline(never)]
fn put(out: &mut Buffer, bytes: u64, len: usize) {
    out.spare()[..8].copy_from_slice(&bytes.to_le_bytes());
    out.advance(len);
}

/// `\u` and four digits, the backslash lowest.
fn escape(code: u32) -> u64 {
    let digit = |shift: u32| b"0123456789abcdef"[(code >> shift & 0x0f) as usize];
    u64::from_le_bytes([b'\\', b'u', digit(12), digit(8), digit(4), digit(0), 0, 0])
}

/// Appends `value`.
pub fn write_int64(out: &mut Buffer, value: i64) -> Result<(), WriteError> {
    out.reserve(ROOM)?;
    let negative = usize::from(value < 0);
    let spare = out.spare();
    spare[0] = b'-';
    let len = put_integer(&mut spare[negative..], value.unsigned_abs());
    out.advance(negative + len);
    Ok(())
}

/// Appends `value`.
pub fn write_uint64(out: &mut Buffer, value: u64) -> Result<(), WriteError> {
    out.reserve(ROOM)?;
    let len = put_integer(out.spare(), value);
    out.advance(len);
    Ok(())
}

/// Appends `value` with the fewest digits that read back to it, laid out as JavaScript does (ECMA-262, Number::toString): below 10^21
/// without exponent, down to 10^-6 with leading zeros, otherwise as in `1e+21` and `1.5e-7`. -0.0 is `-0`.
pub fn write_double(out: &mut Buffer, value: f64) -> Result<(), WriteError> {
    if !value.is_finite() {
        return Err(WriteError::NotFinite);
    }
    out.reserve(ROOM)?;
    let negative = usize::from(value.is_sign_negative());
    let magnitude = value.abs();
    let integer = magnitude as u64;
    let spare = out.spare();
    spare[0] = b'-';
    let spare = &mut spare[negative..];
    // Up to 2^53 an integer's own digits are the shortest.
    let len = if integer as f64 == magnitude && integer <= 1 << f64::MANTISSA_DIGITS {
        put_integer(spare, integer)
    } else {
        put_decimal(spare, shortest(magnitude))
    };
    out.advance(negative + len);
    Ok(())
}

/// 10^16, and sixteen times the digit 0.
const TEN_TO_16: u64 = 10_000_000_000_000_000;
const ZEROS: u128 = u128::from_le_bytes([b'0'; 16]);

/// Writes `value` to the front of `out`, which has 20 bytes, and returns how many it wrote.
pub fn put_integer(out: &mut [u8], value: u64) -> usize {
    let (high, low) = (value / TEN_TO_16, sixteen_digits(value % TEN_TO_16));
    if high == 0 {
        return put_digits(out, low);
    }
    let len = put_digits(out, sixteen_digits(high));
    out[len..][..16].copy_from_slice(&(low | ZEROS).to_le_bytes());
    len + 16
}

/// Writes sixteen digits without the zeros in front of them, but at least one, to the front of `out`; returns how many.
#[inline(never)]
fn put_digits(out: &mut [u8], digits: u128) -> usize {
    // The first digit is the lowest byte: shifting the zeros out leaves the others at the front.
    let zeros = (digits.trailing_zeros() / 8).min(15);
    out[..16].copy_from_slice(&(digits >> (8 * zeros) | ZEROS).to_le_bytes());
    16 - zeros as usize
}

/// Writes d * 10^`power` to the front of `out`, which has [`ROOM`] - 1 bytes, and returns how many it wrote. d has at most 17 digits and
/// is not 0.
fn put_decimal(out: &mut [u8], (d, power): (u64, i32)) -> usize {
    /// Bytes that are copied at once: 17 digits and up to 4 zeros.
    const PIECE: usize = 24;
    let mut digits = [b'0'; 17 + PIECE];
    let (first, others) = (d / TEN_TO_16, sixteen_digits(d % TEN_TO_16));
    let len = if first == 0 {
        put_digits(&mut digits, others)
    } else {
        digits[0] |= first as u8;
        digits[1..][..16].copy_from_slice(&(others | ZEROS).to_le_bytes());
        17
    };
    // Without the zeros at the end.
    let count = len - (others.leading_zeros() / 8) as usize;
    // Where the point is, counted from the first digit.
    let point = len as i32 + power;
    let copy = |out: &mut [u8], to: usize, from: usize| out[to..][..PIECE].copy_from_slice(&digits[from..][..PIECE]);
    match point {
        1..=21 => {
            let point = point as usize;
            copy(out, 0, 0);
            if count <= point {
                return point;
            }
            copy(out, point + 1, point);
            out[point] = b'.';
            count + 1
        }
        -5..=0 => {
            let first = (2 - point) as usize;
            out[..8].copy_from_slice(b"0.000000");
            copy(out, first, 0);
            first + count
        }
        _ => {
            copy(out, 1, 0);
            copy(out, 2, 1);
            out[0] = out[1];
            out[1] = b'.';
            let end = if count == 1 { 1 } else { count + 1 };
            let exponent = point - 1;
            out[end] = b'e';
            out[end + 1] = if exponent < 0 { b'-' } else { b'+' };
            end + 2 + put_integer(&mut out[end + 2..], u64::from(exponent.unsigned_abs()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;
    use std::string::String;

    fn written(write: impl FnOnce(&mut Buffer) -> Result<(), WriteError>) -> Result<String, WriteError> {
        let mut out = Buffer::new(1 << 20);
        out.push(b"<").map_err(WriteError::Overflow)?;
        write(&mut out)?;
        out.push(b">").map_err(WriteError::Overflow)?;
        let text = String::from_utf8(out.bytes().to_vec()).expect("JSON is UTF-8");
        Ok(String::from(&text[1..text.len() - 1]))
    }

    fn string(bytes: &[u8], rules: &StringRules) -> Result<String, WriteError> {
        written(|out| write_string(out, bytes, rules))
    }

    fn double(value: f64) -> String {
        written(|out| write_double(out, value)).expect("it is finite")
    }

    #[test]
    fn strings_are_escaped_where_they_have_to_be() {
        for (bytes, expected) in [
            (&b""[..], ""),
            (b"plain / text \x7f", "plain / text \x7f"),
            (b"\"\\\x08\x0c\n\r\t", r#"\"\\\b\f\n\r\t"#),
            (b"\0\x01\x0b\x1f", r"\u0000\u0001\u000b\u001f"),
            ("\u{80}\u{7ff}\u{800}\u{ffff}\u{10000}\u{10ffff}".as_bytes(), "\u{80}\u{7ff}\u{800}\u{ffff}\u{10000}\u{10ffff}"),
            (b"\xed\xa0\x80 \xed\xb0\x80\xed\xbf\xbf", r"\ud800 \udc00\udfff"),
        ] {
            assert_eq!(string(bytes, &StringRules::STRICT), Ok(format!("\"{expected}\"")));
            for pad in 0..40 {
                let padding = "x".repeat(pad);
                let padded = [padding.as_bytes(), bytes, padding.as_bytes()].concat();
                assert_eq!(string(&padded, &StringRules::STRICT), Ok(format!("\"{padding}{expected}{padding}\"")));
            }
        }
    }

    #[test]
    fn strings_of_any_bytes_are_written() {
        for (bytes, lossy, ascii) in [
            (
                "a\u{e9}\u{4e16}\u{1f319}\u{10ffff}\x7f\n".as_bytes(),
                "a\u{e9}\u{4e16}\u{1f319}\u{10ffff}\x7f\\n",
                r"a\u00e9\u4e16\ud83c\udf19\udbff\udfff\u007f\n",
            ),
            (b"\xff-\xc3\xa9\xe2\x82-", "\u{fffd}-\u{e9}\u{fffd}\u{fffd}-", r"\ufffd-\u00e9\ufffd\ufffd-"),
            (b"\xed\xa0\x80", r"\ud800", r"\ud800"),
        ] {
            for (rules, expected) in [(StringRules::LOSSY, lossy), (StringRules::ASCII, ascii)] {
                assert_eq!(written(|out| Ok(write_lossy_string(out, bytes, &rules)?)), Ok(format!("\"{expected}\"")));
            }
        }
    }

    #[test]
    fn strings_that_are_not_utf8_are_refused_where_they_break() {
        for bytes in [
            &b"\xff"[..],
            b"\x80",
            b"\xc3",
            b"\xc0\x80",
            b"\xe2\x82",
            b"\xe0\x80\x80",
            b"\xf0\x90\x80",
            b"\xf4\x90\x80\x80",
            b"\xed\xa0",
            b"\xf8\x88\x80\x80\x80",
        ] {
            for pad in 0..40 {
                let padded = [&[b'x'; 40][..pad], bytes, b"x"].concat();
                assert_eq!(string(&padded, &StringRules::STRICT), Err(WriteError::Utf8 { offset: pad }), "{bytes:x?}");
            }
        }
    }

    #[test]
    fn strings_as_lua_cjson_writes_them() {
        let rules = StringRules { utf8: Utf8::Pass, slash: true, delete: true };
        assert_eq!(string(b"a/b\x7f\"0123456789abcdef/\n", &rules), Ok(String::from(r#""a\/b\u007f\"0123456789abcdef\/\n""#)));
        let mut out = Buffer::new(1 << 16);
        assert_eq!(write_string(&mut out, b"/\xff\xed\xa0\x80\xc3", &rules), Ok(()));
        assert_eq!(out.bytes(), b"\"\\/\xff\xed\xa0\x80\xc3\"");
    }

    #[test]
    fn the_bound_is_kept() {
        for (len, expected) in [(10_000 - ROOM, Ok(())), (10_000 - ROOM + 1, Err(WriteError::Overflow(Overflow::Bound)))] {
            let mut out = Buffer::new(10_000);
            assert_eq!(write_string(&mut out, &std::vec![b'x'; len], &StringRules::STRICT), expected);
        }
        // Every byte takes six.
        let mut out = Buffer::new(100_000);
        assert_eq!(write_string(&mut out, &std::vec![0; 20_000], &StringRules::STRICT), Err(WriteError::Overflow(Overflow::Bound)));
        assert!(out.len() <= 100_000);
    }

    #[test]
    fn doubles_are_laid_out_as_javascript_does() {
        for (value, expected) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (-1.5, "-1.5"),
            (0.1, "0.1"),
            (123.456, "123.456"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (1.5e300, "1.5e+300"),
            (123456789012345680000.0, "123456789012345680000"),
            (1.2345678901234568e21, "1.2345678901234568e+21"),
            (1e-6, "0.000001"),
            (1.5e-6, "0.0000015"),
            (1e-7, "1e-7"),
            (-1.5e-7, "-1.5e-7"),
            (9007199254740992.0, "9007199254740992"),
            (9007199254740994.0, "9007199254740994"),
            (18014398509481984.0, "18014398509481984"),
            (1152921504606846976.0, "1152921504606847000"),
            (5e-324, "5e-324"),
            (-1.7976931348623157e308, "-1.7976931348623157e+308"),
            (2.2250738585072014e-308, "2.2250738585072014e-308"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1.0 / 3.0, "0.3333333333333333"),
            (2251799813685249.5, "2251799813685249.5"),
            (-0.0000012345678901234567, "-0.0000012345678901234567"),
            (2.9802322387695312e-8, "2.9802322387695312e-8"),
            (1e23, "1e+23"),
            (9.5367431640625e-7, "9.5367431640625e-7"),
            (100.0, "100"),
            (1234500.0, "1234500"),
            (9007199254740993.0 * 1024.0, "9223372036854776000"),
            (0.000001234, "0.000001234"),
            (1e16 + 2.0, "10000000000000002"),
            (12345678.0e10, "123456780000000000"),
        ] {
            assert_eq!(double(value), expected);
            assert_eq!(expected.parse::<f64>().map(f64::to_bits), Ok(value.to_bits()));
        }
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(written(|out| write_double(out, value)), Err(WriteError::NotFinite));
        }
    }

    #[test]
    fn integers_are_all_there() {
        for shift in 0..64 {
            for value in [u64::MAX >> shift, 1 << shift, (1 << shift) - 1, 10u64.pow(shift.min(19)), 10u64.pow(shift.min(19)) - 1] {
                assert_eq!(written(|out| write_uint64(out, value)), Ok(format!("{value}")));
                for value in [value as i64, (value as i64).wrapping_neg()] {
                    assert_eq!(written(|out| write_int64(out, value)), Ok(format!("{value}")));
                }
                let whole = value >> 11;
                assert_eq!(double(whole as f64), format!("{whole}"));
            }
        }
    }
}
