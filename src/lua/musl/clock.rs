//! Clocks: `clock_gettime`, and on it `time`, `gettimeofday` and `clock`.
//!
//! The kernel brings a function of its own that reads most clocks without a system call, in a piece of memory that looks like a shared
//! object: the vDSO, vdso(7). It is looked for when a clock is first read. As in musl, an object without a `DT_HASH`, which says how many
//! symbols there are, is left alone, and the system call is made.
//!
//! The version of the symbol (`LINUX_2.6`, on aarch64 `LINUX_2.6.39`) is not compared: the kernel has never had two of one name.

use core::ffi::{CStr, c_char, c_int, c_long, c_void};
use core::mem;

type Clock = unsafe extern "C" fn(c_int, *mut libc::timespec) -> c_int;

/// What the kernel calls its function.
const NAME: &CStr = if cfg!(target_arch = "x86_64") { c"__vdso_clock_gettime" } else { c"__kernel_clock_gettime" };

/// What is asked before the kernel is: 0 if it has told the time.
static mut CLOCK: Clock = find;

/// The first call: finds the kernel's function, and calls it.
unsafe extern "C" fn find(clock: c_int, time: *mut libc::timespec) -> c_int {
    unsafe extern "C" fn none(_: c_int, _: *mut libc::timespec) -> c_int {
        -1
    }
    // SAFETY: the address is the kernel's, or 0. The process has one thread. The arguments are the caller's.
    unsafe {
        CLOCK = function_in(libc::getauxval(libc::AT_SYSINFO_EHDR) as *const u8).unwrap_or(none);
        CLOCK(clock, time)
    }
}

/// The function of a vDSO.
///
/// # Safety
/// It is null or one.
unsafe fn function_in(image: *const u8) -> Option<Clock> {
    let header: *const libc::Elf64_Ehdr = image.cast();
    // SAFETY: the caller vouches for the image; what the kernel has linked is complete, and its tables are aligned.
    unsafe {
        let header = header.as_ref()?;
        let mut base = image;
        let mut entry = image.cast::<[usize; 2]>();
        for index in 0..header.e_phnum {
            let segment = &*image.add(header.e_phoff as usize).cast::<libc::Elf64_Phdr>().add(index.into());
            let start = image.wrapping_add(segment.p_offset as usize);
            match segment.p_type {
                libc::PT_LOAD => base = start.wrapping_sub(segment.p_vaddr as usize),
                libc::PT_DYNAMIC => entry = start.cast(),
                _ => {}
            }
        }
        // Those of the tags DT_HASH, DT_STRTAB, DT_SYMTAB.
        let mut tables = [base; 7];
        while (*entry)[0] != 0 {
            if let Some(table) = tables.get_mut((*entry)[0]) {
                *table = base.wrapping_add((*entry)[1]);
            }
            entry = entry.add(1);
        }
        let [_, _, _, _, hash, texts, symbols] = tables;
        // The second word of the hash table is the number of symbols. Without one `hash` is the image, and there are none.
        let count = if hash == base { 0 } else { *hash.cast::<u32>().add(1) };
        let symbols = core::slice::from_raw_parts(symbols.cast::<libc::Elf64_Sym>(), count as usize);
        let found = symbols.iter().find(|symbol| CStr::from_ptr(texts.add(symbol.st_name as usize).cast::<c_char>()) == NAME)?;
        Some(mem::transmute::<*const u8, Clock>(base.wrapping_add(found.st_value as usize)))
    }
}

/// `clock_gettime(2)`
///
/// # Safety
/// C's: the time can be written to.
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
unsafe extern "C" fn clock_gettime(clock: c_int, time: *mut libc::timespec) -> c_int {
    // SAFETY: the caller vouches for the time; the process has one thread.
    unsafe { if CLOCK(clock, time) == 0 { 0 } else { libc::syscall(libc::SYS_clock_gettime, clock, time) as c_int } }
}

