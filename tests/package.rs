//! What `coldmoon package` puts into a zip, run by the real bootstrap: bytecode, also of the other architecture; what it takes for given.

use std::path::PathBuf;

use coldmoon_cli::bundle::BUILT_IN;
use coldmoon_cli::compile::{Compiler, Debug};
use coldmoon_cli::runtime_api::{Invocation, Options, Outcome, RuntimeApi};
use coldmoon_tests::process::Setup;
use coldmoon_tests::{bootstrap, runner, skip, target_folder};

/// A bootstrap that this machine runs by itself: the one under test, or the debug build where that one is for another architecture.
fn compiler() -> Option<Compiler> {
    let path: PathBuf = if runner().is_empty() { bootstrap() } else { target_folder().join("debug/bootstrap") };
    if !path.is_file() {
        skip(&format!("there is no {}, which would compile", path.display()));
        return None;
    }
    Some(Compiler::start(&path).expect("it starts"))
}

const SOURCE: &str = "#!/usr/bin/env lua\n\
    local words = require 'lib.words'\n\
    local function fail() error('no ' .. words.one) end\n\
    return { handler = function(event)\n\
      if event == 0 then fail() end\n\
      local large, map = 0x7fffffffffffffffLL, { a = 1, b = { 2, 3 }, [1] = 'x', half = 0.5 }\n\
      for i = 1, 100 do large = large - i end\n\
      return { large, map.a, map.b, map.half, words.one, ('x'):rep(3), -event, #words.long }\n\
    end }\n";
const WORDS: &str = "return { one = 'word', long = [==[\nlong\0text]==] .. ('\\255' .. 'é') }\n";

#[test]
fn bytecode_runs_on_both_architectures_as_the_source_does() {
    let Some(compiler) = compiler() else { return };
    let run = |app: &[u8], words: &[u8]| -> (Vec<u8>, Vec<String>) {
        let setup = Setup::new("");
        setup.write("app.lua", app);
        setup.write("lib/words.lua", words);
        let api = RuntimeApi::start(Options::default()).expect("a local API");
        let process = setup.start(api.address());
        let outcome = |event: &str| api.queue(Invocation::new(event)).wait();
        let Outcome::Response(response) = outcome("7") else { panic!("{}", process.report()) };
        let error = outcome("0").error().unwrap_or_else(|| panic!("{}", process.report()));
        (response.body, [vec![error.error_message().unwrap_or_default()], error.stack_trace()].concat())
    };
    let source = run(SOURCE.as_bytes(), WORDS.as_bytes());
    let compile = |debug| {
        let app = compiler.compile("app.lua", SOURCE.as_bytes(), debug).expect("it compiles");
        let words = compiler.compile("lib/words.lua", WORDS.as_bytes(), debug).expect("it compiles");
        assert!(app.starts_with(b"\x1bLJ") && words.starts_with(b"\x1bLJ"));
        assert!(app == compiler.compile("app.lua", SOURCE.as_bytes(), debug).expect("it compiles"), "the same bytes");
        (app, words)
    };
    let (app, words) = compile(Debug::Kept);
    assert_eq!(run(&app, &words), source, "lines and names are those of the source");
    assert_eq!(source.1[0], "app.lua:3: no word");
    let (stripped, words) = compile(Debug::Stripped);
    assert!(stripped.len() < app.len());
    assert_eq!(run(&stripped, &words).0, source.0);
}

#[test]
fn what_is_no_lua_is_told_with_its_line() {
    let Some(compiler) = compiler() else { return };
    let error = compiler.compile("lib/a.lua", b"local a = 1\nlocal b = = 2\n", Debug::Kept).expect_err("it is no Lua");
    assert_eq!(error.to_string(), "lib/a.lua:2: unexpected symbol near '='");
    // And the next file is compiled all the same.
    compiler.compile("lib/b.lua", b"return 1", Debug::Kept).expect("it compiles");
}

#[test]
fn the_modules_that_are_taken_for_given_are_there() {
    let setup = Setup::new("return { handler = function(name) return type(require(name)) end }\n");
    let api = RuntimeApi::start(Options::default()).expect("a local API");
    let process = setup.start(api.address());
    for name in BUILT_IN {
        let outcome = api.queue(Invocation::new(format!("\"{name}\""))).wait();
        let Outcome::Response(response) = outcome else { panic!("{name}: {outcome:?}\n{}", process.report()) };
        assert!(matches!(response.body.as_slice(), b"\"table\"" | b"\"function\""), "{name}");
    }
}
