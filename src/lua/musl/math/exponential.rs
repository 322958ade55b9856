//! Logarithms, powers and the functions that are made of them: the natural logarithm and its inverse, with 106 bits where it matters.
//!
//! What can be exact is exact, and what cannot is the C library's result or a double beside it (the tests below).

use core::f64::consts;

use super::pair::Pair;
use super::series::{ARTANH, EXP, SINH, polynomial};
use super::{invalid, scale};

/// The natural logarithm of 2, as a sum whose first part has 42 bits: its products with an exponent are exact.
const LN_2: [f64; 2] = [0.6931471805598903, 5.497923018708371e-14];
const LOG2_E: Pair = Pair { high: consts::LOG2_E, low: 2.0355273740931033e-17 };
const LOG10_E: Pair = Pair { high: consts::LOG10_E, low: 1.098319650216765e-17 };
const THIRD: Pair = Pair { high: 0.3333333333333333, low: 1.850371707708594e-17 };

/// The bits of sqrt(1/2), from which on a fraction is taken.
const FROM: u64 = 0x3fe6_a09e << 32;

/// The natural logarithm of a number that is greater than 0 and finite.
fn ln(mut x: f64) -> Pair {
    let mut exponent = 0;
    if x < f64::MIN_POSITIVE {
        // 2^54: now it is normal.
        x *= 18_014_398_509_481_984.0;
        exponent = -54;
    }
    // x = 2^exponent * fraction, which is from sqrt(1/2) to sqrt(2).
    let bits = x.to_bits() + (1.0f64.to_bits() - FROM);
    exponent += (bits >> 52) as i32 - 1023;
    let fraction = f64::from_bits((bits & ((1 << 52) - 1)) + FROM);

    // ln(fraction) = 2 s (1 + z / 3 + z^2 / 5 + z^3 / 7 + …), where z = s^2 is at most 0.0295: what comes behind is below 2^-67.
    let s = Pair::from(fraction - 1.0) / Pair::sum(1.0, fraction);
    let z = s * s;
    let third = z * THIRD;
    let series = Pair::ordered(third.high, third.low + polynomial(&ARTANH, z.high) * (z.high * z.high));
    let twice = Pair { high: 2.0 * s.high, low: 2.0 * s.low };
    let exponent = f64::from(exponent);
    Pair { high: exponent * LN_2[0], low: exponent * LN_2[1] } + (twice + twice * series)
}

/// e^x = `fraction` * 2^`exponent`, for an `x` from -1,400 to 1,400. The fraction is from sqrt(1/2) to sqrt(2).
fn exp_pair(x: Pair) -> (Pair, i32) {
    // 1.5 * 2^52: behind it there is no place for a fraction, the sum is rounded.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    let exponent = x.high * consts::LOG2_E + ROUND - ROUND;
    let u = Pair::sum(x.high - exponent * LN_2[0], x.low - exponent * LN_2[1]);
    // e^u = 1 + u + u^2 / 2 + u^3 / 6 + …, where u is at most 0.347: what comes behind is below 2^-57.
    let curve = polynomial(&EXP, u.high) * (u.high * u.high);
    let line = Pair::ordered(1.0, u.high);
    (Pair::ordered(line.high, line.low + (u.low * line.high + curve)), exponent as i32)
}

/// e^x, also where that is infinite or 0.
fn exp_rounded(x: Pair) -> f64 {
    if x.high.abs() > 1400.0 {
        return if x.high > 0.0 { f64::INFINITY } else { 0.0 };
    }
    let (fraction, exponent) = exp_pair(x);
    scale(fraction.high, exponent)
}

/// The logarithm to a base: `factor` is the base's to e.
fn logarithm(x: f64, factor: Pair) -> f64 {
    if x <= 0.0 {
        return if x == 0.0 { f64::NEG_INFINITY } else { invalid(x) };
    }
    if x == f64::INFINITY || x.is_nan() {
        return x;
    }
    (ln(x) * factor).rounded()
}

/// `log(3)`
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
extern "C" fn log(x: f64) -> f64 {
    logarithm(x, Pair::from(1.0))
}

/// `log2(3)`
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
extern "C" fn log2(x: f64) -> f64 {
    logarithm(x, LOG2_E)
}

/// `log10(3)`
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
extern "C" fn log10(x: f64) -> f64 {
    logarithm(x, LOG10_E)
}

/// `exp(3)`
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
extern "C" fn exp(x: f64) -> f64 {
    if x.is_nan() { x } else { exp_rounded(Pair::from(x)) }
}

