//! The only caller of libc. Thin: one function per need, `errno` for errors, no policy, no state but what signals, forks and the
//! environment leave.
//!
//! Only constants and structures that are the kernel's own are used, so that the same code is right with glibc (tests) and musl (the
//! layer).

use core::ffi::{CStr, c_char, c_int, c_void};
use core::mem;
use core::ptr;
use core::slice;
use core::sync::atomic::{AtomicBool, AtomicI32, Ordering};

/// An error number of the kernel, `errno(3)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Errno(pub c_int);

impl Errno {
    /// What a host name that has no address is reported as. The kernel has no number for it: 0 is no error of any call.
    pub const NO_ADDRESS: Errno = Errno(0);

    /// What a missing file is reported as: it, or a folder on the way to it, is not there.
    pub fn is_not_found(self) -> bool {
        matches!(self.0, libc::ENOENT | libc::ENOTDIR)
    }

    /// A signal came.
    pub const INTERRUPTED: Errno = Errno(libc::EINTR);

    /// There is no memory.
    pub const NO_MEMORY: Errno = Errno(libc::ENOMEM);

    /// The error of the system call that failed last in this thread.
    fn last() -> Errno {
        // SAFETY: the address of this thread's errno is always valid.
        Errno(unsafe { *libc::__errno_location() })
    }

    /// The words that `strerror(3)` has for it.
    pub fn text(self) -> &'static [u8] {
        // SAFETY: strerror returns a NUL-terminated string that stays valid for known numbers; the process has one thread.
        unsafe { CStr::from_ptr(libc::strerror(self.0)) }.to_bytes()
    }
}

/// Repeats a system call that a signal interrupted.
fn retry(mut call: impl FnMut() -> isize) -> Result<usize, Errno> {
    loop {
        let result = call();
        if result >= 0 {
            return Ok(result as usize);
        }
        let errno = Errno::last();
        if errno.0 != libc::EINTR {
            return Err(errno);
        }
    }
}

// ---- memory ----

/// Maps `bytes` zeroed, private, anonymous bytes. `None` if the kernel has no memory.
pub fn map(bytes: usize) -> Option<*mut u8> {
    // SAFETY: an anonymous mapping at an address of the kernel's choice touches no memory of ours.
    let start =
        unsafe { libc::mmap(ptr::null_mut(), bytes, libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, 0) };
    (start != libc::MAP_FAILED).then_some(start.cast())
}

/// Resizes a mapping; it may move. New bytes are zero. `None` if the kernel has no memory: the old mapping is then as it was.
///
/// # Safety
/// `start` and `old_bytes` are those of a live mapping made by [`map`] or [`remap`] that nothing borrows.
pub unsafe fn remap(start: *mut u8, old_bytes: usize, new_bytes: usize) -> Option<*mut u8> {
    // SAFETY: the caller vouches for the mapping.
    let start = unsafe { libc::mremap(start.cast(), old_bytes, new_bytes, libc::MREMAP_MAYMOVE) };
    (start != libc::MAP_FAILED).then_some(start.cast())
}

/// Unmaps a mapping.
///
/// # Safety
/// As for [`remap`]; the mapping is gone afterwards.
pub unsafe fn unmap(start: *mut u8, bytes: usize) {
    // SAFETY: the caller vouches for the mapping.
    unsafe { libc::munmap(start.cast(), bytes) };
}

// ---- sockets ----

/// An IPv4 or IPv6 address with its port, ready for `connect(2)`.
#[derive(Clone, Copy)]
pub struct SocketAddress {
    storage: libc::sockaddr_storage,
    len: libc::socklen_t,
}

