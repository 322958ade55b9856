//! An HTTP request as the event that AWS makes of it.
//!
//! | payload | made by | described in |
//! | --- | --- | --- |
//! | [`Payload::V2`] | function URLs, HTTP APIs | Lambda developer guide, "Request payload format" of function URLs |
//! | [`Payload::V1`] | REST APIs | API Gateway developer guide, "Input format of a Lambda function for proxy integration" |
//! | [`Payload::Alb`], [`Payload::AlbMulti`] | load balancers | Application Load Balancer user guide, "Lambda functions as targets" |
//!
//! The path goes into the event as it was sent, percent-encoded: so do function URLs, REST APIs and load balancers. Names of header
//! fields are in lower case, but for REST APIs, which keep what clients write, usually `Content-Type`. What speaks about the
//! connection to the client alone, such as `Transfer-Encoding`, is not passed on.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{HeaderMap, HeaderName};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::macros::format_description;

/// Whose events requests become, and whose rules the results follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload {
    /// Version 2.0: function URLs.
    V2,
    /// Version 1.0: REST APIs of API Gateway.
    V1,
    /// A load balancer's target group.
    Alb,
    /// A load balancer's target group with `lambda.multi_value_headers.enabled`.
    AlbMulti,
}

impl Payload {
    /// How large a request's body may be, and whatever the event grows to.
    pub fn body_bytes_max(self) -> usize {
        match self {
            Payload::Alb | Payload::AlbMulti => ALB_BYTES_MAX,
            Payload::V2 | Payload::V1 => super::EVENT_BYTES_MAX,
        }
    }

    /// Whether it is a load balancer's.
    pub fn is_alb(self) -> bool {
        matches!(self, Payload::Alb | Payload::AlbMulti)
    }
}

/// A request, complete.
#[derive(Debug)]
pub struct HttpRequest<'a> {
    /// The method, such as `GET`.
    pub method: &'a str,
    /// The path as it was sent.
    pub path: &'a str,
    /// What follows the question mark, as it was sent.
    pub query: &'a str,
    /// The header fields.
    pub headers: &'a HeaderMap,
    /// The body.
    pub body: &'a [u8],
    /// The client's address.
    pub peer: SocketAddr,
    /// The port that the server listens on.
    pub port: u16,
    /// The invocation's request id.
    pub request_id: &'a str,
    /// The invocation's trace id.
    pub trace_id: &'a str,
    /// When it arrived.
    pub time: SystemTime,
}

/// "The maximum size of the request body that you can send to a Lambda function is 1 MB", and of the response too.
pub const ALB_BYTES_MAX: usize = 1024 * 1024;

/// The account id of AWS's own examples, as in the function's ARN.
pub const ACCOUNT: &str = "012345678912";

