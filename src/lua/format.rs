//! One conversion of a format, as C's `printf` and Lua's `string.format` have them: flags, width and precision, and the doubles.
//!
//! A double is exact at every precision. Up to 17 digits come from one product with a power of ten (`json::number`); where it lies too near
//! the middle of two decimals, or more digits are asked for, all its digits are written out and rounded, the even one of two that are as
//! near.
//!
//! C leaves open how `%a` rounds what lies in the middle: C's libraries take the even one, LuaJIT the greater one ([`HALF_UP`]).

use crate::json::{self, DIGITS_ROOM};

/// What takes the bytes: room that is filled, and what is done when it is full.
pub struct Out<'a> {
    pub room: Room<'a>,
    pub full: &'a mut dyn Full<'a>,
}

/// Where bytes are written.
pub struct Room<'a> {
    pub bytes: &'a mut [u8],
    /// How much of them is written; beyond the end where there was not enough room.
    pub at: usize,
    /// How many bytes went elsewhere before these.
    pub before: usize,
}

impl<'a> Room<'a> {
    pub fn new(bytes: &'a mut [u8]) -> Room<'a> {
        Room { bytes, at: 0, before: 0 }
    }
}

/// What is done when the room is full: makes room again, or leaves it, and what follows is counted only.
pub trait Full<'a> {
    fn make_room(&mut self, room: &mut Room<'a>);
}

/// Nothing is done.
pub struct Counted;

impl Full<'_> for Counted {
    fn make_room(&mut self, _room: &mut Room<'_>) {}
}

impl Out<'_> {
    /// Writes `bytes`, and `fill` so many times.
    #[inline(never)]
    pub fn put(&mut self, bytes: &[u8], fill: u8, count: usize) {
        // Byte for byte: these are few, and musl's `memcpy` is slower then. What stands in memory is loaded once only if it has a name.
        let mut at = self.room.at;
        for index in 0..bytes.len() + count {
            if at == self.room.bytes.len() {
                self.room.at = at;
                self.full.make_room(&mut self.room);
                at = self.room.at;
            }
            if let Some(place) = self.room.bytes.get_mut(at) {
                *place = bytes.get(index).copied().unwrap_or(fill);
            }
            at += 1;
        }
        self.room.at = at;
    }

    /// How many bytes were written.
    pub fn total(&self) -> usize {
        self.room.before + self.room.at
    }
}

/// One conversion.
pub struct Spec {
    pub flags: u8,
    pub width: usize,
    pub precision: Option<usize>,
}

/// The flags in LuaJIT's order, which `layout.c` asserts.
pub const LEFT: u8 = 1;
pub const PLUS: u8 = 2;
pub const ZEROS: u8 = 4;
pub const SPACE: u8 = 8;
pub const ALTERNATIVE: u8 = 16;
/// The conversion is an upper-case letter.
pub const UPPER: u8 = 32;
/// `%a` rounds the middle of two upwards.
pub const HALF_UP: u8 = 64;

impl Spec {
    pub fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// The letter, as large as the conversion's.
    fn letter(&self, letter: u8) -> u8 {
        if self.has(UPPER) { letter.to_ascii_uppercase() } else { letter }
    }

