//! C's streams: what Lua's `io` reads and writes through, and `ffi.C.printf`. `stdin`, `stdout`, `stderr`, and files of `fopen`, `fdopen`
//! and `tmpfile`; `popen` is in `process`.
//!
//! A stream has one buffer, for reading or for writing. What is written waits there: to a terminal until a line is complete, to `stderr`
//! not at all, to everything else until there is no more room; at the latest until the process ends by `exit`. What is longer is read and
//! written past the buffer.
//!
//! Between reading and writing C asks for `fseek` or `fflush`; here either may follow the other, at the place where the stream is;
//! of a pipe that is open for both, what was read ahead is lost then. `setvbuf` takes the kind of buffering only: the buffer stays.
//!
//! ```text
//! buffer     [8 bytes for what is put back] [4,096 bytes]
//! reading     at may be -8 to end:           [read] at [not read yet] end
//! writing                                    [waits to be written] end
//! ```

use crate::bytes;
use crate::sys;
use core::ffi::{CStr, c_char, c_int};
use core::ptr;
use core::slice;

/// What waits in a stream at most; the block of a file system, as glibc has it.
const BUFFER_BYTES: usize = 4096;
/// So many bytes can be put back in front of all others, as in musl.
const PUT_BACK_BYTES: usize = 8;
type Buffer = [u8; PUT_BACK_BYTES + BUFFER_BYTES];

/// C's `FILE`.
pub(super) struct File {
    fd: c_int,
    flags: u8,
    /// One of C's three, or `UNDECIDED`.
    buffering: u8,
    /// What is in the buffer waits to be written; otherwise to be read.
    is_writing: bool,
    /// Offsets in the buffer, behind the bytes for what is put back.
    at: isize,
    end: isize,
    buffer: *mut Buffer,
    next: *mut File,
}

/// May be written to. Whether it may be read is known to the kernel.
const WRITABLE: u8 = 1;
/// Nothing was left to read, and there is not until `fseek`, `ungetc` or `clearerr`.
const AT_END: u8 = 2;
/// A call has failed.
const FAILED: u8 = 4;

/// C's `_IOFBF`, `_IOLBF`, `_IONBF`, with both C libraries.
const FULL: u8 = 0;
const LINES: u8 = 1;
const NONE: u8 = 2;
/// As a terminal or anything else: to be seen when something is written.
const UNDECIDED: u8 = 3;

/// C's `EOF`.
const EOF: c_int = -1;

impl File {
    const fn new(fd: c_int, flags: u8, buffer: *mut Buffer) -> File {
        File { fd, flags, buffering: UNDECIDED, is_writing: false, at: 0, end: 0, buffer, next: ptr::null_mut() }
    }

    /// A byte of the buffer.
    fn place(&self, at: isize) -> *mut u8 {
        self.buffer.cast::<u8>().wrapping_offset(PUT_BACK_BYTES as isize + at)
    }

