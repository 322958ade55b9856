//! `sin`, `cos` and `tan` and their inverses: every argument is taken to a small one, with 106 bits, for which a series is summed.
//!
//! The result is the C library's or the double next to it (the tests below), for large arguments too.

use core::ffi::c_int;

use super::pair::Pair;
use super::series::{ARTANH, COSH, SINH, polynomial};
use super::{invalid, scale};

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
const HALF_PI: Pair = Pair { high: core::f64::consts::FRAC_PI_2, low: 6.123233995736766e-17 };

/// `significand` * 2^`exponent`, which is 2^-61 * `significand` at least, in units of pi/2: the nearest integer modulo 8, and the rest
/// times pi/2. (Payne and Hanek 1983.)
fn reduce(significand: u64, exponent: c_int) -> (c_int, Pair) {
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
    let rest = Pair { high, low } * HALF_PI;
    (turns & 7, Pair::ordered(rest.high, rest.low))
}

/// A positive number as a multiple of pi/2 and a rest from -pi/4 to pi/4.
fn quarters(x: f64) -> (c_int, Pair) {
    if x < core::f64::consts::FRAC_PI_4 {
        return (0, Pair::from(x));
    }
    let bits = x.to_bits();
    reduce(bits & (u64::MAX >> 12) | 1 << 52, (bits >> 52) as c_int - 1075)
}

/// sin(`rest` + `turns` * pi/2), for a rest from -pi/4 to pi/4: what is left out of a series is below 2^-58.
fn wave(turns: c_int, rest: Pair) -> Pair {
    let x = rest.high;
    let z = x * x;
    let value = if turns & 1 == 0 {
        Pair::ordered(x, rest.low * (1.0 - 0.5 * z) - x * (z * polynomial(&SINH, -z)))
    } else {
        let (half, line) = (0.5 * z, 1.0 - 0.5 * z);
        Pair::ordered(line, (1.0 - line - half) + (z * z * polynomial(&COSH, -z) - x * rest.low))
    };
    if turns & 2 == 0 { value } else { -value }
}

/// Below it sin(x) and tan(x) are `x`, and its products would be too small for doubles.
const SMALL: f64 = 1e-9;

/// A function that has the sign of its argument: `of` is given a positive one, as [`quarters`] takes it apart.
fn odd(x: f64, of: fn(c_int, Pair) -> Pair) -> f64 {
    let magnitude = x.abs();
    if magnitude < SMALL || !x.is_finite() {
        return if magnitude < SMALL { x } else { invalid(x) };
    }
    let (turns, rest) = quarters(magnitude);
    of(turns, rest).rounded() * 1f64.copysign(x)
}

/// `sin(3)`
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
extern "C" fn sin(x: f64) -> f64 {
    odd(x, wave)
}

/// `cos(3)`
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
extern "C" fn cos(x: f64) -> f64 {
    if !x.is_finite() {
        return invalid(x);
    }
    let (turns, rest) = quarters(x.abs());
    wave(turns + 1, rest).rounded()
}

/// `tan(3)`
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
extern "C" fn tan(x: f64) -> f64 {
    odd(x, |turns, rest| wave(turns, rest) / wave(turns + 1, rest))
}

/// tan(pi/8)
const TAN_EIGHTH: Pair = Pair { high: 0.41421356237309503, low: 1.4349369327986523e-17 };

/// The angle of the point (`x`, `y`), from -pi to pi, without regard to the sign of 0.
fn angle(y: Pair, x: Pair) -> f64 {
    let magnitude = |pair: Pair| if pair.high < 0.0 { -pair } else { pair };
    let (mut small, mut large) = (magnitude(y), magnitude(x));
    let is_steep = small.high > large.high;
    if is_steep {
        (small, large) = (large, small);
    }
    // The nearest of 0, pi/8 and pi/4 is taken away: the bounds are tan(pi/16) and tan(3 pi/16).
    let (mut eighths, tangent) = if small.high <= 0.198912367379658 * large.high {
        (0, Pair::from(0.0))
    } else if small.high <= 0.6681786379192989 * large.high {
        (1, TAN_EIGHTH)
    } else {
        (2, Pair::from(1.0))
    };
    let ratio = (small + -tangent * large) / (large + tangent * small);
    // arctan(r) = r (1 - r^2 / 3 + r^4 / 5 - …), where r is at most 0.199.
    let z = -(ratio.high * ratio.high);
    let mut rest = Pair { high: ratio.high, low: ratio.low + ratio.high * (z / 3.0 + z * z * polynomial(&ARTANH, z)) };
    let mut mirror = |at: c_int| {
        eighths = at - eighths;
        rest = -rest;
    };
    if is_steep {
        mirror(4);
    }
    if x.high < 0.0 {
        mirror(8);
    }
    let sum = HALF_PI * Pair::from(f64::from(eighths) * 0.25) + rest;
    sum.rounded()
}

/// `atan2(3)`; what is special is C's (ISO C, annex F.10.1.4).
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
extern "C" fn atan2(y: f64, x: f64) -> f64 {
    if x.is_nan() || y.is_nan() {
        return x + y;
    }
    let (mut to_y, mut to_x) = (y, x);
    if x.is_infinite() || y.is_infinite() {
        // Only the direction counts.
        let unit = |x: f64| (if x.is_infinite() { 1f64 } else { 0.0 }).copysign(x);
        (to_y, to_x) = (unit(y), unit(x));
    } else if y == 0.0 {
        to_x = 1f64.copysign(x);
    }
    // To where neither products nor their errors are too large or too small for doubles: the larger one becomes about 2^500.
    let exponent = 1523 - (to_x.abs().max(to_y.abs()).to_bits() >> 52) as c_int;
    angle(Pair::from(scale(to_y, exponent)), Pair::from(scale(to_x, exponent))).copysign(y)
}

