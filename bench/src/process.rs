//! One process of a runtime, from spawn to its end, with what the kernel counted for it.

use crate::server::{Plan, Server, Timeline, now_ns};
use anyhow::{Context, Result, bail};
use std::ffi::CString;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};

/// A program and its surroundings.
#[derive(Clone)]
pub struct Program {
    /// The file and its arguments.
    pub command: Vec<String>,
    /// The environment, beside that which every runtime gets.
    pub env: Vec<(String, String)>,
    /// The function's folder, where it starts.
    pub folder: PathBuf,
}

/// What one life of a process was like.
pub struct Life {
    /// Just before the spawn, ns.
    pub spawned: u64,
    /// What the server saw.
    pub line: Timeline,
    /// Resident memory when it waited for the event after the last, KB, with that of the processes it started.
    pub resident_kb: u64,
    /// Minor page faults, from `execve` to the end.
    pub faults: u64,
    /// CPU time, user and system, µs.
    pub cpu_us: u64,
}

/// The number of processors that this process may use: as it was at first, because [`pin`] leaves a thread only one.
pub fn processors() -> usize {
    static AT_FIRST: OnceLock<usize> = OnceLock::new();
    *AT_FIRST.get_or_init(|| std::thread::available_parallelism().map_or(1, usize::from))
}

/// Lets the calling thread, and what it starts, run on one processor only.
fn pin(processor: usize) {
    // SAFETY: an all-zero set is empty; the kernel reads it.
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(processor, &mut set);
        libc::sched_setaffinity(0, size_of_val(&set), &set);
    }
}

