//! `string.h`, but for `strlen` and what copies memory. musl's functions are made for long texts; LuaJIT compares strings that are mostly
//! equal, searches paths, and copies names of a few bytes. Only `memcmp` and `memchr` see what a program has: they take eight bytes at a
//! time.

use crate::bytes;
use core::ffi::{CStr, c_char, c_int};
use core::ptr;
use core::slice;

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

/// `memchr(3)`
///
/// # Safety
/// C's: so many bytes can be read.
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
unsafe extern "C" fn memchr(start: *const u8, byte: c_int, count: usize) -> *const u8 {
    // SAFETY: the caller vouches for the bytes; the offset is within them.
    unsafe { bytes::find(byte as u8, slice::from_raw_parts(start, count)).map_or(ptr::null(), |at| start.add(at)) }
}

/// `strchr(3)`
///
/// # Safety
/// C's: the text is NUL-terminated.
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
unsafe extern "C" fn strchr(mut text: *const u8, byte: c_int) -> *const u8 {
    // SAFETY: the caller vouches for the text; nothing behind its NUL is read.
    unsafe {
        while *text != byte as u8 {
            if *text == 0 {
                return ptr::null();
            }
            text = text.add(1);
        }
    }
    text
}

/// `strrchr(3)`
///
/// # Safety
/// C's: the text is NUL-terminated.
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
unsafe extern "C" fn strrchr(mut text: *const u8, byte: c_int) -> *const u8 {
    let mut found = ptr::null();
    // SAFETY: the caller vouches for the text; nothing behind its NUL is read.
    unsafe {
        loop {
            if *text == byte as u8 {
                found = text;
            }
            if *text == 0 {
                return found;
            }
            text = text.add(1);
        }
    }
}

/// `strncmp(3)`
///
/// # Safety
/// C's: both are NUL-terminated, or have so many bytes.
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
unsafe extern "C" fn strncmp(left: *const u8, right: *const u8, count: usize) -> c_int {
    for at in 0..count {
        // SAFETY: the caller vouches for both; nothing behind a NUL is read.
        let (a, b) = unsafe { (*left.add(at), *right.add(at)) };
        if a != b || a == 0 {
            return c_int::from(a) - c_int::from(b);
        }
    }
    0
}

/// `strcmp(3)`
///
/// # Safety
/// C's: both are NUL-terminated.
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
unsafe extern "C" fn strcmp(left: *const u8, right: *const u8) -> c_int {
    // SAFETY: the caller vouches for both.
    unsafe { strncmp(left, right, usize::MAX) }
}

/// `strncpy(3)`
///
/// # Safety
/// C's: there is room for so many bytes; the text is NUL-terminated, or has as many.
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
unsafe extern "C" fn strncpy(into: *mut u8, mut text: *const u8, count: usize) -> *mut u8 {
    for at in 0..count {
        // SAFETY: the caller vouches for both; behind the text NULs are written.
        unsafe {
            *into.add(at) = *text;
            text = text.add(usize::from(*text != 0));
        }
    }
    into
}

/// `strcpy(3)`
///
/// # Safety
/// C's: there is room for the text, which is NUL-terminated.
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
unsafe extern "C" fn strcpy(into: *mut u8, text: *const u8) -> *mut u8 {
    // SAFETY: the caller vouches for both.
    unsafe { strncpy(into, text, libc::strlen(text.cast()) + 1) }
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

    #[test]
    fn texts_are_searched_compared_and_copied_as_the_c_library_does() {
        let texts = [c"", c"a", c"aa", c"ab", c"b\xff", c"abcabc", c"abcabd", c"abcdefghijklmnopqrstuvwxyz/0123456789"];
        for text in texts {
            let (start, len) = (text.as_ptr().cast::<u8>(), text.to_bytes_with_nul().len());
            // SAFETY: every text is NUL-terminated; there is room for each.
            unsafe {
                for byte in [0, b'a', b'c', b'/', b'9', b'!', 0xff].map(c_int::from).into_iter().chain([c_int::from(b'c') - 256]) {
                    assert_eq!(strchr(start, byte), libc::strchr(text.as_ptr(), byte).cast_const().cast(), "{text:?} {byte}");
                    assert_eq!(strrchr(start, byte), libc::strrchr(text.as_ptr(), byte).cast_const().cast(), "{text:?} {byte}");
                    for count in 0..=len {
                        assert_eq!(
                            memchr(start, byte, count).cast(),
                            libc::memchr(start.cast(), byte, count).cast_const(),
                            "{text:?} {byte}"
                        );
                    }
                }
                for other in texts {
                    let right = other.as_ptr();
                    assert_eq!(strcmp(start, right.cast()).signum(), libc::strcmp(text.as_ptr(), right).signum(), "{text:?} {other:?}");
                    for count in 0..10 {
                        let found = strncmp(start, right.cast(), count).signum();
                        assert_eq!(found, libc::strncmp(text.as_ptr(), right, count).signum(), "{text:?} {other:?} {count}");
                    }
                }
                for count in 0..50 {
                    let (mut found, mut expected) = ([b'?'; 60], [b'?'; 60]);
                    assert_eq!(strncpy(found.as_mut_ptr(), start, count), found.as_mut_ptr());
                    libc::strncpy(expected.as_mut_ptr().cast(), text.as_ptr(), count);
                    assert_eq!(found, expected, "{text:?} {count}");
                }
                let mut found = [b'?'; 60];
                assert_eq!(strcpy(found.as_mut_ptr(), start), found.as_mut_ptr());
                assert_eq!((&found[..len], found[len]), (text.to_bytes_with_nul(), b'?'));
            }
        }
    }
}
