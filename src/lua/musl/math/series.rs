//! Power series of the elementary functions, and their sums.
//!
//! The coefficients are reciprocals of integers: nothing to look up, and as good as those of a minimax polynomial with a few less.

/// 1 / `denominators`.
const fn reciprocals<const N: usize>(denominators: [u64; N]) -> [f64; N] {
    let (mut coefficients, mut index) = ([0.0; N], 0);
    while index < N {
        coefficients[index] = 1.0 / denominators[index] as f64;
        index += 1;
    }
    coefficients
}

/// artanh(x) = x (1 + x^2 / 3 + x^4 / 5 + …), and arctan(x) with alternating signs: the coefficients from 1 / 5 on.
pub static ARTANH: [f64; 12] = reciprocals([5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27]);

/// e^x = 1 + x + x^2 / 2! + …: the coefficients from 1 / 2! on.
pub static EXP: [f64; 12] = reciprocals([2, 6, 24, 120, 720, 5_040, 40_320, 362_880, 3_628_800, 39_916_800, 479_001_600, 6_227_020_800]);

/// sinh(x) = x (1 + x^2 / 3! + x^4 / 5! + …), and sin(x) with alternating signs: the coefficients from 1 / 3! on.
pub static SINH: [f64; 8] = reciprocals([6, 120, 5_040, 362_880, 39_916_800, 6_227_020_800, 1_307_674_368_000, 355_687_428_096_000]);

/// cosh(x) = 1 + x^2 / 2! + x^4 / 4! + …, and cos(x) with alternating signs: the coefficients from 1 / 4! on.
pub static COSH: [f64; 8] =
    reciprocals([24, 720, 40_320, 3_628_800, 479_001_600, 87_178_291_200, 20_922_789_888_000, 6_402_373_705_728_000]);

/// The sum of `coefficients[n]` * x^n, four at a time, in an order that lets the processor compute parts of it at the same time.
pub fn polynomial(coefficients: &[f64], x: f64) -> f64 {
    let (x2, x4) = (x * x, x * x * (x * x));
    let (fours, _) = coefficients.as_chunks::<4>();
    fours.iter().rev().fold(0.0, |sum, [a, b, c, d]| sum * x4 + ((a + b * x) + (c + d * x) * x2))
}
