//! System calls as the kernel has them. musl's functions of these names add what kernels before 3.0 lack, and what several threads need:
//! the static binary has one.
//!
//! Callers are `sys`, the FFI's table, LuaJIT and musl's own files. They pass what C's headers say; a result of -1 leaves `errno`.

use core::ffi::{c_char, c_int, c_long, c_uint, c_ulong, c_void};
use core::mem;

/// Functions that are one system call each, with C's arguments in C's order.
macro_rules! calls {
    ($($name:ident($($argument:ident: $kind:ty),*; $($last:expr),*) -> $result:ty = $number:ident;)*) => {
        $(
            #[doc = concat!("`", stringify!($name), "(2)`")]
            ///
            /// # Safety
            /// C's.
            #[unsafe(no_mangle)]
            unsafe extern "C" fn $name($($argument: $kind),*) -> $result {
                // SAFETY: the kernel's call with the caller's arguments.
                unsafe { libc::syscall(libc::$number, $($argument as c_long,)* $($last as c_long),*) as $result }
            }
        )*
    };
}

calls! {
    close(fd: c_int;) -> c_int = SYS_close;
    connect(fd: c_int, address: *const c_void, bytes: c_uint;) -> c_int = SYS_connect;
    // Lock, flag or descriptor: all are one word.
    fcntl(fd: c_int, command: c_int, argument: c_long;) -> c_int = SYS_fcntl;
    getrandom(into: *mut c_void, bytes: usize, flags: c_uint;) -> isize = SYS_getrandom;
    getrusage(of: c_int, usage: *mut c_void;) -> c_int = SYS_getrusage;
    ioctl(fd: c_int, command: c_int, argument: c_long;) -> c_int = SYS_ioctl;
    kill(id: c_int, signal: c_int;) -> c_int = SYS_kill;
    lseek(fd: c_int, offset: libc::off_t, from: c_int;) -> libc::off_t = SYS_lseek;
    memfd_create(name: *const c_char, flags: c_uint;) -> c_int = SYS_memfd_create;
    mmap(start: *mut c_void, bytes: usize, access: c_int, flags: c_int, fd: c_int, offset: libc::off_t;) -> *mut c_void = SYS_mmap;
    mprotect(start: *mut c_void, bytes: usize, access: c_int;) -> c_int = SYS_mprotect;
    mremap(start: *mut c_void, old: usize, new: usize, flags: c_int, to: *mut c_void;) -> *mut c_void = SYS_mremap;
    munmap(start: *mut c_void, bytes: usize;) -> c_int = SYS_munmap;
    nanosleep(time: *const libc::timespec, rest: *mut libc::timespec;) -> c_int = SYS_nanosleep;
    pipe2(ends: *mut c_int, flags: c_int;) -> c_int = SYS_pipe2;
    // The set has as many bytes as the kernel's. It writes the time that is left where C's function leaves it as it was; no caller looks.
    ppoll(list: *mut libc::pollfd, count: c_ulong, time: *const libc::timespec, held: *const c_void; SET_BYTES) -> c_int = SYS_ppoll;
    prctl(option: c_int, first: c_ulong, second: c_ulong, third: c_ulong, fourth: c_ulong;) -> c_int = SYS_prctl;
    read(fd: c_int, into: *mut c_void, bytes: usize;) -> isize = SYS_read;
    // From whom is not asked.
    recv(fd: c_int, into: *mut c_void, bytes: usize, flags: c_int; 0, 0) -> isize = SYS_recvfrom;
    sendmsg(fd: c_int, message: *const libc::msghdr, flags: c_uint;) -> isize = SYS_sendmsg;
    setitimer(which: c_int, time: *const c_void, before: *mut c_void;) -> c_int = SYS_setitimer;
    sigaltstack(new: *const c_void, old: *mut c_void;) -> c_int = SYS_sigaltstack;
    socket(domain: c_int, kind: c_int, protocol: c_int;) -> c_int = SYS_socket;
    waitpid(id: c_int, status: *mut c_int, flags: c_int; 0) -> c_int = SYS_wait4;
    write(fd: c_int, bytes: *const c_void, count: usize;) -> isize = SYS_write;
}

/// Bytes of a set of signals.
const SET_BYTES: usize = size_of::<u64>();

/// The kernel's `struct sigaction`.
#[repr(C)]
#[derive(Clone, Copy)]
struct Action {
    handler: usize,
    flags: c_ulong,
    restorer: Option<unsafe extern "C" fn()>,
    mask: u64,
}

/// Its `SA_RESTORER`.
const HAS_RESTORER: c_int = 0x0400_0000;

unsafe extern "C" {
    /// musl's end of every handler.
    fn __restore_rt();
}

