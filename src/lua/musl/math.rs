//! Logarithms, and the reduction of large arguments for `sin`, `cos` and `tan`.
//!
//! musl's logarithms are made for speed: each has a table of 2 to 4 KB, which no deflate makes smaller. Here one slower function without a
//! table gives all three: the C library's result or the double next to it, powers of the base exact (the tests below).
//!
//! musl's reduction is FreeBSD's, with a table for `long double`, of 2.7 KB. Doubles need 152 bytes of it.
//!
//! The logarithm is FreeBSD's `k_log.h`, `e_log2.c` and `e_log10.c`: Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved.
//! Developed at SunPro, a Sun Microsystems, Inc. business. Permission to use, copy, modify, and distribute this software is freely granted,
//! provided that this notice is preserved.

use core::ffi::c_int;

/// Clears the lower half of a double's bits, so that its product with another such is exact.
fn upper(x: f64) -> f64 {
    f64::from_bits(x.to_bits() & !0xffff_ffff)
}

/// What the natural logarithm is multiplied by, and the logarithm of 2: each as a sum whose first part has few bits.
struct Base {
    factor: [f64; 2],
    of_two: [f64; 2],
}

const E: Base = Base { factor: [1.0, 0.0], of_two: [0.6931471803691238, 1.9082149292705877e-10] };
const TWO: Base = Base { factor: [1.4426950407214463, 1.6751713164886512e-10], of_two: [1.0, 0.0] };
const TEN: Base = Base { factor: [0.4342944818781689, 2.5082946711645275e-11], of_two: [0.30102999566361177, 3.694239077158931e-13] };

/// The coefficients of log(1 + f) as a series in (f / (2 + f))^2.
const SERIES: [f64; 7] = [
    0.6666666666666735,
    0.3999999999940942,
    0.2857142874366239,
    0.22222198432149784,
    0.1818357216161805,
    0.15313837699209373,
    0.14798198605116586,
];

/// The bits of sqrt(1/2), from which on a fraction is taken.
const FROM: u64 = 0x3fe6_a09e << 32;

fn logarithm(mut x: f64, base: &Base) -> f64 {
    if x <= 0.0 {
        // The processor's own NaN: its sign shows where it is printed.
        #[allow(clippy::eq_op)]
        return if x == 0.0 { f64::NEG_INFINITY } else { (x - x) / (x - x) };
    }
    if x == f64::INFINITY || x.is_nan() {
        return x;
    }
    let mut exponent = 0;
    if x < f64::MIN_POSITIVE {
        // 2^54: now it is normal.
        x *= 18_014_398_509_481_984.0;
        exponent = -54;
    }
    // x = 2^exponent * (1 + f), with 1 + f from sqrt(1/2) to sqrt(2).
    let bits = x.to_bits() + (1.0f64.to_bits() - FROM);
    exponent += (bits >> 52) as i32 - 1023;
    let f = f64::from_bits((bits & ((1 << 52) - 1)) + FROM) - 1.0;

    let s = f / (2.0 + f);
    let (z, half) = (s * s, 0.5 * f * f);
    let series = SERIES.iter().rev().fold(0.0, |sum, coefficient| (sum + coefficient) * z);
    // log(1 + f) = high + low, where high has few bits.
    let high = upper(f - half);
    let low = (f - high) - half + s * (half + series);
    let k = f64::from(exponent);
    let whole = k * base.of_two[0];
    let part = high * base.factor[0];
    let sum = whole + part;
    (whole - sum + part) + (k * base.of_two[1] + (low + high) * base.factor[1] + low * base.factor[0]) + sum
}

/// `log(3)`
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
extern "C" fn log(x: f64) -> f64 {
    logarithm(x, &E)
}

/// `log2(3)`
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
extern "C" fn log2(x: f64) -> f64 {
    logarithm(x, &TWO)
}

/// `log10(3)`
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
extern "C" fn log10(x: f64) -> f64 {
    logarithm(x, &TEN)
}

