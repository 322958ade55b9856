//! A function's result as the HTTP response that AWS makes of it.
//!
//! | | without a status code | default content type | what is no such response |
//! | --- | --- | --- | --- |
//! | payload 2.0 | the whole result is the body, 200, JSON | `application/json` | 502 |
//! | payload 1.0 | 200 | `application/json` | 502 |
//! | load balancer | 502 | `application/octet-stream` | 502 |
//!
//! AWS tells the reason of a 502 in no log; [`Malformed`] does.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{HeaderName, HeaderValue};
use serde_json::{Map, Value};

use super::http_event::{ALB_BYTES_MAX, Payload};

/// What is sent to the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpAnswer {
    /// The status code, 200 to 599.
    pub status: u16,
    /// The header fields, `content-type` always among them.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body.
    pub body: Vec<u8>,
}

/// Why a result is no HTTP response: a sentence for the person who wrote the function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed(String);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Fields by which a server frames its messages. AWS renames what a function sets of them.
const FRAMING: [&str; 9] = [
    "connection",
    "content-length",
    "keep-alive",
    "proxy-authenticate",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// What the members of a REST API's response may be called: "Malformed Lambda proxy response" where there are others.
const V1_MEMBERS: [&str; 5] = ["isBase64Encoded", "statusCode", "headers", "multiValueHeaders", "body"];

impl HttpAnswer {
    /// The response that the JSON of a result is.
    ///
    /// # Errors
    /// [`Malformed`] where AWS answers 502.
    pub fn from_result(payload: Payload, result: &[u8]) -> Result<HttpAnswer, Malformed> {
        let Ok(value) = serde_json::from_slice::<Value>(result) else {
            return Err(Malformed(
                "the result is not JSON: bytes go out as { statusCode = 200, body = <base64>, isBase64Encoded = true }, or as a stream"
                    .into(),
            ));
        };
        if payload.is_alb() && result.len() > ALB_BYTES_MAX {
            return Err(Malformed(format!("the result has {} bytes, a load balancer takes {ALB_BYTES_MAX}", result.len())));
        }
        let members = match value {
            Value::Object(members) if payload != Payload::V2 || members.contains_key("statusCode") => members,
            _ if payload == Payload::V2 => {
                return Ok(HttpAnswer { status: 200, headers: vec![content_type("application/json")], body: result.to_vec() });
            }
            other => return Err(Malformed(format!("the result is {}, it has to be an object with statusCode and body", kind(&other)))),
        };
        if payload == Payload::V1
            && let Some(name) = members.keys().find(|name| !V1_MEMBERS.contains(&name.as_str()))
        {
            return Err(Malformed(format!("a REST API knows no member {name} of a response: it takes {}", V1_MEMBERS.join(", "))));
        }
        let status = match members.get("statusCode") {
            None if payload == Payload::V1 => 200,
            None => return Err(Malformed("the result has no statusCode".into())),
            Some(value) => parse_status(value)?,
        };
        let mut headers = Vec::new();
        let multi = payload == Payload::V1 || payload == Payload::AlbMulti;
        if payload != Payload::AlbMulti {
            let multi_names = members.get("multiValueHeaders").filter(|_| multi).and_then(Value::as_object);
            for (name, value) in object(&members, "headers")? {
                // "If you specify values for both, API Gateway merges them into a single list", once for the same pair.
                let twice = multi_names.and_then(|all| all.get(name)).and_then(Value::as_array).is_some_and(|list| list.contains(value));
                if !twice {
                    add_field(&mut headers, payload, name, value)?;
                }
            }
        }
        if multi {
            for (name, values) in object(&members, "multiValueHeaders")? {
                let Some(values) = values.as_array() else {
                    return Err(Malformed(format!("multiValueHeaders.{name} is {}, it has to be an array", kind(values))));
                };
                for value in values {
                    add_field(&mut headers, payload, name, value)?;
                }
            }
        }
        if payload == Payload::V2 {
            add_cookies(&mut headers, &members)?;
        }
        complete(&mut headers, if payload.is_alb() { "application/octet-stream" } else { "application/json" });
        Ok(HttpAnswer { status, headers, body: body(&members)? })
    }

    /// The response that the prelude of a stream announces, with an empty body.
    ///
    /// # Errors
    /// [`Malformed`] where it is no prelude.
    pub fn from_prelude(prelude: &[u8]) -> Result<HttpAnswer, Malformed> {
        let Ok(Value::Object(members)) = serde_json::from_slice::<Value>(prelude) else {
            return Err(Malformed("what stands before the eight NUL bytes of the stream is not a JSON object".into()));
        };
        let status = members.get("statusCode").map_or(Ok(200), parse_status)?;
        let mut headers = Vec::new();
        for (name, value) in object(&members, "headers")? {
            add_field(&mut headers, Payload::V2, name, value)?;
        }
        add_cookies(&mut headers, &members)?;
        complete(&mut headers, "application/octet-stream");
        Ok(HttpAnswer { status, headers, body: Vec::new() })
    }
}

fn content_type(value: &'static str) -> (HeaderName, HeaderValue) {
    (HeaderName::from_static("content-type"), HeaderValue::from_static(value))
}

/// Adds this content type where there is none.
fn complete(headers: &mut Vec<(HeaderName, HeaderValue)>, default: &'static str) {
    if !headers.iter().any(|(name, _)| *name == "content-type") {
        headers.push(content_type(default));
    }
}

/// A number, or its digits in a string.
fn parse_status(value: &Value) -> Result<u16, Malformed> {
    let number = match value {
        Value::String(text) => text.parse().ok(),
        // Lua's numbers have no integers of their own, but the encoder writes 200 for 200.0.
        other => other.as_u64(),
    };
    match number.and_then(|number| u16::try_from(number).ok()) {
        Some(status @ 200..=599) => Ok(status),
        _ => Err(Malformed(format!("statusCode is {value}, it has to be a number from 200 to 599"))),
    }
}

/// A member that is an object; absent, `null` and `[]`, which an empty Lua array becomes, are an empty one.
fn object<'a>(members: &'a Map<String, Value>, name: &str) -> Result<Vec<(&'a String, &'a Value)>, Malformed> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(empty)) if empty.is_empty() => Ok(Vec::new()),
        Some(Value::Object(fields)) => Ok(fields.iter().collect()),
        Some(other) => Err(Malformed(format!("{name} is {}, it has to be an object of names and values", kind(other)))),
    }
}