/// `sigaction(2)`
///
/// # Safety
/// C's: `new` is null or an action, `old` is null or can be written to.
#[unsafe(no_mangle)]
unsafe extern "C" fn sigaction(signal: c_int, new: *const libc::sigaction, old: *mut libc::sigaction) -> c_int {
    // SAFETY: the caller vouches for both; both structures are plain data, and a set begins with the 64 signals that there are.
    unsafe {
        let mut actions: [Action; 2] = mem::zeroed();
        let [after, before] = &mut actions;
        let mut after_or_null = core::ptr::null();
        if let Some(new) = new.as_ref() {
            let mask = (&raw const new.sa_mask).cast::<u64>().read();
            *after =
                Action { handler: new.sa_sigaction, flags: (new.sa_flags | HAS_RESTORER) as c_ulong, restorer: Some(__restore_rt), mask };
            after_or_null = &raw const *after;
        }
        let result = libc::syscall(libc::SYS_rt_sigaction, c_long::from(signal), after_or_null, &raw mut *before, SET_BYTES) as c_int;
        if result == 0
            && let Some(old) = old.as_mut()
        {
            old.sa_sigaction = before.handler;
            old.sa_flags = before.flags as c_int;
            (&raw mut old.sa_mask).cast::<u64>().write(before.mask);
        }
        result
    }
}

/// `clone(2)` with a stack of its own; nothing else is passed.
///
/// # Safety
/// C's.
#[unsafe(no_mangle)]
unsafe extern "C" fn clone(run: extern "C" fn(*mut c_void) -> c_int, stack: *mut c_void, flags: c_int, argument: *mut c_void) -> c_int {
    unsafe extern "C" {
        /// musl's, in assembly.
        fn __clone(
            run: extern "C" fn(*mut c_void) -> c_int,
            stack: *mut c_void,
            flags: c_int,
            argument: *mut c_void,
            parent: *mut c_int,
            storage: *mut c_void,
            child: *mut c_int,
        ) -> c_int;
    }
    let none = core::ptr::null_mut();
    // SAFETY: the caller vouches for all; flags that ask for the last three are not passed.
    __syscall_ret(unsafe { __clone(run, stack, flags, argument, none, none.cast(), none) } as c_long as c_ulong) as c_int
}

/// `open(2)`
///
/// # Safety
/// C's.
#[unsafe(no_mangle)]
unsafe extern "C" fn open(path: *const c_char, flags: c_int, mode: c_uint) -> c_int {
    // SAFETY: the kernel's call with the caller's arguments.
    unsafe { libc::syscall(libc::SYS_openat, libc::AT_FDCWD, path, flags, mode) as c_int }
}

/// `poll(2)`, which aarch64 has no more.
///
/// # Safety
/// C's: the list has so many entries.
#[unsafe(no_mangle)]
unsafe extern "C" fn poll(list: *mut libc::pollfd, count: c_ulong, ms: c_int) -> c_int {
    let time = libc::timespec { tv_sec: (ms / 1000).into(), tv_nsec: (ms % 1000 * 1_000_000).into() };
    let time = if ms < 0 { core::ptr::null() } else { &raw const time };
    // SAFETY: the caller vouches for the list; no signals are held back.
    unsafe { libc::ppoll(list, count, time, core::ptr::null()) }
}

/// `sleep(3)`
#[unsafe(no_mangle)]
extern "C" fn sleep(seconds: c_uint) -> c_uint {
    let mut time = libc::timespec { tv_sec: seconds.into(), tv_nsec: 0 };
    let rest = &raw mut time;
    // SAFETY: the kernel reads one time and, where a signal cuts the sleep short, writes the rest of it there.
    if unsafe { libc::nanosleep(rest, rest) } == 0 { 0 } else { time.tv_sec as c_uint }
}

/// `usleep(3)`
#[unsafe(no_mangle)]
extern "C" fn usleep(microseconds: c_uint) -> c_int {
    let time = libc::timespec { tv_sec: (microseconds / 1_000_000).into(), tv_nsec: (microseconds % 1_000_000 * 1000).into() };
    // SAFETY: the kernel reads one time.
    unsafe { libc::nanosleep(&time, core::ptr::null_mut()) }
}

/// `syscall(2)`. What the caller does not pass the kernel does not look at.
///
/// # Safety
/// The call's own.
#[unsafe(no_mangle)]
unsafe extern "C" fn syscall(number: c_long, a: usize, b: usize, c: usize, d: usize, e: usize, f: usize) -> c_long {
    let result: c_ulong;
    // SAFETY: the caller vouches for the call; these are the kernel's registers.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        core::arch::asm!("syscall", inlateout("rax") number => result, in("rdi") a, in("rsi") b, in("rdx") c, in("r10") d, in("r8") e,
            in("r9") f, lateout("rcx") _, lateout("r11") _, options(nostack));
        #[cfg(target_arch = "aarch64")]
        core::arch::asm!("svc 0", in("x8") number, inlateout("x0") a => result, in("x1") b, in("x2") c, in("x3") d, in("x4") e,
            in("x5") f, options(nostack));
    }
    __syscall_ret(result)
}

/// What C has of a call's result: the kernel's errors are the last 4,095 numbers.
#[unsafe(no_mangle)]
extern "C" fn __syscall_ret(result: c_ulong) -> c_long {
    if result > c_ulong::MAX - 4095 {
        super::set_errno(result.wrapping_neg() as c_int);
        return -1;
    }
    result as c_long
}