fn read(clock: c_int) -> libc::timespec {
    // SAFETY: an all-zero timespec is valid, and is written.
    unsafe {
        let mut time = mem::zeroed();
        clock_gettime(clock, &mut time);
        time
    }
}

/// `time(2)`
///
/// # Safety
/// C's: `into` is null or can be written to.
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
unsafe extern "C" fn time(into: *mut i64) -> i64 {
    let seconds = read(libc::CLOCK_REALTIME).tv_sec;
    // SAFETY: the caller vouches for it.
    if let Some(into) = unsafe { into.as_mut() } {
        *into = seconds;
    }
    seconds
}

/// `gettimeofday(2)`
///
/// # Safety
/// C's: `into` is null or can be written to.
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
unsafe extern "C" fn gettimeofday(into: *mut libc::timeval, _zone: *mut c_void) -> c_int {
    let time = read(libc::CLOCK_REALTIME);
    // SAFETY: the caller vouches for it.
    if let Some(into) = unsafe { into.as_mut() } {
        *into = libc::timeval { tv_sec: time.tv_sec, tv_usec: time.tv_nsec / 1000 };
    }
    0
}

/// `clock(3)`, in microseconds.
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
extern "C" fn clock() -> c_long {
    let time = read(libc::CLOCK_PROCESS_CPUTIME_ID);
    time.tv_sec * 1_000_000 + time.tv_nsec / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The C library's own.
    mod theirs {
        unsafe extern "C" {
            pub fn clock() -> core::ffi::c_long;
        }
    }

    #[test]
    fn the_kernels_function_is_found() {
        // SAFETY: the image is the kernel's, or null; the time can be written to.
        unsafe {
            assert!(function_in(core::ptr::null()).is_none());
            let image = libc::getauxval(libc::AT_SYSINFO_EHDR) as *const u8;
            if image.is_null() {
                return std::println!("skipped: this kernel has no vDSO");
            }
            let function = function_in(image).expect("it is there");
            assert!((0..1 << 20).contains(&(function as usize).wrapping_sub(image.addr())));
            let mut time: libc::timespec = mem::zeroed();
            assert_eq!((function(libc::CLOCK_REALTIME, &mut time), time.tv_sec > 1_700_000_000), (0, true));
        }
    }

    #[test]
    fn clocks_are_those_of_the_c_library() {
        // SAFETY: times can be written to.
        unsafe {
            for clock in [libc::CLOCK_REALTIME, libc::CLOCK_MONOTONIC, libc::CLOCK_PROCESS_CPUTIME_ID, libc::CLOCK_BOOTTIME] {
                let mut times: [libc::timespec; 3] = mem::zeroed();
                assert_eq!(libc::clock_gettime(clock, &mut times[0]), 0);
                assert_eq!(clock_gettime(clock, &mut times[1]), 0);
                assert_eq!(libc::clock_gettime(clock, &mut times[2]), 0);
                assert!(times.map(|time| (time.tv_sec, time.tv_nsec)).is_sorted(), "{clock}");
            }
            assert_eq!((clock_gettime(77, &mut mem::zeroed()), *libc::__errno_location()), (-1, libc::EINVAL));
            let mut into = 0;
            let before = libc::time(core::ptr::null_mut());
            let found = [time(&mut into), into, time(core::ptr::null_mut())];
            let mut day: libc::timeval = mem::zeroed();
            assert_eq!(gettimeofday(&mut day, core::ptr::null_mut()), 0);
            // glibc's `time` reads a clock that is a tick behind.
            let after = libc::time(core::ptr::null_mut()) + 1;
            assert!(found.iter().chain([&day.tv_sec]).all(|time| (before..=after).contains(time)) && (0..1_000_000).contains(&day.tv_usec));
            let [before, found, after] = [theirs::clock(), clock(), theirs::clock()];
            assert!(before <= found && found <= after);
        }
    }
}
