//! JSON (RFC 8259) over borrowed bytes, both ways: a scanner that calls a [`Sink`], and a writer that appends to a `Buffer`.
//!
//! What it is not: no tree, no allocation, no Lua. Whoever wants values builds them in a sink; whoever writes arrays and objects pushes the
//! brackets and commas. Nothing in here owns anything with `Drop`, so a sink may leave by `longjmp`.
//!
//! | file | job |
//! | --- | --- |
//! | `scan` | the grammar: one loop, nesting in bits |
//! | `text` | what stands between quotes: UTF-8, escapes |
//! | `number` | decimal text to numbers and back, over one small table |
//! | `write` | strings and numbers into a buffer |
//!
//! | what the codec adds to the runtime: code and tables, x86_64, opt-level "s", fat LTO | bytes |
//! | --- | --- |
//! | `scan`, `text`, `crate::wide` | 1,470 |
//! | `scan_value`, once for each type of sink | 2,660 |
//! | `number`, with what Lua's own numbers take of it (1,500) | 5,290 |
//! | `write` | 1,920 |
//! | `lua::decode`, `lua::heap` | 3,680 |
//! | `lua::encode`, with the writing of strings and numbers that went into it | 9,720 |
//! | `lua::json`, the modules' functions | 2,880 |
//!
//! `CARGO_PROFILE_RELEASE_STRIP=false cargo build --release -p coldmoon --bin bootstrap`, then
//! `nm -S -C target/release/bootstrap | grep -E 'coldmoon::(json|wide|lua::(decode|heap|encode|json))'`. `number` has what `core` would
//! take; `crate::wide` has the speed, and what sixteen bytes at once gain in percent.
//!
//! Bounds: nesting by [`Rules::depth_max`], at most `limits::JSON_DEPTH_MAX`; time is linear in the input; no read past its end.

mod number;
mod scan;
mod text;
mod write;

pub use number::{
    Binary, DIGITS_ROOM, Literal, Number, all_digits, digits, nearest_integer, nearest_to_decimal, not_finite, significant_digits,
};
pub use scan::{scan, scan_value};
pub use text::Text;
pub use write::{
    ROOM, StringRules, Utf8, WriteError, put_integer, write_double, write_int64, write_lossy_string, write_string, write_uint64,
};

use crate::limits::JSON_DEPTH_MAX;

/// What the scanner finds, in the order of the document. A method may leave by `longjmp`: the scanner's frames own nothing.
pub trait Sink {
    /// `null`.
    fn null(&mut self);
    /// `true` or `false`.
    fn boolean(&mut self, value: bool);
    /// A number.
    fn number(&mut self, value: Number);
    /// A string that is a value.
    fn string(&mut self, text: Text<'_>);
    /// A string that is a key; its value follows.
    fn key(&mut self, text: Text<'_>);
    /// `[`.
    fn begin_array(&mut self);
    /// `]`.
    fn end_array(&mut self);
    /// `{`.
    fn begin_object(&mut self);
    /// `}`.
    fn end_object(&mut self);
}

/// Which documents the scanner takes. [`Rules::STRICT`] is RFC 8259; each leniency is there for a module that other decoders' users know,
/// and costs the strict scanner nothing: it is asked for only where a strict document would be refused.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Levels of arrays and objects, at most `limits::JSON_DEPTH_MAX` (more counts as that many).
    pub depth_max: u32,
    /// lua-cjson: what `strtod` takes is a number (`01`, `+1`, `.5`, `1.`, `0x1F`, `NaN`, `-Infinity`, `inf`), too large ones are infinite.
    pub invalid_numbers: bool,
    /// dkjson: `/* */`, `// …` to the end of the line and the byte order mark are white space.
    pub comments: bool,
    /// Strings are checked to be UTF-8. False: every byte from 0x80 passes, as in lua-cjson and dkjson.
    pub utf8: bool,
    /// Strings may contain control characters as they are, as in lua-cjson and dkjson.
    pub control_characters: bool,
}

impl Rules {
    /// RFC 8259, nesting up to `limits::JSON_DEPTH_MAX`.
    pub const STRICT: Rules =
        Rules { depth_max: JSON_DEPTH_MAX as u32, invalid_numbers: false, comments: false, utf8: true, control_characters: false };
}

/// Where and why a document was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// Bytes from the start of the input; its length if something is missing at the end.
    pub offset: usize,
    /// What is wrong there.
    pub kind: Kind,
}

/// Why a document was refused, one variant per place in the grammar. The comment says what the offset points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// No value where one must stand: its first byte.
    Value,
    /// No key, or `}` where that may stand: the byte there.
    Key,
    /// No `:` behind a key: the byte there.
    Colon,
    /// Neither `,` nor `}` behind a member: the byte there.
    ObjectEnd,
    /// Neither `,` nor `]` behind an element: the byte there.
    ArrayEnd,
    /// Something behind the value: its first byte.
    End,
    /// More levels than `Rules::depth_max`: the bracket.
    Depth,
    /// A number that breaks off or has a leading zero: the byte that cannot stand there.
    Number,
    /// A number too large for a double: its first byte.
    NumberRange,
    /// No closing quote: the opening one.
    StringEnd,
    /// An escape that is none: its backslash.
    Escape,
    /// A control character that is not escaped: that byte.
    ControlCharacter,
    /// Not UTF-8: the first byte of the sequence.
    Utf8,
}

