//! Base64 and its form for URLs (RFC 4648, sections 4 and 5).
//!
//! Decoding is strict: a byte outside of the alphabet (white space too), wrong padding and bits that are left over are refused.

use crate::buffer::{Buffer, Overflow};

/// One of the two forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Section 4: `+`, `/`, and always padding.
    Standard,
    /// Section 5: `-`, `_`. Written without padding, read with it and without.
    Url,
}

/// Why a text is no base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// There is no room for the bytes.
    Overflow(Overflow),
    /// The length, which this is, is no multiple of four.
    Length(usize),
    /// One letter is too few, or too many, at the end.
    Short,
    /// The byte with this offset is not in the alphabet.
    Letter(usize),
    /// The last letter has bits that belong to no byte.
    Rest,
}

impl From<Overflow> for DecodeError {
    fn from(overflow: Overflow) -> DecodeError {
        DecodeError::Overflow(overflow)
    }
}

/// The letters that both forms have: what stands for 0 to 61.
const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

impl Form {
    /// What stands for 62 and 63.
    fn last_letters(self) -> &'static [u8; 2] {
        match self {
            Form::Standard => b"+/",
            Form::Url => b"-_",
        }
    }

    /// The value of a letter.
    fn value(self, letter: u8) -> Option<u8> {
        Some(match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            _ => 62 + self.last_letters().iter().position(|last| *last == letter)? as u8,
        })
    }

    /// Appends the base64 of `bytes`.
    pub fn encode(self, out: &mut Buffer, bytes: &[u8]) -> Result<(), Overflow> {
        out.reserve(bytes.len() / 3 * 4 + 4)?;
        for group in bytes.chunks(3) {
            let bits = group.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
            let mut text = [b'='; 4];
            for (index, letter) in text.iter_mut().enumerate().take(group.len() + 1) {
                let value = (bits >> (18 - 6 * index) & 63) as usize;
                *letter = LETTERS.get(value).copied().unwrap_or_else(|| self.last_letters()[value - 62]);
            }
            out.spare()[..4].copy_from_slice(&text);
            out.advance(if self == Form::Standard { 4 } else { group.len() + 1 });
        }
        Ok(())
    }

    /// Appends the bytes that `text` is the base64 of. An error may leave some of them.
    pub fn decode(self, out: &mut Buffer, text: &[u8]) -> Result<(), DecodeError> {
        let letters = match text {
            [rest @ .., b'=', b'='] | [rest @ .., b'='] if text.len().is_multiple_of(4) => rest,
            _ if self == Form::Standard && !text.len().is_multiple_of(4) => return Err(DecodeError::Length(text.len())),
            _ => text,
        };
        if letters.len() % 4 == 1 {
            return Err(DecodeError::Short);
        }
        out.reserve(letters.len() / 4 * 3 + 4)?;
        for (index, group) in letters.chunks(4).enumerate() {
            let mut bits = 0;
            for (at, letter) in group.iter().enumerate() {
                let value = self.value(*letter).ok_or(DecodeError::Letter(4 * index + at))?;
                bits |= u32::from(value) << (26 - 6 * at);
            }
            let count = group.len() * 6 / 8;
            if bits << (8 * count) != 0 {
                return Err(DecodeError::Rest);
            }
            out.spare()[..4].copy_from_slice(&bits.to_be_bytes());
            out.advance(count);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(form: Form, bytes: &[u8]) -> String {
        let mut out = Buffer::new(100_000);
        form.encode(&mut out, bytes).unwrap();
        String::from_utf8(out.bytes().to_vec()).unwrap()
    }

    fn decoded(form: Form, text: &str) -> Result<Vec<u8>, DecodeError> {
        let mut out = Buffer::new(100_000);
        form.decode(&mut out, text.as_bytes()).map(|()| out.bytes().to_vec())
    }

    #[test]
    fn the_vectors_of_rfc_4648_hold_both_ways() {
        for (bytes, standard, url) in [
            (&b""[..], "", ""),
            (b"f", "Zg==", "Zg"),
            (b"fo", "Zm8=", "Zm8"),
            (b"foo", "Zm9v", "Zm9v"),
            (b"foob", "Zm9vYg==", "Zm9vYg"),
            (b"\xcf\xbf>", "z78+", "z78-"),
            (b"\xff\xff\xff", "////", "____"),
        ] {
            assert_eq!((encoded(Form::Standard, bytes).as_str(), encoded(Form::Url, bytes).as_str()), (standard, url));
            assert_eq!(decoded(Form::Standard, standard), Ok(bytes.to_vec()));
            assert_eq!(decoded(Form::Url, url), Ok(bytes.to_vec()));
            let padded = standard.replace('+', "-").replace('/', "_");
            assert_eq!(decoded(Form::Url, &padded), Ok(bytes.to_vec()));
        }
    }

    #[test]
    fn all_bytes_come_back_at_every_length() {
        let bytes: Vec<u8> = (0..=255).chain((0..=255).rev()).collect();
        for len in 0..bytes.len() {
            for form in [Form::Standard, Form::Url] {
                assert_eq!(decoded(form, &encoded(form, &bytes[..len])).as_deref(), Ok(&bytes[..len]));
            }
        }
    }

    #[test]
    fn what_is_no_base64_is_refused_where_it_is() {
        for (form, text, error) in [
            (Form::Standard, "Z", DecodeError::Length(1)),
            (Form::Standard, "Zg", DecodeError::Length(2)),
            (Form::Standard, "Zh==", DecodeError::Rest),
            (Form::Standard, "Zm9=", DecodeError::Rest),
            (Form::Standard, "Z===", DecodeError::Letter(1)),
            (Form::Standard, "Zg==Zg==", DecodeError::Letter(2)),
            (Form::Standard, "Zm-_", DecodeError::Letter(2)),
            (Form::Url, "Zm9vY", DecodeError::Short),
            (Form::Url, "Zm9vYg=", DecodeError::Letter(6)),
            (Form::Url, "Zm+/", DecodeError::Letter(2)),
        ] {
            assert_eq!(decoded(form, text), Err(error), "{text}");
        }
        // A letter is one of 64, whatever stands beside it.
        for byte in 0..=255u8 {
            let is_letter = byte.is_ascii_alphanumeric() || b"+/".contains(&byte);
            let mut out = Buffer::new(100);
            assert_eq!(Form::Standard.decode(&mut out, &[b'A', byte, b'A', b'A']).is_ok(), is_letter, "{byte}");
        }
    }

    #[test]
    fn a_full_buffer_says_so() {
        assert_eq!(Form::Standard.encode(&mut Buffer::new(7), b"abcdef"), Err(Overflow::Bound));
        assert_eq!(Form::Standard.decode(&mut Buffer::new(5), b"YWJjZGVm"), Err(DecodeError::Overflow(Overflow::Bound)));
    }
}
