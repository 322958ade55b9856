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

/// LuaJIT's own program, which every build makes too, and numbers for it.
#[cfg(test)]
mod oracle {
    use std::io::Write;
    use std::process::{Command, Stdio};

    /// What the program prints that runs `script` with this input.
    pub fn answers(script: &str, input: String) -> String {
        let mut luajit = Command::new(concat!(env!("OUT_DIR"), "/luajit-build/src/luajit"))
            .args(["-e", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = luajit.stdin.take().unwrap();
        // By a thread: neither side waits for the other.
        let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()).unwrap());
        let output = luajit.wait_with_output().unwrap();
        writer.join().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    /// Pseudo-random numbers below a bound.
    pub fn random(mut state: u64) -> impl FnMut(u64) -> u64 {
        move |bound| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) % bound
        }
    }
}
