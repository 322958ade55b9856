//! `coldmoon rocks`: a LuaRocks tree becomes the zip that Lambda takes as a layer.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use coldmoon_cli::architecture::Architecture;
use coldmoon_cli::function::plain;
use coldmoon_cli::say;
use coldmoon_cli::tree;

use crate::output::write_zip;

/// Make a layer of a LuaRocks tree, the same bytes from the same files
#[derive(Args)]
#[command(after_help = "The tree is what `luarocks --lua-version 5.1 --tree DIR install NAME` fills. Its modules are found below /opt;\n\
                        C modules only by the dynamic build of the runtime (scripts/build --dynamic).")]
pub struct Rocks {
    /// The tree
    #[arg(value_name = "TREE")]
    tree: PathBuf,
    /// Where the zip goes
    #[arg(long, value_name = "PATH")]
    output: PathBuf,
}

impl Rocks {
    /// Runs the command.
    pub fn run(self) -> Result<ExitCode> {
        let files = tree::read(&self.tree).map_err(|error| anyhow::anyhow!("{}: {}", self.tree.display(), plain(&error)))?;
        let bytes = write_zip(&files, &self.output)?;
        say(&format!("{}: {} files, {bytes} bytes", self.output.display(), files.len()));
        for (file, architecture) in files.iter().filter_map(|file| Some((file, Architecture::of_binary(&file.bytes)?))) {
            let architecture = architecture.map_or_else(|foreign| foreign.to_string(), |architecture| architecture.machine().into());
            say(&format!("{} is for {architecture}, and for the dynamic build (scripts/build --dynamic)", file.name));
        }
        Ok(ExitCode::SUCCESS)
    }
}
