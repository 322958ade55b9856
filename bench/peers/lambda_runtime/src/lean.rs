//! Hello on AWS's crate `lambda_runtime`, on one thread and without tracing.
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        let name = event.payload["name"].as_str().unwrap_or_default();
        Ok::<Value, Error>(json!({ "message": format!("Hello, {name}!") }))
    }))
    .await
}
