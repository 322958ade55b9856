//! The grammar of RFC 8259 in one loop over borrowed bytes.
//!
//! ```text
//! loop:   white space
//!         a string:  a key is expected?  it is one; white space, colon; next turn
//!         another value, or an opening bracket that is not closed at once: next turn
//! after:  depth 0?  done
//!         white space
//!         comma: a key is expected now if this is an object; next turn
//!         the bracket that closes: one level up, again `after`
//! ```
//!
//! Nesting is one bit per level (object or array), not recursion and not a stack of frames: 128 bytes however a document nests. Strings and
//! runs of spaces are looked at sixteen bytes at once (`wide`). Where the scanner is, `at`, is a local variable that is passed by value,
//! and what is not on the usual way is a call, so that the loop runs in registers also when it is compiled for size.
//!
//! Accepts exactly RFC 8259 under `Rules::STRICT`; refuses with the offset and the place in the grammar; does not resume. Linear in the
//! input.

use super::text::{Text, check_special};
use super::{Kind, Rules, Sink, SyntaxError, number};
use crate::limits::JSON_DEPTH_MAX;
use crate::wide::{self, Block};

/// Scans the whole document `input`.
pub fn scan<S: Sink>(input: &[u8], rules: &Rules, sink: &mut S) -> Result<(), SyntaxError> {
    let mut at = scan_value(input, 0, rules, sink)?;
    loop {
        at = skip_space(input, at);
        if at >= input.len() {
            return Ok(());
        }
        at = refuse(input, at, rules, Kind::End)?;
    }
}

/// Scans the value that starts at `at`, behind white space, and returns the offset behind it. What follows is not looked at.
pub fn scan_value<S: Sink>(input: &[u8], mut at: usize, rules: &Rules, sink: &mut S) -> Result<usize, SyntaxError> {
    let mut nest = Nest { outer: [0; WORDS], depth: 0, object: false };
    let mut key = false;
    'next: loop {
        let byte = token(input, &mut at);
        if byte == b'"' {
            let text = text(input, &mut at, rules)?;
            if key {
                sink.key(text);
                while token(input, &mut at) != b':' {
                    at = refuse(input, at, rules, Kind::Colon)?;
                }
                at += 1;
                key = false;
                continue 'next;
            }
            sink.string(text);
        } else if key {
            at = refuse(input, at, rules, Kind::Key)?;
            continue 'next;
        } else {
            match byte {
                b'{' | b'[' => {
                    let object = byte == b'{';
                    if nest.depth >= rules.depth_max.min(JSON_DEPTH_MAX as u32) {
                        return Err(SyntaxError { offset: at, kind: Kind::Depth });
                    }
                    nest.enter(object);
                    at += 1;
                    if object {
                        sink.begin_object()
                    } else {
                        sink.begin_array()
                    }
                    let mut first = token(input, &mut at);
                    while first == b'/' && skip_comment(input, &mut at, rules) {
                        first = token(input, &mut at);
                    }
                    // The closing brackets stand two behind the opening ones in ASCII.
                    if first != byte + 2 {
                        key = object;
                        continue 'next;
                    }
                    at += 1;
                    nest.leave();
                    if object { sink.end_object() } else { sink.end_array() }
                }
                b't' if begins_with(input, at, b"true") => {
                    at += 4;
                    sink.boolean(true);
                }
                b'f' if begins_with(input, at, b"false") => {
                    at += 5;
                    sink.boolean(false);
                }
                b'n' if begins_with(input, at, b"null") => {
                    at += 4;
                    sink.null();
                }
                b'-' | b'0'..=b'9' => {
                    let (value, end) = match number::parse(input, at) {
                        Err(refused) => lenient_number(input, at, rules).ok_or(refused)?,
                        Ok(parsed) => parsed,
                    };
                    at = end;
                    sink.number(value);
                }
                _ => match lenient_number(input, at, rules) {
                    Some((value, end)) => {
                        at = end;
                        sink.number(value);
                    }
                    None => {
                        at = refuse(input, at, rules, Kind::Value)?;
                        continue 'next;
                    }
                },
            }
        }
        // A value is complete.
        while nest.depth != 0 {
            let byte = token(input, &mut at);
            if byte == b',' {
                at += 1;
                key = nest.object;
                continue 'next;
            }
            let object = nest.object;
            if byte == if object { b'}' } else { b']' } {
                at += 1;
                nest.leave();
                if object { sink.end_object() } else { sink.end_array() }
            } else {
                at = refuse(input, at, rules, if object { Kind::ObjectEnd } else { Kind::ArrayEnd })?;
            }
        }
        return Ok(at);
    }
}