    /// What stands before a number that is negative or not.
    pub fn sign(&self, is_negative: bool) -> &'static [u8] {
        match is_negative {
            true => b"-",
            _ if self.has(PLUS) => b"+",
            _ if self.has(SPACE) => b" ",
            _ => b"",
        }
    }

    /// Writes `prefix` and the parts, each followed by as many zeros, as wide as is asked for; `pads_zeros`: with zeros where the flag says
    /// so.
    pub fn put(&self, out: &mut Out<'_>, prefix: &[u8], parts: &[(&[u8], usize)], pads_zeros: bool) {
        let len = parts.iter().fold(prefix.len(), |sum, (text, zeros)| sum + text.len() + zeros);
        let pad = self.width.saturating_sub(len);
        let (mut left, mut zeros, mut right) = (0, 0, 0);
        match () {
            () if self.has(LEFT) => right = pad,
            () if self.has(ZEROS) && pads_zeros => zeros = pad,
            () => left = pad,
        }
        let mut put = |text: &[u8], fill, count| {
            if text.len() + count > 0 {
                out.put(text, fill, count);
            }
        };
        put(b"", b' ', left);
        put(prefix, b'0', zeros);
        for (text, zeros) in parts {
            put(text, b'0', *zeros);
        }
        put(b"", b' ', right);
    }

    /// Writes a double; `conversion` is `a`, `e`, `f` or `g`.
    pub fn put_double(&self, out: &mut Out<'_>, conversion: u8, value: f64) {
        let sign = self.sign(value.is_sign_negative());
        let value = value.abs();
        if !value.is_finite() {
            let at = 3 * usize::from(value.is_nan()) + 6 * usize::from(self.has(UPPER));
            return self.put(out, sign, &[(&b"infnanINFNAN"[at..at + 3], 0)], false);
        }
        if conversion == b'a' {
            return self.put_hexadecimal(out, sign, value);
        }
        let mut number =
            Number { sign, precision: self.precision.unwrap_or(6), is_general: conversion == b'g', is_fixed: conversion == b'f' };
        if number.is_general {
            number.precision = number.precision.max(1) - 1;
        }
        let precision = i32::try_from(number.precision).unwrap_or(i32::MAX);
        let mut text = [0; 20];
        let fast = if number.is_fixed {
            json::nearest_integer(value, precision).map(|integer| (integer, -precision))
        } else {
            json::significant_digits(value, number.precision)
        };
        let Some((integer, power)) = fast else { return self.put_exactly(out, &number, value) };
        let len = json::put_integer(&mut text, integer);
        self.put_decimal(out, &number, &text[..len], len as i32 + power);
    }

    /// The same where all digits are needed.
    #[cold]
    #[inline(never)]
    fn put_exactly(&self, out: &mut Out<'_>, number: &Number, value: f64) {
        let mut digits = [b'0'; DIGITS_ROOM];
        let (mut start, point) = json::all_digits(value, &mut digits);
        let before = if number.is_fixed { point as isize } else { start as isize + 1 };
        let end = number.precision.saturating_add_signed(before);
        // That is not in front of all digits: such a number is one that `nearest_integer` has an answer for.
        if let Some(first) = digits.get(end) {
            let is_more = digits[end + 1..].iter().any(|digit| *digit != b'0');
            let mut at = end;
            let mut is_up = *first > b'5' || *first == b'5' && (is_more || digits[at - 1] & 1 != 0);
            while is_up {
                at -= 1;
                is_up = digits[at] == b'9';
                digits[at] = if is_up { b'0' } else { digits[at] + 1 };
            }
            // It may have become one digit longer; without any it is 0.
            start = start.min(at).min(end - 1);
        }
        self.put_decimal(out, number, &digits[start..end.min(DIGITS_ROOM)], point - start as i32);
    }

    /// Lays out digits that are rounded to the precision, with more or fewer zeros at the end; `point` of them are before the point.
    #[inline(never)]
    fn put_decimal(&self, out: &mut Out<'_>, number: &Number, mut digits: &[u8], mut point: i32) {
        let mut precision = number.precision;
        let mut is_fixed = number.is_fixed;
        let exponent = point - 1;
        if number.is_general {
            // In the style that the exponent asks for.
            is_fixed = exponent >= -4 && i64::from(exponent) <= precision as i64;
            if is_fixed {
                precision = precision.wrapping_add_signed(-exponent as isize);
            }
            if !self.has(ALTERNATIVE) {
                while let [others @ .., b'0'] = digits
                    && !others.is_empty()
                {
                    digits = others;
                }
                precision = precision.min((digits.len() as i32 - if is_fixed { point } else { 1 }).max(0) as usize);
            }
        }
        let mut room = [0; EXPONENT_BYTES];
        let mut tail: &[u8] = b"";
        if !is_fixed {
            point = 1;
            tail = format_exponent(&mut room, self.letter(b'e'), exponent, 2);
        }
        self.put_parts(out, number.sign, precision, digits, point, tail);
    }

    /// Writes `point` digits, the point and so many as the precision asks for, and the exponent.
    fn put_parts(&self, out: &mut Out<'_>, prefix: &[u8], precision: usize, digits: &[u8], point: i32, exponent: &[u8]) {
        let (whole, fraction) = digits.split_at(digits.len().min(point.max(0) as usize));
        let zeros = precision.min((-point).max(0) as usize);
        let fraction = &fraction[..fraction.len().min(precision - zeros)];
        let dot: &[u8] = if precision > 0 || self.has(ALTERNATIVE) { b"." } else { b"" };
        let parts = [
            (if point > 0 { whole } else { b"0" }, (point - digits.len() as i32).max(0) as usize),
            (dot, zeros),
            (fraction, precision - zeros - fraction.len()),
            (exponent, 0),
        ];
        self.put(out, prefix, &parts, true);
    }

    fn put_hexadecimal(&self, out: &mut Out<'_>, sign: &[u8], value: f64) {
        let mut exponent = (value.to_bits() >> 52) as i32 - 1023;
        let mut significand = value.to_bits() & ((1 << 52) - 1);
        if exponent > -1023 {
            significand |= 1 << 52;
        } else if significand > 0 {
            // As musl and LuaJIT do, and other than glibc: no digit but 1 before the point.
            let shift = significand.leading_zeros() - 11;
            significand <<= shift;
            exponent = -1022 - shift as i32;
        } else {
            exponent = 0;
        }
        // 13 digits behind the point.
        if let Some(precision @ 0..13) = self.precision {
            let half = 1 << (4 * (13 - precision) - 1);
            let is_middle_of_even = significand & (4 * half - 1) == half;
            significand += if is_middle_of_even && !self.has(HALF_UP) { 0 } else { half };
            significand &= !(2 * half - 1);
        }
        let letters = if self.has(UPPER) { b"0123456789ABCDEF" } else { b"0123456789abcdef" };
        let mut text = [0; 14];
        for (index, digit) in text.iter_mut().enumerate() {
            *digit = letters[(significand >> (52 - 4 * index)) as usize & 15];
        }
        let shown = self.precision.unwrap_or(13 - (significand.trailing_zeros() as usize / 4).min(13));
        let mut room = [0; EXPONENT_BYTES];
        let exponent = format_exponent(&mut room, self.letter(b'p'), exponent, 1);
        let prefix = [sign.first().copied().unwrap_or(0), b'0', self.letter(b'x')];
        self.put_parts(out, &prefix[1 - sign.len()..], shown, &text, 1, exponent);
    }
}

