//! The main path: load the handler, then one event after the other, until something ends the process.
//!
//! [`run`] is INIT, [`serve`] shows the twelve steps of one invocation. What ends the process is decided here and nowhere else:
//!
//! | what happened | what follows |
//! | --- | --- |
//! | the handler could not be loaded, or a before-snapshot hook failed | posted to `/init/error`; exit 1 |
//! | an after-restore hook failed | posted to `/restore/error`; exit 1 |
//! | the platform asks to end (SIGTERM) and there is a hook | hooks run; exit 0. Without a hook the signal ends the process |
//! | `next` cannot be had on two connections | message; exit 1 |
//! | `next` is answered by 403 or 500 | message; exit 1 |
//! | `next` is answered by anything else that is no event | asked again after a pause, `NEXT_ATTEMPTS` times in all; then message, exit 1 |
//! | a POST is answered by 400, 403, 410, 413 or any other status | message: the platform has settled this invocation by itself; go on |
//! | a POST is answered by 500 | message; exit 1 ("Container error. Non-recoverable state.") |
//! | a POST gets no answer | message: it may have arrived, so it is not sent again; go on, `next` shows whether the platform is there |
//! | the interpreter is out of memory | posted to `/error`; exit 1 |
//! | the function asks to exit | posted to `/error` (or `/init/error`); exit with its code |
//!
//! Exactly one POST per invocation: a failed `/response` is never followed by an `/error`, and an error within a stream goes into the
//! trailers of that stream.
//!
//! With `COLDMOON_PIPELINE=1` the request for the next event goes out in one write with the POST (steps 11 and 2 below). The table stays as
//! it is: whatever the POST is answered by, `next` is what follows, and a connection that has ended takes the request with it, so that it
//! is sent again.

use crate::buffer::Buffer;
use crate::bytes::Decimal;
use crate::env::{self, Env};
use crate::http::connection::{Connection, Error, Transport};
use crate::interpreter::{Failure, Hook, Host, Interpreter, Invocation, Level, Response, Stream, StreamBroken};
use crate::limits;
use crate::log::Log;
use crate::runtime_api::{NextError, RuntimeApi};
use crate::sys;
use crate::workers;

/// How often `next` is asked before a server that answers nonsense is given up.
const NEXT_ATTEMPTS: u32 = 4;
/// The pause before the second attempt; it doubles with each.
const NEXT_PAUSE_MS: u32 = 100;

/// What the process ends with when the runtime itself gives up.
const EXIT_FAILURE: i32 = 1;

/// Runs the function until the process has to end; returns the exit code. `parking` is a second, unused connection to the same server.
pub fn run<T: Transport, I: Interpreter>(
    env: &Env,
    api: &mut RuntimeApi<'_, T>,
    parking: &mut Connection<T>,
    interpreter: &mut I,
    log: &mut Log,
) -> i32 {
    if env.concurrency.is_none_or(|count| count < 2) {
        // The server takes the connection up while the handler is loaded. Workers have connections of their own.
        api.connect();
    }
    // INIT: the handler's module is loaded and run before the first event is asked for.
    if let Err(failure) = interpreter.load(env, &mut Running::new(api, log, None)) {
        return report(api, log, None, &failure).unwrap_or(EXIT_FAILURE);
    }
    if interpreter.has_hook(Hook::Shutdown) {
        ask_for_termination(api, parking, log);
    }
    if env.is_snapshot()
        && let Some(code) = pass_snapshot(api, interpreter, log)
    {
        return code;
    }
    if env.is_pipelined {
        api.pipeline();
    }
    match env.concurrency {
        Some(count @ 2..) => {
            api.disconnect();
            workers::run(count, log, |log| {
                interpreter.reseed();
                serve(env, api, interpreter, log)
            })
        }
        _ => serve(env, api, interpreter, log),
    }
}

