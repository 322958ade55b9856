//! The error of an invocation while it is put together: type, message and stack, copied out of the language, so that reporting needs
//! nothing of its memory.
//!
//! A language fills it from whatever was raised; the errors that the runtime itself finds have their words here, the same in every
//! language. Bounds: `limits::ERROR_TEXT_BYTES_MAX` for type and message together, `limits::ERROR_STACK_BYTES_MAX` for the stack; what is
//! beyond is cut, so that the error document always has room.

use crate::buffer::Buffer;
use crate::bytes::Decimal;
use crate::interpreter::Failure;
use crate::json::SyntaxError;
use crate::limits;

/// The error being reported.
pub struct Report {
    /// The type of an error that names none.
    default_type: &'static [u8],
    /// The type, then the message.
    text: Buffer,
    type_bytes: usize,
    stack: Buffer,
    is_fatal: bool,
}

impl Report {
    /// No error. `default_type` is the type of one that names none, `LuaError` for example.
    pub const fn new(default_type: &'static [u8]) -> Report {
        Report {
            default_type,
            text: Buffer::new(limits::ERROR_TEXT_BYTES_MAX),
            type_bytes: 0,
            stack: Buffer::new(limits::ERROR_STACK_BYTES_MAX),
            is_fatal: false,
        }
    }

    /// Forgets the last error.
    pub fn clear(&mut self) {
        self.text.clear();
        self.stack.clear();
        self.type_bytes = 0;
        self.is_fatal = false;
    }

    /// Sets type and message; the message is given in parts and cut at the bound.
    pub fn set(&mut self, error_type: &[u8], message: &[&[u8]]) {
        self.text.clear();
        self.type_bytes = 0;
        // A type is a word; one that fills half the text is none.
        let error_type = if error_type.len() <= limits::ERROR_TEXT_BYTES_MAX / 2 { error_type } else { self.default_type };
        push_cut(&mut self.text, error_type, limits::ERROR_TEXT_BYTES_MAX);
        self.type_bytes = self.text.len();
        for part in message {
            push_cut(&mut self.text, part, limits::ERROR_TEXT_BYTES_MAX);
        }
    }

    /// The handler's name is none: `parts` say what is wrong with it.
    pub fn set_malformed_handler_name(&mut self, parts: &[&[u8]]) {
        self.set(b"Runtime.MalformedHandlerName", parts);
    }

    /// The event is not JSON.
    pub fn set_event_error(&mut self, error: SyntaxError) {
        self.set_syntax_error(b"Runtime.UnmarshalError", b"the event is not JSON", error);
    }

    /// What the service sent for the context is not JSON.
    pub fn set_context_error(&mut self, error: SyntaxError) {
        let what = b"the client context or Cognito identity is not JSON";
        self.set_syntax_error(b"Runtime.LambdaContextUnmarshalError", what, error);
    }

    /// Sets a type and the message `what: … at byte N`; the first byte is 1.
    fn set_syntax_error(&mut self, error_type: &[u8], what: &[u8], error: SyntaxError) {
        let mut number = Decimal::new();
        let offset = number.format(error.offset as i64 + 1);
        self.set(error_type, &[what, b": ", error.kind.message().as_bytes(), b" at byte ", offset]);
    }

    /// The interpreter `language` is out of memory and cannot go on.
    pub fn set_out_of_memory(&mut self, language: &[u8]) {
        self.set(b"Runtime.OutOfMemory", &[language, b" ran out of memory"]);
        self.is_fatal = true;
    }

    /// Appends to the stack; it is cut at the bound. See [`Failure::stack`] for its form.
    pub fn push_stack(&mut self, bytes: &[u8]) {
        push_cut(&mut self.stack, bytes, limits::ERROR_STACK_BYTES_MAX);
    }

    /// Forgets the stack.
    pub fn clear_stack(&mut self) {
        self.stack.clear();
    }

    /// The stack so far.
    pub fn stack(&self) -> &[u8] {
        self.stack.bytes()
    }

    /// The error as the runtime takes it.
    pub fn failure(&self) -> Failure<'_> {
        let (error_type, message) = self.text.bytes().split_at(self.type_bytes);
        Failure { error_type, message, stack: self.stack.bytes(), is_fatal: self.is_fatal }
    }
}

/// Appends as much of `bytes` as `bound`, which is that of `out`, allows.
fn push_cut(out: &mut Buffer, bytes: &[u8], bound: usize) {
    let room = bound - out.len();
    // With no memory at all the error is reported without its text.
    let _ = out.push(&bytes[..bytes.len().min(room)]);
}
