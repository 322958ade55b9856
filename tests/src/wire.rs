//! HTTP/1.1 as the tests need it: requests taken apart, replies put together. Strict where the runtime must be exact.

use std::io::{self, ErrorKind, Read};

/// One request as it arrived.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// All its bytes.
    pub raw: Vec<u8>,
    /// `GET` or `POST`.
    pub method: String,
    /// The path with everything before `/2018-06-01`.
    pub path: String,
    /// Names and values in order, values trimmed.
    pub headers: Vec<(String, String)>,
    /// The body without chunk framing.
    pub body: Vec<u8>,
    /// The trailer fields after a chunked body.
    pub trailers: Vec<(String, String)>,
}

impl Request {
    /// The value of a field, by its name in any case. Fails where it is there twice.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str());
        let value = values.next();
        assert_eq!(values.next(), None, "two fields {name} in {}", self.head());
        value
    }

    /// The head as text.
    pub fn head(&self) -> String {
        let end = find(&self.raw, b"\r\n\r\n").map_or(self.raw.len(), |at| at + 4);
        String::from_utf8_lossy(&self.raw[..end]).into_owned()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Method and path in one.
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Whether this asks for an event.
    pub fn is_next(&self) -> bool {
        self.method == "GET" && self.path.ends_with("/2018-06-01/runtime/invocation/next")
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in the body {:?}", self.text()))
    }
}

/// Reads one whole request; `unread` keeps what came behind it. `None` where the stream ends before a request begins.
///
/// # Errors
/// Those of the stream; [`ErrorKind::UnexpectedEof`] where it ends within a request; [`ErrorKind::InvalidData`] for what is no request.
pub fn read_request(stream: &mut impl Read, unread: &mut Vec<u8>) -> io::Result<Option<Request>> {
    let head_end = loop {
        if let Some(at) = find(unread, b"\r\n\r\n") {
            break at + 4;
        }
        if fill(stream, unread)? == 0 {
            return if unread.is_empty() { Ok(None) } else { Err(ErrorKind::UnexpectedEof.into()) };
        }
    };
    let mut request = parse_head(&unread[..head_end]).ok_or_else(|| invalid(&unread[..head_end]))?;
    let mut end = head_end;
    if request.header("Transfer-Encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
        loop {
            let (line, next) = read_line(stream, unread, end)?;
            let size = usize::from_str_radix(line.split(';').next().unwrap_or_default(), 16).map_err(|_| invalid(line.as_bytes()))?;
            end = next;
            if size == 0 {
                break;
            }
            need(stream, unread, end + size + 2)?;
            request.body.extend_from_slice(&unread[end..end + size]);
            if &unread[end + size..end + size + 2] != b"\r\n" {
                return Err(invalid(b"a chunk without its line end"));
            }
            end += size + 2;
        }
        loop {
            let (line, next) = read_line(stream, unread, end)?;
            end = next;
            if line.is_empty() {
                break;
            }
            request.trailers.push(parse_field(&line).ok_or_else(|| invalid(line.as_bytes()))?);
        }
    } else if let Some(length) = request.header("Content-Length") {
        let length: usize = length.parse().map_err(|_| invalid(length.as_bytes()))?;
        need(stream, unread, end + length)?;
        request.body = unread[end..end + length].to_vec();
        end += length;
    }
    request.raw = unread.drain(..end).collect();
    Ok(Some(request))
}

fn invalid(what: &[u8]) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, format!("no request: {:?}", String::from_utf8_lossy(what)))
}

fn fill(stream: &mut impl Read, unread: &mut Vec<u8>) -> io::Result<usize> {
    let mut room = vec![0; 256 * 1024];
    loop {
        match stream.read(&mut room) {
            Ok(count) => {
                unread.extend_from_slice(&room[..count]);
                return Ok(count);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn need(stream: &mut impl Read, unread: &mut Vec<u8>, bytes: usize) -> io::Result<()> {
    while unread.len() < bytes {
        if fill(stream, unread)? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(())
}

fn read_line(stream: &mut impl Read, unread: &mut Vec<u8>, at: usize) -> io::Result<(String, usize)> {
    loop {
        if let Some(end) = find(&unread[at..], b"\r\n") {
            return Ok((String::from_utf8_lossy(&unread[at..at + end]).into_owned(), at + end + 2));
        }
        if fill(stream, unread)? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
    }
}

/// RFC 9112, with nothing of its leniency: what the runtime sends is exact.
fn parse_head(head: &[u8]) -> Option<Request> {
    let text = std::str::from_utf8(head).ok()?;
    let mut lines = text.strip_suffix("\r\n\r\n")?.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, path) = (first.next()?, first.next()?);
    if first.next()? != "HTTP/1.1" || first.next().is_some() || !path.starts_with('/') {
        return None;
    }
    let headers = lines.map(parse_field).collect::<Option<Vec<_>>>()?;
    let hosts = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("host")).count();
    (hosts == 1).then(|| Request { method: method.into(), path: path.into(), headers, ..Request::default() })
}

fn parse_field(line: impl AsRef<str>) -> Option<(String, String)> {
    let (name, value) = line.as_ref().split_once(": ")?;
    let is_clean = value == value.trim() && !value.bytes().any(|byte| byte < b' ' || byte == 0x7f);
    (is_clean && !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))
        .then(|| (name.into(), value.into()))
}

/// Where `needle` begins in `haystack`.
pub fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += haystack.get(at..)?.iter().position(|byte| *byte == needle[0])?;
        if haystack[at..].starts_with(needle) {
            return Some(at);
        }
        at += 1;
    }
}