impl SocketAddress {
    /// The address `octets`, port `port`.
    pub fn ipv4(octets: [u8; 4], port: u16) -> SocketAddress {
        SocketAddress::new(libc::sockaddr_in {
            sin_family: libc::AF_INET as libc::sa_family_t,
            sin_port: port.to_be(),
            sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes(octets) },
            sin_zero: [0; 8],
        })
    }

    /// The same for IPv6.
    pub fn ipv6(octets: [u8; 16], port: u16) -> SocketAddress {
        SocketAddress::new(libc::sockaddr_in6 {
            sin6_family: libc::AF_INET6 as libc::sa_family_t,
            sin6_port: port.to_be(),
            sin6_flowinfo: 0,
            sin6_addr: libc::in6_addr { s6_addr: octets },
            sin6_scope_id: 0,
        })
    }

    fn new<A>(address: A) -> SocketAddress {
        // SAFETY: an all-zero sockaddr_storage is valid.
        let mut storage: libc::sockaddr_storage = unsafe { mem::zeroed() };
        // SAFETY: sockaddr_storage is larger than and at least as aligned as every address, by definition.
        unsafe { ptr::write((&raw mut storage).cast(), address) };
        SocketAddress { storage, len: mem::size_of::<A>() as libc::socklen_t }
    }
}

/// A connected TCP socket, closed on `exec`.
pub fn connect(address: &SocketAddress) -> Result<c_int, Errno> {
    connect_as(libc::SOCK_STREAM, address)
}

/// A UDP socket that sends to `address` and receives what comes from there, closed on `exec`.
pub fn connect_datagrams(address: &SocketAddress) -> Result<c_int, Errno> {
    connect_as(libc::SOCK_DGRAM, address)
}

fn connect_as(kind: c_int, address: &SocketAddress) -> Result<c_int, Errno> {
    // SAFETY: no memory is passed.
    let fd = retry(|| unsafe { libc::socket(c_int::from(address.storage.ss_family), kind | libc::SOCK_CLOEXEC, 0) as isize })? as c_int;
    let fd = off_standard(fd)?;
    // SAFETY: `storage` holds a valid address of `len` bytes.
    let connected = retry(|| unsafe { libc::connect(fd, (&raw const address.storage).cast(), address.len) as isize });
    if let Err(errno) = connected {
        close(fd);
        return Err(errno);
    }
    Ok(fd)
}

/// Moves a descriptor off those of the standard streams: where one of them is closed, what is meant for the log would be sent.
fn off_standard(fd: c_int) -> Result<c_int, Errno> {
    if fd > libc::STDERR_FILENO {
        return Ok(fd);
    }
    // SAFETY: no memory is passed.
    let moved = retry(|| unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, libc::STDERR_FILENO + 1) as isize });
    close(fd);
    moved.map(|fd| fd as c_int)
}

/// Parts that one call of [`send`] takes.
pub const SEND_PARTS_MAX: usize = 4;

/// Sends the parts, at most [`SEND_PARTS_MAX`], in one call, never with a signal. Returns how many bytes of all were taken; waits while
/// there is no room for any, but not when there is something to receive, or the end: then 0.
pub fn send(fd: c_int, parts: &[&[u8]]) -> Result<usize, Errno> {
    let mut list = [libc::iovec { iov_base: ptr::null_mut(), iov_len: 0 }; SEND_PARTS_MAX];
    let mut count = 0;
    for (entry, part) in list.iter_mut().zip(parts) {
        *entry = libc::iovec { iov_base: part.as_ptr() as *mut c_void, iov_len: part.len() };
        count += 1;
    }
    // SAFETY: an all-zero msghdr is valid; the fields that matter are set below.
    let mut message: libc::msghdr = unsafe { mem::zeroed() };
    message.msg_iov = list.as_mut_ptr();
    message.msg_iovlen = count;
    loop {
        // SAFETY: the parts are live for the call, which only reads them.
        match retry(|| unsafe { libc::sendmsg(fd, &message, libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT) }) {
            Err(Errno(libc::EAGAIN)) => {
                if wait_for_events(fd, libc::POLLIN | libc::POLLOUT)? & libc::POLLOUT == 0 {
                    return Ok(0);
                }
            }
            result => return result,
        }
    }
}

