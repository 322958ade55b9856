//! Time zones: which offset from UTC is in force at an instant, in the zone that the variable `TZ` names.
//!
//! | `TZ` | zone |
//! | --- | --- |
//! | unset | the file `/etc/localtime` |
//! | empty, `UTC` | UTC |
//! | `CET-1CEST,M3.5.0,M10.5.0/3`, `<+03>-3` | POSIX's rule (Base Definitions 8.3), without a file |
//! | `Europe/Berlin`, `:Europe/Berlin` | the file of that name in one of [`FOLDERS`]; a name with a point in it is none |
//! | `/path`, `./path`, `:/path` | that file |
//!
//! A file is RFC 9636's TZif, version 1 to 4; leap seconds are not counted. Where there is none, or it is broken, the zone is UTC. A file
//! is read once, until `TZ` changes; a rule is read anew each time, which takes a fraction of a microsecond.
//!
//! Every read of a file is within it, whatever its numbers say, and a search in it takes one step for each transition that it has.

use super::print::Cursor;
use super::time::{weekday, year_of};
use crate::calendar::{DAY, HOUR, YEAR, first_day};
use core::ffi::{CStr, c_char};

/// Where zone files are, in this order.
const FOLDERS: &[&[u8]] = &[b"/usr/share/zoneinfo/", b"/share/zoneinfo/", b"/etc/zoneinfo/"];
/// The longest `TZ` that is looked for, without its NUL.
const NAME_BYTES_MAX: usize = 1023;
/// The largest zone file: more than tzcode's own limits allow (`TZ_MAX_TIMES` of 2,000 in its `tzfile.h`).
const FILE_BYTES_MAX: usize = 64 << 10;
/// The longest abbreviation of a rule that is kept; POSIX asks for 6 at least.
const ABBREVIATION_BYTES_MAX: usize = 15;

/// What holds for a span of time.
#[derive(Clone, Copy)]
pub(super) struct Period {
    /// Seconds that local time is ahead of UTC.
    pub offset: i64,
    /// Those of the neighbour with the other kind of time, of summer or not; the same where there is none.
    pub other_offset: i64,
    pub is_summer: bool,
    /// Of static memory, until the zone changes.
    pub abbreviation: *const c_char,
}

impl Period {
    pub const UTC: Period = Period { offset: 0, other_offset: 0, is_summer: false, abbreviation: c"UTC".as_ptr() };
}

/// The file that was read last. The program begins as if `TZ` had been empty.
struct Cache {
    /// The `TZ` that named it.
    name: [u8; NAME_BYTES_MAX],
    name_bytes: usize,
    /// Before a file is read, its path stands here.
    file: [u8; FILE_BYTES_MAX + 1],
    file_bytes: usize,
}

impl Cache {
    const EMPTY: Cache = Cache { name: [0; NAME_BYTES_MAX], name_bytes: 0, file: [0; FILE_BYTES_MAX + 1], file_bytes: 0 };

    /// The bytes of the file that `name` names, with a NUL behind them; none where there is no such file.
    fn load(&mut self, name: &[u8]) -> &[u8] {
        if self.name[..self.name_bytes] != *name {
            self.name_bytes = 0;
            self.file_bytes = 0;
            if let Some(place) = self.name.get_mut(..name.len()) {
                place.copy_from_slice(name);
                self.name_bytes = name.len();
                self.read(name.strip_prefix(b":").unwrap_or(name));
            }
        }
        &self.file[..self.file_bytes]
    }

    /// Reads the first file of that name.
    fn read(&mut self, name: &[u8]) {
        let folders = match name {
            [b'/' | b'.', ..] => &[&b""[..]],
            _ if name.contains(&b'.') => &[][..],
            _ => FOLDERS,
        };
        for folder in folders {
            let (path, rest) = self.file.split_at_mut(folder.len());
            path.copy_from_slice(folder);
            rest[..name.len()].copy_from_slice(name);
            rest[name.len()] = 0;
            // SAFETY: the path ends with a NUL, and the kernel writes no more than there is room for. What is no file does not keep the
            // process waiting. The caller's `errno` stays as it was: for `os.time`, it tells -1 from an error.
            unsafe {
                let errno = *libc::__errno_location();
                let fd = libc::open(self.file.as_ptr().cast(), libc::O_RDONLY | libc::O_NONBLOCK);
                if fd >= 0 {
                    self.file_bytes = usize::try_from(libc::read(fd, self.file.as_mut_ptr().cast(), FILE_BYTES_MAX)).unwrap_or(0);
                    libc::close(fd);
                }
                super::set_errno(errno);
                if fd >= 0 {
                    break;
                }
            }
        }
        self.file[self.file_bytes] = 0;
    }
}

