//! Numbers as text: what `tostring`, `..`, `string.format` and `string.buffer` call for a double. All of `lj_strfmt_num.o`.
//!
//! The doubles themselves are [`Spec::put_double`]'s. LuaJIT's differ from C's in two ways: a NaN has no sign, and `%a` rounds upwards what
//! lies in the middle. Other than LuaJIT's own they are always exact.

use crate::lua::ffi::lua_State;
use crate::lua::format::{Counted, HALF_UP, Out, PLUS, Room, Spec};
use core::ffi::{c_char, c_uint};
use core::slice;

/// `SBuf`: a buffer that LuaJIT owns, from `start` to `end`, written up to `write`.
#[repr(C)]
struct Buffer {
    write: *mut u8,
    end: *mut u8,
    start: *mut u8,
    state: usize,
}

unsafe extern "C" {
    fn lj_buf_more2(buffer: *mut Buffer, bytes: c_uint) -> *mut u8;
    fn lj_strfmt_putint(buffer: *mut Buffer, value: i32) -> *mut Buffer;
    fn lj_strfmt_int(state: *mut lua_State, value: i32) -> *mut u8;
    fn lj_str_new(state: *mut lua_State, text: *const c_char, bytes: usize) -> *mut u8;
}

/// Room for a number in any format: 309 digits, a point, 99 digits, a sign. It is asked for before anything is written: no part of a
/// number is left where there is none.
const ROOM: usize = 512;

/// `STRFMT_G14`, the format of `tostring`.
const G14: u32 = 5 | 0x30 | 15 << 24;

/// `STRFMT_MAXBUF_NUM`: room for a number in that format.
const G14_ROOM: usize = 32;

/// The integer that a number is, for which LuaJIT has functions of its own. Most numbers are one. -0 is not.
pub(super) fn integer(value: f64) -> Option<i32> {
    let integer = value as i32;
    (f64::from(integer).to_bits() == value.to_bits()).then_some(integer)
}

/// Writes a number in a format of LuaJIT's, an `SFormat`.
fn put(out: &mut Out<'_>, format: u32, value: f64) {
    let mut spec = Spec {
        flags: (format >> 8) as u8 & 0x3f | HALF_UP,
        width: (format >> 16 & 0xff) as usize,
        // 0 says that there is none.
        precision: (format >> 24).checked_sub(1).map(|precision| precision as usize),
    };
    let mut value = value;
    if value.is_nan() {
        spec.flags &= !PLUS;
        value = f64::NAN;
    }
    spec.put_double(out, b"aefg"[(format >> 4 & 3) as usize], value);
}

/// `lj_strfmt_putfnum`: appends a number in a format.
///
/// Raises: memory only. The frames in between own nothing.
///
/// # Safety
/// `buffer` is a live one.
#[unsafe(no_mangle)]
unsafe extern "C" fn lj_strfmt_putfnum(buffer: *mut Buffer, format: u32, value: f64) -> *mut Buffer {
    if format == G14
        && let Some(integer) = integer(value)
    {
        // SAFETY: the caller vouches for the buffer.
        return unsafe { lj_strfmt_putint(buffer, integer) };
    }
    let bytes = if format == G14 { G14_ROOM } else { ROOM };
    // SAFETY: the buffer is live, says the caller; `layout.c` vouches for its fields. What is between `write` and `end` is nobody else's,
    // and it is there: `lj_buf_more2` returns `write` with room for so many bytes, which may be elsewhere then.
    unsafe {
        let buffer = &mut *buffer;
        if buffer.end.addr() - buffer.write.addr() < bytes {
            buffer.write = lj_buf_more2(buffer, bytes as c_uint);
        }
        let mut out = Out { room: Room::new(slice::from_raw_parts_mut(buffer.write, bytes)), full: &mut Counted };
        put(&mut out, format, value);
        buffer.write = buffer.write.add(out.total());
    }
    buffer
}