    /// Writes what waits, then `bytes`; returns how many of all are not written. After an error nothing waits any more.
    #[inline(never)]
    fn send(&mut self, bytes: &[u8]) -> usize {
        let waiting = self.end as usize;
        self.end = 0;
        let mut rest = waiting + bytes.len();
        let mut parts = [
            libc::iovec { iov_base: self.place(0).cast(), iov_len: waiting },
            libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() },
        ];
        while rest > 0 {
            // SAFETY: the kernel reads the parts of the buffer and of `bytes` that are left.
            let written = unsafe { libc::syscall(libc::SYS_writev, self.fd, parts.as_ptr(), parts.len()) };
            if written < 0 {
                self.flags |= FAILED;
                break;
            }
            let mut written = written as usize;
            rest -= written;
            for part in &mut parts {
                let taken = written.min(part.iov_len);
                part.iov_base = part.iov_base.wrapping_byte_add(taken);
                part.iov_len -= taken;
                written -= taken;
            }
        }
        rest
    }

    /// Puts the kernel's place where the stream's is: writes what waits, or gives back what was read too far. A pipe takes nothing back:
    /// it is kept for the next read. Whether nothing waits to be written.
    #[inline(never)]
    fn settle(&mut self) -> bool {
        if self.is_writing {
            self.is_writing = false;
            return self.send(b"") == 0;
        }
        // SAFETY: no memory is passed.
        if self.at != self.end && unsafe { libc::lseek(self.fd, (self.at - self.end) as libc::off_t, libc::SEEK_CUR) } >= 0 {
            self.at = 0;
            self.end = 0;
        }
        true
    }

    /// Writes, or keeps in the buffer; returns how many of the bytes. After an error the last ones count as not written, those that waited
    /// as written.
    #[inline(never)]
    fn write(&mut self, bytes: &[u8]) -> usize {
        if self.flags & WRITABLE == 0 {
            super::set_errno(libc::EBADF);
            self.flags |= FAILED;
            return 0;
        }
        if !self.is_writing {
            self.settle();
            self.at = 0;
            self.end = 0;
            self.is_writing = true;
        }
        if self.buffering == UNDECIDED {
            let mut size = [0u16; 4];
            // A call that succeeds leaves it as it was.
            // SAFETY: the address of this thread's errno is always valid.
            let errno = unsafe { *libc::__errno_location() };
            // SAFETY: the kernel writes a `struct winsize`, four numbers.
            let is_terminal = unsafe { libc::ioctl(self.fd, libc::TIOCGWINSZ, size.as_mut_ptr()) } == 0;
            super::set_errno(errno);
            self.buffering = if is_terminal { LINES } else { FULL };
        }
        let now = match self.buffering {
            LINES => bytes::find_last(b'\n', bytes).map_or(0, |at| at + 1),
            NONE => bytes.len(),
            _ => 0,
        };
        let now = if bytes.len() > BUFFER_BYTES - self.end as usize { bytes.len() } else { now };
        let (now, later) = bytes.split_at(now);
        if !now.is_empty() {
            let rest = self.send(now);
            if rest > 0 {
                return now.len() - rest.min(now.len());
            }
        }
        // SAFETY: there is room, as was seen; what is written elsewhere is no part of the buffer.
        unsafe { self.place(self.end).copy_from_nonoverlapping(later.as_ptr(), later.len()) };
        self.end += later.len() as isize;
        bytes.len()
    }

    /// How many bytes wait to be read.
    fn readable(&mut self) -> usize {
        if self.is_writing {
            self.settle();
        }
        (self.end - self.at) as usize
    }

    /// Reads from the kernel; 0 at the end, and after an error.
    fn receive(&mut self, into: *mut u8, room: usize) -> usize {
        if self.flags & AT_END != 0 {
            return 0;
        }
        // SAFETY: callers have so much room.
        let count = unsafe { libc::read(self.fd, into.cast(), room) };
        if count <= 0 {
            self.flags |= if count == 0 { AT_END } else { FAILED };
        }
        count.max(0) as usize
    }

    /// Fills the buffer if it is empty; how many bytes wait to be read then.
    #[inline(never)]
    fn fill(&mut self) -> usize {
        if self.readable() == 0 {
            self.at = 0;
            self.end = 0;
            self.end = self.receive(self.place(0), if self.buffering == NONE { 1 } else { BUFFER_BYTES }) as isize;
        }
        (self.end - self.at) as usize
    }

    /// The next `count` bytes of those that wait.
    fn take(&mut self, count: usize) -> &[u8] {
        let start = self.place(self.at);
        self.at += count as isize;
        // SAFETY: callers have asked how many wait; the buffer lives as long as the stream.
        unsafe { slice::from_raw_parts(start, count) }
    }
}

/// Hardly ever used: not among what every start touches.
#[unsafe(link_section = ".bss.rest.buffers")]
static mut BUFFERS: [Buffer; 3] = [[0; size_of::<Buffer>()]; 3];

const fn buffer(index: usize) -> *mut Buffer {
    (&raw mut BUFFERS).cast::<Buffer>().wrapping_add(index)
}

static mut INPUT: File = File { next: &raw mut OUTPUT, ..File::new(libc::STDIN_FILENO, 0, buffer(0)) };
static mut OUTPUT: File = File { next: &raw mut ERRORS, ..File::new(libc::STDOUT_FILENO, WRITABLE, buffer(1)) };
static mut ERRORS: File = File { buffering: NONE, ..File::new(libc::STDERR_FILENO, WRITABLE, buffer(2)) };

/// All that are open, the newest first.
static mut OPEN: *mut File = &raw mut INPUT;

/// The three that C names.
#[cfg(target_env = "musl")]
#[allow(non_upper_case_globals)]
mod names {
    use super::{ERRORS, File, INPUT, OUTPUT};
    #[unsafe(no_mangle)]
    static mut stdin: *mut File = &raw mut INPUT;
    #[unsafe(no_mangle)]
    static mut stdout: *mut File = &raw mut OUTPUT;
    #[unsafe(no_mangle)]
    static mut stderr: *mut File = &raw mut ERRORS;
}

/// A stream for a descriptor, or null: then it is the caller's still.
fn open(fd: c_int, flags: u8) -> *mut File {
    // SAFETY: the block has room for both, the buffer needs no alignment. The process has one thread, no reference to OPEN is kept.
    unsafe {
        let file: *mut File = libc::malloc(size_of::<File>() + size_of::<Buffer>()).cast();
        if !file.is_null() {
            file.write(File { next: OPEN, ..File::new(fd, flags, file.add(1).cast()) });
            OPEN = file;
        }
        file
    }
}

