//! `system`, `popen` and `pclose`, for `os.execute` and `io.popen`: one way to start `/bin/sh -c`, in place of musl's `posix_spawn` with
//! its attributes and file actions.
//!
//! The child shares the parent's memory until it runs the shell, as with `vfork(2)`: however much memory the function has, none is copied.
//! It does no more than system calls, on a stack of its own, while all signals are held back. So a shell that cannot be run is known to the
//! parent: the call fails with the kernel's error.
//!
//! What a command inherits is as with musl: the signal mask, and which signals are ignored; handlers it does not. Streams of `popen` are
//! closed in every program that is started later, not only by `popen`.

use crate::sys;
use core::ffi::{c_char, c_int, c_void};
use core::mem::{self, MaybeUninit};
use core::ptr;

/// Room for the system calls of a child. What it is made of has the alignment of a stack.
const STACK_BYTES: usize = 16 << 10;
type Stack = [u128; STACK_BYTES / 16];

/// What a child is to do, and what became of it.
struct Child {
    command: *const c_char,
    /// The end of a pipe that becomes that standard stream.
    stream: Option<(c_int, c_int)>,
    /// Signals that are held back in the shell.
    mask: u64,
    /// Why the shell could not be run.
    errno: c_int,
}

/// The greatest signal there is.
const SIGNAL_MAX: c_int = 64;
/// What a parent ignores while it waits for its command: who types them means that one.
const IGNORED: [c_int; 2] = [libc::SIGINT, libc::SIGQUIT];
/// Held back while it does: who counts children does not see this one.
const CHILD_SIGNAL: u64 = sys::bit(libc::SIGCHLD);

impl Child {
    /// A child for a command. From now on all signals are held back, until [`hold_back`] says otherwise.
    fn new(command: *const c_char) -> Child {
        Child { command, stream: None, mask: hold_back(u64::MAX), errno: 0 }
    }

    /// Starts the shell; its process, or -1 and `errno`.
    ///
    /// # Safety
    /// The command is NUL-terminated.
    unsafe fn start(&mut self) -> c_int {
        let mut stack = MaybeUninit::<Stack>::uninit();
        // SAFETY: the stack is aligned and grows down from its end. This thread goes on when the child has left both the stack and `self`.
        unsafe {
            let end = stack.as_mut_ptr().add(1);
            let id = libc::clone(run, end.cast(), libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD, ptr::from_mut(self).cast());
            // The child writes behind the compiler's back.
            let errno = (&raw const self.errno).read_volatile();
            if id < 0 || errno == 0 {
                return id;
            }
            wait(id);
            super::set_errno(errno);
            -1
        }
    }
}

/// The child's part of [`Child::start`]: what it returns is its exit code.
extern "C" fn run(child: *mut c_void) -> c_int {
    // SAFETY: `start` passes its own child, and waits. The command is NUL-terminated, and so are the others; the structures are plain data.
    unsafe {
        let child: *mut Child = child.cast();
        if let Some((end, standard)) = (*child).stream {
            // Where both are one, the kernel refuses: then it need only stay open.
            if libc::syscall(libc::SYS_dup3, end, standard, 0) < 0 {
                libc::fcntl(end, libc::F_SETFD, 0);
            }
        }
        // Handlers end with `exec`. Until then one would run on memory that is the parent's.
        let default: libc::sigaction = mem::zeroed();
        let mut action = default;
        for signal in 1..=SIGNAL_MAX {
            if libc::sigaction(signal, ptr::null(), &mut action) == 0 && action.sa_sigaction != libc::SIG_IGN {
                libc::sigaction(signal, &default, ptr::null_mut());
            }
        }
        hold_back((*child).mask);
        let arguments = [c"sh".as_ptr(), c"-c".as_ptr(), (*child).command, ptr::null()];
        libc::syscall(libc::SYS_execve, c"/bin/sh".as_ptr(), arguments.as_ptr(), sys::environment());
        (*child).errno = *libc::__errno_location();
    }
    127
}

/// Holds back these signals, and no others; returns those that were.
fn hold_back(mask: u64) -> u64 {
    sys::hold_back(libc::SIG_SETMASK, mask)
}

/// Waits until a child has ended; its status, or -1 and `errno`.
fn wait(id: c_int) -> c_int {
    let mut status = -1;
    // SAFETY: the kernel writes one status; the address of this thread's errno is always valid.
    unsafe { while libc::waitpid(id, &mut status, 0) < 0 && *libc::__errno_location() == libc::EINTR {} }
    status
}

