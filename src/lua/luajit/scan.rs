//! Text as numbers: what `tonumber`, the lexer, the parser of C declarations and arithmetic with strings call. All of `lj_strscan.o`.
//!
//! Each call says what it takes and what it wants: doubles, `int32_t`, the suffixes of C and of Lua's 64-bit and imaginary numbers. The
//! numbers are `json::number`'s, which rounds as exactly as LuaJIT's own. Other than there, a fraction may have more than 2^20 digits.

use super::number::integer;
use crate::json::{self, Literal};
use core::slice;

/// `STRSCAN_OPT_*`
const TO_INT: u32 = 0x01;
const TO_NUMBER: u32 = 0x02;
const IMAGINARY: u32 = 0x04;
const LONG_LONG: u32 = 0x08;
const C: u32 = 0x10;

/// `StrScanFmt`
const ERROR: u32 = 0;
const NUMBER: u32 = 1;
const IMAGINARY_NUMBER: u32 = 2;
const INT: u32 = 3;
const U32: u32 = 4;
const I64: u32 = 5;

/// `LJ_DUALNUM`: whether Lua has integers apart from doubles, and asks for them.
const HAS_INTEGERS: bool = cfg!(target_arch = "aarch64");

/// `STRSCAN_MAXEXP`: exponents are below it.
const EXPONENT_MAX: u64 = 1 << 20;

/// `setnanV`
const NAN: u64 = 0xfff8 << 48;

/// The offset behind the white space at `at`.
#[inline(never)]
fn behind_space(text: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\t'..=b'\r') = text.get(at) {
        at += 1;
    }
    at
}

/// Goes behind the letter, small or capital, if it is there.
#[inline(never)]
fn take(text: &[u8], at: &mut usize, letter: u8) -> bool {
    let is_it = text.get(*at).is_some_and(|byte| byte | 0x20 == letter);
    *at += usize::from(is_it);
    is_it
}

/// What the text is, and the bits of its value: a double's, or an integer's.
fn scan(text: &[u8], options: u32) -> Option<(u32, u64)> {
    let has = |option| options & option != 0;
    // Most are integers of a few digits.
    let (value, end) = json::digits(text, 0, 0);
    if end == text.len() && (1..10).contains(&end) && !has(C) {
        return Some(if HAS_INTEGERS && !has(TO_NUMBER) { (INT, value) } else { (NUMBER, (value as i64 as f64).to_bits()) });
    }
    let start = behind_space(text, 0);
    let is_negative = text.get(start) == Some(&b'-');
    let start = start + usize::from(is_negative || text.get(start) == Some(&b'+'));
    let signed = |magnitude: f64| if is_negative { -magnitude } else { magnitude };
    if let Some((magnitude, end)) = json::not_finite(text, start) {
        let bits = if magnitude.is_nan() { NAN } else { signed(magnitude).to_bits() };
        return (behind_space(text, end) == text.len()).then_some((NUMBER, bits));
    }
    // By reference: it is large.
    let parsed = Literal::parse(text, start, true);
    let literal = parsed.as_ref()?;
    let mut kind = if literal.is_integer { INT } else { NUMBER };
    let mut end = literal.end;
    if take(text, &mut end, b'i') {
        if !has(IMAGINARY) {
            return None;
        }
        kind = IMAGINARY_NUMBER;
    } else if kind == INT {
        // `u`, `l` and `ll`, in either order.
        let has_u = take(text, &mut end, b'u');
        let is_long = take(text, &mut end, b'l');
        let is_long_long = is_long && take(text, &mut end, b'l');
        kind += u32::from(has_u || take(text, &mut end, b'u')) + if is_long { I64 - INT } else { 0 };
        if (kind == U32 || is_long && !is_long_long) && !has(C) || is_long && !has(LONG_LONG) {
            return None;
        }
    }
    if behind_space(text, end) < text.len() || literal.exponent.unsigned_abs() >= EXPONENT_MAX {
        return None;
    }
    let mut value = literal.value;
    let mut fits = match literal.base {
        2 if !literal.is_integer || literal.count > 64 => return None,
        2 => true,
        16 => literal.count <= 16,
        // Twenty digits that do not fit leave less than these are.
        _ => literal.count < 20 || literal.count == 20 && literal.mantissa[0] == b'1' && value >= 10_000_000_000_000_000_000,
    };
    if has(C) && literal.base == 10 && kind >= INT && text[start] == b'0' {
        // Octal.
        (value, fits) = (0, true);
        for digit in literal.mantissa {
            fits &= value >> 61 == 0 && *digit < b'8';
            value = value << 3 | u64::from(digit & 7);
        }
    }
    let negated = if is_negative { value.wrapping_neg() } else { value };
    if kind == INT {
        // There is no integer -0.
        let is_zero = is_negative && value == 0 && literal.base != 2;
        if (HAS_INTEGERS && !has(TO_NUMBER) || has(C)) && fits && value < (1 << 31) + u64::from(is_negative) && !is_zero {
            return Some((INT, negated as u32 as u64));
        }
        kind = if has(C) { U32 } else { NUMBER };
    }
    match kind {
        U32 => (fits && value >> 32 == 0).then_some((U32, negated as u32 as u64)),
        I64.. => fits.then_some((kind, negated)),
        _ => {
            let number = signed(literal.magnitude());
            match integer(number) {
                Some(integer) if HAS_INTEGERS && has(TO_INT) && kind == NUMBER => Some((INT, integer as u32 as u64)),
                _ => Some((kind, number.to_bits())),
            }
        }
    }
}