/// What is known of a double before its digits.
struct Number {
    sign: &'static [u8],
    /// Digits behind the point; if it is general, behind the first significant one.
    precision: usize,
    is_general: bool,
    is_fixed: bool,
}

/// `e+308`, `p-1074`.
const EXPONENT_BYTES: usize = 6;

/// An exponent of at least so many digits.
fn format_exponent(room: &mut [u8; EXPONENT_BYTES], mark: u8, exponent: i32, digits_min: usize) -> &[u8] {
    let mut rest = exponent.unsigned_abs();
    let mut at = EXPONENT_BYTES;
    while rest > 0 || at > EXPONENT_BYTES - digits_min {
        at -= 1;
        room[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    room[at - 1] = if exponent < 0 { b'-' } else { b'+' };
    room[at - 2] = mark;
    &room[at - 2..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formatted(spec: &Spec, conversion: u8, value: f64) -> String {
        let mut text = [0; 2000];
        let mut out = Out { room: Room::new(&mut text), full: &mut Counted };
        spec.put_double(&mut out, conversion, value);
        let len = out.total();
        String::from_utf8(text[..len].to_vec()).expect("ASCII")
    }

    /// Doubles of all kinds: whatever the bits are, powers of ten and two and what lies beside and halfway, short decimals and fractions.
    fn doubles() -> impl Iterator<Item = f64> {
        let powers =
            (-323..=308).flat_map(|power| [1.0, 5.0, 2.5, 9.5, 1.25].map(|factor| factor * format!("1e{power}").parse::<f64>().unwrap()));
        let powers = powers.chain((-1074..1024).map(|power| 2f64.powi(power)));
        let near = powers.flat_map(|value| [-1, 0, 1].map(|step| f64::from_bits(value.to_bits().saturating_add_signed(step))));
        let mut state = 0x0c01_d302u64;
        let mut next = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        let random = (0..10_000).flat_map(move |_| {
            let (bits, integer, scale) = (next(), (next() % 1_000_000) as f64, (next() % 12) as i32);
            [f64::from_bits(bits), integer, integer / 10f64.powi(scale), (2.0 * integer + 1.0) / 2f64.powi(scale)]
        });
        near.chain(random).filter(|value| value.is_finite()).map(f64::abs)
    }

    #[test]
    fn digits_are_those_of_std() {
        for (index, value) in doubles().enumerate() {
            // Both ways, and what lies around the border between them.
            for precision in [index % 4, index % 20, 14 + index % 5] {
                let spec = Spec { flags: 0, width: 0, precision: Some(precision) };
                assert_eq!(formatted(&spec, b'f', value), format!("{value:.precision$}"), "{value:e}");
                let expected = format!("{value:.precision$e}");
                let (mantissa, exponent) = expected.split_once('e').expect("an exponent is always there");
                let exponent: i32 = exponent.parse().expect("digits");
                let sign = if exponent < 0 { '-' } else { '+' };
                assert_eq!(formatted(&spec, b'e', value), format!("{mantissa}e{sign}{:02}", exponent.abs()), "{value:e}");
            }
        }
    }

    #[test]
    fn general_numbers_are_the_same_both_ways() {
        // With the flag `#` there is another layout, and zeros at the end.
        for (index, value) in doubles().enumerate() {
            let precision = Some(index % 20);
            let plain = formatted(&Spec { flags: 0, width: 0, precision }, b'g', value);
            let full = formatted(&Spec { flags: ALTERNATIVE, width: 0, precision }, b'g', value);
            let (mantissa, exponent) = full.split_at(full.find('e').unwrap_or(full.len()));
            assert_eq!(plain, mantissa.trim_end_matches('0').trim_end_matches('.').to_owned() + exponent, "{value:e} {full}");
        }
    }
}