/// The abbreviations of the rule that was read last, of standard and of summer time.
type Abbreviations = [[u8; ABBREVIATION_BYTES_MAX + 1]; 2];

#[unsafe(link_section = ".bss.rest.zone")]
static mut CACHE: Cache = Cache::EMPTY;
static mut ABBREVIATIONS: Abbreviations = [[0; ABBREVIATION_BYTES_MAX + 1]; 2];

/// What holds at an instant, in seconds since 1970 (UTC), or with `is_local` at a local time, counted as if it were UTC: of one that comes
/// twice, at the first; of one that never comes, what holds after the gap.
pub(super) fn period(seconds: i64, is_local: bool) -> Period {
    let (cache, abbreviations) = (&raw mut CACHE, &raw mut ABBREVIATIONS);
    // SAFETY: the variable is NUL-terminated, and nothing in here changes it. The process has one thread, these are the only references to
    // both, and none is returned.
    unsafe {
        let name = libc::getenv(c"TZ".as_ptr());
        let name = if name.is_null() { c"/etc/localtime" } else { CStr::from_ptr(name) };
        period_in(name.to_bytes(), &mut *cache, &mut *abbreviations, seconds, is_local)
    }
}

fn period_in(name: &[u8], cache: &mut Cache, abbreviations: &mut Abbreviations, seconds: i64, is_local: bool) -> Period {
    let rule = if is_rule(name) {
        name
    } else {
        match find(cache.load(name), seconds, is_local) {
            Some(Found::Period(period)) => return period,
            Some(Found::Rule(rule)) => rule,
            None => return Period::UTC,
        }
    };
    apply(rule, abbreviations, seconds, is_local)
}

// ---- files ----

/// What a file says about an instant.
enum Found<'a> {
    Period(Period),
    /// The rule behind the last transition.
    Rule(&'a [u8]),
}

/// Bytes of the header of a block.
const HEADER_BYTES: usize = 44;

/// A signed integer of `bytes` bytes, most significant first.
#[inline(never)]
fn integer(file: &[u8], at: usize, bytes: usize) -> Option<i64> {
    let bytes = file.get(at..)?.get(..bytes)?;
    let sign = if bytes[0] < 0x80 { 0 } else { -1 };
    Some(bytes.iter().fold(sign, |value, byte| value << 8 | i64::from(*byte)))
}

/// Where the parts of a file's last block begin.
///
/// ```text
/// version 1     header, block with times of 4 bytes
/// later ones    the same, header, block with times of 8 bytes, "\n" rule "\n"
/// header        "TZif" version, 15 bytes, how many: [UT marks] [standard marks] [leap seconds] [transitions] [kinds] [bytes of names]
/// block         times of transitions, kinds that begin with them, kinds (offset, is summer, where its name begins), names, …
/// ```
struct Block<'a> {
    file: &'a [u8],
    kinds_of_transitions: usize,
    kinds: usize,
    names: usize,
}

impl Block<'_> {
    /// What holds after so many transitions; before the first one it is the first kind.
    #[inline(never)]
    fn period(&self, transitions: usize) -> Option<Period> {
        let kind = match transitions.checked_sub(1) {
            None => 0,
            Some(index) => usize::from(*self.file.get(self.kinds_of_transitions + index)?),
        };
        let at = self.kinds + 6 * kind;
        let offset = integer(self.file, at, 4)?;
        let [is_summer, name] = *self.file.get(at + 4..)?.first_chunk()?;
        // It ends with a NUL at the latest behind the file.
        let abbreviation = self.file.get(self.names + usize::from(name)..)?.as_ptr().cast();
        Some(Period { offset, other_offset: offset, is_summer: is_summer != 0, abbreviation })
    }
}