/// A reply with a status line, fields (each with its line end) and a body with its length.
pub fn reply(status: &str, fields: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut bytes = format!("HTTP/1.1 {status}\r\n{fields}Content-Length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// What the service answers to an accepted POST.
pub fn accepted() -> Vec<u8> {
    reply("202 Accepted", "Content-Type: application/json\r\n", "{\"status\":\"OK\"}\n")
}

/// What the service answers to a refused request.
pub fn refused(status: u16) -> Vec<u8> {
    reply(&format!("{status} Refused"), "Content-Type: application/json\r\n", "{\"errorMessage\":\"because\",\"errorType\":\"Refused\"}\n")
}

/// The fields of an event with this request id.
pub fn event_fields(id: &str) -> String {
    format!(
        "Content-Type: application/json\r\nLambda-Runtime-Aws-Request-Id: {id}\r\nLambda-Runtime-Deadline-Ms: 4102444800000\r\n\
         Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:012345678912:function:function\r\n\
         Lambda-Runtime-Trace-Id: Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700\r\n"
    )
}

/// An event with its length.
pub fn event(id: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    reply("200 OK", &event_fields(id), body)
}

/// An event in chunks, each given with its size line's extension; then the trailers (each with its line end).
pub fn chunked_event(id: &str, chunks: &[(&[u8], &str)], trailers: &str) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 200 OK\r\n{}Transfer-Encoding: chunked\r\n\r\n", event_fields(id)).into_bytes();
    for (chunk, extension) in chunks {
        bytes.extend_from_slice(format!("{:x}{extension}\r\n", chunk.len()).as_bytes());
        bytes.extend_from_slice(chunk);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(format!("0\r\n{trailers}\r\n").as_bytes());
    bytes
}

/// The bytes behind base64 (RFC 4648 section 4). Fails where it is none.
pub fn from_base64(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(4), "{text}");
    let mut bytes = Vec::new();
    for group in text.as_bytes().chunks(4) {
        let value = |byte: &u8| match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => 0,
            _ => panic!("no base64: {text}"),
        };
        let bits = group.iter().fold(0, |bits, byte| bits << 6 | u32::from(value(byte)));
        let padding = group.iter().filter(|byte| **byte == b'=').count();
        bytes.extend_from_slice(&bits.to_be_bytes()[1..4 - padding]);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_taken_apart() {
        let bytes =
            b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhiPOST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\
            2;x=y\r\nab\r\n1\r\nc\r\n0\r\nT: u\r\n\r\n";
        let (mut stream, mut unread) = (&bytes[..], Vec::new());
        let first = read_request(&mut stream, &mut unread).unwrap().unwrap();
        assert_eq!((first.line().as_str(), first.text().as_str(), first.raw.len()), ("POST /a", "hi", 50));
        let second = read_request(&mut stream, &mut unread).unwrap().unwrap();
        assert_eq!((second.text().as_str(), second.trailers), ("abc", vec![("T".into(), "u".into())]));
        assert_eq!(read_request(&mut stream, &mut unread).unwrap(), None);
    }

    #[test]
    fn base64_is_rfc_4648() {
        for (text, base64) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foobar", "Zm9vYmFy")] {
            assert_eq!(from_base64(base64), text.as_bytes());
        }
    }

    #[test]
    fn what_is_not_exact_is_refused() {
        for bad in [
            "GET / HTTP/1.0\r\nHost: x\r\n\r\n",
            "GET / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost:x\r\n\r\n",
            "GET  / HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
            "GET / HTTP/1.1\nHost: x\n\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\r\nA: b\tc\r\nB:\r\n\r\n",
        ] {
            assert!(read_request(&mut bad.as_bytes(), &mut Vec::new()).is_err(), "{bad:?}");
        }
    }
}