/// Answers one event after the other until the process has to end; returns the exit code.
fn serve<T: Transport, I: Interpreter>(env: &Env, api: &mut RuntimeApi<'_, T>, interpreter: &mut I, log: &mut Log) -> i32 {
    let mut event = Buffer::with_first(limits::RECEIVE_BYTES_MAX, 8 * 1024);
    let mut body = Buffer::with_first(limits::BODY_BYTES_MAX, 2 * 1024);
    let mut failures = 0;
    loop {
        // 1. Nothing of the last invocation is left but capacity: see 12.

        // 2. to 6. The GET that was built at init is sent, if the last POST has not taken it along; the reply is awaited, parsed and freed
        // of its framing where it stands.
        let invocation = match api.next(&mut event) {
            Ok(invocation) => invocation,
            Err(NextError::Connection(Error::Interrupted)) => return shut_down(api, interpreter, log),
            Err(error) => match wait_after(log, error, &mut failures) {
                Some(code) => return code,
                None => continue,
            },
        };
        failures = 0;
        if env.concurrency.is_none_or(|count| count < 2) {
            // With several workers AWS's own clients keep it out of the environment too.
            env::set_trace_id(invocation.trace_id);
        }

        // 7. to 10. The interpreter decodes the event, makes the context, calls the handler and encodes its result into `body`.
        let mut running = Running::new(api, log, Some(&invocation));
        let result = interpreter.call(&invocation, &mut body, &mut running);
        if sys::is_forked() {
            log.write_message(Level::Warn, Some(&invocation), &[b"a process that the function has forked came back from it; it ends here"]);
            sys::exit_child(EXIT_FAILURE);
        }
        let is_streaming = running.is_streaming;

        // 11. One POST, of the result or of the error; of a stream, its end.
        let end = match (result, is_streaming) {
            (Ok(Response { content_type }), false) => {
                let answer = api.respond(&invocation, content_type, body.bytes());
                settle(log, &invocation, answer)
            }
            (Ok(_), true) => {
                let answer = api.end_stream(None);
                settle(log, &invocation, answer)
            }
            (Err(failure), false) => report(api, log, Some(&invocation), &failure),
            (Err(failure), true) => report_in_stream(api, log, &invocation, &failure),
        };
        if let Some(code) = end {
            return code;
        }

        // 12. Memory that only a large event needed goes back to the kernel.
        event.reset(limits::KEPT_BYTES);
        body.reset(limits::KEPT_BYTES);
        api.release();
    }
}

/// Makes the platform send SIGTERM before it ends the environment: it does so only where an extension is registered.
fn ask_for_termination<T: Transport>(api: &mut RuntimeApi<'_, T>, parking: &mut Connection<T>, log: &mut Log) {
    match api.register_extension(parking) {
        Ok(200) => {}
        Ok(status) => {
            write_status(log, None, Level::Warn, b"shutdown hooks may not run: the platform answered ", status, b" to its registration");
        }
        Err(error) => write_connection_error(log, None, Level::Warn, b"shutdown hooks may not run: ", error, b""),
    }
    // Local tools send the signal whether it was asked for or not.
    sys::watch_termination();
}

/// SIGTERM: the function's hooks, and the end.
fn shut_down<T: Transport, I: Interpreter>(api: &mut RuntimeApi<'_, T>, interpreter: &mut I, log: &mut Log) -> i32 {
    if let Err(failure) = interpreter.run_hooks(Hook::Shutdown, &mut Running::in_phase(api, log, Phase::Shutdown)) {
        log.write_failure(None, &failure);
    }
    0
}

/// SnapStart: the hooks around the snapshot, which is taken while the reply to one request is awaited. The code to exit with, if a hook
/// fails.
fn pass_snapshot<T: Transport, I: Interpreter>(api: &mut RuntimeApi<'_, T>, interpreter: &mut I, log: &mut Log) -> Option<i32> {
    if let Err(failure) = interpreter.run_hooks(Hook::BeforeSnapshot, &mut Running::new(api, log, None)) {
        return report(api, log, None, &Failure { error_type: b"Runtime.BeforeSnapshotError", ..failure });
    }
    match api.wait_for_restore() {
        Ok(200) => {}
        Ok(status) => {
            write_status(log, None, Level::Fatal, API_ANSWERED, status, b" to the wait for the restore; giving up");
            return Some(EXIT_FAILURE);
        }
        Err(error) => {
            write_connection_error(log, None, Level::Fatal, b"the wait for the restore failed: ", error, b"; giving up");
            return Some(EXIT_FAILURE);
        }
    }
    interpreter.reseed();
    if let Err(failure) = interpreter.run_hooks(Hook::AfterRestore, &mut Running::in_phase(api, log, Phase::Restore)) {
        report_restore(api, log, &Failure { error_type: b"Runtime.AfterRestoreError", ..failure });
        return Some(EXIT_FAILURE);
    }
    None
}