/// What the file says about an instant, see [`period`]; `None` if it is none, or broken.
fn find(file: &[u8], seconds: i64, is_local: bool) -> Option<Found<'_>> {
    if !file.starts_with(b"TZif") {
        return None;
    }
    let (mut start, mut time_bytes) = (HEADER_BYTES, 4);
    let (block, transitions, end) = loop {
        let mut counts = [0; 6];
        for (index, count) in counts.iter_mut().enumerate() {
            // Not negative: so many bytes there are not.
            *count = integer(file, start - 24 + 4 * index, 4)? as u32 as usize;
        }
        let [ut_marks, standard_marks, leap_seconds, transitions, kinds, names_bytes] = counts;
        let kinds_of_transitions = start + transitions * time_bytes;
        let kinds_at = kinds_of_transitions + transitions;
        let names = kinds_at + 6 * kinds;
        let end = names + names_bytes + leap_seconds * (time_bytes + 4) + standard_marks + ut_marks;
        if time_bytes == 8 || file[4] == 0 {
            break (Block { file, kinds_of_transitions, kinds: kinds_at, names }, transitions, end);
        }
        (start, time_bytes) = (end + HEADER_BYTES, 8);
    };
    let mut last = transitions;
    while last > 0 {
        let before = if is_local { block.period(last - 1)?.offset } else { 0 };
        if integer(file, start + (last - 1) * time_bytes, time_bytes)?.saturating_add(before) <= seconds {
            break;
        }
        last -= 1;
    }
    // Version 1 has nothing behind its block.
    let rule = file.get(end + 1..).unwrap_or_default();
    if last == transitions && !matches!(rule, [] | [b'\n', ..]) {
        return Some(Found::Rule(rule));
    }
    let mut period = block.period(last)?;
    for neighbour in [last + 1, last.wrapping_sub(1)] {
        if neighbour <= transitions {
            let neighbour = block.period(neighbour)?;
            if neighbour.is_summer != period.is_summer {
                period.other_offset = neighbour.offset;
            }
        }
    }
    Some(Found::Period(period))
}

// ---- rules ----

/// Whether `TZ` is a rule, which has a number behind its abbreviation, and not the name of a file.
pub(super) fn is_rule(name: &[u8]) -> bool {
    let mut text = Cursor { rest: name };
    let abbreviation = take_abbreviation(&mut text);
    matches!(abbreviation, b"UTC" | b"GMT") || !abbreviation.is_empty() && begins_number(&text)
}

fn begins_number(text: &Cursor<'_>) -> bool {
    matches!(text.rest, [b'+' | b'-' | b'0'..=b'9', ..])
}

/// Letters, or anything in `<` and `>`.
fn take_abbreviation<'a>(text: &mut Cursor<'a>) -> &'a [u8] {
    let is_quoted = text.take(b'<');
    let rest = text.rest;
    let bytes = rest.iter().take_while(|byte| if is_quoted { **byte != b'>' } else { byte.is_ascii_alphabetic() }).count();
    text.rest = &rest[bytes..];
    text.take(b'>');
    &rest[..bytes]
}

/// A number without a sign; 0 where there is none, or none that fits.
fn take_number(text: &mut Cursor<'_>) -> i64 {
    text.number().unwrap_or(0) as i64
}

/// `[+-]hours[:minutes[:seconds]]`, in seconds.
fn take_time(text: &mut Cursor<'_>) -> i64 {
    let is_negative = text.take(b'-');
    text.take(b'+');
    let mut seconds = 0;
    let mut unit = HOUR;
    loop {
        seconds += take_number(text) * unit;
        unit /= 60;
        if unit == 0 || !text.take(b':') {
            return if is_negative { -seconds } else { seconds };
        }
    }
}

