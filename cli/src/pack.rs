//! `coldmoon layer`: puts a `bootstrap` and its licence texts into the zip that Lambda takes as a layer.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use coldmoon_cli::function::plain;
use coldmoon_cli::layer::{File, zip};

/// Make the layer's zip, the same bytes from the same files
#[derive(Args)]
pub struct Pack {
    /// The runtime's binary: the static one of scripts/build
    #[arg(long, value_name = "PATH")]
    runtime: PathBuf,
    /// The licence texts of what is in it
    #[arg(long, value_name = "PATH")]
    licence: PathBuf,
    /// Where the zip goes
    #[arg(long, value_name = "PATH")]
    output: PathBuf,
}

impl Pack {
    /// Runs the command.
    pub fn run(self) -> Result<ExitCode> {
        let files = [("bootstrap", &self.runtime, 0o755), ("LICENSE", &self.licence, 0o644)]
            .map(|(name, path, mode)| Ok(File { name: name.into(), bytes: read(path)?, mode }));
        let layer = zip(&files.into_iter().collect::<Result<Vec<_>>>()?).context("cannot make the zip")?;
        fs::write(&self.output, layer).map_err(|error| anyhow::anyhow!("cannot write {}: {}", self.output.display(), plain(&error)))?;
        Ok(ExitCode::SUCCESS)
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| anyhow::anyhow!("cannot read {}: {}", path.display(), plain(&error)))
}
