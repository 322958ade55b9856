//! Request heads (RFC 9112 section 3), built into a buffer.
//!
//! The caller owns the order: [`start`], any number of [`field`]s, [`end`]. Values are written as they are, so whatever comes from outside
//! must have passed [`is_field_value`] (field content of RFC 9110 section 5.5) or [`is_path_segment`].

use crate::buffer::{Buffer, Overflow};
use crate::bytes::Decimal;

/// The request line and the `Host` field. `path` is the path's parts, one after the other.
pub fn start(out: &mut Buffer, method: &[u8], host: &[u8], path: &[&[u8]]) -> Result<(), Overflow> {
    out.push(method)?;
    out.push(b" ")?;
    for part in path {
        out.push(part)?;
    }
    out.push(b" HTTP/1.1\r\nHost: ")?;
    out.push(host)?;
    out.push(b"\r\n")
}

/// One header field.
pub fn field(out: &mut Buffer, name: &[u8], value: &[u8]) -> Result<(), Overflow> {
    out.push(name)?;
    out.push(b": ")?;
    out.push(value)?;
    out.push(b"\r\n")
}

/// The `Content-Length` field.
pub fn content_length(out: &mut Buffer, bytes: usize) -> Result<(), Overflow> {
    field(out, b"Content-Length", Decimal::new().format(bytes as i64))
}

/// The empty line.
pub fn end(out: &mut Buffer) -> Result<(), Overflow> {
    out.push(b"\r\n")
}

/// Whether `value` can stand in a header field: no control characters (Go's server answers 400 to them and closes).
pub fn is_field_value(value: &[u8]) -> bool {
    value.iter().all(|byte| *byte == b'\t' || (*byte >= b' ' && *byte != 0x7F))
}

/// Whether `segment` can stand in a path as it is (RFC 3986 section 3.3, without percent signs: nothing here is ever encoded).
pub fn is_path_segment(segment: &[u8]) -> bool {
    !segment.is_empty() && segment.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_these_bytes() {
        let mut out = Buffer::new(1000);
        start(&mut out, b"POST", b"127.0.0.1:9001", &[b"/a/", b"id", b"/b"]).unwrap();
        field(&mut out, b"X", b"y z").unwrap();
        content_length(&mut out, 12345).unwrap();
        end(&mut out).unwrap();
        assert_eq!(out.bytes(), b"POST /a/id/b HTTP/1.1\r\nHost: 127.0.0.1:9001\r\nX: y z\r\nContent-Length: 12345\r\n\r\n");
    }

    #[test]
    fn what_would_break_a_head_is_seen() {
        for bad in [&b"a\r\nb"[..], b"a\nb", b"\0", b"\x7f", b"\x1b[0m"] {
            assert!(!is_field_value(bad), "{bad:?}");
        }
        assert!(is_field_value("a\tb \u{e9}".as_bytes()));
        for bad in [&b""[..], b"a b", b"a/b", b"a?b", b"a#b", b"a%20b", b"a\r\n", b"\xc3\xa9"] {
            assert!(!is_path_segment(bad), "{bad:?}");
        }
        assert!(is_path_segment(b"8476a536-e9f4-11e8-9739-2dfe598c3fcd"));
    }
}
