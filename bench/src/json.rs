//! JSON: `coldmoon.json` beside lua-cjson and dkjson, on the same LuaJIT, in one process.
//!
//! The process is the real runtime, linked against glibc with its Lua API exported, so that cjson's shared object can be loaded into it; LuaJIT
//! and the codec are compiled exactly as for the layer. The measurements are Lua functions (`bench/lua/`).

use crate::Bench;
use crate::process::Program;
use crate::server::{Plan, Server};
use crate::stats::{geometric_mean, median, paired_ratio, print_table, quantile, short};
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;

const CJSON: &str = "/usr/lib/x86_64-linux-gnu/lua/5.1/cjson.so";
const DKJSON: &str = "/usr/share/lua/5.1/dkjson.lua";

/// Real events, smallest first.
const EVENTS: [&str; 12] = [
    "iot-button-event",
    "apigw-custom-auth-request",
    "cloudwatch-logs-event",
    "cognito-event-userpools-postauthentication",
    "sns-event",
    "s3-event",
    "sqs-event",
    "cloudwatch-alarm-sns-payload-single-metric",
    "apigw-v2-request-iam",
    "dynamodb-event",
    "apigw-request",
    "codebuild-phase-change",
];
const DOCUMENTS: [&str; 3] = ["twitter", "citm_catalog", "canada"];
/// Documents of the first-call table.
const FIRST: [&str; 4] = ["apigw-custom-auth-request", "s3-event", "apigw-v2-request-iam", "codebuild-phase-change"];
/// The event of nearly the largest size that Lambda delivers.
const SYNTHETIC: [(&str, usize); 1] = [("synthetic-6MB", 6_000_000)];

struct Document {
    name: String,
    path: PathBuf,
    is_event: bool,
    bytes: usize,
}

/// One contender's samples, in ns for one call.
struct Samples {
    decode: Vec<f64>,
    encode: Vec<f64>,
    has_lost: bool,
}

pub fn run(bench: &Bench) -> Result<()> {
    let server = Server::new()?;
    let codecs = codecs();
    let documents = documents(bench)?;
    let runtime = bench.option("runtime").context("--runtime: the bootstrap with Lua's API exported; scripts/bench builds it")?.to_owned();
    let layer = bench.option("static").context("--static: the bootstrap of the layer; scripts/bench builds it")?.to_owned();
    let only = bench.option("part");
    let has = |part: &str| only.is_none_or(|only| only == part);
    let mut record = json!({});

    if has("speed") {
        record["speed"] = speed(bench, &server, &runtime, &layer, &codecs, &documents)?;
    }
    if has("first") {
        record["first"] = first(bench, &server, &runtime, &layer, &codecs, &documents)?;
    }
    if has("doubling") {
        record["doubling"] = doubling(bench, &server, &runtime)?;
    }
    if has("instructions") {
        record["instructions"] = instructions(bench, &layer, &documents)?;
    }
    if has("memory") {
        record["memory"] = memory(bench, &server, &layer)?;
    }
    println!("{}", NOT_FAIR.trim());
    if only.is_none() && !bench.quick {
        crate::record::write(&bench.root, "json", record)?;
    }
    Ok(())
}

const NOT_FAIR: &str = "
What is not quite fair. The other libraries do less: lua-cjson and dkjson keep 14 digits of a number, have no 64-bit integers, do not tell
`[]` from `{}`, accept what is not JSON and do not check UTF-8; `coldmoon.json` does all of it and tags its arrays with a metatable. lua-cjson is
Debian's, compiled with -O2 as a shared object against an older LuaJIT's headers (its calls go through a table of addresses); ours is in
the same binary, and makes strings and tables by LuaJIT's inner functions, which a shared object cannot reach. dkjson is without LPeg, which is how it runs where only Lua files can be brought. The floor builds tables from constants
that are already interned and that are copied from templates, knows every size before, and makes no strings: no decoder can reach it. Warm numbers
flatter everybody: the same document again finds its strings still there, not yet collected, so that interning compares and does not allocate;
a cold function makes the first call, which has its own table. Above some megabytes the caches' size makes times grow faster than the
document, for every library; instructions do not. The processes that are
compared are glibc's, so that cjson can be loaded; the column \"in the layer\" is the static binary alone, after the others.
";

