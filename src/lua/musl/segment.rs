//! Where the static binary puts LuaJIT's first memory: the `mmap(2)` of its allocator that comes first is answered with a piece of static
//! memory beside the program. All others are the kernel's.

use core::cell::UnsafeCell;
use core::ffi::{c_int, c_long, c_void};
use core::sync::atomic::{AtomicBool, Ordering};

/// What LuaJIT's allocator maps at a time, `DEFAULT_GRANULARITY` in `lj_alloc.c`.
const SEGMENT_BYTES: usize = 128 * 1024;

/// The first segment of LuaJIT's heap. Static memory lies beside the program, so it needs no mapping and no page tables of its own.
#[repr(align(4096))]
struct Segment(UnsafeCell<[u8; SEGMENT_BYTES]>);
// SAFETY: `mmap` hands it out once and nothing else names it.
unsafe impl Sync for Segment {}
#[unsafe(link_section = ".bss.last.segment")]
static SEGMENT: Segment = Segment(UnsafeCell::new([0; SEGMENT_BYTES]));
static SEGMENT_IS_TAKEN: AtomicBool = AtomicBool::new(false);

/// `mmap(2)`. Who first asks for as much memory as LuaJIT does gets the static segment: zeroed, private pages like any others, which
/// can be unmapped too.
///
/// # Safety
/// C's.
#[unsafe(no_mangle)]
unsafe extern "C" fn mmap(start: *mut c_void, bytes: usize, access: c_int, flags: c_int, fd: c_int, offset: libc::off_t) -> *mut c_void {
    let is_memory = (access, flags) == (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    if start.is_null() && bytes == SEGMENT_BYTES && is_memory && !SEGMENT_IS_TAKEN.swap(true, Ordering::Relaxed) {
        return SEGMENT.0.get().cast();
    }
    let [access, flags, fd] = [access, flags, fd].map(c_long::from);
    // SAFETY: the kernel's call with the caller's arguments.
    unsafe { libc::syscall(libc::SYS_mmap, start, bytes, access, flags, fd, offset) as *mut c_void }
}
