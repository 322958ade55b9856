//! `fscanf` as `io.read "*n"` calls it, and `strtoul` as `tonumber(text, base)` does.
//!
//! A number in a file is what C's `strtod` takes, in decimal or hexadecimal, `inf` and `nan`. C allows one character of look-ahead: the
//! longest beginning that could become a number is consumed, and if it is none (`1e+`, `0x`, `infi`), there is no number.

use crate::json;
use core::ffi::{c_char, c_int, c_ulong};

/// So many digits decide between two doubles, see `json::number`; one more says that there were others.
const DIGITS_MAX: usize = 768;

/// `fscanf(3)` for the format `%lf` alone. Variable arguments of this number and kind are passed like others, in both ABIs.
///
/// # Safety
/// C's: `file` is an open stream, `value` is to a double.
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
unsafe extern "C" fn fscanf(file: *mut libc::FILE, _format: *const c_char, value: *mut f64) -> c_int {
    let mut stream = Stream { file, next: 0 };
    stream.step();
    let number = stream.number();
    // SAFETY: the caller vouches for both; putting EOF back does nothing.
    unsafe {
        libc::ungetc(stream.next, file);
        match number {
            Some(number) => {
                value.write(number);
                1
            }
            None => 0,
        }
    }
}

/// A stream with one character of look-ahead.
struct Stream {
    file: *mut libc::FILE,
    /// The character that was read last and is not consumed yet.
    next: c_int,
}

impl Stream {
    fn step(&mut self) {
        // SAFETY: `fscanf`'s caller vouches for the file.
        self.next = unsafe { libc::fgetc(self.file) };
    }

    /// The next character in lower case, or NUL, which is in no number.
    fn letter(&self) -> u8 {
        u8::try_from(self.next).unwrap_or(0).to_ascii_lowercase()
    }

    /// Consumes the next character if it is `letter`.
    fn take(&mut self, letter: u8) -> bool {
        let is_it = self.letter() == letter;
        if is_it {
            self.step();
        }
        is_it
    }

    /// Consumes the next characters as far as they are those of `word`; returns how many they were.
    fn take_word(&mut self, word: &[u8]) -> usize {
        word.iter().take_while(|letter| self.take(**letter)).count()
    }

    fn number(&mut self) -> Option<f64> {
        while is_space(self.letter()) {
            self.step();
        }
        let is_negative = self.take(b'-');
        if !is_negative {
            self.take(b'+');
        }
        let magnitude = match self.letter() {
            b'i' => matches!(self.take_word(b"infinity"), 3 | 8).then_some(f64::INFINITY),
            b'n' => self.not_a_number(),
            b'0' => {
                self.step();
                if self.take(b'x') { self.hexadecimal() } else { self.decimal(true) }
            }
            _ => self.decimal(false),
        }?;
        Some(if is_negative { -magnitude } else { magnitude })
    }

    /// `nan`, or `nan(` letters `)`.
    fn not_a_number(&mut self) -> Option<f64> {
        if self.take_word(b"nan") < 3 {
            return None;
        }
        if self.take(b'(') {
            while self.letter().is_ascii_alphanumeric() || self.letter() == b'_' {
                self.step();
            }
            if !self.take(b')') {
                return None;
            }
        }
        Some(f64::NAN)
    }

    /// Consumes digits of `base` with at most one point among them. Passes each, and whether it stands behind the point. Whether there were
    /// any.
    fn digits(&mut self, base: u32, mut pass: impl FnMut(u32, bool)) -> bool {
        let (mut has_digits, mut is_behind) = (false, false);
        loop {
            if let Some(digit) = char::from(self.letter()).to_digit(base) {
                pass(digit, is_behind);
                has_digits = true;
            } else if self.letter() == b'.' && !is_behind {
                is_behind = true;
            } else {
                return has_digits;
            }
            self.step();
        }
    }

    /// The exponent behind `mark`; 0 if there is no mark, `None` if there are no digits behind it.
    fn exponent(&mut self, mark: u8) -> Option<i64> {
        if !self.take(mark) {
            return Some(0);
        }
        let is_negative = self.take(b'-');
        if !is_negative {
            self.take(b'+');
        }
        let (mut value, mut has_digits) = (0i64, false);
        while let Some(digit) = char::from(self.letter()).to_digit(10) {
            // No file is so long that its digits could make up for more.
            value = (value * 10 + i64::from(digit)).min(1 << 50);
            has_digits = true;
            self.step();
        }
        has_digits.then_some(if is_negative { -value } else { value })
    }

