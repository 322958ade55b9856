//! What the binary has in place of LuaJIT's own functions, in every kind of build.
//!
//! The linker takes an object from `libluajit.a` only where nobody else defines its symbols, so a definition of all that an object defines
//! takes its place. The unit tests compare with LuaJIT's own program, which every build makes and links with LuaJIT's own objects.
//!
//! Bytes of the layer's zip: what deflate (level 9) gives less for the binary when a function's bytes in it are zeros.
//!
//! | file | in place of | LuaJIT's | these |
//! | --- | --- | ---: | ---: |
//! | `alloc` | `lj_alloc.o` | 4,043 | 1,258 |
//! | `number` | `lj_strfmt_num.o` | 3,542 | 307 |
//! | `scan` | `lj_strscan.o` | 2,163 | 747 |
//!
//! `processor` is there for a start's time, not for bytes, of which it has 147 more: it answers `lj_vm_cpuid` in the static build.
//!
//! What they stand on is not theirs alone: `crate::lua::format` (2,091) formats the doubles of `musl::print` too, and of `json::number`
//! 979 are for both directions, and for lua-cjson's lenient numbers.

pub mod alloc;
mod number;
#[cfg(all(target_arch = "x86_64", any(test, target_env = "musl")))]
mod processor;
mod scan;
