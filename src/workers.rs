//! Concurrent workers (managed instances): as many processes as the platform sends invocations at the same time, each with a connection of
//! its own, forked from the initialised one.
//!
//! A fork shares what INIT has built until it is written to, and it is sound here: the process has one thread and no connection that is in
//! use yet. The parent serves nothing; it replaces a worker that dies and passes SIGTERM on. Workers die with their parent.
//!
//! Bounds: `WORKERS_MAX` workers; a pause before each replacement, doubled while they keep dying young, `YOUNG_DEATHS_MAX` in a row end it
//! all.

use crate::bytes::Decimal;
use crate::interpreter::Level;
use crate::log::Log;
use crate::sys::{self, ChildEnd, Errno};

/// The platform allows 1,024 processes and threads in an environment
/// (docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
const WORKERS_MAX: usize = 1000;
/// A worker that lived no longer died young.
const YOUNG_MS: u64 = 1000;
/// The pause before the first replacement.
const PAUSE_MS: u32 = 50;
/// Young deaths in a row after which the environment is given up.
const YOUNG_DEATHS_MAX: u32 = 16;

/// A live worker.
#[derive(Clone, Copy)]
struct Worker {
    id: i32,
    born_ms: u64,
}

/// Runs `work` in `count` processes for as long as there is any; returns the exit code of the parent. In a worker it ends the process with
/// what `work` returns.
#[inline(never)] // Its table of workers is four pages of stack, which other processes would touch at start.
pub fn run(count: u32, log: &mut Log, mut work: impl FnMut(&mut Log) -> i32) -> i32 {
    let mut workers = [Worker { id: 0, born_ms: 0 }; WORKERS_MAX];
    let workers = &mut workers[..(count as usize).min(WORKERS_MAX)];
    log.share();
    for worker in workers.iter_mut() {
        match start(log, &mut work) {
            Ok(started) => *worker = started,
            Err(errno) => {
                log.write_message(Level::Fatal, None, &[b"a worker cannot be started: ", errno.text()]);
                return 1;
            }
        }
    }
    let mut young_deaths = 0;
    let mut paused_ms = 0;
    loop {
        let (id, end) = match sys::wait_child() {
            Ok(ended) => ended,
            Err(_) => return pass_termination_on(workers),
        };
        // A child that is no worker is one that the function has left behind.
        let Some(worker) = workers.iter_mut().find(|worker| worker.id == id) else { continue };
        // A worker that died while another was being replaced has waited for its end to be noticed: that is not life.
        let is_young = sys::monotonic_ms() - worker.born_ms < YOUNG_MS + paused_ms;
        young_deaths = if is_young { young_deaths + 1 } else { 0 };
        let mut number = Decimal::new();
        let (how, number): (&[u8], _) = match end {
            ChildEnd::Exit(code) => (b"exited with code ", number.format(i64::from(code))),
            ChildEnd::Signal(signal) => (b"was killed by signal ", number.format(i64::from(signal))),
        };
        if young_deaths >= YOUNG_DEATHS_MAX {
            log.write_message(Level::Fatal, None, &[b"workers keep dying (the last ", how, number, b"); giving up"]);
            return 1;
        }
        log.write_message(Level::Warn, None, &[b"a worker ", how, number, b"; it is replaced"]);
        let pause_ms = PAUSE_MS << (young_deaths / 4).min(6);
        sys::sleep_ms(pause_ms);
        paused_ms = if is_young { paused_ms + u64::from(pause_ms) } else { 0 };
        match start(log, &mut work) {
            Ok(started) => *worker = started,
            Err(errno) => {
                log.write_message(Level::Fatal, None, &[b"a worker cannot be replaced: ", errno.text()]);
                return 1;
            }
        }
    }
}

fn start(log: &mut Log, work: &mut impl FnMut(&mut Log) -> i32) -> Result<Worker, Errno> {
    match sys::fork()? {
        0 => sys::exit(work(log)),
        id => Ok(Worker { id, born_ms: sys::monotonic_ms() }),
    }
}

/// SIGTERM: the workers run their hooks; the environment ends when they have.
fn pass_termination_on(workers: &[Worker]) -> i32 {
    for worker in workers {
        sys::terminate(worker.id);
    }
    for worker in workers {
        sys::wait_for(worker.id);
    }
    0
}
