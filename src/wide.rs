//! Sixteen bytes at once: SSE2 on x86_64, NEON on aarch64, a loop elsewhere. What `json` is made of where it looks at text.
//!
//! The instructions are unsafe to call from code that is not marked with them, and `json` forbids unsafe code: so they stand here, behind
//! functions that are safe because these processors all have them.
//!
//! Measured with `cargo run --release -p coldmoon-fuzz --example json_speed` on an AMD EPYC (Zen 4), the best of ten interleaved runs, on a
//! busy machine: of the large documents only their first 10 to 90 KB, which one time slice holds. MB/s as it is, at opt-level "s"; then
//! what each use gains over a loop over bytes in its place, in percent. The variants were edits that are not kept, so the command prints
//! the first two lines only.
//!
//! | | events, compact | events, indented | twitter | citm_catalog | canada |
//! | --- | --- | --- | --- | --- | --- |
//! | scan, MB/s | 1,543 | 1,423 | 1,539 | 1,754 | 570 |
//! | scan and write, MB/s | 889 | 929 | 881 | 1,098 | 212 |
//! | strings in `json::scan`: gain of the scan | 90 | 63 | 42 | 9 | 0 |
//! | white space in `json::scan`: gain of the scan | -2 | -2 | 0 | 11 | -1 |
//! | strings in `json::write`: gain of scan and write | 71 | 53 | 27 | 2 | 0 |
//! | SSE2 instead of words: scan | 28 | 33 | 31 | 29 | 0 |
//! | the same: scan and write | 44 | 47 | 33 | 27 | 0 |
//!
//! NEON is tested and was not timed: there was no arm64 machine.

use core::fmt;
#[cfg(target_arch = "aarch64")]
use neon as imp;
#[cfg(target_arch = "x86_64")]
use sse2 as imp;
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
use words as imp;

/// Bytes in a block.
pub const BYTES: usize = 16;

/// Sixteen bytes of text, the first one lowest. Behind the end of the text stand zeros, which are neither spaces nor plain text, so
/// whoever looks for the end of a run needs no bound.
#[derive(Clone, Copy)]
pub struct Block(imp::Vector);

impl Block {
    /// The block that starts at `at`, with zeros behind the end of `bytes`.
    #[inline(always)]
    pub fn load(bytes: &[u8], at: usize) -> Block {
        if at.checked_add(BYTES).is_some_and(|end| end <= bytes.len()) {
            // SAFETY: sixteen bytes from `at` on are in the slice.
            Block(unsafe { imp::load(bytes.as_ptr().add(at)) })
        } else {
            Block::from(tail(bytes, at))
        }
    }

    /// Its bytes.
    #[inline(always)]
    pub fn to_bytes(self) -> [u8; BYTES] {
        // SAFETY: a vector is sixteen bytes, and every bit of them means something.
        unsafe { core::mem::transmute(self.0) }
    }

    /// The index of the first byte that is not plain text of a JSON string: `"`, `\`, a control character or not ASCII. 16: there is none.
    #[inline(always)]
    pub fn first_not_plain(self) -> usize {
        imp::first_not_plain(self.0)
    }

    /// The index of the first byte that is not white space of JSON: space, tab, line feed, carriage return. 16 if there is none.
    #[inline(always)]
    pub fn first_not_white(self) -> usize {
        imp::first_not_white(self.0)
    }

    /// The index of the first `\`. 16 if there is none.
    #[inline(always)]
    pub fn first_backslash(self) -> usize {
        imp::first_backslash(self.0)
    }
}

/// The bytes of a little-endian word.
impl From<u128> for Block {
    #[inline(always)]
    fn from(word: u128) -> Block {
        // SAFETY: as in `to_bytes`.
        Block(unsafe { core::mem::transmute::<[u8; BYTES], imp::Vector>(word.to_le_bytes()) })
    }
}

impl fmt::Debug for Block {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_bytes().fmt(formatter)
    }
}