/// What an unanswered or refused `next` means: the code to exit with, or `None` after a pause in which the server may recover.
fn wait_after(log: &mut Log, error: NextError, failures: &mut u32) -> Option<i32> {
    match error {
        NextError::Connection(error) => {
            write_connection_error(log, None, Level::Fatal, b"the next event cannot be had: ", error, b"; giving up");
            return Some(EXIT_FAILURE);
        }
        NextError::Status(status @ (403 | 500)) => {
            write_status(log, None, Level::Fatal, API_ANSWERED, status, b" to the request for the next event; giving up");
            return Some(EXIT_FAILURE);
        }
        NextError::Status(status) => {
            write_status(log, None, Level::Warn, API_ANSWERED, status, b" to the request for the next event");
        }
        NextError::RequestId => {
            log.write_message(Level::Warn, None, &[b"the Runtime API sent an event without a request id; it cannot be answered"]);
        }
    }
    let pause_ms = NEXT_PAUSE_MS << *failures;
    *failures += 1;
    if *failures == NEXT_ATTEMPTS {
        log.write_message(Level::Fatal, None, &[b"the Runtime API gives no events; giving up"]);
        return Some(EXIT_FAILURE);
    }
    // A server that keeps answering nonsense must not be asked in a busy loop.
    sys::sleep_ms(pause_ms);
    None
}

/// Logs and posts an error; returns the code to exit with, if the process has to end.
fn report<T: Transport>(
    api: &mut RuntimeApi<'_, T>,
    log: &mut Log,
    invocation: Option<&Invocation<'_>>,
    failure: &Failure<'_>,
) -> Option<i32> {
    log.write_failure(invocation, failure);
    let end = match invocation {
        Some(invocation) => {
            let answer = api.fail(invocation, failure);
            settle(log, invocation, answer)
        }
        None => {
            // The process ends whatever the answer is; the log entry above is already written.
            let _ = api.fail_init(failure);
            Some(EXIT_FAILURE)
        }
    };
    if failure.is_fatal { Some(EXIT_FAILURE) } else { end }
}

/// Logs and posts the error that ends the process after a restore, whatever the answer to it is.
fn report_restore<T: Transport>(api: &mut RuntimeApi<'_, T>, log: &mut Log, failure: &Failure<'_>) {
    log.write_failure(None, failure);
    let _ = api.fail_restore(failure);
}

/// Logs an error and ends the stream that has begun with it; returns the code to exit with, if the process has to end.
fn report_in_stream<T: Transport>(
    api: &mut RuntimeApi<'_, T>,
    log: &mut Log,
    invocation: &Invocation<'_>,
    failure: &Failure<'_>,
) -> Option<i32> {
    log.write_failure(Some(invocation), failure);
    let answer = api.end_stream(Some(failure));
    let end = settle(log, invocation, answer);
    if failure.is_fatal { Some(EXIT_FAILURE) } else { end }
}

/// What the answer to the one POST of an invocation means: the code to exit with, or `None` to go on.
fn settle(log: &mut Log, invocation: &Invocation<'_>, answer: Result<u16, Error>) -> Option<i32> {
    match answer {
        Ok(202) => None,
        Ok(status) => {
            let (level, after) = match status {
                500 => (Level::Fatal, &b" to the result (container error); giving up"[..]),
                410 => (Level::Warn, &b" to the result: it came after the invocation had ended"[..]),
                413 => (Level::Warn, &b" to the result: it is too large"[..]),
                _ => (Level::Warn, &b" to the result"[..]),
            };
            write_status(log, Some(invocation), level, API_ANSWERED, status, after);
            (status == 500).then_some(EXIT_FAILURE)
        }
        Err(error) => {
            write_connection_error(log, Some(invocation), Level::Warn, b"the result may be lost: ", error, b"");
            None
        }
    }
}

/// How the entry about a status that is not the expected one begins.
const API_ANSWERED: &[u8] = b"the Runtime API answered ";

#[inline(never)]
fn write_status(log: &mut Log, invocation: Option<&Invocation<'_>>, level: Level, before: &[u8], status: u16, after: &[u8]) {
    let mut number = Decimal::new();
    log.write_message(level, invocation, &[before, number.format(i64::from(status)), after]);
}