/// `fopen(3)`, with `x` and `e`.
///
/// # Safety
/// C's: both are NUL-terminated.
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
unsafe extern "C" fn fopen(path: *const c_char, mode: *const c_char) -> *mut File {
    // SAFETY: the caller vouches for both; the descriptor is closed where no stream owns it.
    unsafe {
        let mode = CStr::from_ptr(mode).to_bytes();
        let mut flags = match mode.first() {
            Some(b'r') => libc::O_RDONLY,
            Some(b'w') => libc::O_WRONLY | libc::O_CREAT | libc::O_TRUNC,
            Some(b'a') => libc::O_WRONLY | libc::O_CREAT | libc::O_APPEND,
            _ => {
                super::set_errno(libc::EINVAL);
                return ptr::null_mut();
            }
        };
        for letter in mode {
            flags = match letter {
                b'+' => flags & !libc::O_ACCMODE | libc::O_RDWR,
                b'x' => flags | libc::O_EXCL,
                b'e' => flags | libc::O_CLOEXEC,
                _ => flags,
            };
        }
        let fd = libc::open(path, flags, 0o666);
        if fd < 0 {
            return ptr::null_mut();
        }
        let file = open(fd, if flags & libc::O_ACCMODE == libc::O_RDONLY { 0 } else { WRITABLE });
        if file.is_null() {
            libc::close(fd);
        }
        file
    }
}

/// `fdopen(3)`, for `r` and `w`.
///
/// # Safety
/// C's: the mode is NUL-terminated.
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
unsafe extern "C" fn fdopen(fd: c_int, mode: *const c_char) -> *mut File {
    // SAFETY: the caller vouches for the mode.
    open(fd, if unsafe { *mode } as u8 == b'r' { 0 } else { WRITABLE })
}

/// `mkstemp(3)`
///
/// # Safety
/// C's: the path is NUL-terminated, and ends with six bytes that are replaced.
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
unsafe extern "C" fn mkstemp(path: *mut c_char) -> c_int {
    // SAFETY: the caller vouches for the path.
    unsafe {
        let letters = slice::from_raw_parts_mut(path.add(libc::strlen(path) - 6).cast::<u8>(), 6);
        // As often as musl tries it.
        let mut tries = 100;
        loop {
            sys::random(letters);
            for letter in letters.iter_mut() {
                *letter = if *letter & 16 == 0 { b'A' } else { b'a' } + *letter % 16;
            }
            let fd = libc::open(path, libc::O_RDWR | libc::O_CREAT | libc::O_EXCL, 0o600);
            tries -= 1;
            if fd >= 0 || *libc::__errno_location() != libc::EEXIST || tries == 0 {
                return fd;
            }
        }
    }
}

/// `tmpfile(3)`
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
extern "C" fn tmpfile() -> *mut File {
    let mut path = *b"/tmp/tmpfile_XXXXXX\0";
    let path = path.as_mut_ptr().cast();
    // SAFETY: the path is as `mkstemp` asks for it; the descriptor is closed where no stream owns it.
    unsafe {
        let fd = mkstemp(path);
        if fd < 0 {
            return ptr::null_mut();
        }
        libc::unlink(path);
        let file = open(fd, WRITABLE);
        if file.is_null() {
            libc::close(fd);
        }
        file
    }
}

/// `fclose(3)`, for what the functions here have opened.
///
/// # Safety
/// C's: the stream is open, and is not used any more.
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
unsafe extern "C" fn fclose(file: *mut File) -> c_int {
    // SAFETY: the caller vouches for the stream, which is in the list; the process has one thread, no reference to OPEN is kept.
    unsafe {
        let mut place = &raw mut OPEN;
        while *place != file {
            place = &raw mut (**place).next;
        }
        *place = (*file).next;
        let is_written = (*file).settle();
        let is_closed = libc::close((*file).fd) == 0;
        libc::free(file.cast());
        c_int::from(is_written && is_closed) - 1
    }
}

/// `fflush(3)`; of all streams that are written to, if there is none.
///
/// # Safety
/// C's: the stream is null or open.
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
unsafe extern "C" fn fflush(file: Option<&mut File>) -> c_int {
    let is_written = match file {
        Some(file) => file.settle(),
        None => settle_all(|file| file.is_writing),
    };
    c_int::from(is_written) - 1
}

/// Settles these streams; whether nothing waits in them.
fn settle_all(is_meant: impl Fn(&File) -> bool) -> bool {
    let mut is_written = true;
    // SAFETY: what is in the list is open; the process has one thread, and nothing else uses a stream meanwhile.
    unsafe {
        let mut next = OPEN;
        while let Some(file) = next.as_mut() {
            is_written &= !is_meant(file) || file.settle();
            next = file.next;
        }
    }
    is_written
}

/// The end of the process, for musl's `exit` too: what waits is written, and who has the file too goes on where this process has stopped.
#[cfg(target_env = "musl")]
#[unsafe(no_mangle)]
pub(super) extern "C" fn __stdio_exit() {
    settle_all(|_| true);
}

