//! `gmtime_r`, `localtime_r`, `mktime` and `strftime`, for `os.date` and `os.time`, in the C locale.
//!
//! Years are those that fit the structure; others are EOVERFLOW.
//!
//! `strftime` knows what POSIX and musl know: all of C11 7.27.3.5, `%s`, the flags `-` `_` `0` for the padding of numbers, `+` and a width
//! for years (`%C` `%F` `%G` `%Y`). A conversion that is unknown ends it with 0, like room that is too small.

use super::print::{Cursor, put_integer};
use super::zone::{self, Period};
use crate::calendar::{DAY, HOUR, YEAR, first_day, month_of};
use crate::lua::format::{Counted, Out, PLUS, Room, Spec, ZEROS};
use core::ffi::{CStr, c_char, c_int};
use core::slice;

/// The year that a day is in, counted from 1970.
#[inline(never)]
pub(super) fn year_of(day: i64) -> i64 {
    month_of(day).div_euclid(YEAR)
}

/// The day of the week, 0 for Sunday.
pub(super) fn weekday(day: i64) -> i64 {
    // January 1, 1970 was a Thursday.
    (day + 4).rem_euclid(7)
}

/// The month that begins the year of a `tm`.
fn january(time: &libc::tm) -> i64 {
    (i64::from(time.tm_year) - 70) * YEAR
}

/// Quotient and remainder, both towards 0.
#[inline(never)]
fn divide(value: i64, by: i64) -> (i64, i64) {
    (value / by, value % by)
}

/// Seconds since 1970 in the structure's own time, of members of any value.
fn seconds_of(time: &libc::tm) -> i64 {
    let day = first_day(january(time) + i64::from(time.tm_mon)) + i64::from(time.tm_mday) - 1;
    day * DAY + i64::from(time.tm_hour) * HOUR + i64::from(time.tm_min) * 60 + i64::from(time.tm_sec)
}

/// Writes what an instant is in the local zone, or in UTC. Returns `into`, or null with EOVERFLOW where the year does not fit.
///
/// # Safety
/// `into` can be written to.
unsafe fn write(seconds: i64, is_utc: bool, into: *mut libc::tm) -> *mut libc::tm {
    // More than 2 ^ 31 years would be a year that does not fit, and sums that do not.
    if seconds.unsigned_abs() >> 56 == 0 {
        let period = if is_utc { Period::UTC } else { zone::period(seconds, false) };
        let seconds = seconds + period.offset;
        let (day, second) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
        let (hour, second) = divide(second, HOUR);
        let (minute, second) = divide(second, 60);
        let month = month_of(day);
        let year = year_of(day);
        if let Ok(tm_year) = c_int::try_from(year + 70) {
            let time = libc::tm {
                tm_sec: second as c_int,
                tm_min: minute as c_int,
                tm_hour: hour as c_int,
                tm_mday: (day - first_day(month) + 1) as c_int,
                tm_mon: (month - year * YEAR) as c_int,
                tm_year,
                tm_wday: weekday(day) as c_int,
                tm_yday: (day - first_day(year * YEAR)) as c_int,
                tm_isdst: c_int::from(period.is_summer),
                tm_gmtoff: period.offset,
                tm_zone: period.abbreviation,
            };
            // SAFETY: the caller vouches for it.
            unsafe { into.write(time) };
            return into;
        }
    }
    super::set_errno(libc::EOVERFLOW);
    core::ptr::null_mut()
}

/// `gmtime_r(3)`
///
/// # Safety
/// C's: `seconds` can be read, `into` can be written to.
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
unsafe extern "C" fn gmtime_r(seconds: *const i64, into: *mut libc::tm) -> *mut libc::tm {
    // SAFETY: the caller vouches for both.
    unsafe { write(*seconds, true, into) }
}

/// `localtime_r(3)`. The zone is looked for again when `TZ` has changed.
///
/// # Safety
/// C's: `seconds` can be read, `into` can be written to.
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
unsafe extern "C" fn localtime_r(seconds: *const i64, into: *mut libc::tm) -> *mut libc::tm {
    // SAFETY: the caller vouches for both.
    unsafe { write(*seconds, false, into) }
}

