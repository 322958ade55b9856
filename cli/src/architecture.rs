//! The two processors that Lambda has, by all the names that they go by.

use std::fmt;
use std::str::FromStr;

/// What a binary is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    /// Intel's and AMD's.
    X86_64,
    /// AWS's Graviton; Linux and Rust say `aarch64`.
    Arm64,
}

impl Architecture {
    /// Both.
    pub const ALL: [Architecture; 2] = [Architecture::X86_64, Architecture::Arm64];

    /// That of this machine, where Lambda has it.
    pub fn of_this_machine() -> Option<Architecture> {
        std::env::consts::ARCH.parse().ok()
    }

    /// What `uname -m` says there, and the name of its folder in `dist` and `lib/coldmoon`.
    pub fn machine(self) -> &'static str {
        match self {
            Architecture::X86_64 => "x86_64",
            Architecture::Arm64 => "aarch64",
        }
    }

    /// For what a file is a program or a shared object: `None` where it is neither, an error where it is for neither of these.
    pub fn of_binary(bytes: &[u8]) -> Option<Result<Architecture, Foreign>> {
        // ELF: the magic number, and e_machine at 18 (elf(5)).
        bytes.starts_with(b"\x7fELF").then(|| match bytes.get(18..20) {
            Some([62, 0]) => Ok(Architecture::X86_64),
            Some([183, 0]) => Ok(Architecture::Arm64),
            _ => Err(Foreign),
        })
    }
}

/// A binary for a processor that Lambda has not got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Foreign;

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("another architecture")
    }
}

impl fmt::Display for Architecture {
    /// Lambda's name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Architecture::X86_64 => "x86_64",
            Architecture::Arm64 => "arm64",
        })
    }
}

impl FromStr for Architecture {
    type Err = &'static str;

    fn from_str(name: &str) -> Result<Architecture, &'static str> {
        match name {
            "x86_64" => Ok(Architecture::X86_64),
            "arm64" | "aarch64" => Ok(Architecture::Arm64),
            _ => Err("Lambda has x86_64 and arm64"),
        }
    }
}