/// The open brackets.
struct Nest {
    /// Whether each level around the innermost one is an object, the last one entered in the lowest bit of the word `depth / 64`.
    outer: [u64; WORDS],
    depth: u32,
    /// Whether the innermost level is an object.
    object: bool,
}

/// Words of 64 levels. A power of two, so that an index can be masked.
const WORDS: usize = JSON_DEPTH_MAX.div_ceil(64).next_power_of_two();

impl Nest {
    #[inline(always)]
    fn enter(&mut self, object: bool) {
        let word = &mut self.outer[self.depth as usize / 64 % WORDS];
        *word = *word << 1 | u64::from(self.object);
        self.depth += 1;
        self.object = object;
    }

    #[inline(always)]
    fn leave(&mut self) {
        self.depth -= 1;
        let word = &mut self.outer[self.depth as usize / 64 % WORDS];
        self.object = *word & 1 != 0;
        *word >>= 1;
    }
}

/// Goes to the next byte that is not white space and returns it; 0, which can stand nowhere, at the end.
#[inline(always)]
fn token(input: &[u8], at: &mut usize) -> u8 {
    match input.get(*at) {
        Some(byte) if *byte > b' ' => *byte,
        _ => {
            *at = skip_space(input, *at);
            input.get(*at).copied().unwrap_or(0)
        }
    }
}

/// The offset of the first byte from `at` on that is not white space.
#[inline(never)]
fn skip_space(input: &[u8], mut at: usize) -> usize {
    // A single space behind a colon.
    if let Some([b' ', b'!'..=0xff]) = input.get(at..at + 2) {
        return at + 1;
    }
    loop {
        let white = Block::load(input, at).first_not_white();
        at += white;
        if white != wide::BYTES {
            return at;
        }
    }
}

/// The string whose opening quote is at `at`, which goes behind its closing one.
#[inline(always)]
fn text<'a>(input: &'a [u8], at: &mut usize, rules: &Rules) -> Result<Text<'a>, SyntaxError> {
    let start = *at + 1;
    let mut end = start;
    let mut escaped = false;
    loop {
        let plain = Block::load(input, end).first_not_plain();
        end += plain;
        if plain == wide::BYTES {
            continue;
        }
        match input.get(end) {
            Some(b'"') => {
                *at = end + 1;
                return Ok(Text::new(&input[start..end], escaped));
            }
            Some(byte) => {
                escaped |= *byte == b'\\';
                end = check_special(input, end, rules)?;
            }
            None => return Err(SyntaxError { offset: start - 1, kind: Kind::StringEnd }),
        }
    }
}

#[inline(always)]
fn begins_with<const N: usize>(input: &[u8], at: usize, literal: &[u8; N]) -> bool {
    input.get(at..).and_then(|rest| rest.first_chunk()) == Some(literal)
}

/// The strict grammar has come to its end at `at`: an error, unless the rules take a comment there. Returns the offset behind it.
#[cold]
#[inline(never)]
fn refuse(input: &[u8], mut at: usize, rules: &Rules, kind: Kind) -> Result<usize, SyntaxError> {
    if skip_comment(input, &mut at, rules) { Ok(at) } else { Err(SyntaxError { offset: at, kind }) }
}

/// Goes behind the comment or byte order mark at `at`, if there is one and the rules take it.
#[cold]
fn skip_comment(input: &[u8], at: &mut usize, rules: &Rules) -> bool {
    let rest = input.get(*at..).unwrap_or_default();
    let len = match rest {
        _ if !rules.comments => None,
        [0xef, 0xbb, 0xbf, ..] => Some(3),
        [b'/', b'/', ..] => Some(rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(rest.len())),
        [b'/', b'*', body @ ..] => body.windows(2).position(|pair| pair == b"*/").map(|len| len + 4),
        _ => None,
    };
    *at += len.unwrap_or(0);
    len.is_some()
}