/// `mktime(3)`
///
/// # Safety
/// C's: `time` can be read and written to.
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
unsafe extern "C" fn mktime(time: *mut libc::tm) -> i64 {
    // SAFETY: the caller vouches for it.
    unsafe {
        let (seconds, is_dst) = (seconds_of(&*time), (*time).tm_isdst);
        let period = zone::period(seconds, true);
        let is_other = is_dst >= 0 && (is_dst > 0) != period.is_summer;
        let seconds = seconds - if is_other { period.other_offset } else { period.offset };
        if write(seconds, false, time).is_null() { -1 } else { seconds }
    }
}

/// `strftime(3)`
///
/// # Safety
/// C's: `into` is to `room` writable bytes, `format` is NUL-terminated, `time` is from one of the functions above.
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
unsafe extern "C" fn strftime(into: *mut u8, room: usize, format: *const c_char, time: *const libc::tm) -> usize {
    // SAFETY: the caller vouches for all of them.
    let (into, format, time) = unsafe { (slice::from_raw_parts_mut(into, room), CStr::from_ptr(format), &*time) };
    let mut writer = Writer { out: Out { room: Room::new(into), full: &mut Counted }, time };
    let is_known = writer.write(format.to_bytes()).is_some();
    let room = writer.out.room;
    match room.bytes.get_mut(room.at) {
        Some(end) if is_known => {
            *end = 0;
            room.at
        }
        _ => 0,
    }
}

/// Names: from Sunday, from January, and of the halves of a day. The short forms are their first three letters.
const NAMES: &[u8] = b"Sunday|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|\
    January|February|March|April|May|June|July|August|September|October|November|December|AM|PM";
const FIRST_MONTH: c_int = 7;
const FIRST_HALF: c_int = 19;
const SHORT_BYTES: usize = 3;

/// Conversions that stand for other formats, each in front of its format.
const FORMATS: &[u8] = b"c%a %b %e %T %Y|D%m/%d/%y|n\n|r%I:%M:%S %p|R%H:%M|t\t|T%H:%M:%S|x%m/%d/%y|X%H:%M:%S";

/// Conversions that are numbers, and how many digits they have at least, see [`Writer::numbers`].
const NUMBERS: &[u8; 21] = b"SMHdemwjIuUWVCygGYFsz";
const DIGITS: &[u8; 21] = b"222222132122222244415";

/// The parts of a list, between its `|`.
fn parts(list: &'static [u8]) -> impl Iterator<Item = &'static [u8]> {
    list.split(|byte| *byte == b'|')
}

/// Where `strftime` writes what of what.
struct Writer<'a> {
    out: Out<'a>,
    time: &'a libc::tm,
}

