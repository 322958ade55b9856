//! Numbers, both ways: decimal text to the nearest double, a double to the shortest text that reads back to it.
//!
//! Both directions multiply an integer of 64 bits by a power of ten of 128. The usual tables of those powers take 10 KB; here 632 bytes
//! serve both: every 27th power of five in 128 bits, computed when this file is compiled, times one of 5^0 to 5^26. What that costs in
//! precision is three units of the last bit, and both ways are told of it: see [`power_of_ten`].
//!
//! Reading: the digits go into an integer. If it and the power of ten are exact as doubles, one division or product of doubles is the
//! answer (Clinger 1990). Otherwise the integer product (Eisel and Lemire) is known up to a narrow interval, and if both its ends round to
//! the same double, that is the answer. If they do not, which takes a value within 2^-59 of the middle between two doubles, the exact
//! decimal is compared with that middle in big integers.
//!
//! Writing: Schubfach (Giulietti 2020), then the digits eight at a time without a table. A given number of digits is the same product,
//! rounded; where its error decides, or more than 17 digits are asked for, the double is multiplied out in big integers.
//!
//! | x86_64, opt-level "s", fat LTO | read | write | both |
//! | --- | --- | --- | --- |
//! | here and in `write`, bytes of code and tables (830 are shared) | 3,460 | 3,050 | 5,680 |
//! | `core`'s `f64::from_str` and shortest `Display` (precompiled, optimised for speed), bytes | 11,900 | 7,900 | 19,800 |
//! | 17 digits, ns (read: with the scan of the array around them) | 29 | 35 | |
//! | the same by `core` (read: the bare conversion) | 16 | 80 | |
//!
//! [`Literal`] and what belongs to it are 1,160 bytes more. Reading is linear in the input, since [`decide`] looks at no more than 768
//! digits; of the middles that were tried, of 17 to 768 digits, the slowest took 23 ns a byte (17 µs for one of 758 bytes).
//!
//! `CARGO_PROFILE_RELEASE_STRIP=false cargo test --release -p coldmoon-fuzz --no-run`, then
//! `nm -S -C target/release/deps/stable-* | grep -E 'json::(number|write)|dec2flt|flt2dec|fmt::float'`; times by
//! `cargo run --release -p coldmoon-fuzz --example json_speed`.
//!
//! JSON knows no hexadecimal and infinite numbers: those are for [`parse_lenient`] and for Lua.

use super::{Kind, SyntaxError};

/// A number of the document.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// What has a fraction or an exponent, as the nearest double; integers up to 2^53 in magnitude, and those that do not fit 64 bits.
    /// `-0` is -0.0.
    Double(f64),
    /// Other integers that fit.
    Int64(i64),
    /// Other integers that fit this and not the signed one.
    Uint64(u64),
}

/// Up to this magnitude, 2^53, doubles hold every integer.
const INTEGER_MAX: u64 = 1 << f64::MANTISSA_DIGITS;

/// So many decimal digits always fit a `u64`.
const DIGITS_MAX: usize = 19;

/// The number that starts at `at`, with `-` or a digit, and the offset behind it.
#[inline(always)]
pub(super) fn parse(input: &[u8], at: usize) -> Result<(Number, usize), SyntaxError> {
    let negative = input[at] == b'-';
    let start = at + usize::from(negative);
    let (magnitude, end) = digits(input, start, 0);
    let next = input.get(end).copied().unwrap_or(0);
    // Most numbers are integers of one to eighteen digits. White space and the comma are up to `,` (and what cannot follow at all, which
    // is found later); the point, `e` and `x` are above.
    let integral = matches!(next, 0..=b',' | b']' | b'}');
    if integral && (1..DIGITS_MAX).contains(&(end - start)) && (end == start + 1 || input[start] != b'0') {
        return Ok((integer(magnitude, negative), end));
    }
    parse_rest(input, at, magnitude, end)
}

/// The number that starts at `at` and whose first digits, which end at `end`, are those of `significand`.
#[inline(never)]
fn parse_rest(input: &[u8], at: usize, mut significand: u64, mut end: usize) -> Result<(Number, usize), SyntaxError> {
    let negative = input[at] == b'-';
    let start = at + usize::from(negative);
    if end == start {
        return refused(start, Kind::Number);
    }
    // `0x` could not stand either; refused here it has the better message, and the lenient rules take the whole of it.
    if input[start] == b'0' && (end > start + 1 || matches!(input.get(end), Some(b'x' | b'X'))) {
        return refused(start + 1, Kind::Number);
    }
    let mut count = end - start;
    let mut fraction = 0;
    if let Some(b'.') = input.get(end) {
        let point = end + 1;
        (significand, end) = digits(input, point, significand);
        if end == point {
            return refused(end, Kind::Number);
        }
        fraction = end - point;
        count += fraction;
    }
    let mantissa = &input[start..end];
    let mut power = 0;
    if let Some(b'e' | b'E') = input.get(end) {
        (power, end) = match exponent(input, end + 1) {
            Ok(parsed) => parsed,
            Err(offset) => return refused(offset, Kind::Number),
        };
    } else if fraction == 0 {
        if count < DIGITS_MAX {
            return Ok((integer(significand, negative), end));
        }
        if let Some(number) = long_integer(mantissa, negative) {
            return Ok((number, end));
        }
    }
    let magnitude = nearest_to_digits(mantissa, power, significand, count, fraction);
    if magnitude == f64::INFINITY {
        return refused(at, Kind::NumberRange);
    }
    Ok((Number::Double(if negative { -magnitude } else { magnitude }), end))
}

#[cold]
fn refused<T>(offset: usize, kind: Kind) -> Result<T, SyntaxError> {
    Err(SyntaxError { offset, kind })
}

/// Appends the digits from `at` on to `value`, modulo 2^64. Returns it and the offset behind them.
///
/// Eight digits at a time gained nothing on the documents of the benchmark and cost 450 bytes. (It did gain on integers of random length:
/// 10 to 11 ns each instead of 15.)
#[inline(always)]
pub fn digits(input: &[u8], mut at: usize, mut value: u64) -> (u64, usize) {
    while let Some(byte @ b'0'..=b'9') = input.get(at) {
        value = value.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
        at += 1;
    }
    (value, at)
}

