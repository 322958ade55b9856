//! Cold start: from just before the spawn to the first byte of the first `GET /next`, and to the first response.

use crate::Bench;
use crate::contenders::{self, Contender};
use crate::process::Life;
use crate::server::Server;
use crate::stats::{median, print_lines, print_table, quantile, ratio};
use anyhow::{Context, Result};
use serde_json::{Value, json};

/// A run is so many rounds with one copy of each program; the ratio printed is the median over the runs.
const RUNS: usize = 15;

#[derive(Default, Clone)]
struct Samples {
    /// Spawn to first `GET`, µs, one list for each run.
    get: Vec<Vec<f64>>,
    /// Spawn to first response, µs.
    response: Vec<Vec<f64>>,
    faults: Vec<f64>,
    cpu: Vec<f64>,
    resident: Vec<f64>,
}

impl Samples {
    fn add(&mut self, run: usize, life: &Life) {
        self.get.resize(RUNS, Vec::new());
        self.response.resize(RUNS, Vec::new());
        self.get[run].push((life.line.gets[0] - life.spawned) as f64 / 1e3);
        self.response[run].push((life.line.responses[0] - life.spawned) as f64 / 1e3);
        self.faults.push(life.faults as f64);
        self.cpu.push(life.cpu_us as f64);
        self.resident.push(life.resident_kb as f64);
    }
}

pub fn run(bench: &Bench) -> Result<()> {
    if bench.run_parts("cold", &[("start", start), ("growth", growth)], NOT_FAIR)? {
        crate::picture::draw(bench)?;
    }
    Ok(())
}

const NOT_FAIR: &str = "
What is not quite fair. Everything is in the page cache and on one processor, the one on which the server does not poll; Lambda starts from a cold
disk, and gives a small function a part of a processor: both make large runtimes slower than here. What Lambda itself does before `execve`
is the same for all and not in the numbers. The functions do the same, but bash cuts the name out of the text without parsing, and the
floor too. awslambdaric, aws-lambda-ric and lambda_runtime do more than the protocol (logging, tracing,
concurrency);
the crate is built static with glibc, once as in its template (threads, tracing) and once without both. The API Gateway row has another event than the others.
";

fn start(bench: &Bench, server: &Server) -> Result<Value> {
    let contenders = contenders::find(bench, server)?;
    let rounds = bench.rounds(750).div_ceil(RUNS);
    let slow_rounds = (rounds / 4).max(2);
    let mut samples = vec![Samples::default(); contenders.len()];
    let mut failed: Vec<Option<String>> = vec![None; contenders.len()];
    for run in 0..RUNS {
        eprintln!("run {} of {RUNS}", run + 1);
        let fresh = contenders
            .iter()
            .map(|contender| {
                let program = contender.copied(bench, run)?;
                Ok(Contender { program, event: contender.event.clone(), ..*contender })
            })
            .collect::<Result<Vec<_>>>()?;
        for round in 0..rounds + 2 {
            for place in 0..fresh.len() {
                let place = (place + round) % fresh.len();
                let contender = &fresh[place];
                if failed[place].is_some() || contender.is_slow && round >= slow_rounds + 2 {
                    continue;
                }
                match contender.run(bench, server, 1) {
                    // The first two bring the files into the cache.
                    Ok(_) if round < 2 => {}
                    Ok(life) => samples[place].add(run, &life),
                    Err(error) => failed[place] = Some(format!("{error:#}")),
                }
            }
        }
    }

    println!("### cold start\n");
    println!(
        "{} starts of each ({} of the slow ones), {RUNS} runs, interleaved. Times from the spawn, in µs; the ratio is the median over the runs.\n",
        rounds * RUNS,
        slow_rounds * RUNS
    );
    let mut rows = Vec::new();
    let mut record = Vec::new();
    for (place, contender) in contenders.iter().enumerate() {
        let one = &samples[place];
        if let Some(error) = &failed[place] {
            println!("skipped: {}: {error}\n", contender.name);
            continue;
        }
        let (gets, responses) = (one.get.concat(), one.response.concat());
        let row = [
            ("get_median_us", median(&gets)),
            ("get_p99_us", quantile(&gets, 0.99)),
            ("get_min_us", quantile(&gets, 0.0)),
            ("get_ratio", ratio(&one.get, &samples[0].get)),
            ("response_median_us", median(&responses)),
            ("response_ratio", ratio(&one.response, &samples[0].response)),
            ("cpu_us", median(&one.cpu)),
            ("page_faults", median(&one.faults)),
            ("resident_kb", median(&one.resident)),
        ];
        let mut cells = vec![contender.name.to_owned()];
        cells
            .extend(row.iter().map(|(name, value)| if name.contains("ratio") { format!("**{value:.2}**") } else { format!("{value:.0}") }));
        rows.push(cells);
        let mut entry = json!({ "name": contender.name, "starts": gets.len() });
        for (name, value) in row {
            entry[name] = json!(value);
        }
        entry["get_ratio_of_each_run"] = one.get.iter().zip(&samples[0].get).map(|(of, to)| median(of) / median(to)).collect();
        record.push(entry);
    }
    print_table(
        &["runtime", "first GET", "p99", "min", "× floor", "first response", "× floor", "CPU µs", "page faults", "resident KB"],
        &rows,
    );
    let runs: Vec<String> = record.iter().skip(1).take(1).map(|entry| entry["get_ratio_of_each_run"].to_string()).collect();
    println!("The ratios of the single runs, coldmoon hello: {}\n", runs.concat());
    if let Some(zip) = bench.option("js-zip").filter(|_| contenders.iter().any(|contender| contender.name == contenders::QUICKJS)) {
        let bytes = std::fs::metadata(zip).with_context(|| zip.to_owned())?.len();
        println!("The zip of {}: {bytes} bytes, with its licence texts.\n", contenders::QUICKJS);
        if let Some(entry) = record.iter_mut().find(|entry| entry["name"] == contenders::QUICKJS) {
            entry["zip_bytes"] = json!(bytes);
        }
    }
    Ok(Value::Array(record))
}