/// The fields that end at the first hop (RFC 9110, 7.6.1).
const HOP_BY_HOP: [&str; 9] =
    ["connection", "expect", "keep-alive", "proxy-authenticate", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"];

impl HttpRequest<'_> {
    /// The event.
    pub fn event(&self, payload: Payload) -> Value {
        match payload {
            Payload::V2 => self.version_2(),
            Payload::V1 => self.version_1(),
            Payload::Alb => self.load_balancer(false),
            Payload::AlbMulti => self.load_balancer(true),
        }
    }

    fn version_2(&self) -> Value {
        let mut fields = self.fields();
        let (cookie_fields, rest): (Vec<_>, Vec<_>) = fields.drain(..).partition(|(name, _)| name == "cookie");
        let cookies: Vec<&str> = cookie_fields.iter().flat_map(|(_, value)| value.split(';')).map(str::trim).collect();
        let host = self.host();
        let (body, is_base64) = self.body_as_text();
        let mut event = json!({
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": self.path,
            "rawQueryString": self.query,
            "headers": joined(rest),
            "requestContext": {
                // What a function URL without authentication says.
                "accountId": "anonymous",
                "apiId": first_label(&host),
                "domainName": host,
                "domainPrefix": first_label(&host),
                "http": {
                    "method": self.method,
                    "path": self.path,
                    "protocol": "HTTP/1.1",
                    "sourceIp": self.peer.ip().to_string(),
                    "userAgent": self.text_field("user-agent"),
                },
                "requestId": self.request_id,
                "routeKey": "$default",
                "stage": "$default",
                "time": log_time(self.time),
                "timeEpoch": epoch_ms(self.time),
            },
            "isBase64Encoded": is_base64,
        });
        let members = event.as_object_mut().expect("it was made as one");
        // Absent, not empty, where there are none.
        if !cookies.is_empty() {
            members.insert("cookies".into(), json!(cookies));
        }
        if !self.query.is_empty() {
            members.insert("queryStringParameters".into(), joined(self.decoded_query()));
        }
        if !self.body.is_empty() {
            members.insert("body".into(), body.into());
        }
        event
    }

    fn version_1(&self) -> Value {
        let fields: Vec<(String, String)> = self.fields().into_iter().map(|(name, value)| (title_case(&name), value)).collect();
        let query = self.decoded_query();
        let host = self.host();
        // A REST API passes bytes on in base64 only for its binary media types; here for what is no text.
        let (body, is_base64) = match std::str::from_utf8(self.body) {
            Ok(text) => (text.to_owned(), false),
            Err(_) => (STANDARD.encode(self.body), true),
        };
        let rest_of_path = self.path.trim_start_matches('/');
        // "REST APIs decode URL-encoded request parameters before passing them to backend integrations."
        let proxy = percent_decode_str(rest_of_path).decode_utf8_lossy();
        json!({
            "resource": if rest_of_path.is_empty() { "/" } else { "/{proxy+}" },
            "path": self.path,
            "httpMethod": self.method,
            "headers": last_of_each(&fields),
            "multiValueHeaders": lists(&fields),
            "queryStringParameters": if query.is_empty() { Value::Null } else { last_of_each(&query) },
            "multiValueQueryStringParameters": if query.is_empty() { Value::Null } else { lists(&query) },
            "pathParameters": if rest_of_path.is_empty() { Value::Null } else { json!({ "proxy": proxy }) },
            "stageVariables": null,
            "requestContext": {
                "accountId": ACCOUNT,
                "apiId": first_label(&host),
                "domainName": host,
                "domainPrefix": first_label(&host),
                "extendedRequestId": self.request_id,
                "httpMethod": self.method,
                "identity": {
                    "accessKey": null,
                    "accountId": null,
                    "apiKey": null,
                    "caller": null,
                    "cognitoAuthenticationProvider": null,
                    "cognitoAuthenticationType": null,
                    "cognitoIdentityId": null,
                    "cognitoIdentityPoolId": null,
                    "principalOrgId": null,
                    "sourceIp": self.peer.ip().to_string(),
                    "user": null,
                    "userAgent": self.text_field("user-agent"),
                    "userArn": null,
                },
                "path": format!("/local{}", self.path),
                "protocol": "HTTP/1.1",
                "requestId": self.request_id,
                "requestTime": log_time(self.time),
                "requestTimeEpoch": epoch_ms(self.time),
                "resourceId": "local",
                "resourcePath": if rest_of_path.is_empty() { "/" } else { "/{proxy+}" },
                "stage": "local",
            },
            "body": if self.body.is_empty() { Value::Null } else { body.into() },
            "isBase64Encoded": is_base64,
        })
    }

    fn load_balancer(&self, multi: bool) -> Value {
        let fields = self.fields();
        // A load balancer passes its query on as it was sent.
        let query: Vec<(String, String)> = pairs(self.query).map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let (body, is_base64) = self.body_as_text();
        let group = format!("arn:aws:elasticloadbalancing:us-east-1:{ACCOUNT}:targetgroup/local/0123456789abcdef");
        let mut event = json!({
            "requestContext": { "elb": { "targetGroupArn": group } },
            "httpMethod": self.method,
            "path": self.path,
            "body": body,
            "isBase64Encoded": is_base64,
        });
        let members = event.as_object_mut().expect("it was made as one");
        if multi {
            members.insert("multiValueHeaders".into(), lists(&fields));
            members.insert("multiValueQueryStringParameters".into(), lists(&query));
        } else {
            // "If multi-value headers are not enabled, the load balancer uses the last value."
            members.insert("headers".into(), last_of_each(&fields));
            members.insert("queryStringParameters".into(), last_of_each(&query));
        }
        event
    }

    /// The header fields that the function is to see, names in lower case, with those that AWS adds.
    fn fields(&self) -> Vec<(String, String)> {
        let is_passed_on = |name: &HeaderName| !HOP_BY_HOP.contains(&name.as_str()) && !name.as_str().starts_with("x-forwarded-");
        let mut fields: Vec<(String, String)> = self
            .headers
            .iter()
            .filter(|(name, _)| is_passed_on(name) && *name != "x-amzn-trace-id" && *name != "content-length")
            .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        if !self.body.is_empty() || self.headers.contains_key("content-length") {
            fields.push(("content-length".into(), self.body.len().to_string()));
        }
        let before = self.text_field("x-forwarded-for").map(|hops| format!("{hops}, ")).unwrap_or_default();
        fields.push(("x-forwarded-for".into(), format!("{before}{}", self.peer.ip())));
        fields.push(("x-forwarded-port".into(), self.port.to_string()));
        fields.push(("x-forwarded-proto".into(), "http".into()));
        fields.push(("x-amzn-trace-id".into(), self.trace_id.split(';').next().unwrap_or_default().to_owned()));
        fields
    }

    fn text_field(&self, name: &str) -> Option<String> {
        self.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    }

    fn host(&self) -> String {
        self.text_field("host").unwrap_or_else(|| format!("localhost:{}", self.port))
    }

    /// Name and value of each parameter, decoded as a form's: a plus is a space.
    fn decoded_query(&self) -> Vec<(String, String)> {
        form_urlencoded::parse(self.query.as_bytes()).map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
    }

    /// The body, and whether it is in base64: "for text/*, application/json, application/javascript, and application/xml" it is
    /// sent as it is, without a content coding; everything else in base64.
    fn body_as_text(&self) -> (String, bool) {
        if self.body.is_empty() {
            return (String::new(), false);
        }
        let content_type = self.text_field("content-type").unwrap_or_default().to_ascii_lowercase();
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        let is_text = media_type.starts_with("text/")
            || ["application/json", "application/javascript", "application/xml"].contains(&media_type)
            || media_type.ends_with("+json")
            || media_type.ends_with("+xml");
        match std::str::from_utf8(self.body) {
            Ok(text) if is_text && !self.headers.contains_key("content-encoding") => (text.to_owned(), false),
            _ => (STANDARD.encode(self.body), true),
        }
    }
}