/// The exponent whose sign or first digit is at `at`, and the offset behind it; or the offset where a digit is missing.
fn exponent(input: &[u8], at: usize) -> Result<(i64, usize), usize> {
    let start = at + usize::from(matches!(input.get(at), Some(b'+' | b'-')));
    let (mut value, mut end) = (0i64, start);
    while let Some(byte) = input.get(end)
        && byte.is_ascii_digit()
    {
        // No input is so long that a number beyond this could matter, and what the digits of one add or take cannot overflow.
        if value < 1 << 50 {
            value = value * 10 + i64::from(byte - b'0');
        }
        end += 1;
    }
    if end == start {
        return Err(end);
    }
    Ok((if input[at] == b'-' { -value } else { value }, end))
}

/// An integer below 10^18.
#[inline(always)]
fn integer(magnitude: u64, negative: bool) -> Number {
    let value = magnitude as i64;
    if magnitude > INTEGER_MAX {
        return Number::Int64(if negative { -value } else { value });
    }
    // The sign last: there is a -0.0, but no integer -0.
    Number::Double(if negative { -(value as f64) } else { value as f64 })
}

/// The integer with the given digits, nineteen or more, if it fits 64 bits.
#[cold]
fn long_integer(digits: &[u8], negative: bool) -> Option<Number> {
    let mut magnitude = 0u64;
    for byte in digits {
        magnitude = magnitude.checked_mul(10)?.checked_add(u64::from(byte - b'0'))?;
    }
    if negative {
        return 0i64.checked_sub_unsigned(magnitude).map(Number::Int64);
    }
    Some(i64::try_from(magnitude).map_or(Number::Uint64(magnitude), Number::Int64))
}

/// The double nearest to `mantissa` (digits, perhaps with a point) times 10^`power`, however many digits there are.
#[cold]
pub fn nearest_to_decimal(mantissa: &[u8], power: i64) -> f64 {
    let mut significand = 0;
    let (power_of_last, more) = significant(mantissa, power, DIGITS_MAX, |digit| significand = significand * 10 + digit);
    nearest(significand, power_of_last, more).unwrap_or_else(|below| decide(mantissa, power, below))
}

/// The same where the value of the digits is known, `significand` modulo 2^64, and that they are `count`, `fraction` of them behind the
/// point.
#[inline(always)]
fn nearest_to_digits(mantissa: &[u8], power: i64, significand: u64, count: usize, fraction: usize) -> f64 {
    if count > DIGITS_MAX {
        return nearest_to_decimal(mantissa, power);
    }
    nearest(significand, power - fraction as i64, false).unwrap_or_else(|below| decide(mantissa, power, below))
}

/// Passes the first `count_max` digits of `mantissa` from the first that is not zero. Returns the power of ten of the last
/// one passed, and whether anything but zeros was left out behind it.
fn significant(mantissa: &[u8], mut power: i64, count_max: usize, mut pass: impl FnMut(u64)) -> (i64, bool) {
    let (mut count, mut fraction, mut more) = (0, false, false);
    for byte in mantissa {
        if *byte == b'.' {
            fraction = true;
            continue;
        }
        let digit = u64::from(byte - b'0');
        if count < count_max {
            pass(digit);
            count += usize::from(count + digit as usize > 0);
            power -= i64::from(fraction);
        } else {
            more |= digit != 0;
            power += i64::from(!fraction);
        }
    }
    (power, more)
}

/// The double nearest to `significand` * 10^`power`. With `more`, digits were left out: the value is somewhere from that to, without
/// reaching it, (`significand` + 1) * 10^`power`, and `significand` has nineteen digits.
///
/// Err: it could not be decided between this double and the next above it.
fn nearest(significand: u64, power: i64, more: bool) -> Result<f64, f64> {
    // 2^64 * 10^-343 is less than half the least double; 10^309 is more than the greatest.
    if significand == 0 || power < -342 {
        return Ok(0.0);
    }
    if power > 308 {
        return Ok(f64::INFINITY);
    }
    let power = power as i32;
    let magnitude = power.unsigned_abs() as usize;
    if significand <= INTEGER_MAX && magnitude <= DIGITS_MAX {
        // 5^19 < 2^53: the power is exact as a double. With `more` the significand is too large to come here.
        let value = significand as i64 as f64;
        let ten = (FIVES[magnitude] << magnitude) as f64;
        return Ok(if power < 0 { value / ten } else { value * ten });
    }
    let shift = significand.leading_zeros();
    let ten = power_of_ten(power);
    // value = product * 2^scale, but for what is cut off (less than 1) and for what `ten` is too large: by less than 3 units, which is 3 *
    // 2^64 of the whole product, whose last 64 bits are cut off.
    let product = multiply(ten, significand << shift);
    let scale = floor_log2_of_ten_to(power) - 127 + 64 - shift as i32;
    // The usual case: a normal double, and the interval from product - 3 to product + 1 does not reach another value of the high half, so
    // that its 54th bit rounds.
    let normal = product << product.leading_zeros();
    let exponent = scale - product.leading_zeros() as i32 + 127;
    if (f64::MIN_EXP - 1..f64::MAX_EXP).contains(&exponent) && !more && (8..u64::MAX - 8).contains(&(normal as u64)) {
        let fraction = ((normal >> 74) as u64 + 1) >> 1;
        return Ok(f64::from_bits(fraction + (((exponent - f64::MIN_EXP + 1) as u64) << 52)));
    }
    if (0..=27).contains(&power) && !more {
        // 5^27 < 2^64, so the product is exact. This is the only place where the middle itself can be met: other powers of five
        // that give it are negative, or do not fit the 54 bits of a middle.
        return Ok(round(product, scale));
    }
    let left_out = if more { ((ten >> 64) + 1) << shift } else { 0 };
    let (low, high) = (round(product - 3, scale), round(product.saturating_add(left_out + 1), scale));
    if low == high { Ok(low) } else { Err(low) }
}

/// The double nearest to `value` * 2^`scale`, the even one of two. `value` is not 0.
fn round(value: u128, scale: i32) -> f64 {
    let shift = value.leading_zeros() as i32;
    let value = value << shift;
    let exponent = scale - shift + 127;
    // Bits that do not fit the fraction: 128 - 53, and more below the least normal exponent.
    let dropped = 75 + (f64::MIN_EXP - 1 - exponent).max(0);
    if dropped > 128 {
        return 0.0;
    }
    // One bit more than the fraction has, and whether anything is behind it.
    let kept = (value >> (dropped - 1)) as u64;
    let behind = u128::from(kept) << (dropped - 1) != value;
    let fraction = (kept >> 1) + (kept & 1 & (u64::from(behind) | kept >> 1));
    // The leading bit of a normal fraction adds the last one to the exponent; so does a carry out of the fraction.
    let bits = fraction + (((exponent - f64::MIN_EXP + 1).max(0) as u64) << 52);
    f64::from_bits(bits.min(f64::INFINITY.to_bits()))
}