fn write_connection_error(log: &mut Log, invocation: Option<&Invocation<'_>>, level: Level, before: &[u8], error: Error, after: &[u8]) {
    let text = error.text().as_bytes();
    match error.errno() {
        Some(errno) => log.write_message(level, invocation, &[before, text, b" (", errno.text(), b")", after]),
        None => log.write_message(level, invocation, &[before, text, after]),
    }
}

/// The runtime as an interpreter sees it during a call.
struct Running<'a, 'e, T: Transport> {
    api: &'a mut RuntimeApi<'e, T>,
    log: &'a mut Log,
    /// `None` outside of an invocation.
    invocation: Option<&'a Invocation<'a>>,
    /// Where an error outside of an invocation is posted to.
    phase: Phase,
    /// Whether the response has begun as a stream.
    is_streaming: bool,
    /// Whether that stream can no longer be sent.
    is_broken: bool,
}

/// Where an error outside of an invocation is posted to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// `/init/error`
    Init,
    /// `/restore/error`
    Restore,
    /// Nowhere: the platform is ending the environment.
    Shutdown,
}

impl<'a, 'e, T: Transport> Running<'a, 'e, T> {
    fn new(api: &'a mut RuntimeApi<'e, T>, log: &'a mut Log, invocation: Option<&'a Invocation<'a>>) -> Running<'a, 'e, T> {
        Running { api, log, invocation, phase: Phase::Init, is_streaming: false, is_broken: false }
    }

    /// The same for a hook that runs after INIT.
    fn in_phase(api: &'a mut RuntimeApi<'e, T>, log: &'a mut Log, phase: Phase) -> Running<'a, 'e, T> {
        Running { phase, ..Running::new(api, log, None) }
    }
}

impl<T: Transport> Host for Running<'_, '_, T> {
    fn write_line(&mut self, stream: Stream, line: &[u8]) {
        self.log.write_line(stream, self.invocation, line);
    }

    fn write_entry(&mut self, level: Level, message: &[u8], fields: &[u8]) {
        self.log.write_entry(level, self.invocation, message, fields);
    }

    fn write_stream(&mut self, content_type: &[u8], bytes: &[u8]) -> Result<(), StreamBroken> {
        let Some(invocation) = self.invocation.filter(|_| !self.is_broken && !sys::is_forked()) else { return Err(StreamBroken) };
        let mut result = Ok(());
        if !self.is_streaming {
            // From here on the answer of this invocation is this stream, whatever comes.
            self.is_streaming = true;
            result = self.api.start_stream(invocation, content_type);
        }
        result = result.and_then(|()| self.api.write_stream(bytes));
        self.is_broken = result.is_err();
        result.map_err(|_| StreamBroken)
    }

    fn exit(&mut self, code: i32, call: &[u8], stack: &[u8]) -> ! {
        if sys::is_forked() {
            // Its parent answers.
            sys::exit(code);
        }
        let mut number = Decimal::new();
        let code_text = number.format(i64::from(code));
        let mut message = [0; 64];
        let text = concat(&mut message, &[b"the function called ", call, b"(", code_text, b")"]);
        let failure = Failure { error_type: b"Runtime.ExitError", message: text, stack, is_fatal: true };
        match self.invocation {
            Some(invocation) if self.is_streaming => {
                report_in_stream(self.api, self.log, invocation, &failure);
            }
            None if self.phase == Phase::Restore => report_restore(self.api, self.log, &failure),
            None if self.phase == Phase::Shutdown => self.log.write_failure(None, &failure),
            invocation => {
                report(self.api, self.log, invocation, &failure);
            }
        }
        sys::exit(code)
    }
}

