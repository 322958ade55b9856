//! The state machine of the Runtime API: which call is allowed when, and what it does to the invocations.
//!
//! It knows neither sockets nor HTTP: `server` asks it and renders its answers, the facade in `mod` feeds it. The states
//! and their names are those of AWS's emulator (`internal/lambda/core/states.go`), which is cut from the real server:
//!
//! ```text
//! Started ─ next ─▶ Ready ─ event ─▶ Running ─ response ─▶ InvocationResponse ────── body read ─▶ ResponseSent ─ next ─▶ Ready
//!    │                                  └────── error ──▶ InvocationErrorResponse ─ body read ─▶ ResponseSent
//!    ├─ init/error ──▶ InitError
//!    └─ restore/next ▶ RestoreReady ─ restored ─▶ Restoring ─ next ─▶ Ready      (only with snapshots)
//!                                                     └─ restore/error ─▶ RestoreError
//! ```
//!
//! With a concurrency above 1 (managed instances) a runtime that has called `next` stays Ready, and each invocation has its
//! own fate: `next` never delivers twice, an unknown request id is 400, a timed out one 410 once.
//!
//! Invocations stand in one line. The first `concurrency` of them have their *turn*: their clock runs, whether the runtime
//! has asked for them or not, so that a runtime that hangs while it initialises runs into the timeout too.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use tokio::task::AbortHandle;

use super::extensions::Extensions;
use super::invocation::{Invocation, PlatformError};
use super::outcome::{Mailbox, Outcome};
use super::{Counts, ErrorReport};

/// Timed out attempts that are remembered for the answer 410. The emulator forgets them by age; a count is enough here.
const STALE_MAX: usize = 64;

/// The state of the runtime process, as AWS names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The process was started and has called nothing yet.
    Started,
    /// It reported an init error.
    InitError,
    /// It waits for an event (or, with a concurrency above 1, has initialised).
    Ready,
    /// It has an event and has not answered.
    Running,
    /// Its response is being received. Stays so for ever after a wrong response mode.
    InvocationResponse,
    /// Its error is being received.
    InvocationErrorResponse,
    /// It has answered and has not called `next` again.
    ResponseSent,
    /// It waits in `restore/next`: the moment of the snapshot.
    RestoreReady,
    /// It was restored and runs its hooks.
    Restoring,
    /// It reported an error of a hook.
    RestoreError,
}

impl State {
    /// The name in AWS's error messages (`core/runtime_state_names.go`).
    pub fn name(self) -> &'static str {
        match self {
            State::Started => "Started",
            State::InitError => "InitError",
            State::Ready => "Ready",
            State::Running => "Running",
            State::InvocationResponse => "InvocationResponse",
            State::InvocationErrorResponse => "InvocationErrorResponse",
            State::ResponseSent => "RuntimeResponseSentState",
            State::RestoreReady => "RestoreReady",
            State::Restoring => "Restoring",
            State::RestoreError => "RuntimeRestoreErrorState",
        }
    }
}

/// Why a call is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// 403: the call is not allowed in this state.
    Transition { from: State, to: State },
    /// 400: no such invocation, or not any more.
    InvalidRequestId,
    /// 410: the attempt that the caller answers is over.
    Gone,
}

/// An event for the runtime.
pub(super) struct Delivery {
    pub(super) invocation: Arc<Invocation>,
    pub(super) deadline_ms: u64,
}

/// The right to answer one attempt: given out once, when the head of the POST has been accepted.
pub(super) struct Answer {
    pub(super) attempt: u64,
    pub(super) mailbox: Arc<Mailbox>,
}

/// What the runtime wants to answer with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum AnswerKind {
    Response,
    Error,
}

/// One invocation on its way.
struct Attempt {
    number: u64,
    invocation: Arc<Invocation>,
    mailbox: Arc<Mailbox>,
    deadline_ms: u64,
    delivered: bool,
    answering: bool,
    timer: Option<AbortHandle>,
}

/// A timed out attempt.
struct Stale {
    request_id: String,
    invocation_id: Option<String>,
}

