//! Size: bare LuaJIT on musl beside the layer's binary, and what the difference consists of.
//!
//! Both are linked from the same `libluajit.a`, the one that `build.rs` made for the layer, with the same linker flags.

use crate::Bench;
use crate::stats::print_table;
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::process::Command;

pub fn run(bench: &Bench) -> Result<()> {
    let layer = PathBuf::from(bench.option("static").context("--static")?);
    let bytes = std::fs::read(&layer).with_context(|| layer.display().to_string())?;
    let build = match bench.option("build") {
        Some(folder) => PathBuf::from(folder),
        None => bench.work.parent().context("work has a parent")?.join("static/x86_64-unknown-linux-musl/release/build"),
    };
    let out = newest_out(&build)?;
    let bare = bare(bench, &out)?;
    let bare_bytes = std::fs::read(&bare)?;

    let licences = std::fs::read(bench.root.join("vendor/LICENSE"))?;
    let bytecode = folder_files(&out.join("bytecode"));
    let parts = [
        ("bare LuaJIT and musl", vec![("bootstrap", bare_bytes.clone())]),
        ("coldmoon", vec![("bootstrap", bytes.clone())]),
        ("coldmoon and licences: the layer", vec![("bootstrap", bytes.clone()), ("LICENSE", licences.clone())]),
    ];
    println!("### size, x86_64\n");
    let mut rows = Vec::new();
    let mut record = json!({});
    let mut base = 0;
    let mut total = 0;
    for (name, files) in parts {
        let zip: usize = zip_bytes(&files)?;
        base = if base == 0 { zip } else { base };
        total = zip;
        let plain: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
        rows.push(vec![
            name.to_owned(),
            plain.to_string(),
            zip.to_string(),
            (zip - base).to_string(),
            format!("{:.1} %", 100.0 * (zip as f64 / base as f64 - 1.0)),
        ]);
        record[name] = json!({ "bytes": plain, "zip_bytes": zip });
    }
    print_table(&["what", "bytes", "zip bytes", "more than bare", "in percent"], &rows);
    println!(
        "The layer: {total} bytes, {:.1} % over bare LuaJIT. Deflated by zopfli, 15 iterations; the zip's own headers are counted.\n",
        100.0 * (total as f64 / base as f64 - 1.0)
    );

    let embedded: usize = bytecode.iter().map(|(_, bytes)| bytes.len()).sum();
    println!(
        "The Lua half: {} modules, {embedded} bytes of bytecode, {} bytes deflated together.\n",
        bytecode.len(),
        deflated(&bytecode.iter().flat_map(|(_, bytes)| bytes.clone()).collect::<Vec<_>>())?
    );
    record["lua_half"] = json!(bytecode.iter().map(|(name, bytes)| (name.clone(), bytes.len())).collect::<BTreeMap<_, _>>());
    println!("Licence texts: {} bytes, {} deflated.\n", licences.len(), deflated(&licences)?);

    match bench.option("unstripped").map(Path::new).filter(|path| path.exists()) {
        None => println!("skipped: code by module, sections: there is no unstripped build (scripts/bench makes one)\n"),
        Some(unstripped) => {
            record["modules"] = modules(unstripped, &bench.work.join("bare-unstripped"))?;
            record["unused"] = crate::unused::run(bench, unstripped)?;
            sections(&[("bare", &bench.work.join("bare-unstripped")), ("coldmoon", unstripped)])?;
        }
    }
    println!(
        "What is not quite fair. The bare program has no protocol, no JSON, no error report; and it has LuaJIT's and musl's own functions where coldmoon has smaller ones (src/lua/luajit, src/lua/musl). Symbol sizes are before deflate; a symbol that the compiler has put into another counts there."
    );
    if !bench.quick {
        crate::record::write(&bench.root, "size", record)?;
    }
    Ok(())
}

/// LuaJIT as `build.rs` leaves it in its OUT_DIR.
const LIBRARY: &str = "luajit-build/src/libluajit.a";

/// The newest OUT_DIR of the package `coldmoon` that holds LuaJIT's library.
fn newest_out(build: &Path) -> Result<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(build).with_context(|| format!("{}: run scripts/build first", build.display()))? {
        let out = entry?.path().join("out");
        if let Ok(metadata) = std::fs::metadata(out.join(LIBRARY)) {
            found.push((metadata.modified()?, out));
        }
    }
    found.sort();
    Ok(found.pop().with_context(|| format!("no {LIBRARY} below {}", build.display()))?.1)
}

/// Links the bare program, stripped and not, and returns the stripped one.
fn bare(bench: &Bench, out: &Path) -> Result<PathBuf> {
    let stripped = bench.work.join("bare");
    for (to, strip) in [(bench.work.join("bare-unstripped"), None), (stripped.clone(), Some("-s"))] {
        let mut command = Command::new("musl-gcc");
        command.args([
            "-static",
            "-no-pie",
            "-Os",
            "-fno-asynchronous-unwind-tables",
            "-Wl,--gc-sections",
            "-Wl,--build-id=none",
            "-Wl,-z,norelro",
            "-Wl,-z,noseparate-code",
        ]);
        command.args(strip).arg("-I").arg(out.join("luajit-build/src")).arg("-o").arg(&to);
        command.arg(bench.root.join("bench/runtimes/bare.c")).arg(out.join(LIBRARY)).arg("-lm");
        if !command.status().context("musl-gcc (Debian: apt-get install musl-tools)")?.success() {
            bail!("bare.c does not link");
        }
    }
    // What scripts/build does to the layer's binary.
    let mut command = Command::new("sh");
    command.current_dir(&bench.root).args(["-ec", ". scripts/lib.sh; drop_section_headers \"$1\"", "sh"]).arg(&stripped);
    if !command.status().context("sh")?.success() {
        bail!("the section headers of {} cannot be dropped", stripped.display());
    }
    Ok(stripped)
}