fn codecs() -> Vec<&'static str> {
    let mut codecs = vec!["coldmoon"];
    for (name, path) in [("cjson", CJSON), ("dkjson", DKJSON)] {
        if Path::new(path).exists() {
            codecs.push(name);
        } else {
            println!("skipped: {name}, because there is no {path} (scripts/bench-setup installs it)\n");
        }
    }
    codecs
}

fn documents(bench: &Bench) -> Result<Vec<Document>> {
    let data = bench.data();
    let mut list = Vec::new();
    let mut add = |name: &str, path: PathBuf, is_event: bool| match std::fs::metadata(&path) {
        Ok(metadata) => list.push(Document { name: name.to_owned(), path, is_event, bytes: metadata.len() as usize }),
        Err(error) => println!("skipped: {name}, because of {}: {error}\n", path.display()),
    };
    for name in EVENTS {
        add(name, data.join(format!("events/{name}.json")), true);
    }
    for name in DOCUMENTS {
        add(name, data.join(format!("json/bench/{name}.json")), false);
    }
    for (name, bytes) in SYNTHETIC {
        let path = bench.work.join(format!("{name}.json"));
        std::fs::write(&path, synthetic(bytes))?;
        add(name, path, false);
    }
    Ok(list)
}

/// An event of about `bytes` bytes: the order lines of a shop, with texts, numbers, nested objects and arrays. LuaJIT hashes twelve bytes of a
/// longer string: texts that differ elsewhere collide, for every library alike, so the digits here are spread.
pub fn synthetic(bytes: usize) -> String {
    let mut text = String::from("{\"version\":\"2.0\",\"items\":[");
    let mut index = 0u64;
    while text.len() < bytes {
        let hash = index.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        if index > 0 {
            text.push(',');
        }
        text.push_str(&format!(
            "{{\"id\":\"{hash:016x}\",\"customer\":{{\"name\":\"Zoë Example {}\",\"email\":\"{:012x}@example.com\",\"verified\":{}}},\
             \"quantity\":{},\"price\":{}.{:02},\"weight\":{:.6},\"tags\":[\"new\",\"sale\",\"region-{}\"],\"note\":\"first line\\nsecond \\\"line\\\" {:08x}\",\"parent\":null}}",
            hash % 1000,
            hash >> 16,
            hash & 1 == 0,
            hash % 17,
            hash % 500,
            hash % 100,
            (hash % 1_000_003) as f64 / 977.0,
            hash % 24,
            hash >> 32,
        ));
        index += 1;
    }
    text.push_str("]}");
    text
}

/// Runs a Lua function of `bench/lua` once and returns its answer.
fn invoke(bench: &Bench, server: &Server, runtime: &str, handler: &str, event: &[u8], env: &[(&str, &str)], spin: bool) -> Result<Vec<u8>> {
    let mut program = Program { command: vec![runtime.to_owned()], env: Vec::new(), folder: bench.root.join("bench/lua") };
    for (name, value) in env.iter().chain(&[("_HANDLER", handler), ("BENCH_CJSON", CJSON), ("BENCH_DKJSON", DKJSON)]) {
        program.env.push(((*name).to_owned(), (*value).to_owned()));
    }
    let plan = Plan { event, cycles: 1, patience: Duration::from_secs(600), spin };
    let life = program.run(server, &plan, &bench.work.join("json.log"))?;
    Ok(life.line.body)
}

fn floats(value: &Value) -> Vec<f64> {
    value.as_array().map(|list| list.iter().filter_map(Value::as_f64).collect()).unwrap_or_default()
}

// ---- speed ----