/// Waits until one of these events of poll(2) has come, or an error; returns what has.
fn wait_for_events(fd: c_int, events: libc::c_short) -> Result<libc::c_short, Errno> {
    let mut poll = libc::pollfd { fd, events, revents: 0 };
    // SAFETY: the kernel reads and writes one pollfd.
    retry(|| unsafe { libc::poll(&mut poll, 1, -1) as isize })?;
    Ok(poll.revents)
}

/// Receives up to `into.len()` bytes; blocks; 0 at the end of the stream.
pub fn receive(fd: c_int, into: &mut [u8]) -> Result<usize, Errno> {
    // SAFETY: the kernel writes at most `into.len()` bytes to `into`.
    retry(|| unsafe { libc::recv(fd, into.as_mut_ptr().cast(), into.len(), 0) })
}

/// Waits up to `ms` milliseconds for bytes; whether there are any.
pub fn is_readable_within(fd: c_int, ms: u64) -> bool {
    let mut poll = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    // SAFETY: the kernel writes one pollfd. A signal ends the wait early, which callers that watch the clock take.
    unsafe { libc::poll(&mut poll, 1, ms as c_int) > 0 }
}

/// Whether an idle connection can no longer be used: the peer has closed it, reset it or sent something unasked.
pub fn is_stale(fd: c_int) -> bool {
    let mut byte = 0u8;
    // SAFETY: the kernel writes at most one byte to `byte`.
    let peeked = retry(|| unsafe { libc::recv(fd, (&raw mut byte).cast(), 1, libc::MSG_PEEK | libc::MSG_DONTWAIT) });
    peeked != Err(Errno(libc::EAGAIN))
}

/// Closes a descriptor.
pub fn close(fd: c_int) {
    // SAFETY: no memory is passed; callers own `fd` and forget it afterwards.
    unsafe { libc::close(fd) };
}

/// Waits until the socket can be read. Where [`watch_termination`] was called, `Err(EINTR)` once the process has been asked to end. The
/// signal is held back between the look at what it has left and the wait, so none is missed; not for longer, because programs that the
/// function starts would hold it back too.
pub fn wait_readable(fd: c_int) -> Result<(), Errno> {
    if !TERMINATION_IS_WATCHED.load(Ordering::Relaxed) {
        return Ok(());
    }
    let mut poll = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    while_held(bit(libc::SIGTERM), || {
        while !is_terminating() {
            // SAFETY: an all-zero sigset_t is the empty set with both C libraries; the kernel reads the set and writes one pollfd.
            let result = unsafe { libc::ppoll(&mut poll, 1, ptr::null(), &mem::zeroed()) };
            if result >= 0 || Errno::last() != Errno::INTERRUPTED {
                // An error of the socket shows when it is read.
                return Ok(());
            }
        }
        Err(Errno::INTERRUPTED)
    })
}

/// Runs `act` while these signals are held back.
fn while_held<R>(signals: u64, act: impl FnOnce() -> R) -> R {
    let before = hold_back(libc::SIG_BLOCK, signals);
    let result = act();
    hold_back(libc::SIG_SETMASK, before);
    result
}

/// A signal in a set, as the kernel has it.
pub const fn bit(signal: c_int) -> u64 {
    1 << (signal - 1)
}

/// Changes which signals are held back, as `sigprocmask(2)` says; returns those that were.
pub fn hold_back(how: c_int, signals: u64) -> u64 {
    let mut before = 0u64;
    // SAFETY: the kernel reads and writes a set of 64 bits each, as its length says.
    unsafe { libc::syscall(libc::SYS_rt_sigprocmask, how, &raw const signals, &raw mut before, size_of::<u64>()) };
    before
}

// ---- signals and processes ----

static TERMINATION_IS_WATCHED: AtomicBool = AtomicBool::new(false);
static IS_TERMINATING: AtomicBool = AtomicBool::new(false);

