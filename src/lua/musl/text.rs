//! `memcmp` and `strstr`. musl compares byte by byte, and searches by an algorithm that pays off where texts are long; LuaJIT compares
//! strings that are mostly equal, and searches paths.

use core::ffi::{CStr, c_char, c_int};
use core::ptr;

/// `memcmp(3)`, eight bytes at a time. LuaJIT compares every string that it interns with the one it finds; musl compares byte by byte.
///
/// # Safety
/// C's: both pointers are to at least `count` readable bytes.
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
unsafe extern "C" fn memcmp(left: *const u8, right: *const u8, count: usize) -> c_int {
    let mut at = 0;
    // SAFETY: no read goes beyond `count`, for which the caller vouches; the reads need no alignment.
    unsafe {
        while count - at >= 8 {
            let (a, b) = (left.add(at).cast::<u64>().read_unaligned(), right.add(at).cast::<u64>().read_unaligned());
            if a != b {
                // The first byte in memory is the most significant one.
                return if u64::from_be(a) < u64::from_be(b) { -1 } else { 1 };
            }
            at += 8;
        }
        while at < count {
            let (a, b) = (*left.add(at), *right.add(at));
            if a != b {
                return c_int::from(a) - c_int::from(b);
            }
            at += 1;
        }
    }
    0
}

/// `strstr(3)`. LuaJIT looks for a mark in a search path with it; what Lua programs search goes another way.
///
/// # Safety
/// C's: both are NUL-terminated.
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
unsafe extern "C" fn strstr(text: *const c_char, wanted: *const c_char) -> *const c_char {
    // SAFETY: the caller vouches for both; the offset is within the text.
    unsafe {
        let (bytes, wanted) = (CStr::from_ptr(text).to_bytes(), CStr::from_ptr(wanted).to_bytes());
        (0..=bytes.len()).find(|at| bytes[*at..].starts_with(wanted)).map_or(ptr::null(), |at| text.add(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons_have_the_order_of_bytes() {
        let mut left = [0u8; 40];
        let mut right = [0u8; 40];
        for count in 0..40 {
            for at in 0..40 {
                for (a, b) in [(0, 1), (1, 0), (0x7f, 0x80), (0xff, 0), (5, 5)] {
                    (left[at], right[at]) = (a, b);
                    // SAFETY: both arrays are at least as long.
                    let order = unsafe { memcmp(left.as_ptr(), right.as_ptr(), count) };
                    assert_eq!(order.cmp(&0), left[..count].cmp(&right[..count]));
                    (left[at], right[at]) = (0, 0);
                }
            }
        }
    }

    #[test]
    fn the_first_occurrence_is_found() {
        for (text, wanted) in
            [(c"", c""), (c"a", c""), (c"", c"a"), (c"abcabd", c"abd"), (c"aaab", c"aab"), (c"abc", c"abcd"), (c"?.a;?", c"?")]
        {
            // SAFETY: both are NUL-terminated.
            unsafe {
                assert_eq!(strstr(text.as_ptr(), wanted.as_ptr()), libc::strstr(text.as_ptr(), wanted.as_ptr()), "{text:?} {wanted:?}")
            };
        }
    }
}