/// `lj_strfmt_num`: a number as a string.
///
/// Raises: memory only.
///
/// # Safety
/// `state` is live; the caller has it checked for a collection.
#[unsafe(no_mangle)]
unsafe extern "C" fn lj_strfmt_num(state: *mut lua_State, value: *const f64) -> *mut u8 {
    // SAFETY: the caller vouches for both.
    unsafe {
        let value = value.read();
        if let Some(integer) = integer(value) {
            return lj_strfmt_int(state, integer);
        }
        let mut text = [0; G14_ROOM];
        let mut out = Out { room: Room::new(&mut text), full: &mut Counted };
        put(&mut out, G14, value);
        let len = out.total();
        lj_str_new(state, text.as_ptr().cast(), len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lua::luajit::oracle;
    use std::ffi::CString;

    /// What LuaJIT parses a format to: `lj_strfmt_parse`.
    fn parse(format: &str) -> u32 {
        let (spec, conversion) = format[1..].split_at(format.len() - 2);
        let conversion = conversion.as_bytes()[0];
        let flags_end = spec.find(|letter| !"-+0 #".contains(letter)).unwrap_or(spec.len());
        let kind = b"aefg".iter().position(|known| *known == conversion.to_ascii_lowercase()).unwrap();
        let mut bits = 5 | (kind as u32) << 4;
        for flag in spec[..flags_end].chars() {
            bits |= 0x100 << "-+0 #".find(flag).unwrap();
        }
        if conversion.is_ascii_uppercase() {
            bits |= 0x2000;
        }
        let (width, precision) = spec[flags_end..].split_once('.').map_or((&spec[flags_end..], None), |(width, rest)| (width, Some(rest)));
        let number = |digits: &str| digits.parse::<u32>().unwrap_or(0);
        bits | number(width) << 16 | precision.map_or(0, |digits| number(digits) + 1) << 24
    }

    fn ours(format: &str, value: f64) -> String {
        let mut text = [0; 1000];
        let mut out = Out { room: Room::new(&mut text), full: &mut Counted };
        put(&mut out, parse(format), value);
        let len = out.total();
        String::from_utf8(text[..len].to_vec()).unwrap()
    }

    /// What the C library makes of it.
    fn exactly(format: &str, value: f64) -> String {
        let mut text = vec![0u8; 1000];
        let format = CString::new(format).unwrap();
        // SAFETY: there is that much room; the argument is the format's.
        let len = unsafe { libc::snprintf(text.as_mut_ptr().cast(), text.len(), format.as_ptr(), value) };
        String::from_utf8(text[..len as usize].to_vec()).unwrap()
    }

    /// LuaJIT's own program, which this build has made too, is linked with its own functions. They are not always exact: for numbers beside
    /// the middle of two decimals they look at 18 digits, and `%f` of less than about 1e-150 is of other digits altogether (906459071.86
    /// for 5e-324). There it is the C library that counts.
    #[test]
    fn texts_are_those_of_luajit_or_exact() {
        const SCRIPT: &str = "
            local number = require('ffi').new('union { double value; uint32_t half[2]; }')
            for line in io.lines() do
                local low, high, format = line:match('(%x+) (%x+) (.*)')
                number.half[0], number.half[1] = tonumber(low, 16), tonumber(high, 16)
                print(format:format(number.value))
            end";
        let mut below = oracle::random(0x0c01_d303);
        let mut cases = Vec::new();
        for index in 0..100_000 {
            let value = match index % 6 {
                0 => f64::from_bits(below(u64::MAX) << 11 | below(1 << 11)),
                1 => below(1_000_000) as f64,
                2 => below(10_000_000) as f64 / 10f64.powi(below(9) as i32),
                3 => (2 * below(100_000) + 1) as f64 / 2f64.powi(below(20) as i32),
                4 => format!("{}e{}", below(100_000), below(60) as i32 - 30).parse().unwrap(),
                _ => [0.0, f64::INFINITY, f64::NAN, 0.5, 2.5, 1e15, 999_999.5, 5e-324, f64::MAX, 123.456][below(10) as usize],
            };
            let value = if below(4) == 0 { -value } else { value };
            let mut format = String::from("%");
            if below(2) == 0 {
                format.extend("-+0 #".chars().filter(|_| below(3) == 0));
            }
            if below(3) == 0 {
                format += &(1 + below(99)).to_string();
            }
            if below(4) != 0 {
                let bound = if below(4) == 0 { 100 } else { 18 };
                format += &format!(".{}", below(bound));
            }
            format.push(char::from(b"aAeEfFgG"[below(8) as usize]));
            // All NaNs are one in Lua.
            cases.push((format, if value.is_nan() { f64::NAN } else { value }));
        }
        let lines: String =
            cases.iter().map(|(format, value)| format!("{:x} {:x} {format}\n", value.to_bits() as u32, value.to_bits() >> 32)).collect();
        let theirs = oracle::answers(SCRIPT, lines);
        assert_eq!(theirs.lines().count(), cases.len());
        for (theirs, (format, value)) in theirs.lines().zip(&cases) {
            let found = ours(format, *value);
            let is_hexadecimal = format.ends_with(['a', 'A']);
            if found != theirs && (is_hexadecimal || found != exactly(format, *value)) {
                panic!("{format} of {value:e} ({:x}): {found}, LuaJIT's is {theirs}", value.to_bits());
            }
        }
    }
}