extern "C" fn note_termination(_signal: c_int) {
    IS_TERMINATING.store(true, Ordering::Relaxed);
}

/// From now on SIGTERM is noted instead of ending the process; [`wait_readable`] and [`wait_child`] tell of it. System calls that it comes
/// in go on.
pub fn watch_termination() {
    handle(libc::SIGTERM, note_termination as *const () as usize, libc::SA_RESTART);
    TERMINATION_IS_WATCHED.store(true, Ordering::Relaxed);
}

/// Has `handler`, which is safe to run at any time, called for a signal; or `SIG_DFL`.
fn handle(signal: c_int, handler: libc::sighandler_t, flags: c_int) {
    // SAFETY: the structure is plain data that the kernel reads.
    unsafe {
        let mut action: libc::sigaction = mem::zeroed();
        action.sa_sigaction = handler;
        action.sa_flags = flags;
        libc::sigaction(signal, &action, ptr::null_mut());
    }
}

/// A log that nobody reads any more is no reason to die: writing to it fails instead of raising SIGPIPE. By a handler that does nothing:
/// programs that the function starts would inherit a signal that is ignored, and `yes | head` would complain.
pub fn ignore_broken_pipes() {
    extern "C" fn do_nothing(_signal: c_int) {}
    handle(libc::SIGPIPE, do_nothing as *const () as usize, libc::SA_RESTART);
}

/// The stack of [`note_fault`]: the ordinary one may be what has run out.
#[unsafe(link_section = ".bss.last.stack")]
static mut FAULT_STACK: [u8; FAULT_STACK_BYTES] = [0; FAULT_STACK_BYTES];
/// The kernel's MINSIGSTKSZ (2,048 on x86_64, 5,120 on aarch64), and what writing a line takes, several times over.
const FAULT_STACK_BYTES: usize = 16384;

/// SIGSEGV: says so, and lets the signal end the process. The platform answers the invocation.
extern "C" fn note_fault(_signal: c_int) {
    write_all(2, b"[FATAL] the process ran out of C stack, or memory was corrupted through FFI (SIGSEGV)\n");
    // Returning repeats the faulting access, which then ends the process.
    handle(libc::SIGSEGV, libc::SIG_DFL, 0);
}

/// How far the C stack may grow. An interpreter bounds recursion in its language, but not always through C functions that call back (Lua's
/// `string.gsub`): with the usual 8 MiB that ends in a fault. With this much its own bounds, or its memory, come first. The kernel keeps
/// 128 MiB free below the stack (`MIN_GAP` in its mmap.c) and hands out pages only as they are touched.
const STACK_BYTES_MAX: libc::rlim_t = 120 << 20;

/// Lets the C stack grow to `STACK_BYTES_MAX`, as far as the process may.
pub fn raise_stack_limit() {
    // The system call itself: the C library's function is made for programs of several threads and adds 0.6 KB to the layer's zip.
    // SAFETY: the structure is plain data that the kernel writes and reads; 0 is this process.
    unsafe {
        let mut limit: libc::rlimit = mem::zeroed();
        let none = ptr::null_mut::<libc::rlimit>();
        let is_known = libc::syscall(libc::SYS_prlimit64, 0, libc::RLIMIT_STACK, none, &raw mut limit) == 0;
        if is_known && limit.rlim_cur < STACK_BYTES_MAX {
            limit.rlim_cur = STACK_BYTES_MAX.min(limit.rlim_max);
            libc::syscall(libc::SYS_prlimit64, 0, libc::RLIMIT_STACK, &raw const limit, none);
        }
    }
}

/// From now on a fault leaves a message behind: FFI can corrupt anything.
pub fn explain_faults() {
    let stack = libc::stack_t { ss_sp: (&raw mut FAULT_STACK).cast(), ss_flags: 0, ss_size: FAULT_STACK_BYTES };
    // SAFETY: the stack is static memory that nothing else uses; the structure is plain data that the kernel reads.
    unsafe { libc::sigaltstack(&stack, ptr::null_mut()) };
    handle(libc::SIGSEGV, note_fault as *const () as usize, libc::SA_ONSTACK);
}

