//! Inputs that end at a page which must not be touched: one read past the end would be a fault.

use std::ptr;
use std::slice;

/// Two pages, the second of which is inaccessible.
struct Fence {
    start: *mut u8,
    page: usize,
}

impl Fence {
    fn new() -> Fence {
        // SAFETY: sysconf only answers; an anonymous mapping at an address of the kernel's choice touches no memory of ours, and the page
        // whose access is taken away is the second one of it.
        unsafe {
            let page = libc::sysconf(libc::_SC_PAGESIZE) as usize;
            let start =
                libc::mmap(ptr::null_mut(), 2 * page, libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, 0);
            assert_ne!(start, libc::MAP_FAILED);
            assert_eq!(libc::mprotect(start.byte_add(page), page, libc::PROT_NONE), 0);
            Fence { start: start.cast(), page }
        }
    }

    /// `bytes`, at most a page of them, in front of the fence.
    fn put(&mut self, bytes: &[u8]) -> &[u8] {
        assert!(bytes.len() <= self.page);
        // SAFETY: the first page is mapped, readable and writable, and `&mut self` makes the view of it unique.
        let page = unsafe { slice::from_raw_parts_mut(self.start, self.page) };
        let end = &mut page[self.page - bytes.len()..];
        end.copy_from_slice(bytes);
        end
    }
}

impl Drop for Fence {
    fn drop(&mut self) {
        // SAFETY: the mapping is this value's own and nothing borrows it any more.
        unsafe { libc::munmap(self.start.cast(), 2 * self.page) };
    }
}

#[test]
fn nothing_is_read_behind_the_end() {
    let mut fence = Fence::new();
    let text = r#" {"key":["0123456789abcdef0123456789","\ud834\udd1e\n",-12345678901234567890.5e-10,true,"Grüße 世界 🌙", null ]} "#;
    for end in 0..=text.len() {
        for start in 0..=end {
            let bytes = fence.put(&text.as_bytes()[start..end]);
            coldmoon_fuzz::json_accepts_as_oracle(bytes);
            coldmoon_fuzz::json_strings(bytes);
        }
    }
}