/// The bits of 2/pi, behind a word of zeros for its integer part. The product of the greatest double with it is needed modulo 8 and to 136
/// bits behind the point: bits 969 to 1,160.
const TWO_OVER_PI: [u64; 20] = [
    0,
    0xa2f9_836e_4e44_1529,
    0xfc27_57d1_f534_ddc0,
    0xdb62_9599_3c43_9041,
    0xfe51_63ab_debb_c561,
    0xb724_6e3a_424d_d2e0,
    0x0649_2eea_09d1_921c,
    0xfe1d_eb1c_b129_a73e,
    0xe882_35f5_2ebb_4484,
    0xe99c_7026_b45f_7e41,
    0x3991_d639_8353_39f4,
    0x9c84_5f8b_bdf9_283b,
    0x1ff8_97ff_de05_980f,
    0xef2f_118b_5a0a_6d1f,
    0x6d36_7ecf_27cb_09b7,
    0x4f46_3f66_9e5f_ea2d,
    0x7527_bac7_ebe5_f17b,
    0x3d07_39f7_8a52_92ea,
    0x6bfb_5fb1_1f8d_5d08,
    0x5603_3046_fc7b_6bab,
];

/// pi/2 as a sum.
const HALF_PI: [f64; 2] = [core::f64::consts::FRAC_PI_2, 6.123233995736766e-17];

/// musl's internal function behind `sin`, `cos` and `tan`, for arguments from 2^20 * pi/2 on. The argument is positive, in `x` as three
/// integers of 24 bits (the first is not 0, further zeros are left out), the first times 2^`exponent`. Returns how many times pi/2 it
/// is, modulo 8, and in `y` what remains, from -pi/4 to pi/4, as a sum.
///
/// # Safety
/// `x` is to `count` doubles, 1 to 3, `y` to two.
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
unsafe extern "C" fn __rem_pio2_large(x: *const f64, y: *mut f64, exponent: c_int, count: c_int, _precision: c_int) -> c_int {
    let mut significand = 0;
    for index in 0..3 {
        // SAFETY: the caller vouches for `count` doubles.
        let part = if index < count as usize { unsafe { x.add(index).read() as i64 } } else { 0 };
        significand = significand << 24 | part as u128;
    }
    let (turns, rest) = reduce((significand >> 19) as u64, exponent - 29);
    // SAFETY: the caller vouches for two doubles.
    unsafe { y.cast::<[f64; 2]>().write(rest) };
    turns
}