/// What the kernel calls with a signal, its circumstances and the registers (sigaction(2), SA_SIGINFO).
pub type SignalAction = extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void);

/// From now on SIGILL is `action`'s, which is safe to run at any time; without one it ends the process again.
pub fn catch_illegal_instructions(action: Option<SignalAction>) {
    handle(libc::SIGILL, action.map_or(libc::SIG_DFL, |action| action as *const () as usize), libc::SA_SIGINFO);
}

/// Whether SIGTERM has come since [`watch_termination`].
pub fn is_terminating() -> bool {
    IS_TERMINATING.load(Ordering::Relaxed)
}

/// The process that may answer invocations; 0 as long as the function cannot fork.
static OWN_ID: AtomicI32 = AtomicI32::new(0);

/// From now on the function can fork by itself: this process is the one that answers.
pub fn watch_forks() {
    // SAFETY: always valid.
    OWN_ID.store(unsafe { libc::getpid() }, Ordering::Relaxed);
}

/// Whether this is a process that the function has forked: then another one answers the invocation. No system call where it cannot fork.
pub fn is_forked() -> bool {
    let own = OWN_ID.load(Ordering::Relaxed);
    // SAFETY: always valid.
    own != 0 && own != unsafe { libc::getpid() }
}

/// `fork(2)`: `Ok(0)` in the child, which dies with its parent.
///
/// The system call itself: what the C library does around it is for programs of several threads, and adds 1 KB to the layer's zip. Its
/// cached thread id is then the parent's, which only `raise(3)` and `abort(3)` look at; see [`abort`].
pub fn fork() -> Result<c_int, Errno> {
    // SAFETY: the process has one thread, so the child's copy of everything is consistent. Without flags and addresses, clone is fork on
    // every architecture, whatever their order.
    let id = retry(|| unsafe { libc::syscall(libc::SYS_clone, libc::SIGCHLD, 0, 0, 0, 0) as isize })? as c_int;
    if id == 0 {
        if OWN_ID.load(Ordering::Relaxed) != 0 {
            watch_forks();
        }
        // SAFETY: no memory is passed.
        unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
    }
    Ok(id)
}

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChildEnd {
    /// It exited with this code.
    Exit(c_int),
    /// This signal killed it.
    Signal(c_int),
}

/// Waits for any child to end. `Err(EINTR)` if the process was asked to end meanwhile.
pub fn wait_child() -> Result<(c_int, ChildEnd), Errno> {
    let mut status = 0;
    // Held back between the looks and the wait, so that none is missed. A SIGTERM that is not watched for ends the process.
    let is_watched = TERMINATION_IS_WATCHED.load(Ordering::Relaxed);
    let signals = bit(libc::SIGCHLD) | if is_watched { bit(libc::SIGTERM) } else { 0 };
    let id = while_held(signals, || {
        while !is_terminating() {
            // SAFETY: the kernel writes one status.
            match unsafe { libc::waitpid(-1, &mut status, libc::WNOHANG) } {
                0 => {}
                -1 => return Err(Errno::last()),
                id => return Ok(id),
            }
            let none = ptr::null::<c_void>();
            // SAFETY: the kernel reads a set of 64 bits.
            let signal = unsafe { libc::syscall(libc::SYS_rt_sigtimedwait, &raw const signals, none, none, size_of::<u64>()) };
            if signal == libc::SIGTERM.into() {
                note_termination(libc::SIGTERM);
            }
        }
        Err(Errno::INTERRUPTED)
    })?;
    let end = if libc::WIFSIGNALED(status) { ChildEnd::Signal(libc::WTERMSIG(status)) } else { ChildEnd::Exit(libc::WEXITSTATUS(status)) };
    Ok((id, end))
}