/// `fread(3)`
///
/// # Safety
/// C's: there is room for so many pieces.
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
unsafe extern "C" fn fread(mut into: *mut u8, bytes: usize, pieces: usize, file: &mut File) -> usize {
    let total = bytes * pieces;
    let mut rest = total;
    while rest > 0 {
        let count = if file.readable() == 0 && (rest >= BUFFER_BYTES || file.buffering == NONE) {
            file.receive(into, rest)
        } else {
            let count = file.fill().min(rest);
            // SAFETY: the caller vouches for the room, of which `rest` is left.
            unsafe { into.copy_from_nonoverlapping(file.take(count).as_ptr(), count) };
            count
        };
        if count == 0 {
            break;
        }
        into = into.wrapping_add(count);
        rest -= count;
    }
    (total - rest).checked_div(bytes).unwrap_or(0)
}

/// `fgets(3)`
///
/// # Safety
/// C's: there is room for so many bytes.
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
unsafe extern "C" fn fgets(into: *mut u8, room: c_int, file: &mut File) -> *mut u8 {
    let room = room as usize - 1;
    let mut at = 0;
    while at < room {
        let count = file.fill().min(room - at);
        if count == 0 {
            if at == 0 || file.flags & AT_END == 0 {
                return ptr::null_mut();
            }
            break;
        }
        let line = file.take(count);
        let found = bytes::find(b'\n', line);
        let used = found.map_or(count, |at| at + 1);
        // SAFETY: the caller vouches for the room.
        unsafe { into.add(at).copy_from_nonoverlapping(line.as_ptr(), used) };
        file.at -= (count - used) as isize;
        at += used;
        if found.is_some() {
            break;
        }
    }
    // SAFETY: as above; one byte was left for it.
    unsafe { into.add(at).write(0) };
    into
}

/// `fgetc(3)`
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
extern "C" fn fgetc(file: &mut File) -> c_int {
    if file.fill() == 0 { EOF } else { c_int::from(file.take(1)[0]) }
}

/// `getc(3)`
#[cfg(target_env = "musl")]
#[unsafe(no_mangle)]
extern "C" fn getc(file: &mut File) -> c_int {
    fgetc(file)
}

/// `ungetc(3)`
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
extern "C" fn ungetc(byte: c_int, file: &mut File) -> c_int {
    file.readable();
    if byte == EOF || file.at <= -(PUT_BACK_BYTES as isize) {
        return EOF;
    }
    file.at -= 1;
    file.flags &= !AT_END;
    // SAFETY: there was room in front of the others.
    unsafe { file.place(file.at).write(byte as u8) };
    c_int::from(byte as u8)
}

/// `fwrite(3)`
///
/// # Safety
/// C's: so many pieces can be read.
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
unsafe extern "C" fn fwrite(from: *const u8, bytes: usize, pieces: usize, file: &mut File) -> usize {
    // SAFETY: the caller vouches for the bytes.
    let written = file.write(unsafe { slice::from_raw_parts(from, bytes * pieces) });
    written.checked_div(bytes).unwrap_or(0)
}

/// `fputs(3)`
///
/// # Safety
/// C's: the text is NUL-terminated.
#[cfg(target_env = "musl")]
#[unsafe(no_mangle)]
unsafe extern "C" fn fputs(text: *const c_char, file: &mut File) -> c_int {
    // SAFETY: the caller vouches for the text.
    let text = unsafe { CStr::from_ptr(text) }.to_bytes();
    c_int::from(file.write(text) == text.len()) - 1
}

/// `fputc(3)`
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
extern "C" fn fputc(byte: c_int, file: &mut File) -> c_int {
    if file.write(&[byte as u8]) == 0 { EOF } else { c_int::from(byte as u8) }
}

/// `putchar(3)`
#[cfg(target_env = "musl")]
#[unsafe(no_mangle)]
extern "C" fn putchar(byte: c_int) -> c_int {
    // SAFETY: the process has one thread, and nothing else uses the stream meanwhile.
    fputc(byte, unsafe { &mut *(&raw mut OUTPUT) })
}

/// `fseeko(3)`
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
extern "C" fn fseeko(file: &mut File, offset: libc::off_t, from: c_int) -> c_int {
    if file.is_writing && !file.settle() {
        return -1;
    }
    let ahead = if from == libc::SEEK_CUR { file.end - file.at } else { 0 };
    // SAFETY: no memory is passed.
    if unsafe { libc::lseek(file.fd, offset.wrapping_sub(ahead as libc::off_t), from) } < 0 {
        return -1;
    }
    file.at = 0;
    file.end = 0;
    file.flags &= !AT_END;
    0
}

/// `ftello(3)`
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
extern "C" fn ftello(file: &mut File) -> libc::off_t {
    if file.is_writing && !file.settle() {
        return -1;
    }
    // SAFETY: no memory is passed.
    let at = unsafe { libc::lseek(file.fd, 0, libc::SEEK_CUR) };
    if at < 0 { at } else { at - (file.end - file.at) as libc::off_t }
}

/// `setvbuf(3)`
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
extern "C" fn setvbuf(file: &mut File, _buffer: *mut c_char, buffering: c_int, _bytes: usize) -> c_int {
    file.buffering = buffering as u8;
    0
}

