//! `getenv`, `putenv` and `unsetenv` on the list of environ(7): for `os.getenv`, and for the one variable that the runtime sets.
//!
//! The list is the one that the process began with until an entry more is needed.

use crate::sys;
use core::ffi::{CStr, c_char, c_int};
use core::ptr;

unsafe extern "C" {
    static mut environ: *mut *const c_char;
}

/// The list where it had to grow; before that it is the one that the process began with.
static mut GROWN: *mut *const c_char = ptr::null_mut();

/// The entry of a variable and its value, or the end of the list. A name may go on behind a `=`, as an entry does.
///
/// # Safety
/// The name is NUL-terminated, with or without a `=` in it.
unsafe fn find(name: *const c_char) -> (*mut *const c_char, *const c_char) {
    // SAFETY: the caller vouches for the name; the list ends with null, its entries with NUL. The process has one thread.
    unsafe {
        let mut entry = sys::environment().cast_mut();
        while !entry.is_null() && !(*entry).is_null() {
            let mut at = 0;
            while *name.add(at) == *(*entry).add(at) && !matches!(*name.add(at) as u8, 0 | b'=') {
                at += 1;
            }
            if *(*entry).add(at) as u8 == b'=' && matches!(*name.add(at) as u8, 0 | b'=') {
                return (entry, (*entry).add(at + 1));
            }
            entry = entry.add(1);
        }
        (entry, ptr::null())
    }
}

/// `getenv(3)`
///
/// # Safety
/// C's: the name is NUL-terminated.
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
unsafe extern "C" fn getenv(name: *const c_char) -> *const c_char {
    // SAFETY: the caller vouches for the name.
    unsafe {
        let text = CStr::from_ptr(name).to_bytes();
        // No variable has such a name, and `find` would take it for an entry.
        if text.is_empty() || text.contains(&b'=') { ptr::null() } else { find(name).1 }
    }
}

/// `putenv(3)`, of a text that has a `=`.
///
/// # Safety
/// C's: the text is NUL-terminated, and lives as long as it is in the environment.
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
unsafe extern "C" fn putenv(text: *const c_char) -> c_int {
    // SAFETY: the caller vouches for the text. A list that has grown is a block of `malloc`; the process has one thread.
    unsafe {
        let (entry, value) = find(text);
        if !value.is_null() {
            *entry = text;
            return 0;
        }
        let count = if entry.is_null() { 0 } else { entry.offset_from(environ) as usize };
        let list: *mut *const c_char = libc::realloc(GROWN.cast(), (count + 2) * size_of::<*const c_char>()).cast();
        if list.is_null() {
            return -1;
        }
        if environ != GROWN {
            list.copy_from_nonoverlapping(environ, count);
        }
        *list.add(count) = text;
        *list.add(count + 1) = ptr::null();
        GROWN = list;
        environ = list;
        0
    }
}

/// `unsetenv(3)`
///
/// # Safety
/// C's: the name is NUL-terminated.
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
unsafe extern "C" fn unsetenv(name: *const c_char) -> c_int {
    // SAFETY: the caller vouches for the name; the list ends with null.
    unsafe {
        loop {
            let (mut entry, value) = find(name);
            if value.is_null() {
                return 0;
            }
            while !(*entry).is_null() {
                *entry = *entry.add(1);
                entry = entry.add(1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::ENVIRONMENT;
    use core::ffi::CStr;
    use std::vec::Vec;

    #[test]
    fn variables_are_set_replaced_and_removed() {
        let _guard = ENVIRONMENT.lock();
        // SAFETY: all texts are NUL-terminated and static; whoever uses the environment holds the lock. The list that was is put back.
        unsafe {
            let before = environ;
            let mut list = [c"A=1".as_ptr(), c"EMPTY=".as_ptr(), c"AB=2=3".as_ptr(), c"BARE".as_ptr(), c"A=twice".as_ptr(), ptr::null()];
            environ = list.as_mut_ptr();
            let get = |name: &'static CStr| {
                let value = getenv(name.as_ptr());
                (!value.is_null()).then(|| CStr::from_ptr(value).to_str().expect("ASCII"))
            };
            let all = || {
                let list = environ;
                let texts = (0..).map(|at| *list.add(at)).take_while(|text| !text.is_null());
                texts.map(|text| CStr::from_ptr(text).to_str().expect("ASCII")).collect::<Vec<_>>()
            };
            assert_eq!([c"A", c"AB", c"EMPTY"].map(get), [Some("1"), Some("2=3"), Some("")]);
            assert_eq!([c"BARE", c"B", c"ABC", c"EMPT", c"a"].map(get), [None; 5]);
            // In its place where there is one, else behind the others, where the list need not be the same.
            assert_eq!((putenv(c"AB=4".as_ptr()), environ), (0, list.as_mut_ptr()));
            assert_eq!((putenv(c"NEW=5".as_ptr()), putenv(c"NEWER=6".as_ptr())), (0, 0));
            assert_eq!(all(), ["A=1", "EMPTY=", "AB=4", "BARE", "A=twice", "NEW=5", "NEWER=6"]);
            assert_eq!((environ, unsetenv(c"A".as_ptr()), unsetenv(c"NEW".as_ptr()), unsetenv(c"NONE".as_ptr())), (GROWN, 0, 0, 0));
            assert_eq!(all(), ["EMPTY=", "AB=4", "BARE", "NEWER=6"]);
            // As often as one likes, in memory of the same length; and from nothing.
            for _ in 0..1000 {
                assert_eq!((putenv(c"NEW=7".as_ptr()), get(c"NEW"), unsetenv(c"NEW".as_ptr())), (0, Some("7"), 0));
            }
            // A name is a whole one.
            assert_eq!((get(c"NEWER=6"), get(c"NEWER="), get(c"NEWE"), get(c"")), (None, None, None, None));
            for empty in [ptr::null_mut(), &raw mut list[5]] {
                environ = empty;
                assert_eq!((get(c"A"), unsetenv(c"A".as_ptr()), putenv(c"A=8".as_ptr()), all()), (None, 0, 0, ["A=8"].to_vec()));
            }
            environ = before;
        }
    }
}