fn speed(bench: &Bench, server: &Server, runtime: &str, layer: &str, codecs: &[&str], documents: &[Document]) -> Result<Value> {
    let mut measured = Vec::new();
    for document in documents {
        eprintln!("{}: {} bytes", document.name, document.bytes);
        let rounds = bench.rounds(if document.is_event { 40 } else { 15 });
        let batch_ns = if document.is_event { 4e6 } else { 1e6 };
        let event = json!({ "document": document.path, "codecs": codecs, "rounds": rounds, "batch_ns": batch_ns });
        let answer = invoke(bench, server, runtime, "json.handler", event.to_string().as_bytes(), &[], false)?;
        let answer: Value = serde_json::from_slice(&answer)?;
        let mut samples = Vec::new();
        for result in answer["results"].as_array().context("results")? {
            let (decode, encode) = (floats(&result["decode"]), floats(&result["encode"]));
            if decode.len() != rounds {
                bail!("{}: {} of {rounds} rounds", document.name, decode.len());
            }
            samples.push(Samples { decode, encode, has_lost: result["lost"].as_f64() == Some(1.0) });
        }
        // The layer's own binary, which cannot load cjson: musl's memcpy and memcmp instead of glibc's.
        let event = json!({ "document": document.path, "codecs": ["coldmoon"], "rounds": rounds, "batch_ns": batch_ns, "no_floor": true });
        let answer = invoke(bench, server, layer, "json.handler", event.to_string().as_bytes(), &[], false)?;
        let answer: Value = serde_json::from_slice(&answer)?;
        let result = &answer["results"][0];
        samples.push(Samples { decode: floats(&result["decode"]), encode: floats(&result["encode"]), has_lost: false });
        measured.push((document, samples));
    }

    println!("CPU time, median of {} and {} rounds.\n", bench.rounds(40), bench.rounds(15));
    let mut record = Vec::new();
    for is_decode in [true, false] {
        let direction = if is_decode { "decode" } else { "encode" };
        println!("### {direction}\n");
        let pick = |samples: &Samples| if is_decode { samples.decode.clone() } else { samples.encode.clone() };
        let mut head = vec!["document".to_owned(), "bytes".to_owned()];
        head.extend(codecs.iter().map(|name| format!("{name} µs")));
        head.extend(["coldmoon MB/s".to_owned(), "in the layer µs".to_owned()]);
        head.extend(codecs.iter().skip(1).map(|name| format!("× faster than {name}")));
        if is_decode {
            head.extend(["floor µs".to_owned(), "coldmoon / floor".to_owned(), "cjson / floor (the limit)".to_owned()]);
        }
        let mut rows = Vec::new();
        let mut ratios: Vec<Vec<f64>> = vec![Vec::new(); codecs.len() + 2];
        for (document, samples) in &measured {
            let ours = pick(&samples[0]);
            let mut row = vec![document.name.clone(), document.bytes.to_string()];
            for contender in &samples[..codecs.len()] {
                row.push(short(median(&pick(contender)) / 1e3) + if contender.has_lost { "\\*" } else { "" });
            }
            row.push(short(document.bytes as f64 * 1e3 / median(&ours)));
            row.push(short(median(&pick(&samples[codecs.len() + 1])) / 1e3));
            let mut found = Vec::new();
            for contender in &samples[1..codecs.len()] {
                found.push(paired_ratio(&pick(contender), &ours));
            }
            if is_decode {
                let floor = &samples[codecs.len()].decode;
                row.extend(found.iter().copied().map(short));
                row.push(short(median(floor) / 1e3));
                found.push(paired_ratio(&ours, floor));
                row.push(short(found[codecs.len() - 1]));
                if let Some(cjson) = codecs.iter().position(|name| *name == "cjson") {
                    found.push(paired_ratio(&samples[cjson].decode, floor));
                    row.push(short(found[codecs.len()]));
                } else {
                    row.push("–".to_owned());
                }
            } else {
                row.extend(found.iter().copied().map(short));
            }
            if document.is_event {
                for (place, ratio) in found.iter().enumerate() {
                    ratios[place].push(*ratio);
                }
            }
            rows.push(row);
            record.push(json!({
                "document": document.name, "bytes": document.bytes, "direction": direction,
                "contenders": codecs.iter().copied().chain(["floor", "coldmoon in the layer"]).zip(samples).map(|(name, samples)| {
                    let samples_ns = pick(samples);
                    json!({ "name": name, "median_ns": median(&samples_ns), "min_ns": quantile(&samples_ns, 0.0),
                        "p90_ns": quantile(&samples_ns, 0.9), "rounds": samples_ns.len(), "has_lost_digits": samples.has_lost })
                }).collect::<Vec<_>>(),
            }));
        }
        let mut row = vec!["**geometric mean of the events**".to_owned()];
        row.resize(4 + codecs.len(), String::new());
        row.extend(ratios[..codecs.len() - 1].iter().map(|list| format!("**{}**", short(geometric_mean(list)))));
        if is_decode {
            row.push(String::new());
            row.extend(ratios[codecs.len() - 1..=codecs.len()].iter().map(|list| format!("**{}**", short(geometric_mean(list)))));
        }
        rows.push(row);
        print_table(&head.iter().map(String::as_str).collect::<Vec<_>>(), &rows);
    }
    println!("\\* digits were lost: numbers came back with a relative error of up to 1e-13.\n");
    Ok(Value::Array(record))
}

