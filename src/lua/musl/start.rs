//! How the process begins and ends, and `errno`: in place of musl's `crt1.o`, its start and its thread.
//!
//! There is one thread, and nobody asks for it: `errno` is a static word; no thread pointer is set, and there is no storage for it. What
//! musl has of files compiled with a stack protector would read it on x86_64, so none of these may be linked (`scripts/start.ld` refuses
//! them, `tests/layer.rs` looks for the instruction). Nothing here has constructors or calls `atexit`; there is no set-user-ID bit to
//! beware of.
//!
//! C modules that are linked in may need all that: with the cargo feature `musl-start`, which they switch on, musl's own start is taken.

use core::ffi::{c_char, c_int};
use core::ptr;

unsafe extern "C" {
    fn main(argument_count: c_int, arguments: *const *const c_char) -> c_int;
}

/// environ(7)
#[unsafe(no_mangle)]
#[unsafe(link_section = ".bss.first.environ")]
#[allow(non_upper_case_globals)]
static mut environ: *const *const c_char = ptr::null();

/// The auxiliary vector: pairs of a kind and a value.
static mut AUXILIARY: *const usize = ptr::null();

static mut ERRNO: c_int = 0;

/// Where the kernel begins.
#[unsafe(no_mangle)]
#[unsafe(naked)]
unsafe extern "C" fn _start() -> ! {
    // The frame pointer is 0: there is no caller. The stack is aligned.
    #[cfg(target_arch = "x86_64")]
    core::arch::naked_asm!("xor ebp, ebp", "mov rdi, rsp", "call {}", sym begin);
    #[cfg(target_arch = "aarch64")]
    core::arch::naked_asm!("mov x29, #0", "mov x30, #0", "mov x0, sp", "bl {}", sym begin);
}

/// # Safety
/// `stack` is as the kernel begins a program: the number of arguments, they and null, the variables and null, the auxiliary vector.
unsafe extern "C" fn begin(stack: *const usize) -> ! {
    // SAFETY: the caller vouches for the stack, which stays; the process has one thread, and `main` is C's.
    unsafe {
        let arguments = stack.add(1);
        let variables = arguments.add(*stack + 1);
        environ = variables.cast();
        let mut end = variables;
        while *end != 0 {
            end = end.add(1);
        }
        AUXILIARY = end.add(1);
        exit(main(*stack as c_int, arguments.cast()))
    }
}

/// `exit(3)`
#[unsafe(no_mangle)]
extern "C" fn exit(code: c_int) -> ! {
    super::file::__stdio_exit();
    // SAFETY: always valid.
    unsafe { libc::_exit(code) }
}

/// `getauxval(3)`
#[unsafe(no_mangle)]
extern "C" fn getauxval(kind: usize) -> usize {
    // SAFETY: `begin` has found the vector, which ends with the kind 0.
    unsafe {
        let mut entry = AUXILIARY;
        while *entry != 0 && *entry != kind {
            entry = entry.add(2);
        }
        if *entry == 0 { 0 } else { *entry.add(1) }
    }
}

/// The address of `errno`.
#[unsafe(no_mangle)]
extern "C" fn __errno_location() -> *mut c_int {
    &raw mut ERRNO
}

/// The same for musl's own files.
#[unsafe(no_mangle)]
extern "C" fn ___errno_location() -> *mut c_int {
    &raw mut ERRNO
}
