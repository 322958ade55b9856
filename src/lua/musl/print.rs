//! `printf` and `snprintf`, which are two of the functions that `ffi.C` has in the static build, on `vfprintf` and `vsnprintf`.
//!
//! All of C11 7.21.6.1 and POSIX: flags, width and precision (also as arguments), lengths, arguments by number (`%2$d`), and `%m`. Floating
//! point numbers are exact at every precision. `long double`, which FFI cannot pass, and wide characters, of which the C locale has none
//! beyond ASCII, are refused as what cannot be converted is.

#[cfg(target_env = "musl")]
use crate::lua::format::Full;
use crate::lua::format::{ALTERNATIVE, Counted, LEFT, Out, Room, Spec, UPPER};
use core::ffi::{CStr, c_char, c_int};
use core::slice;

/// C's `va_list`, as the ABI's document lays it out.
#[cfg(target_arch = "x86_64")]
#[repr(C)]
struct VaList {
    integers_at: u32,
    doubles_at: u32,
    stack: *mut u64,
    registers: *mut u8,
}

#[cfg(target_arch = "x86_64")]
impl VaList {
    /// The next argument, of an integer's or of a double's bits.
    ///
    /// # Safety
    /// There is one, of that class.
    unsafe fn next(&mut self, is_double: bool) -> u64 {
        // Six registers of 8 bytes, then eight of 16.
        let (at, step, end) = if is_double { (&mut self.doubles_at, 16, 176) } else { (&mut self.integers_at, 8, 48) };
        // SAFETY: the caller vouches for the argument; it is where the ABI puts it.
        unsafe {
            if *at < end {
                let value = self.registers.add(*at as usize).cast::<u64>().read();
                *at += step;
                return value;
            }
            self.stack = self.stack.add(1);
            self.stack.sub(1).read()
        }
    }
}

/// C's `va_list`, as the ABI's document lays it out.
#[cfg(target_arch = "aarch64")]
#[repr(C)]
struct VaList {
    stack: *mut u64,
    integers_end: *mut u8,
    doubles_end: *mut u8,
    integers_at: i32,
    doubles_at: i32,
}

#[cfg(target_arch = "aarch64")]
impl VaList {
    /// The next argument, of an integer's or of a double's bits.
    ///
    /// # Safety
    /// There is one, of that class.
    unsafe fn next(&mut self, is_double: bool) -> u64 {
        // Offsets from the end, below 0 while there are registers left.
        let (at, step, end) =
            if is_double { (&mut self.doubles_at, 16, self.doubles_end) } else { (&mut self.integers_at, 8, self.integers_end) };
        // SAFETY: the caller vouches for the argument; it is where the ABI puts it.
        unsafe {
            if *at < 0 {
                let value = end.offset(*at as isize).cast::<u64>().read();
                *at += step;
                return value;
            }
            self.stack = self.stack.add(1);
            self.stack.sub(1).read()
        }
    }
}

/// `vfprintf(3)`
///
/// # Safety
/// C's: `file` is an open stream, `format` is NUL-terminated and `arguments` are those that it asks for.
#[cfg(target_env = "musl")]
#[unsafe(no_mangle)]
unsafe extern "C" fn vfprintf(file: *mut libc::FILE, format: *const c_char, arguments: *mut VaList) -> c_int {
    let mut bytes = [0; FILE_ROOM];
    let mut stream = Stream { file, is_written: true };
    let mut out = Out { room: Room::new(&mut bytes), full: &mut stream };
    // SAFETY: the caller vouches for both.
    let count = unsafe { print(format, arguments, &mut out) };
    out.full.make_room(&mut out.room);
    if stream.is_written { count } else { -1 }
}

/// An open stream, says the caller of `vfprintf`.
#[cfg(target_env = "musl")]
struct Stream {
    file: *mut libc::FILE,
    is_written: bool,
}

#[cfg(target_env = "musl")]
impl Full<'_> for Stream {
    fn make_room(&mut self, room: &mut Room<'_>) {
        // SAFETY: the stream is open; the bytes are live for the call.
        self.is_written &= unsafe { libc::fwrite(room.bytes.as_ptr().cast(), 1, room.at, self.file) } == room.at;
        room.before += room.at;
        room.at = 0;
    }
}