/// Waits for one child to end.
pub fn wait_for(id: c_int) {
    // SAFETY: the status is not asked for.
    let _ = retry(|| unsafe { libc::waitpid(id, ptr::null_mut(), 0) as isize });
}

/// Asks a process to end.
pub fn terminate(id: c_int) {
    // SAFETY: no memory is passed.
    unsafe { libc::kill(id, libc::SIGTERM) };
}

/// A lock between processes, released by the kernel when its holder dies.
#[derive(Clone, Copy)]
pub struct Lock {
    fd: c_int,
}

impl Lock {
    /// A new lock, to be made before the processes part.
    pub fn new() -> Result<Lock, Errno> {
        // SAFETY: the name is NUL-terminated.
        let fd = retry(|| unsafe { libc::memfd_create(c"coldmoon".as_ptr(), libc::MFD_CLOEXEC) as isize })?;
        off_standard(fd as c_int).map(|fd| Lock { fd })
    }

    /// Runs `act` while no other process is in here.
    pub fn hold<R>(self, act: impl FnOnce() -> R) -> R {
        self.set(libc::F_WRLCK as c_int);
        let result = act();
        self.set(libc::F_UNLCK as c_int);
        result
    }

    fn set(self, kind: c_int) {
        // SAFETY: an all-zero flock is the whole file; the kernel reads it. POSIX locks belong to the process, not to the shared file.
        unsafe {
            let mut lock: libc::flock = mem::zeroed();
            lock.l_type = kind as libc::c_short;
            let _ = retry(|| libc::fcntl(self.fd, libc::F_SETLKW, &lock) as isize);
        }
    }
}

/// Fills `into` from the system's random generator. `false` where there is none, and `into` is filled from the clock: good enough for a
/// seed that need only differ, and for nothing else.
pub fn random(into: &mut [u8]) -> bool {
    let mut at = 0;
    while at < into.len() {
        let rest = &mut into[at..];
        // SAFETY: the kernel writes at most `rest.len()` bytes.
        match retry(|| unsafe { libc::getrandom(rest.as_mut_ptr().cast(), rest.len(), 0) }) {
            Ok(count) => at += count,
            // Kernels of this decade have it; a sandbox may forbid it.
            Err(_) => {
                let (seconds, nanoseconds) = now();
                for (byte, mix) in rest.iter_mut().zip((seconds as u64 ^ u64::from(nanoseconds) << 20).to_le_bytes().iter().cycle()) {
                    *byte = *mix;
                }
                return false;
            }
        }
    }
    true
}

// ---- files and output ----

/// Writes all of `bytes` to a descriptor. An error ends it silently: there is nowhere to report a broken log. A pipe that does not block
/// is waited for: a program that the function has started may have made it so (Node does), for everybody who writes to it.
pub fn write_all(fd: c_int, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        // SAFETY: the kernel reads at most `bytes.len()` bytes.
        match retry(|| unsafe { libc::write(fd, bytes.as_ptr().cast(), bytes.len()) }) {
            Ok(count) if count > 0 => bytes = &bytes[count..],
            Err(Errno(libc::EAGAIN)) if wait_for_events(fd, libc::POLLOUT).is_ok() => {}
            _ => return,
        }
    }
}

/// Opens a file for reading. It is closed before any other program can be started, so it need not be closed on `exec`, for which musl makes
/// a second call.
pub fn open(path: &CStr) -> Result<c_int, Errno> {
    // SAFETY: `path` is NUL-terminated.
    retry(|| unsafe { libc::open(path.as_ptr(), libc::O_RDONLY) as isize }).map(|fd| fd as c_int)
}

/// Reads up to `into.len()` bytes; 0 at the end.
pub fn read(fd: c_int, into: &mut [u8]) -> Result<usize, Errno> {
    // SAFETY: the kernel writes at most `into.len()` bytes to `into`.
    retry(|| unsafe { libc::read(fd, into.as_mut_ptr().cast(), into.len()) })
}

// ---- environment, clock, end ----