/// `lj_strscan_scan`: reads the number that a text is.
///
/// # Safety
/// The text is of so many readable bytes; the value is a `TValue`, written if there is one.
#[unsafe(no_mangle)]
unsafe extern "C" fn lj_strscan_scan(text: *const u8, bytes: u32, value: *mut u64, options: u32) -> u32 {
    // SAFETY: the caller vouches for both.
    unsafe {
        let Some((kind, bits)) = scan(slice::from_raw_parts(text, bytes as usize), options) else { return ERROR };
        value.write(bits);
        kind
    }
}

/// `lj_strscan_num`: reads the number that a string is, as a double. Whether it is one.
///
/// # Safety
/// The string is live, the value is a `TValue`.
#[unsafe(no_mangle)]
unsafe extern "C" fn lj_strscan_num(string: *const u8, value: *mut u64) -> u32 {
    // SAFETY: the caller vouches for both.
    unsafe { u32::from(scan_string(string, value, TO_NUMBER) != ERROR) }
}

/// `lj_strscan_number`, where LuaJIT has integers apart from doubles (arm64): the same as an integer if it is one.
///
/// # Safety
/// As for [`lj_strscan_num`].
#[cfg(target_arch = "aarch64")]
#[unsafe(no_mangle)]
unsafe extern "C" fn lj_strscan_number(string: *const u8, value: *mut u64) -> u32 {
    // SAFETY: the caller vouches for both.
    unsafe {
        let kind = scan_string(string, value, TO_INT);
        if kind == INT {
            // `LJ_TISNUM`
            value.write(value.read() | u64::from(!13u32) << 47);
        }
        u32::from(kind != ERROR)
    }
}