/// `a=1&b` as pairs, not decoded.
fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

/// Name to its values, joined by commas.
fn joined(pairs: impl IntoIterator<Item = (String, String)>) -> Value {
    let mut all = Map::new();
    for (name, value) in pairs {
        match all.get_mut(&name) {
            Some(Value::String(values)) => {
                values.push(',');
                values.push_str(&value);
            }
            _ => {
                all.insert(name, value.into());
            }
        }
    }
    Value::Object(all)
}

/// Name to its last value.
fn last_of_each(pairs: &[(String, String)]) -> Value {
    pairs.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect::<Map<_, _>>().into()
}

/// Name to the list of its values.
fn lists(pairs: &[(String, String)]) -> Value {
    let mut all = Map::new();
    for (name, value) in pairs {
        let list = all.entry(name.as_str()).or_insert_with(|| json!([]));
        list.as_array_mut().expect("only arrays are put in").push(value.as_str().into());
    }
    Value::Object(all)
}

/// `content-type` as `Content-Type`.
fn title_case(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_ascii_uppercase() + rest
    });
    words.collect::<Vec<_>>().join("-")
}

/// What an AWS host name begins with: the id of a function URL or API.
fn first_label(host: &str) -> &str {
    host.split(['.', ':']).next().unwrap_or(host)
}

/// `12/Mar/2020:19:03:58 +0000`
fn log_time(time: SystemTime) -> String {
    let format = format_description!("[day]/[month repr:short]/[year]:[hour]:[minute]:[second] +0000");
    OffsetDateTime::from(time).format(&format).expect("each of its parts is there")
}