/// `atan(3)`
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
extern "C" fn atan(x: f64) -> f64 {
    atan2(x, 1.0)
}

/// The other leg of a right triangle with the hypotenuse 1, sqrt(1 - x^2); `None` where there is none.
fn leg(x: f64) -> Option<Pair> {
    let square = Pair::sum(1.0, -x) * Pair::sum(1.0, x);
    if square.high == 0.0 {
        return Some(square);
    }
    if square.high < 0.0 || x.is_nan() {
        return None;
    }
    // SAFETY: it has no precondition.
    let root = unsafe { sqrt(square.high) };
    let rest = square + -(Pair::from(root) * Pair::from(root));
    Some(Pair { high: root, low: rest.rounded() / (2.0 * root) })
}

/// `asin(3)`
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
extern "C" fn asin(x: f64) -> f64 {
    leg(x).map_or_else(|| invalid(x), |leg| angle(Pair::from(x), leg).copysign(x))
}

/// `acos(3)`
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
extern "C" fn acos(x: f64) -> f64 {
    leg(x).map_or_else(|| invalid(x), |leg| angle(leg, Pair::from(x)))
}

unsafe extern "C" {
    /// `sqrt(3)`, an instruction of every processor.
    fn sqrt(x: f64) -> f64;
}

#[cfg(test)]
mod tests {
    use super::super::samples::{distance, doubles};
    use super::*;

    type Function = (&'static str, extern "C" fn(f64) -> f64, fn(f64) -> f64);

    /// From -1 to 1.
    fn units() -> impl Iterator<Item = f64> {
        let unit = |x: f64| f64::from_bits(x.to_bits() & (u64::MAX >> 12) | 1.0f64.to_bits()) * 2.0 - 3.0;
        doubles().map(unit).chain([1.0, -1.0, 0.0, -0.0, 0.5, 5e-324, 1e-9, -1e-9, 1e-300])
    }

    #[test]
    fn angles_and_their_inverses_are_those_of_the_c_library_or_a_double_beside_it() {
        let rows: [Function; 6] = [
            ("sin", sin, f64::sin),
            ("cos", cos, f64::cos),
            ("tan", tan, f64::tan),
            ("atan", atan, f64::atan),
            ("asin", asin, f64::asin),
            ("acos", acos, f64::acos),
        ];
        for (name, ours, theirs) in rows {
            let mut differ = 0;
            let mut compare = |x: f64| {
                let (found, expected) = (ours(x), theirs(x));
                assert!(distance(found, expected) <= 1, "{name}({x:e}): {found:e}, not {expected:e}");
                assert!(found != 0.0 || found.to_bits() == expected.to_bits(), "{name}({x:e}): {found:e}");
                differ += u32::from(found != expected);
            };
            units().for_each(&mut compare);
            if !matches!(name, "asin" | "acos") {
                units().for_each(|x| compare(x * 100.0));
                doubles().for_each(&mut compare);
                doubles().for_each(|x| compare(-x));
            } else {
                assert!([1.0000000000000002, -2.0, f64::INFINITY].into_iter().all(|x| ours(x).is_nan()), "{name}");
            }
            // tan differs in 44,421 of 1,600,018, the inverses in 2,009 at most.
            assert!(differ <= 50_000, "{name}: {differ}");
            assert!(ours(f64::NAN).is_nan());
        }
        assert!([sin, cos, tan].into_iter().all(|function| function(f64::NEG_INFINITY).is_nan()));
        assert_eq!((atan(f64::INFINITY), atan(f64::NEG_INFINITY)), (core::f64::consts::FRAC_PI_2, -core::f64::consts::FRAC_PI_2));
    }

    #[test]
    fn the_angle_of_every_point_is_that_of_the_c_library_or_the_next_double() {
        let signs = [(1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0)];
        for ((y, x), unit) in doubles().zip(doubles().skip(1)).zip(units()) {
            for (sign_y, sign_x) in signs {
                for (y, x) in [(y * sign_y, x * sign_x), (y * sign_y, y * unit * sign_x)] {
                    let (found, expected) = (atan2(y, x), y.atan2(x));
                    assert!(distance(found, expected) <= 1, "atan2({y:e}, {x:e}): {found:e}, not {expected:e}");
                }
            }
        }
        let special = [0.0, 5e-324, 1e-308, 1e-300, 1.0, 1e300, f64::MAX, f64::INFINITY, f64::NAN];
        let special = special.into_iter().flat_map(|x| [x, -x]);
        for y in special.clone() {
            for x in special.clone() {
                let (found, expected) = (atan2(y, x), y.atan2(x));
                assert!(
                    found.to_bits() == expected.to_bits() || found.is_nan() && expected.is_nan(),
                    "atan2({y:e}, {x:e}): {found:e}, not {expected:e}"
                );
            }
        }
    }

    #[test]
    fn the_double_that_comes_nearest_to_a_multiple_of_half_pi() {
        // Its cosine is -4.68716592425462761112E-19 (Muller, Elementary Functions, section 11.2); glibc has -4.6871659242546200E-19.
        let (turns, Pair { high, low }) = reduce(6_381_956_970_095_103, 797);
        assert_eq!((turns, high), (5, 4.687_165_924_254_628e-19));
        assert!(low.abs() < high / (1u64 << 53) as f64);
    }
}