/// The environment as `execve(2)` takes it.
pub fn environment() -> *const *const c_char {
    // SAFETY: whatever begins the process sets it before `main`; the process has one thread.
    unsafe { environ }
}

/// The environment's variables, (name, value). They stay valid as long as nobody sets them; only [`set_trace_variable`] sets any.
pub fn variables() -> impl Iterator<Item = (&'static [u8], &'static [u8])> {
    let mut next = environment();
    core::iter::from_fn(move || {
        // SAFETY: `next` is an entry of the list, or the null pointer at its end; there is no list at all where the environment was
        // cleared.
        let text = unsafe { next.as_ref().copied().filter(|text| !text.is_null())? };
        // SAFETY: the entry was not the last.
        next = unsafe { next.add(1) };
        // SAFETY: an entry is a NUL-terminated string.
        Some(unsafe { CStr::from_ptr(text) }.to_bytes())
    })
    .filter_map(|text| {
        let equals = text.iter().position(|byte| *byte == b'=')?;
        Some((&text[..equals], &text[equals + 1..]))
    })
}

/// The value of one environment variable, as [`variables`] gives it.
pub fn variable(name: &CStr) -> Option<&'static [u8]> {
    variables().find(|(other, _)| *other == name.to_bytes()).map(|(_, value)| value)
}

/// The room for `_X_AMZN_TRACE_ID=value` and a NUL: X-Ray's header is about 100 bytes, with lineage 150.
const TRACE_BYTES_MAX: usize = 512;

/// The variable's text, in memory of its own because `setenv(3)` of glibc leaks every value it is given.
static mut TRACE_TEXT: [u8; TRACE_BYTES_MAX] = [0; TRACE_BYTES_MAX];

unsafe extern "C" {
    /// The process's environment (environ(7)): pointers to `NAME=value`, the last one null.
    static environ: *const *const c_char;
}

/// Sets `_X_AMZN_TRACE_ID`, or removes it where there is no value, it is too long or holds a NUL.
pub fn set_trace_variable(value: Option<&[u8]>) {
    const NAME: &CStr = c"_X_AMZN_TRACE_ID";
    let name = NAME.to_bytes();
    let Some(value) = value.filter(|value| value.len() <= TRACE_BYTES_MAX - name.len() - 2 && !value.contains(&0)) else {
        // SAFETY: NAME is NUL-terminated; the process has one thread.
        unsafe { libc::unsetenv(NAME.as_ptr()) };
        return;
    };
    let place = &raw mut TRACE_TEXT;
    // SAFETY: the process has one thread, and this function is the only one that names TRACE_TEXT.
    let text = unsafe { &mut *place };
    let start = name.len() + 1;
    text[..name.len()].copy_from_slice(name);
    text[name.len()] = b'=';
    text[start..start + value.len()].copy_from_slice(value);
    text[start + value.len()] = 0;
    // Usually the text is still in the environment from the last invocation: changing it has changed the variable. Asking the C library
    // compares the names of all variables.
    // SAFETY: the text is a NUL-terminated NAME=value in static memory; `environ` is null or a list that ends with null, and the process
    // has one thread.
    unsafe {
        let mut entry = environ;
        while !entry.is_null() && !(*entry).is_null() {
            if *entry == text.as_ptr().cast() {
                return;
            }
            entry = entry.add(1);
        }
        libc::putenv(text.as_mut_ptr().cast());
    }
}

/// Wall clock: seconds and nanoseconds since 1970 (UTC).
pub fn now() -> (i64, u32) {
    // SAFETY: an all-zero timespec is valid.
    let mut time: libc::timespec = unsafe { mem::zeroed() };
    // SAFETY: the kernel writes one timespec.
    unsafe { libc::clock_gettime(libc::CLOCK_REALTIME, &mut time) };
    (time.tv_sec as i64, time.tv_nsec as u32)
}

