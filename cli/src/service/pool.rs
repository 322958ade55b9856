//! The environments of one function, and the line of invocations before them.
//!
//! Each environment has a thread, which takes the next invocation of the line when it has finished the one before. Threads are
//! started on demand, up to a number. A reload begins a new generation: threads of the old one finish what they have in hand
//! and end, and whatever stands in the line goes to new ones.

use std::collections::VecDeque;
use std::sync::mpsc as sync_mpsc;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::environment::{Environment, Failure, Finished};
use super::history::{EntryId, History};
use crate::function::{Function, Group};
use crate::lock;
use crate::report::{Report, Status};
use crate::runtime_api::Invocation;

/// How many invocations may wait. Lambda throttles too, by concurrency.
const LINE_MAX: usize = 1000;

/// How many parts of a stream may lie between the function and the client: few, so that a slow client slows the function.
const PARTS_MAX: usize = 4;

/// How long a thread waits for a client that takes nothing, beyond the function's timeout.
const CLIENT_GRACE: Duration = Duration::from_secs(1);

/// How long the threads of killed processes may take to see it.
const KILL_LIMIT: Duration = Duration::from_secs(1);

/// How the function is run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The function.
    pub function: Function,
    /// How many environments there may be.
    pub workers: usize,
    /// The function's timeout.
    pub timeout: Duration,
}

/// What an invocation gives, in this order: `Chunk`s of a stream, then `End`. Nothing: the pool was stopped before its turn.
#[derive(Debug)]
pub enum Part {
    /// A part of a streamed response, and the content type it was posted with.
    Chunk(Option<String>, Vec<u8>),
    /// The end.
    End(Box<Finished>),
}

/// Why an invocation is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Too many wait.
    Busy,
    /// The pool is being stopped.
    Stopping,
}

/// The time that a new process took to initialise, or why it did not.
pub type Warmth = Result<Duration, Failure>;

/// The pool. Clones are the same one.
#[derive(Clone)]
pub struct Pool(Arc<Shared>);

struct Shared {
    settings: Settings,
    history: Arc<History>,
    /// Where the receivers of parts run.
    tokio: tokio::runtime::Handle,
    state: Mutex<PoolState>,
    changed: Condvar,
}

#[derive(Default)]
struct PoolState {
    line: VecDeque<Job>,
    generation: u64,
    /// Threads of this generation, and those among them that have nothing in hand.
    workers: usize,
    idle: usize,
    /// Threads of all generations.
    threads: usize,
    /// Their processes.
    groups: Vec<(u64, Group)>,
    /// The thread that starts a process ahead of the first invocation, while it does.
    warming: Option<u64>,
    numbers: u64,
    stopping: bool,
}

struct Job {
    id: EntryId,
    invocation: Invocation,
    parts: mpsc::Sender<Part>,
}

impl Pool {
    /// A pool without an environment.
    pub fn new(settings: Settings, history: Arc<History>, tokio: tokio::runtime::Handle) -> Pool {
        Pool(Arc::new(Shared { settings, history, tokio, state: Mutex::default(), changed: Condvar::new() }))
    }

    /// How the function is run.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Puts an invocation into the line. Its history entry tells whatever happens to it.
    ///
    /// # Errors
    /// [`Refusal`] where it is not taken.
    pub fn submit(&self, id: EntryId, invocation: Invocation) -> Result<mpsc::Receiver<Part>, Refusal> {
        let (parts, receiver) = mpsc::channel(PARTS_MAX);
        let mut state = lock(&self.0.state);
        if state.stopping {
            return Err(Refusal::Stopping);
        }
        if state.line.len() >= LINE_MAX {
            return Err(Refusal::Busy);
        }
        state.line.push_back(Job { id, invocation, parts });
        self.0.spawn_on_demand(&mut state);
        drop(state);
        self.0.changed.notify_all();
        Ok(receiver)
    }

    /// Begins a new generation with one environment, started at once. The receiver gets its [`Warmth`], or nothing where the next
    /// generation has begun before it was ready.
    pub fn renew(&self) -> sync_mpsc::Receiver<Warmth> {
        let (sender, receiver) = sync_mpsc::channel();
        let mut state = lock(&self.0.state);
        state.generation += 1;
        (state.workers, state.idle) = (0, 0);
        // One that still starts has nothing in hand, and may never be ready.
        if let Some((_, group)) = state.warming.take().and_then(|number| state.groups.iter().find(|(it, _)| *it == number)) {
            group.kill();
        }
        if !state.stopping {
            self.0.spawn(&mut state, Some(sender));
            self.0.spawn_on_demand(&mut state);
        }
        drop(state);
        self.0.changed.notify_all();
        receiver
    }

    /// Takes no more invocations, forgets those that wait, and ends the environments: the busy ones when they have finished, or
    /// at the end of the grace.
    pub fn stop(&self, grace: Duration) {
        let mut state = lock(&self.0.state);
        state.stopping = true;
        state.line.clear();
        self.0.changed.notify_all();
        let state = self.0.wait_for_end(state, grace);
        for (_, group) in &state.groups {
            group.kill();
        }
        drop(self.0.wait_for_end(state, KILL_LIMIT));
    }

    /// Kills all processes now.
    pub fn kill(&self) {
        for (_, group) in &lock(&self.0.state).groups {
            group.kill();
        }
    }
}

