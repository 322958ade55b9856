//! The head of a reply (RFC 9112 sections 4 to 6), parsed in place.
//!
//! Accepts: `HTTP/1.x`, any three-digit status, any reason; field names in any case; white space around values; empty values; unknown
//! fields; CRLF or bare LF line ends. Refuses: no colon, white space in or before a field name (section 5.1), control characters in a
//! value, contradicting lengths, transfer codings other than `chunked`. Incomplete input is not an error: [`parse`] returns `None` and is
//! called again with more. Cost: one search for the empty line per call, from where the last one ended; then each byte once.
//!
//! Bounds: `limits::HEAD_BYTES_MAX` bytes (the caller's to enforce), `limits::FIELDS_MAX` fields.

use crate::bytes;
use crate::limits;

/// How the end of a body is found (RFC 9112 section 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// So many bytes follow.
    Length(usize),
    /// Chunks follow.
    Chunked,
    /// Everything until the connection ends.
    Close,
}

/// A complete head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The status code, 100 to 599 in practice.
    pub status: u16,
    /// How the body is framed.
    pub framing: Framing,
    /// Whether the connection ends after this reply.
    pub close: bool,
    /// Where the first header field begins.
    pub fields_at: usize,
    /// The length of the whole head with its empty line: the body begins here.
    pub bytes: usize,
}

/// What makes a head unusable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadError {
    /// The first line is no status line of HTTP/1.x.
    StatusLine,
    /// A line of the head is no header field.
    Field,
    /// There are too many fields.
    TooManyFields,
    /// `Content-Length` is no number, or there are several that differ.
    ContentLength,
    /// A transfer coding other than `chunked`.
    TransferEncoding,
}

/// Looks for the end of the head from `from` on (where the last search ended), returns the offset behind the empty line.
pub fn find_end(input: &[u8], from: usize) -> Option<usize> {
    // The empty line may have been cut anywhere: step back far enough to see its beginning again.
    let mut at = from.saturating_sub(3);
    while let Some(found) = bytes::find(b'\n', input.get(at..)?) {
        let line_end = at + found;
        match input.get(line_end + 1..) {
            Some([b'\n', ..]) => return Some(line_end + 2),
            Some([b'\r', b'\n', ..]) => return Some(line_end + 3),
            _ => at = line_end + 1,
        }
    }
    None
}

/// Parses a complete head: `head` is the input up to and with the empty line, as [`find_end`] found it.
pub fn parse(head: &[u8]) -> Result<Head, HeadError> {
    let (status_line, fields_at) = line(head, 0).ok_or(HeadError::StatusLine)?;
    let status = parse_status_line(status_line).ok_or(HeadError::StatusLine)?;
    // RFC 9112 section 9.3: HTTP/1.0 closes unless it says otherwise.
    let mut parsed = Head { status, framing: Framing::Close, close: status_line.starts_with(b"HTTP/1.0"), fields_at, bytes: head.len() };
    let mut length = None;
    let mut chunked = false;
    let mut count = 0;
    let mut at = fields_at;
    while let Some((line, next)) = line(head, at).filter(|(line, _)| !line.is_empty()) {
        at = next;
        let (name, value) = split_field(line).filter(|(name, value)| is_field(name, value)).ok_or(HeadError::Field)?;
        count += 1;
        if count > limits::FIELDS_MAX {
            return Err(HeadError::TooManyFields);
        }
        if is_name(name, b"Content-Length") {
            let value = parse_length(value).ok_or(HeadError::ContentLength)?;
            if length.is_some_and(|length| length != value) {
                return Err(HeadError::ContentLength);
            }
            length = Some(value);
        } else if is_name(name, b"Connection") {
            for option in value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
                if bytes::is_same(option, b"close") {
                    parsed.close = true;
                } else if bytes::is_same(option, b"keep-alive") {
                    parsed.close = false;
                }
            }
        } else if is_name(name, b"Transfer-Encoding") {
            if chunked || !bytes::is_same(value, b"chunked") {
                return Err(HeadError::TransferEncoding);
            }
            chunked = true;
        }
    }
    parsed.framing = match (status, chunked, length) {
        (100..=199 | 204 | 304, _, _) => Framing::Length(0),
        // A length beside chunks is overridden (section 6.3, item 3).
        (_, true, _) => Framing::Chunked,
        (_, false, Some(length)) => Framing::Length(length),
        (_, false, None) => Framing::Close,
    };
    parsed.close |= parsed.framing == Framing::Close;
    Ok(parsed)
}