/// Milliseconds of a clock that is never set.
pub fn monotonic_ms() -> u64 {
    // SAFETY: an all-zero timespec is valid; the kernel writes one.
    let time = unsafe {
        let mut time: libc::timespec = mem::zeroed();
        libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut time);
        time
    };
    time.tv_sec as u64 * 1000 + time.tv_nsec as u64 / 1_000_000
}

/// Sleeps that many milliseconds, whatever signal comes.
pub fn sleep_ms(ms: u32) {
    let mut time = libc::timespec { tv_sec: (ms / 1000).into(), tv_nsec: ((ms % 1000) * 1_000_000).into() };
    let rest = &raw mut time;
    // SAFETY: the kernel reads one timespec and, where a signal cuts the sleep short, writes the rest of it there.
    let _ = retry(|| unsafe { libc::nanosleep(rest, rest) as isize });
}

/// The number of this process.
pub fn process_id() -> c_int {
    // SAFETY: always valid.
    unsafe { libc::getpid() }
}

/// Ends the process. C's streams are flushed.
pub fn exit(code: c_int) -> ! {
    // SAFETY: called from the only thread.
    unsafe { libc::exit(code) }
}

/// Ends the process as it is: nothing is flushed, which its parent has to write too.
pub fn exit_child(code: c_int) -> ! {
    // SAFETY: always valid.
    unsafe { libc::_exit(code) }
}

/// Ends the process at once, by SIGABRT as `abort(3)` does.
pub fn abort() -> ! {
    // SAFETY: no memory is passed. A handler that the function has installed through FFI and that returns is followed by `_exit`.
    unsafe {
        libc::kill(process_id(), libc::SIGABRT);
        libc::_exit(127)
    }
}

/// The bytes of a C string.
///
/// # Safety
/// `text` points to `bytes` readable bytes that live as long as the caller uses the slice.
pub unsafe fn slice<'a>(text: *const c_char, bytes: usize) -> &'a [u8] {
    // SAFETY: the caller vouches for it.
    unsafe { slice::from_raw_parts(text.cast(), bytes) }
}

/// Held by tests that use the environment: it is the whole process's.
#[cfg(test)]
pub(crate) static ENVIRONMENT: std::sync::Mutex<()> = std::sync::Mutex::new(());

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::os::fd::AsRawFd;

    #[test]
    fn a_pipe_that_does_not_block_gets_every_byte() {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let fd = writer.as_raw_fd();
        // SAFETY: no memory is passed.
        assert_eq!(unsafe { libc::fcntl(fd, libc::F_SETFL, libc::O_NONBLOCK) }, 0);
        let bytes = vec![b'x'; 1 << 20];
        let expected = bytes.len();
        let reading = std::thread::spawn(move || {
            let mut found = Vec::new();
            reader.read_to_end(&mut found).map(|_| found.len()).unwrap()
        });
        write_all(fd, &bytes);
        drop(writer);
        assert_eq!(reading.join().unwrap(), expected);
    }

    #[test]
    fn the_trace_variable_changes_and_goes() {
        const NAME: &CStr = c"_X_AMZN_TRACE_ID";
        let _guard = ENVIRONMENT.lock();
        for value in [Some(&b"Root=1"[..]), Some(b"Root=2;Parent=3"), None, Some(b"Root=4"), Some(&[b'x'; 600]), None] {
            set_trace_variable(value);
            assert_eq!(variable(NAME), value.filter(|value| value.len() < 500));
        }
        // The function may set it too, and change the list around it.
        for name in [NAME, c"COLDMOON_TEST_OTHER"] {
            // SAFETY: both are NUL-terminated; whoever uses the environment holds the lock.
            unsafe { libc::setenv(name.as_ptr(), c"theirs".as_ptr(), 1) };
            set_trace_variable(Some(b"Root=5"));
            assert_eq!(variable(NAME), Some(&b"Root=5"[..]));
            assert_eq!(std::env::vars_os().filter(|(name, _)| name == "_X_AMZN_TRACE_ID").count(), 1);
        }
    }
}
