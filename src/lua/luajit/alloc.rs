//! The allocator of the Lua state, in place of LuaJIT's `lj_alloc.c`, which is Doug Lea's.
//!
//! What is good about that one is here too: 8 bytes of overhead for each block, free neighbours united at once, exact bins for small sizes,
//! blocks cut off one region after the other so that few pages are touched, large ones mapped each by itself. What differs is the search
//! for a larger hole: bins of similar sizes in place of trees, which were most of the code.
//!
//! ```text
//! segment    [next segment] [bytes of this one] (of the first: State) [head] [block ...] [head] [block ...] ... [head of size 0]
//! block      [head: size and flags] [the caller's bytes ................................................]
//! hole       [head: size and flags] [next hole of the bin] [previous one] ........... [size] [head of what follows]
//! mapped     [nothing] [head: bytes of the mapping less 8, IS_MAPPED] [the caller's bytes ...]
//! ```
//!
//! A size counts from a head to the next one. A block's address is that of the caller's bytes, a multiple of 8: nothing in LuaJIT needs
//! more. What holds at all times, but for the middle of a function here:
//!
//! - Two holes are never neighbours, and each hole is in the bin of its size.
//! - The *region*, from which small blocks are cut where there is no hole of just their size, is marked as a block in use: nothing unites
//!   with it before it is given up.
//! - What follows a hole has [`PREVIOUS_IS_FREE`], and the hole's size in front of its head.
//!
//! Speed, peak memory and memory given back were compared with `lj_alloc.c`'s on the calls that Lua programs made, and on random ones. The
//! unit tests walk every head and every bin.

use core::cell::UnsafeCell;
use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::{AtomicBool, Ordering};

/// The caller's bytes of a block; of a hole, its place in the list of its bin. Lists are circles through the bin.
#[repr(C)]
struct Link {
    next: *mut Link,
    previous: *mut Link,
}

/// What is mapped for small blocks. The record of each stands at its beginning.
#[repr(C)]
struct Segment {
    next: *mut Segment,
    bytes: usize,
}

/// What the allocator of one Lua state knows, at the beginning of its first segment.
#[repr(C)]
struct State {
    own: Segment,
    /// The region; [`Heap::no_region`], the address of the bins with `no_size` as its head, where there is none.
    region: *mut Link,
    /// The bins that may have holes, one bit each.
    bins_used: u64,
    /// The segment mapped last; the others follow.
    segments: *mut Segment,
    /// Where the next large block should be mapped: behind the last one, always further up.
    hint: usize,
    /// Zero: the head before the bins, which stand for a region of no bytes.
    no_size: usize,
    bins: [Link; BIN_COUNT],
}

/// The allocator of one Lua state. Every method relies on what [`Heap::new`] asks for: the address is right as long as the heap lives.
#[derive(Clone, Copy)]
struct Heap(*mut State);

/// In a head: this is a hole.
const IS_FREE: usize = 1;
/// In a head: what stands before is a hole.
const PREVIOUS_IS_FREE: usize = 2;
/// In a head: the block is a mapping of its own.
const IS_MAPPED: usize = 4;
const FLAGS: usize = 7;

const HEAD_BYTES: usize = size_of::<usize>();
/// A hole's head, links and size.
const SIZE_MIN: usize = 32;

/// One for each size from [`SIZE_MIN`] to 255, four for each doubling from there on, one for all from 112 KB on: a word has a bit for each.
/// That one has nothing that a block must look for in vain: from about there on blocks are mapped each by itself.
const BIN_COUNT: usize = 64;
/// Sizes, in words, below which each has a bin of its own.
const EXACT_WORDS: usize = 32;
/// The size of the first bin, in words.
const FIRST_WORDS: usize = SIZE_MIN / HEAD_BYTES;
/// So many holes of a bin are looked at. More make allocation slower and peaks no lower.
const TRIES: usize = 16;

/// What is mapped at a time, the granularity of LuaJIT's allocator.
const SEGMENT_BYTES: usize = 128 * 1024;
/// A block for which an empty segment has no room is mapped by itself, unless there is a hole for it.
const MAPPED_BYTES_MIN: usize = SEGMENT_BYTES - size_of::<Segment>() - 2 * HEAD_BYTES;
/// As much of a large hole becomes the region. With more, peaks are higher; with less, there is more to do.
const REGION_BYTES: usize = 4 * 1024;
/// A larger hole in front of the region unites with it: a region in the midst of free memory would keep it from going back.
const REGION_HOLE_BYTES_MAX: usize = 16 * 1024;
/// From so many free bytes on the end of a segment goes back to the system, as LuaJIT's allocator does it.
const GIVE_BACK_BYTES: usize = 2 * 1024 * 1024;
/// The largest page of a kernel: on aarch64 there are some of 16 and 64 KB. No memory is touched for it.
const PAGE_BYTES: usize = if cfg!(target_arch = "aarch64") { 64 * 1024 } else { 4096 };

/// LuaJIT's values have room for addresses of 47 bits (`LJ_GC64`).
const ADDRESS_BITS: u32 = 47;
/// Where an address is taken, the next one to try is so much higher: room for all of a heap.
const STEP_BYTES: usize = 1 << 36;
const ATTEMPTS: usize = 64;

