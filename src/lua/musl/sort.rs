//! `qsort`, for what a function sorts through FFI. The order is that of the comparison; what it takes for equal is in no particular order,
//! as with musl's.

use super::super::sort::{Elements, heap_sort};
use core::ffi::{c_int, c_void};
use core::ptr;

/// C's way to compare: below, at or above 0.
type Compare = unsafe extern "C" fn(*const c_void, *const c_void) -> c_int;

/// What `qsort` is given, see there.
struct Array {
    base: *mut u8,
    count: usize,
    bytes: usize,
    compare: Compare,
}

impl Array {
    fn at(&self, index: usize) -> *mut u8 {
        // SAFETY: `heap_sort` asks for indices below `count` only; the caller of `qsort` vouches for so many elements.
        unsafe { self.base.add(index * self.bytes) }
    }
}

impl Elements for Array {
    fn count(&self) -> usize {
        self.count
    }

    fn is_before(&self, left: usize, right: usize) -> bool {
        // SAFETY: the caller of `qsort` vouches for the function and the elements.
        unsafe { (self.compare)(self.at(left).cast(), self.at(right).cast()) < 0 }
    }

    fn swap(&mut self, left: usize, right: usize) {
        if left != right {
            // SAFETY: two different elements do not overlap.
            unsafe { ptr::swap_nonoverlapping(self.at(left), self.at(right), self.bytes) };
        }
    }
}

/// `qsort(3)`
///
/// # Safety
/// C's: `base` is to `count` elements of `bytes` bytes each; `compare` takes two of them.
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
unsafe extern "C" fn qsort(base: *mut u8, count: usize, bytes: usize, compare: Compare) {
    heap_sort(&mut Array { base, count, bytes, compare });
}

#[cfg(test)]
mod tests {
    use super::*;

    unsafe extern "C" fn by_first_bytes(left: *const c_void, right: *const c_void) -> c_int {
        // SAFETY: the elements below have three bytes.
        let [left, right] = [left, right].map(|element| unsafe { element.cast::<[u8; 3]>().read() });
        left.cmp(&right) as c_int
    }

    #[test]
    fn elements_of_any_size_are_sorted() {
        let mut random = 1u32;
        for count in 0..60 {
            let mut elements: Vec<[u8; 3]> = (0..count)
                .map(|_| {
                    random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    [(random >> 30) as u8, (random >> 24) as u8, 7]
                })
                .collect();
            let mut expected = elements.clone();
            expected.sort();
            // SAFETY: the vector has that many elements of three bytes.
            unsafe { qsort(elements.as_mut_ptr().cast(), elements.len(), 3, by_first_bytes) };
            assert_eq!(elements, expected);
        }
    }
}
