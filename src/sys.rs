//! The only caller of libc. Thin: one function per need, `errno` for errors, no policy, no state.
//!
//! Only constants and structures that are the kernel's own are used, so that the same code is right with glibc (tests) and musl (the layer).

use core::ffi::{CStr, c_char, c_int, c_void};
use core::mem;
use core::ptr;
use core::slice;

/// An error number of the kernel, `errno(3)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Errno(pub c_int);

impl Errno {
    /// What a name that cannot be looked up is reported as.
    pub const NO_ADDRESS: Errno = Errno(libc::EADDRNOTAVAIL);

    /// What a missing file is reported as: it, or a folder on the way to it, is not there.
    pub fn is_not_found(self) -> bool {
        matches!(self.0, libc::ENOENT | libc::ENOTDIR)
    }

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
        let address = libc::sockaddr_in {
            sin_family: libc::AF_INET as libc::sa_family_t,
            sin_port: port.to_be(),
            sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes(octets) },
            sin_zero: [0; 8],
        };
        // SAFETY: an all-zero sockaddr_storage is valid.
        let mut storage: libc::sockaddr_storage = unsafe { mem::zeroed() };
        // SAFETY: sockaddr_storage is larger than and at least as aligned as every address, by definition.
        unsafe { ptr::write((&raw mut storage).cast(), address) };
        SocketAddress { storage, len: mem::size_of::<libc::sockaddr_in>() as libc::socklen_t }
    }
}

/// Looks a host name up (`getaddrinfo(3)`), the first stream address. `None` if there is none.
pub fn resolve(host: &CStr, port: u16) -> Option<SocketAddress> {
    // SAFETY: an all-zero addrinfo is the documented way to begin a hint.
    let mut hints: libc::addrinfo = unsafe { mem::zeroed() };
    hints.ai_socktype = libc::SOCK_STREAM;
    let mut list = ptr::null_mut();
    // SAFETY: `host` is NUL-terminated, the hints are initialised, `list` receives the answer.
    if unsafe { libc::getaddrinfo(host.as_ptr(), ptr::null(), &hints, &mut list) } != 0 || list.is_null() {
        return None;
    }
    // SAFETY: getaddrinfo succeeded: `list` points to at least one entry.
    let entry = unsafe { &*list };
    // SAFETY: an all-zero sockaddr_storage is valid.
    let mut address = SocketAddress { storage: unsafe { mem::zeroed() }, len: entry.ai_addrlen };
    // SAFETY: ai_addr points to ai_addrlen bytes, which is at most a sockaddr_storage.
    unsafe { ptr::copy_nonoverlapping(entry.ai_addr.cast::<u8>(), (&raw mut address.storage).cast(), entry.ai_addrlen as usize) };
    // The port is the second field, in network order, in both families.
    // SAFETY: both sockaddr_in and sockaddr_in6 begin with a family and a port of 16 bits each.
    unsafe { (&raw mut address.storage).cast::<u16>().add(1).write(port.to_be()) };
    // SAFETY: `list` came from getaddrinfo and is freed once; the address was copied out.
    unsafe { libc::freeaddrinfo(list) };
    Some(address)
}

/// A connected TCP socket without Nagle's delay, closed on `exec`.
pub fn connect(address: &SocketAddress) -> Result<c_int, Errno> {
    // SAFETY: no memory is passed.
    let fd = retry(|| unsafe { libc::socket(c_int::from(address.storage.ss_family), libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0) as isize })?
        as c_int;
    // SAFETY: `storage` holds a valid address of `len` bytes.
    let connected = retry(|| unsafe { libc::connect(fd, (&raw const address.storage).cast(), address.len) as isize });
    if let Err(errno) = connected {
        close(fd);
        return Err(errno);
    }
    Ok(fd)
}

/// Sends the two parts in one call, never with a signal. Returns how many bytes of both were taken.
pub fn send(fd: c_int, head: &[u8], body: &[u8]) -> Result<usize, Errno> {
    let mut parts = [
        libc::iovec { iov_base: head.as_ptr() as *mut c_void, iov_len: head.len() },
        libc::iovec { iov_base: body.as_ptr() as *mut c_void, iov_len: body.len() },
    ];
    // SAFETY: an all-zero msghdr is valid; the fields that matter are set below.
    let mut message: libc::msghdr = unsafe { mem::zeroed() };
    message.msg_iov = parts.as_mut_ptr();
    message.msg_iovlen = 2;
    // SAFETY: both parts are live for the call, which only reads them.
    retry(|| unsafe { libc::sendmsg(fd, &message, libc::MSG_NOSIGNAL) })
}

