//! The chunked transfer coding (RFC 9112 section 7.1), decoded in place.
//!
//! Layout: the buffer holds `… framing data framing data …` as received; the decoder moves each chunk's data down so that it stands
//! directly behind the data before it. The first chunk stays where it is: the service sends events of any size as one chunk, and those are
//! never moved. Incomplete input is not an error: [`Chunked::decode`] is called again when more has arrived.
//!
//! Accepts: any number of chunks, upper and lower case sizes of up to 16 digits, leading zeros, extensions, trailers, bare LF.
//! Bounds: `limits::CHUNK_LINE_BYTES_MAX`, `limits::TRAILER_BYTES_MAX`, and the buffer's own. Cost: each byte once, each byte of a second
//! or later chunk moved once.

use crate::bytes;
use crate::limits;
use core::ops::Range;

/// What makes a chunked body unusable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChunkError {
    /// A chunk begins with no hexadecimal size, or one over 16 digits.
    Size,
    /// A chunk's size line or the trailers are longer than their bounds.
    TooLong,
    /// The line end behind a chunk's data is missing.
    DataEnd,
    /// A trailer line is no header field.
    Trailer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// At the line that says how long the next chunk is.
    Size,
    /// In a chunk's data, so many bytes before its end.
    Data(usize),
    /// At the line end behind a chunk's data.
    DataEnd,
    /// In the trailer section, which began at this offset.
    Trailers(usize),
    Done,
}

/// The progress of one body.
#[derive(Clone, Copy, Debug)]
pub struct Chunked {
    state: State,
    /// Where the next undecoded byte stands.
    at: usize,
    /// The data decoded so far stands between these two.
    data_start: usize,
    data_end: usize,
}

impl Chunked {
    /// A body that begins at the offset `at`.
    pub fn new(at: usize) -> Chunked {
        Chunked { state: State::Size, at, data_start: at, data_end: at }
    }

    /// Decodes what `buffer` holds by now. `true` when the body is complete.
    pub fn decode(&mut self, buffer: &mut [u8]) -> Result<bool, ChunkError> {
        loop {
            match self.state {
                State::Size => {
                    let Some((line, next)) = line(buffer, self.at, limits::CHUNK_LINE_BYTES_MAX)? else { return Ok(false) };
                    let size = parse_size(line).ok_or(ChunkError::Size)?;
                    self.at = next;
                    self.state = if size == 0 { State::Trailers(next) } else { State::Data(size) };
                    if self.data_start == self.data_end {
                        (self.data_start, self.data_end) = (next, next);
                    }
                }
                State::Data(left) => {
                    let here = left.min(buffer.len() - self.at);
                    if self.data_end != self.at {
                        buffer.copy_within(self.at..self.at + here, self.data_end);
                    }
                    self.at += here;
                    self.data_end += here;
                    if here < left {
                        self.state = State::Data(left - here);
                        return Ok(false);
                    }
                    self.state = State::DataEnd;
                }
                State::DataEnd => match &buffer[self.at..] {
                    [] | [b'\r'] => return Ok(false),
                    [b'\r', b'\n', ..] => {
                        self.at += 2;
                        self.state = State::Size;
                    }
                    [b'\n', ..] => {
                        self.at += 1;
                        self.state = State::Size;
                    }
                    _ => return Err(ChunkError::DataEnd),
                },
                State::Trailers(start) => {
                    let left = limits::TRAILER_BYTES_MAX.saturating_sub(self.at - start);
                    let Some((line, next)) = line(buffer, self.at, left)? else { return Ok(false) };
                    self.at = next;
                    if line.is_empty() {
                        self.state = State::Done;
                    } else if !line.contains(&b':') {
                        return Err(ChunkError::Trailer);
                    }
                }
                State::Done => return Ok(true),
            }
        }
    }

    /// The data decoded so far: offsets into the buffer.
    pub fn data(&self) -> Range<usize> {
        self.data_start..self.data_end
    }

    /// Where the next undecoded byte stands; behind the whole body when it is complete.
    pub fn end(&self) -> usize {
        self.at
    }

    /// How many bytes the chunk that is being received still needs, as far as its head has said so: what to make room for.
    pub fn missing(&self) -> usize {
        match self.state {
            State::Data(left) => left,
            _ => 0,
        }
    }
}

/// The line at `at` without its end, and where the next one begins; `None` if its end has not arrived yet.
fn line(buffer: &[u8], at: usize, bytes_max: usize) -> Result<Option<(&[u8], usize)>, ChunkError> {
    let rest = &buffer[at..];
    let Some(end) = bytes::find(b'\n', &rest[..rest.len().min(bytes_max)]) else {
        return if rest.len() >= bytes_max { Err(ChunkError::TooLong) } else { Ok(None) };
    };
    let line = &rest[..end];
    Ok(Some((line.strip_suffix(b"\r").unwrap_or(line), at + end + 1)))
}

/// `1*HEXDIG [BWS ";" …]`
fn parse_size(line: &[u8]) -> Option<usize> {
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    if digits == 0 || digits > 16 || !matches!(line[digits..].trim_ascii_start(), [] | [b';', ..]) {
        return None;
    }
    let mut size = 0usize;
    for digit in &line[..digits] {
        let value = (*digit as char).to_digit(16)?;
        size = size.checked_mul(16)?.checked_add(value as usize)?;
    }
    Some(size)
}