/// `printf(3)`
#[cfg(target_env = "musl")]
#[unsafe(no_mangle)]
#[unsafe(naked)]
unsafe extern "C" fn printf() {
    unsafe extern "C" {
        static stdout: *mut libc::FILE;
    }
    /// `vprintf(3)`, called as `snprintf`'s other half is.
    ///
    /// # Safety
    /// As for [`vfprintf`].
    unsafe extern "C" fn print_out(format: *const c_char, _: usize, _: usize, arguments: *mut VaList) -> c_int {
        // SAFETY: the stream is always open; the caller vouches for the others.
        unsafe { vfprintf(stdout, format, arguments) }
    }
    #[cfg(target_arch = "x86_64")]
    core::arch::naked_asm!("mov r11d, 8", "lea r10, [rip + {}]", "jmp {}", sym print_out, sym collect);
    #[cfg(target_arch = "aarch64")]
    core::arch::naked_asm!("mov w10, #-56", "adrp x9, {0}", "add x9, x9, :lo12:{0}", "b {1}", sym print_out, sym collect);
}

/// `snprintf(3)`
#[cfg(target_env = "musl")]
#[unsafe(no_mangle)]
#[unsafe(naked)]
unsafe extern "C" fn snprintf() {
    #[cfg(target_arch = "x86_64")]
    core::arch::naked_asm!("mov r11d, 24", "lea r10, [rip + {}]", "jmp {}", sym vsnprintf, sym collect);
    #[cfg(target_arch = "aarch64")]
    core::arch::naked_asm!("mov w10, #-40", "adrp x9, {0}", "add x9, x9, :lo12:{0}", "b {1}", sym vsnprintf, sym collect);
}

/// Saves the registers in which arguments are passed, and calls the function in r10 or x9 with the same arguments, but for the fourth: a
/// [`VaList`] of them all, which goes on behind those that have a name. r11d or w10 is the offset of the first of these.
#[cfg(target_env = "musl")]
#[unsafe(naked)]
unsafe extern "C" fn collect() {
    // The list, then the registers.
    #[cfg(target_arch = "x86_64")]
    core::arch::naked_asm!(
        "sub rsp, 216",
        "mov [rsp + 40], rsi",
        "mov [rsp + 48], rdx",
        "mov [rsp + 56], rcx",
        "mov [rsp + 64], r8",
        "mov [rsp + 72], r9",
        "movaps [rsp + 80], xmm0",
        "movaps [rsp + 96], xmm1",
        "movaps [rsp + 112], xmm2",
        "movaps [rsp + 128], xmm3",
        "movaps [rsp + 144], xmm4",
        "movaps [rsp + 160], xmm5",
        "movaps [rsp + 176], xmm6",
        "movaps [rsp + 192], xmm7",
        "mov [rsp], r11d",
        "mov dword ptr [rsp + 4], 48",
        "lea rax, [rsp + 224]",
        "mov [rsp + 8], rax",
        "lea rax, [rsp + 32]",
        "mov [rsp + 16], rax",
        "mov rcx, rsp",
        "call r10",
        "add rsp, 216",
        "ret",
    );
    #[cfg(target_arch = "aarch64")]
    core::arch::naked_asm!(
        "stp x29, x30, [sp, #-240]!",
        "stp x0, x1, [sp, #48]",
        "stp x2, x3, [sp, #64]",
        "stp x4, x5, [sp, #80]",
        "stp x6, x7, [sp, #96]",
        "stp q0, q1, [sp, #112]",
        "stp q2, q3, [sp, #144]",
        "stp q4, q5, [sp, #176]",
        "stp q6, q7, [sp, #208]",
        "add x11, sp, #240",
        "add x12, sp, #112",
        "stp x11, x12, [sp, #16]",
        "str x11, [sp, #32]",
        "mov w12, #-128",
        "stp w10, w12, [sp, #40]",
        "add x3, sp, #16",
        "blr x9",
        "ldp x29, x30, [sp], #240",
        "ret",
    );
}

/// `vsnprintf(3)`
///
/// # Safety
/// C's: `into` is to `room` writable bytes, the rest as for [`vfprintf`].
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
unsafe extern "C" fn vsnprintf(into: *mut u8, room: usize, format: *const c_char, arguments: *mut VaList) -> c_int {
    // SAFETY: the caller vouches for the room, which is not looked at where there is none.
    let into = if room == 0 { &mut [] } else { unsafe { slice::from_raw_parts_mut(into, room) } };
    let mut out = Out { room: Room::new(into), full: &mut Counted };
    // SAFETY: the caller vouches for both.
    let count = unsafe { print(format, arguments, &mut out) };
    // Where there is not enough room, the last byte is for the NUL.
    let end = out.room.at.min(room.saturating_sub(1));
    if let Some(end) = into.get_mut(end) {
        *end = 0;
    }
    count
}

