//! A function's result as the HTTP response that AWS makes of it.
//!
//! | | without a status code | default content type | what is no such response |
//! | --- | --- | --- | --- |
//! | payload 2.0 | the whole result is the body, 200, JSON | `application/json` | 502 |
//! | payload 1.0 | 200 | `application/json` | 502 |
//! | load balancer | 502 | `application/octet-stream` | 502 |
//!
//! AWS tells the reason of a 502 in no log; [`Malformed`] does.
//!
//! Of a result only what the response needs is read; the rest is looked over, however deep it is nested: the runtime has its own bound for
//! that (1,000 levels), and what it has posted is served.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{HeaderName, HeaderValue};
use serde_json::Value;
use serde_json::value::RawValue;

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
        let value = serde_json::from_slice::<&RawValue>(result).map_err(|_| not_json())?;
        if payload.is_alb() && result.len() > ALB_BYTES_MAX {
            return Err(Malformed(format!("the result has {} bytes, a load balancer takes {ALB_BYTES_MAX}", result.len())));
        }
        let members = match members(value) {
            Some(members) if payload != Payload::V2 || members.contains_key("statusCode") => members,
            _ if payload == Payload::V2 => {
                return Ok(HttpAnswer { status: 200, headers: vec![content_type("application/json")], body: result.to_vec() });
            }
            _ => return Err(Malformed(format!("the result is {}, it has to be an object with statusCode and body", kind(value)))),
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
            let multi_names = members.get("multiValueHeaders").filter(|_| multi).and_then(|value| self::members(value)).unwrap_or_default();
            for (name, value) in object(&members, "headers")? {
                // "If you specify values for both, API Gateway merges them into a single list", once for the same pair.
                let list = multi_names.get(&name).and_then(|value| elements(value)).unwrap_or_default();
                if !list.iter().any(|other| other.get() == value.get()) {
                    add_field(&mut headers, payload, &name, value)?;
                }
            }
        }
        if multi {
            for (name, values) in object(&members, "multiValueHeaders")? {
                let Some(values) = elements(values) else {
                    return Err(Malformed(format!("multiValueHeaders.{name} is {}, it has to be an array", kind(values))));
                };
                for value in values {
                    add_field(&mut headers, payload, &name, value)?;
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
        let Some(members) = serde_json::from_slice::<&RawValue>(prelude).ok().and_then(members) else {
            return Err(Malformed("what stands before the eight NUL bytes of the stream is not a JSON object".into()));
        };
        let status = members.get("statusCode").map_or(Ok(200), |value| parse_status(value))?;
        let mut headers = Vec::new();
        for (name, value) in object(&members, "headers")? {
            add_field(&mut headers, Payload::V2, &name, value)?;
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
fn parse_status(value: &RawValue) -> Result<u16, Malformed> {
    let number = match scalar(value)? {
        Some(Value::String(text)) => text.parse().ok(),
        // Lua's numbers have no integers of their own, but the encoder writes 200 for 200.0.
        other => other.and_then(|value| value.as_u64()),
    };
    match number.and_then(|number: u64| u16::try_from(number).ok()) {
        Some(status @ 200..=599) => Ok(status),
        _ if is_container(value) => Err(Malformed(format!("statusCode is {}, it has to be a number from 200 to 599", kind(value)))),
        _ => Err(Malformed(format!("statusCode is {value}, it has to be a number from 200 to 599"))),
    }
}

/// A member that is an object; absent, `null` and `[]`, which an empty Lua array becomes, are an empty one.
fn object<'a>(members: &Members<'a>, name: &str) -> Result<Members<'a>, Malformed> {
    let Some(value) = members.get(name).filter(|value| !is_null(value)) else { return Ok(Members::new()) };
    if elements(value).is_some_and(|list| list.is_empty()) {
        return Ok(Members::new());
    }
    let wrong = || Malformed(format!("{name} is {}, it has to be an object of names and values", kind(value)));
    self::members(value).ok_or_else(wrong)
}

fn add_field(headers: &mut Vec<(HeaderName, HeaderValue)>, payload: Payload, name: &str, value: &RawValue) -> Result<(), Malformed> {
    let text = match scalar(value)? {
        Some(Value::String(text)) => text,
        Some(number @ (Value::Number(_) | Value::Bool(_))) => number.to_string(),
        _ => return Err(Malformed(format!("the header {name} is {}, it has to be a string", kind(value)))),
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

fn add_cookies(headers: &mut Vec<(HeaderName, HeaderValue)>, members: &Members) -> Result<(), Malformed> {
    let Some(value) = members.get("cookies").filter(|value| !is_null(value)) else { return Ok(()) };
    match elements(value) {
        Some(cookies) => cookies.into_iter().try_for_each(|cookie| add_field(headers, Payload::V2, "set-cookie", cookie)),
        // What `{}` of Lua becomes.
        None if self::members(value).is_some_and(|members| members.is_empty()) => Ok(()),
        None => Err(Malformed(format!("cookies is {}, it has to be an array of Set-Cookie values", kind(value)))),
    }
}

fn body(members: &Members) -> Result<Vec<u8>, Malformed> {
    let Some(value) = members.get("body").filter(|value| !is_null(value)) else { return Ok(Vec::new()) };
    let Some(Value::String(text)) = scalar(value)? else {
        return Err(Malformed(format!("body is {}, it has to be a string: json.encode(…) makes one", kind(value))));
    };
    match members.get("isBase64Encoded").map_or("null", |value| value.get()) {
        "null" | "false" => Ok(text.into_bytes()),
        "true" => STANDARD.decode(text).map_err(|_| Malformed("isBase64Encoded is true, but body is not base64".into())),
        _ => Err(Malformed(format!("isBase64Encoded is {}, it has to be true or false", kind(members["isBase64Encoded"])))),
    }
}

/// The members of an object, each as its text.
type Members<'a> = BTreeMap<String, &'a RawValue>;

/// Those of this value, if it is an object.
fn members(value: &RawValue) -> Option<Members<'_>> {
    serde_json::from_str(value.get()).ok()
}

/// The elements of this value, if it is an array.
fn elements(value: &RawValue) -> Option<Vec<&RawValue>> {
    serde_json::from_str(value.get()).ok()
}

/// What is neither array nor object; `None` for these.
fn scalar(value: &RawValue) -> Result<Option<Value>, Malformed> {
    if is_container(value) {
        return Ok(None);
    }
    // What the runtime lets through and no text can hold: half of a pair of surrogates.
    serde_json::from_str(value.get()).map(Some).map_err(|_| not_json())
}

fn is_container(value: &RawValue) -> bool {
    value.get().starts_with(['[', '{'])
}

fn is_null(value: &RawValue) -> bool {
    value.get() == "null"
}

fn not_json() -> Malformed {
    Malformed(
        "the result is not JSON: bytes go out as { statusCode = 200, body = <base64>, isBase64Encoded = true }, or as a stream".into(),
    )
}

fn kind(value: &RawValue) -> &'static str {
    match value.get().as_bytes().first() {
        Some(b'n') => "null",
        Some(b't' | b'f') => "a boolean",
        Some(b'"') => "a string",
        Some(b'[') => "an array",
        Some(b'{') => "an object",
        _ => "a number",
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
    fn deep_results_are_served() {
        use Payload::{Alb, V1, V2};
        for levels in [127, 128, 1000, 100_000] {
            let deep = "[".repeat(levels) + &"]".repeat(levels);
            assert_eq!(shown(V2, &deep), format!("200 content-type: application/json|{deep}"));
            let with_more = format!(r#"{{"statusCode":200,"body":"b","more":{deep}}}"#);
            assert_eq!(shown(V2, &with_more), "200 content-type: application/json|b");
            for (payload, result, expected) in [
                (V1, deep.clone(), "the result is an array, it has to be an object with statusCode and body"),
                (Alb, with_more, "200 content-type: application/octet-stream|b"),
                (V2, format!(r#"{{"statusCode":{deep}}}"#), "statusCode is an array, it has to be a number from 200 to 599"),
                (V2, format!(r#"{{"statusCode":200,"body":{deep}}}"#), "body is an array, it has to be a string: json.encode(…) makes one"),
                (V2, format!(r#"{{"statusCode":200,"headers":{{"x":{deep}}}}}"#), "the header x is an array, it has to be a string"),
                (V2, format!(r#"{{"statusCode":200,"cookies":[{deep}]}}"#), "the header set-cookie is an array, it has to be a string"),
            ] {
                assert_eq!(shown(payload, &result), expected);
            }
        }
    }

    #[test]
    fn what_is_no_response_is_told_in_a_sentence() {
        use Payload::{Alb, V1, V2};
        for (payload, result, expected) in [
            (V2, "bytes", "the result is not JSON"),
            (V2, "[1", "the result is not JSON"),
            (V2, r#"{"statusCode":200,"body":"\ud800"}"#, "the result is not JSON"),
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