/// Handlers of 1 to 1,000 KB.
fn growth(bench: &Bench, server: &Server) -> Result<Value> {
    let layer = bench.option("static").context("--static")?.to_owned();
    let export = "function M.handler(event) return { message = \"Hello, \" .. event.name .. \"!\" } end";
    let mut list = Vec::new();
    for kb in [1, 10, 100, 1000] {
        let source = bench.work.join(format!("growth-{kb}-source"));
        let bytecode = bench.work.join(format!("growth-{kb}-bytecode"));
        std::fs::create_dir_all(&source)?;
        std::fs::write(source.join("app.lua"), contenders::lua_source(kb * 1000, 0, export))?;
        contenders::compile_lua(bench, server, &layer, &source, &bytecode)?;
        for (kind, folder) in [("source", source), ("bytecode", bytecode)] {
            let bytes = std::fs::metadata(folder.join("app.lua"))?.len();
            list.push((kb, kind, bytes, contenders::coldmoon(&layer, "coldmoon", folder, &[]), Vec::new(), Vec::new()));
        }
    }
    for round in 0..bench.rounds(60) {
        let count = list.len();
        for place in 0..count {
            let (_, _, _, contender, gets, faults) = &mut list[(place + round) % count];
            let life = contender.run(bench, server, 1)?;
            gets.push((life.line.gets[0] - life.spawned) as f64 / 1e3);
            faults.push(life.faults as f64);
        }
    }
    println!("### cold start as the function grows\n");
    let mut rows = Vec::new();
    let mut record = Vec::new();
    for pair in list.chunks(2) {
        let [(kb, _, source_bytes, _, source, source_faults), (_, _, bytecode_bytes, _, bytecode, bytecode_faults)] = pair else {
            continue;
        };
        rows.push(vec![
            format!("{kb} KB"),
            format!("{:.0}", median(source)),
            format!("{:.0}", median(source_faults)),
            bytecode_bytes.to_string(),
            format!("{:.0}", median(bytecode)),
            format!("{:.0}", median(bytecode_faults)),
        ]);
        record.push(json!({ "source_bytes": source_bytes, "source_us": median(source), "bytecode_bytes": bytecode_bytes, "bytecode_us": median(bytecode) }));
    }
    print_table(&["source", "first GET µs", "faults", "bytecode bytes", "first GET µs", "faults"], &rows);
    let points = |kind: &str| -> Vec<(f64, f64)> {
        let number = |entry: &Value, name: String| entry[name].as_f64();
        record
            .iter()
            .filter_map(|entry| Some((number(entry, format!("{kind}_bytes"))? / 1e3, number(entry, format!("{kind}_us"))?)))
            .collect()
    };
    let lines = print_lines(&[("as source", points("source")), ("as bytecode", points("bytecode"))]);
    Ok(json!({ "table": record, "lines": lines }))
}
