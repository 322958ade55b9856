//! Sixteen bytes at once, in plain words.
//!
//! A block is sixteen bytes of text as one little-endian `u128`: the first byte is the lowest. Behind the end of the text stand zeros,
//! which are neither spaces nor plain text, so whoever looks for the end of a run needs no bound.
//!
//! Measured with `cargo run --release -p coldmoon-fuzz --example json_speed` on an AMD EPYC (Zen 4), best of five interleaved runs. MB/s as
//! it is, at opt-level "s"; then what each use gains over a loop over bytes in its place, in percent. The other variants were edits that
//! are not kept, so the command prints the first two lines only.
//!
//! | | events, compact | events, indented | twitter | citm_catalog | canada |
//! | --- | --- | --- | --- | --- | --- |
//! | scan, MB/s | 1,980 | 1,931 | 2,040 | 2,503 | 690 |
//! | scan and write, MB/s | 988 | 1,131 | 1,045 | 1,429 | 262 |
//! | strings in `scan`: gain of the scan | 70 | 47 | 30 | 4 | -1 |
//! | indentation in `scan`: gain of the scan | 0 | 8 | 16 | 64 | 0 |
//! | strings in `write`: gain of scan and write | 10 | 9 | 3 | -5 | -1 |
//! | SSE2 instead of words, at "s": scan | -12 | -17 | -16 | -22 | 1 |
//! | the same: scan and write | 14 | 4 | 2 | -9 | 0 |
//! | SSE2 instead of words, at 3: scan | 11 | 3 | 9 | -3 | -1 |
//! | the same: scan and write | 32 | 23 | 17 | 2 | 0 |
//!
//! Why no SSE2 or NEON: their intrinsics are unsafe to call from code that is not marked with the feature itself, and `json` forbids unsafe
//! code. At "s" it is also slower to scan. It does write faster, and at 3 does both faster on events: that is what the rule costs. NEON was
//! not tried.

/// Bytes in a block.
pub(super) const BYTES: usize = 16;

/// The block that starts at `at`, with zeros behind the end of `bytes`.
#[inline(always)]
pub(super) fn load(bytes: &[u8], at: usize) -> u128 {
    match bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        Some(chunk) => u128::from_le_bytes(*chunk),
        None => load_tail(bytes, at),
    }
}

/// [`load`] near the end: two loads that overlap in the middle, where they agree. No call of memcpy: musl's is slow for so few bytes.
#[inline(never)]
pub(super) fn load_tail(bytes: &[u8], at: usize) -> u128 {
    let rest = bytes.get(at..).unwrap_or(&[]);
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

/// A block of sixteen times `byte`.
const fn all(byte: u8) -> u128 {
    u128::from_le_bytes([byte; BYTES])
}

/// The index of the first byte that is not plain text of a string: `"`, `\`, a control character or not ASCII. 16 if there is none.
///
/// A byte-wise subtraction sets the high bit where it borrows, and a borrow only disturbs bytes above one that is found already.
#[inline(always)]
pub(super) fn first_not_plain(block: u128) -> usize {
    let quote = (block ^ all(b'"')).wrapping_sub(all(1));
    let backslash = (block ^ all(b'\\')).wrapping_sub(all(1));
    let control = block.wrapping_sub(all(b' '));
    first((quote | backslash | control | block) & all(0x80))
}

/// The index of the first byte that is not a space. 16 if there is none.
#[inline(always)]
pub(super) fn first_not_space(block: u128) -> usize {
    first(block ^ all(b' '))
}

/// The index of the first `\`. 16 if there is none.
#[inline(always)]
pub(super) fn first_backslash(block: u128) -> usize {
    let other = block ^ all(b'\\');
    first(other.wrapping_sub(all(1)) & !other & all(0x80))
}

/// The index of the first byte that is not 0. 16 if there is none.
#[inline(always)]
fn first(block: u128) -> usize {
    (block.trailing_zeros() / 8) as usize
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
        for (filler, wanted, find) in [
            (b'a', is_plain as fn(u8) -> bool, first_not_plain as fn(u128) -> usize),
            (b' ', |byte| byte == b' ', first_not_space),
            (b'b', |byte| byte != b'\\', first_backslash),
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
                        assert_eq!(find(u128::from_le_bytes(bytes)), expected, "{bytes:x?}");
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
                assert_eq!(load(&bytes[..len], at).to_le_bytes().to_vec(), expected);
            }
        }
    }
}