/// The first segment of the first heap. Static memory lies beside the program, so it needs no mapping and no page tables of its own.
#[cfg_attr(target_arch = "x86_64", repr(align(4096)))]
#[cfg_attr(target_arch = "aarch64", repr(align(65536)))]
struct First(UnsafeCell<[u8; SEGMENT_BYTES]>);
// SAFETY: `lj_alloc_create` hands it out once and nothing else names it.
unsafe impl Sync for First {}
#[unsafe(link_section = ".bss.last.segment")]
static FIRST: First = First(UnsafeCell::new([0; SEGMENT_BYTES]));
static FIRST_IS_TAKEN: AtomicBool = AtomicBool::new(false);

/// Whether LuaJIT can work with these addresses.
fn is_low(start: *mut u8, bytes: usize) -> bool {
    (start.addr() + bytes) >> ADDRESS_BITS == 0
}

/// Maps zeroed memory at low addresses: at `hint`, or further up where that is taken. Null if there is none.
///
/// Where the kernel may choose, aarch64's gives high addresses, and both give one below the other, where no segment could continue the
/// last. So its choice is taken only where it takes no hints.
fn map(mut hint: usize, bytes: usize) -> *mut u8 {
    #[cfg(test)]
    if tests::IS_EXHAUSTED.get() {
        return ptr::null_mut();
    }
    for attempt in 0..ATTEMPTS {
        // SAFETY: an anonymous mapping where nothing is touches no memory of ours.
        let start = unsafe {
            libc::mmap(
                ptr::without_provenance_mut(hint),
                bytes,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        if start == libc::MAP_FAILED {
            break;
        }
        if is_low(start.cast(), bytes) && (start.addr() == hint || attempt > ATTEMPTS / 2) {
            return start.cast();
        }
        // SAFETY: it was mapped just now.
        unsafe { libc::munmap(start, bytes) };
        hint = (hint + STEP_BYTES) % (1 << ADDRESS_BITS);
    }
    ptr::null_mut()
}

/// The head of a block or hole.
///
/// # Safety
/// There is one at this address.
#[inline(always)]
unsafe fn head(block: *mut Link) -> *mut usize {
    // SAFETY: the caller vouches for it.
    unsafe { block.cast::<usize>().sub(1) }
}

/// The size of a block or hole.
///
/// # Safety
/// As for [`head`].
#[inline(always)]
unsafe fn size_of_block(block: *mut Link) -> usize {
    // SAFETY: the caller vouches for it.
    unsafe { *head(block) & !FLAGS }
}

/// Takes a hole off its bin.
///
/// # Safety
/// It is in one.
#[inline(always)]
unsafe fn unlink(hole: *mut Link) {
    // SAFETY: the links of a hole in a bin are those of its neighbours there.
    unsafe {
        let Link { next, previous } = hole.read();
        (*next).previous = previous;
        (*previous).next = next;
    }
}

/// The bin for holes of a size.
fn bin_of(size: usize) -> usize {
    let words = size / HEAD_BYTES;
    if words < EXACT_WORDS {
        return words - FIRST_WORDS;
    }
    // The highest three bits are 4 to 7.
    let doubling = words.ilog2() as usize;
    let quarters = (words >> (doubling - 2)) - 4 + 4 * (doubling - EXACT_WORDS.ilog2() as usize);
    (quarters + EXACT_WORDS - FIRST_WORDS).min(BIN_COUNT - 1)
}

/// The size of a block with room for so many bytes.
fn size_for(bytes: usize) -> usize {
    ((bytes + 2 * HEAD_BYTES - 1) & !FLAGS).max(SIZE_MIN)
}

/// The length of a mapping with room for so many bytes.
fn mapping_for(bytes: usize) -> usize {
    (bytes + 2 * HEAD_BYTES).next_multiple_of(PAGE_BYTES)
}

impl Heap {
    /// A heap in fresh memory of [`SEGMENT_BYTES`].
    ///
    /// # Safety
    /// The memory is zeroed, aligned to a page and the heap's own.
    unsafe fn new(start: *mut u8) -> Heap {
        let heap = Heap(start.cast());
        // SAFETY: the caller vouches for the memory, where all zeros are a State without bins and blocks.
        unsafe {
            let state = heap.0;
            (*state).own.bytes = SEGMENT_BYTES;
            (*state).segments = &raw mut (*state).own;
            for index in 0..BIN_COUNT {
                let bin = heap.bin(index);
                bin.write(Link { next: bin, previous: bin });
            }
            // Large blocks stay clear of where small ones and compiled code will be.
            (*state).hint = start.addr() ^ (STEP_BYTES / 2);
            let block: *mut Link = state.add(1).cast::<usize>().add(1).cast();
            *head(block) = start.addr() + SEGMENT_BYTES - block.addr();
            (*state).region = block;
        }
        heap
    }

    /// A bin.
    #[inline(always)]
    fn bin(self, index: usize) -> *mut Link {
        // SAFETY: `bin_of` returns no other numbers, and the map of bins has no others.
        unsafe { (&raw mut (*self.0).bins).cast::<Link>().add(index) }
    }

    /// The region of no bytes.
    fn no_region(self) -> *mut Link {
        self.bin(0)
    }

    /// Makes a hole from `block` to the end of the segment that was mapped last.
    ///
    /// # Safety
    /// All of it is new, but perhaps for the head, whose size is 0.
    unsafe fn add(self, block: *mut Link) {
        // SAFETY: the caller vouches for it.
        unsafe {
            let end = (*self.0).segments.addr() + (*(*self.0).segments).bytes;
            let bytes = end - block.addr();
            *head(block) += bytes;
            // It is zero already, but would be read before it is written: two page faults in place of one.
            *head(block.byte_add(bytes)) = 0;
            self.release(block);
        }
    }

    /// Maps more memory, behind the segment mapped last if that is possible. Whether there was any.
    #[cold]
    fn grow(self) -> bool {
        // SAFETY: segments are live as long as the heap. What follows one may be its continuation: nobody else knows of it.
        unsafe {
            let last = (*self.0).segments;
            let end = last.byte_add((*last).bytes);
            let start: *mut Segment = map(end.addr(), SEGMENT_BYTES).cast();
            if start.is_null() {
                return false;
            }
            if start == end {
                (*last).bytes += SEGMENT_BYTES;
                // The head of size 0 becomes that of the new hole.
                self.add(start.cast());
            } else {
                start.write(Segment { next: last, bytes: SEGMENT_BYTES });
                (*self.0).segments = start;
                self.add(start.add(1).cast::<usize>().add(1).cast());
            }
        }
        true
    }

    /// A hole of the bin with at least this size, the smallest that a short search finds, as a block in use. Null if there is none.
    fn take(self, bin: usize, size: usize) -> *mut Link {
        let end = self.bin(bin);
        let (mut best, mut best_rest) = (ptr::null_mut(), isize::MAX as usize);
        // SAFETY: the links of a bin lead to holes, back to the bin at last.
        unsafe {
            let mut hole = (*end).next;
            let mut tries = TRIES;
            while hole != end && tries > 0 {
                // Of a smaller one it is beyond all bounds.
                let rest = size_of_block(hole).wrapping_sub(size);
                if rest < best_rest {
                    (best, best_rest) = (hole, rest);
                    if rest == 0 {
                        break;
                    }
                }
                hole = (*hole).next;
                tries -= 1;
            }
            if !best.is_null() {
                self.occupy(best);
            }
        }
        best
    }

    /// Makes a hole a block in use.
    ///
    /// # Safety
    /// It is a hole in a bin.
    #[inline(always)]
    unsafe fn occupy(self, hole: *mut Link) {
        // SAFETY: the caller vouches for the hole; a head follows every one.
        unsafe {
            unlink(hole);
            *head(hole) -= IS_FREE;
            *head(hole.byte_add(size_of_block(hole))) -= PREVIOUS_IS_FREE;
        }
    }

    /// Makes a block in use a hole, together with its free neighbours.
    ///
    /// # Safety
    /// The block is in use, and nobody uses it from now on.
    unsafe fn release(self, mut block: *mut Link) {
        // SAFETY: the caller vouches for the block; heads and flags say what its neighbours are.
        unsafe {
            let mut size = size_of_block(block);
            if *head(block) & PREVIOUS_IS_FREE > 0 {
                let before = *head(block).sub(1);
                block = block.byte_sub(before);
                unlink(block);
                size += before;
            }
            loop {
                let next = block.byte_add(size);
                if *head(next) & IS_FREE > 0 {
                    unlink(next);
                } else if size > REGION_HOLE_BYTES_MAX && next == (*self.0).region {
                    (*self.0).region = self.no_region();
                } else {
                    *head(next) |= PREVIOUS_IS_FREE;
                    break;
                }
                size += size_of_block(next);
            }
            // Only behind the end of a segment there is a head of size 0.
            if size >= GIVE_BACK_BYTES && size_of_block(block.byte_add(size)) == 0 {
                let mut segment = (*self.0).segments;
                while segment.addr() + (*segment).bytes != block.addr() + size {
                    segment = (*segment).next;
                }
                let given = (size - SEGMENT_BYTES) & !(PAGE_BYTES - 1);
                size -= given;
                (*segment).bytes -= given;
                libc::munmap(block.byte_add(size).cast(), given);
                *head(block.byte_add(size)) = PREVIOUS_IS_FREE;
            }
            *head(block) = size + IS_FREE;
            *head(block.byte_add(size)).sub(1) = size;
            let index = bin_of(size);
            (*self.0).bins_used |= 1 << index;
            let bin = self.bin(index);
            let next = (*bin).next;
            block.write(Link { next, previous: bin });
            (*next).previous = block;
            (*bin).next = block;
        }
    }

    /// Gives up the region.
    fn release_region(self) {
        // SAFETY: the region is marked as a block in use, and nobody uses it.
        unsafe {
            let region = (*self.0).region;
            (*self.0).region = self.no_region();
            if size_of_block(region) > 0 {
                self.release(region);
            }
        }
    }

    /// Makes a block no longer than this size.
    ///
    /// # Safety
    /// It is in use.
    unsafe fn cut(self, block: *mut Link, size: usize) {
        // SAFETY: the caller vouches for it; the rest becomes a block, which is free.
        unsafe {
            let rest = size_of_block(block).saturating_sub(size);
            if rest >= SIZE_MIN {
                *head(block) -= rest;
                let tail = block.byte_add(size);
                *head(tail) = rest;
                self.release(tail);
            }
        }
    }

    /// A new block. Null if there is no memory.
    fn allocate(self, bytes: usize) -> *mut Link {
        if bytes >> ADDRESS_BITS > 0 {
            return ptr::null_mut();
        }
        let size = size_for(bytes);
        // SAFETY: the invariants above hold.
        unsafe {
            if size < EXACT_WORDS * HEAD_BYTES {
                let bin = self.bin(size / HEAD_BYTES - FIRST_WORDS);
                let hole = (*bin).next;
                if hole != bin {
                    self.occupy(hole);
                    return hole;
                }
            } else {
                let block = self.find(size);
                if !block.is_null() {
                    self.cut(block, size);
                    return block;
                }
                if bytes >= MAPPED_BYTES_MIN {
                    return self.allocate_mapped(bytes);
                }
            }
            let mut block = (*self.0).region;
            if size_of_block(block) < size + SIZE_MIN {
                block = self.find_more(size);
                if block.is_null() {
                    return block;
                }
            }
            self.cut_for_region(block, size);
            block
        }
    }

    /// Makes a block no longer than this size; what is cut off becomes the region, or its beginning does.
    ///
    /// # Safety
    /// It is in use and has at least this size. It is the region, or there is none.
    #[inline(always)]
    unsafe fn cut_for_region(self, block: *mut Link, size: usize) {
        // SAFETY: the caller vouches for it.
        unsafe {
            let rest = size_of_block(block) - size;
            if rest >= SIZE_MIN {
                *head(block) -= rest;
                let region = block.byte_add(size);
                *head(region) = rest;
                (*self.0).region = region;
            }
        }
    }

    /// A hole of at least this size as a block in use. Null if a short search in each bin finds none.
    fn find(self, size: usize) -> *mut Link {
        // SAFETY: the heap is live, as its bins are.
        unsafe {
            let mut bins = (*self.0).bins_used & (u64::MAX << bin_of(size));
            while bins > 0 {
                let index = bins.trailing_zeros() as usize;
                let block = self.take(index, size);
                if !block.is_null() {
                    return block;
                }
                if (*self.bin(index)).next == self.bin(index) {
                    (*self.0).bins_used &= !(1 << index);
                }
                bins &= bins - 1;
            }
            ptr::null_mut()
        }
    }

    /// The same, with the region and with more memory from the system if need be, and with enough for the next region where there is so
    /// much. There is no region afterwards.
    #[inline(never)]
    fn find_more(self, size: usize) -> *mut Link {
        self.release_region();
        loop {
            let block = self.find(size);
            if !block.is_null() {
                // SAFETY: it is in use.
                unsafe { self.cut(block, size + REGION_BYTES) };
                return block;
            }
            if !self.grow() {
                return block;
            }
        }
    }

    /// A new block with a mapping of its own.
    #[inline(never)]
    fn allocate_mapped(self, bytes: usize) -> *mut Link {
        let total = mapping_for(bytes);
        let start = self.map_large(total);
        // SAFETY: the mapping is longer than two words.
        unsafe { if start.is_null() { start.cast() } else { mapped(start, total) } }
    }

    /// Maps memory for a large block.
    fn map_large(self, bytes: usize) -> *mut u8 {
        // SAFETY: the heap is live.
        unsafe {
            let start = map((*self.0).hint, bytes);
            if !start.is_null() {
                (*self.0).hint = start.addr() + bytes;
            }
            start
        }
    }

    /// Frees a block.
    ///
    /// # Safety
    /// It is in use, and nobody uses it from now on.
    unsafe fn free(self, block: *mut Link) {
        // SAFETY: the caller vouches for the block.
        unsafe {
            let word = *head(block);
            if word & IS_MAPPED > 0 {
                libc::munmap(block.byte_sub(2 * HEAD_BYTES).cast(), (word & !FLAGS) + HEAD_BYTES);
            } else {
                self.release(block);
            }
        }
    }

    /// Makes a block longer or shorter; it may move. Null if there is no memory: it is then as it was.
    ///
    /// # Safety
    /// The block is in use.
    #[inline(never)]
    unsafe fn reallocate(self, block: *mut Link, bytes: usize) -> *mut Link {
        // SAFETY: the caller vouches for the block, and so the invariants above hold for it.
        unsafe {
            let word = *head(block);
            let old = word & !FLAGS;
            if bytes >> ADDRESS_BITS > 0 {
                return ptr::null_mut();
            }
            if word & IS_MAPPED == 0 {
                let size = size_for(bytes);
                let next = block.byte_add(old);
                if size > old {
                    if next == (*self.0).region {
                        self.release_region();
                    }
                    // A hole, which may be the region of before, with what was free behind it.
                    if *head(next) & IS_FREE > 0 && old + size_of_block(next) >= size {
                        self.occupy(next);
                        *head(block) += size_of_block(next);
                        if (*self.0).region == self.no_region() {
                            self.cut(block, size + REGION_BYTES);
                            self.cut_for_region(block, size);
                        } else {
                            self.cut(block, size);
                        }
                        return block;
                    }
                }
                if size <= old {
                    self.cut(block, size);
                    return block;
                }
            } else if bytes >= MAPPED_BYTES_MIN {
                let total = mapping_for(bytes);
                let start: *mut c_void = block.byte_sub(2 * HEAD_BYTES).cast();
                let old_total = old + HEAD_BYTES;
                if total == old_total {
                    return block;
                }
                if is_low(start.cast(), total) && libc::mremap(start, old_total, total, 0) != libc::MAP_FAILED {
                    if (*self.0).hint == start.addr() + old_total {
                        (*self.0).hint = start.addr() + total;
                    }
                    return mapped(start.cast(), total);
                }
                // Where LuaJIT can use it: the kernel's choice might not be.
                let to = self.map_large(total);
                if to.is_null() {
                    return ptr::null_mut();
                }
                if libc::mremap(start, old_total, total, libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED, to) == libc::MAP_FAILED {
                    libc::munmap(to.cast(), total);
                    return ptr::null_mut();
                }
                return mapped(to, total);
            }
            let new = self.allocate(bytes);
            if !new.is_null() {
                ptr::copy_nonoverlapping(block.cast::<u8>(), new.cast(), bytes.min(old - HEAD_BYTES));
                self.free(block);
            }
            new
        }
    }
}

/// The block of a mapping.
///
/// # Safety
/// It is a mapping of that length, of at least two words.
unsafe fn mapped(start: *mut u8, bytes: usize) -> *mut Link {
    // SAFETY: the caller vouches for it.
    unsafe {
        let block: *mut Link = start.add(2 * HEAD_BYTES).cast();
        *head(block) = bytes - HEAD_BYTES + IS_MAPPED;
        block
    }
}

/// Makes the allocator of a Lua state. Null if there is no memory.
#[unsafe(no_mangle)]
pub extern "C" fn lj_alloc_create(_random: *mut c_void) -> *mut c_void {
    let first: *mut u8 = FIRST.0.get().cast();
    let is_static = is_low(first, SEGMENT_BYTES) && !FIRST_IS_TAKEN.swap(true, Ordering::Relaxed);
    let start = if is_static { first } else { map(STEP_BYTES, SEGMENT_BYTES) };
    if start.is_null() {
        return ptr::null_mut();
    }
    // SAFETY: it was mapped just now, or is the static segment, which has one owner.
    unsafe { Heap::new(start).0.cast() }
}

/// LuaJIT lends its random numbers for hints. Nothing here needs them.
#[unsafe(no_mangle)]
extern "C" fn lj_alloc_setprng(_heap: *mut c_void, _random: *mut c_void) {}

/// Unmaps a heap, but for its large blocks.
///
/// # Safety
/// `heap` comes from [`lj_alloc_create`]; nobody uses it or its blocks from now on.
#[unsafe(no_mangle)]
unsafe extern "C" fn lj_alloc_destroy(heap: *mut c_void) {
    // SAFETY: the caller vouches for it; each record is read before its segment goes.
    unsafe {
        let mut segment = (*heap.cast::<State>()).segments;
        while !segment.is_null() {
            let Segment { next, bytes } = segment.read();
            libc::munmap(segment.cast(), bytes);
            segment = next;
        }
    }
}

/// `lua_Alloc`: with 0 bytes it frees, without a block it makes one. The old length is not looked at.
///
/// # Safety
/// `heap` comes from [`lj_alloc_create`]; `block` is null or came from here and was not freed since.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lj_alloc_f(heap: *mut c_void, block: *mut c_void, _old_bytes: usize, bytes: usize) -> *mut c_void {
    // SAFETY: the caller vouches for both.
    unsafe {
        let heap = Heap(heap.cast());
        let block: *mut Link = block.cast();
        if block.is_null() {
            if bytes == 0 { ptr::null_mut() } else { heap.allocate(bytes).cast() }
        } else if bytes == 0 {
            heap.free(block);
            ptr::null_mut()
        } else {
            heap.reallocate(block, bytes).cast()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::cell::Cell;
    use std::time::{Duration, Instant};
    use std::vec::Vec;

    std::thread_local! {
        /// Whether the system has no memory for the tests of this thread.
        pub static IS_EXHAUSTED: Cell<bool> = const { Cell::new(false) };
    }

    /// Numbers by xorshift64*.
    struct Random(u64);

    impl Random {
        fn below(&mut self, limit: usize) -> usize {
            self.0 ^= self.0 >> 12;
            self.0 ^= self.0 << 25;
            self.0 ^= self.0 >> 27;
            (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16) as usize % limit
        }

        /// Small sizes mostly, as Lua's are; now and then one of the whole range.
        fn bytes(&mut self) -> usize {
            1 + match self.below(1000) {
                0..600 => self.below(256),
                600..900 => self.below(2048),
                900..980 => self.below(20_000),
                980..998 => self.below(140_000),
                _ => self.below(1_000_000),
            }
        }
    }

    /// A heap, its blocks and how each was filled.
    struct Program {
        heap: Heap,
        /// Address, bytes, and the first word's value; each word's is one more.
        blocks: Vec<(*mut u8, usize, usize)>,
        count: usize,
    }

    impl Program {
        fn new() -> Program {
            let heap = Heap(lj_alloc_create(ptr::null_mut()).cast());
            assert!(!heap.0.is_null());
            Program { heap, blocks: Vec::new(), count: 0 }
        }

        fn call(&self, block: *mut u8, old_bytes: usize, bytes: usize) -> *mut u8 {
            // SAFETY: tests pass what they were given and have not freed.
            unsafe { lj_alloc_f(self.heap.0.cast(), block.cast(), old_bytes, bytes).cast() }
        }

        /// A new block; whether there was memory.
        fn add(&mut self, bytes: usize) -> bool {
            let block = self.call(ptr::null_mut(), 0, bytes);
            if !block.is_null() {
                self.keep(block, bytes);
            }
            !block.is_null()
        }

        fn keep(&mut self, block: *mut u8, bytes: usize) {
            assert!(block.addr().is_multiple_of(8) && is_low(block, bytes));
            self.count += 1000;
            for at in 0..bytes {
                // SAFETY: the block has that many bytes.
                unsafe { block.add(at).write((self.count + at / 8) as u8) };
            }
            self.blocks.push((block, bytes, self.count));
        }

        /// Where a block stands that has kept its place.
        fn index_of(&self, block: *mut u8) -> usize {
            self.blocks.iter().position(|(other, ..)| *other == block).expect("it has not moved")
        }

        /// Forgets a block, whose bytes must be as they were filled.
        fn forget(&mut self, index: usize) -> (*mut u8, usize) {
            let (block, bytes, filled) = self.blocks.swap_remove(index);
            assert_filled(block, bytes, filled);
            (block, bytes)
        }

        fn free(&mut self, index: usize) {
            let (block, bytes) = self.forget(index);
            assert!(self.call(block, bytes, 0).is_null());
        }

        /// Another length for a block; whether there was memory.
        fn resize(&mut self, index: usize, bytes: usize) -> bool {
            let (block, old_bytes, filled) = self.blocks[index];
            let new = self.call(block, old_bytes, bytes);
            if new.is_null() {
                assert_filled(block, old_bytes, filled);
                return false;
            }
            self.blocks.swap_remove(index);
            assert_filled(new, bytes.min(old_bytes), filled);
            self.keep(new, bytes);
            true
        }

        /// Bytes of the segments.
        fn mapped_bytes(&self) -> usize {
            // SAFETY: the heap is live, and so are its segments.
            unsafe {
                let mut segment = (*self.heap.0).segments;
                let mut bytes = 0;
                while !segment.is_null() {
                    bytes += (*segment).bytes;
                    segment = (*segment).next;
                }
                bytes
            }
        }

        /// Walks every head of every segment, and every bin.
        fn check(&self) {
            let heap = self.heap;
            let (mut holes, mut blocks) = (0, 0);
            let mut inside = Vec::new();
            // SAFETY: the heap is live; what is read is checked before it is relied on, as far as that is possible.
            unsafe {
                let state = heap.0;
                let region = (*state).region;
                let mut segment = (*state).segments;
                while !segment.is_null() {
                    let first = if ptr::eq(segment, &raw mut (*state).own) { size_of::<State>() } else { size_of::<Segment>() };
                    let end = segment.addr() + (*segment).bytes;
                    let mut block: *mut Link = segment.byte_add(first + HEAD_BYTES).cast();
                    let mut follows_hole = false;
                    while block.addr() < end {
                        let (word, size) = (*head(block), size_of_block(block));
                        assert!(size >= SIZE_MIN && word & IS_MAPPED == 0, "{word:x}");
                        assert_eq!(word & PREVIOUS_IS_FREE > 0, follows_hole);
                        let is_free = word & IS_FREE > 0;
                        assert!(!(is_free && follows_hole), "two holes are neighbours");
                        if is_free {
                            holes += 1;
                            assert_eq!(*head(block.byte_add(size)).sub(1), size);
                        } else if block != region {
                            blocks += 1;
                            inside.push((block.cast::<u8>(), size));
                        }
                        follows_hole = is_free;
                        block = block.byte_add(size);
                    }
                    assert_eq!(block.addr(), end);
                    assert_eq!(*head(block), if follows_hole { PREVIOUS_IS_FREE } else { 0 });
                    segment = (*segment).next;
                }
                for index in 0..BIN_COUNT {
                    let bin = heap.bin(index);
                    let mut hole = bin;
                    while (*hole).next != bin {
                        assert_eq!((*(*hole).next).previous, hole);
                        hole = (*hole).next;
                        assert!(*head(hole) & IS_FREE > 0);
                        assert_eq!(bin_of(size_of_block(hole)), index);
                        assert!((*state).bins_used & 1 << index > 0);
                        holes -= 1;
                    }
                    assert_eq!((*bin).previous, hole);
                }
                assert_eq!(holes, 0, "each hole is in a bin");
                assert_eq!((*state).no_size, 0);
                // What is in use is what the program has, and is long enough.
                inside.sort_unstable();
                for (block, bytes, _) in &self.blocks {
                    let word = *head(block.cast());
                    if word & IS_MAPPED > 0 {
                        assert!((word & !FLAGS) - HEAD_BYTES >= *bytes);
                    } else {
                        let at = inside.binary_search_by_key(block, |(block, _)| *block).expect("it lies in a segment");
                        assert!(inside[at].1 - HEAD_BYTES >= *bytes);
                        blocks -= 1;
                    }
                }
                assert_eq!(blocks, 0, "nothing else is in use");
            }
        }

        /// Frees everything: all memory but a little must be one hole again.
        fn end(mut self) {
            while let Some(last) = self.blocks.len().checked_sub(1) {
                self.free(last);
            }
            self.check();
            // SAFETY: nothing uses the heap from now on.
            unsafe { lj_alloc_destroy(self.heap.0.cast()) };
        }
    }

    fn assert_filled(block: *mut u8, bytes: usize, filled: usize) {
        for at in 0..bytes {
            // SAFETY: the block is live and has at least that many bytes.
            let byte = unsafe { block.add(at).read() };
            assert_eq!(byte, (filled + at / 8) as u8, "at {at} of {bytes}");
        }
    }

    /// One random step, with at most `room` blocks.
    fn step(program: &mut Program, random: &mut Random, room: usize) {
        let count = program.blocks.len();
        let bytes = random.bytes();
        IS_EXHAUSTED.set(random.below(16) == 0);
        let has_succeeded = match random.below(8) {
            0..4 if count < room => program.add(bytes),
            4 | 5 if count > 0 => {
                let index = random.below(count);
                // Half of them grow or shrink a little, as buffers and tables do.
                let near = program.blocks[index].1 * (2 + random.below(5)) / 3;
                program.resize(index, if bytes.is_multiple_of(2) { bytes } else { near.clamp(1, 2_000_000) })
            }
            _ => {
                if count > 0 {
                    program.free(random.below(count));
                }
                true
            }
        };
        assert!(has_succeeded || IS_EXHAUSTED.get());
        IS_EXHAUSTED.set(false);
    }

    #[test]
    fn random_blocks_keep_their_bytes_and_the_heap_its_order() {
        // COLDMOON_ALLOC_SECONDS=60 makes it a minute.
        let seconds = std::env::var("COLDMOON_ALLOC_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
        let deadline = Instant::now() + Duration::from_secs(seconds);
        let mut seed = 0;
        while seed == 0 || Instant::now() < deadline {
            seed += 1;
            let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ (seed << 32));
            let mut program = Program::new();
            for room in [20, 300, 5, 1000, 100] {
                for turn in 0..3000 {
                    step(&mut program, &mut random, room);
                    // After each step where there is little to walk.
                    if program.blocks.len() < 20 || turn % 64 == 0 {
                        program.check();
                    }
                }
            }
            program.end();
        }
        std::println!("programs up to seed {seed}");
    }

    #[test]
    fn sizes_go_into_ascending_bins() {
        let mut last = bin_of(SIZE_MIN);
        let mut size = SIZE_MIN;
        while size < 4 * 1024 * 1024 {
            let bin = bin_of(size);
            assert!(bin == last || bin == last + 1, "{size}");
            assert!(size >= 256 || bin == size / 8 - 4);
            last = bin;
            size += 8;
        }
        assert_eq!(last, BIN_COUNT - 1);
        assert_eq!(bin_of(1 << 46), BIN_COUNT - 1);
        assert_eq!([bin_of(112 * 1024 - 8), bin_of(112 * 1024)], [BIN_COUNT - 2, BIN_COUNT - 1]);
    }

    #[test]
    fn sizes_beyond_all_memory_are_refused_and_change_nothing() {
        let mut program = Program::new();
        assert!(program.add(100) && program.add(1_000_000));
        for bytes in [usize::MAX, usize::MAX - 7, 1 << 63, 1 << 47, (1 << 47) - 1, 1 << 46] {
            assert!(!program.add(bytes), "{bytes}");
            assert!(!program.resize(0, bytes), "{bytes}");
            assert!(!program.resize(1, bytes), "{bytes}");
            program.check();
        }
        assert!(program.call(ptr::null_mut(), 0, 0).is_null());
        program.end();
    }

    #[test]
    fn without_memory_nothing_is_lost() {
        let mut program = Program::new();
        IS_EXHAUSTED.set(true);
        assert!(!program.add(MAPPED_BYTES_MIN));
        while program.add(1000) {}
        assert!(program.blocks.len() > 100);
        assert!(!program.resize(0, 2000));
        while program.add(1) {}
        program.check();
        program.free(7);
        assert!(program.add(1000), "what was freed can be had");
        IS_EXHAUSTED.set(false);
        assert!(program.add(1000) && program.add(MAPPED_BYTES_MIN));
        let large = program.blocks.len() - 1;
        // Behind it, so that it has to move.
        assert!(program.add(MAPPED_BYTES_MIN));
        IS_EXHAUSTED.set(true);
        assert!(!program.resize(large, MAPPED_BYTES_MIN * 2));
        IS_EXHAUSTED.set(false);
        assert!(program.resize(large, MAPPED_BYTES_MIN * 2));
        program.check();
        program.end();
    }

    #[test]
    fn the_last_block_grows_where_it_is() {
        let mut program = Program::new();
        assert!(program.add(40) && program.add(40));
        let (start, ..) = program.blocks[1];
        for bytes in [41, 300, 5000, 20_000, 50_000, 90_000] {
            let index = program.index_of(start);
            assert!(program.resize(index, bytes));
            program.check();
        }
        let index = program.index_of(start);
        assert!(program.resize(index, 30), "and shrinks");
        assert!(program.blocks.iter().any(|(block, ..)| *block == start));
        program.end();
    }

    #[test]
    fn a_large_document_goes_back_to_the_system() {
        let mut program = Program::new();
        for _ in 0..1000 {
            assert!(program.add(100));
        }
        let before = program.mapped_bytes();
        let mut random = Random(1);
        for _ in 0..100_000 {
            assert!(program.add(1 + random.below(200)));
        }
        assert!(program.mapped_bytes() > 10_000_000);
        // The collector frees the newest first, or in any order.
        while program.blocks.len() > 50_000 {
            program.free(program.blocks.len() - 1);
        }
        while program.blocks.len() > 1000 {
            program.free(1000 + random.below(program.blocks.len() - 1000));
        }
        // The region lies in the midst of it, and is soon used up.
        for _ in 0..REGION_BYTES / 100 {
            assert!(program.add(100));
        }
        while program.blocks.len() > 1000 {
            program.free(1000);
        }
        program.check();
        assert!(program.mapped_bytes() < before + GIVE_BACK_BYTES + SEGMENT_BYTES, "{}", program.mapped_bytes());
        program.end();
    }

    #[test]
    fn a_heap_of_large_blocks_does_not_grow_by_itself() {
        let program = Program::new();
        let mut random = Random(3);
        // No block is a mapping of its own. What is in them does not matter: nothing but their heads is touched.
        let mut blocks = [(ptr::null_mut::<u8>(), 0); 1500];
        for turn in 0..300_000 {
            let index = if turn < blocks.len() { turn } else { random.below(blocks.len()) };
            let (block, count) = &mut blocks[index];
            program.call(*block, *count, 0);
            *count = 57_000 + random.below(MAPPED_BYTES_MIN - 57_000);
            *block = program.call(ptr::null_mut(), 0, *count);
            assert!(!block.is_null());
        }
        let used: usize = blocks.iter().map(|(_, count)| count).sum();
        let mapped = program.mapped_bytes();
        assert!(mapped < used * 5 / 4, "{mapped} for {used}");
        for (block, count) in blocks {
            program.call(block, count, 0);
        }
        program.check();
        program.end();
    }

    #[test]
    fn a_block_grows_into_the_hole_behind_it() {
        let mut program = Program::new();
        for _ in 0..4 {
            assert!(program.add(40_000));
        }
        let (start, ..) = program.blocks[1];
        // The hole is not the region, nor beside it.
        program.free(2);
        let index = program.index_of(start);
        assert!(program.resize(index, 70_000));
        assert!(program.blocks.iter().any(|(block, bytes, _)| (*block, *bytes) == (start, 70_000)), "it has moved");
        program.check();
        program.end();
    }

    #[test]
    fn a_mapped_block_grows_where_it_lies() {
        let mut program = Program::new();
        assert!(program.add(20 * MAPPED_BYTES_MIN));
        let (start, ..) = program.blocks[0];
        for factor in [21, 40, 39, 10] {
            assert!(program.resize(0, factor * MAPPED_BYTES_MIN));
            assert_eq!(program.blocks[0].0, start, "{factor}");
        }
        program.end();
    }

    #[test]
    fn older_segments_go_back_too() {
        let mut program = Program::new();
        let before = program.mapped_bytes();
        while program.mapped_bytes() < before + 2 * GIVE_BACK_BYTES {
            assert!(program.add(100));
        }
        // Somebody else's page behind the heap: it goes on elsewhere.
        // SAFETY: the heap is live; the page is mapped where nothing is, and unmapped once.
        let page = unsafe {
            let segment = (*program.heap.0).segments;
            let end = segment.byte_add((*segment).bytes).cast();
            libc::mmap(end, PAGE_BYTES, libc::PROT_NONE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED_NOREPLACE, -1, 0)
        };
        assert_ne!(page, libc::MAP_FAILED);
        while program.mapped_bytes() < before + 4 * GIVE_BACK_BYTES {
            assert!(program.add(100));
        }
        while program.blocks.len() > 100 {
            program.free(program.blocks.len() - 1);
        }
        program.check();
        let mapped = program.mapped_bytes();
        assert!(mapped < before + GIVE_BACK_BYTES, "{mapped}");
        // SAFETY: as above.
        unsafe { libc::munmap(page, PAGE_BYTES) };
        program.end();
    }

    #[test]
    fn holes_are_used_before_more_is_mapped() {
        let mut program = Program::new();
        let mut random = Random(2);
        for _ in 0..20_000 {
            assert!(program.add(16 + random.below(300)));
        }
        let mut live: usize = program.blocks.iter().map(|(_, bytes, _)| bytes).sum();
        let peak = program.mapped_bytes();
        assert!(peak < live * 115 / 100, "8 bytes for each, and what alignment takes: {peak} for {live}");
        while program.blocks.len() > 5000 {
            program.free(random.below(program.blocks.len()));
        }
        // Another mixture in place of what was freed.
        live = program.blocks.iter().map(|(_, bytes, _)| bytes).sum::<usize>() + peak / 4;
        while program.blocks.iter().map(|(_, bytes, _)| bytes).sum::<usize>() < live {
            for _ in 0..100 {
                assert!(program.add(200 + random.below(700)));
            }
        }
        assert!(program.mapped_bytes() <= peak, "{} of {peak}", program.mapped_bytes());
        program.end();
    }

    #[test]
    fn large_blocks_are_mapped_and_unmapped_each_by_itself() {
        let mut program = Program::new();
        let segments = program.mapped_bytes();
        for bytes in [MAPPED_BYTES_MIN - 1, MAPPED_BYTES_MIN, MAPPED_BYTES_MIN + 1, 5_000_000] {
            assert!(program.add(bytes));
            assert!(program.resize(0, bytes * 3) && program.resize(0, 10) && program.resize(0, bytes * 2) && program.resize(0, bytes));
            program.check();
            let (block, ..) = program.blocks[0];
            program.free(0);
            let mut seen = 0u8;
            // SAFETY: the kernel writes one byte for the page, or says that there is none.
            let is_there = unsafe { libc::mincore(block.map_addr(|addr| addr & !(PAGE_BYTES - 1)).cast(), 1, (&raw mut seen).cast()) } == 0;
            assert_eq!(is_there, bytes < MAPPED_BYTES_MIN, "{bytes}");
        }
        assert!(program.mapped_bytes() <= segments + 2 * SEGMENT_BYTES);
        program.end();
    }
}
