//! Growable bytes with a hard bound.
//!
//! A [`Buffer`] begins in a small piece of static memory and moves to an anonymous private mapping when it outgrows that. Small uses so
//! share a few pages, whose first touch is what start-up mostly costs (2 to 3 µs each), and make no system call. A mapping grows by one
//! `mremap` without a copy, its untouched capacity costs nothing. Every byte up to the capacity is initialised, in static memory as in
//! fresh pages of the kernel: [`Buffer::spare`] can be an ordinary `&mut [u8]`.
//!
//! Bound: given at construction, see `limits`. A buffer never exceeds it; the caller learns that by [`Overflow::Bound`].

use crate::sys::{self, Errno};
use core::ffi::{CStr, c_int};
use core::ptr;
use core::slice;
use core::sync::atomic::{AtomicUsize, Ordering};

/// The first mapping, in bytes. Untouched pages of it cost nothing; it is far below the 2 MiB from which transparent huge pages would make
/// the first touch zero a whole huge page.
const MAPPING_BYTES_MIN: usize = 64 * 1024;

/// Static memory for the beginnings of all buffers of a process; when it is used up they begin with mappings.
const ARENA_BYTES: usize = 32 * 1024;

/// Aligned, so that the pieces which every start takes lie on one page.
#[repr(align(4096))]
struct Arena([u8; ARENA_BYTES]);
#[unsafe(link_section = ".bss.rest.arena")]
static mut ARENA: Arena = Arena([0; ARENA_BYTES]);
/// Bytes of the arena that are given away. They are never given back.
static ARENA_USED: AtomicUsize = AtomicUsize::new(0);

/// Takes `bytes` bytes of the arena, at an address that is a multiple of eight.
fn take_static(bytes: usize) -> Option<*mut u8> {
    let bytes = bytes.next_multiple_of(8);
    let at = ARENA_USED.fetch_add(bytes, Ordering::Relaxed);
    // SAFETY: `at..at + bytes` lies in the arena and was never given to anybody else: the counter only grows.
    (at.saturating_add(bytes) <= ARENA_BYTES).then(|| unsafe { (&raw mut ARENA.0).cast::<u8>().add(at) })
}

/// Why a buffer could not take more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    /// The buffer's own bound would be exceeded.
    Bound,
    /// The kernel has no memory.
    Memory,
}

/// Growable bytes with a hard bound. See the module's head.
pub struct Buffer {
    /// Start of the memory, dangling while `capacity` is 0.
    start: *mut u8,
    len: usize,
    capacity: usize,
    bound: usize,
    /// What it takes of the static memory at first.
    first_bytes: usize,
    /// Whether the memory is a mapping of its own.
    is_mapped: bool,
}

impl Buffer {
    /// An empty buffer that never grows over `bound` bytes, for small uses in general. Takes no memory yet.
    pub const fn new(bound: usize) -> Buffer {
        Buffer::with_first(bound, 1024)
    }

    /// The same, for uses of up to `first_bytes` bytes in general.
    pub const fn with_first(bound: usize, first_bytes: usize) -> Buffer {
        assert!(first_bytes <= ARENA_BYTES);
        Buffer { start: ptr::dangling_mut(), len: 0, capacity: 0, bound, first_bytes, is_mapped: false }
    }