/// The line that begins at `at`, without its end, and where the next one begins.
fn line(input: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let rest = input.get(at..)?;
    let end = bytes::find(b'\n', rest)?;
    let line = &rest[..end];
    Some((line.strip_suffix(b"\r").unwrap_or(line), at + end + 1))
}

/// `HTTP/1.x SP 3DIGIT [SP reason]`
fn parse_status_line(line: &[u8]) -> Option<u16> {
    let rest = line.strip_prefix(b"HTTP/1.")?;
    let [minor, b' ', a, b, c, rest @ ..] = rest else { return None };
    let digits = [a, b, c];
    if !minor.is_ascii_digit() || !digits.iter().all(|digit| digit.is_ascii_digit()) || !matches!(rest, [] | [b' ', ..]) {
        return None;
    }
    let status = digits.iter().fold(0u16, |status, digit| status * 10 + u16::from(**digit - b'0'));
    (status >= 100).then_some(status)
}

/// `1*DIGIT`; a list of equal numbers is one number (section 6.3, item 5).
fn parse_length(value: &[u8]) -> Option<usize> {
    let mut result = None;
    for part in value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
        if part.is_empty() {
            return None;
        }
        let mut number = 0usize;
        for digit in part {
            if !digit.is_ascii_digit() {
                return None;
            }
            number = number.checked_mul(10)?.checked_add(usize::from(digit - b'0'))?;
        }
        if result.is_some_and(|result| result != number) {
            return None;
        }
        result = Some(number);
    }
    result
}

/// The header fields of a head, in order: (name, value without the white space around it).
pub struct Fields<'a> {
    head: &'a [u8],
    at: usize,
}

