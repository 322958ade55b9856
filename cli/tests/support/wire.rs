//! A runtime on raw sockets: it sends exactly the bytes that a test says, and reads replies to their end.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// One connection to the API.
pub struct Wire {
    stream: TcpStream,
    unread: Vec<u8>,
}

/// One reply.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
    /// The sizes of the chunks, for a chunked body.
    pub chunks: Vec<usize>,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("a body in UTF-8")
    }
}

impl Wire {
    pub fn connect(address: SocketAddr) -> Wire {
        let stream = TcpStream::connect(address).expect("the API listens");
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a socket option");
        stream.set_nodelay(true).expect("a socket option");
        Wire { stream, unread: Vec::new() }
    }

    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).expect("the API reads");
    }

    /// Sends as much as the API takes; returns whether it took all.
    pub fn try_send(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    pub fn end_sending(&mut self) {
        self.stream.shutdown(Shutdown::Write).expect("an open socket");
    }

    pub fn get(&mut self, path: &str) -> Reply {
        self.send_get(path);
        self.reply()
    }

    pub fn send_get(&mut self, path: &str) {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
    }

    pub fn next(&mut self) -> Reply {
        self.get("/2018-06-01/runtime/invocation/next")
    }

    pub fn send_next(&mut self) {
        self.send_get("/2018-06-01/runtime/invocation/next");
    }

    /// `fields`: header lines, each ended by CRLF.
    pub fn post(&mut self, path: &str, fields: &str, body: impl AsRef<[u8]>) -> Reply {
        let body = body.as_ref();
        self.send(format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n{fields}\r\n", body.len()));
        self.try_send(body);
        self.reply()
    }

    pub fn respond(&mut self, request_id: &str, body: impl AsRef<[u8]>) -> Reply {
        self.post(&format!("/2018-06-01/runtime/invocation/{request_id}/response"), "", body)
    }

    pub fn fail(&mut self, request_id: &str, body: impl AsRef<[u8]>) -> Reply {
        self.post(&format!("/2018-06-01/runtime/invocation/{request_id}/error"), "", body)
    }

    /// Starts a streamed response; chunks follow with [`Wire::chunk`].
    pub fn stream(&mut self, request_id: &str, fields: &str) {
        self.send(format!(
            "POST /2018-06-01/runtime/invocation/{request_id}/response HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\
             Lambda-Runtime-Function-Response-Mode: streaming\r\n{fields}\r\n"
        ));
    }

    pub fn chunk(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        let chunk = [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat();
        self.send(chunk);
    }

    pub fn reply(&mut self) -> Reply {
        let head_bytes = loop {
            if let Some(at) = find(&self.unread, b"\r\n\r\n") {
                break at + 4;
            }
            assert!(self.fill(), "the connection ended within a head: {:?}", String::from_utf8_lossy(&self.unread));
        };
        let head = String::from_utf8_lossy(&self.unread.drain(..head_bytes).collect::<Vec<u8>>()).into_owned();
        let status = head[9..12].parse().expect("a status code");
        let mut reply = Reply { status, head, body: Vec::new(), chunks: Vec::new() };
        if let Some(length) = reply.header("Content-Length") {
            reply.body = self.take(length.parse().expect("a length"));
        } else if reply.header("Transfer-Encoding") == Some("chunked") {
            loop {
                let size = usize::from_str_radix(&self.line(), 16).expect("a chunk size");
                let mut chunk = self.take(size + 2);
                chunk.truncate(size);
                if size == 0 {
                    break;
                }
                reply.chunks.push(size);
                reply.body.extend(chunk);
            }
        }
        reply
    }

    /// Whether nothing arrives within this time.
    pub fn is_silent_for(&mut self, time: Duration) -> bool {
        self.stream.set_read_timeout(Some(time)).expect("a socket option");
        let silent = self.unread.is_empty() && matches!(self.stream.peek(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock);
        self.stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a socket option");
        silent
    }

    /// Whether the API has closed the connection and sent nothing more.
    pub fn is_closed(&mut self) -> bool {
        self.unread.is_empty() && !self.fill()
    }

    fn take(&mut self, bytes: usize) -> Vec<u8> {
        while self.unread.len() < bytes {
            assert!(self.fill(), "the connection ended within a body");
        }
        self.unread.drain(..bytes).collect()
    }

    fn line(&mut self) -> String {
        loop {
            if let Some(at) = find(&self.unread, b"\r\n") {
                let line = self.take(at + 2);
                return String::from_utf8_lossy(&line[..at]).into_owned();
            }
            assert!(self.fill(), "the connection ended within a line");
        }
    }

    fn fill(&mut self) -> bool {
        let mut buffer = [0; 65536];
        match self.stream.read(&mut buffer) {
            Ok(read) => {
                self.unread.extend_from_slice(&buffer[..read]);
                read > 0
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => false,
            Err(error) => panic!("no reply: {error}"),
        }
    }
}

fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}