/// `,date[/time]`: when that is, in local time, in the year that begins with the month `january`.
fn take_turn(text: &mut Cursor<'_>, january: i64) -> i64 {
    text.take(b',');
    let day = if text.take(b'M') {
        // Month, week (5 is the last one), day of the week.
        let month = january - 1 + take_number(text);
        text.take(b'.');
        let week = take_number(text);
        text.take(b'.');
        let first = first_day(month);
        let day = first + (take_number(text) - weekday(first)).rem_euclid(7) + 7 * (week - 1);
        if day < first_day(month + 1) { day } else { day - 7 }
    } else if text.take(b'J') {
        // From 1, without February 29: 60 is always March 1.
        let day = take_number(text);
        if day < 60 { first_day(january) + day - 1 } else { first_day(january + 2) + day - 60 }
    } else {
        first_day(january) + take_number(text)
    };
    day * DAY + if text.take(b'/') { take_time(text) } else { 2 * HOUR }
}

/// What a rule says about an instant, see [`period`]. What is missing in it, or wrong, is 0, as far as it can be.
fn apply(rule: &[u8], abbreviations: &mut Abbreviations, seconds: i64, is_local: bool) -> Period {
    let mut text = Cursor { rest: rule };
    let mut abbreviation = |text: &mut Cursor<'_>, index: usize| {
        let found = take_abbreviation(text);
        let bytes = found.len().min(ABBREVIATION_BYTES_MAX);
        let place = &mut abbreviations[index];
        place[..bytes].copy_from_slice(&found[..bytes]);
        place[bytes] = 0;
        place.as_ptr().cast()
    };
    let abbreviation_of_standard = abbreviation(&mut text, 0);
    let standard = -take_time(&mut text);
    let abbreviation_of_summer: *const c_char = abbreviation(&mut text, 1);
    // SAFETY: it points to the array, and has a NUL.
    if unsafe { *abbreviation_of_summer } == 0 {
        return Period { offset: standard, other_offset: standard, is_summer: false, abbreviation: abbreviation_of_standard };
    }
    let summer = if begins_number(&text) { -take_time(&mut text) } else { standard + HOUR };
    if text.rest.first() != Some(&b',') {
        // The same as with other C libraries: the rules of the United States.
        text.rest = b",M3.2.0,M11.1.0";
    }
    let [to_standard, to_summer] = if is_local { [0, 0] } else { [standard, summer] };
    let january = year_of((seconds + to_standard).div_euclid(DAY)) * YEAR;
    let begin = take_turn(&mut text, january) - to_standard;
    let end = take_turn(&mut text, january) - to_summer;
    let (has_begun, has_not_ended) = (begin <= seconds, seconds < end);
    // South of the equator it lasts over the new year.
    if if begin < end { has_begun && has_not_ended } else { has_begun || has_not_ended } {
        Period { offset: summer, other_offset: standard, is_summer: true, abbreviation: abbreviation_of_summer }
    } else {
        Period { offset: standard, other_offset: summer, is_summer: false, abbreviation: abbreviation_of_standard }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::String;
    use std::vec::Vec;

    /// A zone file: transitions to kinds, and kinds as (offset, is summer, where its name begins).
    fn file(version: u8, transitions: &[(i64, u8)], kinds: &[(i32, u8, u8)], names: &[u8], rule: &str) -> Vec<u8> {
        let block = |time_bytes: usize| {
            let mut bytes = b"TZif".to_vec();
            bytes.push(version);
            bytes.extend([0; 15]);
            // Two leap seconds, and a mark of both sorts for each kind, which are not looked at.
            for count in [kinds.len(), kinds.len(), 2, transitions.len(), kinds.len(), names.len()] {
                bytes.extend((count as u32).to_be_bytes());
            }
            for (time, _) in transitions {
                bytes.extend(&time.to_be_bytes()[8 - time_bytes..]);
            }
            bytes.extend(transitions.iter().map(|(_, kind)| kind));
            for (offset, is_summer, name) in kinds {
                bytes.extend(offset.to_be_bytes());
                bytes.extend([*is_summer, *name]);
            }
            bytes.extend(names);
            bytes.extend(std::vec![1; 2 * (time_bytes + 4) + 2 * kinds.len()]);
            bytes
        };
        let mut bytes = block(4);
        if version > 0 {
            bytes.extend(block(8));
            bytes.extend(std::format!("\n{rule}\n").bytes());
        }
        bytes
    }

    /// Winter time from the first transition, summer time from the second, as in Berlin.
    fn berlin(version: u8, rule: &str) -> Vec<u8> {
        let transitions = [(-2_422_054_408, 1), (1_711_846_800, 2), (1_729_990_800, 1)]
            .map(|(time, kind)| (if version == 0 { time.max(-2_000_000_000) } else { time }, kind));
        file(version, &transitions, &[(3208, 0, 0), (3600, 0, 4), (7200, 1, 8)], b"LMT\0CET\0CEST\0", rule)
    }

    /// Offset, other offset, whether it is summer, abbreviation.
    type Facts = (i64, i64, bool, String);

    fn facts(period: Period) -> Facts {
        // SAFETY: what it points to is in use still.
        let abbreviation = unsafe { CStr::from_ptr(period.abbreviation) };
        (period.offset, period.other_offset, period.is_summer, abbreviation.to_string_lossy().into_owned())
    }

    fn by_rule(rule: impl AsRef<[u8]>, seconds: i64, is_local: bool) -> Facts {
        facts(apply(rule.as_ref(), &mut [[0; ABBREVIATION_BYTES_MAX + 1]; 2], seconds, is_local))
    }

    fn by_file(bytes: &[u8], seconds: i64, is_local: bool) -> Facts {
        let mut bytes = bytes.to_vec();
        let len = bytes.len();
        bytes.push(0);
        match find(&bytes[..len], seconds, is_local) {
            Some(Found::Period(period)) => facts(period),
            Some(Found::Rule(rule)) => by_rule(rule, seconds, is_local),
            None => facts(Period::UTC),
        }
    }

    #[test]
    fn a_file_says_what_holds_between_its_transitions() {
        let summer = |name: &str| (7200, 3600, true, String::from(name));
        let winter = |name: &str| (3600, 7200, false, String::from(name));
        for version in [0, b'2', b'3', b'4'] {
            let bytes = berlin(version, "RCET-1RCEST,M3.5.0,M10.5.0/3");
            assert_eq!(by_file(&bytes, i64::MIN, false), (3208, 3208, false, "LMT".into()));
            assert_eq!(by_file(&bytes, 1_711_846_799, false), winter("CET"));
            assert_eq!(by_file(&bytes, 1_711_846_800, false), summer("CEST"));
            assert_eq!(by_file(&bytes, 1_729_990_799, false), summer("CEST"));
            // The rule holds from the last transition on. Version 1 has none: nothing changes any more.
            let after = if version == 0 { ["CET", "CET"] } else { ["RCET", "RCEST"] };
            assert_eq!(by_file(&bytes, 1_729_990_800, false), winter(after[0]));
            let july = if version == 0 { winter(after[1]) } else { summer(after[1]) };
            assert_eq!(by_file(&bytes, 1_752_000_000, false), july);
            // Local time: 02:30 on March 31 never comes, on October 27 it comes twice.
            assert_eq!(by_file(&bytes, 1_711_846_800 + 3599, true), winter("CET"));
            assert_eq!(by_file(&bytes, 1_711_846_800 + 3600, true), summer("CEST"));
            assert_eq!(by_file(&bytes, 1_729_990_800 + 7199, true), summer("CEST"));
            assert_eq!(by_file(&bytes, 1_729_990_800 + 7200, true), winter(after[0]));
        }
        // Without transitions or rule it is the first kind; with a rule alone, it is the rule.
        assert_eq!(by_file(&file(b'2', &[], &[(-3600, 0, 0)], b"-01\0", ""), 0, false), (-3600, -3600, false, "-01".into()));
        assert_eq!(by_file(&file(b'2', &[], &[(-3600, 0, 0)], b"-01\0", "<+02>-2"), 0, false), (7200, 7200, false, "+02".into()));
        // Without a rule, what holds last does so forever.
        assert_eq!(by_file(&berlin(b'2', ""), i64::MAX, false), winter("CET"));
    }

    #[test]
    fn a_broken_file_is_never_read_beyond_its_end() {
        let whole = berlin(b'2', "CET-1CEST,M3.5.0,M10.5.0/3");
        let look = |bytes: &[u8]| {
            for seconds in [-(1 << 56), 0, 1_720_000_000, 1_800_000_000, 1 << 56] {
                let _ = (by_file(bytes, seconds, false), by_file(bytes, seconds, true));
            }
        };
        for bytes in 0..whole.len() {
            look(&whole[..bytes]);
            for value in [0, 1, 0x20, 0x7f, 0x80, 0xff] {
                let mut broken = whole.clone();
                broken[bytes] = value;
                look(&broken);
            }
        }
        assert_eq!(by_file(&whole[..100], 0, false), facts(Period::UTC));
        assert_eq!(by_file(b"", 0, false), facts(Period::UTC));
    }

    #[test]
    fn rules_may_have_any_text() {
        for rule in [
            "",
            "A",
            "<",
            "<>",
            "CET-",
            "CET-1CEST,",
            "CET-1CEST,M",
            "CET-1CEST,M13.9.9/999,M0.0.0",
            "A99999999999999999999B,J0,J999999999/99999999999",
            "X0Y,M2147483647.2147483647.2147483647/2147483647,2147483647",
            "CET-1CEST,M3.5.0,M10.5.0/3garbage",
            "CET-1:CEST,,",
            "C1D2:3:4:5,5,6",
        ] {
            for seconds in [-(1 << 56), -1, 0, 1_720_000_000, 1 << 56] {
                let _ = (by_rule(rule, seconds, false), by_rule(rule, seconds, true));
            }
        }
        // As long as there is room.
        assert_eq!(by_rule("<abcdefghijklmnopqrst>1:02:03", 0, false), (-3723, -3723, false, "abcdefghijklmno".into()));
        // Without rules it is those of the United States.
        assert_eq!(by_rule("EST5EDT", 1_752_000_000, false), (-14400, -18000, true, "EDT".into()));
        assert_eq!(by_rule("EST5EDT", 1_735_000_000, false), (-18000, -14400, false, "EST".into()));
    }

    #[test]
    fn a_name_says_where_the_zone_is() {
        let folder = std::env::temp_dir().join(std::format!("coldmoon-zone-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join("zone.of.file");
        std::fs::write(&path, file(0, &[], &[(1234, 0, 0)], b"OWN\0", "")).expect("a file");
        let large = folder.join("large");
        std::fs::write(&large, std::vec![b'T'; FILE_BYTES_MAX + 9]).expect("a file");
        let mut cache = std::boxed::Box::new(Cache::EMPTY);
        let mut look = |name: &str| facts(period_in(name.as_bytes(), &mut cache, &mut [[0; ABBREVIATION_BYTES_MAX + 1]; 2], 0, false));
        let own: Facts = (1234, 1234, false, "OWN".into());
        let utc = facts(Period::UTC);
        let path = path.to_str().expect("text");
        for _ in 0..2 {
            assert_eq!(look(path), own);
            assert_eq!(look(&std::format!(":{path}")), own);
            assert_eq!(look(""), utc);
            assert_eq!(look(":"), utc);
            assert_eq!(look(&std::format!("./not/there{path}")), utc, "there is no such path from here");
            assert_eq!(look(&std::format!("Europe/../../../..{path}")), utc, "a name has no points");
            assert_eq!(look(folder.to_str().expect("text")), utc, "a folder");
            assert_eq!(look(large.to_str().expect("text")), utc, "no zone file");
            assert_eq!(look(&"x".repeat(NAME_BYTES_MAX + 1)), utc);
            assert_eq!(look(&std::format!("/{}", "x".repeat(NAME_BYTES_MAX - 1))), utc);
            assert_eq!(look("Not/There"), utc);
            assert_eq!(look("UTC"), utc);
            assert_eq!(look("GMT").3, "GMT");
            assert_eq!(look("<+03>-3"), (10800, 10800, false, "+03".into()));
        }
        // Read once, until the name changes.
        assert_eq!(look(path), own);
        std::fs::remove_dir_all(&folder).expect("the folder is there");
        assert_eq!(look(path), own);
        assert_eq!(look("UTC0"), utc);
        assert_eq!(look(path), own, "a rule needs no file");
        assert_eq!(look("/dev/null"), utc);
        assert_eq!(look(path), utc, "it is gone");
    }
}