/// # Safety
/// As for [`lj_strscan_num`].
unsafe fn scan_string(string: *const u8, value: *mut u64, options: u32) -> u32 {
    // SAFETY: the caller vouches for both; `layout.c` says where the length and the bytes are.
    unsafe { lj_strscan_scan(string.add(24), string.add(20).cast::<u32>().read(), value, options) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lua::luajit::oracle;

    /// What LuaJIT makes of a line in its source, and of it as a string.
    const SCRIPT: &str = "
        local union = require('ffi').new('union { double value; uint32_t half[2]; }')
        local function bits(value)
            if type(value) == 'number' then
                union.value = value
                return ('%08x%08x'):format(union.half[1], union.half[0])
            end
            return type(value) == 'cdata' and tostring(value) or 'nil'
        end
        for line in io.lines() do
            local chunk = line:find('^[%w.]') and not line:find('[^%w.+-]') and loadstring('return ' .. line)
            local has_run, literal = pcall(chunk or error)
            print(bits(tonumber(line)), bits(has_run and literal or nil))
        end";

    fn shown(result: Option<(u32, u64)>) -> String {
        match result {
            None => "nil".to_owned(),
            Some((NUMBER, bits)) => format!("{bits:016x}"),
            // The same number, with LuaJIT's integers.
            Some((INT, bits)) => format!("{:016x}", f64::from(bits as u32 as i32).to_bits()),
            Some((I64, bits)) => format!("{}LL", bits as i64),
            Some((IMAGINARY_NUMBER, bits)) => format!("i{bits:016x}"),
            Some((_, bits)) => format!("{bits}ULL"),
        }
    }

    /// LuaJIT's own program is linked with its own function.
    #[test]
    fn numbers_are_those_of_luajit() {
        let mut texts: Vec<String> =
            "|0|-0|+0|1|-1|+1|- 1|--1| 1 |\t7\u{b}\u{c}|1 2|007|1.|.5|-.5|.|-.|1..2|1.2.3|1e5|1E+05|1e-5|1e|1e+|1ex|e5|\
            123456789|1234567890|2147483647|2147483648|-2147483648|-2147483649|4294967296|9007199254740993|18446744073709551615|\
            18446744073709551616|99999999999999999999|0x|0x10|0X1F|-0xff|0x7fffffff|0x80000000|0xffffffff|0x100000000|0xffffffffffffffff|\
            0x10000000000000001|0x1.8|0x.8|0x8.|0x.|0x1p4|0x1P-4|0x1p|0x1.fffffffffffff8p0|0x1.fffffffffffff7p0|0x1p1024|0x1p-1074|\
            0x1p-1075|0x1.8p-1075|0x1p99999|-0x0|0x0p5|0xg|0b|0b1|0b102|0b-1|0b1.0|0b1e1|0B101|-0b101|-0b0|0b2|\
            inf|-inf|Infinity|INFINITY|infinit|nan|-nan|NaN|nanx|in|i|1i|1.5i|0x1pI|1LL|1ll|1ULL|1llu|1uLL|1u|1l|1ul|1lu|1lll|1.5LL|0x1fLL|\
            0xffffffffffffffffull|18446744073709551615ull|18446744073709551616ull|-1LL|0b11LL|1e400|-1e400|1e-400|1e1048575|1e1048576|\
            1e-1048575|1e-1048576|1e99999999999|4.9e-324|2.4703282292062327e-324|2.4703282292062328e-324|1.7976931348623157e308|\
            1.7976931348623159e308|0.1|0.30000000000000004|9007199254740992.5|9007199254740993.0000000000000000000000001|1_000|1,5|1\u{e9}|\
            00000000000000000000000000000000000001|0.00000000000000000000000000000000000001|0x00000000000000000001|1 i|0x1e5|0x1e+5"
                .split('|')
                .map(str::to_owned)
                .collect();
        let mut below = oracle::random(0x0c01_d304);
        for _ in 0..30_000 {
            let value = f64::from_bits(below(u64::MAX) << 11 | below(1 << 11));
            texts.push(format!("{value:e}"));
            let [short, long] = [40, 52].map(|bits| {
                let bits = 1 + below(bits);
                below(1 << bits)
            });
            texts.push(format!("{}.{short}", below(1000)));
            texts.push(format!("{long}e{}", below(660) as i32 - 330));
            texts.push(format!("0x{:x}.{:x}p{}", below(1 << 50), below(1 << 50), below(2200) as i32 - 1100));
            texts.push((0..1 + below(6)).map(|_| char::from(b"0123459.eExXpPbBlLuUiI+- "[below(25) as usize])).collect());
        }
        let lines = texts.join("\n") + "\n";
        let theirs = oracle::answers(SCRIPT, lines);
        assert_eq!(theirs.lines().count(), texts.len());
        for (line, text) in theirs.lines().zip(&texts) {
            let (string, literal) = line.split_once('\t').unwrap();
            for wanted in [TO_NUMBER, TO_INT] {
                assert_eq!(shown(scan(text.as_bytes(), wanted)), string, "{text:?} as a string");
                let found = scan(text.as_bytes(), wanted | LONG_LONG | IMAGINARY);
                // What is no literal is an error or something else in the source: a sum, a call, a name.
                let is_literal = text.starts_with(|first: char| first.is_ascii_digit()) && !text.contains(['+', '-']);
                if is_literal && !matches!(found, Some((IMAGINARY_NUMBER, _))) && !text.contains([' ', '\t']) {
                    assert_eq!(shown(found), literal, "{text:?} in the source");
                }
            }
        }
    }

    #[test]
    fn numbers_in_declarations_are_those_of_c() {
        for (text, expected) in [
            ("0", Some((INT, 0))),
            ("7", Some((INT, 7))),
            ("2147483647", Some((INT, 2_147_483_647))),
            ("2147483648", Some((U32, 2_147_483_648))),
            ("4294967296", None),
            ("0x7fffffff", Some((INT, 0x7fff_ffff))),
            ("0xffffffff", Some((U32, 0xffff_ffff))),
            ("0x100000000", None),
            ("0b101", Some((INT, 5))),
            ("0777", Some((INT, 0o777))),
            ("037777777777", Some((U32, 0xffff_ffff))),
            ("040000000000", None),
            ("08", None),
            ("08.5", Some((NUMBER, 8.5f64.to_bits()))),
            ("0.5", Some((NUMBER, 0.5f64.to_bits()))),
            ("1u", Some((U32, 1))),
            ("017U", Some((U32, 15))),
            ("1.5u", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(scan(text.as_bytes(), C), expected, "{text}");
        }
        for (text, expected) in [
            ("1l", Some((I64, 1))),
            ("1UL", Some((I64 + 1, 1))),
            ("1lu", Some((I64 + 1, 1))),
            ("01777777777777777777777ull", Some((I64 + 1, u64::MAX))),
            ("02000000000000000000000ull", None),
        ] {
            assert_eq!(scan(text.as_bytes(), C | LONG_LONG), expected, "{text}");
            assert_eq!(scan(text.as_bytes(), C), None, "{text}");
        }
    }
}
