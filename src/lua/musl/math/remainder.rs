//! `fmod`, for `math.fmod`: long division of the significands.
//!
//! Rust's own, which the linker would take before musl's, is twice as long.

use super::{invalid, scale};

/// A positive double as an integer below 2^53 times 2^`exponent`.
fn parts(x: f64) -> (u64, i32) {
    let (exponent, fraction) = ((x.to_bits() >> 52) as i32, x.to_bits() & (u64::MAX >> 12));
    if exponent == 0 { (fraction, -1074) } else { (fraction | 1 << 52, exponent - 1075) }
}

/// `fmod(3)`: exact, with the sign of `x`.
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
extern "C" fn fmod(x: f64, y: f64) -> f64 {
    if x.is_nan() || y.is_nan() {
        return x + y;
    }
    if x.is_infinite() || y == 0.0 {
        return invalid(0.0);
    }
    if x.abs() < y.abs() {
        return x;
    }
    let ((mut rest, mut exponent), (divisor, end)) = (parts(x.abs()), parts(y.abs()));
    while exponent > end {
        // Eleven bits are free at the top of a word.
        let step = (exponent - end).min(11);
        rest = (rest << step) % divisor;
        exponent -= step;
    }
    scale((rest % divisor) as f64, end).copysign(x)
}

#[cfg(test)]
mod tests {
    use super::super::samples::doubles;
    use super::*;

    #[test]
    fn remainders_are_those_of_the_c_library() {
        let special = [0.0, 5e-324, 1e-308, 0.1, 1.0, 3.0, 1e300, f64::MAX, f64::INFINITY, f64::NAN];
        let special = special.into_iter().flat_map(|x| special.map(|y| (x, y)));
        let near = doubles().map(|x| (x, x / 7.0)).chain(doubles().map(|x| (x / 3.0, 5e-300)));
        for (x, y) in doubles().zip(doubles().skip(1)).chain(near).chain(special) {
            for (x, y) in [(x, y), (-x, y), (x, -y)] {
                let (found, expected) = (fmod(x, y), x % y);
                assert!(
                    found.to_bits() == expected.to_bits() || found.is_nan() && expected.is_nan(),
                    "fmod({x:e}, {y:e}): {found:e}, not {expected:e}"
                );
            }
        }
    }
}
