//! The record of a run: its numbers with the machine's data, as JSON under `bench/records/`.

use anyhow::Result;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

fn output(program: &str, arguments: &[&str]) -> String {
    let run = Command::new(program).args(arguments).output();
    run.map(|run| String::from_utf8_lossy(&run.stdout).lines().next().unwrap_or("").trim().to_owned()).unwrap_or_default()
}

/// What the numbers were measured on.
pub fn machine(root: &Path) -> Value {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model =
        cpu.lines().find_map(|line| line.strip_prefix("model name")).map(|rest| rest.trim_start_matches([' ', '\t', ':']).to_owned());
    let root = root.display().to_string();
    let changed = Command::new("git").args(["-C", &root, "status", "--porcelain", "--", "src", "lua", "build.rs", "Cargo.toml"]).output();
    json!({
        "cpu": model,
        "processors": crate::process::processors(),
        "hypervisor": cpu.contains("hypervisor"),
        "kernel": output("uname", &["-sr"]),
        "date": output("date", &["-u", "+%Y-%m-%dT%H:%M:%SZ"]),
        "load": std::fs::read_to_string("/proc/loadavg").unwrap_or_default().trim(),
        "commit": output("git", &["-C", &root, "rev-parse", "HEAD"]),
        "changed_since_commit": changed.is_ok_and(|run| !run.stdout.is_empty()),
        "rustc": output("rustc", &["--version"]),
        "cc": output("cc", &["--version"]),
        "luajit_src": crate::LUAJIT_SRC,
    })
}

/// Writes `bench/records/<name>.json`.
pub fn write(root: &Path, name: &str, results: Value) -> Result<()> {
    let folder = root.join("bench/records");
    std::fs::create_dir_all(&folder)?;
    let path = folder.join(format!("{name}.json"));
    let mut text = serde_json::to_string_pretty(&json!({ "machine": machine(root), "results": results }))?;
    text.push('\n');
    std::fs::write(&path, text)?;
    eprintln!("recorded in {}", path.display());
    Ok(())
}
