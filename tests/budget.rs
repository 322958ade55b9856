//! What start and size may cost: a change that makes one of them worse by more than 5 % fails here.
//!
//! Neither depends on the machine's mood: instructions up to the first `GET /next` are counted by callgrind, bytes are bytes. Both depend on
//! the compilers, so the bounds hold for [`TOOLCHAIN`] alone; a binary that other tools have built is measured and not judged.
//!
//! `scripts/layer && cargo test -p coldmoon-tests --test budget` prints what was measured beside what is written here. A lasting change for the
//! better, or one for the worse that is worth it, is written into [`BUDGET`], with its reason in the commit.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use coldmoon_tests::process::Setup;
use coldmoon_tests::{skip, tell, workspace};
use rustix::process::{Pid, Signal};

/// Debian 12's `rustc-web` and `gcc`, as `scripts/build` notes them.
const TOOLCHAIN: [&str; 2] = ["rustc 1.96.0 (ac68faa20 2026-05-25) (built from a source tarball), its library's source", " 12.2.0"];

/// What was measured when it was last looked at.
const BUDGET: [(&str, u64); 5] = [
    ("x86_64: instructions to the first GET", 253_100),
    ("x86_64: bytes of bootstrap", 504_008),
    ("x86_64: bytes of the zip", 268_124),
    ("aarch64: bytes of bootstrap", 524_488),
    ("aarch64: bytes of the zip", 279_099),
];

/// By how much that may be exceeded, in percent.
const TOLERANCE: u64 = 5;

/// The zip of bare LuaJIT with musl, from the same library with the same flags (`scripts/bench size`). The layer's is at most a tenth larger.
const BARE_ZIP_BYTES: u64 = 246_616;

fn is_judged(arch: &str) -> bool {
    let path = workspace().join("dist").join(arch).join("toolchain");
    let found = fs::read_to_string(&path).unwrap_or_default();
    let is_known = found.lines().count() == 2 && found.lines().zip(TOOLCHAIN).all(|(found, known)| found.ends_with(known));
    if !is_known {
        tell(&format!("not judged: the bounds are for Debian 12's tools, and {} names others", path.display()));
    }
    is_known
}

/// The problem where there is one; what was measured is told in any case.
fn compare(name: &str, measured: u64) -> Option<String> {
    let (_, known) = BUDGET.into_iter().find(|(known, _)| *known == name).expect("it is in BUDGET");
    let percent = 100.0 * (measured as f64 / known as f64 - 1.0);
    tell(&format!("budget: (\"{name}\", {measured}), {percent:+.2} % to {known}"));
    (measured * 100 > known * (100 + TOLERANCE)).then(|| format!("{name}: {measured} is {percent:.1} % more than {known}"))
}

/// Instructions from the first one to the one that sends `GET /next`, of a hello handler.
fn instructions_to_first_get(bootstrap: &Path) -> u64 {
    let setup = Setup::new(fs::read(workspace().join("examples/hello.lua")).expect("the example"));
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(bootstrap);
    command.env_clear().envs(&setup.env).env("AWS_LAMBDA_RUNTIME_API", listener.local_addr().expect("its address").to_string());
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("valgrind is installed");
    let (stream, _) = listener.accept().expect("it connects");
    let mut request = String::new();
    BufReader::new(&stream).read_line(&mut request).expect("it sends a line");
    assert!(request.starts_with("GET ") && request.contains("/next "), "{request}");
    // It waits for the reply now. Ended by a signal, callgrind says what it has counted.
    rustix::process::kill_process(Pid::from_child(&child), Signal::TERM).expect("it has not been reaped");
    let mut said = String::new();
    child.stderr.take().expect("it is piped").read_to_string(&mut said).expect("text");
    child.wait().expect("nobody else waits for it");
    let collected = said.lines().find_map(|line| line.split_once("Collected :")).unwrap_or_else(|| panic!("callgrind said {said}"));
    collected.1.trim().parse().expect("a number")
}

#[test]
fn start_and_size_stay_within_five_percent() {
    let mut problems = Vec::new();
    for arch in ["x86_64", "aarch64"] {
        let bootstrap = workspace().join("dist").join(arch).join("bootstrap");
        let zip = workspace().join(format!("dist/coldmoon-{arch}.zip"));
        let mut measured = Vec::new();
        for (name, path) in [("bootstrap", &bootstrap), ("the zip", &zip)] {
            match fs::metadata(path) {
                Ok(metadata) => measured.push((format!("{arch}: bytes of {name}"), metadata.len())),
                Err(_) => skip(&format!("there is no {}; scripts/layer {arch} makes it", path.display())),
            }
        }
        let name = format!("{arch}: instructions to the first GET");
        if bootstrap.exists() && arch == std::env::consts::ARCH && BUDGET.iter().any(|(known, _)| *known == name) {
            match Command::new("valgrind").arg("--version").output() {
                Ok(_) => measured.push((name, instructions_to_first_get(&bootstrap))),
                Err(_) => skip("valgrind, which counts instructions, is not installed. Debian: apt-get install valgrind"),
            }
        }
        let mut found: Vec<String> = measured.iter().filter_map(|(name, count)| compare(name, *count)).collect();
        found.extend(
            measured
                .iter()
                .filter(|(name, bytes)| name == "x86_64: bytes of the zip" && bytes * 10 > BARE_ZIP_BYTES * 11)
                .map(|(name, bytes)| format!("{name}: {bytes} is more than a tenth over bare LuaJIT's {BARE_ZIP_BYTES}")),
        );
        if !found.is_empty() && is_judged(arch) {
            problems.extend(found);
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