/// `feof(3)`
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
extern "C" fn feof(file: &File) -> c_int {
    c_int::from(file.flags & AT_END)
}

/// `ferror(3)`
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
extern "C" fn ferror(file: &File) -> c_int {
    c_int::from(file.flags & FAILED)
}

/// `clearerr(3)`
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
extern "C" fn clearerr(file: &mut File) {
    file.flags &= WRITABLE;
}

/// `fileno(3)`, for C modules that are linked in.
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
extern "C" fn fileno(file: &File) -> c_int {
    file.fd
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CString;
    use std::fs;
    use std::io::Write;
    use std::os::fd::AsRawFd;
    use std::path::{Path, PathBuf};
    use std::string::String;
    use std::vec::Vec;

    /// The list of open streams is one for all tests.
    static STREAMS: std::sync::Mutex<()> = std::sync::Mutex::new(());

    fn path(name: &str) -> PathBuf {
        std::env::temp_dir().join(std::format!("coldmoon-file-{}-{name}", std::process::id()))
    }

    fn text(text: &str) -> CString {
        CString::new(text).expect("no NUL")
    }

    fn errno() -> c_int {
        // SAFETY: the address of this thread's errno is always valid.
        unsafe { *libc::__errno_location() }
    }

    /// A file by ours, closed at the end.
    fn with<R>(path: &Path, mode: &str, act: impl FnOnce(&mut File) -> R) -> (R, c_int) {
        let path = text(path.to_str().expect("UTF-8"));
        // SAFETY: both texts are NUL-terminated; nothing else uses the stream.
        unsafe {
            let file = fopen(path.as_ptr(), text(mode).as_ptr());
            let result = act(file.as_mut().expect("it opens"));
            (result, fclose(file))
        }
    }

    fn put(file: &mut File, text: &str) -> usize {
        // SAFETY: the text is live.
        unsafe { fwrite(text.as_ptr(), 1, text.len(), file) }
    }

    fn get(file: &mut File, count: usize) -> String {
        let mut into = std::vec![0u8; count];
        // SAFETY: there is the room.
        let count = unsafe { fread(into.as_mut_ptr(), 1, count, file) };
        into.truncate(count);
        String::from_utf8(into).expect("UTF-8")
    }

    /// What a program can see of a stream, by ours and by the C library's.
    enum Pair {
        Ours(*mut File),
        Theirs(*mut libc::FILE),
    }

    /// The C library's own.
    mod theirs {
        use super::c_int;
        pub use libc::{clearerr, feof, ferror, fflush, fgetc, fputc, fread, fseeko, ftello, fwrite, setvbuf, ungetc};
        unsafe extern "C" {
            pub fn fgets(into: *mut u8, room: c_int, file: *mut libc::FILE) -> *mut u8;
        }
    }

    /// Calls a function of this name: arguments in front of the stream; behind it.
    macro_rules! call {
        ($pair:expr, $name:ident($($before:expr),*; $($after:expr),*)) => {{
            match $pair {
                // SAFETY: the stream is open and nobody else's; buffers are as long as is said.
                #[allow(unused_unsafe)]
                Pair::Ours(file) => unsafe { $name($($before,)* &mut **file $(, $after)*) },
                // SAFETY: as above.
                Pair::Theirs(file) => unsafe { theirs::$name($($before,)* *file $(, $after)*) },
            }
        }};
    }

    /// One random call; what it has given, and what the stream says of itself then.
    fn step(pair: &Pair, operation: u64, size: usize, offset: i64, from: c_int, byte: u8) -> (i64, Vec<u8>, [bool; 2], i64) {
        let mut buffer = std::vec![0u8; size + 2];
        let mut bytes = Vec::new();
        let result = match operation {
            0 | 1 => {
                for (at, into) in buffer.iter_mut().enumerate() {
                    *into = if at % 13 == 12 { b'\n' } else { byte };
                }
                // Nothing at all is an error of a stream for reading with musl, but not with glibc.
                call!(pair, fwrite(buffer.as_ptr().cast(), 1, size + 1;)) as i64
            }
            2 | 3 => {
                let count = call!(pair, fread(buffer.as_mut_ptr().cast(), 1, size;));
                bytes.extend(&buffer[..count]);
                count as i64
            }
            4 => {
                let line = call!(pair, fgets(buffer.as_mut_ptr(), size as c_int + 1;));
                bytes.extend(buffer.iter().take_while(|byte| **byte != 0).filter(|_| !line.is_null()));
                i64::from(!line.is_null())
            }
            5 => call!(pair, fgetc(;)).into(),
            6 => {
                let byte = call!(pair, fgetc(;));
                call!(pair, ungetc(byte;)).into()
            }
            7 => call!(pair, fputc(c_int::from(byte);)).into(),
            8 => call!(pair, fseeko(; offset, from)).into(),
            9 => {
                call!(pair, clearerr(;));
                0
            }
            _ => match pair {
                // SAFETY: both streams are open.
                Pair::Ours(file) => unsafe { fflush(Some(&mut **file)) }.into(),
                // SAFETY: as above.
                Pair::Theirs(file) => unsafe { theirs::fflush(*file) }.into(),
            },
        };
        (result, bytes, [call!(pair, feof(;)) != 0, call!(pair, ferror(;)) != 0], call!(pair, ftello(;)))
    }

    #[test]
    fn what_cannot_be_written_is_told() {
        let _guard = STREAMS.lock();
        let full = Path::new("/dev/full");
        // In the buffer there is room. Once it was tried nothing waits any more.
        let tried = |file: &mut File| (put(file, "text"), ferror(file) != 0, file.settle(), errno(), ferror(file) != 0, file.settle());
        assert_eq!(with(full, "w", tried), ((4, false, false, libc::ENOSPC, true, true), 0));
        assert_eq!(with(full, "w", |file| put(file, "text")), (4, -1));
        assert_eq!(errno(), libc::ENOSPC);
        let long = "long".repeat(3000);
        assert_eq!(with(full, "w", |file| (put(file, "text"), put(file, &long), errno())), ((4, 0, libc::ENOSPC), 0));
        assert_eq!(with(full, "w", |file| (put(file, "text"), fseeko(file, 0, libc::SEEK_SET), errno())), ((4, -1, libc::ENOSPC), 0));
        // A stream for the other direction.
        let other = path("other");
        assert_eq!(with(&other, "w", |file| (get(file, 1), errno(), ferror(file) != 0)), ((String::new(), libc::EBADF, true), 0));
        assert_eq!(with(&other, "r", |file| (put(file, "x"), errno(), ferror(file) != 0)), ((0, libc::EBADF, true), 0));
        fs::remove_file(other).expect("it is there");
        // A pipe that takes a part.
        let (reader, mut writer) = std::io::pipe().expect("a pipe");
        // SAFETY: no memory is passed; the stream owns a copy of the descriptor.
        unsafe {
            libc::fcntl(writer.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK);
            let file = fdopen(libc::dup(writer.as_raw_fd()), c"w".as_ptr());
            let (waits, more) = ("w".repeat(1000), "m".repeat(1 << 20));
            assert_eq!(put(&mut *file, &waits), 1000);
            let written = put(&mut *file, &more);
            assert_eq!((errno(), ferror(&*file) != 0), (libc::EAGAIN, true));
            assert!(written < more.len() && writer.write(b"x").is_err());
            assert_eq!(fclose(file), 0);
            drop(writer);
            let mut all = String::new();
            std::io::Read::read_to_string(&mut { reader }, &mut all).expect("text");
            assert!(all.starts_with(&waits) && all.len() == waits.len() + written);
        }
    }

    #[test]
    fn modes_say_what_may_be_done() {
        let _guard = STREAMS.lock();
        let path = path("modes");
        let name = text(path.to_str().expect("UTF-8"));
        let opens = |mode: &str| {
            // SAFETY: both texts are NUL-terminated; the stream is not used any more.
            unsafe {
                let file = fopen(name.as_ptr(), text(mode).as_ptr());
                if file.is_null() {
                    return Err(errno());
                }
                let flags = libc::fcntl(fileno(&*file), libc::F_GETFL) & (libc::O_ACCMODE | libc::O_APPEND);
                let on_exec = libc::fcntl(fileno(&*file), libc::F_GETFD);
                fclose(file);
                Ok((flags, on_exec))
            }
        };
        assert_eq!((opens("r"), opens("r+")), (Err(libc::ENOENT), Err(libc::ENOENT)));
        assert_eq!((opens(""), opens("x"), opens("+r")), (Err(libc::EINVAL), Err(libc::EINVAL), Err(libc::EINVAL)));
        assert_eq!(opens("wx"), Ok((libc::O_WRONLY, 0)));
        assert_eq!((opens("wx"), opens("a+xb")), (Err(libc::EEXIST), Err(libc::EEXIST)));
        assert_eq!(opens("re"), Ok((libc::O_RDONLY, libc::FD_CLOEXEC)));
        assert_eq!((opens("rb+"), opens("w+")), (Ok((libc::O_RDWR, 0)), Ok((libc::O_RDWR, 0))));
        assert_eq!((opens("a"), opens("a+")), (Ok((libc::O_WRONLY | libc::O_APPEND, 0)), Ok((libc::O_RDWR | libc::O_APPEND, 0))));
        fs::remove_file(path).expect("it is there");
    }

    #[test]
    fn a_stream_turns_without_being_asked() {
        let _guard = STREAMS.lock();
        let path = path("turns");
        fs::write(&path, "0123456789").expect("it can be written");
        let turned = with(&path, "r+", |file| (get(file, 3), put(file, "ab"), get(file, 2), fputc(b'c'.into(), file), get(file, 9)));
        assert_eq!(turned, (("012".into(), 2, "56".into(), c_int::from(b'c'), "89".into()), 0));
        assert_eq!(fs::read_to_string(&path).expect("it is there"), "012ab56c89");
        // At the end it stays, until somebody says otherwise; what is put back is there again.
        let ends = with(&path, "r", |file| {
            let all = get(file, 20);
            let _ = fs::write(&path, "0123456789more");
            let sticky = (feof(file) != 0, get(file, 1), fgetc(file));
            let back = (ungetc(b'!'.into(), file), feof(file), get(file, 1), fgetc(file));
            clearerr(file);
            (all, sticky, back, get(file, 9), feof(file) != 0)
        });
        let expected = ("012ab56c89".into(), (true, String::new(), EOF), (33, 0, "!".into(), i32::from(b'm')), "ore".into(), true);
        assert_eq!(ends, (expected, 0));
        // So many can be put back in front of the first byte.
        let back = with(&path, "r", |file| {
            let count = (0..20).take_while(|count| ungetc(c_int::from(b'a') + count, file) != EOF).count();
            (count, ungetc(EOF, file), get(file, 10))
        });
        assert_eq!(back, ((PUT_BACK_BYTES, EOF, "hgfedcba01".into()), 0));
        fs::remove_file(path).expect("it is there");
    }

    #[test]
    fn pipes_keep_what_was_read() {
        let _guard = STREAMS.lock();
        let (reader, mut writer) = std::io::pipe().expect("a pipe");
        writer.write_all(b"one\ntwo\nthree").expect("there is room");
        let mut line = [0u8; 16];
        // SAFETY: the stream owns a copy of the descriptor; there is room.
        unsafe {
            let file = &mut *fdopen(libc::dup(reader.as_raw_fd()), c"r".as_ptr());
            let mut next = |file: &mut File, room| {
                let found = fgets(line.as_mut_ptr(), room, file);
                (!found.is_null()).then(|| CStr::from_ptr(line.as_ptr().cast()).to_str().expect("UTF-8").to_owned())
            };
            assert_eq!(next(file, 16).as_deref(), Some("one\n"));
            assert_eq!((fflush(Some(file)), ftello(file), errno()), (0, -1, libc::ESPIPE));
            assert_eq!((next(file, 3).as_deref(), next(file, 2).as_deref()), (Some("tw"), Some("o")));
            drop(writer);
            assert_eq!(
                (next(file, 1).as_deref(), next(file, 16).as_deref(), next(file, 16).as_deref()),
                (Some(""), Some("\n"), Some("three"))
            );
            assert_eq!((next(file, 16), feof(file) != 0, ferror(file)), (None, true, 0));
            fclose(file);
        }
        // Not buffered: what is not asked for is left to others.
        let (mut reader, mut writer) = std::io::pipe().expect("a pipe");
        writer.write_all(b"one\ntwo\n").expect("there is room");
        // SAFETY: as above.
        unsafe {
            let file = &mut *fdopen(libc::dup(reader.as_raw_fd()), c"r".as_ptr());
            setvbuf(file, ptr::null_mut(), c_int::from(NONE), 0);
            fgets(line.as_mut_ptr(), 16, file);
            fclose(file);
        }
        drop(writer);
        let mut rest = String::new();
        std::io::Read::read_to_string(&mut reader, &mut rest).expect("text");
        assert_eq!(rest, "two\n");
    }

    #[test]
    fn lines_are_written_when_they_are_complete() {
        let _guard = STREAMS.lock();
        let path = path("lines");
        let content = || fs::read_to_string(&path).expect("it is there");
        let seen = with(&path, "w", |file| {
            setvbuf(file, ptr::null_mut(), c_int::from(LINES), 0);
            let seen = [put(file, "a"), put(file, "b\nc\nd")].map(|_| content());
            // SAFETY: there is no stream.
            (seen, unsafe { fflush(None) }, content())
        });
        assert_eq!(seen, ((["b\nc\n", "b\nc\n"].map(|text| std::format!("a{text}")), 0, "ab\nc\nd".into()), 0));
        let (master, slave) = terminal();
        // SAFETY: the stream owns the descriptor.
        unsafe {
            let file = &mut *fdopen(slave, c"w".as_ptr());
            put(file, "to a terminal\n, a line");
            let mut bytes = [0u8; 64];
            let count = libc::read(master, bytes.as_mut_ptr().cast(), bytes.len());
            assert_eq!(&bytes[..count as usize], b"to a terminal\r\n");
            fclose(file);
            libc::close(master);
        }
        fs::remove_file(&path).expect("it is there");
    }

    /// Both ends of a new terminal.
    fn terminal() -> (c_int, c_int) {
        // SAFETY: the name is written where there is room, and NUL-terminated.
        unsafe {
            let master = libc::posix_openpt(libc::O_RDWR | libc::O_NOCTTY);
            let mut name = [0; 64];
            assert_eq!((libc::grantpt(master), libc::unlockpt(master), libc::ptsname_r(master, name.as_mut_ptr(), 64)), (0, 0, 0));
            (master, libc::open(name.as_ptr(), libc::O_RDWR | libc::O_NOCTTY))
        }
    }

    #[test]
    fn files_without_a_name_are_new() {
        let _guard = STREAMS.lock();
        let mut names = std::collections::HashSet::new();
        for _ in 0..20 {
            let mut name = *b"/tmp/coldmoon_XXXXXX\0";
            // SAFETY: the path is as it is asked for.
            let fd = unsafe { mkstemp(name.as_mut_ptr().cast()) };
            assert!(fd >= 0 && name[14..20].iter().all(u8::is_ascii_alphabetic));
            sys::close(fd);
            let name = String::from_utf8(name[..20].to_vec()).expect("ASCII");
            assert_eq!(std::os::unix::fs::MetadataExt::mode(&fs::metadata(&name).expect("it is there")) & 0o777, 0o600);
            assert!(names.insert(name));
        }
        for name in names {
            fs::remove_file(name).expect("it is there");
        }
        let mut name = *b"/no/folder_XXXXXX\0";
        // SAFETY: the path is as it is asked for.
        assert_eq!((unsafe { mkstemp(name.as_mut_ptr().cast()) }, errno()), (-1, libc::ENOENT));
        // SAFETY: the stream is open, and is closed last.
        unsafe {
            let file = &mut *tmpfile();
            assert_eq!((put(file, "text"), fseeko(file, 1, libc::SEEK_SET), get(file, 9)), (4, 0, "ext".into()));
            fclose(file);
        }
    }

    #[test]
    fn random_calls_do_what_the_c_library_does() {
        let _guard = STREAMS.lock();
        let mut seed = 0x9e37_79b9_7f4a_7c15u64;
        let mut random = move |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % below
        };
        let paths = [path("ours"), path("theirs")];
        for round in 0..1500 {
            let mode = ["r", "r+", "w", "w+", "a", "a+", "r+b", "wb"][round % 8];
            let length = [0, 1, 100, 4095, 4096, 4097, 20_000][random(7) as usize];
            let content: Vec<u8> = (0..length).map(|at| if at % 61 == 60 { b'\n' } else { b'a' + (at % 26) as u8 }).collect();
            for path in &paths {
                fs::write(path, &content).expect("it can be written");
            }
            let [own, other] = [&paths[0], &paths[1]].map(|path| text(path.to_str().expect("UTF-8")));
            let mode_text = text(mode);
            // SAFETY: the texts are NUL-terminated.
            let (own, other) = unsafe { (fopen(own.as_ptr(), mode_text.as_ptr()), libc::fopen(other.as_ptr(), mode_text.as_ptr())) };
            let (ours, theirs) = (Pair::Ours(own), Pair::Theirs(other));
            let buffering = random(4) as c_int;
            if buffering < 3 {
                for pair in [&ours, &theirs] {
                    call!(pair, setvbuf(; ptr::null_mut(), buffering, 1024));
                }
            }
            // glibc's `a` begins at the end, musl's and ours where the first call says.
            let mut script = std::vec![(8, 0, 0, libc::SEEK_END, 0)];
            let mut was = 0;
            for _ in 0..random(60) {
                let mut operation = random(11);
                let kind = match operation {
                    0 | 1 | 7 => 1,
                    2..=6 => 2,
                    _ => 0,
                };
                // C leaves open what the one does right behind the other.
                if kind > 0 && was > 0 && kind != was {
                    operation = 8;
                }
                was = if operation == 8 || operation == 10 && was == 1 {
                    0
                } else if kind > 0 {
                    kind
                } else {
                    was
                };
                let size = [0, 1, 5, 40, 500, 4096, 5000, 9000][random(8) as usize] + random(3) as usize;
                let offset = random(6000) as i64 - [0, 3000, 5900][random(3) as usize];
                script.push((operation, size, offset, random(3) as c_int, b'A' + random(26) as u8));
            }
            for (index, (operation, size, offset, from, byte)) in script.iter().copied().enumerate() {
                let [found, expected] = [&ours, &theirs].map(|pair| step(pair, operation, size, offset, from, byte));
                assert!(
                    found == expected,
                    "{mode}, {length}, {buffering}: {:?}: {:?} {:?} not {:?} {:?}",
                    &script[..=index],
                    (found.0, found.2, found.3),
                    found.1.len(),
                    (expected.0, expected.2, expected.3),
                    expected.1.len()
                );
            }
            // SAFETY: both are open, and are not used any more.
            assert_eq!(unsafe { fclose(own) }, unsafe { libc::fclose(other) });
            let [found, expected] = [&paths[0], &paths[1]].map(|path| fs::read(path).expect("it is there"));
            assert!(found == expected, "{mode}, {length}, {buffering}: {script:?}");
        }
        for path in paths {
            fs::remove_file(path).expect("it is there");
        }
    }
}
