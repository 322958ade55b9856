//! The stub of `coldmoon` for plain Lua, `lua/stub/coldmoon.lua`: handlers run with it under busted or luaunit on a laptop.
//!
//! `stub/checks.lua` holds what a handler sees; it runs in the real bootstrap and, with the stub, in every Lua that is installed, so the
//! stub cannot drift from the runtime. Debian's packages lua5.1 to lua5.4, luajit, lua-unit and lua-busted; what is absent is skipped.

use std::path::{Path, PathBuf};
use std::process::Command;

use coldmoon_cli::runtime_api::{Invocation, Options, Outcome, RuntimeApi};
use coldmoon_tests::process::Setup;
use coldmoon_tests::{skip, tell, workspace};

/// Every Lua that the stub is for.
const LUAS: [&str; 5] = ["lua5.1", "lua5.2", "lua5.3", "lua5.4", "luajit"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("stub")
}

/// A command with the stub, its own folder and the examples in the search path.
fn with_stub(program: &str) -> Command {
    let root = workspace();
    let root = root.to_str().expect("a path that Lua can read");
    let mut command = Command::new(program);
    command.current_dir(folder()).env_remove("LUA_INIT").env_remove("LUA_CPATH");
    command.env("LUA_PATH", format!("{root}/lua/stub/?.lua;./?.lua;{root}/examples/?.lua;;"));
    command
}

/// Whether a program of that name can be started.
fn is_installed(program: &str) -> bool {
    Command::new(program).arg("-v").output().is_ok()
}

/// Runs it; fails with what it wrote where it fails.
fn run(command: &mut Command) -> String {
    let output = command.output().expect("it was started before");
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}\n{text}");
    text
}

#[test]
fn the_checks_hold_in_the_runtime() {
    let setup =
        Setup::new("return { handler = function() local count, differences = require 'checks'() return { count, differences } end }\n");
    setup.write("checks.lua", std::fs::read(folder().join("checks.lua")).expect("a file"));
    let api = RuntimeApi::start(Options::default()).expect("a local API");
    let process = setup.start(api.address());
    let outcome = api.queue(Invocation::new("1")).wait();
    let Outcome::Response(response) = outcome else { panic!("{outcome:?}\n{}", process.report()) };
    let report: serde_json::Value = serde_json::from_slice(&response.body).expect("JSON");
    assert_eq!(report[1], serde_json::json!({}), "differences");
    assert!(report[0].as_u64() > Some(70), "{report}");
}

#[test]
fn the_checks_hold_with_the_stub() {
    let script = "local count, differences = require 'checks'()\n\
        for _, text in ipairs(differences) do print(text) end\n\
        assert(#differences == 0 and count > 70)";
    for lua in LUAS {
        if is_installed(lua) {
            run(with_stub(lua).args(["-e", script]));
            tell(&format!("stub: the checks hold in {lua}"));
        } else {
            skip(&format!("{lua} is not installed"));
        }
    }
}

#[test]
fn the_examples_run_under_luaunit() {
    let has_luaunit = |lua: &&str| Command::new(lua).args(["-e", "require 'luaunit'"]).output().is_ok_and(|output| output.status.success());
    let luas: Vec<&str> = LUAS.into_iter().filter(has_luaunit).collect();
    if luas.is_empty() {
        skip("no Lua has luaunit (Debian: lua-unit)");
    }
    for lua in luas {
        let text = run(with_stub(lua).arg("luaunit_examples.lua"));
        assert!(text.contains("3 successes"), "{lua}: {text}");
    }
}

#[test]
fn a_stream_runs_under_busted() {
    if !is_installed("busted") {
        return skip("busted is not installed (Debian: lua-busted)");
    }
    let text = run(with_stub("busted").args(["--output", "TAP", "busted_spec.lua"]));
    assert!(text.contains("1..3") && !text.contains("not ok"), "{text}");
}