/// `pow(3)`; what is special is C's (ISO C, annex F.10.4.4).
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
extern "C" fn pow(x: f64, y: f64) -> f64 {
    if y == 0.0 || x == 1.0 {
        return 1.0;
    }
    if x.is_nan() || y.is_nan() {
        return x + y;
    }
    let magnitude = x.abs();
    if y.is_infinite() {
        let grows = (magnitude > 1.0) == (y > 0.0);
        return if magnitude == 1.0 {
            1.0
        } else if grows {
            f64::INFINITY
        } else {
            0.0
        };
    }
    // From 2^53 on every double is even. The conversion is exact or gives the greatest integer.
    let is_integer = y.abs() >= 9_007_199_254_740_992.0 || (y as i64) as f64 == y;
    let is_odd = y.abs() < 9_007_199_254_740_992.0 && is_integer && y as i64 & 1 != 0;
    let power = if x == 0.0 || x.is_infinite() {
        if (x == 0.0) == (y > 0.0) { 0.0 } else { f64::INFINITY }
    } else if x < 0.0 && !is_integer {
        return invalid(x);
    } else {
        exp_rounded(ln(magnitude) * Pair::from(y))
    };
    if is_odd { power.copysign(x) } else { power }
}

/// e^x / 2, for an `x` from -[`LARGE`] to [`LARGE`].
fn half_exp(x: f64) -> Pair {
    let (fraction, exponent) = exp_pair(Pair::from(x));
    Pair { high: scale(fraction.high, exponent - 1), low: scale(fraction.low, exponent - 1) }
}

/// Below it e^x - e^-x would lose digits.
const SMALL: f64 = 0.5;
/// From it on e^x / 2 is infinite.
const LARGE: f64 = 711.0;

/// `sinh(x)` for a small `x`, by its series: what is left out is below 2^-60 of it.
fn small_sinh(x: f64) -> Pair {
    let z = x * x;
    Pair::ordered(x, x * (z * polynomial(&SINH, z)))
}

/// `sinh(3)`
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
extern "C" fn sinh(x: f64) -> f64 {
    let magnitude = x.abs();
    if magnitude < SMALL {
        return small_sinh(x).rounded();
    }
    let (grows, shrinks) = (half_exp(magnitude.min(LARGE)), half_exp(-magnitude.min(LARGE)));
    if x.is_nan() { x } else { (grows.high + (grows.low - shrinks.high)).copysign(x) }
}

/// `cosh(3)`
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
extern "C" fn cosh(x: f64) -> f64 {
    let magnitude = x.abs().min(LARGE);
    let (grows, shrinks) = (half_exp(magnitude), half_exp(-magnitude));
    if x.is_nan() { x } else { grows.high + (grows.low + shrinks.high) }
}

/// `tanh(3)`
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
extern "C" fn tanh(x: f64) -> f64 {
    if x.abs() < SMALL || x.is_nan() {
        // cosh(x) = 1 + 2 sinh(x / 2)^2
        let (sinh, half) = (small_sinh(x), small_sinh(0.5 * x).rounded());
        let more = 2.0 * half * half;
        return (sinh.high + (sinh.low - sinh.high * (more / (1.0 + more)))).copysign(x);
    }
    // 1 - 2 / (e^2x + 1); from 20 on it is 1.
    let power = half_exp(2.0 * x.abs().min(20.0));
    let rest = Pair::from(1.0) / (power + Pair::from(0.5));
    (1.0 - rest.rounded()).copysign(x)
}

#[cfg(test)]
mod tests {
    use super::super::samples::{distance, doubles};
    use super::*;

