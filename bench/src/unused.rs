//! What each part of the runtime costs a function that does not use it: bytes, and nothing else.
//!
//! A hello function is started and answers a few events, once under callgrind, which counts the instructions in every function of the
//! unstripped layer, and once under strace. A part is the functions whose names contain one of its words.

use crate::Bench;
use crate::server::{Plan, Server};
use crate::size::symbols;
use crate::stats::print_table;
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// Events that are answered: the first makes more work than the others.
const CYCLES: usize = 10;

/// Name, words in the names of its functions, system calls that nothing else makes.
const PARTS: [(&str, &[&str], &[&str]); 8] = [
    (
        "streamed responses",
        &["lua::stream::", "start_stream", "write_stream", "end_stream", "send_chunk", "end_chunks", "push_base64", "report_in_stream"],
        &[],
    ),
    ("log entries with levels", &["lua::log::", "write_entry"], &[]),
    (
        "error reports, X-Ray cause",
        &["lua::failure::", "report::", "post_failure", "push_xray_cause", "push_ascii_string", "write_failure", "push_failure_members"],
        &[],
    ),
    (
        "SIGTERM, shutdown hooks",
        &["lua::hooks::", "register_extension", "ask_for_termination", "watch_termination", "shut_down"],
        &["ppoll"],
    ),
    ("SnapStart", &["pass_snapshot", "wait_for_restore", "fail_restore", "report_restore", "reseed"], &[]),
    ("workers", &["coldmoon::workers::", "wait_child", "sys::fork", "sys::Lock"], &["clone", "memfd_create", "wait4", "prctl", "kill"]),
    ("early answers, retries", &["is_answered", "wait_after", "write_connection_error"], &["poll", "nanosleep", "clock_nanosleep"]),
    ("host names", &["resolve"], &["sendto"]),
];

/// Prints the table.
pub fn run(bench: &Bench, unstripped: &Path) -> Result<Value> {
    if !Path::new("/usr/bin/valgrind").exists() || !Path::new("/usr/bin/strace").exists() {
        println!("skipped: what is not used: valgrind or strace is not installed; run scripts/bench-setup\n");
        return Ok(Value::Null);
    }
    let file = bench.work.join("callgrind.out");
    let mut command = Command::new("/usr/bin/valgrind");
    command.args(["--tool=callgrind", "--quiet"]).arg(format!("--callgrind-out-file={}", file.display())).arg(unstripped);
    serve_hello(bench, command)?;
    let executed = instructions(&std::fs::read_to_string(&file)?);

    let trace = bench.work.join("strace.out");
    let mut command = Command::new("/usr/bin/strace");
    command.arg("-o").arg(&trace).arg(unstripped);
    serve_hello(bench, command)?;
    let mut calls: BTreeMap<String, usize> = BTreeMap::new();
    for line in std::fs::read_to_string(&trace)?.lines() {
        if let Some((name, _)) =
            line.split_once('(').filter(|(name, _)| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
        {
            *calls.entry(name.to_owned()).or_default() += 1;
        }
    }

    println!("#### what is not used\n");
    let symbols = symbols(unstripped)?;
    let mut record = json!({});
    let mut rows = Vec::new();
    for (part, words, own_calls) in PARTS {
        let is_part = |name: &str| name.contains("coldmoon::") && words.iter().any(|word| name.contains(word));
        let bytes: usize = symbols.iter().filter(|(name, _)| is_part(name)).map(|(_, bytes)| bytes).sum();
        let executed: u64 = executed.iter().filter(|(name, _)| is_part(name)).map(|(_, count)| count).sum();
        let made: usize = own_calls.iter().filter_map(|name| calls.get(*name)).sum();
        rows.push(vec![part.to_owned(), bytes.to_string(), executed.to_string(), made.to_string()]);
        record[part] = json!({ "bytes": bytes, "instructions": executed, "system_calls": made });
    }
    print_table(&["part", "bytes of code", "instructions", "system calls"], &rows);
    let all: u64 = executed.values().sum();
    let calls: usize = calls.values().sum();
    println!(
        "Of a hello function from its start to the wait after its {CYCLES}th event: {all} instructions and {calls} system calls in all (callgrind, strace). \
         What the compiler has put into another function counts there.\n"
    );
    Ok(record)
}

/// Runs the hello function until it waits for the event after the last, and ends it.
fn serve_hello(bench: &Bench, mut command: Command) -> Result<()> {
    let server = Server::new()?;
    let folder = bench.root.join("bench/runtimes/hello");
    command.current_dir(&folder).env_clear().env("AWS_LAMBDA_RUNTIME_API", &server.address).env("_HANDLER", "app.handler");
    command.env("LAMBDA_TASK_ROOT", &folder).env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128").env("PATH", "/usr/bin:/bin");
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().with_context(|| format!("{command:?}"))?;
    let plan = Plan { event: b"{\"name\":\"Ada\"}", cycles: CYCLES, patience: Duration::from_secs(60), spin: false };
    let timeline = server.serve(&plan, &AtomicBool::new(false));
    // Both tools write their files when the program ends: callgrind is the process itself, strace has it as its child.
    let children = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", child.id())).unwrap_or_default();
    let id = children.split_whitespace().next().map_or(Ok(child.id()), str::parse)?;
    // SAFETY: no memory is passed; neither process has been waited for.
    unsafe { libc::kill(libc::pid_t::try_from(id)?, libc::SIGTERM) };
    child.wait()?;
    if timeline?.responses.len() != CYCLES {
        bail!("{command:?}: it did not answer");
    }
    Ok(())
}

/// The instructions of each function itself, out of callgrind's file (valgrind.org/docs/manual/cl-format.html).
fn instructions(text: &str) -> BTreeMap<String, u64> {
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let mut function = String::new();
    let mut is_call = false;
    for line in text.lines() {
        if let Some((_, name)) = line.split_once("fn=").filter(|(before, _)| before.is_empty() || *before == "c") {
            let (id, rest) = name.split_once(')').unwrap_or((name, ""));
            if !rest.is_empty() {
                names.insert(id.to_owned(), rest.trim().to_owned());
            }
            if line.starts_with("fn=") {
                function = names.get(id).cloned().unwrap_or_default();
            }
        } else if line.starts_with("calls=") {
            is_call = true;
        } else if line.starts_with(|first: char| first.is_ascii_digit() || "+-*".contains(first)) {
            // The line behind a call is what that call cost.
            if !std::mem::take(&mut is_call)
                && let Some(count) = line.split_whitespace().nth(1).and_then(|count| count.parse::<u64>().ok())
            {
                *counts.entry(function.clone()).or_default() += count;
            }
        }
    }
    counts
}