/// The double nearest to `mantissa` * 10^`power`, which is `below` or the next above it.
#[cold]
#[inline(never)]
fn decide(mantissa: &[u8], power: i64, below: f64) -> f64 {
    // The middle between two doubles has at most 768 significant digits, those of (2^54 - 1) * 2^-1075: whatever stands behind so many
    // matters only by being there.
    let mut decimal = Big::new(0);
    let (mut power, more) = significant(mantissa, power, 768, |digit| decimal.multiply_add(10, digit));
    if more {
        decimal.multiply_add(10, 1);
        power -= 1;
    }
    let bits = below.to_bits();
    let normal = u64::from(bits >> 52 != 0);
    let fraction = bits & ((1 << 52) - 1) | normal << 52;
    let mut middle = Big::new(2 * fraction + 1);
    // decimal * 10^power against middle * 2^scale, both sides as integers.
    let scale = (bits >> 52) as i64 - normal as i64 - 1075;
    let fives = if power < 0 { &mut middle } else { &mut decimal };
    fives.multiply_fives(power.unsigned_abs() as usize);
    let twos = if power < scale { &mut middle } else { &mut decimal };
    twos.shift(power.abs_diff(scale) as usize);
    let up = match decimal.words.iter().rev().cmp(middle.words.iter().rev()) {
        core::cmp::Ordering::Less => 0,
        core::cmp::Ordering::Equal => bits & 1,
        core::cmp::Ordering::Greater => 1,
    };
    f64::from_bits(bits + up)
}

/// See [`Big`].
const BIG_WORDS: usize = 41;

/// An integer of up to 2,624 bits, least word first. [`decide`] needs 2,591: 769 digits have at most 2,555 bits; the first of them stands
/// at 10^-324 or higher and the last at 10^-1092, so the middle, of 54 bits, is multiplied by up to 5^1092, which makes 2,590; powers of
/// two then bring the smaller side up to the other, which it nearly equals.
struct Big {
    words: [u64; BIG_WORDS],
    used: usize,
}

impl Big {
    fn new(value: u64) -> Big {
        let mut words = [0; BIG_WORDS];
        words[0] = value;
        Big { words, used: 1 }
    }

    /// `self` = `self` * 5^`count`.
    fn multiply_fives(&mut self, mut count: usize) {
        while count > 0 {
            let step = count.min(STEP - 1);
            self.multiply_add(FIVES[step], 0);
            count -= step;
        }
    }

    /// `self` = `self` * 2^`count`.
    fn shift(&mut self, mut count: usize) {
        while count > 0 {
            let step = count.min(63);
            self.multiply_add(1 << step, 0);
            count -= step;
        }
    }

    /// `self` = `self` / 10^8; returns the remainder.
    fn divide(&mut self) -> u64 {
        let mut rest = 0;
        for word in self.words[..self.used].iter_mut().rev() {
            // In halves: 128 bits by 64 would be a call.
            let high = rest << 32 | *word >> 32;
            let low = ((high % EIGHT_DIGITS) << 32) | (*word & u64::from(u32::MAX));
            *word = ((high / EIGHT_DIGITS) << 32) | (low / EIGHT_DIGITS);
            rest = low % EIGHT_DIGITS;
        }
        self.used -= usize::from(self.words[self.used - 1] == 0);
        rest
    }

    /// `self` = `self` * `factor` + `summand`.
    fn multiply_add(&mut self, factor: u64, summand: u64) {
        let mut carry = u128::from(summand);
        for word in &mut self.words[..self.used] {
            carry += u128::from(*word) * u128::from(factor);
            *word = carry as u64;
            carry >>= 64;
        }
        if carry != 0 {
            self.words[self.used] = carry as u64;
            self.used += 1;
        }
    }
}

/// The distance between two powers in [`EVERY_27TH`]: 5^27 is the greatest power of five in 64 bits.
const STEP: usize = 27;

/// The power of the first row of [`EVERY_27TH`]: the last one at or below -342, which [`nearest`] needs.
const FIRST: i32 = -351;

/// 5^0 to 5^26, exactly.
const FIVES: [u64; STEP] = {
    let mut fives = [1; STEP];
    let mut index = 1;
    while index < STEP {
        fives[index] = 5 * fives[index - 1];
        index += 1;
    }
    fives
};

/// 5^-351, 5^-324 … 5^324, each scaled by a power of two to 128 bits and rounded up. [`shortest`] needs up to 10^324, which is the last
/// row.
static EVERY_27TH: [u128; 26] = {
    let mut rows = [0; 26];
    let mut row = 0;
    while row < rows.len() {
        rows[row] = leading_bits_of_five_to(FIRST + (row * STEP) as i32);
        row += 1;
    }
    rows
};

/// The leading 128 bits of 5^`power`, rounded up, by long division of 5^power or of a power of two by 5^-power. Only for the compiler.
const fn leading_bits_of_five_to(power: i32) -> u128 {
    // 5^351 has 816 bits.
    const BITS: usize = 896;
    let mut five = [0u64; BITS / 64];
    five[0] = 1;
    let mut step = 0;
    while step < power.unsigned_abs() {
        let (mut word, mut carry) = (0, 0);
        while word < five.len() {
            carry += 5 * five[word] as u128;
            five[word] = carry as u64;
            carry >>= 64;
            word += 1;
        }
        step += 1;
    }
    let mut rest = [0u64; BITS / 64];
    rest[0] = 1;
    let (mut bits, mut inexact, mut step) = (0u128, false, 0);
    while bits >> 127 == 0 || (power >= 0 && step < BITS) {
        let bit = if power >= 0 {
            // Bits of 5^power from the highest down; zeros behind them.
            if step < BITS { five[(BITS - 1 - step) / 64] >> ((BITS - 1 - step) % 64) & 1 } else { 0 }
        } else {
            // rest = 2 * rest - (5^-power if it is not larger): the next bit of the quotient.
            let mut twice = [0; BITS / 64];
            let mut less = [0; BITS / 64];
            let (mut word, mut borrow) = (0, 0);
            while word < rest.len() {
                twice[word] = rest[word] << 1 | if word > 0 { rest[word - 1] >> 63 } else { 0 };
                let difference = (twice[word] as u128).wrapping_sub(five[word] as u128 + borrow);
                less[word] = difference as u64;
                borrow = difference >> 127;
                word += 1;
            }
            rest = if borrow != 0 { twice } else { less };
            (borrow == 0) as u64
        };
        if bits >> 127 == 0 {
            bits = bits << 1 | bit as u128;
        } else {
            inexact |= bit != 0;
        }
        step += 1;
    }
    // No quotient by a power of five is exact.
    bits + (inexact || power < 0) as u128
}

