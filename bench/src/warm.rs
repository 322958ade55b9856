//! The warm cycle: from an event sent to its response received, and to the next `GET` received.

use crate::Bench;
use crate::contenders::{self, Contender};
use crate::server::Server;
use crate::stats::{median, print_lines, print_table, quantile, ratio};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// A run is one process of each, in turn; the ratio printed is the median over the runs. Many short ones: what disturbs the machine then
/// disturbs neighbours alike.
const RUNS: usize = 15;
/// The slow ones take part in one of so many runs.
const SLOW_EVERY: usize = 3;
/// Cycles at the beginning of each process that are not counted.
const WARM_UP: usize = 100;

#[derive(Default, Clone)]
struct Samples {
    /// Event sent to response received, µs, one list for each run.
    response: Vec<Vec<f64>>,
    /// Event sent to next `GET`, µs.
    cycle: Vec<Vec<f64>>,
    connections: usize,
    resident: Vec<f64>,
    cpu: Vec<f64>,
    /// Of each cycle, what the server itself computes, µs.
    harness: Vec<f64>,
}

pub fn run(bench: &Bench) -> Result<()> {
    let parts: [(&str, crate::Part); 4] = [("cycle", cycle), ("calls", calls), ("instructions", instructions), ("growth", growth)];
    bench.run_parts("warm", &parts, NOT_FAIR).map(drop)
}

const NOT_FAIR: &str = "
What is not quite fair. The server polls on a processor of its own and takes no time to wake up; the runtime sleeps in `recv` and its wake-up is in the
numbers, as it is on Lambda. Lambda freezes the sandbox between events that do not follow each other at once; nothing here does.
The rows differ in what they do around the function, see the cold table.
";

/// All runtimes, and the floor and hello with the response and the next `GET` in one write.
fn contenders(bench: &Bench, server: &Server) -> Result<Vec<Contender>> {
    let mut list = contenders::find(bench, server)?;
    let layer = bench.option("static").context("--static")?.to_owned();
    let hello = bench.root.join("bench/runtimes/hello");
    let mut ours = contenders::coldmoon(&layer, "coldmoon, hello, pipelined", hello.clone(), &[("COLDMOON_PIPELINE", "1")]);
    ours.is_copied = true;
    list.insert(2.min(list.len()), ours);
    let floor = contenders::compile_floor(bench, "floor-pipelined", "-DFLOOR_PIPELINE")?;
    let mut floor = contenders::coldmoon(&floor.display().to_string(), "floor, pipelined", hello, &[]);
    floor.is_copied = true;
    list.insert(1, floor);
    Ok(list)
}

fn cycle(bench: &Bench, server: &Server) -> Result<Value> {
    let contenders = contenders(bench, server)?;
    let cycles = bench.rounds(2500).div_ceil(RUNS);
    let slow_cycles = (cycles / 10).max(10);
    let mut samples = vec![Samples::default(); contenders.len()];
    let mut failed: Vec<Option<String>> = vec![None; contenders.len()];
    for run in 0..RUNS {
        eprintln!("run {} of {RUNS}", run + 1);
        for place in 0..contenders.len() {
            // Each run begins with another.
            let place = (place + run) % contenders.len();
            let contender = &contenders[place];
            if failed[place].is_some() || contender.is_slow && run % SLOW_EVERY > 0 {
                continue;
            }
            let (warm_up, cycles) = if contender.is_slow { (WARM_UP / 5, slow_cycles) } else { (WARM_UP, cycles) };
            let fresh = Contender { program: contender.copied(bench, run)?, event: contender.event.clone(), ..*contender };
            match fresh.run(bench, server, warm_up + cycles) {
                Ok(life) => {
                    let line = &life.line;
                    let micros = |to: &[u64]| line.events.iter().zip(to).skip(warm_up).map(|(from, to)| (to - from) as f64 / 1e3).collect();
                    let one = &mut samples[place];
                    one.response.resize(RUNS, Vec::new());
                    one.cycle.resize(RUNS, Vec::new());
                    one.response[run] = micros(&line.responses);
                    one.cycle[run] = micros(&line.gets[1..]);
                    one.harness.extend(line.own.iter().skip(warm_up).map(|own| *own as f64 / 1e3));
                    one.connections = line.connections;
                    one.resident.push(life.resident_kb as f64);
                    one.cpu.push(life.cpu_us as f64 / (warm_up + cycles) as f64);
                }
                Err(error) => failed[place] = Some(format!("{error:#}")),
            }
        }
    }

    println!("### warm cycle\n");
    println!(
        "{} cycles of each in {RUNS} processes ({} of the slow ones in {}), in turn. Times from the event, in µs; the ratio is the median over \
         the runs. Of each cycle the server itself computes {:.1} µs, the same for all.\n",
        cycles * RUNS,
        slow_cycles * RUNS.div_ceil(SLOW_EVERY),
        RUNS.div_ceil(SLOW_EVERY),
        median(&samples[0].harness)
    );
    let mut rows = Vec::new();
    let mut record = Vec::new();
    for (place, contender) in contenders.iter().enumerate() {
        let one = &samples[place];
        if let Some(error) = &failed[place] {
            println!("skipped: {}: {error}\n", contender.name);
            continue;
        }
        let (responses, cycles) = (one.response.concat(), one.cycle.concat());
        let row = [
            ("response_median_us", median(&responses)),
            ("cycle_median_us", median(&cycles)),
            ("cycle_p99_us", quantile(&cycles, 0.99)),
            ("cycle_min_us", quantile(&cycles, 0.0)),
            ("cycle_ratio", ratio(&one.cycle, &samples[0].cycle)),
            ("cpu_us", median(&one.cpu)),
            ("connections", one.connections as f64),
            ("resident_kb", median(&one.resident)),
        ];
        let mut cells = vec![contender.name.to_owned()];
        cells.extend(row.iter().map(|(name, value)| match *name {
            "cycle_ratio" => format!("**{value:.2}**"),
            "connections" | "resident_kb" => format!("{value:.0}"),
            _ => format!("{value:.1}"),
        }));
        rows.push(cells);
        let mut entry = json!({ "name": contender.name, "cycles": cycles.len() });
        for (name, value) in row {
            entry[name] = json!(value);
        }
        entry["harness_us"] = json!(median(&one.harness));
        let runs = one.cycle.iter().zip(&samples[0].cycle).filter(|(of, _)| !of.is_empty());
        entry["cycle_ratio_of_each_run"] = runs.map(|(of, to)| median(of) / median(to)).collect();
        record.push(entry);
    }
    print_table(&["runtime", "response", "next GET", "p99", "min", "× floor", "CPU µs a cycle", "connections", "resident KB"], &rows);
    Ok(Value::Array(record))
}

