//! Events of AWS services, as aws-lambda-go collects them: each comes back through an echo handler equal to what went in.
//!
//! The data is not the project's own: `COLDMOON_TEST_DATA` names its folder. Where it is absent this says so and passes.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use coldmoon_cli::function::Function;
use coldmoon_cli::runtime_api::{Invocation, Options, Outcome, RuntimeApi};
use coldmoon_tests::process::Setup;
use coldmoon_tests::{PATIENCE, bootstrap, runner, tell, test_data};
use serde_json::Value;

/// Invalid on purpose.
const MALFORMED: &str = "dynamodb-event-malformed.2.json";
/// What the collection has beside it.
const VALID_COUNT: usize = 103;

fn events() -> Option<Vec<(String, Vec<u8>)>> {
    let folder = test_data("events")?;
    let mut files: Vec<PathBuf> = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    let read = |path: &PathBuf| (path.file_name().unwrap_or_default().to_string_lossy().into_owned(), fs::read(path).expect("a file"));
    Some(files.iter().map(read).collect())
}

fn invoke(api: &RuntimeApi, event: &[u8]) -> Outcome {
    api.queue(Invocation::new(event)).wait_timeout(PATIENCE).expect("an outcome in time")
}

#[test]
fn every_event_comes_back_equal_and_an_invalid_one_is_an_error() {
    let Some(events) = events() else { return };
    let setup = Setup::new("return { handler = function(event) return event end }\n");
    let api = RuntimeApi::start(Options::default()).expect("a local API");
    let mut function = Function::new(bootstrap(), "app.handler");
    function.runner = runner();
    function.task_root = setup.folder().to_owned();
    let process = function.start(&api).expect("it starts");
    let mut differences = Vec::new();
    let mut count = 0;
    for (name, event) in &events {
        let outcome = invoke(&api, event);
        if name == MALFORMED {
            let error = outcome.error().expect("an event that is not JSON is an error");
            assert_eq!(error.error_type().as_deref(), Some("Runtime.UnmarshalError"), "{name}");
            continue;
        }
        count += 1;
        let sent: Value = serde_json::from_slice(event).unwrap_or_else(|error| panic!("{name}: {error}"));
        match outcome {
            Outcome::Response(response) => match serde_json::from_slice::<Value>(&response.body) {
                Ok(found) => difference(&sent, &found, name, &mut differences),
                Err(error) => differences.push(format!("{name}: {error}")),
            },
            Outcome::Error(error) => differences.push(format!("{name}: {}", String::from_utf8_lossy(&error.body))),
            other => panic!("{name}: {other:?}\n{}", process.log()),
        }
    }
    process.end(Duration::ZERO);
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
    assert_eq!(count, VALID_COUNT, "files in the collection");
    tell(&format!("events: {count} valid ones came back equal"));
}

/// Notes where `found` is not `sent`: numbers digit for digit where they are integers, else the same double; `[]` is not `{}`.
fn difference(sent: &Value, found: &Value, path: &str, differences: &mut Vec<String>) {
    match (sent, found) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for key in keys {
                let (sent, found) = (a.get(key), b.get(key));
                match (sent, found) {
                    (Some(sent), Some(found)) => difference(sent, found, &format!("{path}.{key}"), differences),
                    _ => differences.push(format!("{path}.{key}: {sent:?} became {found:?}")),
                }
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (index, (sent, found)) in a.iter().zip(b).enumerate() {
                difference(sent, found, &format!("{path}[{index}]"), differences);
            }
        }
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.to_string(), b.to_string());
            let is_integer = a.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
            // A double may have been written in another form (`1.0`, `1E2`); its value may not have changed.
            if a != b && (is_integer || a.parse::<f64>() != b.parse::<f64>()) {
                differences.push(format!("{path}: {a} became {b}"));
            }
        }
        _ if sent == found => {}
        _ => differences.push(format!("{path}: {sent} became {found}")),
    }
}

#[test]
fn the_comparison_sees_what_it_should() {
    for (sent, found, is_same) in [
        ("[]", "{}", false),
        ("{\"a\":null}", "{}", false),
        ("[1,null,3]", "[1]", false),
        ("9007199254740993", "9007199254740992", false),
        ("9007199254740993", "9007199254740993.0", false),
        ("1.0", "1", true),
        ("0.1", "0.10000000000000001", true),
        ("0.1", "0.2", false),
        ("{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", true),
        ("\"1\"", "1", false),
    ] {
        let mut differences = Vec::new();
        let parse = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
        difference(&parse(sent), &parse(found), "", &mut differences);
        assert_eq!(differences.is_empty(), is_same, "{sent} {found}: {differences:?}");
    }
}