    fn decimal(&mut self, has_zero: bool) -> Option<f64> {
        let mut digits = [0; DIGITS_MAX + 1];
        let (mut count, mut power, mut has_more) = (0, 0, false);
        let has_digits = self.digits(10, |digit, is_behind| {
            if count == DIGITS_MAX {
                has_more |= digit != 0;
                power += i64::from(!is_behind);
                return;
            }
            // Zeros in front are no digits.
            if count > 0 || digit != 0 {
                digits[count] = b'0' + digit as u8;
                count += 1;
            }
            power -= i64::from(is_behind);
        });
        if !has_digits && !has_zero {
            return None;
        }
        power += self.exponent(b'e')?;
        if has_more {
            digits[count] = b'1';
            count += 1;
            power -= 1;
        }
        Some(json::nearest_to_decimal(&digits[..count], power))
    }

    fn hexadecimal(&mut self) -> Option<f64> {
        let (mut binary, mut fraction) = (json::Binary::default(), 0);
        let has_digits = self.digits(16, |digit, is_behind| {
            binary.push(digit as u8, 16);
            fraction += i64::from(is_behind);
        });
        if !has_digits {
            return None;
        }
        Some(binary.nearest(self.exponent(b'p')? - 4 * fraction))
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// `strtoul(3)`, base 2 to 36.
///
/// # Safety
/// C's: `text` is NUL-terminated, `end` receives where the number ends.
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
unsafe extern "C" fn strtoul(text: *const c_char, end: *mut *const c_char, base: c_int) -> c_ulong {
    let base = base as u32;
    // SAFETY: nothing behind the NUL is looked at, since it is neither space, sign, `0` nor a digit; the caller vouches for `end`.
    unsafe {
        let at = |index: usize| text.add(index).cast::<u8>().read();
        let digit = |index: usize| char::from(at(index)).to_digit(base);
        let mut index = 0;
        while is_space(at(index)) {
            index += 1;
        }
        let is_negative = at(index) == b'-';
        index += usize::from(is_negative || at(index) == b'+');
        if base == 16 && at(index) == b'0' && at(index + 1) | 0x20 == b'x' && digit(index + 2).is_some() {
            index += 2;
        }
        let (mut value, mut is_too_large, start) = (0 as c_ulong, false, index);
        while let Some(digit) = digit(index) {
            let (product, product_overflows) = value.overflowing_mul(c_ulong::from(base));
            let (sum, sum_overflows) = product.overflowing_add(c_ulong::from(digit));
            is_too_large |= product_overflows || sum_overflows;
            value = sum;
            index += 1;
        }
        end.write(text.add(if index == start { 0 } else { index }));
        match (is_too_large, is_negative) {
            (true, _) => c_ulong::MAX,
            (_, true) => value.wrapping_neg(),
            _ => value,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::ffi::CStr;
    use std::ffi::CString;

    /// What a stream gives after its last byte.
    const EOF: c_int = -1;

    type Scan = unsafe extern "C" fn(*mut libc::FILE, *const c_char, ...) -> c_int;

    /// What reading a number from a file with this text gives, and what is left of the text.
    fn read(text: &str, call: impl Fn(*mut libc::FILE, &mut f64) -> c_int) -> (Option<u64>, String) {
        let bytes = text.as_bytes();
        // SAFETY: the file is over live bytes, is read within this function and closed at its end.
        unsafe {
            let file = if bytes.is_empty() {
                libc::fopen(c"/dev/null".as_ptr(), c"r".as_ptr())
            } else {
                libc::fmemopen(bytes.as_ptr().cast_mut().cast(), bytes.len(), c"r".as_ptr())
            };
            assert!(!file.is_null());
            let mut value = 0.0;
            let is_number = call(file, &mut value) == 1;
            let mut rest = String::new();
            loop {
                match libc::fgetc(file) {
                    EOF => break,
                    byte => rest.push(byte as u8 as char),
                }
            }
            libc::fclose(file);
            // All NaNs are one.
            (is_number.then(|| if value.is_nan() { u64::MAX } else { value.to_bits() }), rest)
        }
    }

    fn ours(text: &str) -> (Option<u64>, String) {
        // SAFETY: the file is open, the value is a double.
        read(text, |file, value| unsafe { fscanf(file, c"%lf".as_ptr(), value) })
    }

    fn theirs(text: &str) -> (Option<u64>, String) {
        let scan: Scan = libc::fscanf;
        // SAFETY: as above.
        read(text, |file, value| unsafe { scan(file, c"%lf".as_ptr(), std::ptr::from_mut(value)) })
    }

    #[test]
    fn numbers_are_read_as_by_the_c_library() {
        let mut texts: Vec<String> = [
            "",
            " ",
            "1",
            "-1",
            "+1",
            "--1",
            "+-1",
            " \t\n\u{b}\u{c}\r7 8",
            "007",
            "1.5",
            ".5",
            "5.",
            ".",
            "-.",
            "+.5e1",
            "1..2",
            "1.2.3",
            "1,5",
            "1e5",
            "1E-5",
            "1e+05x",
            "12abc",
            "abc",
            "0",
            "-0",
            "00",
            "0.0e0",
            "0e5",
            "0x10",
            "0X1.8p3",
            "0x.8",
            "0x1.",
            "0x1p-3z",
            "-0xAp+1",
            "0xffffffffffffffffffffffffffffffffffffff",
            "0x1.fffffffffffff8p0",
            "0x1.fffffffffffff7p0",
            "0x0p99999999999999999999",
            "0xg1",
            "inf",
            "INF",
            "-inf",
            "Infinity",
            "infinity!",
            "inf x",
            "nan",
            "-NaN",
            "nanx",
            "in",
            "na",
            "i",
            "n",
            "1e400",
            "-1e400",
            "1e-400",
            "4.9e-324",
            "2.4703282292062327e-324",
            "2.4703282292062328e-324",
            "1e999999999999999999999",
            "1e-999999999999999999999",
            "0e999999999999999999999",
            "1p5",
            "1 2",
            "9007199254740993",
            "0x20000000000001",
            "0x1p1024",
            "0x1p99999",
            "0x1p-99999",
            "0x1p-1075",
            "0x1.8p-1074",
            "0x0.00000000000000000000000000000001p128",
            "1_000",
            "\u{e9}",
            "0b1",
            "1e5e5",
            "1f",
            "1L",
        ]
        .map(String::from)
        .into();
        texts.extend([255, 256, 1100].map(|zeros| format!("0x1{}", "0".repeat(zeros))));
        texts.push(format!("{}1e-2000", "0".repeat(3000)));
        texts.push(format!("0.{}1e2001", "0".repeat(2000)));
        texts.push(format!("1{}e-2000", "0".repeat(2000)));
        // The middle between 2^53 and the next double; it, and a digit far behind that makes it more.
        for digit in ["0", "1"] {
            texts.push(format!("9007199254740993.{}{digit}", "0".repeat(1500)));
            texts.push(format!("9007199254740993{}{digit}e-1501", "0".repeat(1500)));
        }
        for text in texts {
            let (found, expected) = (ours(&text), theirs(&text));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn where_c_libraries_differ_it_is_the_standard_that_counts() {
        // C11 7.21.6.2: the longest beginning that could become a number is consumed, and if it is none, there is none. Of these, glibc takes
        // the part before `e`, and knows no parentheses.
        for (text, is_number, rest) in [
            ("1e", false, ""),
            ("1e+", false, ""),
            ("1ex", false, "x"),
            ("1e+x", false, "x"),
            ("0x1p", false, ""),
            ("0x1p-q", false, "q"),
            ("0x", false, ""),
            ("infi ", false, " "),
            ("nan(", false, ""),
            ("nan(-)", false, "-)"),
            ("nan(abc_1)", true, ""),
            ("nan()2", true, "2"),
        ] {
            assert_eq!(ours(text), (is_number.then_some(u64::MAX), rest.to_owned()), "{text}");
        }
    }

    #[test]
    fn integers_are_read_as_by_the_c_library() {
        for base in [2, 3, 8, 10, 11, 16, 35, 36] {
            for text in [
                "",
                " ",
                "1",
                " 101",
                "-101",
                "+7",
                "--1",
                "zz",
                "ZZ",
                "7fffffffffffffff",
                "0x1F",
                "0x",
                "0xg",
                "0X1",
                "x1",
                "12a ",
                "\u{b}\t 1",
                "18446744073709551615",
                "18446744073709551616",
                "-18446744073709551615",
                "99999999999999999999999999",
                "ffffffffffffffff",
                "ffffffffffffffff0",
                "1111111111111111111111111111111111111111111111111111111111111111",
                "- 1",
                "1\u{e9}",
                "0",
                "-0",
                "+",
            ] {
                let text = CString::new(text).unwrap();
                let number = |call: &dyn Fn(*const c_char, *mut *const c_char) -> c_ulong| {
                    let mut end = std::ptr::null();
                    let value = call(text.as_ptr(), &mut end);
                    // SAFETY: the end is within the text, which is NUL-terminated.
                    (value, unsafe { CStr::from_ptr(end) })
                };
                // SAFETY: the text is NUL-terminated, the end is a pointer to one.
                let found = number(&|text, end| unsafe { strtoul(text, end, base) });
                // SAFETY: as above.
                let expected = number(&|text, end| unsafe { libc::strtoul(text, end.cast(), base) });
                assert_eq!(found, expected, "{text:?} in base {base}");
            }
        }
    }
}