/// `significand` * 2^`exponent`, which is 2^-32 * `significand` at least, in units of pi/2: the nearest integer modulo 8, and the rest
/// times pi/2. (Payne and Hanek 1983.)
fn reduce(significand: u64, exponent: c_int) -> (c_int, [f64; 2]) {
    // Three words of 2/pi from where their product with the significand is 8 or less; what stands before it are multiples of 8.
    let at = (exponent + 61) as usize;
    let word = |index: usize| {
        let (index, shift) = (at / 64 + index, at % 64);
        (u128::from(TWO_OVER_PI[index]) << 64 | u128::from(TWO_OVER_PI[index + 1])) << shift >> 64
    };
    let significand = u128::from(significand);
    let third = significand * word(2);
    let second = significand * word(1) + (third >> 64);
    let first = significand * word(0) + (second >> 64);
    // Three bits before the point, 128 behind it are more than enough: no double comes nearer to a multiple of pi/2 than 2^-61.
    let product = first << 64 | second & u128::from(u64::MAX);
    let fraction = product << 3 | (third as u64 >> 61) as u128;
    let is_below = fraction >> 127 != 0;
    let turns = (product >> 125) as c_int + c_int::from(is_below);

    let magnitude = if is_below { fraction.wrapping_neg() } else { fraction };
    let shift = magnitude.leading_zeros();
    let magnitude = magnitude.unbounded_shl(shift);
    // Twice 53 bits, as two doubles.
    let unit = f64::from_bits(u64::from(1023 - 53 - shift) << 52) * if is_below { -1.0 } else { 1.0 };
    let high = (magnitude >> 75) as i64 as f64 * unit;
    let low = (magnitude >> 22) as i64 & ((1 << 53) - 1);
    let low = low as f64 * (unit / (1u64 << 53) as f64);
    // (high + low) * pi/2: the product of the high parts in four exact pieces.
    let (a, b) = (upper(high), upper(HALF_PI[0]));
    let product = high * HALF_PI[0];
    let error = a * b - product + a * (HALF_PI[0] - b) + (high - a) * b + (high - a) * (HALF_PI[0] - b);
    let rest = error + (high * HALF_PI[1] + low * HALF_PI[0]);
    let sum = product + rest;
    (turns & 7, [sum, product - sum + rest])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Doubles of every exponent, and some near 1.
    fn doubles() -> impl Iterator<Item = f64> {
        let mut random = 1u64;
        (0..400_000).map(move |index| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let bits = random >> 2 ^ random << 50;
            match index % 4 {
                0 => 1.0 + (bits as f64 / 1e19),
                1 => f64::from_bits(bits % (1 << 52)),
                _ => f64::from_bits(bits % f64::INFINITY.to_bits()),
            }
        })
    }

    /// The distance of two doubles of the same sign, in units of the last place.
    fn distance(a: f64, b: f64) -> u64 {
        if a == b { 0 } else { a.to_bits().abs_diff(b.to_bits()) }
    }

    #[test]
    fn logarithms_are_those_of_the_c_library_or_the_next_double() {
        // glibc's log10 is wrong by up to two itself.
        type Row = (extern "C" fn(f64) -> f64, fn(f64) -> f64, u64);
        let rows: [Row; 3] = [(log, f64::ln, 1), (log2, f64::log2, 1), (log10, f64::log10, 3)];
        for (ours, theirs, distance_max) in rows {
            let mut differ = 0;
            for x in doubles() {
                let (found, expected) = (ours(x), theirs(x));
                assert!(distance(found, expected) <= distance_max, "{x:e}: {found:e}, not {expected:e}");
                differ += u32::from(found != expected);
            }
            // 1,386 and 1,507 do, and 21,851 of the decimal ones.
            assert!(differ < 400_000 / 10, "{differ}");
            for (x, expected) in [(0.0, f64::NEG_INFINITY), (-0.0, f64::NEG_INFINITY), (f64::INFINITY, f64::INFINITY), (1.0, 0.0)] {
                assert_eq!(ours(x).to_bits(), expected.to_bits(), "{x}");
            }
            assert!([-1.0, -5e-324, f64::NEG_INFINITY, f64::NAN].into_iter().all(|x| ours(x).is_nan()));
        }
    }

    #[test]
    fn powers_of_the_base_are_exact() {
        for exponent in -1074..1024 {
            let power =
                if exponent < -1022 { f64::from_bits(1 << (exponent + 1074)) } else { f64::from_bits(((exponent + 1023) as u64) << 52) };
            assert_eq!(log2(power), f64::from(exponent));
        }
        for exponent in 0..=22 {
            assert_eq!(log10(format!("1e{exponent}").parse().unwrap()), f64::from(exponent));
        }
    }

    #[test]
    fn the_double_that_comes_nearest_to_a_multiple_of_half_pi() {
        // Its cosine is -4.68716592425462761112E-19 (Muller, Elementary Functions, section 11.2); glibc has -4.6871659242546200E-19.
        let (turns, [high, low]) = reduce(6_381_956_970_095_103, 797);
        assert_eq!((turns, high), (5, 4.687_165_924_254_628e-19));
        assert!(low.abs() < high / (1u64 << 53) as f64);
    }

    #[test]
    fn large_arguments_are_reduced_as_the_c_library_does() {
        let edges = [f64::MAX, 1_647_100.0, 2f64.powi(1023), 1e22, 1e300];
        for x in doubles().filter(|x| x.abs() > 1_647_099.0).chain(edges) {
            // As musl's __rem_pio2 takes it apart.
            let exponent = (x.to_bits() >> 52) as i32 - (0x3ff + 23);
            let mut z = f64::from_bits(x.to_bits() & (u64::MAX >> 12) | (0x3ff + 23) << 52);
            let mut parts = [0.0; 3];
            for part in &mut parts {
                *part = z.trunc();
                z = (z - *part) * 16_777_216.0;
            }
            let count = 3 - parts.iter().rev().take_while(|part| **part == 0.0).count();
            let mut rest = [0.0; 2];
            // SAFETY: there are three doubles, and two.
            let turns = unsafe { __rem_pio2_large(parts.as_ptr(), rest.as_mut_ptr(), exponent, count as c_int, 1) };
            assert!(rest[0].abs() <= 0.785_398_163_397_448_4 && (0..8).contains(&turns));
            let (sin, cos) = (rest[0].sin() + rest[1] * rest[0].cos(), rest[0].cos() - rest[1] * rest[0].sin());
            let [sin, cos] = [[sin, cos], [cos, -sin], [-sin, -cos], [-cos, sin]][turns as usize % 4];
            assert!(distance(sin, x.sin()) <= 1 && distance(cos, x.cos()) <= 1, "{x:e}: {sin} {} {cos} {}", x.sin(), x.cos());
        }
    }
}
