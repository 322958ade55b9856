//! A local Lambda Runtime API, version 2018-06-01, with the state machine of the real one.
//!
//! ```no_run
//! use coldmoon_cli::runtime_api::{Invocation, Options, Outcome, RuntimeApi};
//!
//! let api = RuntimeApi::start(Options::default())?;
//! // … start a runtime with AWS_LAMBDA_RUNTIME_API set to api.address() …
//! match api.queue(Invocation::new(r#"{"name":"Ada"}"#)).wait() {
//!     Outcome::Response(response) => assert_eq!(response.body, br#"{"message":"Hello, Ada!"}"#),
//!     other => panic!("{other:?}"),
//! }
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! It listens on a free port of 127.0.0.1 and runs in one thread of its own, single-threaded, with TCP_NODELAY. What it
//! speaks: `server`. What is allowed when: `state`. What a caller gives and gets: `invocation`, `outcome`, `error_report`.
//!
//! Where the documentation, AWS's emulator and the code they share disagree, this follows the shared code, as it is
//! closest to the service: the caller gets the outcome when the POST is complete, not with the following `next`; a body that
//! breaks off is `Runtime.TruncatedResponse` and the runtime may go on. It has no limit on bandwidth, no init timeout, and
//! with managed instances an invocation waits for a free `next` instead of failing.

mod error_report;
mod extensions;
mod invocation;
mod outcome;
mod server;
mod state;
mod stream;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

pub use error_report::ErrorReport;
pub use invocation::{Invocation, PlatformError, TIMEOUT_DEFAULT};
pub use outcome::{Outcome, Pending, Response, StreamError};
pub use state::State;

use crate::lock;
use state::{Machine, Turn};

/// A buffered response may have 6 MiB and 100 bytes (`interop.MaxPayloadSize` of the emulator).
pub const RESPONSE_BYTES_MAX: u64 = 6 * 1024 * 1024 + 100;

/// A streamed response may have 200 MB (Lambda quotas, "Streamed response", read as MiB, as the service's other sizes are).
pub const STREAMED_RESPONSE_BYTES_MAX: u64 = 200 * 1024 * 1024;

/// An error document of managed instances may have 1 MiB (`requestBodyLimitBytes` of the emulator); others have no limit.
pub const MANAGED_ERROR_BYTES_MAX: u64 = 1024 * 1024;

/// How the event of a `next` reply is framed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Framing {
    /// As AWS's emulator: Content-Length up to 2,048 bytes, one chunk above.
    #[default]
    Aws,
    /// Always Content-Length.
    ContentLength,
    /// Always chunked, in chunks of at most so many bytes. 0: the whole event in one.
    Chunked {
        /// The size of all chunks but the last.
        chunk_bytes: usize,
    },
}

/// What kind of environment the API plays.
#[derive(Clone, Debug)]
pub struct Options {
    /// The framing of events.
    pub framing: Framing,
    /// Whether `restore/next` and `restore/error` exist (SnapStart); else they are 404.
    pub snapshots: bool,
    /// Invocations at the same time: 1 is the classic mode, more are managed instances.
    pub concurrency: usize,
    /// A path in front of `/2018-06-01`, such as `/function`, which [`RuntimeApi::address`] then ends in. Some local tools
    /// have one.
    pub base_path: String,
}

impl Default for Options {
    fn default() -> Options {
        Options { framing: Framing::Aws, snapshots: false, concurrency: 1, base_path: String::new() }
    }
}

/// What is told to an extension that registers.
#[derive(Clone, Debug)]
pub struct FunctionMetadata {
    /// `functionName`
    pub name: String,
    /// `functionVersion`
    pub version: String,
    /// `handler`
    pub handler: String,
}

impl Default for FunctionMetadata {
    fn default() -> FunctionMetadata {
        FunctionMetadata { name: "function".into(), version: "$LATEST".into(), handler: "app.handler".into() }
    }
}

/// What has happened on the API since it was started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// TCP connections accepted.
    pub connections: u64,
    /// `GET invocation/next` received.
    pub next: u64,
    /// POSTs received, on whatever path.
    pub posts: u64,
    /// Requests answered with a status of 400 or above.
    pub refused: u64,
}

/// A look at the API's inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// The state of the runtime.
    pub state: State,
    /// When the present runtime was started.
    pub started_at: Instant,
    /// When it first asked for an event, once it has: its initialisation took until then.
    pub ready_at: Option<Instant>,
    /// How many `next` calls wait for an event at this moment.
    pub parked: usize,
    /// How many extensions are registered.
    pub extensions: usize,
    /// How many connections are open.
    pub connections_open: usize,
    /// The counts so far.
    pub counts: Counts,
}

/// The running API. Dropping it closes all connections.
#[derive(Debug)]
pub struct RuntimeApi {
    shared: Arc<Shared>,
    socket_address: SocketAddr,
    address: String,
    thread: Option<JoinHandle<()>>,
}

impl RuntimeApi {
    /// Starts it on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// Those of the socket, the thread and the event loop.
    pub fn start(options: Options) -> io::Result<RuntimeApi> {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
        listener.set_nonblocking(true)?;
        let socket_address = listener.local_addr()?;
        let address = format!("{socket_address}{}", options.base_path);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let listener = {
            let _inside = runtime.enter();
            tokio::net::TcpListener::from_std(listener)?
        };
        let shared = Arc::new(Shared {
            machine: Mutex::new(Machine::new(options.concurrency.max(1))),
            metadata: Mutex::new(FunctionMetadata::default()),
            options,
            changed: Notify::new(),
            changed_sync: Condvar::new(),
            stop: Notify::new(),
            runtime: runtime.handle().clone(),
        });
        let of_thread = shared.clone();
        let serve = move || runtime.block_on(server::serve(of_thread, listener));
        let thread = std::thread::Builder::new().name("runtime-api".into()).spawn(serve)?;
        Ok(RuntimeApi { shared, socket_address, address, thread: Some(thread) })
    }