/// A clock to be started: the attempt of this number is over when the time is.
pub(super) struct Turn {
    pub(super) attempt: u64,
    pub(super) timeout: std::time::Duration,
}

pub(super) struct Machine {
    concurrency: usize,
    state: State,
    /// Counts the runtime processes: what an earlier one still says or does is not taken for the present one's.
    generation: u64,
    attempts: u64,
    started_at: Instant,
    /// When the present runtime first asked for an event.
    ready_at: Option<Instant>,
    turns: Vec<Attempt>,
    line: VecDeque<Attempt>,
    /// Turns whose clocks are to be started by whoever holds the async runtime.
    unclocked: Vec<Turn>,
    /// The last request id that had its turn: a second answer to it is 403, to any other 400.
    last_request_id: String,
    stale: VecDeque<Stale>,
    /// Why this runtime will answer nothing any more.
    failed: Option<Outcome>,
    pub(super) init_error: Option<ErrorReport>,
    pub(super) extensions: Extensions,
    pub(super) counts: Counts,
    pub(super) parked: usize,
    pub(super) connections_open: usize,
}

impl Machine {
    pub(super) fn new(concurrency: usize) -> Machine {
        Machine {
            concurrency,
            state: State::Started,
            generation: 0,
            attempts: 0,
            started_at: Instant::now(),
            ready_at: None,
            turns: Vec::new(),
            line: VecDeque::new(),
            unclocked: Vec::new(),
            last_request_id: String::new(),
            stale: VecDeque::new(),
            failed: None,
            init_error: None,
            extensions: Extensions::new(concurrency > 1),
            counts: Counts::default(),
            parked: 0,
            connections_open: 0,
        }
    }

    pub(super) fn state(&self) -> State {
        self.state
    }

