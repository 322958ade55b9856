//! JavaScript as the core's [`Interpreter`]: load and call. What is said better in JavaScript is in `prelude.js`, which gets the functions
//! of [`native`] and returns those that are called here.

use crate::engine::{self, Kind, OneThread, Result, Thrown, Value};
use crate::json;
use coldmoon::answer::{self, ContentType};
use coldmoon::buffer::Buffer;
use coldmoon::env::Env;
use coldmoon::interpreter::{Failure, Hook, Host, Interpreter, Invocation, Level, Response, Stream};
use coldmoon::json::SyntaxError;
use coldmoon::lines::Lines;
use coldmoon::report::Report;
use coldmoon::{limits, sys};
use core::cell::RefCell;
use core::ffi::CStr;

/// What the function has written to `process.stdout` and `stderr` since its last line end.
static LINES: OneThread<RefCell<Lines>> = OneThread(RefCell::new(Lines::new()));

/// `prelude.js`, compiled.
const PRELUDE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/prelude.bin"));

/// QuickJS, its prelude run; later with a function loaded.
pub struct JavaScript {
    report: Report,
    /// The functions of the prelude: see its end.
    prelude: Value,
}

impl JavaScript {
    /// Makes the interpreter. `None` if memory does not suffice.
    pub fn open(env: &Env) -> Option<JavaScript> {
        engine::open(limits::heap_bytes(env.memory_mb), env.task_root())?;
        let prelude = || engine::evaluate(PRELUDE)?.call(&Value::UNDEFINED, [&native()?]);
        Some(JavaScript { report: Report::new(b"Error"), prelude: prelude().ok()? })
    }

    /// Runs `act` with `host` as the runtime that JavaScript reaches. What the function wrote has reached the host when this returns.
    fn run(&mut self, host: &mut dyn Host, act: impl FnOnce(&JavaScript) -> Result<()>) -> Result<(), Failure<'_>> {
        self.report.clear();
        let result = engine::lend_host(host, || {
            let result = act(self).map_err(|thrown| self.describe(&thrown));
            engine::with_host(|host| LINES.0.borrow_mut().flush(host));
            engine::collect_if_short();
            result
        });
        result.map_err(|()| self.report.failure())
    }

    /// Puts what was thrown into the report, in the prelude's words. Where those cannot be had, there is no memory left.
    fn describe(&mut self, Thrown(thrown): &Thrown) {
        let is_out_of_memory = self.prelude.get(c"describe").and_then(|describe| {
            let parts = describe.call(&self.prelude, [thrown])?;
            let (error_type, message, stack) = (parts.at(0)?.text()?, parts.at(1)?.text()?, parts.at(2)?.text()?);
            self.report.set(&error_type, &[&message]);
            self.report.push_stack(&stack);
            // QuickJS throws `null` where not even the error that says so can be made.
            let is_null = *error_type == *b"object" && *message == *b"null" && engine::is_short();
            Ok(is_null || (*error_type == *b"InternalError" && *message == *b"out of memory"))
        });
        if is_out_of_memory.unwrap_or(true) {
            self.report.set_out_of_memory(b"JavaScript");
        }
    }

    /// What a function of the prelude comes to.
    fn finish<const N: usize>(&self, function: &CStr, arguments: [&Value; N]) -> Result<Value> {
        self.prelude.get(function)?.call(&self.prelude, arguments)?.settle()
    }
}

/// What came with an event, from which the prelude makes the handler's second argument. Whatever the service did not send is left out.
fn make_context(invocation: &Invocation<'_>) -> Result<Result<Value>, SyntaxError> {
    let text = |text: Option<&[u8]>| text.map(Value::string);
    let parsed = |text: Option<&[u8]>| text.map(json::parse).transpose();
    let fields = [
        (&b"awsRequestId"[..], text(Some(invocation.request_id))),
        (b"deadlineMs", invocation.deadline_ms.map(|ms| Ok(Value::number(ms as f64)))),
        (b"invokedFunctionArn", text(invocation.function_arn)),
        (b"traceId", text(invocation.trace_id)),
        (b"environmentTraceId", text(sys::variable(c"_X_AMZN_TRACE_ID"))),
        (b"tenantId", text(invocation.tenant_id)),
        (b"clientContext", parsed(invocation.client_context)?),
        (b"identity", parsed(invocation.cognito_identity)?),
    ];
    Ok(Value::object().and_then(|context| {
        for (name, value) in fields {
            value.map_or(Ok(()), |value| context.define(name, value?))?;
        }
        Ok(context)
    }))
}

