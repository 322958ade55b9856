//! JavaScript as the core's [`Interpreter`]: load and call. What is said better in JavaScript is in `prelude.js`, which gets the functions
//! of [`native`] and returns those that are called here.

use crate::engine::{Context, Kind, Lent, OneThread, Result, Thrown, Value};
use crate::json;
use coldmoon::answer::{self, ContentType};
use coldmoon::buffer::Buffer;
use coldmoon::bytes::Decimal;
use coldmoon::env::{self, Env};
use coldmoon::interpreter::{Failure, Hook, Host, Interpreter, Invocation, Level, Response, Stream};
use coldmoon::json::SyntaxError;
use coldmoon::lines::Lines;
use coldmoon::report::Report;
use coldmoon::{limits, sys};
use core::cell::{Cell, RefCell};
use core::ffi::CStr;

/// The runtime during a call.
static HOST: OneThread<Lent> = OneThread(Lent::new());
/// What the function has written to `process.stdout` and `stderr` since its last line end.
static LINES: OneThread<RefCell<Lines>> = OneThread(RefCell::new(Lines::new()));
/// The folder of the function's files.
static TASK_ROOT: OneThread<Cell<&[u8]>> = OneThread(Cell::new(b"."));

/// `prelude.js`, compiled.
const PRELUDE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/prelude.bin"));

/// QuickJS, its prelude run; later with a function loaded.
pub struct JavaScript {
    context: Context,
    env: Env,
    report: Report,
    /// The functions of the prelude: see its end.
    prelude: Value,
}

impl JavaScript {
    /// Makes the interpreter. `None` if memory does not suffice.
    pub fn open(env: &Env) -> Option<JavaScript> {
        TASK_ROOT.0.set(env.task_root());
        let context = Context::open(limits::heap_bytes(env.memory_mb), &TASK_ROOT.0)?;
        let prelude = || context.evaluate(PRELUDE)?.call(&context.undefined(), [&native(context)?]);
        Some(JavaScript { context, env: *env, report: Report::new(b"Error"), prelude: prelude().ok()? })
    }

    /// Runs `act` with `host` as the runtime that JavaScript reaches. What the function wrote has reached the host when this returns.
    fn run(&mut self, host: &mut dyn Host, act: impl FnOnce(&JavaScript) -> Result<()>) -> core::result::Result<(), Failure<'_>> {
        self.report.clear();
        let result = HOST.0.lend(host, || {
            let result = act(self).map_err(|thrown| self.describe(thrown));
            HOST.0.with(|host| LINES.0.borrow_mut().flush(host));
            self.context.collect_if_short();
            result
        });
        result.map_err(|()| self.report.failure())
    }

    /// Puts what was thrown into the report. Describing it may throw something else, which is described in its place; where that goes on,
    /// there is no memory left.
    fn describe(&mut self, mut thrown: Thrown) {
        for _ in 0..3 {
            let report = &mut self.report;
            let described =
                self.prelude.get(c"describe").and_then(|describe| describe.call(&self.prelude, [&thrown.0])).and_then(|parts| {
                    let (error_type, message) = (parts.at(0)?, parts.at(1)?);
                    error_type.with_text(|error_type| message.with_text(|message| report.set(error_type, &[message])))??;
                    parts.at(2)?.with_text(|stack| report.push_stack(stack))
                });
            match described {
                Ok(()) if (self.report.failure().error_type, self.report.failure().message) == (b"InternalError", b"out of memory") => {
                    break;
                }
                Ok(()) => return,
                Err(next) => thrown = next,
            }
        }
        self.report.set_out_of_memory(b"JavaScript");
    }

    /// What a function of the prelude comes to.
    fn finish(&self, function: &CStr, arguments: [&Value; 2]) -> Result<Value> {
        let result = self.prelude.get(function)?.call(&self.prelude, arguments)?.settle()?;
        result.ok_or_else(|| self.context.error(b"Runtime.UnsettledPromise", b"a promise that the function waits for never settles"))
    }

    /// An error that is none of JavaScript's.
    fn fail(&mut self, set: impl FnOnce(&mut Report)) -> Failure<'_> {
        self.report.clear();
        set(&mut self.report);
        self.report.failure()
    }

    /// The handler's second argument, but for what the prelude adds. Whatever the service did not send is left out.
    fn make_context(&self, invocation: &Invocation<'_>) -> core::result::Result<Result<Value>, SyntaxError> {
        let parsed = |text: Option<&[u8]>| text.map(|text| json::parse(self.context, text)).transpose();
        let (client, identity) = (parsed(invocation.client_context)?, parsed(invocation.cognito_identity)?);
        let make = || {
            let fields = self.context.object()?;
            let mut memory = Decimal::new();
            let text = |text: Option<&[u8]>| text.map(|text| self.context.string(text));
            for (name, value) in [
                (&b"awsRequestId"[..], text(Some(invocation.request_id))),
                (b"deadlineMs", invocation.deadline_ms.map(|ms| Ok(self.context.number(ms as f64)))),
                (b"invokedFunctionArn", text(invocation.function_arn)),
                (b"functionName", text(self.env.function_name)),
                (b"functionVersion", text(self.env.function_version)),
                (b"memoryLimitInMB", text(self.env.memory_mb.map(|mb| memory.format(i64::from(mb))))),
                (b"logGroupName", text(self.env.log_group_name)),
                (b"logStreamName", text(self.env.log_stream_name)),
                (b"traceId", text(invocation.trace_id)),
                (b"environmentTraceId", text(sys::variable(c"_X_AMZN_TRACE_ID"))),
                (b"tenantId", text(invocation.tenant_id)),
                (b"clientContext", client),
                (b"identity", identity),
            ] {
                value.map_or(Ok(()), |value| fields.define(name, value?))?;
            }
            Ok(fields)
        };
        Ok(make())
    }
}