/// Gives the bits of an argument: of the one with that number, or of the next one for 0. The second says whether it is a double.
type Take<'a> = &'a mut dyn FnMut(usize, bool) -> u64;

/// Flags, in the order of their bits.
const FLAGS: &[u8; 5] = b"-+0 #";

/// What is handed to a stream at once.
#[cfg(target_env = "musl")]
const FILE_ROOM: usize = 256;

/// POSIX: NL_ARGMAX, as in musl.
const NUMBERED_MAX: usize = 9;

/// # Safety
/// As for [`vfprintf`].
unsafe fn print(format: *const c_char, arguments: *mut VaList, out: &mut Out<'_>) -> c_int {
    // SAFETY: the caller vouches for both.
    let (format, arguments) = unsafe { (CStr::from_ptr(format).to_bytes(), &mut *arguments) };
    // Arguments by number can be fetched only when the kind of each is known: a walk that shows nothing finds out.
    let mut kinds = [None; NUMBERED_MAX + 1];
    let mut values = [0; NUMBERED_MAX + 1];
    if format.contains(&b'$') {
        let mut note = |number: usize, is_double| {
            kinds[number] = Some(is_double);
            0
        };
        let mut nowhere = Out { room: Room::new(&mut []), full: &mut Counted };
        // SAFETY: arguments that are 0 are not followed.
        if unsafe { walk(format, &mut note, &mut nowhere) }.is_none() {
            return refuse(libc::EINVAL);
        }
        for (kind, value) in kinds.iter().zip(&mut values).skip(1) {
            let Some(is_double) = *kind else { break };
            // SAFETY: the format asks for it.
            *value = unsafe { arguments.next(is_double) };
        }
    }
    // SAFETY: the format asks for these arguments.
    let mut take = |number: usize, is_double| if number > 0 { values[number] } else { unsafe { arguments.next(is_double) } };
    // SAFETY: the caller vouches for what the arguments refer to.
    match unsafe { walk(format, &mut take, out) } {
        Some(()) => c_int::try_from(out.total()).unwrap_or_else(|_| refuse(libc::EOVERFLOW)),
        None => refuse(libc::EINVAL),
    }
}

fn refuse(errno: c_int) -> c_int {
    super::set_errno(errno);
    -1
}

/// A place in a format.
pub(super) struct Cursor<'a> {
    pub rest: &'a [u8],
}

impl Cursor<'_> {
    /// Takes the byte if it is the next one.
    #[inline(never)]
    pub fn take(&mut self, byte: u8) -> bool {
        let is_it = self.rest.first() == Some(&byte);
        self.rest = &self.rest[usize::from(is_it)..];
        is_it
    }

    /// Decimal digits; `None` if they say more than an `int` can.
    #[inline(never)]
    pub fn number(&mut self) -> Option<usize> {
        let mut value = 0usize;
        while let Some(digit @ b'0'..=b'9') = self.rest.first() {
            value = value * 10 + usize::from(digit - b'0');
            if value > c_int::MAX as usize {
                return None;
            }
            self.rest = &self.rest[1..];
        }
        Some(value)
    }

    /// `1$` to `9$`, the number of an argument; 0 if there is none here.
    fn argument(&mut self) -> usize {
        match self.rest {
            [digit @ b'1'..=b'9', b'$', ..] => {
                self.rest = &self.rest[2..];
                usize::from(digit - b'0')
            }
            _ => 0,
        }
    }
}