impl Interpreter for JavaScript {
    fn load(&mut self, _env: &Env, host: &mut dyn Host) -> Result<(), Failure<'_>> {
        self.run(host, |this| this.finish(c"load", []).map(drop))
    }

    fn call(&mut self, invocation: &Invocation<'_>, body: &mut Buffer, host: &mut dyn Host) -> Result<Response<'_>, Failure<'_>> {
        self.report.clear();
        match (json::parse(invocation.event), make_context(invocation)) {
            (Err(error), _) => self.report.set_event_error(error),
            (_, Err(error)) => self.report.set_context_error(error),
            (Ok(event), Ok(context)) => {
                self.run(host, |this| json::write(&this.finish(c"call", [&event?, &context?])?, body))?;
                return Ok(Response { content_type: answer::JSON });
            }
        }
        Err(self.report.failure())
    }

    fn has_hook(&self, hook: Hook) -> bool {
        let count = || self.prelude.get(c"hooks")?.at(hook as u32)?.get(c"length")?.to_number();
        count().is_ok_and(|count| count > 0.0)
    }

    fn run_hooks(&mut self, hook: Hook, host: &mut dyn Host) -> Result<(), Failure<'_>> {
        self.run(host, |this| this.finish(c"runHooks", [&Value::number(f64::from(hook as u8))]).map(drop))
    }

    /// `Math.random` asks the kernel: it has no state.
    fn reseed(&mut self) {}
}

/// What the prelude is given.
fn native() -> Result<Value> {
    let (native, environment) = (Value::object()?, Value::object()?);
    sys::variables().try_for_each(|(name, value)| environment.define(name, Value::string(value)?))?;
    native.define(b"environment", environment)?;
    native.define(b"write", Value::function(write)?)?;
    native.define(b"exit", Value::function(exit)?)?;
    native.define(b"stream", Value::function(stream)?)?;
    native.define(b"random", Value::function(random)?)?;
    // That of a worker is not its parent's.
    native.define(b"pid", Value::function(|_| Ok(Value::number(f64::from(sys::process_id()))))?)?;
    Ok(native)
}

/// `write(kind, text)`: an entry of a level, or a part of a line of stdout or stderr.
fn write([kind, text, _]: &[Value; 3]) -> Result<Value> {
    const LEVELS: [Level; 5] = [Level::Trace, Level::Debug, Level::Info, Level::Warn, Level::Error];
    let (kind, text) = (kind.to_number()? as usize, text.text()?);
    engine::with_host(|host| match LEVELS.get(kind) {
        Some(level) => host.write_entry(*level, &text, b""),
        None => LINES.0.borrow_mut().write(if kind == LEVELS.len() { Stream::Out } else { Stream::Error }, &text, host),
    });
    Ok(Value::UNDEFINED)
}

/// `exit(code, stack)`
fn exit([code, stack, _]: &[Value; 3]) -> Result<Value> {
    let (code, stack) = (code.to_number()? as i32, stack.text()?);
    engine::with_host(|host| {
        LINES.0.borrow_mut().flush(host);
        host.exit(code, b"process.exit", &stack)
    });
    Ok(Value::UNDEFINED)
}

/// `stream(type, string or Uint8Array)`: sends it before it returns.
fn stream([content_type, chunk, _]: &[Value; 3]) -> Result<Value> {
    let content_type = content_type.text()?;
    if !ContentType::is_valid(&content_type) {
        return Err(Thrown::new(b"TypeError", b"the content type cannot stand in a header field"));
    }
    let send = |bytes: &[u8]| engine::with_host(|host| host.write_stream(&content_type, bytes).is_ok());
    let is_sent = if chunk.kind() == Kind::String { send(&chunk.text()?) } else { chunk.with_bytes(send)? };
    if is_sent == Some(true) { Ok(Value::UNDEFINED) } else { Err(Thrown::new(b"Error", b"the receiver takes no more")) }
}

/// `random()`: from 0 to 1, 53 bits.
fn random(_: &[Value; 3]) -> Result<Value> {
    let mut bytes = [0; 8];
    sys::random(&mut bytes);
    Ok(Value::number((u64::from_ne_bytes(bytes) >> 11) as f64 / (1u64 << 53) as f64))
}
