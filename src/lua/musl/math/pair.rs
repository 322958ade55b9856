//! Numbers of 106 bits, as the sum of two doubles: arithmetic of Dekker (1971) and Knuth (The Art of Computer Programming 2, 4.2.2).
//!
//! What is computed so needs no tables to be right to the last bit of a double. Nothing here expects infinities.

use core::ops::{Add, Div, Mul, Neg};

/// The sum of both. `low` is a few units in the last place of `high` at most.
#[derive(Clone, Copy)]
pub struct Pair {
    pub high: f64,
    pub low: f64,
}

/// The 26 upper bits of a double's 53: products of two such are exact.
fn upper(x: f64) -> f64 {
    f64::from_bits(x.to_bits() & !0x7ff_ffff)
}

impl Pair {
    /// `a + b`, exact, where `a` is not the smaller one or is 0.
    pub fn ordered(a: f64, b: f64) -> Pair {
        let high = a + b;
        Pair { high, low: b - (high - a) }
    }

    /// `a + b`, exact.
    pub fn sum(a: f64, b: f64) -> Pair {
        let high = a + b;
        let of_b = high - a;
        Pair { high, low: (a - (high - of_b)) + (b - of_b) }
    }

    /// `a * b`, exact but for what is smaller than all doubles.
    fn product(a: f64, b: f64) -> Pair {
        let high = a * b;
        let (a_upper, b_upper) = (upper(a), upper(b));
        let (a_rest, b_rest) = (a - a_upper, b - b_upper);
        Pair { high, low: (a_upper * b_upper - high + (a_upper * b_rest + a_rest * b_upper)) + a_rest * b_rest }
    }

    /// The double next to it.
    pub fn rounded(self) -> f64 {
        self.high + self.low
    }
}

impl From<f64> for Pair {
    fn from(high: f64) -> Pair {
        Pair { high, low: 0.0 }
    }
}

impl Neg for Pair {
    type Output = Pair;
    fn neg(self) -> Pair {
        Pair { high: -self.high, low: -self.low }
    }
}

impl Add for Pair {
    type Output = Pair;
    #[inline(never)]
    fn add(self, other: Pair) -> Pair {
        let sum = Pair::sum(self.high, other.high);
        Pair { low: sum.low + (self.low + other.low), ..sum }
    }
}

impl Mul for Pair {
    type Output = Pair;
    #[inline(never)]
    fn mul(self, other: Pair) -> Pair {
        let product = Pair::product(self.high, other.high);
        Pair { low: product.low + (self.high * other.low + self.low * other.high), ..product }
    }
}

impl Div for Pair {
    type Output = Pair;
    #[inline(never)]
    fn div(self, other: Pair) -> Pair {
        let reciprocal = 1.0 / other.high;
        let high = self.high * reciprocal;
        let product = Pair::product(high, other.high);
        let rest = (self.high - product.high - product.low) + (self.low - high * other.low);
        Pair { high, low: rest * reciprocal }
    }
}
