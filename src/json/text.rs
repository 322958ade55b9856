//! What stands between the quotes of a string: plain bytes, UTF-8 sequences, escapes.
//!
//! Lone surrogates, which JSON can escape and UTF-8 cannot hold, have the three-byte form they would have in UTF-8 (WTF-8): ED A0 80 to
//! ED BF BF. It comes from an escape and goes back to one; as raw bytes in a document it is refused like any other invalid sequence.

use super::{Kind, Rules, SyntaxError};
use crate::wide::{self, Block};

/// A string of the document between its quotes, validated.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a> {
    raw: &'a [u8],
    escaped: bool,
}

impl<'a> Text<'a> {
    /// `raw` was checked.
    #[inline(always)]
    pub(super) fn new(raw: &'a [u8], escaped: bool) -> Text<'a> {
        Text { raw, escaped }
    }

    /// The bytes between the quotes, still escaped.
    #[inline(always)]
    pub fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// Whether there is an escape in it. If not, [`Text::raw`] is the string itself.
    #[inline(always)]
    pub fn is_escaped(&self) -> bool {
        self.escaped
    }

    /// Writes the string without escapes to the front of `out` and returns its length in bytes. `out.len() >= self.raw().len()` suffices;
    /// what stands in `out` behind the string is of no meaning. Surrogate pairs become four-byte UTF-8, lone surrogates their three-byte
    /// form, `\u0000` a NUL byte.
    pub fn unescape(&self, out: &mut [u8]) -> usize {
        let (mut from, mut to) = (0, 0);
        while from < self.raw.len() {
            // Plain bytes, sixteen at a time while there is room to write a whole block; no escape is shorter than what it stands for, so
            // `to <= from` and the room fails only near the end.
            let block = Block::load(self.raw, from);
            let plain = block.first_backslash().min(self.raw.len() - from);
            match out.get_mut(to..).and_then(|rest| rest.first_chunk_mut()) {
                Some(room) => *room = block.to_bytes(),
                None => out[to..to + plain].copy_from_slice(&self.raw[from..from + plain]),
            }
            from += plain;
            to += plain;
            match self.raw.get(from + 1) {
                _ if plain == wide::BYTES => {}
                Some(b'u') => {
                    let (code, taken) = escaped_code(self.raw, from);
                    let (bytes, len) = utf8(code);
                    from += taken;
                    // Six bytes or more were taken, so there is room for four.
                    out[to..][..4].copy_from_slice(&bytes);
                    to += len;
                }
                Some(escaped) => {
                    from += 2;
                    out[to] = match escaped {
                        b'b' => 0x08,
                        b'f' => 0x0c,
                        b'n' => b'\n',
                        b'r' => b'\r',
                        b't' => b'\t',
                        other => *other,
                    };
                    to += 1;
                }
                None => {}
            }
        }
        to
    }
}

/// Checks what is not plain at `at`, which is in the input: one escape, or all that is not ASCII. Returns the offset behind it.
#[inline(never)]
pub(super) fn check_special(input: &[u8], at: usize, rules: &Rules) -> Result<usize, SyntaxError> {
    let refused = |offset, kind| Err(SyntaxError { offset, kind });
    match input[at] {
        b'\\' => match input.get(at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
            Some(b'u') if input.get(at + 2..at + 6).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)) => Ok(at + 6),
            _ => refused(at, Kind::Escape),
        },
        0x00..=0x1f => {
            if rules.control_characters {
                return Ok(at + 1);
            }
            refused(at, Kind::ControlCharacter)
        }
        _ => {
            let mut at = at;
            loop {
                let word = word(input, at);
                at += match sequence_len(word) {
                    0 if rules.utf8 => return refused(at, Kind::Utf8),
                    0 => 1,
                    len => len,
                };
                // Where one is, more follow: most scripts need no ASCII but spaces.
                if input.get(at).is_none_or(|byte| *byte < 0x80) {
                    return Ok(at);
                }
            }
        }
    }
}

/// The four bytes at `at` as a little-endian word, with zeros behind the end.
#[inline(always)]
pub(super) fn word(bytes: &[u8], at: usize) -> u32 {
    match bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        Some(chunk) => u32::from_le_bytes(*chunk),
        None => wide::tail(bytes, at) as u32,
    }
}

/// How many bytes the UTF-8 sequence has that starts in the lowest byte of `word` and is not ASCII: 2 to 4; 0 if it is none. The patterns
/// are those of RFC 3629 section 4: one mask compares all lead and continuation bits, a second one looks at the bits that are not all
/// zero in the shortest form.
#[inline(always)]
pub(super) fn sequence_len(word: u32) -> usize {
    if word & 0x00c0_c0f0 == 0x0080_80e0 {
        // Bits 11 to 15 of the code point: none is overlong, 11011 is a surrogate.
        let high = word & 0x0000_200f;
        if high != 0 && high != 0x0000_200d { 3 } else { 0 }
    } else if word & 0x0000_c0e0 == 0x0000_80c0 {
        if word & 0x0000_001e != 0 { 2 } else { 0 }
    } else if word & 0xc0c0_c0f8 == 0x8080_80f0 {
        // Bits 16 to 20: 1 to 16.
        let plane = (word & 0x07) << 2 | (word >> 12) & 0x03;
        if (1..=16).contains(&plane) { 4 } else { 0 }
    } else {
        0
    }
}

/// The code point of a sequence of `len` bytes, see [`sequence_len`].
pub(super) fn code_point(word: u32, len: usize) -> u32 {
    let [lead, tail @ ..] = word.to_le_bytes();
    tail[..len - 1].iter().fold(u32::from(lead) & 0x7f >> len, |code, byte| code << 6 | u32::from(byte & 0x3f))
}