impl<'a> Fields<'a> {
    /// The fields of a head that [`parse`] has accepted, beginning at `fields_at`.
    pub fn new(head: &'a [u8], fields_at: usize) -> Fields<'a> {
        Fields { head, at: fields_at }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (line, next) = line(self.head, self.at)?;
        self.at = next;
        // The empty line at the end has no colon.
        split_field(line)
    }
}

/// Name and value, the white space around it removed.
fn split_field(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = bytes::find(b':', line)?;
    Some((&line[..colon], line[colon + 1..].trim_ascii()))
}

/// Whether this can be a field. A name is a token (RFC 9110 section 5.6.2); refusing white space and control characters is what guards
/// against smuggled lines. Obsolete text from 0x80 occurs in client contexts; a NUL or a lone CR does not.
fn is_field(name: &[u8], value: &[u8]) -> bool {
    let is_token = !name.is_empty() && !has_below(name, b' ' + 1) && bytes::find(0x7F, name).is_none();
    is_token && (!has_below(value, b' ') || value.iter().all(|byte| *byte >= b' ' || *byte == b'\t'))
}

/// Whether a byte is below `bound`, which is at most 128. Eight at a time: every byte of every head passes here.
fn has_below(bytes: &[u8], bound: u8) -> bool {
    let (words, rest) = bytes.as_chunks::<8>();
    let (bounds, highest) = (u64::from_ne_bytes([bound; 8]), u64::from_ne_bytes([0x80; 8]));
    // Of the bytes with a clear highest bit the subtraction sets it in those that are smaller, and in none if none is.
    let is_in = |word: &[u8; 8]| {
        let word = u64::from_ne_bytes(*word);
        word.wrapping_sub(bounds) & !word & highest != 0
    };
    words.iter().any(is_in) || rest.iter().any(|byte| *byte < bound)
}

/// Whether a field's name is `known`, in any case. Nearly all are told apart by their lengths, which is no call.
#[inline(always)]
pub fn is_name(name: &[u8], known: &[u8]) -> bool {
    /// Servers write `known` as it is given here nearly always.
    #[inline(never)]
    fn is_same(name: &[u8], known: &[u8]) -> bool {
        name == known || bytes::is_same(name, known)
    }
    name.len() == known.len() && is_same(name, known)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_text(text: &str) -> Result<Head, HeadError> {
        assert_eq!(find_end(text.as_bytes(), 0), Some(text.len()), "{text:?}");
        parse(text.as_bytes())
    }

    #[test]
    fn framing_follows_section_6_3() {
        use Framing::*;
        for (text, status, framing, close) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 200, Length(5), false),
            ("HTTP/1.1 200\r\ncontent-LENGTH:5   \r\n\r\n", 200, Length(5), false),
            ("HTTP/1.1 200 OK\nContent-Length:\t5\n\n", 200, Length(5), false),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\nContent-Length: 5\r\n\r\n", 200, Length(5), false),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\nContent-Length: 5\r\n\r\n", 200, Chunked, false),
            ("HTTP/1.1 200 OK\r\nX: \r\n\r\n", 200, Close, true),
            ("HTTP/1.1 204 No Content\r\nContent-Length: 7\r\n\r\n", 204, Length(0), false),
            ("HTTP/1.1 100 Continue\r\n\r\n", 100, Length(0), false),
            ("HTTP/1.1 202 Accepted\r\nConnection: foo, Close\r\nContent-Length: 0\r\n\r\n", 202, Length(0), true),
            ("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", 200, Length(0), true),
            ("HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n", 200, Length(0), false),
        ] {
            let head = parse_text(text).unwrap_or_else(|error| panic!("{text:?}: {error:?}"));
            assert_eq!((head.status, head.framing, head.close), (status, framing, close), "{text:?}");
            assert_eq!(head.bytes, text.len());
        }
    }

    #[test]
    fn broken_heads_are_refused_at_their_place() {
        use HeadError::*;
        for (text, error) in [
            ("HTTP/2 200 OK\r\n\r\n", StatusLine),
            ("ICY 200 OK\r\n\r\n", StatusLine),
            ("HTTP/1.1 20 OK\r\n\r\n", StatusLine),
            ("HTTP/1.1 2000 OK\r\n\r\n", StatusLine),
            ("HTTP/1.1 099 OK\r\n\r\n", StatusLine),
            ("HTTP/1.1  200 OK\r\n\r\n", StatusLine),
            ("HTTP/1.1 200 OK\r\nno colon\r\n\r\n", Field),
            ("HTTP/1.1 200 OK\r\n: value\r\n\r\n", Field),
            ("HTTP/1.1 200 OK\r\nname : value\r\n\r\n", Field),
            ("HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n", Field),
            ("HTTP/1.1 200 OK\r\nA: b\0c\r\n\r\n", Field),
            ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", ContentLength),
            ("HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n", ContentLength),
            ("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", ContentLength),
            ("HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n", ContentLength),
            ("HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\n", ContentLength),
            ("HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n", ContentLength),
            ("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", ContentLength),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", TransferEncoding),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", TransferEncoding),
        ] {
            assert_eq!(parse_text(text), Err(error), "{text:?}");
        }
        let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(limits::FIELDS_MAX + 1));
        assert_eq!(parse_text(&many), Err(TooManyFields));
    }

    #[test]
    fn the_end_is_found_however_the_head_arrives() {
        for text in ["HTTP/1.1 200 OK\r\nA: b\r\n\r\nbody\r\n\r\n", "HTTP/1.1 200 OK\nA: b\n\nbody\n\n", "HTTP/1.1 200 OK\r\n\r\nx"] {
            let end = find_end(text.as_bytes(), 0);
            for cut in 0..text.len() {
                let first = find_end(&text.as_bytes()[..cut], 0);
                assert_eq!(first.or_else(|| find_end(text.as_bytes(), cut)), end, "{text:?} cut at {cut}");
            }
        }
    }

    #[test]
    fn small_bytes_are_found_at_every_place() {
        for len in 0..20 {
            for bound in [b' ', b' ' + 1, 128] {
                for byte in 0..=255 {
                    for other in [bound, 0x7F, 0x80, 0xFF] {
                        for at in 0..len {
                            let mut bytes = vec![other; len];
                            bytes[at] = byte;
                            assert_eq!(has_below(&bytes, bound), bytes.iter().any(|byte| *byte < bound), "{bytes:?} {bound}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn fields_come_in_order_and_trimmed() {
        let text = b"HTTP/1.1 200 OK\r\nFirst:  a b \t\r\nempty:\r\nUTF: \xc3\xa9\r\n\r\n";
        let head = parse(text).unwrap();
        let fields: Vec<_> = Fields::new(text, head.fields_at).collect();
        assert_eq!(fields, [(&b"First"[..], &b"a b"[..]), (b"empty", b""), (b"UTF", b"\xc3\xa9")]);
    }
}