    type Function = (&'static str, extern "C" fn(f64) -> f64, fn(f64) -> f64);

    /// Compares with the C library and returns how many of the results differ.
    fn compare((name, ours, theirs): Function, arguments: impl Iterator<Item = f64>, distance_max: u64) -> u32 {
        let mut differ = 0;
        for x in arguments {
            let (found, expected) = (ours(x), theirs(x));
            assert!(distance(found, expected) <= distance_max, "{name}({x:e}): {found:e}, not {expected:e}");
            differ += u32::from(found != expected);
        }
        differ
    }

    #[test]
    fn logarithms_are_those_of_the_c_library_or_the_next_double() {
        let rows: [Function; 3] = [("log", log, f64::ln), ("log2", log2, f64::log2), ("log10", log10, f64::log10)];
        for row in rows {
            // glibc's log10 is wrong by up to two itself.
            let differ = compare(row, doubles(), if row.0 == "log10" { 2 } else { 1 });
            // log2 differs in 210 of 400,000; glibc's log10 is the worse one of the two.
            assert!(differ <= if row.0 == "log10" { 24_000 } else { 300 }, "{}: {differ}", row.0);
            for (x, expected) in [(0.0, f64::NEG_INFINITY), (-0.0, f64::NEG_INFINITY), (f64::INFINITY, f64::INFINITY), (1.0, 0.0)] {
                assert_eq!(row.1(x).to_bits(), expected.to_bits(), "{x}");
            }
            assert!([-1.0, -5e-324, f64::NEG_INFINITY, f64::NAN].into_iter().all(|x| row.1(x).is_nan()));
        }
    }

    #[test]
    fn exponential_functions_are_those_of_the_c_library_or_a_double_beside_it() {
        let rows: [(Function, u64); 4] =
            [(("exp", exp, f64::exp), 1), (("sinh", sinh, f64::sinh), 2), (("cosh", cosh, f64::cosh), 2), (("tanh", tanh, f64::tanh), 2)];
        // Of every size that matters, of both signs; and the doubles round each end of what is finite and not 0.
        let arguments = || {
            let unit = |x: f64| f64::from_bits(x.to_bits() & (u64::MAX >> 12) | 1.0f64.to_bits()) - 1.5;
            let many = doubles().flat_map(move |x| [unit(x), unit(x) * 4.0, unit(x) * 100.0, unit(x) * 1500.0]);
            let ends =
                [709.782712893384f64, 710.4758600739439, -708.3964185322641, -744.4400719213812, -745.1332191019411, 36.7, 22.0, 0.5];
            let steps = (-200i64..200).flat_map(move |step| ends.map(|end| f64::from_bits((end.to_bits() as i64 + step) as u64)));
            let special = [0.0, -0.0, 1.0, -1.0, 5e-324, 1e-300, -1e-20, f64::MAX, f64::MIN, f64::INFINITY, f64::NEG_INFINITY];
            many.chain(steps).chain(special)
        };
        for (row, distance_max) in rows {
            let differ = compare(row, arguments(), distance_max);
            // exp differs in 24,747 of 1,603,211; the others are sums of two, in both libraries.
            assert!(differ <= if row.0 == "exp" { 30_000 } else { 300_000 }, "{}: {differ}", row.0);
            assert!(row.1(f64::NAN).is_nan());
            assert_eq!(row.1(-0.0).to_bits(), row.2(-0.0).to_bits());
        }
    }

    #[test]
    fn powers_are_those_of_the_c_library_or_the_next_double() {
        let mut differ = 0;
        for (x, z) in doubles().zip(doubles().skip(1)) {
            // An exponent that gives a finite result, mostly.
            let y = (z.to_bits() % (1 << 52)) as f64 / (1u64 << 51) as f64 - 1.0;
            let y = y * 1080.0 / x.log2().abs().max(1e-3);
            let (found, expected) = (pow(x, y), x.powf(y));
            assert!(distance(found, expected) <= 1, "{x:e}^{y:e}: {found:e}, not {expected:e}");
            differ += u32::from(found != expected);
        }
        // 6,521 of 400,000.
        assert!(differ <= 8_000, "{differ}");
    }

    #[test]
    fn special_powers_are_those_of_the_standard() {
        let numbers = [
            0.0,
            0.5,
            1.0,
            1.0000000000000002,
            2.0,
            3.0,
            4503599627370497.5,
            9007199254740991.0,
            9007199254740992.0,
            1e300,
            5e-324,
            f64::MAX,
        ];
        let numbers = numbers.into_iter().chain([f64::INFINITY, f64::NAN]).flat_map(|x| [x, -x]);
        for x in numbers.clone() {
            for y in numbers.clone() {
                let (found, expected) = (pow(x, y), x.powf(y));
                let is_special = expected == 0.0 || !expected.is_finite();
                let is_right = if is_special { found.to_bits() == expected.to_bits() } else { distance(found, expected) <= 1 };
                assert!(is_right || found.is_nan() && expected.is_nan(), "{x:e}^{y:e}: {found:e}, not {expected:e}");
            }
        }
    }

    #[test]
    fn what_can_be_exact_is() {
        for exponent in -1074..1024 {
            let power =
                if exponent < -1022 { f64::from_bits(1 << (exponent + 1074)) } else { f64::from_bits(((exponent + 1023) as u64) << 52) };
            assert_eq!(log2(power), f64::from(exponent));
            assert_eq!(pow(2.0, f64::from(exponent)), power);
        }
        for exponent in 0..=22 {
            let power = format!("1e{exponent}").parse().unwrap();
            assert_eq!(log10(power), f64::from(exponent));
            assert_eq!(pow(10.0, f64::from(exponent)), power);
        }
        for x in 0..200_000u64 {
            assert_eq!(pow(x as f64, 2.0), (x * x) as f64);
            assert_eq!(pow(x as f64, 3.0), (x * x * x) as f64, "{x}");
            assert_eq!(pow((x * x) as f64, 0.5), x as f64);
        }
    }
}