/// `system(3)`
///
/// # Safety
/// C's: `command` is null or NUL-terminated.
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
unsafe extern "C" fn system(command: *const c_char) -> c_int {
    if command.is_null() {
        return 1;
    }
    let mut child = Child::new(command);
    // SAFETY: the structures are plain data; the caller vouches for the command.
    unsafe {
        let id = child.start();
        // They are held back still, so none has come to anybody but the child since it is there.
        let mut ignore: libc::sigaction = mem::zeroed();
        ignore.sa_sigaction = libc::SIG_IGN;
        let mut before = [ignore; 2];
        for (signal, before) in IGNORED.iter().zip(&mut before) {
            libc::sigaction(*signal, &ignore, before);
        }
        hold_back(child.mask | CHILD_SIGNAL);
        let status = if id < 0 { -1 } else { wait(id) };
        for (signal, before) in IGNORED.iter().zip(&before) {
            libc::sigaction(*signal, before, ptr::null_mut());
        }
        hold_back(child.mask);
        status
    }
}

/// A stream of `popen`, and the process at its other end.
struct Pipe {
    file: *mut libc::FILE,
    id: c_int,
    next: *mut Pipe,
}

/// The streams that are open, the newest first.
static mut PIPES: *mut Pipe = ptr::null_mut();

/// `popen(3)`, for `r` and `w`. The stream is closed on `exec`, whether the mode has an `e` or not.
///
/// # Safety
/// C's: both are NUL-terminated.
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
unsafe extern "C" fn popen(command: *const c_char, mode: *const c_char) -> *mut libc::FILE {
    // SAFETY: the caller vouches for both texts; the kernel writes two descriptors, and each is closed once: one by its stream, or where
    // there is none. The process has one thread, no reference to PIPES is kept, and its entries are those of `malloc`.
    unsafe {
        let (own, standard) = match *mode as u8 {
            b'r' => (0, libc::STDOUT_FILENO),
            b'w' => (1, libc::STDIN_FILENO),
            _ => return refuse(libc::EINVAL),
        };
        let mut ends = [0; 2];
        if libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) < 0 {
            return ptr::null_mut();
        }
        let other = ends[1 - own];
        let file = libc::fdopen(ends[own], mode);
        let pipe: *mut Pipe = libc::malloc(size_of::<Pipe>()).cast();
        let mut id = -1;
        if !file.is_null() && !pipe.is_null() {
            let mut child = Child::new(command);
            child.stream = Some((other, standard));
            id = child.start();
            hold_back(child.mask);
        }
        let errno = *libc::__errno_location();
        libc::close(other);
        if id >= 0 {
            pipe.write(Pipe { file, id, next: PIPES });
            PIPES = pipe;
            return file;
        }
        if file.is_null() {
            libc::close(ends[own]);
        } else {
            libc::fclose(file);
        }
        libc::free(pipe.cast());
        refuse(errno)
    }
}

fn refuse<T>(errno: c_int) -> *mut T {
    super::set_errno(errno);
    ptr::null_mut()
}