    /// The bytes written so far.
    #[inline(always)]
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: `start..start + capacity` is live, initialised and this buffer's own (see `grow`), `len <= capacity`; while `capacity` is
        // 0, `start` is dangling but aligned and the slice is empty.
        unsafe { slice::from_raw_parts(self.start, self.len) }
    }

    /// The bytes written so far, to be changed in place.
    #[inline(always)]
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `bytes`; `&mut self` makes the view unique.
        unsafe { slice::from_raw_parts_mut(self.start, self.len) }
    }

    /// Number of bytes written so far.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing is written yet.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Makes room for `additional` bytes behind the written ones.
    #[inline(always)]
    pub fn reserve(&mut self, additional: usize) -> Result<(), Overflow> {
        if additional <= self.capacity - self.len {
            return Ok(());
        }
        self.grow(additional)
    }

    #[cold]
    fn grow(&mut self, additional: usize) -> Result<(), Overflow> {
        let needed = self.len.checked_add(additional).ok_or(Overflow::Bound)?;
        if needed > self.bound {
            return Err(Overflow::Bound);
        }
        if self.capacity == 0
            && needed <= self.first_bytes
            && let Some(start) = take_static(self.first_bytes)
        {
            self.start = start;
            self.capacity = self.first_bytes.min(self.bound);
            return Ok(());
        }
        // Doubling keeps the number of system calls logarithmic; the bound may cut the last step short.
        let wanted = needed.next_power_of_two().max(MAPPING_BYTES_MIN).min(self.bound);
        if self.is_mapped {
            // SAFETY: `start` and `capacity` are those of the live mapping that this buffer alone owns.
            self.start = unsafe { sys::remap(self.start, self.capacity, wanted) }.ok_or(Overflow::Memory)?;
        } else {
            let start = sys::map(wanted).ok_or(Overflow::Memory)?;
            // SAFETY: the mapping is new and longer than what was written so far.
            unsafe { ptr::copy_nonoverlapping(self.start, start, self.len) };
            self.start = start;
            self.is_mapped = true;
        }
        self.capacity = wanted;
        Ok(())
    }

    /// Appends `bytes`.
    #[inline(never)]
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Overflow> {
        self.reserve(bytes.len())?;
        self.spare()[..bytes.len()].copy_from_slice(bytes);
        self.advance(bytes.len());
        Ok(())
    }

    /// Appends one byte.
    #[inline(always)]
    pub fn push_byte(&mut self, byte: u8) -> Result<(), Overflow> {
        self.reserve(1)?;
        self.spare()[0] = byte;
        self.len += 1;
        Ok(())
    }

    /// Becomes the contents of a file. An error leaves a part of them.
    pub fn read_file(&mut self, fd: c_int) -> Result<(), Errno> {
        self.clear();
        loop {
            self.reserve(1).map_err(|_| Errno::NO_MEMORY)?;
            let wanted = self.capacity - self.len;
            let count = sys::read(fd, self.spare())?;
            self.advance(count);
            // A file gives less than it is asked for only at its end: most are read in one call.
            if count < wanted {
                return Ok(());
            }
        }
    }

    /// The same of the file named `path`.
    pub fn read_path(&mut self, path: &CStr) -> Result<(), Errno> {
        self.clear();
        let fd = sys::open(path)?;
        let result = self.read_file(fd);
        sys::close(fd);
        result
    }

    /// Becomes what `write` writes to the front of the room of at least `bytes_max` bytes that it gets; it returns how many those are.
    pub fn fill(&mut self, bytes_max: usize, write: impl FnOnce(&mut [u8]) -> usize) -> Result<(), Overflow> {
        self.clear();
        self.reserve(bytes_max)?;
        let bytes = write(self.spare());
        self.advance(bytes);
        Ok(())
    }

    /// The room behind the written bytes: initialised, of no particular content. Fill a prefix, then [`Buffer::advance`].
    #[inline(always)]
    pub fn spare(&mut self) -> &mut [u8] {
        // SAFETY: `len..capacity` lies in this buffer's memory, all of it initialised; `&mut self` makes the view unique.
        unsafe { slice::from_raw_parts_mut(self.start.add(self.len), self.capacity - self.len) }
    }

    /// Counts `count` bytes of [`Buffer::spare`] as written.
    #[inline(always)]
    pub fn advance(&mut self, count: usize) {
        assert!(count <= self.capacity - self.len);
        self.len += count;
    }

    /// Forgets what stands behind the first `len` bytes. Capacity is kept.
    #[inline(always)]
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// Forgets everything. Capacity is kept.
    #[inline(always)]
    pub fn clear(&mut self) {
        self.len = 0;
    }

    /// Moves `len - from` bytes to the front: what stands before `from` is consumed.
    pub fn consume(&mut self, from: usize) {
        self.bytes_mut().copy_within(from.., 0);
        self.len -= from;
    }

    /// Forgets everything and gives memory over `kept` bytes of capacity back.
    pub fn reset(&mut self, kept: usize) {
        self.clear();
        self.shrink(kept);
    }

    /// Gives memory over `kept` bytes of capacity back to the kernel, so that one large event does not stay resident for ever.
    pub fn shrink(&mut self, kept: usize) {
        let kept = kept.max(MAPPING_BYTES_MIN).max(self.len);
        if self.capacity <= kept {
            return;
        }
        // SAFETY: the mapping is this buffer's own, see `grow`.
        if let Some(start) = unsafe { sys::remap(self.start, self.capacity, kept) } {
            self.start = start;
            self.capacity = kept;
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if self.is_mapped {
            // SAFETY: the mapping is this buffer's own and no borrow of it is left.
            unsafe { sys::unmap(self.start, self.capacity) }
        }
    }
}

