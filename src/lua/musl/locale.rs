//! `setlocale`, for `os.setlocale`. There is the one locale that C asks for, by its two names, and no other: a static binary brings no
//! locale files, and musl's takes any name and changes nothing.

use core::ffi::{CStr, c_char, c_int};
use core::ptr;

/// `setlocale(3)`
///
/// # Safety
/// C's: `name` is null or NUL-terminated.
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
unsafe extern "C" fn setlocale(category: c_int, name: *const c_char) -> *const c_char {
    // SAFETY: the caller vouches for `name`.
    let name = if name.is_null() { c"" } else { unsafe { CStr::from_ptr(name) } };
    let is_known = matches!(name.to_bytes(), b"" | b"C" | b"POSIX") && (0..=libc::LC_ALL).contains(&category);
    if is_known { c"C".as_ptr() } else { ptr::null() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_c_locale_is_the_only_one() {
        for (name, is_known) in [(c"", true), (c"C", true), (c"POSIX", true), (c"de_DE.UTF-8", false)] {
            // SAFETY: the name is NUL-terminated; the result is null or static.
            let found = unsafe { setlocale(libc::LC_ALL, name.as_ptr()) };
            // SAFETY: as above.
            assert!(if is_known { unsafe { CStr::from_ptr(found) == c"C" } } else { found.is_null() }, "{name:?}");
        }
        // SAFETY: the name is null.
        assert!(unsafe { !setlocale(libc::LC_CTYPE, ptr::null()).is_null() && setlocale(99, ptr::null()).is_null() });
    }
}