impl Interpreter for JavaScript {
    fn load(&mut self, env: &Env, host: &mut dyn Host) -> core::result::Result<(), Failure<'_>> {
        let Some(handler) = env.handler else {
            return Err(
                self.fail(|report| report.set_malformed_handler_name(&[b"_HANDLER is not set; it names the handler as module.function"]))
            );
        };
        let (module @ [_, ..], Some(function @ [_, ..])) = env::split_handler(handler) else {
            let message: [&[u8]; 3] = [b"the handler '", handler, b"' is not of the form module.function"];
            return Err(self.fail(|report| report.set_malformed_handler_name(&message)));
        };
        self.run(host, |this| this.finish(c"load", [&this.context.string(module)?, &this.context.string(function)?]).map(drop))
    }

    fn call(
        &mut self,
        invocation: &Invocation<'_>,
        body: &mut Buffer,
        host: &mut dyn Host,
    ) -> core::result::Result<Response<'_>, Failure<'_>> {
        // 7. and 8. The event and the context become values.
        let event = match json::parse(self.context, invocation.event) {
            Ok(event) => event,
            Err(error) => return Err(self.fail(|report| report.set_event_error(error))),
        };
        let context = match self.make_context(invocation) {
            Ok(context) => context,
            Err(error) => return Err(self.fail(|report| report.set_context_error(error))),
        };
        // 9. and 10. The handler is called, and what it comes to is written.
        if let Err(()) = self.run(host, |this| json::write(&this.finish(c"call", [&event?, &context?])?, body)).map_err(drop) {
            return Err(self.report.failure());
        }
        Ok(Response { content_type: answer::JSON })
    }

    fn has_hook(&self, hook: Hook) -> bool {
        let count = || self.prelude.get(c"hooks")?.at(hook as u32)?.get(c"length")?.to_number();
        count().is_ok_and(|count| count > 0.0)
    }

    fn run_hooks(&mut self, hook: Hook, host: &mut dyn Host) -> core::result::Result<(), Failure<'_>> {
        let kind = self.context.number(f64::from(hook as u8));
        self.run(host, |this| this.finish(c"runHooks", [&kind, &kind]).map(drop))
    }

    fn reseed(&mut self) {
        // `Math.random` asks the kernel: it has no state.
    }
}

/// What the prelude is given.
fn native(context: Context) -> Result<Value> {
    const LEVELS: [Level; 5] = [Level::Trace, Level::Debug, Level::Info, Level::Warn, Level::Error];
    let native = context.object()?;
    let add = |name: &[u8], member: Result<Value>| native.define(name, member?);
    // write(kind, text): an entry of a level, or a part of a line of stdout or stderr.
    let write = context.function(|context, [kind, text, _]| {
        let kind = kind.to_number()? as usize;
        text.with_text(|text| {
            HOST.0.with(|host| match LEVELS.get(kind) {
                Some(level) => host.write_entry(*level, text, b""),
                None => LINES.0.borrow_mut().write(if kind == LEVELS.len() { Stream::Out } else { Stream::Error }, text, host),
            })
        })?;
        Ok(context.undefined())
    });
    add(b"write", write)?;
    // exit(code, stack)
    let exit = context.function(|context, [code, stack, _]| {
        let code = code.to_number()? as i32;
        let exit = |host: &mut dyn Host, stack: &[u8]| {
            LINES.0.borrow_mut().flush(host);
            host.exit(code, b"process.exit", stack)
        };
        stack.with_text(|stack| HOST.0.with(|host| exit(host, stack)))?;
        Ok(context.undefined())
    });
    add(b"exit", exit)?;
    // stream(type, string or Uint8Array): sends it before it returns.
    let stream = context.function(|context, [content_type, chunk, _]| {
        let is_sent = content_type.with_text(|content_type| {
            if !ContentType::is_valid(content_type) {
                return Err(context.error(b"TypeError", b"the content type cannot stand in a header field"));
            }
            let send = |bytes: &[u8]| HOST.0.with(|host| host.write_stream(content_type, bytes).is_ok());
            if chunk.kind() == Kind::String { chunk.with_text(send) } else { chunk.with_bytes(send) }
        })??;
        if is_sent == Some(true) { Ok(context.undefined()) } else { Err(context.error(b"Error", b"the receiver takes no more")) }
    });
    add(b"stream", stream)?;
    // random(): from 0 to 1, 53 bits.
    let random = context.function(|context, _| {
        let mut bytes = [0; 8];
        sys::random(&mut bytes);
        Ok(context.number((u64::from_ne_bytes(bytes) >> 11) as f64 / (1u64 << 53) as f64))
    });
    add(b"random", random)?;
    // pid(): that of a worker is not its parent's.
    add(b"pid", context.function(|context, _| Ok(context.number(f64::from(sys::process_id())))))?;
    let environment = context.object()?;
    sys::variables().try_for_each(|(name, value)| environment.define(name, context.string(value)?))?;
    add(b"environment", Ok(environment))?;
    Ok(native)
}