impl Kind {
    /// A sentence fragment for users, to be followed by the offset.
    pub const fn message(self) -> &'static str {
        match self {
            Kind::Value => "a value is expected",
            Kind::Key => "a key in quotes is expected",
            Kind::Colon => "':' is expected",
            Kind::ObjectEnd => "',' or '}' is expected",
            Kind::ArrayEnd => "',' or ']' is expected",
            Kind::End => "the end is expected",
            Kind::Depth => "nested too deeply",
            Kind::Number => "malformed number",
            Kind::NumberRange => "number too large",
            Kind::StringEnd => "string without closing quote",
            Kind::Escape => "invalid escape",
            Kind::ControlCharacter => "control character in a string",
            Kind::Utf8 => "invalid UTF-8",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;
    use std::string::String;
    use std::vec::Vec;

    /// A sink that writes down what it hears, one word each.
    #[derive(Default)]
    pub(super) struct Trace(pub String);

    impl Trace {
        fn word(&mut self, word: &str) {
            if !self.0.is_empty() {
                self.0.push(' ');
            }
            self.0.push_str(word);
        }
    }

    /// The string that a text stands for. The room is exactly what is asked for.
    pub(super) fn unescaped(text: Text<'_>) -> Vec<u8> {
        let mut out = std::vec![0; text.raw().len()];
        let len = text.unescape(&mut out);
        out.truncate(len);
        if !text.is_escaped() {
            assert_eq!(out, text.raw());
        }
        out
    }

    impl Sink for Trace {
        fn null(&mut self) {
            self.word("null");
        }
        fn boolean(&mut self, value: bool) {
            self.word(&format!("{value}"));
        }
        fn number(&mut self, value: Number) {
            self.word(&match value {
                Number::Double(value) => format!("{value:?}"),
                Number::Int64(value) => format!("{value}i"),
                Number::Uint64(value) => format!("{value}u"),
            });
        }
        fn string(&mut self, text: Text<'_>) {
            self.word(&format!("'{}'", unescaped(text).escape_ascii()));
        }
        fn key(&mut self, text: Text<'_>) {
            self.word(&format!("{}:", unescaped(text).escape_ascii()));
        }
        fn begin_array(&mut self) {
            self.word("[");
        }
        fn end_array(&mut self) {
            self.word("]");
        }
        fn begin_object(&mut self) {
            self.word("{");
        }
        fn end_object(&mut self) {
            self.word("}");
        }
    }

    /// What the document says, or where and why it was refused.
    pub(super) fn trace(input: impl AsRef<[u8]>, rules: &Rules) -> Result<String, (usize, Kind)> {
        let mut sink = Trace::default();
        match scan(input.as_ref(), rules, &mut sink) {
            Ok(()) => Ok(sink.0),
            Err(error) => Err((error.offset, error.kind)),
        }
    }

    /// The files of a folder of `COLDMOON_TEST_DATA` by name; none, with a word about it, where there is no such folder.
    pub(super) fn test_data(folder: &str) -> Vec<(String, Vec<u8>)> {
        let root =
            std::env::var("COLDMOON_TEST_DATA").unwrap_or_else(|_| String::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data")));
        let path = std::path::Path::new(&root).join(folder);
        let Ok(entries) = std::fs::read_dir(&path) else {
            println!("skipped: no folder {} (COLDMOON_TEST_DATA names its parent)", path.display());
            return Vec::new();
        };
        let mut files: Vec<_> = entries
            .map(|entry| {
                let entry = entry.expect("the folder can be listed");
                (entry.file_name().into_string().expect("names are ASCII"), std::fs::read(entry.path()).expect("files can be read"))
            })
            .collect();
        files.sort();
        files
    }

    /// What RFC 8259 leaves open and this decoder accepts: the file and what it says. With one of 500 levels, which the test spells out.
    const OPEN_ACCEPTED: &[(&str, &str)] = &[
        ("i_number_double_huge_neg_exp.json", r"[ 0.0 ]"),
        ("i_number_real_underflow.json", r"[ 0.0 ]"),
        ("i_number_too_big_neg_int.json", r"[ -1.2312312312312312e29 ]"),
        ("i_number_too_big_pos_int.json", r"[ 1e20 ]"),
        ("i_number_very_big_negative_int.json", r"[ -2.374623746732769e47 ]"),
        ("i_object_key_lone_2nd_surrogate.json", r"{ \xed\xbe\xaa: 0.0 }"),
        ("i_string_1st_surrogate_but_2nd_missing.json", r"[ '\xed\xab\x9a' ]"),
        ("i_string_1st_valid_surrogate_2nd_invalid.json", r"[ '\xed\xa2\x88\xe1\x88\xb4' ]"),
        ("i_string_incomplete_surrogate_and_escape_valid.json", r"[ '\xed\xa0\x80\n' ]"),
        ("i_string_incomplete_surrogate_pair.json", r"[ '\xed\xb4\x9ea' ]"),
        ("i_string_incomplete_surrogates_escape_valid.json", r"[ '\xed\xa0\x80\xed\xa0\x80\n' ]"),
        ("i_string_invalid_lonely_surrogate.json", r"[ '\xed\xa0\x80' ]"),
        ("i_string_invalid_surrogate.json", r"[ '\xed\xa0\x80abc' ]"),
        ("i_string_inverted_surrogates_U+1D11E.json", r"[ '\xed\xb4\x9e\xed\xa0\xb4' ]"),
        ("i_string_lone_second_surrogate.json", r"[ '\xed\xbe\xaa' ]"),
    ];
    /// What RFC 8259 leaves open and this decoder refuses: numbers too large for a double, text that is not UTF-8, byte order marks.
    const OPEN_REFUSED: &[(&str, usize, Kind)] = &[
        ("i_number_huge_exp.json", 1, Kind::NumberRange),
        ("i_number_neg_int_huge_exp.json", 1, Kind::NumberRange),
        ("i_number_pos_double_huge_exp.json", 1, Kind::NumberRange),
        ("i_number_real_neg_overflow.json", 1, Kind::NumberRange),
        ("i_number_real_pos_overflow.json", 1, Kind::NumberRange),
        ("i_string_UTF-16LE_with_BOM.json", 0, Kind::Value),
        ("i_string_UTF-8_invalid_sequence.json", 7, Kind::Utf8),
        ("i_string_UTF8_surrogate_U+D800.json", 2, Kind::Utf8),
        ("i_string_invalid_utf-8.json", 2, Kind::Utf8),
        ("i_string_iso_latin_1.json", 2, Kind::Utf8),
        ("i_string_lone_utf8_continuation_byte.json", 2, Kind::Utf8),
        ("i_string_not_in_unicode_range.json", 2, Kind::Utf8),
        ("i_string_overlong_sequence_2_bytes.json", 2, Kind::Utf8),
        ("i_string_overlong_sequence_6_bytes.json", 2, Kind::Utf8),
        ("i_string_overlong_sequence_6_bytes_null.json", 2, Kind::Utf8),
        ("i_string_truncated-utf-8.json", 2, Kind::Utf8),
        ("i_string_utf16BE_no_BOM.json", 0, Kind::Value),
        ("i_string_utf16LE_no_BOM.json", 1, Kind::Value),
        ("i_structure_UTF-8_BOM_empty_object.json", 0, Kind::Value),
    ];

    #[test]
    fn json_test_suite() {
        let files = test_data("json/JSONTestSuite");
        if files.is_empty() {
            return;
        }
        let (mut accepted, mut refused, mut open) = (0, 0, Vec::new());
        for (name, text) in &files {
            let result = trace(text, &Rules::STRICT);
            match name.as_bytes()[0] {
                b'y' => {
                    assert!(result.is_ok(), "{name}: {result:?}");
                    accepted += 1;
                }
                b'n' => {
                    assert!(result.is_err_and(|(offset, _)| offset <= text.len()), "{name}");
                    refused += 1;
                }
                _ => open.push((name.as_str(), result)),
            }
        }
        assert_eq!((accepted, refused), (95, 188));
        let pinned = OPEN_ACCEPTED.iter().map(|(name, text)| (*name, Ok(String::from(*text))));
        let nested = ("i_structure_500_nested_arrays.json", Ok(format!("{}{}]", "[ ".repeat(500), "] ".repeat(499))));
        let mut pinned: Vec<_> =
            pinned.chain([nested]).chain(OPEN_REFUSED.iter().map(|(name, offset, kind)| (*name, Err((*offset, *kind))))).collect();
        pinned.sort_by_key(|(name, _)| *name);
        assert_eq!(open, pinned);
    }

    #[test]
    fn every_event_is_accepted_and_none_of_its_prefixes() {
        let events = test_data("events");
        let valid =
            events.iter().filter(|(name, text)| trace(text, &Rules::STRICT).is_ok() || name == "dynamodb-event-malformed.2.json").count();
        assert_eq!(valid, events.len());
        let own = br#"{"a":[1,-2.5e3,{"b":"\u0041\n","":[]},true,false,null],"0123456789abcdef":"0123456789abcdef0123456789abcdef\\"}"#;
        for text in events.iter().map(|(_, text)| text.as_slice()).filter(|text| text.len() < 1500).chain([own.as_slice()]) {
            let end = text.trim_ascii_end().len();
            if trace(&text[..end], &Rules::STRICT).is_err() {
                continue;
            }
            for end in 0..end {
                let (offset, _) = trace(&text[..end], &Rules::STRICT).expect_err("a prefix is no document");
                assert!(offset <= end);
            }
        }
    }
}
