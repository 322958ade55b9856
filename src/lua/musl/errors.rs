//! `strerror`: the words for the errors that the kernel's calls for files, processes and sockets give, as musl has them. What is left out
//! are the errors of STREAMS, of shared libraries, of keys, media and hardware: the number says more about these than nothing.

use crate::bytes::{self, Decimal};
use core::ffi::{c_char, c_int};

/// The texts from 0 on, each with a NUL; those that are left out are empty.
const TEXTS: &[u8] = b"\
    No error information\0Operation not permitted\0No such file or directory\0No such process\0Interrupted system call\0I/O error\0\
    No such device or address\0Argument list too long\0Exec format error\0Bad file descriptor\0No child process\0\
    Resource temporarily unavailable\0Out of memory\0Permission denied\0Bad address\0\0Resource busy\0File exists\0Cross-device link\0\
    No such device\0Not a directory\0Is a directory\0Invalid argument\0Too many open files in system\0No file descriptors available\0\
    Not a tty\0Text file busy\0File too large\0No space left on device\0Invalid seek\0Read-only file system\0Too many links\0\
    Broken pipe\0Domain error\0Result not representable\0Resource deadlock would occur\0Filename too long\0No locks available\0\
    Function not implemented\0Directory not empty\0Symbolic link loop\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\
    \0\0\0\0Value too large for data type\0\0\0\0\0\0\0\0\0Illegal byte sequence\0\0\0\0Not a socket\0\
    Destination address required\0Message too large\0Protocol wrong type for socket\0Protocol not available\0Protocol not supported\0\
    Socket type not supported\0Not supported\0\0Address family not supported by protocol\0\
    Address in use\0Address not available\0Network is down\0Network unreachable\0\0Connection aborted\0\
    Connection reset by peer\0No buffer space available\0Socket is connected\0Socket not connected\0\
    \0\0Operation timed out\0Connection refused\0\0Host is unreachable\0\
    Operation already in progress\0Operation in progress\0Stale file handle\0\0\0\0\0\0Quota exceeded\0\0\0Operation canceled\0\
";

const UNKNOWN: &[u8] = b"Unknown error ";

/// It and a number.
static mut TEXT: [u8; 32] = {
    let mut text = [0; 32];
    text.split_at_mut(UNKNOWN.len()).0.copy_from_slice(UNKNOWN);
    text
};

/// `strerror(3)`
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
extern "C" fn strerror(number: c_int) -> *const c_char {
    // Never 0 for a negative one: there are not so many texts.
    let mut rest = number as u32;
    let mut texts = TEXTS;
    while let Some(end) = bytes::find(0, texts) {
        if rest == 0 {
            if end > 0 {
                return texts.as_ptr().cast();
            }
            break;
        }
        rest -= 1;
        texts = &texts[end + 1..];
    }
    let place = &raw mut TEXT;
    // SAFETY: the process has one thread, and this function is the only one that names TEXT.
    let text = unsafe { &mut *place };
    let mut decimal = Decimal::new();
    let digits = decimal.format(number.into());
    let (digits_place, rest) = text[UNKNOWN.len()..].split_at_mut(digits.len());
    digits_place.copy_from_slice(digits);
    rest[0] = 0;
    text.as_ptr().cast()
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::ffi::CStr;

    fn text(number: c_int) -> &'static str {
        // SAFETY: the text is NUL-terminated, and read before the next call.
        unsafe { CStr::from_ptr(strerror(number)) }.to_str().expect("ASCII")
    }

    #[test]
    fn every_text_is_that_of_its_number() {
        // Where glibc's words are the same, its order is too.
        let mut known = 0;
        for number in 1..200 {
            // SAFETY: the text is NUL-terminated, and read before the next call.
            let theirs = unsafe { CStr::from_ptr(libc::strerror(number)) }.to_str().expect("ASCII");
            if let Some(other) = (1..200).find(|other| text(*other) == theirs) {
                assert_eq!(other, number, "{theirs}");
                known += 1;
            }
        }
        assert!(known >= 40, "{known}");
        for (number, words) in [
            (0, "No error information"),
            (libc::ENOENT, "No such file or directory"),
            (libc::EIO, "I/O error"),
            (libc::EMFILE, "No file descriptors available"),
            (libc::ENAMETOOLONG, "Filename too long"),
            (libc::ELOOP, "Symbolic link loop"),
            (libc::EOVERFLOW, "Value too large for data type"),
            (libc::EILSEQ, "Illegal byte sequence"),
            (libc::ENOTSOCK, "Not a socket"),
            (libc::ECONNRESET, "Connection reset by peer"),
            (libc::ETIMEDOUT, "Operation timed out"),
            (libc::EHOSTUNREACH, "Host is unreachable"),
            (libc::ESTALE, "Stale file handle"),
            (libc::EDQUOT, "Quota exceeded"),
            (libc::ECANCELED, "Operation canceled"),
            (libc::ENOTBLK, "Unknown error 15"),
            (libc::ECANCELED + 1, "Unknown error 126"),
            (-7, "Unknown error -7"),
            (c_int::MIN, "Unknown error -2147483648"),
        ] {
            assert_eq!(text(number), words);
        }
    }
}
