//! What the binary has in place of LuaJIT's own functions, in every kind of build.
//!
//! The linker takes a file from `libluajit.a` only where nobody else defines what it has, so a definition here is all it takes.
//!
//! Bytes of the layer's zip: what deflate (level 9) gives less for the binary when a function's bytes in it are zeros.
//!
//! | file | functions | LuaJIT's | these |
//! | --- | --- | ---: | ---: |
//! | `alloc` | all of `lj_alloc.h` | 4,043 | 1,258 |

pub mod alloc;
