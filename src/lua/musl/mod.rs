//! What the static binary has in place of musl's own functions. musl's are general; LuaJIT calls most of them in one way only.
//!
//! The linker takes a function from `libc.a` only where nobody else defines it, so a definition here is all it takes. Every function keeps
//! C's contract as far as LuaJIT or `ffi.C` can see it. The unit tests compare with the C library of the machine that runs them.
//!
//! Bytes of the layer's zip: what deflate (level 9) gives less for the binary when a function's bytes in it are zeros.
//!
//! | file | functions | musl's | these |
//! | --- | --- | ---: | ---: |
//! | `heap` | `malloc` `calloc` `realloc` `free` | 5,900 | 186 |
//! | `math` | all of `math.h` that LuaJIT calls | 20,100 | 3,566 |
//! | `print` | `vfprintf`, `vsnprintf`; doubles are `crate::lua::format`'s | 6,800 | 1,641 |
//! | `scan` | `fscanf` for `io.read "*n"`, `strtoul` for `tonumber(text, base)` | 7,600 | 1,007 |
//! | `locale` | `setlocale` | 1,100 | 73 |
//! | `text` | `strstr`; `memcmp`, which is here for its speed | 800 | 134 |
//! | `sort` | `qsort`, on the sort that the encoder uses | 1,300 | 280 |
//! | `kernel` | `fcntl` `mremap` `pipe2` `ppoll` `prctl` `sendmsg` `sigaction` `socket`, musl's locks | 1,700 | 160 |
//! | `process` | `system` `popen` `pclose` | 1,900 | 810 |
//! | `time`, `zone` | `gmtime_r` `localtime_r` `mktime` `strftime`, time zones | 6,300 | 4,160 |
//!
//! `segment` is no smaller than musl's `mmap`, but spares a start its first mapping.

mod heap;
#[cfg(target_env = "musl")]
mod kernel;
mod locale;
mod math;
mod print;
mod process;
mod scan;
#[cfg(target_env = "musl")]
mod segment;
mod sort;
mod text;
mod time;
mod zone;

#[cfg(target_env = "musl")]
pub use heap::share;
