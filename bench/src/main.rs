//! `scripts/bench`: measures coldmoon beside others and prints the tables of the README. See `README.md` in this folder.

mod cold;
mod contenders;
mod json;
mod picture;
mod process;
mod record;
mod server;
mod size;
mod stats;
mod unused;
mod warm;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use server::Server;
use std::path::PathBuf;

/// The version of LuaJIT's source, as `Cargo.toml` pins it.
const LUAJIT_SRC: &str = "210.7.4";

/// What every part needs to know.
pub struct Bench {
    /// The repository.
    root: PathBuf,
    /// Where generated files go.
    work: PathBuf,
    /// Fewer rounds, for a look.
    quick: bool,
    /// `--name value` pairs.
    options: Vec<(String, String)>,
}

/// One table of a benchmark: measures, prints the table, returns what is recorded of it.
type Part = fn(&Bench, &Server) -> Result<Value>;

impl Bench {
    fn option(&self, name: &str) -> Option<&str> {
        self.options.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    fn rounds(&self, usual: usize) -> usize {
        let usual = if self.quick { usual.div_ceil(5) } else { usual };
        self.option("rounds").and_then(|text| text.parse().ok()).unwrap_or(usual)
    }

    /// Runs all parts of a benchmark, or the one that `--part` names, and says what is not quite fair. Whether the run was a full one: then
    /// it is recorded.
    fn run_parts(&self, name: &str, parts: &[(&str, Part)], not_fair: &str) -> Result<bool> {
        let only = self.option("part");
        if let Some(only) = only.filter(|only| !parts.iter().any(|(part, _)| part == only)) {
            bail!("{name} has no part {only}; it has: {}", parts.iter().map(|(part, _)| *part).collect::<Vec<_>>().join(", "));
        }
        let server = Server::new()?;
        let mut record = json!({});
        for (part, measure) in parts.iter().filter(|(part, _)| only.is_none_or(|only| only == *part)) {
            record[*part] = measure(self, &server)?;
        }
        println!("{}", not_fair.trim());
        let is_full = only.is_none() && self.option("only").is_none() && !self.quick;
        if is_full {
            record::write(&self.root, name, record)?;
        }
        Ok(is_full)
    }

    /// The real events and the JSON documents.
    fn data(&self) -> PathBuf {
        std::env::var_os("COLDMOON_TEST_DATA").map_or_else(|| self.root.join("../shared/data"), PathBuf::from)
    }
}

fn main() -> Result<()> {
    let mut words = std::env::args().skip(1);
    let what = words.next().context("usage: coldmoon-bench cold|warm|json|size|picture [--quick] [--rounds N]")?;
    let mut options = Vec::new();
    let mut quick = false;
    while let Some(word) = words.next() {
        match word.strip_prefix("--") {
            Some("quick") => quick = true,
            Some(name) => options.push((name.to_owned(), words.next().with_context(|| format!("{word} needs a value"))?)),
            None => bail!("unexpected argument: {word}"),
        }
    }
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().context("bench/ is in the repository")?.to_owned();
    let work = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from).join("bench");
    std::fs::create_dir_all(&work)?;
    let bench = Bench { root, work, quick, options };
    match what.as_str() {
        "cold" => cold::run(&bench),
        "warm" => warm::run(&bench),
        "json" => json::run(&bench),
        "size" => size::run(&bench),
        "picture" => picture::draw(&bench),
        _ => bail!("no such benchmark: {what}"),
    }
}
