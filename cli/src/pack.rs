//! `coldmoon layer`: puts a `bootstrap` and its licence texts into the zip that Lambda takes as a layer.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use coldmoon_cli::architecture::Architecture;
use coldmoon_cli::function::{installed_runtime, plain};
use coldmoon_cli::layer::File;
use coldmoon_cli::say;

use crate::output::write_zip;

/// The licence texts of what is in the runtime.
const LICENCE: &str = include_str!("../../vendor/LICENSE");

/// Make the layer's zip, the same bytes from the same files
#[derive(Args)]
#[command(after_help = "Add it with: aws lambda publish-layer-version --layer-name coldmoon --zip-file fileb://coldmoon-arm64.zip \\\n\
                        --compatible-runtimes provided.al2023 --compatible-architectures arm64")]
pub struct Pack {
    /// The architecture: x86_64 or arm64 [default: this machine's]
    #[arg(long, conflicts_with = "runtime")]
    arch: Option<Architecture>,
    /// The runtime's binary [default: the installed one]
    #[arg(long, value_name = "PATH")]
    runtime: Option<PathBuf>,
    /// The licence texts of what is in it [default: those of the static runtime]
    #[arg(long, value_name = "PATH")]
    licence: Option<PathBuf>,
    /// Where the zip goes [default: coldmoon-ARCH.zip]
    #[arg(long, short, value_name = "PATH")]
    output: Option<PathBuf>,
}

impl Pack {
    /// Runs the command.
    pub fn run(self) -> Result<ExitCode> {
        let here = Architecture::of_this_machine();
        let (architecture, bootstrap) = match &self.runtime {
            Some(path) => {
                let bootstrap = read(path)?;
                let architecture = architecture_of(&bootstrap).with_context(|| format!("cannot use {}", path.display()))?;
                (architecture, File { name: "bootstrap".into(), bytes: bootstrap, mode: 0o755 })
            }
            None => {
                let architecture = self.arch.or(here).context("say which architecture: --arch x86_64 or --arch arm64")?;
                (architecture, runtime_file(architecture)?)
            }
        };
        let licence = match &self.licence {
            Some(path) => read(path)?,
            None => LICENCE.into(),
        };
        let files = [bootstrap, File { name: "LICENSE".into(), bytes: licence, mode: 0o644 }];
        let output = self.output.unwrap_or_else(|| format!("coldmoon-{architecture}.zip").into());
        let bytes = write_zip(&files, &output)?;
        say(&format!("{}: the layer for {architecture}, {bytes} bytes", output.display()));
        Ok(ExitCode::SUCCESS)
    }
}

/// The installed runtime as a zip holds it.
pub fn runtime_file(architecture: Architecture) -> Result<File> {
    let Some(path) = installed_runtime(architecture) else {
        bail!(
            "there is no runtime for {architecture} here: scripts/install of coldmoon's sources puts it there where it can be built, \
             and `scripts/build {}` builds it alone",
            architecture.machine()
        );
    };
    let bytes = read(&path)?;
    let found = architecture_of(&bytes).with_context(|| format!("cannot use {}", path.display()))?;
    if found != architecture {
        bail!("{} is for {found}, not for {architecture}: install it again", path.display());
    }
    Ok(File { name: "bootstrap".into(), bytes, mode: 0o755 })
}

/// The licence texts beside it, under a name that the function's own do not have.
pub fn licence_file() -> File {
    File { name: "LICENSE.coldmoon".into(), bytes: LICENCE.into(), mode: 0o644 }
}

fn architecture_of(bootstrap: &[u8]) -> Result<Architecture> {
    match Architecture::of_binary(bootstrap) {
        Some(Ok(architecture)) => Ok(architecture),
        _ => Err(anyhow!("it is no program for x86_64 or arm64")),
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| anyhow!("cannot read {}: {}", path.display(), plain(&error)))
}