    /// The value for `AWS_LAMBDA_RUNTIME_API`: `127.0.0.1:PORT`, and the base path where there is one.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Where it listens.
    pub fn socket_address(&self) -> SocketAddr {
        self.socket_address
    }

    /// The options it was started with.
    pub fn options(&self) -> &Options {
        &self.shared.options
    }

    /// Puts an invocation at the end of the line.
    pub fn queue(&self, invocation: Invocation) -> Pending {
        let request_id = invocation.request_id.clone();
        let mailbox = self.shared.change(|machine| machine.queue(invocation));
        Pending::new(mailbox, request_id)
    }

    /// The state and the counts at this moment.
    pub fn status(&self) -> Status {
        lock(&self.shared.machine).status()
    }

    /// The counts at this moment.
    pub fn counts(&self) -> Counts {
        self.status().counts
    }

    /// Waits until the status is as wanted, but no longer than this. Returns whether it is.
    pub fn wait_until(&self, limit: Duration, wanted: impl Fn(&Status) -> bool) -> bool {
        let deadline = Instant::now() + limit;
        let mut machine = lock(&self.shared.machine);
        loop {
            if wanted(&machine.status()) {
                return true;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            machine = self.shared.changed_sync.wait_timeout(machine, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The init error that the present runtime has reported.
    pub fn init_error(&self) -> Option<ErrorReport> {
        lock(&self.shared.machine).init_error.clone()
    }

    /// Lets a parked `restore/next` return: the snapshot was taken, now it is restored. Returns false where none is parked.
    pub fn restore(&self) -> bool {
        self.shared.change(Machine::restore)
    }

    /// Tells the API that a new runtime process begins: state Started, whatever the one before it did. The returned run
    /// tells of its end. ([`crate::function::Function::start`] calls this; so must whoever starts processes otherwise, from
    /// the second one on.)
    pub fn start_runtime(&self, metadata: FunctionMetadata) -> RuntimeRun {
        *lock(&self.shared.metadata) = metadata;
        let generation = self.shared.change(Machine::start_runtime);
        RuntimeRun { shared: self.shared.clone(), generation }
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.shared.stop.notify_one();
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been printed by itself.
            thread.join().ok();
        }
    }
}

/// One runtime process, as the API sees it.
#[derive(Debug)]
pub struct RuntimeRun {
    shared: Arc<Shared>,
    generation: u64,
}

impl RuntimeRun {
    /// The process is gone, with this status: `exit status 3`, `signal: killed`, empty for status 0. What it sent before is
    /// still read, for a quarter of a second at most; then every invocation without an answer ends as `Runtime.ExitError`.
    pub fn end(self, status: String) {
        let RuntimeRun { shared, generation } = self;
        let runtime = shared.runtime.clone();
        runtime.spawn(async move {
            let closed = shared.until(|machine| (machine.connections_open == 0).then_some(()));
            // Longer is nothing to wait for: the open connection is somebody else's.
            tokio::time::timeout(Duration::from_millis(250), closed).await.ok();
            shared.change(|machine| machine.end_runtime(generation, status));
        });
    }
}

/// What the server's thread and the facade share.
struct Shared {
    machine: Mutex<Machine>,
    metadata: Mutex<FunctionMetadata>,
    options: Options,
    /// Every change of the machine, for tasks.
    changed: Notify,
    /// Every change of the machine, for threads.
    changed_sync: Condvar,
    stop: Notify,
    runtime: tokio::runtime::Handle,
}

impl Shared {
    /// Changes the machine, starts the clocks that this has set and wakes everyone who waits for a change.
    fn change<T>(self: &Arc<Self>, change: impl FnOnce(&mut Machine) -> T) -> T {
        let mut machine = lock(&self.machine);
        let result = change(&mut machine);
        self.start_clocks(&mut machine);
        drop(machine);
        self.changed.notify_waiters();
        self.changed_sync.notify_all();
        result
    }

    fn start_clocks(self: &Arc<Self>, machine: &mut Machine) {
        for Turn { attempt, timeout } in machine.take_turns() {
            let shared = self.clone();
            let clock = self.runtime.spawn(async move {
                tokio::time::sleep(timeout).await;
                shared.change(|machine| machine.time_out(attempt));
            });
            machine.set_timer(attempt, clock.abort_handle());
        }
    }

    /// Waits until the machine gives something.
    async fn until<T>(self: &Arc<Self>, mut look: impl FnMut(&mut Machine) -> Option<T>) -> T {
        loop {
            let changed = self.changed.notified();
            let mut changed = std::pin::pin!(changed);
            changed.as_mut().enable();
            if let Some(found) = look(&mut lock(&self.machine)) {
                // What was found has often been taken, and so the state changed.
                self.changed.notify_waiters();
                self.changed_sync.notify_all();
                return found;
            }
            changed.await;
        }
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Machine {
    fn status(&self) -> Status {
        let (started_at, ready_at) = self.begin();
        Status {
            state: self.state(),
            started_at,
            ready_at,
            parked: self.parked,
            extensions: self.extensions.count(),
            connections_open: self.connections_open,
            counts: self.counts,
        }
    }
}
