//! Lua to LuaJIT bytecode, by the LuaJIT that will load it: a `bootstrap` runs a small function (`compile.lua`) on the local Runtime API.
//!
//! Bytecode of LuaJIT with GC64 is the same for both of Lambda's architectures, so that any bootstrap that runs here compiles for both;
//! `tests/package.rs` runs it on the other one. Names in it are relative to the task root, as the runtime's own are. The same source
//! gives the same bytes: `string.dump`'s mode `d`.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use tempfile::TempDir;

use crate::function::{Function, Process, plain};
use crate::runtime_api::{Invocation, Options, Outcome, RuntimeApi};

const PROGRAM: &str = include_str!("compile.lua");

/// What is to stay in the bytecode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Debug {
    /// Lines and names: errors read as those of the source.
    Kept,
    /// Nothing: smaller, and errors name no lines.
    Stripped,
}

/// A runtime process that compiles.
pub struct Compiler {
    // In the order in which they may go.
    process: Process,
    api: RuntimeApi,
    _folder: TempDir,
}

impl Compiler {
    /// Starts it, with this bootstrap.
    ///
    /// # Errors
    /// Where it cannot be started.
    pub fn start(runtime: &Path) -> Result<Compiler> {
        let cannot = |error| anyhow!("cannot compile: {}", plain(&error));
        let no_folder = |error| anyhow!("cannot compile: no temporary folder in {}: {}", std::env::temp_dir().display(), plain(&error));
        let folder = tempfile::tempdir().map_err(no_folder)?;
        fs::write(folder.path().join("compile.lua"), PROGRAM).map_err(cannot)?;
        let api = RuntimeApi::start(Options::default()).map_err(cannot)?;
        let function = Function {
            task_root: folder.path().to_owned(),
            inherit_env: false,
            memory_mb: 10_240,
            env: vec![("COLDMOON_EVENT".into(), "string".into())],
            ..Function::new(runtime, "compile.handler")
        };
        let process = function.start(&api)?;
        Ok(Compiler { process, api, _folder: folder })
    }

    /// The bytecode of a module. `name`: its path below the task root.
    ///
    /// # Errors
    /// What is wrong in it, as LuaJIT says: `app.lua:3: unexpected symbol near 'end'`.
    pub fn compile(&self, name: &str, source: &[u8], debug: Debug) -> Result<Vec<u8>> {
        let mode = match debug {
            Debug::Kept => "d",
            Debug::Stripped => "sd",
        };
        let mut invocation = Invocation::new([mode.as_bytes(), b"\n", name.as_bytes(), b"\n", source].concat());
        invocation.timeout = Duration::from_secs(60);
        match self.api.queue(invocation).wait() {
            Outcome::Response(response) => Ok(response.body),
            Outcome::Platform(error) => bail!("cannot compile {name}: {}", format!("{error}\n{}", self.process.log()).trim_end()),
            other => {
                let message = other.error().and_then(|report| report.error_message()).unwrap_or_default();
                bail!("{message}")
            }
        }
    }
}
