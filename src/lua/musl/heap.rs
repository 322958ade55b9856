//! `malloc(3)` and its family, on the heap of the Lua state.
//!
//! A second allocator beside that one would only cost pages and bytes. C's callers here are few: `fopen` and what a function asks for
//! through FFI. Like musl's, this memory is not counted against Lua's budget.
//!
//! The heap's blocks are aligned to 8 bytes, C's to 16. So each block is 16 bytes longer than asked for, and the word before the aligned
//! bytes says where it begins:
//!
//! ```text
//! block (multiple of 8)      [8 bytes, perhaps] [start of the block] [the caller's bytes, at a multiple of 16]
//! ```

use super::super::luajit::alloc;
use core::ffi::c_void;
use core::ptr;

/// What C aligns to: `max_align_t` on both architectures.
const ALIGNMENT: usize = 16;

/// The heap of the Lua state; null before there is one.
static mut HEAP: *mut c_void = ptr::null_mut();

/// From now on C's heap is `heap`, one of `lj_alloc_create`.
///
/// # Safety
/// The heap lives as long as the process, which has one thread.
pub unsafe fn share(heap: *mut c_void) {
    // SAFETY: one thread, and no reference to HEAP is ever kept.
    unsafe { HEAP = heap }
}

/// `realloc(3)` on the allocator's terms: `old` is null or a block's aligned bytes; `is_freed`: it is not wanted any more.
///
/// # Safety
/// C's: `old` is null or came from here and was not freed since.
unsafe fn resize(old: *mut u8, bytes: usize, is_freed: bool) -> *mut u8 {
    // SAFETY: one thread. The caller vouches for `old`, before which stands the start of its block.
    unsafe {
        let start: *mut u8 = if old.is_null() { ptr::null_mut() } else { old.cast::<*mut u8>().sub(1).read() };
        let offset = old.addr() - start.addr();
        let total = if is_freed { Some(0) } else { bytes.checked_add(ALIGNMENT) };
        let Some(total) = total.filter(|_| !HEAP.is_null()) else { return refuse() };
        let start: *mut u8 = alloc::lj_alloc_f(HEAP, start.cast(), 0, total).cast();
        if is_freed {
            return ptr::null_mut();
        }
        if start.is_null() {
            return refuse();
        }
        // At least 8 bytes behind the start, which is a multiple of 8.
        let new = start.add(ALIGNMENT - start.addr() % ALIGNMENT);
        if !old.is_null() && new.addr() - start.addr() != offset {
            // A block that has moved may be aligned otherwise. Both ranges lie in the new block, which is longer than `bytes` by what
            // either is offset by.
            ptr::copy(start.add(offset), new, bytes);
        }
        new.cast::<*mut u8>().sub(1).write(start);
        new
    }
}

/// No memory: null, and ENOMEM.
fn refuse() -> *mut u8 {
    super::set_errno(libc::ENOMEM);
    ptr::null_mut()
}

/// `malloc(3)`
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
extern "C" fn malloc(bytes: usize) -> *mut u8 {
    // SAFETY: there is no old block.
    unsafe { resize(ptr::null_mut(), bytes, false) }
}

/// `calloc(3)`
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
extern "C" fn calloc(count: usize, bytes: usize) -> *mut u8 {
    let Some(bytes) = count.checked_mul(bytes) else { return refuse() };
    let block = malloc(bytes);
    if !block.is_null() {
        // SAFETY: the block has that many bytes.
        unsafe { ptr::write_bytes(block, 0, bytes) };
    }
    block
}

/// `realloc(3)`
///
/// # Safety
/// C's: `old` is null or came from here and was not freed since.
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
unsafe extern "C" fn realloc(old: *mut u8, bytes: usize) -> *mut u8 {
    // SAFETY: the caller vouches for `old`.
    unsafe { resize(old, bytes, false) }
}

/// `free(3)`
///
/// # Safety
/// As for [`realloc`].
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
unsafe extern "C" fn free(old: *mut u8) {
    if !old.is_null() {
        // SAFETY: the caller vouches for `old`.
        unsafe { resize(old, 0, true) };
    }
}

/// What musl's own files call `malloc(3)`.
#[cfg(target_env = "musl")]
#[unsafe(no_mangle)]
extern "C" fn __libc_malloc(bytes: usize) -> *mut u8 {
    malloc(bytes)
}

/// What musl's own files call `free(3)`.
///
/// # Safety
/// As for [`realloc`].
#[cfg(target_env = "musl")]
#[unsafe(no_mangle)]
unsafe extern "C" fn __libc_free(old: *mut u8) {
    // SAFETY: the caller vouches for `old`.
    unsafe { free(old) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_aligned_and_keep_their_bytes() {
        assert!(malloc(1).is_null(), "there is no heap yet");
        // SAFETY: every block is used within its length and freed once.
        unsafe {
            share(alloc::lj_alloc_create(ptr::null_mut()));
            for first in 0..70 {
                for second in 0..70 {
                    let block = malloc(first);
                    assert!(block.addr().is_multiple_of(ALIGNMENT) && !block.is_null());
                    for at in 0..first {
                        block.add(at).write(at as u8);
                    }
                    let block = realloc(block, second);
                    assert_eq!(block.addr() % ALIGNMENT, 0);
                    for at in 0..first.min(second) {
                        assert_eq!(block.add(at).read(), at as u8, "{first} to {second} at {at}");
                    }
                    free(block);
                }
            }
            let block = calloc(7, 9);
            assert!((0..63).all(|at| block.add(at).read() == 0));
            free(block);
            free(ptr::null_mut());
            assert!(!realloc(ptr::null_mut(), 5).is_null());
            assert!(malloc(usize::MAX - 3).is_null() && calloc(usize::MAX / 2, 3).is_null());
        }
    }
}
