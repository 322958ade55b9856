//! What is done with bytes in many places: a byte or a text looked for, an integer written in decimal.
//!
//! The crates memchr and itoa are faster at this and add 2 KB to the layer's zip. What is looked through here are lines of a few hundred
//! bytes: eight at a time are enough.

/// The first place of `byte`.
pub fn find(byte: u8, bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::MAX / 0xff;
    let (words, rest) = bytes.as_chunks();
    for (index, word) in words.iter().enumerate() {
        // A byte that is equal becomes 0, and only the lowest such is sure to be marked in its upper bit: it is the one that counts.
        let difference = u64::from_le_bytes(*word) ^ (ONES * u64::from(byte));
        let marks = difference.wrapping_sub(ONES) & !difference & (ONES << 7);
        if marks != 0 {
            return Some(8 * index + marks.trailing_zeros() as usize / 8);
        }
    }
    rest.iter().position(|one| *one == byte).map(|at| 8 * words.len() + at)
}

/// The last place of `byte`.
pub fn find_last(byte: u8, bytes: &[u8]) -> Option<usize> {
    bytes.iter().rposition(|one| *one == byte)
}

/// The first place of `text`, which is not empty and short.
pub fn find_text(text: &[u8], bytes: &[u8]) -> Option<usize> {
    bytes.windows(text.len()).position(|window| window == text)
}

/// Whether both are the same text, but for the case of ASCII letters. Out of line: it is called in many places, and fast in none.
#[inline(never)]
pub fn is_same(text: &[u8], other: &[u8]) -> bool {
    text.len() == other.len() && text.iter().zip(other).all(|(one, another)| one.eq_ignore_ascii_case(another))
}

/// Takes a text apart: a first piece of at most `bytes_max` bytes, which ends where a character does, and the rest.
pub fn split_text(text: &[u8], bytes_max: usize) -> (&[u8], &[u8]) {
    if text.len() <= bytes_max {
        return (text, b"");
    }
    // Back to where the character that is cut begins. It has at most four bytes: what is longer is no UTF-8, and is cut anywhere.
    let begins = |end: &usize| text[*end] & 0xC0 != 0x80;
    text.split_at((bytes_max.saturating_sub(3)..=bytes_max).rev().find(begins).unwrap_or(bytes_max))
}

/// Room for the decimal digits of an integer.
pub struct Decimal([u8; Decimal::BYTES]);

impl Decimal {
    /// Those of `i64::MIN`.
    const BYTES: usize = 20;

    /// Nothing yet.
    pub const fn new() -> Decimal {
        Decimal([0; Decimal::BYTES])
    }

    /// The digits of `value`.
    pub fn format(&mut self, value: i64) -> &[u8] {
        let mut rest = value.unsigned_abs();
        let mut at = self.0.len();
        loop {
            at -= 1;
            self.0[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if value < 0 {
            at -= 1;
            self.0[at] = b'-';
        }
        &self.0[at..]
    }
}

impl Default for Decimal {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_and_the_last_place_are_found() {
        for len in 0..40 {
            for other in [0, b'\n' - 1, b'\n' + 1, b'\n' ^ 0x80, 0xff] {
                let mut bytes = vec![other; len];
                assert_eq!((find(b'\n', &bytes), find_last(b'\n', &bytes)), (None, None));
                for first in 0..len {
                    bytes[first] = b'\n';
                    assert_eq!(find(b'\n', &bytes), Some(first));
                    for last in first..len {
                        bytes[last] = b'\n';
                        assert_eq!((find(b'\n', &bytes), find_last(b'\n', &bytes)), (Some(first), Some(last)));
                        if last > first {
                            bytes[last] = other;
                        }
                    }
                    bytes[first] = other;
                }
            }
        }
    }

    #[test]
    fn texts_are_found() {
        for (text, bytes, at) in
            [(";;", "a;;b;;", Some(1)), (";;", ";", None), ("ab", "", None), ("aab", "aaab", Some(1)), ("a", "a", Some(0))]
        {
            assert_eq!(find_text(text.as_bytes(), bytes.as_bytes()), at, "{text} {bytes}");
        }
    }

    #[test]
    fn pieces_end_where_characters_do() {
        let text = "a\u{e9}\u{4e16}\u{1f319}".as_bytes();
        for (bytes_max, end) in [(0, 0), (1, 1), (2, 1), (3, 3), (4, 3), (5, 3), (6, 6), (7, 6), (9, 6), (10, 10), (11, 10)] {
            assert_eq!(split_text(text, bytes_max), text.split_at(end), "{bytes_max}");
        }
        assert_eq!(split_text(&[0x80; 9], 5), (&[0x80; 5][..], &[0x80; 4][..]));
    }

    #[test]
    fn integers_are_decimal() {
        for value in [0, 1, -1, 9, 10, 99, 100, -255, 12_345, i64::MAX, i64::MIN] {
            assert_eq!(Decimal::new().format(value), value.to_string().as_bytes());
        }
    }
}
