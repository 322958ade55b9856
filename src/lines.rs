//! What a function writes to stdout and stderr, line by line: the log has one entry for each line, written at once.
//!
//! A line without an end is held until its end comes, or until the call ends ([`Lines::flush`]). Nothing is lost: no more than
//! `limits::LOG_LINE_BYTES_MAX` is held, and the log takes a longer line apart.

use crate::buffer::Buffer;
use crate::bytes;
use crate::interpreter::{Host, Stream};
use crate::limits;

/// The lines that wait for their ends, one for each stream.
pub struct Lines {
    waiting: [Buffer; 2],
}

impl Lines {
    /// Nothing is written yet.
    pub const fn new() -> Lines {
        Lines { waiting: [const { Buffer::new(limits::LOG_LINE_BYTES_MAX) }; 2] }
    }

    /// Adds `bytes` to the stream's line; every line that is complete goes to the log.
    pub fn write(&mut self, stream: Stream, mut bytes: &[u8], host: &mut dyn Host) {
        let line = &mut self.waiting[stream as usize - 1];
        while let Some(end) = bytes::find(b'\n', bytes) {
            let mut whole = &bytes[..end];
            if !line.is_empty() {
                hold(line, stream, whole, host);
                whole = line.bytes();
            }
            host.write_line(stream, whole);
            line.clear();
            bytes = &bytes[end + 1..];
        }
        if !bytes.is_empty() {
            hold(line, stream, bytes, host);
        }
    }

    /// Writes what waits: for the end of a call.
    pub fn flush(&mut self, host: &mut dyn Host) {
        for stream in [Stream::Out, Stream::Error] {
            let line = &mut self.waiting[stream as usize - 1];
            if !line.is_empty() {
                host.write_line(stream, line.bytes());
                line.clear();
            }
            line.shrink(0);
        }
    }
}

/// Adds to a line that waits for its end. What does not fit any more begins another one.
fn hold(line: &mut Buffer, stream: Stream, mut bytes: &[u8], host: &mut dyn Host) {
    loop {
        let (now, later) = bytes::split_text(bytes, limits::LOG_LINE_BYTES_MAX - line.len());
        if line.push(now).is_err() {
            // Without memory it goes out in more pieces.
            host.write_line(stream, line.bytes());
            line.clear();
            host.write_line(stream, now);
        }
        if later.is_empty() {
            return;
        }
        host.write_line(stream, line.bytes());
        line.clear();
        bytes = later;
    }
}

impl Default for Lines {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interpreter::{Level, StreamBroken};

    #[derive(Default)]
    struct Heard(Vec<(i32, usize, Vec<u8>)>);

    impl Host for Heard {
        fn write_line(&mut self, stream: Stream, line: &[u8]) {
            self.0.push((stream as i32, line.len(), line[..line.len().min(9)].to_vec()));
        }
        fn write_entry(&mut self, _level: Level, _message: &[u8], _fields: &[u8]) {}
        fn write_stream(&mut self, _content_type: &[u8], _bytes: &[u8]) -> Result<(), StreamBroken> {
            Err(StreamBroken)
        }
        fn exit(&mut self, _code: i32, _call: &[u8], _stack: &[u8]) -> ! {
            unreachable!("nobody asks for it")
        }
    }

    #[test]
    fn lines_go_out_when_they_end_and_the_rest_with_the_call() {
        let (mut lines, mut heard) = (Lines::new(), Heard::default());
        for (stream, bytes) in
            [(Stream::Out, "a\nb"), (Stream::Error, "x"), (Stream::Out, "c\n\n"), (Stream::Error, "y"), (Stream::Out, "d")]
        {
            lines.write(stream, bytes.as_bytes(), &mut heard);
        }
        lines.flush(&mut heard);
        lines.flush(&mut heard);
        let found: Vec<_> = heard.0.iter().map(|(stream, _, line)| (*stream, std::str::from_utf8(line).unwrap())).collect();
        assert_eq!(found, [(1, "a"), (1, "bc"), (1, ""), (1, "d"), (2, "xy")]);
    }

    #[test]
    fn nothing_of_a_line_beyond_the_bound_is_lost() {
        let (mut lines, mut heard) = (Lines::new(), Heard::default());
        let long = vec![b'x'; 2 * limits::LOG_LINE_BYTES_MAX];
        for bytes in [b"begin", &long[..], b"rest", &long[..10], b"\nnext\n", &long, b"\n"] {
            lines.write(Stream::Out, bytes, &mut heard);
        }
        let found: Vec<_> = heard.0.iter().map(|(_, count, line)| (*count, std::str::from_utf8(line).unwrap())).collect();
        let full = limits::LOG_LINE_BYTES_MAX;
        let expected = [(full, "beginxxxx"), (full, "xxxxxxxxx"), (19, "xxxxxrest"), (4, "next"), (full, "xxxxxxxxx"), (full, "xxxxxxxxx")];
        assert_eq!(found, expected);
    }
}