/// The bytes from `at` on, near the end: two loads that overlap in the middle, where they agree. No call of memcpy: musl's is slow for so
/// few bytes.
#[inline(never)]
pub fn tail(bytes: &[u8], at: usize) -> u128 {
    let rest = bytes.get(at..).unwrap_or(&[]);
    if let Some(chunk) = rest.first_chunk() {
        return u128::from_le_bytes(*chunk);
    }
    let len = rest.len();
    let (low, high, part) = if let (Some(low), Some(high)) = (rest.first_chunk(), rest.last_chunk()) {
        (u64::from_le_bytes(*low), u64::from_le_bytes(*high), 8)
    } else if let (Some(low), Some(high)) = (rest.first_chunk(), rest.last_chunk()) {
        (u64::from(u32::from_le_bytes(*low)), u64::from(u32::from_le_bytes(*high)), 4)
    } else if let (Some(low), Some(high)) = (rest.first_chunk(), rest.last_chunk()) {
        (u64::from(u16::from_le_bytes(*low)), u64::from(u16::from_le_bytes(*high)), 2)
    } else {
        return rest.first().map_or(0, |byte| u128::from(*byte));
    };
    u128::from(low) | u128::from(high) << (8 * (len - part))
}

/// SSE2, which every x86_64 has.
#[cfg(target_arch = "x86_64")]
mod sse2 {
    use core::arch::x86_64::*;

    pub type Vector = __m128i;

    /// # Safety
    /// Sixteen bytes can be read at `from`.
    #[inline(always)]
    pub unsafe fn load(from: *const u8) -> Vector {
        // SAFETY: the caller vouches for the bytes; the address may be any.
        unsafe { _mm_loadu_si128(from.cast()) }
    }

    /// The index of the lowest byte in which `found` has its highest bit set; 16 if there is none.
    #[inline(always)]
    fn first(found: Vector) -> usize {
        // SAFETY: of all calls here: the processor has SSE2.
        let mask = unsafe { _mm_movemask_epi8(found) };
        (mask | 0x1_0000).trailing_zeros() as usize
    }

    #[inline(always)]
    fn is(vector: Vector, byte: u8) -> Vector {
        // SAFETY: as above.
        unsafe { _mm_cmpeq_epi8(vector, _mm_set1_epi8(byte as i8)) }
    }

    #[inline(always)]
    pub fn first_not_plain(vector: Vector) -> usize {
        // SAFETY: as above. As signed numbers, what is not ASCII is below the space too.
        unsafe {
            let low = _mm_cmplt_epi8(vector, _mm_set1_epi8(b' ' as i8));
            first(_mm_or_si128(low, _mm_or_si128(is(vector, b'"'), is(vector, b'\\'))))
        }
    }

    #[inline(always)]
    pub fn first_not_white(vector: Vector) -> usize {
        // SAFETY: as above.
        let mask = unsafe {
            let across = _mm_or_si128(is(vector, b' '), is(vector, b'\t'));
            _mm_movemask_epi8(_mm_or_si128(across, _mm_or_si128(is(vector, b'\n'), is(vector, b'\r'))))
        };
        (!mask).trailing_zeros() as usize
    }

    #[inline(always)]
    pub fn first_backslash(vector: Vector) -> usize {
        first(is(vector, b'\\'))
    }
}

/// NEON, which every aarch64 has.
#[cfg(target_arch = "aarch64")]
mod neon {
    use core::arch::aarch64::*;

    pub type Vector = uint8x16_t;

    /// # Safety
    /// Sixteen bytes can be read at `from`.
    #[inline(always)]
    pub unsafe fn load(from: *const u8) -> Vector {
        // SAFETY: the caller vouches for the bytes; the address may be any.
        unsafe { vld1q_u8(from) }
    }

    /// The index of the lowest byte of `found` that is 0xff; the others are 0. 16 if there is none.
    #[inline(always)]
    fn first(found: Vector) -> usize {
        // SAFETY: of all calls here: the processor has NEON. Four bits of each byte are left.
        let mask = unsafe { vget_lane_u64::<0>(vreinterpret_u64_u8(vshrn_n_u16::<4>(vreinterpretq_u16_u8(found)))) };
        mask.trailing_zeros() as usize / 4
    }

    #[inline(always)]
    fn is(vector: Vector, byte: u8) -> Vector {
        // SAFETY: as above.
        unsafe { vceqq_u8(vector, vdupq_n_u8(byte)) }
    }

    #[inline(always)]
    pub fn first_not_plain(vector: Vector) -> usize {
        // SAFETY: as above. As signed numbers, what is not ASCII is below the space too.
        unsafe {
            let low = vcltq_s8(vreinterpretq_s8_u8(vector), vdupq_n_s8(b' ' as i8));
            first(vorrq_u8(low, vorrq_u8(is(vector, b'"'), is(vector, b'\\'))))
        }
    }