/// Whether the lowest three bytes are the three-byte form of a surrogate.
#[inline(always)]
pub(super) fn is_surrogate(word: u32) -> bool {
    word & 0x00c0_e0ff == 0x0080_a0ed
}

/// The code point of the `\u` at `at`, which was checked, and how many bytes it takes: twelve if it is a surrogate pair, else six.
fn escaped_code(raw: &[u8], at: usize) -> (u32, usize) {
    let code = hex(raw, at + 2);
    if code & 0xfc00 == 0xd800 && raw.get(at + 6..at + 8) == Some(b"\\u") {
        let low = hex(raw, at + 8);
        if low & 0xfc00 == 0xdc00 {
            return (0x1_0000 + ((code & 0x3ff) << 10 | low & 0x3ff), 12);
        }
    }
    (code, 6)
}

/// The value of the four hexadecimal digits at `at`.
fn hex(raw: &[u8], at: usize) -> u32 {
    // A letter has bit 6 set and 1 to 6 in its low bits.
    raw[at..at + 4].iter().fold(0, |code, byte| code << 4 | u32::from((byte & 0x0f) + 9 * (byte >> 6)))
}

/// `code` as UTF-8, or the three-byte form of a surrogate, and its length.
fn utf8(code: u32) -> ([u8; 4], usize) {
    let lead = |mark: u32, shift: u32| (mark | code >> shift) as u8;
    let tail = |shift: u32| 0x80 | (code >> shift & 0x3f) as u8;
    match code {
        0..0x80 => ([code as u8, 0, 0, 0], 1),
        0x80..0x800 => ([lead(0xc0, 6), tail(0), 0, 0], 2),
        0x800..0x1_0000 => ([lead(0xe0, 12), tail(6), tail(0), 0], 3),
        _ => ([lead(0xf0, 18), tail(12), tail(6), tail(0)], 4),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{trace, unescaped};
    use super::*;
    use std::format;
    use std::vec::Vec;

    #[test]
    fn escapes_become_their_characters() {
        for (raw, expected) in [
            (r#"\"\\\/\b\f\n\r\t"#, &b"\"\\/\x08\x0c\n\r\t"[..]),
            (r"\u0000\u001f\u007f\u0080\u07ff\u0800\uffff", "\0\u{1f}\u{7f}\u{80}\u{7ff}\u{800}\u{ffff}".as_bytes()),
            (r"\uD834\udd1e\uDBFF\uDFFF\ud800\udc00", "\u{1d11e}\u{10ffff}\u{10000}".as_bytes()),
            (r"\ud800", b"\xed\xa0\x80"),
            (r"\udfff!", b"\xed\xbf\xbf!"),
            (r"\ud800\ud800\udc00", b"\xed\xa0\x80\xf0\x90\x80\x80"),
            (r"\udc00\ud800", b"\xed\xb0\x80\xed\xa0\x80"),
            (r"\ud83d\n", b"\xed\xa0\xbd\n"),
            (r"\ud83d\u0041", b"\xed\xa0\xbdA"),
            (
                r"0123456789abcde\u00e9 0123456789abcdef\\0123456789abcdefg",
                "0123456789abcde\u{e9} 0123456789abcdef\\0123456789abcdefg".as_bytes(),
            ),
        ] {
            assert_eq!(unescaped(Text::new(raw.as_bytes(), true)), expected, "{raw}");
            // And at every distance from the start and the end.
            for pad in 0..20 {
                let padding = "x".repeat(pad);
                let padded = [padding.as_bytes(), expected, padding.as_bytes()].concat();
                assert_eq!(unescaped(Text::new(format!("{padding}{raw}{padding}").as_bytes(), true)), padded);
            }
        }
    }

    #[test]
    fn utf8_is_what_std_takes() {
        // All of one to three bytes, and of four those whose last is at an edge.
        let check = |bytes: &[u8]| {
            let document = [b"\"", bytes, b"\""].concat();
            let valid = core::str::from_utf8(bytes);
            let said = trace(&document, &Rules::STRICT);
            match valid {
                Ok(_) => assert!(said.is_ok(), "{bytes:x?}"),
                Err(error) => assert_eq!(said, Err((1 + error.valid_up_to(), Kind::Utf8)), "{bytes:x?}"),
            }
        };
        let edges = [0x7f, 0x80, 0x8f, 0xbf, 0xc0];
        for first in 0x80..=0xff {
            check(&[first]);
            for second in 0x7e..=0xff {
                check(&[first, second]);
                for third in edges {
                    check(&[first, second, third]);
                    for fourth in edges {
                        check(&[first, second, third, fourth]);
                    }
                }
            }
        }
        let text = "Grüße, Welt! 世界 🌙 ".repeat(9);
        for start in (0..text.len()).filter(|at| text.is_char_boundary(*at)) {
            check(&text.as_bytes()[start..]);
        }
    }

    #[test]
    fn word_patterns_agree_with_the_definition() {
        for code in (0x80..0x11_0000).step_by(7).chain([0x7ff, 0x800, 0xd7ff, 0xd800, 0xdfff, 0xe000, 0xffff, 0x1_0000, 0x10_ffff]) {
            let (bytes, len) = utf8(code);
            let word = u32::from_le_bytes(bytes);
            let surrogate = (0xd800..0xe000).contains(&code);
            assert_eq!((sequence_len(word), is_surrogate(word)), (if surrogate { 0 } else { len }, surrogate), "{code:x}");
            assert_eq!(code_point(word, len), code);
            if let Some(char) = char::from_u32(code) {
                let expected: Vec<u8> = char.encode_utf8(&mut [0; 4]).bytes().collect();
                assert_eq!(&bytes[..len], expected);
            }
        }
    }
}
