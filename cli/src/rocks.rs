//! `coldmoon rocks`: a LuaRocks tree becomes the zip that Lambda takes as a layer.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use coldmoon_cli::function::plain;
use coldmoon_cli::layer::zip;
use coldmoon_cli::tree;

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
        let layer = zip(&files).context("cannot make the zip")?;
        fs::write(&self.output, &layer).map_err(|error| anyhow::anyhow!("cannot write {}: {}", self.output.display(), plain(&error)))?;
        eprintln!("{}: {} files, {} bytes", self.output.display(), files.len(), layer.len());
        for (file, architecture) in files.iter().filter_map(|file| Some((file, tree::architecture(file)?))) {
            eprintln!("{} is for {architecture}, and for the dynamic build (scripts/build --dynamic)", file.name);
        }
        Ok(ExitCode::SUCCESS)
    }
}
