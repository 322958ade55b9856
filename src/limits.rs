//! Every bound of the runtime in one place, with its source: a document, a file of AWS's emulator, or the reason for the choice.
//! Relations between them are asserted when this file is compiled. Bytes unless the name says otherwise.

/// Nesting of arrays and objects in JSON, both ways (the contract: 1,000; RFC 8259 section 9 allows a bound).
pub const JSON_DEPTH_MAX: usize = 1000;

/// A response that the platform takes: 6 MiB + 100 (`MaxPayloadSize` in `interop/model.go` of AWS's emulator).
pub const RESPONSE_BYTES_MAX: usize = 6 * 1024 * 1024 + 100;

/// The buffer of a response: one that is a little too large is encoded whole and refused with its type; JSON asks for a little more room
/// than it fills.
pub const BODY_BYTES_MAX: usize = RESPONSE_BYTES_MAX + 64 * 1024;

/// The head of a reply: the service's own bound for request line and headers of Invoke is 1 MB, and it hands them on in headers.
pub const HEAD_BYTES_MAX: usize = 1024 * 1024;

/// Capacity of a buffer that is kept from one use to the next: more than usual events need, little beside the smallest sandbox's 128 MB.
pub const KEPT_BYTES: usize = 1024 * 1024;

/// The content type of a response: RFC 6838 section 4.2 bounds type and subtype to 127 characters each; parameters may follow.
pub const CONTENT_TYPE_BYTES_MAX: usize = 512;

/// An event. The service's bound is 6 MB; the room above it is for what it may become. A larger one is refused, never cut.
pub const EVENT_BYTES_MAX: usize = 32 * 1024 * 1024;

/// A whole reply of the Runtime API to `next`: head, event and the framing of its chunks.
pub const RECEIVE_BYTES_MAX: usize = HEAD_BYTES_MAX + 2 * EVENT_BYTES_MAX;

/// A reply to a POST: a status, a few headers and a sentence. What is longer is not worth reading: the connection is given up.
pub const REPLY_BYTES_MAX: usize = 64 * 1024;

/// The number of header fields in one reply: ours has eleven at most; Go's server and proxies add a few.
pub const FIELDS_MAX: usize = 256;

/// Interim (1xx) replies before the final one: RFC 9110 section 15.2 allows any number; one is unusual.
pub const INTERIM_REPLIES_MAX: usize = 8;

/// The line that begins a chunk: at most 16 hexadecimal digits, and extensions that nobody sends (RFC 9112 section 7.1.1).
pub const CHUNK_LINE_BYTES_MAX: usize = 4096;

/// All trailer fields of one reply together.
pub const TRAILER_BYTES_MAX: usize = 64 * 1024;

/// A request id, an invocation id: opaque, a UUID of 36 bytes in practice.
pub const ID_BYTES_MAX: usize = 1024;

/// A request head that we send, or the trailers of a stream. The longest part of one is the X-Ray cause, of the other an error document in
/// base64. Go's server takes heads of 1 MB.
pub const REQUEST_HEAD_BYTES_MAX: usize = 2 * 1024 * 1024;

/// The X-Ray cause header: the platform crops above 64 KiB (`MaxErrorCauseSizeBytes` in `error_cause.go` of AWS's emulator).
pub const XRAY_CAUSE_BYTES_MAX: usize = 64 * 1024;

/// Type and message of an error as the language gave them. Managed instances take error documents up to 1 MiB, and a byte may become six
/// when it is escaped.
pub const ERROR_TEXT_BYTES_MAX: usize = 128 * 1024;

/// The stack trace of an error as the language gave it: see [`ERROR_TEXT_BYTES_MAX`]. Only one that a program has made itself is longer.
pub const ERROR_STACK_BYTES_MAX: usize = 32 * 1024;

/// An error document: see [`ERROR_TEXT_BYTES_MAX`].
pub const ERROR_BYTES_MAX: usize = 1024 * 1024;

/// One line of the function's log. CloudWatch takes events of 1 MiB; what is longer is written in several pieces, none is lost.
pub const LOG_LINE_BYTES_MAX: usize = 1024 * 1024;

/// A file path that the module search tries: PATH_MAX of Linux.
pub const PATH_BYTES_MAX: usize = 4096;

/// A source or bytecode file: the unpacked function may be 250 MB in all.
pub const SOURCE_BYTES_MAX: usize = 256 * 1024 * 1024;

/// `/etc/hosts` and `/etc/resolv.conf`: what is longer is read as far.
pub const RESOLVER_FILE_BYTES_MAX: usize = 1024 * 1024;

/// What an interpreter may take for its heap, of a function with so many MB. A sandbox that runs out of memory is killed, and nobody learns
/// why: with less than that the interpreter fails first, with an error that can be reported. The rest is for the event, the response,
/// machine code, the runtime itself.
pub fn heap_bytes(memory_mb: Option<u32>) -> isize {
    const RESERVED_PART: u64 = 8;
    const RESERVED_BYTES_MAX: u64 = 64 << 20;
    memory_mb.map_or(isize::MAX, |mb| {
        let bytes = u64::from(mb) << 20;
        (bytes - (bytes / RESERVED_PART).min(RESERVED_BYTES_MAX)) as isize
    })
}

const _: () = assert!((ERROR_TEXT_BYTES_MAX + ERROR_STACK_BYTES_MAX) * 6 + 4096 < ERROR_BYTES_MAX);
const _: () = assert!(XRAY_CAUSE_BYTES_MAX + 4 * ID_BYTES_MAX < REQUEST_HEAD_BYTES_MAX);
const _: () = assert!(RESPONSE_BYTES_MAX < EVENT_BYTES_MAX);