// ---- system calls ----

/// System calls to the first `GET`, and for each event: the difference of a life with many and one with few events.
fn calls(bench: &Bench, server: &Server) -> Result<Value> {
    if !Path::new("/usr/bin/strace").exists() {
        println!("skipped: system calls: strace is not installed; run scripts/bench-setup\n");
        return Ok(Value::Null);
    }
    const FEW: usize = 20;
    const MANY: usize = 120;
    println!("### system calls\n");
    let mut rows = Vec::new();
    let mut record = Vec::new();
    for contender in contenders(bench, server)? {
        let count = |cycles: usize| -> Result<BTreeMap<String, u64>> {
            let output = bench.work.join("strace.txt");
            let _ = std::fs::remove_file(&output);
            let mut program = contender.program.clone();
            let traced = ["/usr/bin/strace", "-I2", "-f", "-qq", "-c", "-o"].map(str::to_owned).into_iter();
            program.command = traced.chain([output.display().to_string()]).chain(program.command).collect();
            let fresh = Contender { program, event: contender.event.clone(), ..contender };
            fresh.run(bench, server, cycles)?;
            let text = std::fs::read_to_string(&output).context("strace wrote nothing")?;
            // % time, seconds, usecs/call, calls, [errors,] syscall
            Ok(text
                .lines()
                .filter_map(|line| {
                    let words: Vec<&str> = line.split_whitespace().collect();
                    let name = *words.last()?;
                    (words.len() >= 5 && name != "total" && name != "syscall").then(|| Some((name.to_owned(), words[3].parse().ok()?)))?
                })
                .collect())
        };
        let found = (|| Ok::<_, anyhow::Error>((count(0)?, count(FEW)?, count(MANY)?)))();
        let (start, few, many) = match found {
            Ok(found) => found,
            Err(error) => {
                println!("skipped: system calls of {}: {error:#}\n", contender.name);
                continue;
            }
        };
        let each: Vec<(String, f64)> = many
            .iter()
            .map(|(name, calls)| (name.clone(), (*calls as f64 - few.get(name).copied().unwrap_or(0) as f64) / (MANY - FEW) as f64))
            .filter(|(_, calls)| *calls >= 0.05)
            .collect();
        let sum: f64 = each.iter().map(|(_, calls)| calls).sum();
        let list = if each.len() > 8 {
            format!("{} kinds", each.len())
        } else {
            each.iter().map(|(name, calls)| format!("{name} {calls:.1}").replace(".0", "")).collect::<Vec<_>>().join(", ")
        };
        rows.push(vec![contender.name.to_owned(), start.values().sum::<u64>().to_string(), format!("{sum:.1}"), list]);
        record.push(json!({ "name": contender.name, "start": start, "each_event": each.into_iter().collect::<BTreeMap<_, _>>() }));
    }
    print_table(&["runtime", "to the first GET", "each event", "of these"], &rows);
    Ok(Value::Array(record))
}

