//! Languages that are compiled to Lua ahead: the examples, compiled by their own compilers where a registry can be reached.
//!
//! What their positions in stack traces rest on: `handlers/traceback_*.lua`.

use std::process::{Command, Stdio};

use coldmoon_cli::runtime_api::{Invocation, Options, Outcome, RuntimeApi};
use coldmoon_tests::process::Setup;
use coldmoon_tests::{skip, target_folder, workspace};

const FILES: [&str; 3] = ["package.json", "tsconfig.json", "app.ts"];

/// Compiles `examples/typescript`; its function. The compiler is kept in the target folder.
fn compile_typescript() -> Result<Setup, String> {
    let folder = target_folder().join("typescript");
    std::fs::create_dir_all(&folder).expect("the target folder can be written");
    for file in FILES {
        std::fs::copy(workspace().join("examples/typescript").join(file), folder.join(file)).expect("a file of the example");
    }
    let npm = |arguments: &[&str]| {
        let output = Command::new("npm").args(arguments).current_dir(&folder).stdin(Stdio::null()).output();
        let output = output.map_err(|error| format!("npm cannot be started: {error}"))?;
        let said = [output.stdout, output.stderr].concat();
        if output.status.success() { Ok(()) } else { Err(format!("npm {}: {}", arguments.join(" "), String::from_utf8_lossy(&said))) }
    };
    if !folder.join("node_modules/.bin/tstl").exists() {
        npm(&["install", "--silent", "--no-audit", "--no-fund"])?;
    }
    // From here on the compiler is there, and nothing may fail.
    npm(&["run", "build"]).unwrap_or_else(|error| panic!("{error}"));
    let setup = Setup::without_files();
    for file in ["app.lua", "lualib_bundle.lua"] {
        setup.write(file, std::fs::read(folder.join("out").join(file)).expect("what the compiler writes"));
    }
    Ok(setup)
}

#[test]
fn typescript_runs_and_its_stacks_show_its_lines() {
    let setup = match compile_typescript() {
        Ok(setup) => setup,
        Err(why) => return skip(&why),
    };
    let api = RuntimeApi::start(Options::default()).expect("a local API");
    let process = setup.start(api.address());
    let call = |event: &str| api.queue(Invocation::new(event)).wait();

    let Outcome::Response(response) = call(r#"{"lines":[{"sku":"A17","price":12.5,"count":2}]}"#) else { panic!("{}", process.report()) };
    let found: serde_json::Value = serde_json::from_slice(&response.body).expect("a response is JSON");
    assert_eq!(found, serde_json::json!({ "lines": [{ "sku": "A17", "price": 12.5, "count": 2, "total": 25 }], "total": 25 }));

    // Where `line.count` is compared, and where that is called from.
    let source = std::fs::read_to_string(workspace().join("examples/typescript/app.ts")).expect("the example");
    let line_of = |text: &str| 1 + source.lines().position(|line| line.contains(text)).expect("a line of the example");
    let Outcome::Error(report) = call(r#"{"lines":[{"sku":"A17","price":12.5}]}"#) else { panic!("{}", process.report()) };
    let stack = report.stack_trace();
    assert_eq!(stack[0], format!("app.ts:{}: in function 'total'", line_of("line.count < 0")), "{stack:?}");
    assert_eq!(stack[stack.len() - 1], format!("app.ts:{}: in function 'handler'", line_of("event.lines.map")), "{stack:?}");

    let Outcome::Error(report) = call(r#"{"lines":[{"sku":"A17","price":12.5,"count":-2}]}"#) else { panic!("{}", process.report()) };
    assert_eq!(report.error_message().as_deref(), Some("A17: a count of -2"));
}
