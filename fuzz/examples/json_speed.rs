//! How fast the codec itself is: no Lua, no values, only what the scanner finds, counted, and the writer's text.
//!
//! `cargo run --release -p coldmoon-fuzz --example json_speed`, with the documents of `COLDMOON_TEST_DATA`. Each figure is the best of
//! half a second. Not fair to anybody but itself: a decoder that builds values does more. `scripts/bench json` compares those.

use coldmoon::buffer::Buffer;
use coldmoon::json::{Number, Rules, Sink, StringRules, Text, scan, write_double, write_int64, write_string, write_uint64};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Counts, and unescapes what is escaped.
#[derive(Default)]
struct Count {
    found: u64,
    sum: f64,
    scratch: Vec<u8>,
}

impl Sink for Count {
    fn null(&mut self) {
        self.found += 1;
    }
    fn boolean(&mut self, value: bool) {
        self.found += 1 + u64::from(value);
    }
    fn number(&mut self, value: Number) {
        self.found += 1;
        if let Number::Double(value) = value {
            self.sum += value;
        }
    }
    fn string(&mut self, text: Text<'_>) {
        self.found += text.raw().len() as u64;
        if text.is_escaped() {
            self.scratch.resize(self.scratch.len().max(text.raw().len()), 0);
            self.found += text.unescape(&mut self.scratch) as u64;
        }
    }
    fn key(&mut self, text: Text<'_>) {
        self.string(text);
    }
    fn begin_array(&mut self) {
        self.found += 1;
    }
    fn end_array(&mut self) {}
    fn begin_object(&mut self) {
        self.found += 1;
    }
    fn end_object(&mut self) {}
}

/// Writes the strings and numbers that it hears, with commas.
struct Write(Buffer);

const FULL: &str = "the buffer is large enough";

impl Sink for Write {
    fn null(&mut self) {}
    fn boolean(&mut self, _: bool) {}
    fn number(&mut self, value: Number) {
        match value {
            Number::Double(value) => write_double(&mut self.0, value),
            Number::Int64(value) => write_int64(&mut self.0, value),
            Number::Uint64(value) => write_uint64(&mut self.0, value),
        }
        .expect(FULL);
        self.0.push(b",").expect(FULL);
    }
    fn string(&mut self, text: Text<'_>) {
        // Escapes are escaped once more.
        write_string(&mut self.0, text.raw(), &StringRules::STRICT).expect(FULL);
        self.0.push(b",").expect(FULL);
    }
    fn key(&mut self, text: Text<'_>) {
        self.string(text);
    }
    fn begin_array(&mut self) {}
    fn end_array(&mut self) {}
    fn begin_object(&mut self) {}
    fn end_object(&mut self) {}
}

/// The least time in seconds that `work` takes.
fn best(mut work: impl FnMut()) -> f64 {
    let end = Instant::now() + Duration::from_millis(500);
    let mut best = f64::MAX;
    while Instant::now() < end {
        let start = Instant::now();
        for _ in 0..8 {
            work();
        }
        best = best.min(start.elapsed().as_secs_f64() / 8.0);
    }
    best
}

/// All documents of a folder, or the one that is named.
fn documents(path: &str) -> Vec<Vec<u8>> {
    let root =
        std::env::var("COLDMOON_TEST_DATA").unwrap_or_else(|_| String::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data")));
    let path = format!("{root}/{path}");
    let Ok(entries) = std::fs::read_dir(&path) else { return std::fs::read(&path).into_iter().collect() };
    let read = entries.flatten().filter_map(|entry| std::fs::read(entry.path()).ok());
    read.filter(|text| scan(text, &Rules::STRICT, &mut Count::default()).is_ok()).collect()
}

/// Without white space between tokens: as the services send events. (Naive: white space goes wherever it is not within quotes.)
fn compact(text: &[u8]) -> Vec<u8> {
    let (mut quoted, mut escaped) = (false, false);
    let mut keep = |byte: &u8| {
        if *byte == b'"' && !escaped {
            quoted = !quoted;
        }
        escaped = quoted && *byte == b'\\' && !escaped;
        quoted || *byte > b' '
    };
    text.iter().copied().filter(|byte| keep(byte)).collect()
}

fn main() {
    let events = documents("events");
    let small = events.iter().map(|event| compact(event)).collect();
    let mut sets = vec![("events, compact", small), ("events, indented", events)];
    for name in ["twitter", "citm_catalog", "canada"] {
        sets.push((name, documents(&format!("json/bench/{name}.json"))));
    }
    println!("{:18} {:>9} {:>12} {:>20}", "", "bytes", "scan MB/s", "scan and write MB/s");
    for (name, documents) in &sets {
        let bytes: usize = documents.iter().map(Vec::len).sum();
        let mut count = Count::default();
        let scanned = best(|| documents.iter().for_each(|text| scan(black_box(text), &Rules::STRICT, &mut count).expect("it is valid")));
        let mut write = Write(Buffer::new(1 << 24));
        let written = best(|| {
            for text in documents {
                write.0.clear();
                scan(black_box(text), &Rules::STRICT, &mut write).expect("it is valid");
            }
        });
        black_box((count.found, count.sum));
        println!("{name:18} {bytes:9} {:12.0} {:20.0}", bytes as f64 / scanned / 1e6, bytes as f64 / written / 1e6);
    }
    println!("\n{:18} {:>9} {:>12} {:>10} {:>10}   ns each", "", "scan", "std parse", "write", "std print");
    let mut state = 88_172_645_463_325_252u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut doubles = |make: fn(u64) -> f64| -> Vec<f64> {
        std::iter::repeat_with(|| make(random())).filter(|value| value.is_finite()).take(10_000).collect()
    };
    for (name, values) in [
        ("any bits", doubles(f64::from_bits)),
        ("below 1", doubles(|bits| (bits >> 11) as f64 / (1u64 << 53) as f64)),
        ("cents", doubles(|bits| (bits % 1_000_000) as f64 / 100.0)),
        ("integers", doubles(|bits| (bits >> (11 + bits % 50)) as f64)),
    ] {
        let mut out = Buffer::new(1 << 24);
        let texts: Vec<String> = values.iter().map(|value| format!("{value:e}").replace("e0", "")).collect();
        let texts = if name == "integers" { values.iter().map(|value| format!("{value}")).collect() } else { texts };
        let array = format!("[{}]", texts.join(","));
        let mut count = Count::default();
        let mut text = String::new();
        let each = [
            best(|| scan(black_box(array.as_bytes()), &Rules::STRICT, &mut count).expect("it is valid")),
            best(|| texts.iter().for_each(|text| drop(black_box(black_box(text).parse::<f64>())))),
            best(|| {
                out.clear();
                values.iter().for_each(|value| write_double(&mut out, *value).expect(FULL));
            }),
            best(|| {
                use std::fmt::Write as _;
                text.clear();
                values.iter().for_each(|value| write!(text, "{value:e}").expect("a String takes all"));
            }),
        ];
        let [scanned, parsed, written, printed] = each.map(|seconds| seconds * 1e9 / values.len() as f64);
        println!("{name:18} {scanned:9.1} {parsed:12.1} {written:10.1} {printed:10.1}");
    }
}