// SAFETY: a `Buffer` owns its memory alone; nothing in it is tied to a thread.
unsafe impl Send for Buffer {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_memory_is_taken_before_the_first_byte() {
        let buffer = Buffer::new(10);
        assert_eq!((buffer.capacity, buffer.bytes()), (0, &b""[..]));
    }

    #[test]
    fn growth_keeps_the_bytes() {
        let mut buffer = Buffer::new(10 << 20);
        let text: Vec<u8> = (0..3_000_000u32).map(|i| i as u8).collect();
        for part in text.chunks(70_001) {
            buffer.push(part).unwrap();
        }
        assert_eq!(buffer.bytes(), text);
        buffer.consume(2_999_990);
        assert_eq!(buffer.bytes(), &text[2_999_990..]);
        buffer.shrink(0);
        assert_eq!(buffer.bytes(), &text[2_999_990..]);
        assert_eq!(buffer.capacity, MAPPING_BYTES_MIN);
    }

    #[test]
    fn the_move_out_of_static_memory_keeps_the_bytes() {
        let mut buffer = Buffer::with_first(1 << 20, 100);
        buffer.push(b"begin").unwrap();
        buffer.push(&[b'x'; 1000]).unwrap();
        assert!(buffer.is_mapped && buffer.bytes().starts_with(b"beginxxx") && buffer.len() == 1005);
    }

    #[test]
    fn static_memory_that_is_used_up_is_replaced_by_mappings() {
        let mut buffers: Vec<Buffer> = (0..2 * ARENA_BYTES / 1000).map(|_| Buffer::with_first(2000, 1000)).collect();
        for (index, buffer) in buffers.iter_mut().enumerate() {
            buffer.push(&[index as u8; 900]).unwrap();
        }
        for (index, buffer) in buffers.iter().enumerate() {
            assert_eq!(buffer.bytes(), [index as u8; 900]);
        }
    }

    #[test]
    fn the_bound_holds_to_the_byte() {
        let mut buffer = Buffer::new(100_000);
        assert_eq!(buffer.push(&[0; 100_000]), Ok(()));
        assert_eq!(buffer.push(&[0]), Err(Overflow::Bound));
        assert_eq!(buffer.reserve(usize::MAX), Err(Overflow::Bound));
        assert_eq!(buffer.len(), 100_000);
        // Also where it is below the smallest mapping.
        let mut buffer = Buffer::with_first(1000, 100);
        assert_eq!((buffer.push(&[0; 1000]), buffer.push(&[0])), (Ok(()), Err(Overflow::Bound)));
    }

    #[test]
    fn spare_is_readable_before_it_is_written() {
        let mut buffer = Buffer::new(100);
        buffer.reserve(1).unwrap();
        assert!(buffer.spare().iter().all(|byte| *byte == 0));
    }
}
