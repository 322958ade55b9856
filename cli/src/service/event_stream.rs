//! The messages of `application/vnd.amazon.eventstream`, in which InvokeWithResponseStream answers.
//!
//! A message: its length and the length of its headers, each 4 bytes, big-endian; the CRC-32 of these; the headers; the payload;
//! the CRC-32 of all before it. A header: the length of its name (1 byte), the name, the type (7: string), the length of the value
//! (2 bytes), the value (smithy.io, "Amazon Event Stream Specification"). AWS's own crate for it asks for a newer compiler than
//! this project does.

use bytes::{BufMut, Bytes, BytesMut};

/// The content type of the response.
pub const CONTENT_TYPE: &str = "application/vnd.amazon.eventstream";

/// How large the payload of one message is made; longer chunks are several messages. Decoders take up to 16 MB.
const PAYLOAD_BYTES_MAX: usize = 64 * 1024;

/// A part of the function's response.
pub fn payload_chunk(bytes: &[u8]) -> Bytes {
    let mut messages = BytesMut::new();
    for part in bytes.chunks(PAYLOAD_BYTES_MAX) {
        put_event(&mut messages, "PayloadChunk", "application/octet-stream", part);
    }
    messages.freeze()
}

/// The end of the response: an object with `ErrorCode`, `ErrorDetails` and `LogResult`, each optional.
pub fn invoke_complete(document: &serde_json::Value) -> Bytes {
    let mut message = BytesMut::new();
    put_event(&mut message, "InvokeComplete", "application/json", document.to_string().as_bytes());
    message.freeze()
}

fn put_event(message: &mut BytesMut, event_type: &str, content_type: &str, payload: &[u8]) {
    let start = message.len();
    let headers = [(":event-type", event_type), (":content-type", content_type), (":message-type", "event")];
    let headers_bytes: usize = headers.iter().map(|(name, value)| 1 + name.len() + 1 + 2 + value.len()).sum();
    message.put_u32((12 + headers_bytes + payload.len() + 4) as u32);
    message.put_u32(headers_bytes as u32);
    message.put_u32(crc32fast::hash(&message[start..]));
    for (name, value) in headers {
        message.put_u8(name.len() as u8);
        message.put_slice(name.as_bytes());
        message.put_u8(7);
        message.put_u16(value.len() as u16);
        message.put_slice(value.as_bytes());
    }
    message.put_slice(payload);
    message.put_u32(crc32fast::hash(&message[start..]));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_has_the_specified_layout() {
        let message = payload_chunk(b"one");
        let number = |at: usize| u32::from_be_bytes(message[at..at + 4].try_into().unwrap());
        assert_eq!(number(0) as usize, message.len());
        assert_eq!(number(8), crc32fast::hash(&message[..8]));
        assert_eq!(number(message.len() - 4), crc32fast::hash(&message[..message.len() - 4]));
        let headers_end = 12 + number(4) as usize;
        assert_eq!(&message[headers_end..message.len() - 4], b"one");
        assert_eq!(&message[12..39], b"\x0b:event-type\x07\x00\x0cPayloadChunk");
    }

    #[test]
    fn long_chunks_are_several_messages() {
        let messages = payload_chunk(&[b'x'; PAYLOAD_BYTES_MAX + 1]);
        let first = u32::from_be_bytes(messages[..4].try_into().unwrap()) as usize;
        let second = u32::from_be_bytes(messages[first..first + 4].try_into().unwrap()) as usize;
        assert_eq!(first + second, messages.len());
        assert!(payload_chunk(b"").is_empty());
    }
}