// ---- instructions ----

/// Instructions for each event outside of the kernel, by callgrind: the same on every machine and at every hour. The difference of processes
/// with twice as many events and with as many; the function's own loops are compiled by then.
fn instructions(bench: &Bench, server: &Server) -> Result<Value> {
    if !Path::new("/usr/bin/valgrind").exists() {
        println!("skipped: instructions: valgrind is not installed; run scripts/bench-setup\n");
        return Ok(Value::Null);
    }
    const EVENTS: usize = 1000;
    println!("### instructions for each event (callgrind)\n");
    let mut rows = Vec::new();
    let mut record = Vec::new();
    for contender in contenders(bench, server)?.into_iter().filter(|contender| contender.is_copied) {
        let count = |cycles: usize| -> Result<f64> {
            let output = bench.work.join("callgrind.txt");
            let _ = std::fs::remove_file(&output);
            let mut program = contender.program.clone();
            let tool =
                ["/usr/bin/valgrind".to_owned(), "--tool=callgrind".to_owned(), format!("--callgrind-out-file={}", output.display())];
            program.command = tool.into_iter().chain(program.command).collect();
            Contender { program, event: contender.event.clone(), ..contender }.run(bench, server, cycles)?;
            let text = std::fs::read_to_string(&output).context("callgrind wrote nothing")?;
            let sum = text.lines().find_map(|line| line.strip_prefix("summary: ")).context("callgrind wrote no sum")?;
            Ok(sum.trim().parse()?)
        };
        match (|| Ok::<_, anyhow::Error>((count(2 * EVENTS)? - count(EVENTS)?) / EVENTS as f64))() {
            Ok(one) => {
                rows.push(vec![contender.name.to_owned(), format!("{one:.0}")]);
                record.push(json!({ "name": contender.name, "each_event": one }));
            }
            Err(error) => println!("skipped: instructions of {}: {error:#}\n", contender.name),
        }
    }
    print_table(&["runtime", "each event"], &rows);
    Ok(Value::Array(record))
}

// ---- growth ----

/// Processes of each for each size, in turn.
const GROWTH_RUNS: usize = 5;

/// Events of 100 B to 6 MB.
fn growth(bench: &Bench, server: &Server) -> Result<Value> {
    let layer = bench.option("static").context("--static")?.to_owned();
    let hello = contenders::coldmoon(&layer, "coldmoon", bench.root.join("bench/runtimes/hello"), &[]);
    let floor = contenders::compile_floor(bench, "floor", "")?;
    let floor = contenders::coldmoon(&floor.display().to_string(), "floor", bench.root.join("bench/runtimes/hello"), &[]);
    println!("### warm cycle as the event grows\n");
    let mut rows = Vec::new();
    let mut record = Vec::new();
    let mut points = [Vec::new(), Vec::new(), Vec::new()];
    for bytes in [100, 1_000, 10_000, 100_000, 1_000_000, 6_000_000] {
        // `name` in front, so that the floor finds it at once.
        let items = crate::json::synthetic(bytes);
        let event = format!("{{\"name\":\"Ada\",{}", &items[1..]);
        let event = if bytes <= 100 { format!("{{\"name\":\"Ada\",\"note\":\"{}\"}}", "x".repeat(100 - 24)) } else { event };
        let cycles = bench.rounds(match bytes {
            ..=10_000 => 1000,
            10_001..=100_000 => 300,
            100_001..=1_000_000 => 60,
            _ => 20,
        });
        let mut times = [Vec::new(), Vec::new()];
        for _ in 0..GROWTH_RUNS {
            for (contender, list) in [&floor, &hello].into_iter().zip(&mut times) {
                let life = contender.run_with(bench, server, event.as_bytes(), cycles + 3)?;
                let line = &life.line;
                let cycle = line.events.iter().zip(&line.gets[1..]).skip(3).map(|(from, to)| (to - from) as f64 / 1e3);
                list.push(median(&cycle.collect::<Vec<_>>()));
            }
        }
        let [floor, ours] = times.map(|list| median(&list));
        for (points, time) in points.iter_mut().zip([floor, ours, ours - floor]) {
            points.push((event.len() as f64 / 1e3, time));
        }
        rows.push(vec![
            event.len().to_string(),
            format!("{floor:.1}"),
            format!("{ours:.1}"),
            format!("{:.2}", (ours - floor) * 1e3 / event.len() as f64),
        ]);
        record.push(json!({ "bytes": event.len(), "floor_us": floor, "coldmoon_us": ours }));
    }
    print_table(&["event bytes", "floor µs", "coldmoon µs", "more than the floor, ns a byte"], &rows);
    let [floor, ours, more] = points;
    let lines = print_lines(&[("of the floor", floor), ("of coldmoon", ours), ("of the difference", more)]);
    Ok(json!({ "table": record, "lines": lines }))
}