impl Program {
    /// What `AWS_LAMBDA_*` and the rest of the environment are for this program.
    fn environment(&self, server: &Server) -> Vec<CString> {
        let mut env = vec![
            ("AWS_LAMBDA_RUNTIME_API".to_owned(), server.address.clone()),
            ("LAMBDA_TASK_ROOT".to_owned(), self.folder.display().to_string()),
            ("LAMBDA_RUNTIME_DIR".to_owned(), self.folder.display().to_string()),
            ("_HANDLER".to_owned(), "app.handler".to_owned()),
            ("AWS_LAMBDA_FUNCTION_NAME".to_owned(), "bench".to_owned()),
            ("AWS_LAMBDA_FUNCTION_VERSION".to_owned(), "$LATEST".to_owned()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE".to_owned(), "3008".to_owned()),
            ("AWS_LAMBDA_LOG_GROUP_NAME".to_owned(), "/aws/lambda/bench".to_owned()),
            ("AWS_LAMBDA_LOG_STREAM_NAME".to_owned(), "bench".to_owned()),
            ("AWS_REGION".to_owned(), "us-east-2".to_owned()),
            ("LANG".to_owned(), "en_US.UTF-8".to_owned()),
            ("TZ".to_owned(), ":UTC".to_owned()),
            ("PATH".to_owned(), "/usr/local/bin:/usr/bin:/bin".to_owned()),
        ];
        for (name, value) in &self.env {
            env.retain(|(other, _)| other != name);
            env.push((name.clone(), value.clone()));
        }
        env.into_iter().filter_map(|(name, value)| CString::new(format!("{name}={value}")).ok()).collect()
    }

    fn is_tracer(&self) -> bool {
        self.command[0].ends_with("/strace") || self.command[0].ends_with("/valgrind")
    }

    /// Runs the program once. Its output goes to `log`, which errors quote.
    pub fn run(&self, server: &Server, plan: &Plan, log: &Path) -> Result<Life> {
        let env = self.environment(server);
        let mut env_list: Vec<*mut libc::c_char> = env.iter().map(|text| text.as_ptr().cast_mut()).collect();
        env_list.push(std::ptr::null_mut());
        let arguments = self.command.iter().map(|word| CString::new(word.as_str())).collect::<Result<Vec<_>, _>>()?;
        let mut argument_list: Vec<*mut libc::c_char> = arguments.iter().map(|text| text.as_ptr().cast_mut()).collect();
        argument_list.push(std::ptr::null_mut());
        let output = CString::new(log.display().to_string())?;
        let folder = CString::new(self.folder.display().to_string())?;

        let spin = plan.spin && processors() > 1;
        let plan = Plan { spin, ..*plan };
        let is_dead = AtomicBool::new(false);
        let is_ready = AtomicBool::new(false);
        let spawned = AtomicU64::new(0);
        let child = AtomicI32::new(0);

        std::thread::scope(|scope| {
            let serving = scope.spawn(|| {
                if spin {
                    pin(0);
                }
                is_ready.store(true, Ordering::Release);
                let line = server.serve(&plan, &is_dead);
                let mut id = 0;
                while id == 0 && !is_dead.load(Ordering::Acquire) {
                    id = child.load(Ordering::Acquire);
                }
                let memory = resident_kb(id);
                if id > 0 && !is_dead.load(Ordering::Acquire) {
                    // SAFETY: no memory is passed. The child is its group's leader; what it started ends with it. A tracer is asked, so
                    // that it writes its summary.
                    unsafe { if self.is_tracer() { libc::kill(id, libc::SIGINT) } else { libc::kill(-id, libc::SIGKILL) } };
                }
                (line, memory)
            });
            while !is_ready.load(Ordering::Acquire) {
                std::hint::spin_loop();
            }
            // The processor that does not poll.
            if spin {
                pin(1);
            }
            let mut status = 0;
            // SAFETY: the lists end with NULL and their texts live until the end of this function; zeroed actions and attributes are
            // initialised before use. posix_spawn of glibc is CLONE_VFORK.
            let usage = unsafe {
                let mut actions: libc::posix_spawn_file_actions_t = std::mem::zeroed();
                libc::posix_spawn_file_actions_init(&mut actions);
                let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_TRUNC;
                libc::posix_spawn_file_actions_addopen(&mut actions, 0, c"/dev/null".as_ptr(), libc::O_RDONLY, 0);
                libc::posix_spawn_file_actions_addopen(&mut actions, 1, output.as_ptr(), flags, 0o644);
                libc::posix_spawn_file_actions_adddup2(&mut actions, 1, 2);
                posix_spawn_file_actions_addchdir_np(&mut actions, folder.as_ptr());
                let mut attributes: libc::posix_spawnattr_t = std::mem::zeroed();
                libc::posix_spawnattr_init(&mut attributes);
                libc::posix_spawnattr_setflags(&mut attributes, libc::POSIX_SPAWN_SETPGROUP as libc::c_short);
                libc::posix_spawnattr_setpgroup(&mut attributes, 0);
                let mut id = 0;
                spawned.store(now_ns(), Ordering::Release);
                let error =
                    libc::posix_spawn(&mut id, arguments[0].as_ptr(), &actions, &attributes, argument_list.as_ptr(), env_list.as_ptr());
                libc::posix_spawn_file_actions_destroy(&mut actions);
                libc::posix_spawnattr_destroy(&mut attributes);
                let mut usage: libc::rusage = std::mem::zeroed();
                if error == 0 {
                    child.store(id, Ordering::Release);
                    libc::wait4(id, &mut status, 0, &mut usage);
                    // What it has left running.
                    libc::kill(-id, libc::SIGKILL);
                }
                is_dead.store(true, Ordering::Release);
                usage
            };
            let (line, resident_kb) = serving.join().expect("the server's thread does not panic");
            let mut line = line.with_context(|| {
                let said = std::fs::read_to_string(log).unwrap_or_default();
                let tail: String = said.lines().rev().take(12).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n");
                format!("{} (status {status:#x}) said: {tail}", self.command.join(" "))
            })?;
            line.open.clear();
            if line.responses.len() != plan.cycles {
                bail!("{}: {} responses to {} events", self.command.join(" "), line.responses.len(), plan.cycles);
            }
            let micros = |time: libc::timeval| time.tv_sec as u64 * 1_000_000 + time.tv_usec as u64;
            Ok(Life {
                spawned: spawned.load(Ordering::Acquire),
                line,
                resident_kb,
                faults: usage.ru_minflt as u64,
                cpu_us: micros(usage.ru_utime) + micros(usage.ru_stime),
            })
        })
    }
}

unsafe extern "C" {
    fn posix_spawn_file_actions_addchdir_np(actions: *mut libc::posix_spawn_file_actions_t, path: *const libc::c_char) -> libc::c_int;
}

/// Resident memory of a process and of those it started, KB.
fn resident_kb(id: i32) -> u64 {
    let resident = |id: &i32| -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        text.lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok())
            .unwrap_or(0)
    };
    let mut ids = vec![id];
    let mut at = 0;
    while at < ids.len() {
        let path = format!("/proc/{0}/task/{0}/children", ids[at]);
        ids.extend(std::fs::read_to_string(path).unwrap_or_default().split_whitespace().filter_map(|word| word.parse::<i32>().ok()));
        at += 1;
    }
    ids.iter().map(resident).sum()
}