fn add_field(headers: &mut Vec<(HeaderName, HeaderValue)>, payload: Payload, name: &str, value: &Value) -> Result<(), Malformed> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Bool(_) => value.to_string(),
        other => return Err(Malformed(format!("the header {name} is {}, it has to be a string", kind(other)))),
    };
    let lower = name.to_ascii_lowercase();
    let lower = match FRAMING.contains(&lower.as_str()) {
        // A load balancer drops them, API Gateway and function URLs rename them.
        true if payload.is_alb() => return Ok(()),
        true => format!("x-amzn-remapped-{lower}"),
        false => lower,
    };
    let Ok(field) = HeaderName::try_from(lower) else {
        return Err(Malformed(format!("{name:?} is not the name of a header")));
    };
    let Ok(text) = HeaderValue::try_from(text) else {
        return Err(Malformed(format!("the header {name} has a control character in its value")));
    };
    headers.push((field, text));
    Ok(())
}

fn add_cookies(headers: &mut Vec<(HeaderName, HeaderValue)>, members: &Map<String, Value>) -> Result<(), Malformed> {
    match members.get("cookies") {
        None | Some(Value::Null) => Ok(()),
        Some(Value::Array(cookies)) => cookies.iter().try_for_each(|cookie| add_field(headers, Payload::V2, "set-cookie", cookie)),
        // What `{}` of Lua becomes.
        Some(Value::Object(empty)) if empty.is_empty() => Ok(()),
        Some(other) => Err(Malformed(format!("cookies is {}, it has to be an array of Set-Cookie values", kind(other)))),
    }
}

