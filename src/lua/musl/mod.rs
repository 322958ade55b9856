//! What the static binary has in place of musl's own functions. musl's are general; LuaJIT calls most of them in one way only.
//!
//! The linker takes a function from `libc.a` only where nobody else defines it, so a definition here is all it takes. Every function keeps
//! C's contract as far as LuaJIT or `ffi.C` can see it. The unit tests compare with the C library of the machine that runs them.
//!
//! | file | functions | what musl's take in the layer's zip | these |
//! | --- | --- | --- | --- |
//! | `heap` | `malloc` `calloc` `realloc` `free` | 5.9 KB | 0.3 KB |
//! | `math` | `log` `log2` `log10`, the reduction of `sin` `cos` `tan` for large arguments | 11.1 KB | 1.0 KB |
//! | `print` | `vfprintf`, `vsnprintf` | 6.8 KB | 2.2 KB |
//! | `scan` | `fscanf` for `io.read "*n"`, `strtoul` for `tonumber(text, base)` | 7.6 KB | 0.8 KB |
//! | `locale` | `setlocale` | 1.1 KB | 0.1 KB |
//! | `text` | `strstr`; `memcmp`, which is here for its speed | 0.8 KB | 0.1 KB |
//! | `sort` | `qsort`, on the sort that the encoder uses | 1.3 KB | 0.1 KB |

mod heap;
mod locale;
mod math;
mod print;
mod scan;
mod sort;
mod text;

#[cfg(target_env = "musl")]
pub use heap::share;