impl Writer<'_> {
    fn put(&mut self, bytes: &[u8]) -> Option<()> {
        self.out.put(bytes, 0, 0);
        Some(())
    }

    /// Writes what the format says; `None` where it says what is unknown.
    fn write(&mut self, format: &[u8]) -> Option<()> {
        let mut format = Cursor { rest: format };
        while let [byte, rest @ ..] = format.rest {
            format.rest = rest;
            if *byte == b'%' {
                self.convert(&mut format)?;
            } else {
                self.out.put(&[*byte], 0, 0);
            }
        }
        Some(())
    }

    /// The values of [`NUMBERS`].
    ///
    /// The divisors are arguments of [`divide`], for size: a division by a constant is several instructions, each time.
    fn numbers(&self) -> [i64; NUMBERS.len()] {
        let time = self.time;
        let year = i64::from(time.tm_year) + 1900;
        let (century, year_in_century) = divide(year, 100);
        let [hour, weekday, yday] = [time.tm_hour, time.tm_wday, time.tm_yday].map(i64::from);
        let (_, since_monday) = divide(weekday + 6, 7);
        // ISO 8601: a week belongs to the year that its Thursday is in.
        let thursday = first_day(january(time)) + yday - since_monday + 3;
        let year_of_week = year_of(thursday);
        let (week, _) = divide(thursday - first_day(year_of_week * YEAR), 7);
        let (sunday_week, _) = divide(yday + 7 - weekday, 7);
        let (monday_week, _) = divide(yday + 7 - since_monday, 7);
        let (_, year_of_week_in_century) = divide(year_of_week + 1970, 100);
        let (offset_hours, offset_seconds) = divide(time.tm_gmtoff, HOUR);
        let (offset_minutes, _) = divide(offset_seconds, 60);
        let since_midday = if hour < 12 { hour } else { hour - 12 };
        [
            time.tm_sec.into(),
            time.tm_min.into(),
            hour,
            time.tm_mday.into(),
            time.tm_mday.into(),
            (time.tm_mon + 1).into(),
            weekday,
            yday + 1,
            if since_midday == 0 { 12 } else { since_midday },
            since_monday + 1,
            sunday_week,
            monday_week,
            week + 1,
            century,
            year_in_century.abs(),
            year_of_week_in_century,
            year_of_week + 1970,
            year,
            year,
            seconds_of(time) - time.tm_gmtoff,
            offset_hours * 100 + offset_minutes,
        ]
    }

    /// Writes what a conversion says, behind its `%`.
    fn convert(&mut self, format: &mut Cursor<'_>) -> Option<()> {
        let mut pad = 0;
        for flag in *b"-_0" {
            if pad == 0 && format.take(flag) {
                pad = flag;
            }
        }
        let has_plus = format.take(b'+');
        let before = format.rest.len();
        // More than there is room for is too much in any case.
        let mut width = format.number().unwrap_or(usize::MAX).min(self.out.room.bytes.len());
        if format.rest.len() < before {
            width = width.max(1);
        }
        let _ = format.take(b'E') || format.take(b'O');
        let (conversion, rest) = format.rest.split_first()?;
        format.rest = rest;

        if let Some(format) = parts(FORMATS).find(|format| format[0] == *conversion) {
            return self.write(&format[1..]);
        }
        let name = match conversion {
            b'a' | b'A' => self.time.tm_wday,
            b'b' | b'h' | b'B' => FIRST_MONTH + self.time.tm_mon,
            b'p' => FIRST_HALF + c_int::from(self.time.tm_hour >= 12),
            _ => -1,
        };
        if name >= 0 {
            let name = parts(NAMES).nth(name as usize)?;
            return self.put(if conversion.is_ascii_lowercase() { name.get(..SHORT_BYTES).unwrap_or(name) } else { name });
        }
        match conversion {
            b'%' => return self.put(b"%"),
            // SAFETY: the caller of `strftime` vouches for it.
            b'Z' => return self.put(unsafe { CStr::from_ptr(self.time.tm_zone) }.to_bytes()),
            _ => (),
        }
        let index = NUMBERS.iter().position(|number| number == conversion)?;
        let value = self.numbers()[index];
        let digits = usize::from(DIGITS[index] - b'0');
        let mut spec = Spec { flags: ZEROS, width: digits, precision: None };
        let is_date = *conversion == b'F';
        let has_sign = if width > 0 && b"CFGY".contains(conversion) {
            spec.width = if is_date { width.saturating_sub("-mm-dd".len()) } else { width };
            // A year of more than four digits, or a century of more than two, has a sign where that is asked for.
            let (digits, beyond) = if *conversion == b'C' { (3, 100) } else { (5, 10_000) };
            has_plus && (spec.width >= digits || value >= beyond)
        } else {
            if pad == b'-' && !is_date {
                spec.width = 0;
            } else if pad == b'_' && !is_date || pad == 0 && *conversion == b'e' {
                spec.flags = 0;
            }
            // musl's years have it in any case.
            *conversion == b'z' || value >= 10_000 && b"FY".contains(conversion)
        };
        if has_sign {
            spec.flags |= PLUS;
        }
        put_integer(&mut spec, &mut self.out, b'd', value as u64, i64::BITS);
        if is_date { self.write(b"-%m-%d") } else { Some(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::ENVIRONMENT;
    use std::ffi::CString;
    use std::path::{Path, PathBuf};
    use std::string::String;
    use std::vec::Vec;

    unsafe extern "C" {
        fn tzset();
    }

    /// Runs `act` while `TZ` is that.
    fn in_zone<R>(zone: &str, act: impl FnOnce() -> R) -> R {
        let _guard = ENVIRONMENT.lock();
        let zone = CString::new(zone).expect("no NUL");
        // SAFETY: the texts are NUL-terminated; whoever uses the environment holds the lock.
        unsafe {
            libc::setenv(c"TZ".as_ptr(), zone.as_ptr(), 1);
            tzset();
        }
        act()
    }

    /// All that a `tm` says; `None` for none.
    type Facts = Option<([c_int; 9], i64, String)>;

    fn facts(seconds: i64, call: unsafe extern "C" fn(*const i64, *mut libc::tm) -> *mut libc::tm) -> Facts {
        // SAFETY: both are live; an all-zero tm is valid; the zone's text is static.
        unsafe {
            let mut time: libc::tm = std::mem::zeroed();
            let result = call(&seconds, &mut time);
            let t = result.as_ref()?;
            let numbers = [t.tm_sec, t.tm_min, t.tm_hour, t.tm_mday, t.tm_mon, t.tm_year, t.tm_wday, t.tm_yday, t.tm_isdst];
            Some((numbers, t.tm_gmtoff, CStr::from_ptr(t.tm_zone).to_string_lossy().into_owned()))
        }
    }

    fn ours(seconds: i64) -> Facts {
        facts(seconds, localtime_r)
    }

    fn theirs(seconds: i64) -> Facts {
        facts(seconds, libc::localtime_r)
    }

    struct Random(u64);

    impl Random {
        fn below(&mut self, end: i64) -> i64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((self.0 >> 11) % end as u64) as i64
        }
    }

    fn tm([tm_sec, tm_min, tm_hour, tm_mday, tm_mon, tm_year, tm_wday, tm_yday, tm_isdst]: [c_int; 9]) -> libc::tm {
        libc::tm { tm_sec, tm_min, tm_hour, tm_mday, tm_mon, tm_year, tm_wday, tm_yday, tm_isdst, tm_gmtoff: 0, tm_zone: std::ptr::null() }
    }

    const RULES: &[&str] = &[
        "UTC",
        "UTC0",
        "EST5",
        "<+03>-3",
        "<-0330>3:30",
        "CET-1CEST,M3.5.0,M10.5.0/3",
        "AEST-10AEDT,M10.1.0,M4.1.0/3",
        "NZST-12NZDT,M9.5.0,M4.1.0/3",
        "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
        "IST-1GMT0,M10.5.0,M3.5.0/1",
        "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
        "EET-2EEST,M3.4.4/50,M10.4.4/50",
        "XXX3YYY,J60,J300/1:30:15",
        "XXX3YYY,60,300",
        "XXX3YYY5:30,59/0,J59/1",
        "CST6CDT,M4.1.0,M10.5.0",
    ];

    /// From when on the C library is right: glibc takes the days of a rule before 1970 for those of 1970.
    fn first_compared(zone: &str) -> i64 {
        if RULES.contains(&zone) { 366 * DAY } else { -3_000_000_000 }
    }

    /// The zones of this machine, but for those with leap seconds, those that are there twice and those whose name is a rule.
    fn zones() -> Vec<String> {
        let root = Path::new("/usr/share/zoneinfo");
        if !root.join("Europe/Berlin").exists() {
            std::println!("skipped: the zones of tzdata, which is not installed. Debian: apt-get install tzdata");
            return Vec::new();
        }
        let (mut folders, mut found) = (Vec::from([PathBuf::from(root)]), Vec::new());
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                let name = path.strip_prefix(root).expect("below it").to_str().expect("text").to_owned();
                if path.is_dir() {
                    if name != "right" && name != "posix" {
                        folders.push(path);
                    }
                } else if std::fs::read(&path).expect("a file").starts_with(b"TZif") && !zone::is_rule(name.as_bytes()) {
                    found.push(name);
                }
            }
        }
        found.sort();
        found
    }

    #[test]
    fn every_zone_is_that_of_the_c_library() {
        let mut random = Random(1);
        let zones = zones();
        for zone in RULES.iter().copied().chain(zones.iter().map(String::as_str)) {
            in_zone(zone, || {
                let first = first_compared(zone);
                let mut last = theirs(-3_000_000_000).map(|facts| facts.1);
                let step = |seconds: i64| {
                    let found = theirs(seconds);
                    if seconds >= first {
                        assert_eq!(ours(seconds), found, "{zone} at {seconds}");
                    }
                    found.map(|facts| facts.1)
                };
                for turn in -20..30 {
                    // The step in which the offset changes is halved until the instant of the change is found.
                    let (mut before, mut after) = (turn * 150_000_000, (turn + 1) * 150_000_000 + random.below(3600));
                    let offset = step(after);
                    if offset != last {
                        while after - before > 1 {
                            let middle = (before + after) / 2;
                            if step(middle) == last { before = middle } else { after = middle }
                        }
                    }
                    last = offset;
                    step(random.below(1 << 40) - (1 << 39));
                }
            });
        }
    }

    #[test]
    fn instants_are_found_again_from_their_local_times() {
        let mut random = Random(2);
        let some = [
            "Europe/Berlin",
            "America/New_York",
            "Australia/Lord_Howe",
            "Pacific/Apia",
            "Europe/Dublin",
            "Africa/Casablanca",
            "Asia/Kolkata",
        ];
        let zones = zones();
        for zone in RULES.iter().copied().chain(some.into_iter().filter(|zone| zones.iter().any(|other| other == zone))) {
            in_zone(zone, || {
                for turn in 0..4000 {
                    let first = first_compared(zone);
                    let seconds = first + random.below(4_000_000_000 - first);
                    let (numbers, _, _) = theirs(seconds).expect("a year that fits");
                    // As it is said whether it is summer, only what is ambiguous nevertheless may be another instant.
                    let mut time = tm(numbers);
                    // SAFETY: it is live.
                    let found = unsafe { mktime(&mut time) };
                    assert_eq!(ours(found).map(|facts| facts.0), Some(numbers), "{zone} at {seconds}, {found}");
                    // What is not said, or wrong, is answered as by the C library, but for times that come twice or never.
                    let mut asked = numbers;
                    asked[8] = [-1, 0, 1][turn % 3];
                    let (mut time, mut their_time) = (tm(asked), tm(asked));
                    // SAFETY: both are live.
                    let (found, expected) = unsafe { (mktime(&mut time), libc::mktime(&mut their_time)) };
                    let offset = |seconds| theirs(seconds).map(|facts| facts.1);
                    let is_changing = || (-6..=6).any(|other| offset(seconds + other * HOUR / 2) != offset(seconds));
                    assert!(
                        found == expected || asked[8] >= 0 && asked[8] != numbers[8] || is_changing(),
                        "{zone} at {seconds}: {found}, {expected}"
                    );
                }
            });
        }
    }

    #[test]
    fn members_of_any_value_become_those_of_a_date() {
        let mut random = Random(3);
        for zone in ["UTC0", "<+0545>-5:45"] {
            in_zone(zone, || {
                for turn in 0..20_000 {
                    let mut any = |small: i64| {
                        (if turn % 4 == 0 { random.below(1 << 32) - (1 << 31) } else { random.below(2 * small) - small }) as c_int
                    };
                    let numbers = [any(1000), any(1000), any(1000), any(1000), any(100), any(10_000), 0, 0, -1];
                    let (mut time, mut their_time) = (tm(numbers), tm(numbers));
                    // SAFETY: both are live.
                    let (found, expected) = unsafe { (mktime(&mut time), libc::mktime(&mut their_time)) };
                    assert_eq!(found, expected, "{numbers:?}");
                    if found != -1 {
                        assert_eq!(
                            (time.tm_mday, time.tm_yday, time.tm_wday),
                            (their_time.tm_mday, their_time.tm_yday, their_time.tm_wday)
                        );
                    }
                }
            });
        }
    }

    #[test]
    fn a_year_that_does_not_fit_is_an_error() {
        in_zone("UTC0", || {
            for seconds in
                [67_768_036_191_676_799, 67_768_036_191_676_800, -67_768_040_609_740_800, -67_768_040_609_740_801, i64::MAX, i64::MIN]
            {
                assert_eq!(
                    facts(seconds, gmtime_r),
                    facts(seconds, libc::gmtime_r).map(|(numbers, offset, _)| (numbers, offset, "UTC".into()))
                );
                assert_eq!(ours(seconds), theirs(seconds), "{seconds}");
                // SAFETY: the address of this thread's errno is always valid.
                assert!(ours(seconds).is_some() || unsafe { *libc::__errno_location() } == libc::EOVERFLOW);
            }
            let mut time = tm([0, 0, 0, 1, c_int::MAX, c_int::MAX, 0, 0, -1]);
            // SAFETY: it is live.
            assert_eq!(unsafe { mktime(&mut time) }, -1);
            assert_eq!((time.tm_mon, time.tm_year), (c_int::MAX, c_int::MAX), "it is as it was");
        });
    }

    type Format = unsafe extern "C" fn(*mut c_char, usize, *const c_char, *const libc::tm) -> usize;

    fn formatted(call: Format, format: &str, time: &libc::tm, room: usize) -> Option<String> {
        let format = CString::new(format).expect("no NUL");
        let mut text = std::vec![0x7fu8; room];
        // SAFETY: there is that much room; the format is NUL-terminated, the time live.
        let count = unsafe { call(text.as_mut_ptr().cast(), room, format.as_ptr(), time) };
        (count > 0).then(|| {
            assert_eq!(text[count], 0);
            String::from_utf8_lossy(&text[..count]).into_owned()
        })
    }

    unsafe extern "C" fn our_strftime(into: *mut c_char, room: usize, format: *const c_char, time: *const libc::tm) -> usize {
        // SAFETY: the caller vouches for all of them.
        unsafe { strftime(into.cast(), room, format, time) }
    }

    #[test]
    fn conversions_are_those_of_the_c_library() {
        let mut random = Random(4);
        for zone in ["CET-1CEST,M3.5.0,M10.5.0/3", "<-0330>3:30", "UTC0"] {
            in_zone(zone, || {
                for turn in 0..1500 {
                    // From 1000 to 9999; every day around a new year, for the weeks.
                    let seconds = if turn < 800 {
                        (turn / 10 * 365 + turn / 40 + turn % 10 - 5) * DAY
                    } else {
                        random.below(284_000_000_000) - 30_600_000_000
                    };
                    // SAFETY: an all-zero tm is valid; both are live.
                    let time = unsafe {
                        let mut time: libc::tm = std::mem::zeroed();
                        assert!(!localtime_r(&seconds, &mut time).is_null());
                        time
                    };
                    for conversion in "aAbBcCdDeFgGhHIjmMnprRsStTuUVwWxXyYzZ%".chars() {
                        let flags: &[&str] = if "CdegGHIjmMSUVWyY".contains(conversion) { &["", "E", "O", "-", "_", "0"] } else { &[""] };
                        for flag in flags {
                            let format = std::format!("<%{flag}{conversion}>");
                            let (found, expected) =
                                (formatted(our_strftime, &format, &time, 100), formatted(libc::strftime, &format, &time, 100));
                            // The other library takes `E` and `O` only where C has them.
                            assert!(
                                found == expected || matches!(*flag, "E" | "O") && expected == Some(format.clone()),
                                "{format} {seconds}: {found:?}, {expected:?}"
                            );
                        }
                    }
                }
            });
        }
    }

    #[test]
    fn what_is_musls_own_stays_so() {
        in_zone("UTC0", || {
            for (seconds, format, expected) in [
                (0, "%Q", None),
                (0, "%", None),
                (0, "a%5", None),
                (0, "", None),
                (0, "%5d|%12m", Some("01|01")),
                (0, "%+4Y|%+5Y|%6Y|%3C|%+3C|%1Y", Some("1970|+1970|001970|019|+19|1970")),
                (0, "%+12F|%12F|%5F", Some("+01970-01-01|001970-01-01|1970-01-01")),
                (253_402_300_800, "%Y|%+4Y|%F|%G", Some("+10000|+10000|+10000-01-01|9999")),
                (-62_200_000_000, "%Y|%5Y|%C|%s", Some("-002|-0002|00|-62200000000")),
                (-62_135_596_800, "%F|%-F|%_F|%-Y|%_Y", Some("0001-01-01|0001-01-01|0001-01-01|1|   1")),
                (-86400 * 366, "%z %Z %_d%-d", Some("+0000 UTC 3131")),
            ] {
                // SAFETY: an all-zero tm is valid; both are live.
                let time = unsafe {
                    let mut time: libc::tm = std::mem::zeroed();
                    assert!(!localtime_r(&seconds, &mut time).is_null());
                    time
                };
                assert_eq!(formatted(our_strftime, format, &time, 100).as_deref(), expected, "{format}");
                // Too little room, down to none.
                if let Some(text) = expected {
                    assert_eq!(formatted(our_strftime, format, &time, text.len() + 1).as_deref(), expected);
                    for room in 0..=text.len() {
                        assert_eq!(formatted(our_strftime, format, &time, room), None, "{format} in {room}");
                    }
                }
            }
        });
    }

    #[test]
    fn months_and_days_agree() {
        for day in (-800_000..800_000i64).chain(-840_000_000_000..-839_999_999_000).chain(840_000_000_000..840_000_001_000) {
            let month = month_of(day);
            assert!(first_day(month) <= day && day < first_day(month + 1), "{day}");
        }
        assert_eq!((first_day(0), first_day(2), first_day(26 * YEAR), weekday(0)), (0, 59, 9496, 4));
    }
}