/// `pclose(3)`: the status as `waitpid(2)` gives it, or -1 and ECHILD for a stream that is not of `popen`.
///
/// # Safety
/// C's: `file` is an open stream, and is not used any more.
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
unsafe extern "C" fn pclose(file: *mut libc::FILE) -> c_int {
    // SAFETY: as in `popen`, where every entry is from; the caller vouches for the stream.
    unsafe {
        let mut place = &raw mut PIPES;
        while let Some(pipe) = (*place).as_ref() {
            if pipe.file == file {
                let id = pipe.id;
                let entry = mem::replace(&mut *place, pipe.next);
                libc::free(entry.cast());
                libc::fclose(file);
                return wait(id);
            }
            place = &raw mut (**place).next;
        }
    }
    refuse::<c_void>(libc::ECHILD);
    -1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::ENVIRONMENT;
    use core::ffi::CStr;
    use std::ffi::CString;
    use std::string::String;

    fn run_system(command: &str) -> c_int {
        let command = CString::new(command).expect("no NUL");
        // SAFETY: it is NUL-terminated.
        unsafe { system(command.as_ptr()) }
    }

    /// The stream of a command.
    fn open(command: &str, mode: &CStr) -> *mut libc::FILE {
        let command = CString::new(command).expect("no NUL");
        // SAFETY: both are NUL-terminated.
        unsafe { popen(command.as_ptr(), mode.as_ptr()) }
    }

    fn read_all(file: *mut libc::FILE) -> String {
        let mut text = String::new();
        loop {
            // SAFETY: the stream is open.
            match unsafe { libc::fgetc(file) } {
                byte @ 0.. => text.push(byte as u8 as char),
                _ => return text,
            }
        }
    }

    fn close(file: *mut libc::FILE) -> c_int {
        // SAFETY: the stream is open, and is not used any more.
        unsafe { pclose(file) }
    }

    fn errno() -> c_int {
        // SAFETY: the address of this thread's errno is always valid.
        unsafe { *libc::__errno_location() }
    }

    #[test]
    fn a_command_gives_its_status() {
        let _guard = ENVIRONMENT.lock();
        // SAFETY: there is no command.
        assert_ne!(unsafe { system(ptr::null()) }, 0);
        for (command, status) in
            [("true", 0), ("exit 7", 7 << 8), ("kill -9 $$", 9), ("not-a-command 2>/dev/null", 127 << 8), ("", 0), ("test \"$0\" = sh", 0)]
        {
            assert_eq!(run_system(command), status, "{command}");
        }
    }

    #[test]
    fn a_parent_that_waits_ignores_what_is_meant_for_its_command() {
        let _guard = ENVIRONMENT.lock();
        let seen = || {
            // SAFETY: the structures are plain data.
            unsafe {
                let mut action: libc::sigaction = mem::zeroed();
                libc::sigaction(libc::SIGQUIT, ptr::null(), &mut action);
                (action.sa_sigaction, held())
            }
        };
        fn held() -> u64 {
            let mask = hold_back(0);
            hold_back(mask);
            mask
        }
        let before = seen();
        // Each would end the process. The command's own are as usual: it ends by one. The pause is for the other threads of this process,
        // which hold nothing back.
        let parent = std::process::id();
        assert_eq!(run_system(&std::format!("sleep 0.2; kill -QUIT {parent}; kill -INT {parent}; kill -QUIT $$")) & 0x7f, libc::SIGQUIT);
        assert_eq!(seen(), before);
        // Nothing is held back in the command that is not here.
        let file = open("grep SigBlk /proc/self/status", c"r");
        let blocked = read_all(file);
        assert_eq!((blocked.trim_start_matches("SigBlk:").trim(), close(file)), (std::format!("{:016x}", held()).as_str(), 0));
    }

    #[test]
    fn streams_are_read_and_written() {
        let _guard = ENVIRONMENT.lock();
        let file = open("echo one; echo two; exit 3", c"r");
        assert_eq!(read_all(file), "one\ntwo\n");
        assert_eq!(close(file), 3 << 8);
        // A pipe that is closed in every other child: `cat` ends when its own is.
        let path = std::env::temp_dir().join(std::format!("coldmoon-popen-{}", std::process::id()));
        let writers = [1, 2].map(|number| (open(&std::format!("cat >{}.{number}", path.display()), c"we"), number));
        let reader = open("sleep 0.1; echo three", c"re");
        for (file, number) in writers {
            // SAFETY: the stream is open, the text NUL-terminated.
            unsafe { libc::fputs([c"", c"first", c"second"][number].as_ptr(), file) };
        }
        for (file, number) in writers {
            assert_eq!(close(file), 0);
            let path = std::format!("{}.{number}", path.display());
            assert_eq!(std::fs::read_to_string(&path).expect("the command has written it"), ["", "first", "second"][number]);
            std::fs::remove_file(path).expect("it is there");
        }
        assert_eq!((read_all(reader).as_str(), close(reader)), ("three\n", 0));
    }

    #[test]
    fn what_is_no_stream_of_a_command_is_refused() {
        let _guard = ENVIRONMENT.lock();
        for mode in [c"", c"x", c"+r"] {
            assert!(open("true", mode).is_null() && errno() == libc::EINVAL, "{mode:?}");
        }
        // SAFETY: the file is opened here, and closed at the end.
        unsafe {
            let file = libc::fopen(c"/dev/null".as_ptr(), c"r".as_ptr());
            assert_eq!((pclose(file), errno()), (-1, libc::ECHILD));
            libc::fclose(file);
        }
    }
}
