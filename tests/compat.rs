//! The compatibility modules: `cjson`, `cjson.safe` and `dkjson`, every function, default, setting, result and error text a row of
//! `compat/*_rows.lua` (their form: `compat/runner.lua`).
//!
//! The rows are run in the real bootstrap. Where the originals are installed they are run there too, which proves that the expectations
//! are theirs: Debian's packages lua-cjson and lua-dkjson with luajit, and OpenResty's lua-cjson where `COLDMOON_OPENRESTY_CJSON` names the
//! folder of its `cjson.so`, built for that luajit.

use std::path::{Path, PathBuf};
use std::process::Command;

use coldmoon_cli::runtime_api::{Invocation, Options, Outcome, RuntimeApi};
use coldmoon_tests::behaviour::check_file;
use coldmoon_tests::process::Setup;
use coldmoon_tests::{skip, tell};

/// Runs the rows that the event names and returns what differs.
const HANDLER: &str = "local coldmoon, run = require 'coldmoon', require 'runner'\n\
    return { handler = function(name)\n\
      local rows, differing, mismatches = run(name, 'coldmoon')\n\
      return { rows = rows, differing = differing, mismatches = coldmoon.array(mismatches) }\n\
    end }\n";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("compat")
}

fn read(name: &str) -> Vec<u8> {
    let path = folder().join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Runs the rows of a file in the bootstrap; returns how many there are.
fn check_rows(name: &str) -> u64 {
    let setup = Setup::new(HANDLER);
    setup.write("runner.lua", read("runner.lua"));
    setup.write(&format!("{name}.lua"), read(&format!("{name}.lua")));
    let api = RuntimeApi::start(Options::default()).expect("a local API");
    let process = setup.start(api.address());
    let outcome = api.queue(Invocation::new(format!("{name:?}"))).wait();
    let Outcome::Response(response) = outcome else { panic!("{outcome:?}\n{}", process.report()) };
    let report: serde_json::Value = serde_json::from_slice(&response.body).expect("the report is JSON");
    let mismatches: Vec<&str> = report["mismatches"].as_array().expect("a list").iter().filter_map(serde_json::Value::as_str).collect();
    let rows = report["rows"].as_u64().expect("a number");
    assert!(mismatches.is_empty(), "{} of {rows} rows differ:\n{}", mismatches.len(), mismatches.join("\n"));
    tell(&format!("{name}: {rows} rows, {} of which differ from an original on purpose", report["differing"]));
    rows
}

/// Runs the rows of a file in an original, `module`, where that is installed.
fn check_original(name: &str, which: &str, module: &str, cpath: &str) {
    let luajit = || {
        let mut command = Command::new("luajit");
        command.current_dir(folder()).env("LUA_PATH", "./?.lua;;").env("LUA_CPATH", cpath).env_remove("LUA_INIT");
        command
    };
    match luajit().args(["-e", &format!("require '{module}'")]).output() {
        Err(error) => return skip(&format!("luajit cannot be started: {error}")),
        Ok(output) if !output.status.success() => return skip(&format!("luajit has no {module} ({which})")),
        Ok(_) => {}
    }
    let output = luajit().args(["original.lua", name, which]).output().expect("luajit can be started");
    let text = String::from_utf8_lossy(&output.stdout);
    let (rows, mismatches) = text.split_once('\n').unwrap_or_default();
    assert!(output.status.success() && mismatches.trim().is_empty(), "{mismatches}{}", String::from_utf8_lossy(&output.stderr));
    tell(&format!("{name}: {rows} rows are as {module} ({which}) does them"));
}

#[test]
fn cjson_is_lua_cjson() {
    assert!(check_rows("cjson_rows") > 300);
}

#[test]
fn dkjson_is_dkjson() {
    assert!(check_rows("dkjson_rows") > 100);
}

#[test]
fn the_rows_of_cjson_are_those_of_debians_package() {
    check_original("cjson_rows", "debian", "cjson", ";;");
}

#[test]
fn the_rows_of_cjson_are_those_of_openresty() {
    match std::env::var("COLDMOON_OPENRESTY_CJSON") {
        Ok(folder) if !folder.is_empty() => check_original("cjson_rows", "openresty", "cjson", &format!("{folder}/?.so")),
        _ => skip("COLDMOON_OPENRESTY_CJSON names no folder with OpenResty's cjson.so"),
    }
}

#[test]
fn the_rows_of_dkjson_are_those_of_debians_package() {
    check_original("dkjson_rows", "debian", "dkjson", ";;");
}

#[test]
fn a_function_of_2019_runs_unchanged() {
    if let Err(difference) = check_file(&folder().join("function_of_2019.lua")) {
        panic!("{difference}");
    }
}