/// 10^`power` as g * 2^(`floor_log2_of_ten_to(power)` - 127), g with its highest bit set; `power` from -351 to 350.
///
/// g is exact for 0 to 55, where 5^power fits it. Otherwise it is larger than it should be by less than 3: the row's own error, below
/// one, is at most doubled by the product, and one is added for what the product cuts off. The test
/// `powers_of_ten_are_as_exact_as_they_say` measures it for every power. Schubfach needs an excess of not more than 4 units (Giulietti's g
/// has 126 bits and an excess of up to 1).
fn power_of_ten(power: i32) -> u128 {
    let index = (power - FIRST) as usize;
    // index / 27 for all of them, as the test shows, and cheaper than what the compiler makes of that.
    let row = (index * 2428) >> 16;
    let five = FIVES[index - row * STEP];
    let five = five << five.leading_zeros();
    let row = EVERY_27TH[row];
    let low = u128::from(row as u64) * u128::from(five);
    let high = (row >> 64) * u128::from(five) + (low >> 64);
    // The product of two numbers with their highest bits set lacks at most one.
    let product = if high >> 127 == 0 { high << 1 | u128::from(low as u64 >> 63) } else { high };
    product + u128::from(!(0..=55).contains(&power))
}

/// `ten` * `value` / 2^64, without what is behind the point.
#[inline(always)]
fn multiply(ten: u128, value: u64) -> u128 {
    (ten >> 64) * u128::from(value) + ((u128::from(ten as u64) * u128::from(value)) >> 64)
}

/// ⌊log2 10^`power`⌋ for powers from -1233 to 1233 (1741647 / 2^19 is a little less than log2 10).
#[inline(always)]
fn floor_log2_of_ten_to(power: i32) -> i32 {
    (power * 1_741_647) >> 19
}

/// (c, q) for c * 2^q, the value of a double that is finite and not negative.
#[inline(always)]
fn split(value: f64) -> (u64, i32) {
    let (exponent, fraction) = ((value.to_bits() >> 52) as i32, value.to_bits() & ((1 << 52) - 1));
    if exponent == 0 { (fraction, -1074) } else { (fraction | 1 << 52, exponent - 1075) }
}

/// The shortest decimal that reads back to `value`, the nearest of those: (d, k) for d * 10^k, d of at most 17 digits, perhaps ending in
/// zeros. `value` is finite, positive and not 0.
///
/// The names are those of Giulietti, "The Schubfach way to render doubles", 2020, figure 7.
pub(super) fn shortest(value: f64) -> (u64, i32) {
    let (c, q) = split(value);
    // Below a power of two the next double is only half as far.
    let half_below = c == 1 << 52 && q > -1074;
    // ⌊log10 2^q⌋, or ⌊log10 (3/4 * 2^q)⌋.
    let k = (q * 1_262_611 - if half_below { 524_031 } else { 0 }) >> 22;
    let h = q + floor_log2_of_ten_to(-k) + 1;
    let g = power_of_ten(-k);
    // g * x / 2^128, rounded to odd: the last bit says whether anything was cut off.
    let scaled = |x: u64| {
        let product = multiply(g, x << h);
        (product >> 64) as u64 | u64::from(product as u64 > 1)
    };
    // The ends of the interval that reads back to `value`, and `value`, four times as large. An even c takes the ends in.
    let odd = c & 1;
    let lower = scaled(4 * c - if half_below { 1 } else { 2 }) + odd;
    let upper = scaled(4 * c + 2) - odd;
    let middle = scaled(4 * c);
    let s = middle / 4;
    // One digit less?
    let tens = s / 10 * 40;
    let (below, above) = (lower <= tens, tens + 40 <= upper);
    if s >= 10 && below != above {
        return (s / 10 + u64::from(above), k + 1);
    }
    let (below, above) = (lower <= 4 * s, 4 * s + 4 <= upper);
    let up = if below != above { above } else { middle > 4 * s + 2 || middle == 4 * s + 2 && s & 1 != 0 };
    (s + u64::from(up), k)
}

/// `value`, finite and not negative, times 10^`power`, which is -351 or more, as the nearest integer.
///
/// `None` where that cannot be told apart from the next one so fast, or is 2^63 or more: then there is [`all_digits`].
pub fn nearest_integer(value: f64, power: i32) -> Option<u64> {
    let (c, q) = split(value);
    if c == 0 {
        return Some(0);
    }
    if power >= FIRST + (STEP * EVERY_27TH.len()) as i32 {
        return None;
    }
    let shift = c.leading_zeros();
    // One bit less than there are, so that rounding cannot overflow. What it stands for is less than 2 below and 1 above, see `nearest`.
    let product = multiply(power_of_ten(power), c << shift) >> 1;
    let places = 62 + shift as i32 - q - floor_log2_of_ten_to(power);
    if places < 64 {
        return None;
    }
    let product = product.checked_shr((places - 127).max(0) as u32).unwrap_or(0);
    let places = places.min(127);
    let half = 1 << (places - 1);
    let low = (product.saturating_sub(2) + half) >> places;
    let high = (product + 1 + half) >> places;
    (low == high).then_some(low as u64)
}

/// `value`, finite and not negative, rounded to one significant digit and `more` behind it: (d, k) for d * 10^k. `None` as of
/// [`nearest_integer`], and for more than 17 digits or a number that is not normal.
pub fn significant_digits(value: f64, more: usize) -> Option<(u64, i32)> {
    if value == 0.0 {
        return Some((0, 0));
    }
    if more > 16 || !value.is_normal() {
        return None;
    }
    // log2 with 20 bits behind the point, by the straight line between two powers of two, which lies below the curve: too small by up to
    // 0.09, and never too large.
    let log2 = (value.to_bits() >> 32) as i64 - (1023 << 20);
    // 315652.8 / 2^20 is log10 2. What is taken off is more than the last digit of that makes.
    let exponent = ((log2 * 315_653 - (1 << 30)) >> 40) as i32;
    let mut power = exponent - more as i32;
    loop {
        let digits = nearest_integer(value, -power)?;
        if digits < 10 * (FIVES[more] << more) {
            return Some((digits, power));
        }
        power += 1;
    }
}