fn folder_files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            Some((entry.file_name().to_string_lossy().into_owned(), std::fs::read(entry.path()).ok()?))
        })
        .collect();
    files.sort();
    files
}

fn deflated(bytes: &[u8]) -> Result<usize> {
    let mut out = Vec::new();
    zopfli::compress(zopfli::Options::default(), zopfli::Format::Deflate, bytes, &mut out)?;
    Ok(out.len())
}

/// A zip of these files without extra fields: 30 and 46 bytes and twice the name for each, 22 at the end (APPNOTE.TXT 4.3).
fn zip_bytes(files: &[(&str, Vec<u8>)]) -> Result<usize> {
    files.iter().map(|(name, bytes)| Ok(76 + 2 * name.len() + deflated(bytes)?)).sum::<Result<usize>>().map(|sum| sum + 22)
}

/// Symbols of a file: name to bytes.
pub fn symbols(file: &Path) -> Result<Vec<(String, usize)>> {
    let output = Command::new("nm").args(["-C", "-S", "--defined-only"]).arg(file).output().context("nm (Debian: binutils)")?;
    Ok(String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| {
            let mut words = line.splitn(4, ' ');
            let (_, bytes, kind, name) = (words.next()?, words.next()?, words.next()?, words.next()?);
            // What is only zeros takes no place in the file.
            (!matches!(kind, "b" | "B")).then(|| Some((name.to_owned(), usize::from_str_radix(bytes, 16).ok()?)))?
        })
        .collect())
}

/// The part of the program that a symbol belongs to.
fn part(name: &str, bare: &HashSet<String>) -> String {
    if bare.contains(name) {
        return "LuaJIT and musl, as in the bare program".to_owned();
    }
    if let Some(at) = name.find("coldmoon::") {
        let path: Vec<&str> = name[at..].split(['<', '>', ' ', ',', '(', '{']).next().unwrap_or("").split("::").collect();
        let is_module = |word: &&&str| word.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit());
        let folder = matches!(path.get(1), Some(&"json" | &"lua" | &"http"));
        let depth = if folder && path.len() > 3 && path.get(2).as_ref().is_some_and(is_module) { 3 } else { 2 };
        return path[..depth.min(path.len())].join("::");
    }
    if name.contains("core::") || name.starts_with("anon.") {
        return if name.starts_with("anon.") { "Rust's constants".to_owned() } else { "Rust's core".to_owned() };
    }
    if name.starts_with("lua") || name.starts_with("lj_") {
        return "LuaJIT beyond the bare program".to_owned();
    }
    "musl and others beyond the bare program".to_owned()
}

fn modules(unstripped: &Path, bare: &Path) -> Result<Value> {
    let known: HashSet<String> = symbols(bare)?.into_iter().map(|(name, _)| name).collect();
    let mut parts: BTreeMap<String, usize> = BTreeMap::new();
    let mut others = Vec::new();
    for (name, bytes) in symbols(unstripped)? {
        let part = part(&name, &known);
        if part.starts_with("musl and others") {
            others.push((bytes, name));
        }
        *parts.entry(part).or_default() += bytes;
    }
    let mut sorted: Vec<(&String, &usize)> = parts.iter().collect();
    sorted.sort_by_key(|(_, bytes)| std::cmp::Reverse(**bytes));
    println!("#### code by module\n");
    let rows: Vec<Vec<String>> = sorted.iter().map(|(name, bytes)| vec![(*name).clone(), bytes.to_string()]).collect();
    print_table(&["part", "bytes"], &rows);
    let ours: usize = parts.iter().filter(|(name, _)| name.starts_with("coldmoon")).map(|(_, bytes)| bytes).sum();
    println!("Ours in all: {ours} bytes of symbols.\n");
    others.sort();
    let largest: Vec<String> = others.iter().rev().take(8).map(|(bytes, name)| format!("{name} {bytes}")).collect();
    println!("The largest of musl and others: {}.\n", largest.join(", "));
    Ok(json!(parts))
}

fn sections(files: &[(&str, &Path)]) -> Result<()> {
    println!("#### sections\n");
    let mut names: Vec<String> = Vec::new();
    let mut table = Vec::new();
    for (_, file) in files {
        let output = Command::new("size").args(["-A", "-d"]).arg(file).output().context("size (Debian: binutils)")?;
        let mut sizes = BTreeMap::new();
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            if let [name, bytes, _] = words[..]
                && name.starts_with('.')
            {
                if !names.iter().any(|other| other == name) {
                    names.push(name.to_owned());
                }
                sizes.insert(name.to_owned(), bytes.to_owned());
            }
        }
        table.push(sizes);
    }
    let rows: Vec<Vec<String>> = names
        .iter()
        .map(|name| std::iter::once(name.clone()).chain(table.iter().map(|sizes| sizes.get(name).cloned().unwrap_or_default())).collect())
        .collect();
    let head: Vec<&str> = std::iter::once("section").chain(files.iter().map(|(name, _)| *name)).collect();
    print_table(&head, &rows);
    Ok(())
}