/// Writes what the format says; `None` if the format is none.
///
/// # Safety
/// `take` gives what the format asks for; pointers among it are null or as C asks for them.
unsafe fn walk(format: &[u8], take: Take<'_>, out: &mut Out<'_>) -> Option<()> {
    let mut format = Cursor { rest: format };
    while !format.rest.is_empty() {
        let text = format.rest.iter().position(|byte| *byte == b'%').unwrap_or(format.rest.len());
        out.put(&format.rest[..text], 0, 0);
        format.rest = &format.rest[text..];
        if !format.take(b'%') {
            break;
        }
        // `%%` is a conversion without an argument.
        let number = format.argument();
        let mut spec = Spec { flags: 0, width: 0, precision: None };
        while let Some(byte) = format.rest.first() {
            match FLAGS.iter().position(|flag| flag == byte) {
                Some(bit) => spec.flags |= 1 << bit,
                // Grouped thousands, which the C locale has not.
                None if *byte == b'\'' => {}
                None => break,
            }
            format.rest = &format.rest[1..];
        }
        if format.take(b'*') {
            let width = take(format.argument(), false) as c_int;
            spec.flags |= if width < 0 { LEFT } else { 0 };
            spec.width = width.unsigned_abs() as usize;
        } else {
            spec.width = format.number()?;
        }
        if format.take(b'.') {
            spec.precision =
                if format.take(b'*') { usize::try_from(take(format.argument(), false) as c_int).ok() } else { Some(format.number()?) };
        }
        // Bits that an integer has.
        let mut bits = c_int::BITS;
        while let Some(length @ (b'h' | b'l' | b'j' | b'z' | b't')) = format.rest.first() {
            bits = if *length == b'h' { bits / 2 } else { u64::BITS };
            format.rest = &format.rest[1..];
        }
        let (conversion, rest) = format.rest.split_first()?;
        format.rest = rest;
        match conversion {
            // Wide characters.
            b'c' | b's' if bits == u64::BITS => return None,
            b'%' => spec.put(out, b"", &[(b"%", 0)], false),
            b'c' => spec.put(out, b"", &[(&[take(number, false) as u8], 0)], false),
            b's' | b'm' => {
                let mut text = take_text(*conversion, number, take);
                if text.is_null() {
                    text = c"(null)".as_ptr();
                }
                // SAFETY: the caller vouches for it: so long, or up to a NUL before that.
                let text = unsafe {
                    let len = (0..spec.precision.unwrap_or(usize::MAX)).take_while(|at| *text.add(*at) != 0).count();
                    slice::from_raw_parts(text.cast(), len)
                };
                spec.put(out, b"", &[(text, 0)], false)
            }
            b'n' => {
                let place = take(number, false) as *mut u8;
                if !place.is_null() {
                    // SAFETY: the caller vouches for an integer of these bits there; both architectures are little-endian.
                    unsafe { place.copy_from_nonoverlapping(out.total().to_le_bytes().as_ptr(), bits as usize / 8) };
                }
            }
            b'd' | b'i' | b'u' | b'o' | b'x' | b'X' | b'p' => put_integer(&mut spec, out, *conversion, take(number, false), bits),
            b'a' | b'A' | b'e' | b'E' | b'f' | b'F' | b'g' | b'G' => {
                if conversion.is_ascii_uppercase() {
                    spec.flags |= UPPER;
                }
                spec.put_double(out, conversion.to_ascii_lowercase(), f64::from_bits(take(number, true)));
            }
            _ => return None,
        }
    }
    Some(())
}

/// The text of `%s` or `%m`.
fn take_text(conversion: u8, number: usize, take: Take<'_>) -> *const c_char {
    if conversion == b's' {
        return take(number, false) as *const c_char;
    }
    // SAFETY: the address of errno is always valid, strerror knows every number.
    unsafe { libc::strerror(*libc::__errno_location()) }
}