/// Room for all decimal digits of any double: there are up to 767, and there is a zero in front.
pub const DIGITS_ROOM: usize = 768;

/// Writes all decimal digits of `value`, which is finite and not negative, to the end of `digits`, which are zeros before. Returns where
/// the first of them is, and in front of which place the point, perhaps far before them.
pub fn all_digits(value: f64, digits: &mut [u8; DIGITS_ROOM]) -> (usize, i32) {
    let (c, q) = split(value);
    if c == 0 {
        return (DIGITS_ROOM - 1, DIGITS_ROOM as i32);
    }
    let zeros = c.trailing_zeros();
    let (mut integer, q) = (Big::new(c >> zeros), q + zeros as i32);
    // c * 2^q = c * 5^-q * 10^q.
    if q < 0 {
        integer.multiply_fives(q.unsigned_abs() as usize)
    } else {
        integer.shift(q as usize)
    }
    let mut first = DIGITS_ROOM;
    while integer.used > 0 {
        first -= 8;
        digits[first..][..8]
            .copy_from_slice(&((sixteen_digits(integer.divide()) >> 64) as u64 | u64::from_le_bytes([b'0'; 8])).to_le_bytes());
    }
    while first < DIGITS_ROOM - 1 && digits[first] == b'0' {
        first += 1;
    }
    (first, DIGITS_ROOM as i32 + q.min(0))
}

const EIGHT_DIGITS: u64 = 100_000_000;

/// The sixteen decimal digits of `value`, which is below 10^16, as numbers 0 to 9: the highest in the lowest byte.
#[inline(never)]
pub(super) fn sixteen_digits(value: u64) -> u128 {
    u128::from(eight_digits(value / EIGHT_DIGITS)) | u128::from(eight_digits(value % EIGHT_DIGITS)) << 64
}

/// The eight decimal digits of `value`, which is below 10^8. Each step splits all lanes of a word at once: 8 digits into 4 and 4, 2 and 2
/// and so on; the quotients are multiplications that are exact for numbers of so many digits.
#[inline(always)]
fn eight_digits(value: u64) -> u64 {
    let fours = (value / 10_000) | ((value % 10_000) << 32);
    let hundreds = ((fours * 10_486) >> 20) & 0x0000_007f_0000_007f;
    let twos = hundreds | ((fours - hundreds * 100) << 16);
    let tens = ((twos * 103) >> 10) & 0x000f_000f_000f_000f;
    tens | ((twos - tens * 10) << 8)
}

/// The number that `strtod` finds at `at` where the strict grammar finds none, and the offset behind it. As lua-cjson does, a point in
/// front needs a sign before it.
#[cold]
pub(super) fn parse_lenient(input: &[u8], at: usize) -> Option<(Number, usize)> {
    let first = input.get(at)?;
    let start = at + usize::from(matches!(first, b'+' | b'-'));
    let (magnitude, end) = match not_finite(input, start) {
        Some(found) => found,
        None if *first == b'.' => return None,
        None => {
            let literal = Literal::parse(input, start, false)?;
            (literal.magnitude(), literal.end)
        }
    };
    Some((Number::Double(if *first == b'-' { -magnitude } else { magnitude }), end))
}

/// What the word at `at` says, and the offset behind it: infinity or NaN.
pub fn not_finite(input: &[u8], at: usize) -> Option<(f64, usize)> {
    // `infin` is `inf` and something else.
    let (value, letters) = match common(input, at, b"infinity") {
        0 => (f64::NAN, common(input, at, b"nan")),
        8 => (f64::INFINITY, 8),
        letters => (f64::INFINITY, letters.min(3)),
    };
    (letters >= 3).then_some((value, at + letters))
}

/// How many letters of `word` are at `at`.
#[inline(never)]
fn common(input: &[u8], at: usize, word: &[u8]) -> usize {
    input[at..].iter().zip(word).take_while(|(byte, letter)| **byte | 0x20 == **letter).count()
}

/// A number without its sign, as far as the text is one: what `strtod` takes but for words, and binary integers (`0b101`).
pub struct Literal<'a> {
    /// 2, 10 or 16.
    pub base: u8,
    /// Whether there is neither a point nor an exponent.
    pub is_integer: bool,
    /// The digits, perhaps with a point, from the first that is not zero.
    pub mantissa: &'a [u8],
    /// How many these are.
    pub count: usize,
    /// Their value without the point, modulo 2^64.
    pub value: u64,
    /// Behind so many digits is the point, counted from the last one.
    fraction: usize,
    /// The power of ten, or of two, that is written behind them.
    pub exponent: i64,
    /// The offset behind it all.
    pub end: usize,
}

impl Literal<'_> {
    /// The number at `at`; binary ones only where they are asked for.
    pub fn parse(input: &[u8], at: usize, has_binary: bool) -> Option<Literal<'_>> {
        let byte = |at: usize| input.get(at).copied().unwrap_or(0);
        let mut base = 10;
        if byte(at) == b'0' {
            base = match byte(at + 1) | 0x20 {
                b'x' => 16,
                b'b' if has_binary => 2,
                _ => 10,
            };
        }
        loop {
            let first = if base == 10 { at } else { at + 2 };
            let mut start = first;
            while byte(start) == b'0' {
                start += 1;
            }
            let (mut value, mut end, mut point) = (0u64, start, None);
            loop {
                let digit = digit(byte(end));
                if digit < base {
                    value = value.wrapping_mul(base.into()).wrapping_add(digit.into());
                } else if byte(end) == b'.' && point.is_none() {
                    point = Some(end);
                } else {
                    break;
                }
                end += 1;
            }
            let points = usize::from(point.is_some());
            if end - first > points {
                let fraction = point.map_or(0, |point| end - point - 1);
                let mantissa = &input[start..end];
                let count = mantissa.len() - points;
                let mark = if base == 16 { b'p' } else { b'e' };
                let written = if base > 2 && byte(end) | 0x20 == mark { exponent(input, end + 1).ok() } else { None };
                let is_integer = points == 0 && written.is_none();
                let (exponent, end) = written.unwrap_or((0, end));
                return Some(Literal { base, is_integer, mantissa, count, value, fraction, exponent, end });
            }
            if base == 10 {
                return None;
            }
            // Without digits behind it, `0x` is a 0.
            base = 10;
        }
    }

    /// The double that is nearest to it.
    pub fn magnitude(&self) -> f64 {
        if self.base == 10 {
            return nearest_to_digits(self.mantissa, self.exponent, self.value, self.count, self.fraction);
        }
        let mut binary = Binary::default();
        for byte in self.mantissa.iter().filter(|byte| **byte != b'.') {
            binary.push(digit(*byte), self.base);
        }
        binary.nearest(self.exponent - if self.base == 16 { 4 } else { 1 } * self.fraction as i64)
    }
}

