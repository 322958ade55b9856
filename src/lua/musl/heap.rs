//! `malloc(3)` and its family, on the heap of the Lua state.
//!
//! LuaJIT brings an allocator of its own (`lj_alloc.c`, Doug Lea's); a second one beside it would only cost pages and bytes. C's callers
//! here are few: `fopen` and what a function asks for through FFI. Like musl's, this memory is not counted against Lua's budget.
//!
//! LuaJIT's blocks are aligned to 8 bytes, C's to 16. So each block is 16 bytes longer than asked for, and the word before the aligned
//! bytes says where it begins:
//!
//! ```text
//! block (multiple of 8)      [8 bytes, perhaps] [start of the block] [the caller's bytes, at a multiple of 16]
//! ```

use super::super::ffi::lua_Alloc;
use core::ffi::c_void;
use core::ptr;

/// What C aligns to: `max_align_t` on both architectures.
const ALIGNMENT: usize = 16;

/// An allocator and its data.
#[derive(Clone, Copy)]
struct Heap {
    allocate: lua_Alloc,
    data: *mut c_void,
}

/// LuaJIT's own allocator; none before there is a Lua state.
static mut HEAP: Option<Heap> = None;

/// From now on C's heap is that of `allocate`, LuaJIT's own function with its own data.
///
/// # Safety
/// The allocator lives as long as the process, which has one thread.
pub unsafe fn share(allocate: lua_Alloc, data: *mut c_void) {
    // SAFETY: one thread, and no reference to HEAP is ever kept.
    unsafe { HEAP = Some(Heap { allocate, data }) }
}

/// `realloc(3)` on the allocator's terms: `old` is null or a block's aligned bytes; with 0 bytes and `old` it frees.
///
/// # Safety
/// C's: `old` is null or came from here and was not freed since.
unsafe fn resize(old: *mut u8, bytes: usize, is_freed: bool) -> *mut u8 {
    // SAFETY: one thread. The caller vouches for `old`, before which stands the start of its block.
    unsafe {
        let start: *mut u8 = if old.is_null() { ptr::null_mut() } else { old.cast::<*mut u8>().sub(1).read() };
        let offset = old.addr() - start.addr();
        let total = if is_freed { Some(0) } else { bytes.checked_add(ALIGNMENT) };
        let (Some(heap), Some(total)) = (HEAP, total) else { return refuse() };
        // LuaJIT's allocator does not look at the old length, but for whether there is one.
        let start: *mut u8 = (heap.allocate)(heap.data, start.cast(), usize::from(!start.is_null()), total).cast();
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
    use std::collections::HashMap;
    use std::vec::Vec;

    /// An allocator as awkward as LuaJIT may be: every block begins at a multiple of 8, by turns at one of 16 and not.
    unsafe extern "C" fn awkward(_: *mut c_void, old: *mut c_void, old_bytes: usize, bytes: usize) -> *mut c_void {
        static mut BLOCKS: Option<HashMap<usize, (Vec<u64>, usize)>> = None;
        static mut TURN: usize = 0;
        // SAFETY: one test uses it, in one thread.
        unsafe {
            let blocks = (&raw mut BLOCKS).as_mut().expect("a static").get_or_insert_default();
            assert_eq!(old_bytes > 0, !old.is_null());
            let before = if old.is_null() { None } else { Some(blocks.remove(&old.addr()).expect("a live block")) };
            if bytes == 0 {
                return ptr::null_mut();
            }
            TURN += 1;
            let mut memory = std::vec![u64::from_ne_bytes([0xee; 8]); bytes.div_ceil(8) + 2];
            let skip = usize::from((memory.as_ptr().addr() / 8 + TURN) % 2 == 1);
            let start: *mut u8 = memory.as_mut_ptr().add(skip).cast();
            if let Some((before, before_bytes)) = before {
                let from: *const u8 = old.cast();
                ptr::copy_nonoverlapping(from, start, before_bytes.min(bytes));
                drop(before);
            }
            blocks.insert(start.addr(), (memory, bytes));
            start.cast()
        }
    }

    #[test]
    fn blocks_are_aligned_and_keep_their_bytes() {
        assert!(malloc(1).is_null(), "there is no heap yet");
        // SAFETY: the allocator is a function without data; every block is used within its length and freed once.
        unsafe {
            share(awkward, ptr::null_mut());
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