impl Shared {
    fn spawn_on_demand(self: &Arc<Self>, state: &mut PoolState) {
        while state.line.len() > state.idle && state.workers < self.settings.workers {
            self.spawn(state, None);
        }
    }

    fn spawn(self: &Arc<Self>, state: &mut PoolState, warmth: Option<sync_mpsc::Sender<Warmth>>) {
        state.numbers += 1;
        state.workers += 1;
        state.idle += 1;
        state.threads += 1;
        if warmth.is_some() {
            state.warming = Some(state.numbers);
        }
        let worker = Worker { shared: self.clone(), number: state.numbers, generation: state.generation, environment: None };
        std::thread::spawn(move || worker.work(warmth));
    }

    /// A thread has finished its invocation, and will take another one at once.
    fn free(&self, generation: u64) {
        let mut state = lock(&self.state);
        if state.generation == generation {
            state.idle += 1;
        }
    }

    /// Waits until the threads have ended, but no longer than this.
    fn wait_for_end<'a>(&self, state: MutexGuard<'a, PoolState>, limit: Duration) -> MutexGuard<'a, PoolState> {
        let waited = self.changed.wait_timeout_while(state, limit, |state| state.threads > 0);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// The next invocation for a thread of this generation; `None` where it is to end.
    fn take(&self, generation: u64) -> Option<Job> {
        let mut state = lock(&self.state);
        loop {
            if state.stopping || state.generation != generation {
                return None;
            }
            if let Some(job) = state.line.pop_front() {
                state.idle -= 1;
                return Some(job);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// A thread and its environment.
struct Worker {
    shared: Arc<Shared>,
    number: u64,
    generation: u64,
    environment: Option<Environment>,
}

impl Worker {
    fn work(mut self, warmth: Option<sync_mpsc::Sender<Warmth>>) {
        if let Some(sender) = warmth
            && let Some(warmth) = self.warm()
        {
            // Nobody may want to know.
            sender.send(warmth).ok();
        }
        while let Some(job) = self.shared.take(self.generation) {
            // It may have ended meanwhile.
            self.settle();
            self.run(job);
            self.settle();
        }
        self.give_up();
        lock(&self.shared.state).threads -= 1;
        self.shared.changed.notify_all();
    }

    /// Starts a process ahead of the first invocation; `None` where this generation is over before it is ready.
    fn warm(&mut self) -> Option<Warmth> {
        let shared = self.shared.clone();
        let (of_state, generation) = (shared.clone(), self.generation);
        let is_present = move || lock(&of_state.state).generation == generation;
        let warmth = match self.environment() {
            // From here on a new generation kills it.
            Ok((settings, environment)) if is_present() => environment.initialise(&settings.function.task_root),
            Ok(_) => return None,
            Err(failure) => Err(failure),
        };
        if warmth.is_err() {
            self.give_up();
        }
        let mut state = lock(&shared.state);
        if state.generation != self.generation {
            return None;
        }
        state.warming = None;
        Some(warmth)
    }

    fn environment(&mut self) -> Result<(&Settings, &mut Environment), Failure> {
        if self.environment.is_none() {
            let environment = Environment::start(&self.shared.settings)?;
            let mut state = lock(&self.shared.state);
            state.groups.push((self.number, environment.process().group()));
            self.environment = Some(environment);
        }
        Ok((&self.shared.settings, self.environment.as_mut().expect("it was just made")))
    }

    fn run(&mut self, job: Job) {
        let Job { id, invocation, parts } = job;
        let shared = self.shared.clone();
        shared.history.begin(id);
        let request_id = invocation.request_id.clone();
        let finished = match self.environment() {
            Ok((settings, environment)) => {
                // An error of the start is the outcome of the invocation as well.
                environment.initialise(&settings.function.task_root).ok();
                let deadline = Instant::now() + invocation.timeout + CLIENT_GRACE;
                let mut takes = true;
                environment.invoke(settings, invocation, |content_type, bytes| {
                    shared.history.add_response(id, &bytes);
                    let part = Part::Chunk(content_type.map(str::to_owned), bytes);
                    let left = deadline.saturating_duration_since(Instant::now());
                    let sent = takes.then(|| shared.tokio.block_on(async { tokio::time::timeout(left, parts.send(part)).await }));
                    // Where the client is gone, or takes nothing, the function goes on without it, as on Lambda.
                    takes = matches!(sent, Some(Ok(Ok(()))));
                })
            }
            Err(failure) => Finished {
                report: Report {
                    request_id,
                    duration: Duration::ZERO,
                    memory_mb: shared.settings.function.memory_mb,
                    memory_peak_bytes: None,
                    init: None,
                    status: Status::Failed(failure.error_type.clone()),
                },
                log: String::new(),
                result: Err(failure),
            },
        };
        shared.history.finish(id, &finished);
        // Before the client has its answer: its next request shall not start another process.
        shared.free(self.generation);
        shared.tokio.spawn(async move { parts.send(Part::End(finished.into())).await });
    }

    /// Waits until the process can take another invocation, or gives it up.
    fn settle(&mut self) {
        if self.environment.as_ref().is_some_and(|environment| !environment.is_ready()) {
            self.give_up();
        }
    }

    fn give_up(&mut self) {
        if let Some(environment) = self.environment.take() {
            environment.end();
            lock(&self.shared.state).groups.retain(|(number, _)| *number != self.number);
        }
    }
}