/// The value of a digit in a base up to 16; of what is none, more than that.
#[inline(always)]
fn digit(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => byte - b'0',
        _ => (byte | 0x20).wrapping_sub(b'a').saturating_add(10),
    }
}

/// The number that digits of base 2 or 16 make.
#[derive(Default)]
pub struct Binary {
    value: u128,
    scale: i64,
}

impl Binary {
    /// Appends a digit.
    pub fn push(&mut self, digit: u8, base: u8) {
        if self.value >> 124 == 0 {
            self.value = self.value * u128::from(base) + u128::from(digit);
        } else {
            // The last bit says whether there was anything behind it.
            self.value |= u128::from(digit != 0);
            self.scale += i64::from(base.trailing_zeros());
        }
    }

    /// The double nearest to it times 2^`exponent`.
    pub fn nearest(&self, exponent: i64) -> f64 {
        // No value of 128 bits needs more, and `round` takes no more.
        if self.value == 0 { 0.0 } else { round(self.value, (self.scale + exponent).clamp(-2048, 2048) as i32) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;
    use std::string::String;
    use std::vec::Vec;

    fn parsed(text: &str) -> Number {
        match parse(text.as_bytes(), 0) {
            Ok((number, end)) if end == text.len() => number,
            other => panic!("{text}: {other:?}"),
        }
    }

    /// The bits, so that -0.0 and 0.0 differ.
    fn double(text: &str) -> u64 {
        match parsed(text) {
            Number::Double(value) => value.to_bits(),
            other => panic!("{text}: {other:?}"),
        }
    }

    fn as_std(text: &str) -> u64 {
        text.parse::<f64>().expect("std takes every number of JSON").to_bits()
    }

    #[test]
    fn integers_are_exact_up_to_64_bits() {
        for (text, expected) in [
            ("0", Number::Double(0.0)),
            ("-1", Number::Double(-1.0)),
            ("9007199254740991", Number::Double(9007199254740991.0)),
            ("9007199254740992", Number::Double(9007199254740992.0)),
            ("9007199254740993", Number::Int64(9007199254740993)),
            ("-9007199254740992", Number::Double(-9007199254740992.0)),
            ("-9007199254740993", Number::Int64(-9007199254740993)),
            ("999999999999999999", Number::Int64(999999999999999999)),
            ("1000000000000000000", Number::Int64(1000000000000000000)),
            ("9223372036854775807", Number::Int64(i64::MAX)),
            ("9223372036854775808", Number::Uint64(1 << 63)),
            ("-9223372036854775807", Number::Int64(-i64::MAX)),
            ("-9223372036854775808", Number::Int64(i64::MIN)),
            ("-9223372036854775809", Number::Double(-9223372036854775808.0)),
            ("18446744073709551615", Number::Uint64(u64::MAX)),
            ("18446744073709551616", Number::Double(18446744073709551616.0)),
            ("-18446744073709551615", Number::Double(-18446744073709551616.0)),
            ("100000000000000000000", Number::Double(1e20)),
            ("1e2", Number::Double(100.0)),
            ("1.0", Number::Double(1.0)),
            ("9007199254740993.0", Number::Double(9007199254740992.0)),
        ] {
            assert_eq!(parsed(text), expected, "{text}");
        }
        assert_eq!(double("-0"), (-0.0f64).to_bits());
        assert_eq!(double("0"), 0);
    }

    #[test]
    fn hard_decimals_read_as_std_reads_them() {
        for text in [
            "0.0",
            "-0.0",
            "0e5",
            "0.000e-999999999999999999999",
            "-0e99999999999999999999",
            "0.1",
            "0.3",
            "1e22",
            "1e23",
            "123456789012345678e-17",
            // Subnormal, its ends and middles.
            "4.9406564584124654e-324",
            "4.94e-324",
            "2.4703282292062327e-324",
            "2.4703282292062328e-324",
            "2.5e-324",
            "1e-323",
            "2.2250738585072011e-308",
            "2.2250738585072014e-308",
            "2.2250738585072012e-308",
            "1e-400",
            "-1e-400",
            "1e-99999999999999999999",
            "2.47032822920623272088284396434110686182e-324",
            "2.47032822920623272088284396434110686183e-324",
            // The greatest, and what still rounds to it.
            "1.7976931348623157e308",
            "1.7976931348623158e308",
            "179769313486231580793728971405303415079934132710037826936173778980444968292764750946649017977587207096330286416692887910946555547851940402630657488671505820681908902000708383676273854845817711531764475730270069855571366959622842914819860834936475292719074168444365510704342711559699508093042880",
            // Middles between two doubles: exactly, and just beside.
            "9007199254740992.5",
            "9007199254740993.0",
            "9007199254740993.000000000000000000000000000000000001",
            "9007199254740992.999999999999999999999999999999999999",
            "9007199254740995.0",
            "9007199254740994.999999999999999999999999",
            "18014398509481990.0",
            "36028797018963964.0000000000000000000001",
            "0.500000000000000166533453693773481063544750213623046875",
            "0.500000000000000166533453693773481063544750213623046874",
            "3.518437208883201171875e13",
            "358416272e-33",
            "5708990770823839207320493820740630171355185152e-3",
            "7.2057594037927933e16",
            "8.5e-309",
            "1448997445238699e0",
            "6.631236871469758276785396630275967242e-21",
            "3.237883913302901289588352412501532174863037669423108059901297049552301970670676565786835742587799557860615776559838283435514391084153169252689190564396459577394618038928365305143463955100356696665629202017331344031730044369360205258345803431471660032699580731300954848363975548690010751530018881758184174569652173110473696022749934638425380623369774736560008997404060967498028389191878963968575439222206416981462690113342524002724385941651051293552601421155333430225237291523843322331326138431477823591142408800030775170625915670728657003151953664260769822494937951845801530895238439819708403389937873241463484205608000027270531106827387907791444918534771598750162812548862768493201518991668028251730299953143924168545708663913273994694463908672332763671875",
        ] {
            assert_eq!(double(text), as_std(text), "{text}");
        }
    }

    #[test]
    fn hundreds_of_digits_count() {
        for digits in [19, 20, 100, 400, 767, 768, 769, 1200] {
            for (tail, scale) in [("", ""), ("1", ""), ("", "e-300"), ("5", "e-800"), ("", "e-1500"), ("9", "e250")] {
                for text in [
                    format!("0.{}{tail}{scale}", "123456789".repeat(digits / 9 + 1)),
                    format!("0.{}1{tail}{scale}", "0".repeat(digits)),
                    format!("9007199254740993.{}{tail}{scale}", "0".repeat(digits)),
                ] {
                    assert_eq!(double(&text), as_std(&text), "{text}");
                }
            }
            let text = format!("1{}e-{digits}", "0".repeat(digits));
            assert_eq!(double(&text), as_std("1"), "{text}");
        }
        // Here the middles have the most digits, up to 768. Beside one, only the last of many digits decides.
        for bits in [0u64, 1, 2, 0xf_ffff_ffff_fffe, 0x10_0000_0000_0000, 0x1f_ffff_ffff_ffff] {
            let middle = middle_above(bits);
            let (up, even) = (bits + 1, bits + (bits & 1));
            assert_eq!(double(&middle), even, "{bits:x}");
            assert_eq!(double(&format!("{middle}{}1", "0".repeat(2000))), up, "{bits:x}");
            let (front, last) = middle.split_at(middle.len() - 1);
            assert_eq!(last, "5");
            assert_eq!(double(&format!("{front}4{}", "9".repeat(2000))), bits, "{bits:x}");
        }
    }

    /// The middle between a double below 2^-1000 and the next, in plain digits.
    fn middle_above(bits: u64) -> String {
        // Digits of (2 * fraction + 1) * 2^-n, by n halvings of a decimal.
        let (fraction, exponent) = if bits >> 52 == 0 { (bits, 1) } else { (bits & ((1 << 52) - 1) | 1 << 52, bits >> 52) };
        let mut digits: Vec<u8> = format!("{}", 2 * fraction + 1).bytes().map(|digit| digit - b'0').collect();
        let whole = digits.len();
        for _ in 0..1076 - exponent {
            let mut carry = 0;
            for digit in &mut digits {
                let value = *digit + 10 * carry;
                (*digit, carry) = (value / 2, value % 2);
            }
            if carry != 0 {
                digits.push(5);
            }
        }
        let text: String = digits.iter().map(|digit| char::from(digit + b'0')).collect();
        assert!(text[..whole].bytes().all(|digit| digit == b'0'));
        format!("0.{}", &text[whole..])
    }

    #[test]
    fn too_large_numbers_are_refused_where_they_start() {
        for text in ["1e309", "-1e309", "1.7976931348623159e308", "1e400", "-1e99999999999999999999", &"9".repeat(310), "0.1e310"] {
            assert_eq!(parse(text.as_bytes(), 0), refused(0, Kind::NumberRange), "{text}");
        }
    }

    #[test]
    fn malformed_numbers_are_refused_at_the_byte() {
        for (text, offset) in [
            ("-", 1),
            ("-a", 1),
            ("01", 1),
            ("-01", 2),
            ("00", 1),
            ("0x1", 1),
            ("1.", 2),
            ("1.e1", 2),
            ("-.5", 1),
            ("1e", 2),
            ("1e+", 3),
            ("1.5E-x", 5),
            ("0e", 2),
        ] {
            assert_eq!(parse(text.as_bytes(), 0), refused(offset, Kind::Number), "{text}");
        }
    }

    #[test]
    fn lenient_numbers_are_those_of_strtod() {
        for (text, expected, len) in [
            ("01", 1.0, 2),
            ("-01.50", -1.5, 6),
            ("1.", 1.0, 2),
            ("-.5", -0.5, 3),
            ("+5", 5.0, 2),
            ("0x1F", 31.0, 4),
            ("-0Xff,", -255.0, 5),
            ("0x", 0.0, 1),
            ("0xg", 0.0, 1),
            ("inf", f64::INFINITY, 3),
            ("-Infinity", f64::NEG_INFINITY, 9),
            ("INFINITE", f64::INFINITY, 3),
            ("1e400", f64::INFINITY, 5),
            ("-1e400", f64::NEG_INFINITY, 6),
            ("1e", 1.0, 1),
            ("1e+", 1.0, 1),
            ("1.5.5", 1.5, 3),
            ("0x20000000000001", 9007199254740993.0, 16),
            ("0x10000000000000000000000000000000000000001", 2f64.powi(160), 43),
            ("0x1000000000000080000000000000000000000001", 2f64.powi(156) * (1.0 + f64::EPSILON), 42),
        ] {
            assert_eq!(parse_lenient(text.as_bytes(), 0), Some((Number::Double(expected), len)), "{text}");
        }
        for zeros in [255, 256, 1100, 5000] {
            let text = format!("0x1{}", "0".repeat(zeros));
            let expected = if zeros < 256 { 2f64.powi(4 * zeros as i32) } else { f64::INFINITY };
            assert_eq!(parse_lenient(text.as_bytes(), 0), Some((Number::Double(expected), 3 + zeros)), "{zeros}");
        }
        assert!(matches!(parse_lenient(b"-NaN", 0), Some((Number::Double(value), 4)) if value.is_nan()));
        for text in ["", "-", "+", ".5", ".", "-.", "- 5", "na", "e5", "x"] {
            assert_eq!(parse_lenient(text.as_bytes(), 0), None, "{text}");
        }
    }

    /// 5^`power` with the least word first.
    fn five_to(power: u32) -> Vec<u32> {
        let mut words = std::vec![1u32];
        for _ in 0..power {
            let mut carry = 0;
            for word in &mut words {
                carry += u64::from(*word) * 5;
                *word = carry as u32;
                carry >>= 32;
            }
            words.extend((carry != 0).then_some(carry as u32));
        }
        words
    }

    /// a * b.
    fn product(a: &[u32], b: &[u32]) -> Vec<u32> {
        let mut words = std::vec![0u32; a.len() + b.len()];
        for (i, x) in a.iter().enumerate() {
            let mut carry = 0u64;
            for (j, y) in b.iter().chain([&0]).enumerate() {
                carry += u64::from(words[i + j]) + u64::from(*x) * u64::from(*y);
                words[i + j] = carry as u32;
                carry >>= 32;
            }
        }
        words
    }

    /// a compared with 2^`bit`.
    fn compare_with_bit(a: &[u32], bit: usize) -> core::cmp::Ordering {
        let set = |at: usize| a.get(at / 32).is_some_and(|word| word >> (at % 32) & 1 != 0);
        match (0..a.len() * 32).rev().find(|at| set(*at)) {
            Some(top) if top == bit => (0..top).any(set).cmp(&false),
            top => top.cmp(&Some(bit)),
        }
    }

    #[test]
    fn powers_of_ten_are_as_exact_as_they_say() {
        for power in FIRST..=350 {
            let ten = power_of_ten(power);
            assert_eq!(ten >> 127, 1, "{power}");
            // g * 2^e is the value; with five = 5^|power| and e relative to 2^power:
            let e = i64::from(floor_log2_of_ten_to(power) - 127 - power);
            let five = five_to(power.unsigned_abs());
            let words = |value: u128| [value as u32, (value >> 32) as u32, (value >> 64) as u32, (value >> 96) as u32];
            // How a unit value compares with 5^power.
            let compared = |value: u128| {
                if power < 0 {
                    // value * 2^e against 1 / five.
                    compare_with_bit(&product(&words(value), &five), -e as usize)
                } else if e >= 0 {
                    let mut shifted = std::vec![0; e as usize / 32];
                    shifted.extend(product(&words(value), &[1 << (e % 32)]));
                    let len = shifted.len().max(five.len());
                    let wide = |words: &[u32]| words.iter().copied().chain(std::iter::repeat(0)).take(len).collect::<Vec<_>>();
                    wide(&shifted).iter().rev().cmp(wide(&five).iter().rev())
                } else {
                    let mut shifted = std::vec![0; -e as usize / 32];
                    shifted.extend(product(&five, &[1 << (-e % 32)]));
                    let len = shifted.len().max(4);
                    let wide = |words: &[u32]| words.iter().copied().chain(std::iter::repeat(0)).take(len).collect::<Vec<_>>();
                    wide(&words(value)).iter().rev().cmp(wide(&shifted).iter().rev())
                }
            };
            if (0..=55).contains(&power) {
                assert!(compared(ten).is_eq(), "{power}");
            } else {
                assert!(compared(ten).is_gt() && compared(ten - 3).is_lt(), "{power}");
            }
        }
    }

    #[test]
    fn digits_are_those_of_the_number() {
        for value in (0..64).map(|shift| u64::MAX >> shift).chain([0, 10, 99_999_999, 100_000_000, 9_999_999_999_999_999]) {
            let value = value % 10_000_000_000_000_000;
            let text: Vec<u8> = sixteen_digits(value).to_le_bytes().iter().map(|digit| digit + b'0').collect();
            assert_eq!(text, format!("{value:016}").into_bytes());
        }
        for value in (0..100_000_000).step_by(997) {
            let text: Vec<u8> = eight_digits(value).to_le_bytes().iter().map(|digit| digit + b'0').collect();
            assert_eq!(text, format!("{value:08}").into_bytes());
        }
    }

    /// Numbers that are spread over all exponents: xorshift64*, the bits of a double.
    fn pseudo_random(seed: u64) -> impl Iterator<Item = u64> {
        println!("seed {seed}");
        let mut state = seed;
        core::iter::from_fn(move || {
            state ^= state >> 12;
            state ^= state << 25;
            state ^= state >> 27;
            Some(state.wrapping_mul(0x2545_f491_4f6c_dd1d))
        })
    }

    /// Doubles at the edges of their binades, where the shortest text is hardest to find.
    fn edges() -> impl Iterator<Item = u64> {
        (0..0x7ffu64).flat_map(|exponent| [0, 1, 2, (1 << 52) - 1].map(|fraction| exponent << 52 | fraction)).filter(|bits| *bits != 0)
    }

    #[test]
    fn the_shortest_digits_are_those_of_std() {
        for bits in edges().chain(pseudo_random(0x0c01_d300).take(200_000).map(|bits| bits & !(1 << 63))) {
            let value = f64::from_bits(bits);
            if value == 0.0 || !value.is_finite() {
                continue;
            }
            let (mut digits, mut power) = shortest(value);
            while digits % 10 == 0 {
                (digits, power) = (digits / 10, power + 1);
            }
            // d.ddd…e…
            let expected = format!("{value:e}");
            let (mantissa, exponent) = expected.split_once('e').expect("an exponent is always there");
            let text = mantissa.replace('.', "");
            if format!("{digits}") != text {
                // Exactly between two shortest texts, std takes the upper one and Schubfach, as JavaScript and Python, the even one.
                assert_eq!(format!("{}", digits + 1), text, "{value:e}");
                assert!(
                    digits % 2 == 0 && format!("{value:.60e}").replace('.', "").starts_with(&format!("{digits}50000000000000000000")),
                    "{value:e}"
                );
            }
            assert_eq!(power + text.len() as i32 - 1, exponent.parse::<i32>().expect("digits"), "{value:e}");
        }
    }

    #[test]
    fn decimals_read_as_std_reads_them() {
        for bits in edges() {
            let text = format!("{:e}", f64::from_bits(bits));
            assert_eq!(double(&text), bits, "{text}");
        }
        let mut random = pseudo_random(0x0c01_d301);
        let mut next = || random.next().expect("it never ends");
        for _ in 0..100_000 {
            let value = f64::from_bits(next() & !(1 << 63));
            if value.is_finite() {
                for text in [format!("{value:e}"), format!("{value:.16e}"), format!("{value:.17e}"), format!("{value:.30e}")] {
                    assert_eq!(double(&text), as_std(&text), "{text}");
                }
            }
            let text = format!("{}.{}e{}", next() >> (next() % 64), next() >> (next() % 64), (next() % 700) as i64 - 360);
            if text.parse::<f64>().is_ok_and(f64::is_finite) {
                assert_eq!(double(&text), as_std(&text), "{text}");
            }
        }
    }
}
