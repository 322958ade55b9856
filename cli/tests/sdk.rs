//! The Invoke endpoints of `coldmoon serve`, called by AWS's own clients: boto3 and the AWS CLI. `scripts/fetch-aws-sdk` brings them.

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use support::served::Served;
use support::{skip, target_folder};

const APP: &str = r#"
local coldmoon = require "coldmoon"
return { handler = function(event, context)
  print("got " .. tostring(event.name))
  if event.fail then error(event.fail) end
  if event.stream then
    return coldmoon.stream(function(write)
      write("one ") coldmoon.sleep(50) write("two")
      if event.stream == "half" then error("gone") end
    end)
  end
  return { hello = event.name, arn = context.invoked_function_arn, client = context.client_context, tenant = context.tenant_id }
end }
"#;

/// The folder of their programs.
fn programs() -> Option<PathBuf> {
    let folder = target_folder().join("aws-sdk/bin");
    let found = folder.join("aws").is_file();
    if !found {
        skip(&format!("there is no {}: scripts/fetch-aws-sdk brings it", folder.join("aws").display()));
    }
    found.then_some(folder)
}

#[test]
fn boto3_sees_what_it_sees_of_lambda() {
    let Some(programs) = programs() else { return };
    let served = Served::start(APP, &["--name", "shop"]);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/boto3_calls.py");
    let output = Command::new(programs.join("python")).arg(script).args([&served.url, "shop"]).output().expect("Python runs");
    assert!(output.status.success(), "{}\n{}", String::from_utf8_lossy(&output.stderr), served.log());
    let seen: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let arn = |qualifier: &str| format!("arn:aws:lambda:us-east-1:012345678912:function:shop{qualifier}");

    let plain = &seen["plain"];
    assert_eq!((&plain["status"], &plain["version"], &plain["error"]), (&json!(200), &json!("$LATEST"), &Value::Null));
    assert_eq!(plain["payload"], json!({ "hello": "Ada", "arn": arn(""), "client": { "custom": { "a": "b" } }, "tenant": "blue" }));
    let log = plain["log"].as_str().unwrap();
    assert!(
        log.starts_with("START RequestId: ") && log.contains("\ngot Ada\nEND RequestId: ") && log.contains("\nREPORT RequestId: "),
        "{log}"
    );
    assert_eq!(seen["no payload"]["payload"], json!({ "arn": arn("") }));
    assert_eq!(seen["arn"]["payload"]["arn"], arn(":prod"));
    assert_eq!(seen["qualifier"]["payload"]["arn"], arn(":7"));

    let failed = &seen["function error"];
    assert_eq!(
        (&failed["status"], &failed["error"], &failed["payload"]["errorType"]),
        (&json!(200), &json!("Unhandled"), &json!("LuaError"))
    );
    assert!(failed["log"].as_str().unwrap().contains("boom"), "{failed}");
    assert_eq!((&seen["event"]["status"], &seen["dry run"]["status"]), (&json!(202), &json!(204)));

    let stream = &seen["stream"];
    assert_eq!((&stream["status"], &stream["version"], &stream["chunks"]), (&json!(200), &json!("$LATEST"), &json!(["one ", "two"])));
    assert!(stream["complete"]["ErrorCode"].is_null() && stream["complete"]["LogResult"].as_str().unwrap().contains("REPORT"), "{stream}");
    let half = &seen["half a stream"];
    assert_eq!((whole(half).as_str(), &half["complete"]["ErrorCode"]), ("one two", &json!("LuaError")));
    assert!(half["complete"]["ErrorDetails"].as_str().unwrap().contains("gone"), "{half}");
    let buffered: Value = serde_json::from_str(&whole(&seen["not a stream"])).unwrap();
    assert_eq!(buffered, json!({ "hello": "Ada", "arn": arn("") }));

    for (what, class, message) in [
        ("unknown", "ResourceNotFoundException", "Function not found: arn:aws:lambda:us-east-1:012345678912:function:nope"),
        ("not json", "InvalidRequestContentException", "Could not parse request body into json"),
        ("too large", "RequestTooLargeException", "Request must be smaller than 6291456 bytes for the InvokeFunction operation"),
    ] {
        assert_eq!((&seen[what]["class"], &seen[what]["code"]), (&json!(class), &json!(class)), "{what}");
        assert!(seen[what]["message"].as_str().unwrap().starts_with(message), "{}", seen[what]);
    }
}

#[test]
fn aws_cli_invokes() {
    let Some(programs) = programs() else { return };
    let served = Served::start(APP, &[]);
    let run = |arguments: &[&str]| {
        let output = Command::new(programs.join("aws"))
            .args(["--endpoint-url", &served.url, "--region", "us-east-1", "lambda", "invoke"])
            .args(arguments)
            .current_dir(served.folder())
            .env("AWS_ACCESS_KEY_ID", "none")
            .env("AWS_SECRET_ACCESS_KEY", "none")
            .env("AWS_MAX_ATTEMPTS", "1")
            .output()
            .expect("the AWS CLI runs");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let payload = ["--function-name", "function", "--payload", r#"{"name":"Ada"}"#];
    let (code, stdout, stderr) = run(&[&payload[..], &["--log-type", "Tail", "out.json"]].concat());
    assert_eq!(code, Some(0), "{stderr}\n{}", served.log());
    let metadata: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((&metadata["StatusCode"], &metadata["ExecutedVersion"]), (&json!(200), &json!("$LATEST")));
    assert!(metadata["LogResult"].is_string());
    let written: Value = serde_json::from_slice(&std::fs::read(served.folder().join("out.json")).unwrap()).unwrap();
    assert_eq!(written["hello"], "Ada");

    let (code, stdout, _) = run(&["--function-name", "function:prod", "--payload", r#"{"fail":"boom"}"#, "out.json"]);
    let metadata: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((code, &metadata["FunctionError"]), (Some(0), &json!("Unhandled")));
    let (code, _, stderr) = run(&["--function-name", "nope", "out.json"]);
    assert!(code != Some(0) && stderr.contains("(ResourceNotFoundException)") && stderr.contains("Function not found: "), "{stderr}");
}

/// The chunks of a stream as one text; how they are cut is the network's affair.
fn whole(stream: &Value) -> String {
    stream["chunks"].as_array().expect("a list").iter().filter_map(Value::as_str).collect()
}
