//! What the static binary has in place of musl's own functions. musl's are general; LuaJIT calls most of them in one way only.
//!
//! The linker takes a function from `libc.a` only where nobody else defines it, so a definition here is all it takes. Every function keeps
//! C's contract as far as LuaJIT or `ffi.C` can see it. The unit tests compare with the C library of the machine that runs them.
//!
//! Bytes of the layer's zip: what deflate (level 9) gives less for the binary when a function's bytes in it are zeros.
//!
//! | file | functions | musl's | these |
//! | --- | --- | ---: | ---: |
//! | `clock` | `clock_gettime` `time` `gettimeofday` `clock` | 750 | 330 |
//! | `environment` | `getenv` `putenv` `unsetenv` | 430 | 220 |
//! | `errors` | `strerror` | 1,050 | 580 |
//! | `file` | C's streams: `fopen` to `fclose`, `stdin` `stdout` `stderr`, `tmpfile` `mkstemp` | 3,400 | 1,360 |
//! | `heap` | `malloc` `calloc` `realloc` `free` | 5,900 | 171 |
//! | `math` | all of `math.h` that LuaJIT calls | 20,100 | 3,566 |
//! | `print` | `printf` `snprintf` `vfprintf` `vsnprintf`; doubles are `crate::lua::format`'s | 6,900 | 1,755 |
//! | `scan` | `fscanf` for `io.read "*n"`, `strtoul` for `tonumber(text, base)` | 7,600 | 1,007 |
//! | `locale` | `setlocale` | 1,100 | 73 |
//! | `text` | `strchr` `strcmp` `strcpy` and their like, `strstr`, `memchr`; `memcmp`, which is here for its speed | 1,480 | 243 |
//! | `sort` | `qsort`, on the sort that the encoder uses | 1,300 | 280 |
//! | `kernel` | what is one system call: `syscall` itself, `open` `read` `write` `close` `mmap`, `clone`, `sleep` and so on | 2,500 | 500 |
//! | `process` | `system` `popen` `pclose` | 1,900 | 810 |
//! | `time`, `zone` | `gmtime_r` `localtime_r` `mktime` `strftime`, time zones | 6,300 | 4,160 |
//! | `start` | `crt1.o`, `__libc_start_main`, the thread's storage, `exit`, `errno` | 990 | 70 |

mod clock;
mod environment;
mod errors;
mod file;
mod heap;
#[cfg(target_env = "musl")]
mod kernel;
mod locale;
mod math;
mod print;
mod process;
mod scan;
mod sort;
#[cfg(all(target_env = "musl", not(feature = "musl-start")))]
mod start;
mod text;
mod time;
mod zone;

#[cfg(target_env = "musl")]
pub use heap::share;

/// Leaves `errno`.
fn set_errno(errno: core::ffi::c_int) {
    // SAFETY: the address of this thread's errno is always valid.
    unsafe { *libc::__errno_location() = errno };
}
