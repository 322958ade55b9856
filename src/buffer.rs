//! Growable bytes with a hard bound.
//!
//! A [`Buffer`] is one anonymous private mapping. The kernel hands out zeroed pages when they are first touched, so capacity that is
//! not used costs nothing, growing is one `mremap` without a copy, and every byte up to the capacity is initialised: [`Buffer::spare`] can
//! be an ordinary `&mut [u8]`. Nothing is mapped before the first byte is asked for.
//!
//! Bound: given at construction, see `limits`. A buffer never exceeds it; the caller learns that by [`Overflow::Bound`].

use crate::sys;
use core::ptr;
use core::slice;

/// The first mapping and the step of growth, in bytes. Untouched pages of it cost nothing; it is far below the 2 MiB from which
/// transparent huge pages would make the first touch zero a whole huge page.
const FIRST_BYTES: usize = 64 * 1024;

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
    /// Start of the mapping, dangling while `capacity` is 0.
    start: *mut u8,
    len: usize,
    capacity: usize,
    bound: usize,
}

impl Buffer {
    /// An empty buffer that never grows over `bound` bytes. Maps nothing yet.
    pub const fn new(bound: usize) -> Buffer {
        Buffer { start: ptr::dangling_mut(), len: 0, capacity: 0, bound }
    }

    /// The bytes written so far.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: `start..start + capacity` is one live mapping of initialised bytes (made by `grow`), `len <= capacity`; while
        // `capacity` is 0, `start` is dangling but aligned and the slice is empty.
        unsafe { slice::from_raw_parts(self.start, self.len) }
    }

    /// The bytes written so far, to be changed in place.
    #[inline]
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `bytes`; `&mut self` makes the view unique.
        unsafe { slice::from_raw_parts_mut(self.start, self.len) }
    }

    /// Number of bytes written so far.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing is written yet.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Makes room for `additional` bytes behind the written ones.
    #[inline]
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
        // Doubling keeps the number of system calls logarithmic; the bound may cut the last step short.
        let wanted = needed.next_power_of_two().max(FIRST_BYTES).min(self.bound.max(FIRST_BYTES));
        let start = if self.capacity == 0 {
            sys::map(wanted)
        } else {
            // SAFETY: `start` and `capacity` are those of the live mapping that this buffer alone owns.
            unsafe { sys::remap(self.start, self.capacity, wanted) }
        };
        self.start = start.ok_or(Overflow::Memory)?;
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

    /// The room behind the written bytes: initialised, of no particular content. Fill a prefix, then [`Buffer::advance`].
    #[inline]
    pub fn spare(&mut self) -> &mut [u8] {
        // SAFETY: `len..capacity` lies in the live mapping, whose bytes the kernel initialised; `&mut self` makes the view unique.
        unsafe { slice::from_raw_parts_mut(self.start.add(self.len), self.capacity - self.len) }
    }

    /// Counts `count` bytes of [`Buffer::spare`] as written.
    #[inline]
    pub fn advance(&mut self, count: usize) {
        assert!(count <= self.capacity - self.len);
        self.len += count;
    }

    /// Forgets what stands behind the first `len` bytes. Capacity is kept.
    #[inline]
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// Forgets everything. Capacity is kept.
    #[inline]
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
        let kept = kept.max(FIRST_BYTES).max(self.len);
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
        if self.capacity != 0 {
            // SAFETY: the mapping is this buffer's own and no borrow of it is left.
            unsafe { sys::unmap(self.start, self.capacity) }
        }
    }
}

// SAFETY: a `Buffer` owns its mapping alone; nothing in it is tied to a thread.
unsafe impl Send for Buffer {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_mapped_before_the_first_byte() {
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
        assert_eq!(buffer.capacity, FIRST_BYTES);
    }

    #[test]
    fn the_bound_holds_to_the_byte() {
        let mut buffer = Buffer::new(100_000);
        assert_eq!(buffer.push(&[0; 100_000]), Ok(()));
        assert_eq!(buffer.push(&[0]), Err(Overflow::Bound));
        assert_eq!(buffer.reserve(usize::MAX), Err(Overflow::Bound));
        assert_eq!(buffer.len(), 100_000);
    }

    #[test]
    fn spare_is_readable_before_it_is_written() {
        let mut buffer = Buffer::new(100);
        buffer.reserve(1).unwrap();
        assert!(buffer.spare().iter().all(|byte| *byte == 0));
    }
}
