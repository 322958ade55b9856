//! The Gregorian calendar, for the log and for `os.date`.
//!
//! It is counted in months: the day with which a month begins is a formula, and everything else is found from it.

/// An hour in seconds.
pub const HOUR: i64 = 3600;
/// A day in seconds.
pub const DAY: i64 = 24 * HOUR;
/// A year in months.
pub const YEAR: i64 = 12;

/// The first day of a month. Days and months are counted from January 1970, and may be negative: all that a `tm` can say.
#[inline(never)]
pub fn first_day(month: i64) -> i64 {
    // Counted from a March, the lengths of months are those of a straight line, and leap days come last. The March is one before all that
    // is asked for; the calendar repeats itself every 400 years, which are 146,097 days.
    const REPEATS: i64 = 6_000_000;
    let month = (month + (1970 + 400 * REPEATS) * YEAR - 2) as u64;
    let (year, month) = (month / 12, month % 12);
    let day = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5;
    // January 1, 1970 is so many days behind March 1 of the year 0.
    day as i64 - (719_468 + 146_097 * REPEATS)
}

/// The month that a day is in.
#[inline(never)]
pub fn month_of(day: i64) -> i64 {
    // Months of the mean length are at most one month off; the other one is for what the division cuts.
    let mut month = day * (400 * YEAR) / 146_097 - 2;
    while first_day(month + 1) <= day {
        month += 1;
    }
    month
}