/// The number that the rules take at `at` although it is none, and the offset behind it.
#[cold]
#[inline(never)]
fn lenient_number(input: &[u8], at: usize, rules: &Rules) -> Option<(number::Number, usize)> {
    if rules.invalid_numbers { number::parse_lenient(input, at) } else { None }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Trace, trace};
    use super::*;
    use std::format;
    use std::string::String;

    #[test]
    fn documents_say_what_they_say() {
        for (text, expected) in [
            ("null", "null"),
            (" \t\r\n true \n", "true"),
            ("false", "false"),
            ("[]", "[ ]"),
            ("{ }", "{ }"),
            ("[ [ ] , { } ]", "[ [ ] { } ]"),
            (r#"{"a":1,"b":[2,{"c":"d"}],"a":null}"#, "{ a: 1.0 b: [ 2.0 { c: 'd' } ] a: null }"),
            ("\n[\n                    1,\n                                      2\n]", "[ 1.0 2.0 ]"),
            ("[9007199254740993,18446744073709551615,-0]", "[ 9007199254740993i 18446744073709551615u -0.0 ]"),
            (r#"["","\"","0123456789abcde\n","0123456789abcdef\u00e9"]"#, r#"[ '' '\"' '0123456789abcde\n' '0123456789abcdef\xc3\xa9' ]"#),
        ] {
            assert_eq!(trace(text, &Rules::STRICT).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn every_kind_of_error_has_its_offset() {
        for (text, offset, kind) in [
            ("", 0, Kind::Value),
            ("  ", 2, Kind::Value),
            ("\0", 0, Kind::Value),
            ("\u{b}1", 0, Kind::Value),
            ("tru", 0, Kind::Value),
            ("nulL", 0, Kind::Value),
            ("[1,]", 3, Kind::Value),
            ("[,1]", 1, Kind::Value),
            ("[", 1, Kind::Value),
            ("[}", 1, Kind::Value),
            (r#"{"a":}"#, 5, Kind::Value),
            (r#"{"a":,"#, 5, Kind::Value),
            ("NaN", 0, Kind::Value),
            ("+1", 0, Kind::Value),
            (".5", 0, Kind::Value),
            ("// no", 0, Kind::Value),
            ("\u{feff}1", 0, Kind::Value),
            ("{", 1, Kind::Key),
            ("{1:2}", 1, Kind::Key),
            ("{]", 1, Kind::Key),
            (r#"{"a":1,}"#, 7, Kind::Key),
            ("{/**/}", 1, Kind::Key),
            (r#"{"a""#, 4, Kind::Colon),
            (r#"{"a" 1}"#, 5, Kind::Colon),
            (r#"{"a":1"#, 6, Kind::ObjectEnd),
            (r#"{"a":1]"#, 6, Kind::ObjectEnd),
            (r#"{"a":1 "b":2}"#, 7, Kind::ObjectEnd),
            ("[1", 2, Kind::ArrayEnd),
            ("[1 2]", 3, Kind::ArrayEnd),
            ("[1}", 2, Kind::ArrayEnd),
            ("1 2", 2, Kind::End),
            ("[] ]", 3, Kind::End),
            ("1/", 1, Kind::End),
            ("[1.]", 3, Kind::Number),
            ("[01]", 2, Kind::Number),
            ("[ 1e999]", 2, Kind::NumberRange),
            (r#"["abc"#, 1, Kind::StringEnd),
            (r#"  ""#, 2, Kind::StringEnd),
            (r#"["0123456789abcdef"#, 1, Kind::StringEnd),
            (r#"["a\"#, 3, Kind::Escape),
            (r#"["a\x"]"#, 3, Kind::Escape),
            (r#"["0123456789abcdef\u12g4"]"#, 18, Kind::Escape),
            (r#""\u123"#, 1, Kind::Escape),
            (r#""\U0041""#, 1, Kind::Escape),
            ("[\"a\n\"]", 3, Kind::ControlCharacter),
            ("\"\0\"", 1, Kind::ControlCharacter),
            ("\"0123456789abcdef\u{1f}\"", 17, Kind::ControlCharacter),
        ] {
            assert_eq!(trace(text, &Rules::STRICT), Err((offset, kind)), "{text}");
        }
        assert_eq!(trace(b"\"a\xff\"", &Rules::STRICT), Err((2, Kind::Utf8)));
    }

    #[test]
    fn nesting_is_bounded_to_the_level() {
        for (depth_max, levels) in [(1000, 1000), (5000, 1000), (128, 128), (65, 65), (1, 1), (0, 0)] {
            let rules = Rules { depth_max, ..Rules::STRICT };
            // All arrays, all objects, and both in turns of three.
            for pattern in ["[", "{", "[{[", "{{["] {
                let open: String =
                    pattern.chars().cycle().take(levels).map(|bracket| if bracket == '[' { "[" } else { "{\"\":" }).collect();
                let close: String = pattern.chars().cycle().take(levels).map(|bracket| if bracket == '[' { ']' } else { '}' }).collect();
                let close: String = close.chars().rev().collect();
                let expected = format!("{open}0{close}").replace("\"\":", ": ").replace(": ", ":");
                let said = trace(format!("{open}0{close}"), &rules).expect("as deep as allowed");
                assert_eq!(said.replace(' ', "").replace("0.0", "0"), expected);
                assert_eq!(trace(format!("{open}[]{close}"), &rules), Err((open.len(), Kind::Depth)));
                assert_eq!(trace(format!("{open}{{}}{close}"), &rules), Err((open.len(), Kind::Depth)));
            }
        }
    }

    #[test]
    fn one_value_ends_where_it_ends() {
        for (text, at, expected) in [("  12 x", 0, 4), ("[1]]", 0, 3), ("x\"a\"b", 1, 4), ("nullnull", 4, 8), ("{}", 0, 2)] {
            assert_eq!(scan_value(text.as_bytes(), at, &Rules::STRICT, &mut Trace::default()), Ok(expected), "{text}");
        }
        for at in 2..5 {
            assert_eq!(scan_value(b"12", at, &Rules::STRICT, &mut Trace::default()), Err(SyntaxError { offset: at, kind: Kind::Value }));
        }
    }

    #[test]
    fn comments_are_white_space_where_the_rules_say_so() {
        let rules = Rules { comments: true, ..Rules::STRICT };
        let text = "\u{feff}/**/{//\n/* * / */\"a\"/**/:/**/[/*]*/]/**/,//\r\"b\"://\n1/*/*/}//";
        assert_eq!(trace(text, &rules).as_deref(), Ok("{ a: [ ] b: 1.0 }"));
        assert_eq!(trace("[/* */]", &rules).as_deref(), Ok("[ ]"));
        assert_eq!(trace("{/* */}", &rules).as_deref(), Ok("{ }"));
        for (text, offset, kind) in [
            ("/*", 0, Kind::Value),
            ("/*/", 0, Kind::Value),
            ("[1/]", 2, Kind::ArrayEnd),
            ("1 /", 2, Kind::End),
            ("//", 2, Kind::Value),
            ("[1,//]", 6, Kind::Value),
            ("{\"a\"/ :1}", 4, Kind::Colon),
            ("{/ }", 1, Kind::Key),
        ] {
            assert_eq!(trace(text, &rules), Err((offset, kind)), "{text}");
        }
    }

    #[test]
    fn other_leniencies() {
        let rules = Rules { invalid_numbers: true, utf8: false, control_characters: true, ..Rules::STRICT };
        for (text, expected) in [
            (&b"[nan,-Infinity,0x1F,01,1e999,null,+2]"[..], "[ NaN -inf 31.0 1.0 inf null 2.0 ]"),
            (b"\"a\n\0\xff\xed\xa0\x80\xc3\"", r"'a\n\x00\xff\xed\xa0\x80\xc3'"),
            (b"-.5", "-0.5"),
        ] {
            assert_eq!(trace(text, &rules).as_deref(), Ok(expected));
        }
        for (text, offset, kind) in
            [(".5", 0, Kind::Value), ("-", 1, Kind::Number), ("nul", 0, Kind::Value), ("0x", 1, Kind::End), ("\"\\x\"", 1, Kind::Escape)]
        {
            assert_eq!(trace(text, &rules), Err((offset, kind)), "{text}");
        }
    }
}