/// Joins short parts in `room`; what does not fit is cut.
#[inline(never)]
fn concat<'a>(room: &'a mut [u8], parts: &[&[u8]]) -> &'a [u8] {
    let mut at = 0;
    for part in parts {
        let count = part.len().min(room.len() - at);
        room[at..at + count].copy_from_slice(&part[..count]);
        at += count;
    }
    &room[..at]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::script::{Script, Step};
    use crate::runtime_api::Endpoint;

    /// Returns the event; fails for `fail`, fatally for `fatal`; an init error if told so.
    struct Echo {
        fails_init: bool,
        calls: Vec<Vec<u8>>,
    }

    const FAILURE: Failure<'static> = Failure { error_type: b"Error", message: b"words", stack: b"", is_fatal: false };

    impl Interpreter for Echo {
        fn load(&mut self, _env: &Env, _host: &mut dyn Host) -> Result<(), Failure<'_>> {
            if self.fails_init { Err(FAILURE) } else { Ok(()) }
        }

        fn call(&mut self, invocation: &Invocation<'_>, body: &mut Buffer, _host: &mut dyn Host) -> Result<Response<'_>, Failure<'_>> {
            self.calls.push(invocation.event.to_vec());
            match invocation.event {
                b"fail" => Err(FAILURE),
                b"fatal" => Err(Failure { is_fatal: true, ..FAILURE }),
                event => {
                    body.push(event).unwrap();
                    Ok(Response { content_type: b"text/plain" })
                }
            }
        }

        fn has_hook(&self, _hook: Hook) -> bool {
            false
        }

        fn run_hooks(&mut self, _hook: Hook, _host: &mut dyn Host) -> Result<(), Failure<'_>> {
            Ok(())
        }

        fn reseed(&mut self) {}
    }

    fn event(text: &str) -> Step {
        let head = format!("HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: id-{text}\r\nContent-Length: {}\r\n\r\n{text}", text.len());
        Step::Give(head.into_bytes())
    }

    fn status(status: u16) -> Step {
        Step::Give(format!("HTTP/1.1 {status} X\r\nContent-Length: 2\r\n\r\n{{}}").into_bytes())
    }

    /// Runs against the replies, in order, on one connection: exit code, calls, request lines with the bodies of POSTs.
    fn run_with(fails_init: bool, replies: &[Step]) -> (i32, Vec<String>, Vec<String>) {
        let steps = replies.iter().flat_map(|reply| [Step::Take, reply.clone()]).collect();
        run_script(Env::default(), fails_init, vec![steps])
    }

    /// The same with pipelining: the first reply is an event, then come the replies to POSTs and to what is sent behind them. No reply, and
    /// the connection is over; the next list of replies is for another one, which begins with a GET alone.
    fn run_pipelined(connections: &[&[Step]]) -> (i32, Vec<String>, Vec<String>) {
        let steps = connections.iter().map(|replies| {
            let of_reply = |(index, reply): (usize, &Step)| {
                let is_sent_for = index == 0 || index % 2 == 1;
                [is_sent_for.then_some(Step::Take), Some(reply.clone())].into_iter().flatten()
            };
            replies.iter().enumerate().flat_map(of_reply).collect()
        });
        run_script(Env { is_pipelined: true, ..Env::default() }, false, steps.collect())
    }

    fn run_script(env: Env, fails_init: bool, connections: Vec<Vec<Step>>) -> (i32, Vec<String>, Vec<String>) {
        let mut script = Script::new(connections);
        let mut echo = Echo { fails_init, calls: Vec::new() };
        let mut api = RuntimeApi::new(&mut script, Endpoint::parse(b"a:1").unwrap(), b".").unwrap();
        let mut unused = Script::new(Vec::new());
        let code = run(&env, &mut api, &mut Connection::new(&mut unused), &mut echo, &mut Log::new(&env));
        drop(api);
        let text = String::from_utf8(script.sent.concat()).unwrap();
        let requests = text.split("\r\n").filter(|line| line.contains(" HTTP/1.1")).map(|line| {
            let (start, _) = line.rsplit_once(" HTTP/1.1").unwrap();
            let at = start.find("GET /").or_else(|| start.find("POST /")).unwrap();
            start[at..].replace("/2018-06-01/runtime/", "").replace("invocation/", "")
        });
        (code, echo.calls.into_iter().map(|call| String::from_utf8(call).unwrap()).collect(), requests.collect())
    }

    #[test]
    fn every_event_is_answered_once_and_in_order() {
        let (code, calls, requests) =
            run_with(false, &[event("a"), status(202), event("fail"), status(202), event("b"), status(202), status(500)]);
        assert_eq!(code, 1);
        assert_eq!(calls, ["a", "fail", "b"]);
        let expected = ["GET next", "POST id-a/response", "GET next", "POST id-fail/error", "GET next", "POST id-b/response", "GET next"];
        assert_eq!(requests, expected);
    }

    #[test]
    fn what_ends_the_process_is_the_table() {
        for (replies, last) in [
            (vec![status(403)], "GET next"),
            (vec![status(500)], "GET next"),
            (vec![event("a"), status(500)], "POST id-a/response"),
            (vec![event("fail"), status(500)], "POST id-fail/error"),
            (vec![event("fatal"), status(202)], "POST id-fatal/error"),
            (vec![status(404), status(200), status(503), status(204)], "GET next"),
        ] {
            let (code, _, requests) = run_with(false, &replies);
            assert_eq!((code, requests.last().unwrap().as_str(), requests.len()), (1, last, replies.len()), "{replies:?}");
        }
    }

    #[test]
    fn a_refused_result_is_never_followed_by_an_error() {
        for refused in [400, 403, 410, 413, 404, 200] {
            let (_, calls, requests) = run_with(false, &[event("a"), status(refused), event("b"), status(202), status(500)]);
            assert_eq!(calls, ["a", "b"]);
            let expected = ["GET next", "POST id-a/response", "GET next", "POST id-b/response", "GET next"];
            assert_eq!(requests, expected, "{refused}");
        }
    }

    #[test]
    fn pipelining_changes_no_request_and_no_policy() {
        for refused in [202, 400, 403, 410, 413, 404] {
            let replies = [event("a"), status(refused), event("fail"), status(refused), event("b"), status(202), status(500)];
            let (code, calls, requests) = run_pipelined(&[&replies]);
            assert_eq!(
                (code, &calls, &requests),
                (1, &vec!["a".into(), "fail".into(), "b".into()], &run_with(false, &replies).2),
                "{refused}"
            );
        }
        for (replies, last) in [
            (vec![event("a"), status(202), status(403)], "GET next"),
            // The request for the next event was sent, and an event may even have come: it is not taken.
            (vec![event("a"), status(500), event("b")], "GET next"),
            (vec![event("fail"), status(500), event("b")], "GET next"),
            (vec![event("fatal"), status(202), event("b")], "POST id-fatal/error"),
        ] {
            let (code, calls, requests) = run_pipelined(&[&replies]);
            assert_eq!((code, calls.len(), requests.last().unwrap().as_str()), (1, 1, last), "{replies:?}");
        }
    }

    #[test]
    fn a_server_that_closes_after_the_post_is_asked_again() {
        let second = [event("b"), status(202), status(500)];
        let all = ["GET next", "POST id-a/response", "GET next", "GET next", "POST id-b/response", "GET next"];
        let closing = Step::Give(b"HTTP/1.1 413 X\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}".to_vec());
        let cut = |step: Step| match step {
            Step::Give(bytes) => Step::Give(bytes[..bytes.len() / 2].to_vec()),
            step => step,
        };
        for first in [
            vec![event("a"), status(202)],
            vec![event("a"), closing],
            vec![event("a"), cut(status(202))],
            vec![event("a"), Step::End],
            vec![event("a"), status(202), cut(event("b"))],
            vec![event("a"), status(202), Step::Fail],
        ] {
            let (code, calls, requests) = run_pipelined(&[&first, &second]);
            assert_eq!((code, calls), (1, vec!["a".to_owned(), "b".to_owned()]), "{first:?}");
            assert_eq!(requests, all, "{first:?}");
        }
        // It is asked on two connections, not on a third.
        let (code, calls, requests) = run_pipelined(&[&[event("a"), status(202)], &[Step::End], &second]);
        assert_eq!((code, calls.len(), requests.len()), (1, 1, 4));
    }

    #[test]
    fn an_init_error_is_posted_and_ends_it_whatever_the_answer() {
        for answer in [status(202), status(403), status(500), Step::End] {
            let (code, calls, requests) = run_with(true, &[answer]);
            assert_eq!((code, calls.len(), requests), (1, 0, vec!["POST init/error".to_owned()]));
        }
    }

    #[test]
    fn a_server_that_answers_nonsense_for_a_while_is_not_given_up() {
        let (_, calls, _) =
            run_with(false, &[status(503), status(200), event("a"), status(202), status(503), event("b"), status(202), status(500)]);
        assert_eq!(calls, ["a", "b"]);
    }
}
