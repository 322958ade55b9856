//! The functions that `ffi.C` finds in the static build, where there is no dynamic linker to ask.
//!
//! LuaJIT asks `dlsym`, `dlopen` and `dlerror`; these stand in place of musl's, which know nothing and start the C heap to say so (four
//! system calls and two page faults at every `require`, because LuaJIT's loader asks too). The table is short: functions that are linked
//! anyway or cost a few bytes. Everything else is refused with a sentence that names it.

use crate::limits;
use crate::sys;
use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr;

macro_rules! table {
    ($($name:ident),* $(,)?) => {
        /// (name, address), sorted by name.
        const SYMBOLS: &[(&str, fn() -> *const c_void)] = &[$((stringify!($name), || libc::$name as *const c_void)),*];
    };
}

table!(
    calloc,
    clock_gettime,
    close,
    exit,
    fflush,
    free,
    getenv,
    getpid,
    getrusage,
    gettimeofday,
    kill,
    malloc,
    memchr,
    memcmp,
    memcpy,
    memmove,
    memset,
    nanosleep,
    open,
    printf,
    qsort,
    read,
    realloc,
    sleep,
    snprintf,
    strerror,
    strlen,
    syscall,
    time,
    usleep,
    write,
);

/// `dlsym` searches by halving.
const _: () = {
    let mut at = 1;
    while at < SYMBOLS.len() {
        assert!(is_before(SYMBOLS[at - 1].0.as_bytes(), SYMBOLS[at].0.as_bytes()));
        at += 1;
    }
};

/// Whether one name comes before another.
const fn is_before(one: &[u8], other: &[u8]) -> bool {
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at < other.len() && (at == one.len() || one[at] < other[at])
}

/// What is said about every C module and shared object, behind its name.
pub const REFUSAL: &[u8] = b"the static build of coldmoon loads no shared objects; use the dynamic build (scripts/build --dynamic)";

/// A sentence with a file's name in it.
const MESSAGE_BYTES_MAX: usize = limits::PATH_BYTES_MAX + 256;

/// The sentence about the last thing that was not found.
static mut MESSAGE: [u8; MESSAGE_BYTES_MAX] = [0; MESSAGE_BYTES_MAX];

/// Puts the parts together as the message, cut to its room.
fn set_message(parts: [&[u8]; 3]) {
    let message = &raw mut MESSAGE;
    // SAFETY: the process has one thread, and LuaJIT copies the message before it asks for anything else.
    let message = unsafe { &mut *message };
    let mut at = 0;
    for part in parts {
        let count = part.len().min(message.len() - 1 - at);
        message[at..at + count].copy_from_slice(&part[..count]);
        at += count;
    }
    message[at] = 0;
}

/// The bytes of a C string; none for null.
///
/// # Safety
/// `text` is null or a NUL-terminated string that lives as long as the slice is used.
unsafe fn bytes<'a>(text: *const c_char) -> &'a [u8] {
    // SAFETY: the caller vouches for it.
    if text.is_null() { b"" } else { unsafe { CStr::from_ptr(text) }.to_bytes() }
}

/// `dlsym(3)`
///
/// # Safety
/// C's: `name` is NUL-terminated.
#[unsafe(no_mangle)]
unsafe extern "C" fn dlsym(_handle: *mut c_void, name: *const c_char) -> *mut c_void {
    // SAFETY: the caller vouches for `name`.
    let name = unsafe { bytes(name) };
    if name == b"syscall" {
        // The one way to fork.
        sys::watch_forks();
    }
    match SYMBOLS.binary_search_by(|(known, _)| known.as_bytes().cmp(name)) {
        Ok(index) => SYMBOLS[index].1().cast_mut(),
        Err(_) => {
            set_message([b"ffi.C.", name, b" is not in the static build of coldmoon; use the dynamic build (scripts/build --dynamic)"]);
            ptr::null_mut()
        }
    }
}

/// `dlopen(3)`
///
/// # Safety
/// C's: `file` is null or NUL-terminated.
#[unsafe(no_mangle)]
unsafe extern "C" fn dlopen(file: *const c_char, _mode: c_int) -> *mut c_void {
    // SAFETY: the caller vouches for `file`.
    set_message([unsafe { bytes(file) }, b" cannot be loaded: ", REFUSAL]);
    ptr::null_mut()
}

/// `dlerror(3)`
#[unsafe(no_mangle)]
extern "C" fn dlerror() -> *const c_char {
    (&raw const MESSAGE).cast()
}

/// `dlclose(3)`: there is nothing to close.
#[unsafe(no_mangle)]
extern "C" fn dlclose(_handle: *mut c_void) -> c_int {
    0
}