/// Writes an integer of so many bits, see [`Spec::put`].
pub(super) fn put_integer(spec: &mut Spec, out: &mut Out<'_>, conversion: u8, value: u64, bits: u32) {
    let is_pointer = conversion == b'p';
    let unused = if is_pointer { 0 } else { u64::BITS - bits };
    let is_signed = matches!(conversion, b'd' | b'i');
    let is_negative = is_signed && ((value << unused) as i64) < 0;
    let mut rest = if is_negative { ((value << unused) as i64 >> unused).unsigned_abs() } else { value << unused >> unused };
    let mut prefix = if is_signed { spec.sign(is_negative) } else { b"" };
    let base = match conversion {
        b'o' => 8,
        b'x' | b'X' | b'p' => 16,
        _ => 10,
    };
    if is_pointer {
        // As musl shows them.
        spec.flags |= ALTERNATIVE;
        spec.precision = spec.precision.max(Some(2 * size_of::<usize>()));
    }
    if base == 16 && spec.has(ALTERNATIVE) && rest != 0 {
        prefix = if conversion == b'X' { b"0X" } else { b"0x" };
    }
    // 64 bits are 22 octal digits.
    let mut digits = [0; 22];
    let mut at = digits.len();
    while rest > 0 {
        at -= 1;
        let digit = b"0123456789abcdef"[(rest % base) as usize];
        digits[at] = if conversion == b'X' { digit.to_ascii_uppercase() } else { digit };
        rest /= base;
    }
    let digits = &digits[at..];
    let mut digits_min = spec.precision.unwrap_or(1);
    if base == 8 && spec.has(ALTERNATIVE) {
        digits_min = digits_min.max(digits.len() + 1);
    }
    let zeros = digits_min.saturating_sub(digits.len());
    spec.put(out, prefix, &[(b"", zeros), (digits, 0)], spec.precision.is_none());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What our function makes of these arguments, all of them on the stack.
    fn ours(room: usize, format: &CStr, arguments: &[u64]) -> (c_int, Vec<u8>) {
        let mut stack = arguments.to_vec();
        let stack = stack.as_mut_ptr();
        #[cfg(target_arch = "x86_64")]
        let mut list = VaList { integers_at: 48, doubles_at: 176, stack, registers: std::ptr::null_mut() };
        #[cfg(target_arch = "aarch64")]
        let (integers_end, doubles_end) = (std::ptr::null_mut(), std::ptr::null_mut());
        #[cfg(target_arch = "aarch64")]
        let mut list = VaList { stack, integers_end, doubles_end, integers_at: 0, doubles_at: 0 };
        let mut text = vec![0xaa; room + 1];
        // SAFETY: there is that much room, and the tests give the arguments that their formats ask for.
        let count = unsafe { vsnprintf(text.as_mut_ptr(), room, format.as_ptr(), &mut list) };
        assert_eq!(text.pop(), Some(0xaa), "written beyond the room");
        (count, text)
    }

    /// Compares with the C library's `snprintf`.
    macro_rules! same {
        ($format:expr, $($argument:expr => $bits:expr),*) => {{
            let format = std::ffi::CString::new($format).unwrap();
            let mut expected = vec![0xaa; 3000];
            // SAFETY: there is that much room; the arguments are those of the format.
            let count = unsafe { libc::snprintf(expected.as_mut_ptr().cast(), expected.len(), format.as_ptr(), $($argument),*) };
            let (found_count, found) = ours(3000, &format, &[$($bits),*]);
            let shown = |text: &[u8]| String::from_utf8_lossy(&text[..text.iter().position(|byte| *byte == 0).unwrap()]).into_owned();
            assert_eq!((found_count, shown(&found)), (count, shown(&expected)), "{format:?}");
        }};
    }

    const FLAG_SETS: [&str; 12] = ["", "-", "+", " ", "#", "0", "-#", "+0", "#0", "-0", "+ #0", "+ "];

    #[test]
    fn integers_are_those_of_the_c_library() {
        for flags in FLAG_SETS {
            for width in ["", "1", "8", "30"] {
                for precision in ["", ".", ".0", ".1", ".7", ".25"] {
                    for (length, conversions) in
                        [("", "diuoxX"), ("hh", "diuoxX"), ("h", "di"), ("l", "diuoxX"), ("ll", "d"), ("z", "u"), ("j", "d"), ("t", "d")]
                    {
                        for conversion in conversions.chars() {
                            for value in [0u64, 1, 8, 127, 128, 255, 32_768, 123_456_789, 1 << 31, u64::MAX, 1 << 63, 0x1234_5678_9abc_def0]
                            {
                                same!(format!("<%{flags}{width}{precision}{length}{conversion}>"), value => value);
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn doubles_are_those_of_the_c_library() {
        let mut values = vec![
            0.0,
            -0.0,
            1.0,
            0.5,
            1.5,
            2.5,
            -2.5,
            0.1,
            0.125,
            9.5,
            9.999999,
            99999.95,
            999_999.5,
            1e-4,
            9.9999e-5,
            123_456_789.0,
            1e15,
            1e16,
            1e17,
            1e21,
            1e22,
            1e100,
            f64::MAX,
            f64::MIN_POSITIVE,
            1e-310,
            2f64.powi(60) + 256.0,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
            0.05,
            0.95,
        ];
        let mut random = 1u64;
        for _ in 0..8 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            values.push(f64::from_bits(random ^ random >> 31));
        }
        for value in values {
            for flags in FLAG_SETS {
                for width in ["", "25"] {
                    for precision in ["", ".", ".1", ".17", ".60"] {
                        for conversion in "eEfFgGaA".chars() {
                            // glibc shows the least doubles as 0x0.…, and forgets zeros of 999999.5 (`%#g` is `1.e+06`).
                            let is_odd = match conversion {
                                'a' | 'A' => value.is_subnormal(),
                                'g' | 'G' => flags.contains('#') && value.log10().fract() > 0.999_999,
                                _ => false,
                            };
                            if !is_odd {
                                same!(format!("<%{flags}{width}{precision}{conversion}>"), value => value.to_bits());
                            }
                        }
                    }
                }
            }
        }
        let least = 5e-324;
        for format in ["%.1100f", "%.0f", "%e", "%.800e", "%g", "%.2000f"] {
            same!(format, least => f64::to_bits(least));
        }
    }

    #[test]
    fn texts_and_arguments_of_all_kinds_are_those_of_the_c_library() {
        let text = c"hello".as_ptr();
        let text_bits = text.addr() as u64;
        // The C locale groups nothing.
        same!("%'d|%'.2f", 1_234_567 as c_int => 1_234_567, 1234.5 => f64::to_bits(1234.5));
        for flags in ["", "-", "0"] {
            for width in ["", "3", "9"] {
                for precision in ["", ".", ".2", ".9"] {
                    same!(format!("<%{flags}{width}{precision}s>"), text => text_bits);
                }
                same!(format!("<%{flags}{width}c>"), 'x' as c_int => 'x' as u64);
            }
        }
        same!("%%|%d%%%s|", 5 as c_int => 5, text => text_bits);
        same!("%*d|%-*d|%.*f|%.*f", 7 as c_int => 7, 1 as c_int => 1, 5 as c_int => 5, 2 as c_int => 2, 1 as c_int => 1, 0.25 => f64::to_bits(0.25), -1 as c_int => u64::MAX, 0.25 => f64::to_bits(0.25));
        same!("%*d|", -7 as c_int => -7i64 as u64, 1 as c_int => 1);
        same!("%2$s %1$d %2$s $%3$.1f", 5 as c_int => 5, text => text_bits, 2.5 => f64::to_bits(2.5));
        same!("%3$*1$.*2$f|", 9 as c_int => 9, 3 as c_int => 3, 2.5 => f64::to_bits(2.5));
        same!("price $%d, %d$", 5 as c_int => 5, 6 as c_int => 6);
        same!("%ld %s %g %c%s", 1i64 << 40 => 1 << 40, text => text_bits, 1e10 => f64::to_bits(1e10), 'y' as c_int => 'y' as u64, text => text_bits);
    }

    #[test]
    fn what_is_left_of_the_room_is_not_written_but_counted() {
        for room in 0..9 {
            let (count, text) = ours(room, c"ab%dcd", &[123]);
            assert_eq!(count, 7);
            assert_eq!(
                text[..],
                [&b"ab123cd"[..room.saturating_sub(1).min(7)], &b"\0"[..room.min(1)], &[0xaa; 9][..room.saturating_sub(8)]].concat()
            );
        }
    }

    #[test]
    fn what_is_musls_own_stays_so() {
        let mut counts = [0u64; 2];
        for (format, arguments, expected) in [
            (c"%p|%p", &[0xabc, 0][..], "0x0000000000000abc|0000000000000000"),
            (c"%s|%.3s", &[0, 0], "(null)|(nu"),
            (c"%a|%.0a|%a", &[1, 1, 3], "0x1p-1074|0x1p-1074|0x1.8p-1073"),
            (c"ab%nc%hhn", &[counts.as_mut_ptr().addr() as u64, counts.as_mut_ptr().addr() as u64 + 8], "abc"),
        ] {
            let (count, text) = ours(100, format, arguments);
            assert_eq!(std::str::from_utf8(&text[..count as usize]).unwrap(), expected);
        }
        assert_eq!(counts, [2, 3]);
        for format in [c"%", c"%y", c"%Lf", c"%ls", c"%lc", c"%5", c"%1$", c"%99999999999d"] {
            assert_eq!(ours(100, format, &[0; 3]).0, -1, "{format:?}");
        }
    }
}