fn body(members: &Map<String, Value>) -> Result<Vec<u8>, Malformed> {
    let text = match members.get("body") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::String(text)) => text,
        Some(other) => return Err(Malformed(format!("body is {}, it has to be a string: json.encode(…) makes one", kind(other)))),
    };
    match members.get("isBase64Encoded") {
        None | Some(Value::Null | Value::Bool(false)) => Ok(text.as_bytes().to_vec()),
        Some(Value::Bool(true)) => STANDARD.decode(text).map_err(|_| Malformed("isBase64Encoded is true, but body is not base64".into())),
        Some(other) => Err(Malformed(format!("isBase64Encoded is {}, it has to be true or false", kind(other)))),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `200 name: value|name: value|body`, or the complaint.
    fn shown(payload: Payload, result: &str) -> String {
        match HttpAnswer::from_result(payload, result.as_bytes()) {
            Ok(answer) => {
                let fields = answer.headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()));
                let body = String::from_utf8_lossy(&answer.body).into_owned();
                format!("{} {}", answer.status, fields.chain([body]).collect::<Vec<_>>().join("|"))
            }
            Err(malformed) => malformed.to_string(),
        }
    }

    #[test]
    fn results_become_responses_by_the_rules_of_their_service() {
        use Payload::{Alb, AlbMulti, V1, V2};
        for (payload, result, expected) in [
            (V2, r#""Hello, world!""#, r#"200 content-type: application/json|"Hello, world!""#),
            (V2, r#"{"message":"m"}"#, r#"200 content-type: application/json|{"message":"m"}"#),
            (V2, "null", "200 content-type: application/json|null"),
            (V2, r#"{"statusCode":201,"body":"b"}"#, "201 content-type: application/json|b"),
            (V2, r#"{"statusCode":"404"}"#, "404 content-type: application/json|"),
            (
                V2,
                r#"{"statusCode":200,"headers":{"Content-Type":"text/html","X-N":1,"X-B":true}}"#,
                "200 content-type: text/html|x-b: true|x-n: 1|",
            ),
            (
                V2,
                r#"{"statusCode":200,"cookies":["a=1","b=2; Secure"]}"#,
                "200 set-cookie: a=1|set-cookie: b=2; Secure|content-type: application/json|",
            ),
            (V2, r#"{"statusCode":200,"multiValueHeaders":{"x":["1"]}}"#, "200 content-type: application/json|"),
            (V2, r#"{"statusCode":200,"body":"aGk=","isBase64Encoded":true}"#, "200 content-type: application/json|hi"),
            (
                V2,
                r#"{"statusCode":200,"headers":{"Content-Length":"9"}}"#,
                "200 x-amzn-remapped-content-length: 9|content-type: application/json|",
            ),
            (V2, r#"{"statusCode":200,"headers":[],"cookies":{}}"#, "200 content-type: application/json|"),
            (
                V1,
                r#"{"statusCode":200,"headers":{"a":"1"},"multiValueHeaders":{"a":["1","2"]},"body":"b"}"#,
                "200 a: 1|a: 2|content-type: application/json|b",
            ),
            (V1, r#"{"body":"b"}"#, "200 content-type: application/json|b"),
            (
                Alb,
                r#"{"statusCode":200,"statusDescription":"200 OK","headers":{"a":"1"},"body":"b"}"#,
                "200 a: 1|content-type: application/octet-stream|b",
            ),
            (
                AlbMulti,
                r#"{"statusCode":200,"headers":{"a":"1"},"multiValueHeaders":{"a":["2","3"]}}"#,
                "200 a: 2|a: 3|content-type: application/octet-stream|",
            ),
        ] {
            assert_eq!(shown(payload, result), expected, "{payload:?} {result}");
        }
    }

    #[test]
    fn what_is_no_response_is_told_in_a_sentence() {
        use Payload::{Alb, V1, V2};
        for (payload, result, expected) in [
            (V2, "bytes", "the result is not JSON"),
            (V2, r#"{"statusCode":99}"#, "statusCode is 99, it has to be a number from 200 to 599"),
            (V2, r#"{"statusCode":"no"}"#, r#"statusCode is "no", it has to be a number"#),
            (V2, r#"{"statusCode":200,"body":{}}"#, "body is an object, it has to be a string: json.encode(…) makes one"),
            (V2, r#"{"statusCode":200,"body":"*","isBase64Encoded":true}"#, "isBase64Encoded is true, but body is not base64"),
            (V2, r#"{"statusCode":200,"body":"b","isBase64Encoded":1}"#, "isBase64Encoded is a number, it has to be true or false"),
            (V2, r#"{"statusCode":200,"headers":"x"}"#, "headers is a string, it has to be an object of names and values"),
            (V2, r#"{"statusCode":200,"headers":{"x":["1"]}}"#, "the header x is an array, it has to be a string"),
            (V2, r#"{"statusCode":200,"headers":{"x y":"1"}}"#, "\"x y\" is not the name of a header"),
            (V2, r#"{"statusCode":200,"headers":{"x":"1\n2"}}"#, "the header x has a control character in its value"),
            (V2, r#"{"statusCode":200,"cookies":"a=1"}"#, "cookies is a string, it has to be an array of Set-Cookie values"),
            (V1, "[]", "the result is an array, it has to be an object with statusCode and body"),
            (V1, r#"{"statusCode":200,"cookies":[]}"#, "a REST API knows no member cookies of a response: it takes "),
            (V1, r#"{"multiValueHeaders":{"x":"1"}}"#, "multiValueHeaders.x is a string, it has to be an array"),
            (Alb, r#"{"body":"b"}"#, "the result has no statusCode"),
        ] {
            let told = shown(payload, result);
            assert!(told.starts_with(expected), "{payload:?} {result}: {told}");
        }
        let large = format!("{{\"statusCode\":200,\"body\":\"{}\"}}", "x".repeat(ALB_BYTES_MAX));
        let expected = format!("the result has {} bytes, a load balancer takes 1048576", large.len());
        assert!(shown(Alb, &large).starts_with(&expected), "{}", shown(Alb, &large));
        assert!(shown(V2, &large).starts_with("200 "));
    }

    #[test]
    fn preludes_announce_status_headers_and_cookies() {
        let answer = HttpAnswer::from_prelude(br#"{"statusCode":203,"headers":{"X":"y"},"cookies":["a=1"]}"#).unwrap();
        assert_eq!((answer.status, answer.headers.len()), (203, 3));
        let expected = "what stands before the eight NUL bytes of the stream is not a JSON object";
        assert_eq!(HttpAnswer::from_prelude(b"[]").unwrap_err().to_string(), expected);
    }
}