    #[inline(always)]
    pub fn first_not_white(vector: Vector) -> usize {
        // SAFETY: as above.
        unsafe {
            let across = vorrq_u8(is(vector, b' '), is(vector, b'\t'));
            first(vmvnq_u8(vorrq_u8(across, vorrq_u8(is(vector, b'\n'), is(vector, b'\r')))))
        }
    }

    #[inline(always)]
    pub fn first_backslash(vector: Vector) -> usize {
        first(is(vector, b'\\'))
    }
}

/// One word, elsewhere. A byte that is found has its highest bit set; no sum carries from one byte into the next.
#[cfg(any(test, not(any(target_arch = "x86_64", target_arch = "aarch64"))))]
mod words {
    use super::BYTES;

    pub type Vector = u128;

    /// # Safety
    /// Sixteen bytes can be read at `from`.
    #[inline(always)]
    pub unsafe fn load(from: *const u8) -> Vector {
        // SAFETY: the caller vouches for the bytes.
        u128::from_le_bytes(unsafe { from.cast::<[u8; BYTES]>().read() })
    }

    /// A block of sixteen times `byte`.
    const fn all(byte: u8) -> Vector {
        u128::from_le_bytes([byte; BYTES])
    }

    #[inline(always)]
    fn first(found: Vector) -> usize {
        ((found & all(0x80)).trailing_zeros() / 8) as usize
    }

    #[inline(always)]
    fn is(vector: Vector, byte: u8) -> Vector {
        let other = vector ^ all(byte);
        !(((other & all(0x7f)) + all(0x7f)) | other)
    }

    #[inline(always)]
    pub fn first_not_plain(vector: Vector) -> usize {
        let control = !((vector & all(0x7f)) + all(0x80 - b' '));
        first(control | vector | is(vector, b'"') | is(vector, b'\\'))
    }

    #[inline(always)]
    pub fn first_not_white(vector: Vector) -> usize {
        first(!(is(vector, b' ') | is(vector, b'\t') | is(vector, b'\n') | is(vector, b'\r')))
    }

    #[inline(always)]
    pub fn first_backslash(vector: Vector) -> usize {
        first(is(vector, b'\\'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn is_plain(byte: u8) -> bool {
        matches!(byte, 0x20..0x80) && byte != b'"' && byte != b'\\'
    }

    #[test]
    fn the_first_byte_is_found_whatever_stands_behind_it() {
        // SAFETY: a block is loaded from an array of sixteen bytes.
        let word = |bytes: &[u8; BYTES]| unsafe { words::load(bytes.as_ptr()) };
        type Find<T> = fn(T) -> usize;
        for (filler, wanted, find, find_by_words) in [
            (b'a', is_plain as fn(u8) -> bool, Block::first_not_plain as Find<Block>, words::first_not_plain as Find<words::Vector>),
            (b' ', |byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'), Block::first_not_white, words::first_not_white),
            (b'b', |byte| byte != b'\\', Block::first_backslash, words::first_backslash),
        ] {
            for first in 0..=255 {
                for second in 0..=255 {
                    for (at, behind) in [(0, 1), (3, 1), (6, 2), (7, 1), (7, 8), (14, 1), (15, 0)] {
                        let mut bytes = [filler; BYTES];
                        bytes[at] = first;
                        if behind > 0 {
                            bytes[at + behind] = second;
                        }
                        let expected = bytes.iter().position(|byte| !wanted(*byte)).unwrap_or(BYTES);
                        assert_eq!((find(Block::load(&bytes, 0)), find_by_words(word(&bytes))), (expected, expected), "{bytes:x?}");
                    }
                }
            }
        }
    }

    #[test]
    fn zeros_stand_behind_the_end() {
        let bytes: Vec<u8> = (1..=40).collect();
        for len in 0..=bytes.len() {
            for at in 0..=len + 1 {
                let expected: Vec<u8> = bytes[..len].iter().skip(at).copied().chain([0; 16]).take(16).collect();
                assert_eq!(Block::load(&bytes[..len], at).to_bytes().to_vec(), expected);
            }
        }
    }
}