// ---- the first call ----

/// What is timed in a fresh process: its name, and which of the six numbers that `first.lua` answers belong to it (ns, then page faults).
const FIRST_CALLS: [(&str, &[usize]); 4] =
    [("library, decode, encode", &[0, 2, 4]), ("library, decode", &[0, 2]), ("decode", &[2]), ("encode", &[4])];

fn first(bench: &Bench, server: &Server, runtime: &str, layer: &str, codecs: &[&str], documents: &[Document]) -> Result<Value> {
    let count = bench.rounds(150);
    // Name in the table, codec, runtime. The layer's binary cannot load a shared object, so the others have the one that can.
    let mut contenders = vec![("in the layer", "coldmoon", layer)];
    contenders.extend(codecs.iter().copied().chain(["floor"]).map(|codec| (codec, codec, runtime)));
    let mut rows = Vec::new();
    let mut record = Vec::new();
    for document in documents.iter().filter(|document| FIRST.contains(&document.name.as_str())) {
        let path = document.path.display().to_string();
        let bytecode = bench.work.join(format!("{}.bytecode", document.name)).display().to_string();
        let event = json!({ "document": path, "to": bytecode });
        invoke(bench, server, runtime, "bytecode.handler", event.to_string().as_bytes(), &[], false)?;
        // For each contender one list for each number of the answer; the floor does not encode.
        let mut samples = vec![Vec::<Vec<f64>>::new(); contenders.len()];
        for round in 0..count {
            for place in 0..contenders.len() {
                let contender = (place + round) % contenders.len();
                let (_, codec, runtime) = contenders[contender];
                let input = if codec == "floor" { &bytecode } else { &path };
                let env = [("COLDMOON_EVENT", "string"), ("BENCH_DOCUMENT", input.as_str()), ("BENCH_CODEC", codec)];
                let answer = String::from_utf8(invoke(bench, server, runtime, "first.handler", b"-", &env, true)?)?;
                let numbers = answer.split(' ').map(str::parse).collect::<Result<Vec<f64>, _>>();
                samples[contender].push(numbers.with_context(|| format!("numbers: {answer}"))?);
            }
        }
        for (name, places) in FIRST_CALLS {
            // The sum of what belongs to it, `offset` 0 for ns and 1 for faults.
            let sums = |contender: usize, offset: usize| -> Option<Vec<f64>> {
                samples[contender].iter().map(|numbers| places.iter().map(|place| numbers.get(place + offset)).sum()).collect()
            };
            let of = |wanted: &str| {
                contenders.iter().position(|(other, ..)| *other == wanted).and_then(|at| sums(at, 0)).map(|list| median(&list))
            };
            let cell = |value: Option<f64>| value.map_or("–".to_owned(), short);
            let each = |ask: &dyn Fn(&[f64]) -> f64, offset| -> Vec<String> {
                (0..contenders.len()).map(|at| cell(sums(at, offset).map(|list| ask(&list)))).collect()
            };
            let mut row = vec![format!("{}, {name}", document.name), document.bytes.to_string()];
            row.extend(each(&|list| median(list) / 1e3, 0));
            row.extend(each(&|list| quantile(list, 0.0) / 1e3, 0));
            row.push(cell(of("cjson").zip(of("in the layer")).map(|(cjson, layer)| cjson / layer)));
            row.push(cell(of("cjson").zip(of("coldmoon")).map(|(cjson, ours)| cjson / ours)));
            row.push(cell(of("cjson").zip(of("floor")).map(|(cjson, floor)| cjson / floor)));
            row.extend(each(&|list| median(list), 1));
            rows.push(row);
            let of_each = |(at, (label, ..)): (usize, &(&str, &str, &str))| {
                let list = sums(at, 0)?;
                Some(json!({
                    "name": label, "median_ns": median(&list), "min_ns": quantile(&list, 0.0), "p90_ns": quantile(&list, 0.9),
                    "page_faults": median(&sums(at, 1)?),
                }))
            };
            record.push(json!({
                "document": document.name, "bytes": document.bytes, "call": name, "samples": count,
                "contenders": contenders.iter().enumerate().filter_map(of_each).collect::<Vec<_>>(),
            }));
        }
    }
    println!("### the first call in a fresh process\n");
    println!(
        "{count} processes for each library and document, interleaved. A cold function loads its library and then decodes; the codec of coldmoon is \
         in the binary. Then the calls alone: decode, and encode of the same value. Median and least µs. The floor is LuaJIT loading the same value \
         from bytecode: it interns the strings and makes the tables, and reads no JSON. Where that takes as long as coldmoon, the strings and \
         tables are all that the call costs, and `cjson / floor` is the most that could be gained.\n"
    );
    let names: Vec<&str> = contenders.iter().map(|(name, ..)| *name).collect();
    let mut head = vec!["document".to_owned(), "bytes".to_owned()];
    head.extend(names.iter().map(|name| format!("{name} µs")));
    head.extend(names.iter().map(|name| format!("{name} min")));
    head.extend(["cjson / in the layer", "cjson / coldmoon", "cjson / floor (the limit)"].map(str::to_owned));
    head.extend(names.iter().map(|name| format!("{name} faults")));
    print_table(&head.iter().map(String::as_str).collect::<Vec<_>>(), &rows);
    Ok(Value::Array(record))
}