/// Writes the line that begins a chunk of `bytes` bytes to the end of `line`; returns where it begins there.
pub fn format_size(bytes: usize, line: &mut [u8; 18]) -> usize {
    let mut at = line.len() - 2;
    line[at..].copy_from_slice(b"\r\n");
    let mut rest = bytes;
    loop {
        at -= 1;
        line[at] = b"0123456789abcdef"[rest & 15];
        rest >>= 4;
        if rest == 0 {
            return at;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds `text` in two parts, for every split, into a buffer that grows: (data, length of the body).
    fn decode_at_every_split(text: &[u8]) -> Result<Option<(Vec<u8>, usize)>, ChunkError> {
        let mut results = Vec::new();
        for cut in 0..=text.len() {
            let mut buffer = b"head".to_vec();
            let mut chunked = Chunked::new(4);
            let mut result = Ok(false);
            for part in [&text[..cut], &text[cut..]] {
                buffer.extend_from_slice(part);
                if result == Ok(false) {
                    result = chunked.decode(&mut buffer);
                }
            }
            results.push(result.map(|done| done.then(|| (buffer[chunked.data()].to_vec(), chunked.end() - 4))));
        }
        assert!(results.windows(2).all(|pair| pair[0] == pair[1]), "{text:?} depends on the split: {results:?}");
        results.pop().expect("there is at least one split")
    }

    #[test]
    fn data_is_joined_and_the_end_is_exact() {
        for (text, data) in [
            (&b"0\r\n\r\n"[..], &b""[..]),
            (b"5\r\nhello\r\n0\r\n\r\n", b"hello"),
            (b"5\r\nhello\r\n1\r\n \r\n00000000005\r\nworld\r\n0\r\n\r\n", b"hello world"),
            (b"a;name=value;q=\"x\"\r\n0123456789\r\n0;last\r\n\r\n", b"0123456789"),
            (b"A \t; x\r\n0123456789\r\n000\r\n\r\n", b"0123456789"),
            (b"2\r\n\r\n\r\n0\r\nTrailer: a\r\nOther:\r\n\r\n", b"\r\n"),
            (b"3\nabc\n0\n\n", b"abc"),
        ] {
            assert_eq!(decode_at_every_split(text), Ok(Some((data.to_vec(), text.len()))), "{text:?}");
            let mut more = text.to_vec();
            more.extend_from_slice(b"HTTP/1.1");
            assert_eq!(decode_at_every_split(&more), Ok(Some((data.to_vec(), text.len()))), "{more:?}");
            for end in 0..text.len() {
                assert_eq!(decode_at_every_split(&text[..end]), Ok(None), "a prefix of {text:?}");
            }
        }
    }

    #[test]
    fn broken_framing_is_refused() {
        for (text, error) in [
            (&b"x\r\n"[..], ChunkError::Size),
            (b"\r\n", ChunkError::Size),
            (b"-1\r\n", ChunkError::Size),
            (b"5 5\r\n", ChunkError::Size),
            (b"0x5\r\n", ChunkError::Size),
            (b"00000000000000001\r\n", ChunkError::Size),
            (b"1\r\nabc", ChunkError::DataEnd),
            (b"1\r\na\rb", ChunkError::DataEnd),
            (b"0\r\nno colon\r\n", ChunkError::Trailer),
        ] {
            let result = decode_whole(text);
            assert_eq!(result, Err(error), "{text:?}");
        }
        let long = vec![b'1'; limits::CHUNK_LINE_BYTES_MAX];
        assert_eq!(decode_whole(&long), Err(ChunkError::TooLong));
        let mut trailers = b"0\r\n".to_vec();
        while trailers.len() < limits::TRAILER_BYTES_MAX + 10 {
            trailers.extend_from_slice(b"a: b\r\n");
        }
        assert_eq!(decode_whole(&trailers), Err(ChunkError::TooLong));
    }

    fn decode_whole(text: &[u8]) -> Result<bool, ChunkError> {
        Chunked::new(0).decode(&mut text.to_vec())
    }

    #[test]
    fn sizes_are_written_in_hexadecimal() {
        for (bytes, text) in [(0, "0\r\n"), (10, "a\r\n"), (4096, "1000\r\n"), (usize::MAX, "ffffffffffffffff\r\n")] {
            let mut line = [0; 18];
            let at = format_size(bytes, &mut line);
            assert_eq!(&line[at..], text.as_bytes());
        }
    }

    #[test]
    fn a_single_chunk_is_never_moved() {
        let mut buffer = b"6\r\nabcdef\r\n0\r\n\r\n".to_vec();
        let before = buffer.clone();
        let mut chunked = Chunked::new(0);
        assert_eq!(chunked.decode(&mut buffer), Ok(true));
        assert_eq!((buffer, chunked.data()), (before, 3..9));
    }

    #[test]
    fn a_size_of_sixteen_digits_asks_for_its_room() {
        let mut chunked = Chunked::new(0);
        assert_eq!(chunked.decode(&mut b"7fffffffffffffff\r\n".to_vec()), Ok(false));
        assert_eq!(chunked.missing(), 0x7fff_ffff_ffff_ffff);
    }
}
