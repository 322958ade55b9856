//! The functions of `math.h` that LuaJIT calls: right to the last bit or the next double, and small.
//!
//! musl's are made for speed, each with tables and polynomials of its own, which no deflate makes smaller. These share their parts:
//! arithmetic with 106 bits, and the series of four functions. They are made for size: a call takes a few times as long.

mod angle;
mod exponential;
mod pair;
mod remainder;
mod series;

/// The processor's own NaN, whose sign shows where it is printed.
#[allow(clippy::eq_op)]
fn invalid(x: f64) -> f64 {
    (x - x) / (x - x)
}

/// `x` * 2^`exponent`, for an exponent from -2,000 to 2,000.
fn scale(x: f64, exponent: i32) -> f64 {
    let power = |exponent: i32| f64::from_bits(((exponent + 1023) as u64) << 52);
    // No power of two on the way is too large or too small for a normal double.
    let third = exponent / 3;
    x * power(third) * power(third) * power(exponent - 2 * third)
}

/// What the tests of the functions have in common.
#[cfg(test)]
mod samples {
    /// Doubles of every exponent, and some near 1.
    pub fn doubles() -> impl Iterator<Item = f64> {
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
    pub fn distance(a: f64, b: f64) -> u64 {
        if a == b { 0 } else { a.to_bits().abs_diff(b.to_bits()) }
    }
}