// ---- doubling ----

/// Time as the event grows, in processes that hold nothing but the one document and the one codec.
fn doubling(bench: &Bench, server: &Server, runtime: &str) -> Result<Value> {
    const BYTES: [usize; 4] = [750_000, 1_500_000, 3_000_000, 6_000_000];
    let mut times = vec![[const { Vec::new() }; 3]; BYTES.len()];
    for _ in 0..bench.rounds(5) {
        for (bytes, lists) in BYTES.iter().zip(&mut times) {
            let path = bench.work.join("doubling.json");
            std::fs::write(&path, synthetic(*bytes))?;
            let event = json!({ "document": path, "codecs": ["coldmoon"], "rounds": 5, "batch_ns": 1e6 });
            let answer = invoke(bench, server, runtime, "json.handler", event.to_string().as_bytes(), &[], false)?;
            let answer: Value = serde_json::from_slice(&answer)?;
            for (list, (contender, direction)) in lists.iter_mut().zip([(0, "decode"), (0, "encode"), (1, "decode")]) {
                list.push(median(&floats(&answer["results"][contender][direction])));
            }
        }
    }
    println!("### doubling the event\n");
    println!("Times grow as those of the floor do, which makes the same values without reading anything.\n");
    let mut rows = Vec::new();
    let mut record = Vec::new();
    for (place, bytes) in BYTES.iter().enumerate() {
        let mut row = vec![bytes.to_string()];
        for (what, now) in times[place].iter().enumerate() {
            row.push(short(median(now) / 1e6));
            row.push(if place > 0 { short(paired_ratio(now, &times[place - 1][what])) } else { String::new() });
        }
        rows.push(row);
        let [decode, encode, floor] = times[place].each_ref().map(|list| median(list));
        record.push(json!({ "bytes": bytes, "decode_ns": decode, "encode_ns": encode, "floor_ns": floor }));
    }
    print_table(&["bytes", "decode ms", "× the half", "encode ms", "× the half", "floor ms", "× the half"], &rows);
    Ok(Value::Array(record))
}

// ---- instructions ----