    /// When the present runtime was started, and when it first asked for an event.
    pub(super) fn begin(&self) -> (Instant, Option<Instant>) {
        (self.started_at, self.ready_at)
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    pub(super) fn take_turns(&mut self) -> Vec<Turn> {
        std::mem::take(&mut self.unclocked)
    }

    /// Keeps the handle that stops the clock of an attempt, or stops it at once where the attempt is over already.
    pub(super) fn set_timer(&mut self, attempt: u64, timer: AbortHandle) {
        match self.turns.iter_mut().find(|it| it.number == attempt) {
            Some(it) => it.timer = Some(timer),
            None => timer.abort(),
        }
    }

    // What the owner of the API does.

    pub(super) fn queue(&mut self, invocation: Invocation) -> Arc<Mailbox> {
        let mailbox = Arc::new(Mailbox::default());
        if let Some(outcome) = &self.failed {
            mailbox.finish(outcome.clone());
            return mailbox;
        }
        self.attempts += 1;
        self.line.push_back(Attempt {
            number: self.attempts,
            invocation: Arc::new(invocation),
            mailbox: mailbox.clone(),
            deadline_ms: 0,
            delivered: false,
            answering: false,
            timer: None,
        });
        self.promote();
        mailbox
    }

    /// A new runtime process begins. What the one before it still had in hand is lost.
    pub(super) fn start_runtime(&mut self) -> u64 {
        self.fail_delivered(Outcome::Platform(PlatformError::Exited { status: String::new() }));
        self.generation += 1;
        self.state = State::Started;
        self.started_at = Instant::now();
        self.ready_at = None;
        self.failed = None;
        self.init_error = None;
        self.extensions = Extensions::new(self.concurrency > 1);
        self.generation
    }

    /// The runtime process is gone: nothing will be answered until the next one.
    pub(super) fn end_runtime(&mut self, generation: u64, status: String) {
        if generation == self.generation && self.failed.is_none() {
            self.fail(Outcome::Platform(PlatformError::Exited { status }));
        }
    }

    /// The snapshot was taken and restored: lets a parked `restore/next` return. False where none is parked.
    pub(super) fn restore(&mut self) -> bool {
        let waits = self.state == State::RestoreReady;
        if waits {
            self.state = State::Restoring;
        }
        waits
    }

    /// The clock of an attempt has run out.
    pub(super) fn time_out(&mut self, number: u64) {
        let Some(index) = self.turns.iter().position(|it| it.number == number) else { return };
        let attempt = self.turns.remove(index);
        if attempt.delivered {
            if self.concurrency == 1 {
                self.state = State::ResponseSent;
            }
            self.stale.truncate(STALE_MAX - 1);
            self.stale.push_front(Stale {
                request_id: attempt.invocation.request_id.clone(),
                invocation_id: attempt.invocation.invocation_id.clone(),
            });
        }
        attempt.mailbox.finish(Outcome::Platform(PlatformError::TimedOut { after: attempt.invocation.timeout }));
        self.promote();
    }

    /// An extension reported its failure: the whole environment fails.
    pub(super) fn fail_extension(&mut self, error: PlatformError) {
        self.fail(Outcome::Platform(error));
    }

    // What the runtime asks.

    /// `GET next` arrives. The event follows from [`Machine::take`], for a runtime in state Running at once: the same again.
    pub(super) fn next(&mut self) -> Result<Option<Delivery>, Refusal> {
        match self.state {
            State::Running if self.concurrency == 1 => {
                let current = self.turns.iter().find(|it| it.delivered);
                return Ok(current.map(Attempt::delivery));
            }
            State::Started | State::Ready | State::Restoring | State::ResponseSent => self.state = State::Ready,
            from => return Err(Refusal::Transition { from, to: State::Ready }),
        }
        self.ready_at.get_or_insert_with(Instant::now);
        self.extensions.close_registration();
        Ok(None)
    }

    /// The event for a parked `next`, if there is one by now.
    pub(super) fn take(&mut self) -> Option<Delivery> {
        if self.state != State::Ready || !self.extensions.all_have_asked() {
            return None;
        }
        let attempt = self.turns.iter_mut().find(|it| !it.delivered)?;
        attempt.delivered = true;
        let delivery = attempt.delivery();
        self.last_request_id.clone_from(&delivery.invocation.request_id);
        self.extensions.announce(&delivery);
        if self.concurrency == 1 {
            self.state = State::Running;
        }
        Some(delivery)
    }

    /// The head of a POST to `response` or `error` arrives.
    pub(super) fn begin_answer(&mut self, request_id: &str, invocation_id: Option<&[u8]>, kind: AnswerKind) -> Result<Answer, Refusal> {
        let to = match kind {
            AnswerKind::Response => State::InvocationResponse,
            AnswerKind::Error => State::InvocationErrorResponse,
        };
        if self.take_stale(request_id, invocation_id) {
            return Err(Refusal::Gone);
        }
        let managed = self.concurrency > 1;
        let Some(attempt) = self.turns.iter_mut().find(|it| it.delivered && it.invocation.request_id == request_id) else {
            return Err(if !managed && !request_id.is_empty() && request_id == self.last_request_id {
                Refusal::Transition { from: self.state, to }
            } else {
                Refusal::InvalidRequestId
            });
        };
        // Who does not echo the header is not checked: runtimes from before it existed go on working.
        if let (Some(echoed), Some(expected)) = (invocation_id, &attempt.invocation.invocation_id)
            && echoed != expected.as_bytes()
        {
            return Err(Refusal::Gone);
        }
        if managed {
            if attempt.answering {
                return Err(Refusal::InvalidRequestId);
            }
        } else {
            if self.state != State::Running {
                return Err(Refusal::Transition { from: self.state, to });
            }
            self.state = to;
        }
        attempt.answering = true;
        Ok(Answer { attempt: attempt.number, mailbox: attempt.mailbox.clone() })
    }

    /// The answer has been read to its end.
    pub(super) fn end_answer(&mut self, attempt: u64, outcome: Outcome) -> Result<(), Refusal> {
        self.close(attempt, outcome)?;
        if self.concurrency == 1 {
            self.state = State::ResponseSent;
        }
        Ok(())
    }

    /// The answer named a response mode that does not exist. The caller gets its error; in classic mode the runtime stays
    /// in InvocationResponse, where every further call is refused, as in the real server.
    pub(super) fn spoil_answer(&mut self, attempt: u64, outcome: Outcome) -> Result<(), Refusal> {
        self.close(attempt, outcome)
    }

    /// `POST init/error`, also the old place for errors of restore hooks.
    pub(super) fn init_error(&mut self, report: ErrorReport) -> Result<(), Refusal> {
        match self.state {
            State::Restoring => self.restore_error(report),
            State::Started => {
                self.state = State::InitError;
                self.init_error = Some(report.clone());
                self.fail(Outcome::InitError(report));
                Ok(())
            }
            from => Err(Refusal::Transition { from, to: State::InitError }),
        }
    }

    /// `GET restore/next` arrives; it may return once the state is no longer RestoreReady.
    pub(super) fn restore_next(&mut self) -> Result<(), Refusal> {
        match self.state {
            State::Started => {
                self.state = State::RestoreReady;
                Ok(())
            }
            // The emulator names Ready as the target here, not RestoreReady (`rapi/handler/restorenext.go`).
            from => Err(Refusal::Transition { from, to: State::Ready }),
        }
    }

    /// `POST restore/error`.
    pub(super) fn restore_error(&mut self, report: ErrorReport) -> Result<(), Refusal> {
        match self.state {
            State::Restoring => {
                self.state = State::RestoreError;
                self.fail(Outcome::RestoreError(report));
                Ok(())
            }
            from => Err(Refusal::Transition { from, to: State::RestoreError }),
        }
    }

    // Inside.

    /// Gives their turn to as many invocations as there is room for.
    fn promote(&mut self) {
        while self.turns.len() < self.concurrency
            && let Some(mut attempt) = self.line.pop_front()
        {
            let timeout = attempt.invocation.timeout;
            attempt.deadline_ms = attempt.invocation.deadline_ms.unwrap_or_else(|| now_ms() + timeout.as_millis() as u64);
            self.unclocked.push(Turn { attempt: attempt.number, timeout });
            self.turns.push(attempt);
        }
    }

    fn close(&mut self, number: u64, outcome: Outcome) -> Result<(), Refusal> {
        let Some(index) = self.turns.iter().position(|it| it.number == number) else { return Err(Refusal::Gone) };
        self.turns.remove(index).finish(outcome);
        self.promote();
        Ok(())
    }

    fn fail(&mut self, outcome: Outcome) {
        for attempt in self.turns.drain(..).chain(self.line.drain(..)) {
            attempt.finish(outcome.clone());
        }
        self.unclocked.clear();
        self.failed = Some(outcome);
    }

    fn fail_delivered(&mut self, outcome: Outcome) {
        for index in (0..self.turns.len()).rev() {
            if self.turns[index].delivered {
                self.turns.remove(index).finish(outcome.clone());
            }
        }
        self.promote();
    }

    /// In classic mode an attempt is recognised by its invocation id alone, for its request id may live on in the next
    /// attempt; managed instances also know it by its request id.
    fn take_stale(&mut self, request_id: &str, invocation_id: Option<&[u8]>) -> bool {
        let managed = self.concurrency > 1;
        let found = self.stale.iter().position(|it| {
            it.request_id == request_id
                && match (invocation_id, &it.invocation_id) {
                    (Some(echoed), Some(expected)) => echoed == expected.as_bytes(),
                    _ => managed,
                }
        });
        found.is_some_and(|index| self.stale.remove(index).is_some())
    }
}

impl Attempt {
    fn delivery(&self) -> Delivery {
        Delivery { invocation: self.invocation.clone(), deadline_ms: self.deadline_ms }
    }

    fn finish(self, outcome: Outcome) {
        if let Some(timer) = self.timer {
            timer.abort();
        }
        self.mailbox.finish(outcome);
    }
}

/// Unix time in milliseconds, 0 for a clock before 1970.
fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
