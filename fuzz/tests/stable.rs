//! The fuzz bodies over pseudo-random and mutated inputs, on a stable toolchain.
//!
//! `COLDMOON_FUZZ_CASES` is the number of cases for each body, `COLDMOON_FUZZ_SEED` where they start; both are printed, and the same two
//! make the same cases. What is mutated: documents of ours, and the events of `COLDMOON_TEST_DATA` where they are.

use std::fmt::Write as _;

/// Cases for each body: together some five seconds without optimisation.
const CASES: u64 = 10_000;

/// Documents that reach every place of the grammar.
const DOCUMENTS: &[&str] = &[
    r#"{"a":[1,-2.5e3,{"b":"\u0041\n","":[]},true,false,null],"0123456789abcdef":"0123456789abcdef0123456789abcdef\\"}"#,
    "[9007199254740993,-9223372036854775808,18446744073709551615,18446744073709551616,1e23,4.9e-324,-0,0.1,1.7976931348623157e308,1e-400,1e309]",
    r#"["\ud834\udd1e","\ud800","\udc00\ud800","Grüße, 世界 🌙","\"\\\/\b\f\n\r\t\u0000"]"#,
    " [ \n\t { \"key\" : \"value\" , \"other\":\r\n[ ] } , { } ] \n",
    "[[[[[[[[{\"a\":[[{\"b\":{\"c\":[[]]}}]]}]]]]]]]]",
    "[/*comment*/1,//\n2,NaN,-Infinity,0x1F,01,+1,1.,\"\u{7f}/\"]",
    r#"{"version":"2.0","headers":{"accept":"*/*","x-forwarded-for":"203.0.113.7"},"isBase64Encoded":false,"body":"{\"n\": 1}","time":1428582896000}"#,
];

/// xorshift64*.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() >> 16) as usize % bound.max(1)
    }
}

/// Documents to start from.
fn corpus() -> Vec<Vec<u8>> {
    let mut corpus: Vec<Vec<u8>> = DOCUMENTS.iter().map(|text| text.as_bytes().to_vec()).collect();
    let root =
        std::env::var("COLDMOON_TEST_DATA").unwrap_or_else(|_| String::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data")));
    match std::fs::read_dir(format!("{root}/events")) {
        Ok(events) => {
            let mut events: Vec<_> =
                events.flatten().filter_map(|event| std::fs::read(event.path()).ok()).filter(|event| event.len() < 1000).collect();
            events.sort();
            corpus.extend(events);
        }
        Err(_) => println!("skipped: no events in {root} (COLDMOON_TEST_DATA), only our own documents are mutated"),
    }
    corpus
}

/// Bytes that mean something, alone or together.
const PIECES: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b":",
    b",",
    b"\\",
    b"\\u",
    b"\\ud800",
    b"\\udc00",
    b"\\n",
    b"null",
    b"true",
    b"false",
    b"0",
    b"-",
    b".",
    b"e",
    b"9007199254740993",
    b"e-320",
    b"\0",
    b"\x1f",
    b" ",
    b"\n",
    b"/",
    b"/*",
    b"*/",
    b"\x7f",
    b"\x80",
    b"\xc3\xa9",
    b"\xe2\x82\xac",
    b"\xed\xa0\x80",
    b"\xf0\x9f\x8c\x99",
    b"\xff",
    b"0123456789abcdef",
];

/// A document with a few changes, or bytes of any kind.
fn case(random: &mut Random, corpus: &[Vec<u8>]) -> Vec<u8> {
    if random.below(8) == 0 {
        let len = random.below(64);
        return (0..len).map(|_| random.next() as u8).collect();
    }
    if random.below(6) == 0 {
        let count = random.below(12);
        return (0..count).flat_map(|_| PIECES[random.below(PIECES.len())]).copied().collect();
    }
    let mut text = corpus[random.below(corpus.len())].clone();
    for _ in 0..random.below(5) {
        let (at, other) = (random.below(text.len() + 1), random.below(text.len() + 1));
        let (start, end) = (at.min(other), at.max(other));
        match random.below(7) {
            0 => text.truncate(at),
            1 => drop(text.drain(start..end.min(start + 20))),
            2 => text.extend_from_within(start..end.min(start + 400)),
            3 => {
                if let Some(byte) = text.get_mut(at) {
                    *byte ^= 1 << random.below(8);
                }
            }
            _ => drop(text.splice(at..at, PIECES[random.below(PIECES.len())].iter().copied())),
        }
    }
    text
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |value| value.parse().unwrap_or_else(|_| panic!("{name} is no number: {value}")))
}

fn run(body: fn(&[u8])) {
    let (seed, cases) = (setting("COLDMOON_FUZZ_SEED", 0x0c01_d300), setting("COLDMOON_FUZZ_CASES", CASES));
    println!("COLDMOON_FUZZ_SEED={seed} COLDMOON_FUZZ_CASES={cases}");
    let corpus = corpus();
    // 0 would stay 0 for ever.
    let mut random = Random(seed.max(1));
    for index in 0..cases {
        let data = case(&mut random, &corpus);
        if std::panic::catch_unwind(|| body(&data)).is_err() {
            let mut text = String::new();
            let _ = write!(text, "{}", data.escape_ascii());
            panic!("case {index}: b\"{text}\"");
        }
    }
}

#[test]
fn json_accepts_as_oracle() {
    run(coldmoon_fuzz::json_accepts_as_oracle);
}

#[test]
fn json_round_trip() {
    run(coldmoon_fuzz::json_round_trip);
}

#[test]
fn json_numbers() {
    run(coldmoon_fuzz::json_numbers);
}

#[test]
fn json_strings() {
    run(coldmoon_fuzz::json_strings);
}