/// Instructions of one call in the layer's binary, by callgrind: the same on every machine and at every hour. The difference of processes with
/// twice as many calls and with as many.
fn instructions(bench: &Bench, layer: &str, documents: &[Document]) -> Result<Value> {
    if !Path::new("/usr/bin/valgrind").exists() {
        println!("skipped: instructions: valgrind is not installed; run scripts/bench-setup\n");
        return Ok(Value::Null);
    }
    let count = |path: &Path, direction: &str, calls: usize| -> Result<f64> {
        let run = std::process::Command::new("/usr/bin/valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", layer])
            .env_clear()
            .envs([("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:1"), ("_HANDLER", "repeat.handler"), ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "3008")])
            .env("LAMBDA_TASK_ROOT", bench.root.join("bench/lua"))
            .env("BENCH_DOCUMENT", path)
            .env("BENCH_DIRECTION", direction)
            .env("BENCH_CALLS", calls.to_string())
            .output()?;
        let said = String::from_utf8_lossy(&run.stderr);
        let collected = said.lines().find_map(|line| line.split_once("Collected :")).with_context(|| format!("callgrind said {said}"))?;
        if !said.contains("os.exit(0)") {
            bail!("{said}");
        }
        Ok(collected.1.trim().parse()?)
    };
    let mut list: Vec<(String, PathBuf)> = documents
        .iter()
        .filter(|document| FIRST.contains(&document.name.as_str()))
        .map(|document| (document.name.clone(), document.path.clone()))
        .collect();
    for bytes in [1_500_000, 3_000_000, 6_000_000] {
        let path = bench.work.join(format!("synthetic-{bytes}.json"));
        std::fs::write(&path, synthetic(bytes))?;
        list.push((format!("synthetic, {bytes} bytes"), path));
    }
    println!("### instructions of one call, static binary (callgrind)\n");
    let mut rows = Vec::new();
    let mut record = Vec::new();
    for (name, path) in list {
        let bytes = std::fs::metadata(&path)?.len() as f64;
        let mut row = vec![name.clone(), format!("{bytes:.0}")];
        let mut entry = json!({ "document": name, "bytes": bytes });
        for direction in ["decode", "encode"] {
            // Small documents often enough that the collector's part is in it.
            let calls = if bytes < 100_000.0 { 500 } else { 2 };
            let one = (count(&path, direction, 2 * calls)? - count(&path, direction, calls)?) / calls as f64;
            row.push(format!("{one:.0}"));
            row.push(short(one / bytes));
            entry[direction] = json!(one);
        }
        rows.push(row);
        record.push(entry);
    }
    print_table(&["document", "bytes", "decode", "for each byte", "encode", "for each byte"], &rows);
    Ok(Value::Array(record))
}

// ---- memory ----

fn memory(bench: &Bench, server: &Server, layer: &str) -> Result<Value> {
    let ask = |event: &str| -> Result<Value> {
        Ok(serde_json::from_slice(&invoke(bench, server, layer, "memory.handler", event.as_bytes(), &[], false)?)?)
    };
    let field = |answer: &Value, name: &str| answer[name].as_f64().with_context(|| format!("{name} in {answer}"));
    println!("### memory of a large event, static binary\n");
    println!(
        "The resident memory is what is left when everything but the event's bytes and its values was collected: where the peak is not above it, \
         decoding took nothing besides. Lua's own count of the values has neither the headers nor the rounding of its allocator's pieces.\n"
    );
    let empty = ask("{}")?;
    let (base_peak, base_resident, base_lua) = (field(&empty, "peak_kb")?, field(&empty, "resident_kb")?, field(&empty, "with_kb")?);
    let mut rows = Vec::new();
    let mut record = Vec::new();
    for bytes in [750_000, 1_500_000, 3_000_000, 5_999_000] {
        let event = synthetic(bytes);
        let answer = ask(&event)?;
        let peak = field(&answer, "peak_kb")? - base_peak;
        let resident = field(&answer, "resident_kb")? - base_resident;
        let values = field(&answer, "with_kb")? - base_lua;
        let event_kb = event.len() as f64 / 1024.0;
        rows.push(vec![
            format!("{event_kb:.0}"),
            format!("{values:.0}"),
            format!("{peak:.0}"),
            format!("{resident:.0}"),
            short(peak / resident),
            short(peak / (event_kb + values)),
        ]);
        record.push(json!({ "event_kb": event_kb, "values_kb": values, "peak_growth_kb": peak, "resident_growth_kb": resident }));
    }
    print_table(
        &[
            "event KB",
            "Lua values KB",
            "growth of the peak (VmHWM) KB",
            "of what stays resident KB",
            "peak / resident",
            "peak / (event + values)",
        ],
        &rows,
    );
    Ok(Value::Array(record))
}
