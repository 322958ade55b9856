//! What LuaJIT asks the processor: `lj_vm_cpuid`, whose only caller finds out which instructions the compiler for traces may use.
//!
//! `cpuid` leaves a virtual machine, which is where Lambda runs: LuaJIT's three take 5 to 25 µs of a start, as much as a dozen page faults.
//! Here the two instructions that it is about are tried instead, with SIGILL caught meanwhile: two system calls.
//!
//! `build.rs` has the linker send the calls of `lj_vm_cpuid` here (`--wrap`), in the static build for x86_64.

use crate::sys;
use core::arch::asm;
use core::ffi::{c_int, c_void};
use core::sync::atomic::{AtomicBool, Ordering};

/// Bytes of each instruction that is tried.
const INSTRUCTION_BYTES: i64 = 6;

static IS_ILLEGAL: AtomicBool = AtomicBool::new(false);

/// SIGILL: notes it and goes on behind the instruction.
extern "C" fn note_illegal(_signal: c_int, _info: *mut libc::siginfo_t, context: *mut c_void) {
    IS_ILLEGAL.store(true, Ordering::Relaxed);
    // SAFETY: the kernel gives the handler the registers that it will restore; this one is where the program is.
    unsafe { (*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs[libc::REG_RIP as usize] += INSTRUCTION_BYTES };
}

/// Whether an instruction of [`INSTRUCTION_BYTES`] can be executed. SIGILL goes to [`note_illegal`].
fn runs(instruction: impl FnOnce()) -> bool {
    IS_ILLEGAL.store(false, Ordering::Relaxed);
    instruction();
    !IS_ILLEGAL.load(Ordering::Relaxed)
}

/// `int lj_vm_cpuid(uint32_t f, uint32_t res[4])`: EAX to EDX of a leaf of `cpuid`, as far as LuaJIT looks at them.
///
/// # Safety
/// `registers` can be written to.
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
unsafe extern "C" fn __wrap_lj_vm_cpuid(leaf: u32, registers: *mut [u32; 4]) -> c_int {
    // Intel's manual, volume 2A, CPUID: the highest leaf in EAX of 0; SSE3 and SSE4.1 in ECX of 1; BMI2 in EBX of 7.
    let mut result = [0; 4];
    match leaf {
        0 => result[0] = 7,
        1 => {
            sys::catch_illegal_instructions(Some(note_illegal));
            // SAFETY: a register that is said to be changed; where there is no such instruction, it is not.
            if runs(|| unsafe { asm!("roundsd xmm0, xmm0, 0", out("xmm0") _) }) {
                result[2] = 1 | 1 << 19;
            }
        }
        _ => {
            // SAFETY: as above.
            if runs(|| unsafe { asm!("rorx eax, eax, 1", out("eax") _) }) {
                result[1] = 1 << 8;
            }
            sys::catch_illegal_instructions(None);
        }
    }
    // SAFETY: the caller vouches for the place.
    unsafe { *registers = result };
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(leaf: u32) -> [u32; 4] {
        let mut registers = [0; 4];
        // SAFETY: the place is there.
        assert_eq!(unsafe { __wrap_lj_vm_cpuid(leaf, &mut registers) }, 1);
        registers
    }

    #[test]
    fn the_processor_has_what_it_says() {
        assert_eq!(ask(0)[0], 7);
        let has = std::arch::is_x86_feature_detected!("sse4.1");
        assert_eq!(ask(1)[2], if has { 1 | 1 << 19 } else { 0 });
        // SSE4.1 without SSE3 there is not.
        assert!(!has || std::arch::is_x86_feature_detected!("sse3"));
        // Between the two questions.
        // SAFETY: `ud2` and four bytes, which are skipped.
        assert!(!runs(|| unsafe { asm!("ud2", "ud2", "ud2") }));
        assert_eq!(ask(7)[1], if std::arch::is_x86_feature_detected!("bmi2") { 1 << 8 } else { 0 });
    }
}
