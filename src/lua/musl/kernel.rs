//! System calls as the kernel has them. musl's functions of these names add what kernels before 3.0 lack, and what several threads need;
//! the static binary has one thread, whose locks are always free.
//!
//! Callers are `sys`, the FFI's table, LuaJIT and musl's own files. They pass what C's headers say; a result of -1 leaves `errno`.

use core::ffi::{c_int, c_long, c_uint, c_ulong, c_void};
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
    // Lock, flag or descriptor: all are one word.
    fcntl(fd: c_int, command: c_int, argument: c_long;) -> c_int = SYS_fcntl;
    mremap(start: *mut c_void, old: usize, new: usize, flags: c_int, to: *mut c_void;) -> *mut c_void = SYS_mremap;
    pipe2(ends: *mut c_int, flags: c_int;) -> c_int = SYS_pipe2;
    // The set has as many bytes as the kernel's.
    ppoll(list: *mut libc::pollfd, count: c_ulong, time: *const libc::timespec, held: *const c_void; SET_BYTES) -> c_int = SYS_ppoll;
    prctl(option: c_int, first: c_ulong, second: c_ulong, third: c_ulong, fourth: c_ulong;) -> c_int = SYS_prctl;
    sendmsg(fd: c_int, message: *const libc::msghdr, flags: c_uint;) -> isize = SYS_sendmsg;
    socket(domain: c_int, kind: c_int, protocol: c_int;) -> c_int = SYS_socket;
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

/// What musl's own files call `sigaction(2)`.
///
/// # Safety
/// As for [`sigaction`].
#[unsafe(no_mangle)]
unsafe extern "C" fn __sigaction(signal: c_int, new: *const libc::sigaction, old: *mut libc::sigaction) -> c_int {
    // SAFETY: the caller vouches for all three.
    unsafe { sigaction(signal, new, old) }
}

/// musl's lock of its own data.
#[unsafe(no_mangle)]
extern "C" fn __lock(_lock: *mut c_int) {}

/// The end of it.
#[unsafe(no_mangle)]
extern "C" fn __unlock(_lock: *mut c_int) {}
