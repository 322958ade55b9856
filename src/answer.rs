//! What an answer says about itself, whatever the language: its media type, and what makes a stream an HTTP response.
//!
//! Source: docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html.

use crate::limits;

/// The media type of a result that is JSON.
pub const JSON: &[u8] = b"application/json";
/// That of bytes of which nothing else is said, as in AWS's clients.
pub const BYTES: &[u8] = b"application/octet-stream";

/// The media type of a stream that begins with a prelude: the JSON of `statusCode`, `headers` and `cookies`, then [`PRELUDE_END`].
pub const WITH_PRELUDE: &[u8] = b"application/vnd.awslambda.http-integration-response";
/// The members of that JSON.
pub const PRELUDE_MEMBERS: [&core::ffi::CStr; 3] = [c"statusCode", c"headers", c"cookies"];
/// What separates the prelude from the body.
pub const PRELUDE_END: [u8; 8] = [0; 8];

/// The error of a result that is larger than `limits::RESPONSE_BYTES_MAX`, type and message, in the platform's own words.
pub const TOO_LARGE: [&[u8]; 2] =
    [b"Function.ResponseSizeTooLarge", b"Response payload size exceeded maximum allowed payload size (6291556 bytes)."];

const _: () = assert!(limits::RESPONSE_BYTES_MAX == 6_291_556, "the message names it");

/// The media type of the current answer, copied out of the language.
pub struct ContentType {
    text: [u8; limits::CONTENT_TYPE_BYTES_MAX],
    len: usize,
}

impl ContentType {
    /// None yet.
    pub const fn new() -> ContentType {
        ContentType { text: [0; limits::CONTENT_TYPE_BYTES_MAX], len: 0 }
    }

    /// Whether a media type can stand in a header field: what is not visible ASCII would break the request.
    pub fn is_valid(text: &[u8]) -> bool {
        !text.is_empty() && text.len() <= limits::CONTENT_TYPE_BYTES_MAX && text.iter().all(|byte| (b' '..=b'~').contains(byte))
    }

    /// Sets it to a text that is valid.
    pub fn set(&mut self, text: &[u8]) {
        self.len = text.len().min(limits::CONTENT_TYPE_BYTES_MAX);
        self.text[..self.len].copy_from_slice(&text[..self.len]);
    }

    /// The text.
    pub fn as_bytes(&self) -> &[u8] {
        &self.text[..self.len]
    }
}

impl Default for ContentType {
    fn default() -> Self {
        Self::new()
    }
}