/// Receives up to `into.len()` bytes; blocks; 0 at the end of the stream.
pub fn receive(fd: c_int, into: &mut [u8]) -> Result<usize, Errno> {
    // SAFETY: the kernel writes at most `into.len()` bytes to `into`.
    retry(|| unsafe { libc::recv(fd, into.as_mut_ptr().cast(), into.len(), 0) })
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

// ---- files and output ----

/// Writes all of `bytes` to a descriptor. An error ends it silently: there is nowhere to report a broken log.
pub fn write_all(fd: c_int, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        // SAFETY: the kernel reads at most `bytes.len()` bytes.
        match retry(|| unsafe { libc::write(fd, bytes.as_ptr().cast(), bytes.len()) }) {
            Ok(count) if count > 0 => bytes = &bytes[count..],
            _ => return,
        }
    }
}

/// Opens a file for reading, closed on `exec`.
pub fn open(path: &CStr) -> Result<c_int, Errno> {
    // SAFETY: `path` is NUL-terminated.
    retry(|| unsafe { libc::open(path.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC) as isize }).map(|fd| fd as c_int)
}

/// Reads up to `into.len()` bytes; 0 at the end.
pub fn read(fd: c_int, into: &mut [u8]) -> Result<usize, Errno> {
    // SAFETY: the kernel writes at most `into.len()` bytes to `into`.
    retry(|| unsafe { libc::read(fd, into.as_mut_ptr().cast(), into.len()) })
}

// ---- environment, clock, end ----

/// The value of an environment variable. It stays valid as long as nobody sets that variable; only
/// [`set_trace_variable`] sets any.
pub fn variable(name: &CStr) -> Option<&'static [u8]> {
    // SAFETY: `name` is NUL-terminated; the process has one thread.
    let value: *const c_char = unsafe { libc::getenv(name.as_ptr()) };
    // SAFETY: a result that is not null is a NUL-terminated string of the environment.
    (!value.is_null()).then(|| unsafe { CStr::from_ptr(value) }.to_bytes())
}

/// The room for `_X_AMZN_TRACE_ID=value` and a NUL: X-Ray's header is about 100 bytes, with lineage 150.
const TRACE_BYTES_MAX: usize = 512;

/// The variable's text, in memory of its own because `setenv(3)` of glibc leaks every value it is given.
static mut TRACE_TEXT: [u8; TRACE_BYTES_MAX] = [0; TRACE_BYTES_MAX];

/// Sets `_X_AMZN_TRACE_ID`, or removes it where there is no value, it is too long or holds a NUL.
pub fn set_trace_variable(value: Option<&[u8]>) {
    const NAME: &CStr = c"_X_AMZN_TRACE_ID";
    let name = NAME.to_bytes();
    // SAFETY: NAME is NUL-terminated; the process has one thread. The slot must leave the environment before its text changes.
    unsafe { libc::unsetenv(NAME.as_ptr()) };
    let Some(value) = value.filter(|value| value.len() <= TRACE_BYTES_MAX - name.len() - 2 && !value.contains(&0)) else {
        return;
    };
    // SAFETY: the process has one thread, and this function is the only one that names TRACE_TEXT.
    let text = unsafe { &mut *&raw mut TRACE_TEXT };
    let start = name.len() + 1;
    text[..name.len()].copy_from_slice(name);
    text[name.len()] = b'=';
    text[start..start + value.len()].copy_from_slice(value);
    text[start + value.len()] = 0;
    // SAFETY: the text is a NUL-terminated NAME=value in static memory.
    unsafe { libc::putenv(text.as_mut_ptr().cast()) };
}

/// Wall clock: seconds and nanoseconds since 1970 (UTC).
pub fn now() -> (i64, u32) {
    // SAFETY: an all-zero timespec is valid.
    let mut time: libc::timespec = unsafe { mem::zeroed() };
    // SAFETY: the kernel writes one timespec.
    unsafe { libc::clock_gettime(libc::CLOCK_REALTIME, &mut time) };
    (time.tv_sec as i64, time.tv_nsec as u32)
}

/// Sleeps that many milliseconds.
pub fn sleep_ms(ms: u32) {
    let time = libc::timespec { tv_sec: (ms / 1000) as libc::time_t, tv_nsec: ((ms % 1000) * 1_000_000) as libc::c_long };
    // SAFETY: the kernel reads one timespec; a signal may cut the sleep short, which is harmless.
    unsafe { libc::nanosleep(&time, ptr::null_mut()) };
}

/// Ends the process. C's streams are flushed, `atexit` functions run.
pub fn exit(code: c_int) -> ! {
    // SAFETY: called from the only thread.
    unsafe { libc::exit(code) }
}

/// Writes out what C's own streams (`io.open` files, FFI's `printf`) still hold.
pub fn flush_streams() {
    // SAFETY: fflush(NULL) is valid at any time.
    unsafe { libc::fflush(ptr::null_mut()) };
}

/// Ends the process at once.
pub fn abort() -> ! {
    // SAFETY: always valid.
    unsafe { libc::abort() }
}

/// The bytes of a C string.
///
/// # Safety
/// `text` points to `bytes` readable bytes that live as long as the caller uses the slice.
pub unsafe fn slice<'a>(text: *const c_char, bytes: usize) -> &'a [u8] {
    // SAFETY: the caller vouches for it.
    unsafe { slice::from_raw_parts(text.cast(), bytes) }
}