fn epoch_ms(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_millis() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    fn event(payload: Payload, target: &str, headers: &[(&'static str, &'static str)], body: &[u8]) -> Value {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_static(value));
        }
        let request = HttpRequest {
            method: "POST",
            path,
            query,
            headers: &map,
            body,
            peer: "127.0.0.1:5000".parse().unwrap(),
            port: 9000,
            request_id: "id-1",
            trace_id: "Root=1-2-3;Parent=4;Sampled=0",
            time: UNIX_EPOCH + Duration::from_millis(1_583_348_638_390),
        };
        request.event(payload)
    }

    #[test]
    fn version_2_is_that_of_function_urls() {
        let headers = [
            ("host", "localhost:9000"),
            ("accept", "a"),
            ("accept", "b"),
            ("cookie", "one=1; two=2"),
            ("user-agent", "agent"),
            ("transfer-encoding", "chunked"),
            ("content-type", "application/json; charset=utf-8"),
        ];
        let event = event(Payload::V2, "/a%20b/c?p=1&p=2&q=x%20y+z", &headers, b"{}");
        assert_eq!(
            event,
            json!({
                "version": "2.0",
                "routeKey": "$default",
                "rawPath": "/a%20b/c",
                "rawQueryString": "p=1&p=2&q=x%20y+z",
                "cookies": ["one=1", "two=2"],
                "headers": {
                    "host": "localhost:9000",
                    "accept": "a,b",
                    "user-agent": "agent",
                    "content-type": "application/json; charset=utf-8",
                    "content-length": "2",
                    "x-forwarded-for": "127.0.0.1",
                    "x-forwarded-port": "9000",
                    "x-forwarded-proto": "http",
                    "x-amzn-trace-id": "Root=1-2-3",
                },
                "queryStringParameters": { "p": "1,2", "q": "x y z" },
                "requestContext": {
                    "accountId": "anonymous",
                    "apiId": "localhost",
                    "domainName": "localhost:9000",
                    "domainPrefix": "localhost",
                    "http": {
                        "method": "POST",
                        "path": "/a%20b/c",
                        "protocol": "HTTP/1.1",
                        "sourceIp": "127.0.0.1",
                        "userAgent": "agent",
                    },
                    "requestId": "id-1",
                    "routeKey": "$default",
                    "stage": "$default",
                    "time": "04/Mar/2020:19:03:58 +0000",
                    "timeEpoch": 1_583_348_638_390_u64,
                },
                "body": "{}",
                "isBase64Encoded": false,
            })
        );
    }

    #[test]
    fn what_a_request_has_not_got_is_absent_in_version_2_and_null_in_version_1() {
        let two = event(Payload::V2, "/", &[], b"");
        for name in ["cookies", "queryStringParameters", "body"] {
            assert!(two.get(name).is_none(), "{name}");
        }
        let one = event(Payload::V1, "/", &[], b"");
        for name in ["queryStringParameters", "multiValueQueryStringParameters", "pathParameters", "body", "stageVariables"] {
            assert_eq!(one[name], Value::Null, "{name}");
        }
        assert_eq!((&one["resource"], &one["isBase64Encoded"]), (&json!("/"), &json!(false)));
    }

    #[test]
    fn version_1_has_single_and_multiple_values() {
        let headers = [("x-one", "1"), ("x-one", "2"), ("cookie", "a=b")];
        let event = event(Payload::V1, "/users/a%2Fb?p=1&p=%202", &headers, b"text");
        assert_eq!(event["headers"]["X-One"], "2");
        assert_eq!(event["multiValueHeaders"]["X-One"], json!(["1", "2"]));
        assert_eq!(event["headers"]["Cookie"], "a=b");
        assert_eq!(event["queryStringParameters"], json!({ "p": " 2" }));
        assert_eq!(event["multiValueQueryStringParameters"], json!({ "p": ["1", " 2"] }));
        assert_eq!(event["pathParameters"], json!({ "proxy": "users/a/b" }));
        assert_eq!((&event["path"], &event["resource"], &event["body"]), (&json!("/users/a%2Fb"), &json!("/{proxy+}"), &json!("text")));
        assert_eq!(event["requestContext"]["path"], "/local/users/a%2Fb");
    }

    #[test]
    fn load_balancers_send_queries_as_they_came_and_one_kind_of_headers() {
        let headers = [("x-one", "1"), ("x-one", "2")];
        let single = event(Payload::Alb, "/p?q=a%20b&q=c+d&r", &headers, b"");
        assert_eq!(single["queryStringParameters"], json!({ "q": "c+d", "r": "" }));
        assert_eq!((&single["headers"]["x-one"], &single["body"]), (&json!("2"), &json!("")));
        assert!(single.get("multiValueHeaders").is_none());
        let multi = event(Payload::AlbMulti, "/p?q=a%20b&q=c+d", &headers, b"");
        assert_eq!(multi["multiValueQueryStringParameters"], json!({ "q": ["a%20b", "c+d"] }));
        assert_eq!(multi["multiValueHeaders"]["x-one"], json!(["1", "2"]));
        assert!(multi.get("headers").is_none());
    }

    #[test]
    fn bodies_are_text_or_base64_by_their_content_type() {
        for (payload, headers, body, expected) in [
            (Payload::V2, &[("content-type", "text/html; charset=utf-8")][..], &b"<p>"[..], ("<p>", false)),
            (Payload::V2, &[("content-type", "application/problem+json")], b"{}", ("{}", false)),
            (Payload::V2, &[("content-type", "application/x-www-form-urlencoded")], b"a=b", ("YT1i", true)),
            (Payload::V2, &[("content-type", "image/png")], b"\x89PNG", ("iVBORw==", true)),
            (Payload::V2, &[], b"a", ("YQ==", true)),
            (Payload::V2, &[("content-type", "text/plain")], b"\xff", ("/w==", true)),
            (Payload::Alb, &[("content-type", "application/json"), ("content-encoding", "gzip")], b"a", ("YQ==", true)),
            (Payload::V1, &[("content-type", "application/x-www-form-urlencoded")], b"a=b", ("a=b", false)),
            (Payload::V1, &[("content-type", "image/png")], b"\x89PNG", ("iVBORw==", true)),
        ] {
            let event = event(payload, "/", headers, body);
            assert_eq!((event["body"].as_str().unwrap(), event["isBase64Encoded"].as_bool().unwrap()), expected, "{payload:?} {headers:?}");
        }
    }

    #[test]
    fn hops_are_added_to_those_before() {
        let event = event(Payload::V2, "/", &[("x-forwarded-for", "203.0.113.1")], b"");
        assert_eq!(event["headers"]["x-forwarded-for"], "203.0.113.1, 127.0.0.1");
    }
}
