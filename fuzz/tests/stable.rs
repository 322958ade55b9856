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

/// What a Runtime API sends in whole conversations, in the language of `http_reply`: each begins with a byte for the size of pieces, `\0S` stands
/// between replies.
const CONVERSATIONS: &[&[u8]] = &[
    b"\0HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nLambda-Runtime-Aws-Request-Id: id-1\r\nLambda-Runtime-Deadline-Ms: 1542409706888\r\n\
      Lambda-Runtime-Invocation-Id: attempt\r\nContent-Length: 7\r\n\r\n{\"a\":1}\0SHTTP/1.1 202 Accepted\r\nContent-Length: 16\r\n\r\n{\"status\":\"OK\"}\n\
      \0SHTTP/1.1 200 OK\r\nlambda-runtime-aws-request-id: id-2\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0a\r\n0123456789\r\n0\r\nT: u\r\n\r\n\
      \0SHTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n\0SHTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\n{}",
    b"\x01HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\nLambda-Runtime-Aws-Request-Id: a\nContent-Length: 5\n\nfails\0SHTTP/1.1 410 Gone\r\n\
      Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n\0SHTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n\0SHTTP/1.1 200 OK\r\n\
      Lambda-Runtime-Aws-Request-Id: b\r\n\r\nends with the connection\0EHTTP/1.1 202 A\r\nConnection: close\r\nContent-Length: 0\r\n\r\n\0E",
    b"\x07HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: s\r\nContent-Length: 6\r\n\r\nstream\0SHTTP/1.1 202 A\r\nContent-Length: 0\r\n\r\n\
      \0SHTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: t\r\nContent-Length: 7\r\n\r\ntrailer\0SHTTP/1.1 413 L\r\nConnection: close\r\n\r\nno\0E\
      HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: s\r\nContent-Length: 2\r\n\r\nst\0T\0PHTTP/1.1 400 B\r\nContent-Length: 0\r\n\r\n",
    b"\x05HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: a\r\nContent-Length: 3\r\n\r\nabc\0S\0T\0NHTTP/1.1 100 C\r\n\r\n\0S\0NHTTP/1.1 413 L\r\n\
      Content-Length: 2\r\n\r\n{}\0SHTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: b\r\nContent-Length: 3\r\n\r\ntuv\0T\0T\0NHTTP/1.1 413 L\r\n\
      Content-Length: 0\r\n\r\n\0SHTTP/1.1 500 E\r\nContent-Length: 0\r\n\r\n",
    b"\x28HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: r\r\nContent-Length: 2\r\n\r\nhi\0RHTTP/1.1 202 A\r\nContent-Length: 0\r\n\r\n\
      \0SHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno\0SHTTP/1.1 204 N\r\n\r\n\0SHTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: q\r\n\
      Content-Length: 2\r\n\r\nhi\0T\0RHTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: u\r\nContent-Length: 0\r\n\r\n",
];

/// Bytes that mean something in HTTP, and what a server does besides sending.
const HTTP_PIECES: &[&[u8]] = &[
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\n\r\n",
    b" ",
    b"\t",
    b":",
    b";",
    b",",
    b"0",
    b"1",
    b"200",
    b"ffffffffffffffff",
    b"10000",
    b"-1",
    b"+5",
    b"0x5",
    b"\x7f",
    b"\x80",
    b"\0",
    b"\0S",
    b"\0S",
    b"\0E",
    b"\0R",
    b"\0P",
    b"\0T",
    b"\0N",
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.0 200 OK\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 202 A\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 304 N\r\n\r\n",
    b"Content-Length: 3\r\n",
    b"Content-Length: 99999999999999999999\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: gzip, chunked\r\n",
    b"Connection: close\r\n",
    b"Connection: keep-alive\r\n",
    b"Lambda-Runtime-Aws-Request-Id: x\r\n",
    b"Lambda-Runtime-Aws-Request-Id: \r\n",
    b"Lambda-Runtime-Invocation-Id: y\r\n",
    b"X: y\r\n folded\r\n",
    b"3\r\nabc\r\n",
    b"0\r\n\r\n",
];

/// A document with a few changes, or bytes of any kind.
fn case(random: &mut Random, corpus: &[Vec<u8>], pieces: &[&[u8]]) -> Vec<u8> {
    if random.below(8) == 0 {
        let len = random.below(64);
        return (0..len).map(|_| random.next() as u8).collect();
    }
    if random.below(6) == 0 {
        let count = random.below(12);
        return (0..count).flat_map(|_| pieces[random.below(pieces.len())]).copied().collect();
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
            _ => drop(text.splice(at..at, pieces[random.below(pieces.len())].iter().copied())),
        }
    }
    text
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |value| value.parse().unwrap_or_else(|_| panic!("{name} is no number: {value}")))
}

fn run(body: fn(&[u8])) {
    run_over(body, &corpus(), PIECES);
}

fn run_over(body: fn(&[u8]), corpus: &[Vec<u8>], pieces: &[&[u8]]) {
    let (seed, cases) = (setting("COLDMOON_FUZZ_SEED", 0x0c01_d300), setting("COLDMOON_FUZZ_CASES", CASES));
    println!("COLDMOON_FUZZ_SEED={seed} COLDMOON_FUZZ_CASES={cases}");
    let begun = std::time::Instant::now();
    // 0 would stay 0 for ever.
    let mut random = Random(seed.max(1));
    for index in 0..cases {
        let data = case(&mut random, corpus, pieces);
        if std::panic::catch_unwind(|| body(&data)).is_err() {
            let mut text = String::new();
            let _ = write!(text, "{}", data.escape_ascii());
            panic!("case {index}: b\"{text}\"");
        }
    }
    println!("{cases} cases in {:.1} s", begun.elapsed().as_secs_f64());
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

#[test]
fn http_reply() {
    let corpus: Vec<Vec<u8>> = CONVERSATIONS.iter().map(|bytes| bytes.to_vec()).collect();
    run_over(coldmoon_fuzz::http::http_reply, &corpus, HTTP_PIECES);
}

#[test]
fn http_pipelined() {
    let corpus: Vec<Vec<u8>> = CONVERSATIONS.iter().map(|bytes| bytes.to_vec()).collect();
    run_over(coldmoon_fuzz::http::http_pipelined, &corpus, HTTP_PIECES);
}
