//! `coldmoon package`: a function's folder becomes the zip that Lambda takes, with or without the runtime in it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use coldmoon_cli::architecture::Architecture;
use coldmoon_cli::bundle::{self, DIRECT_BYTES_MAX};
use coldmoon_cli::compile::{Compiler, Debug};
use coldmoon_cli::function::find_runtime;
use coldmoon_cli::layer::File;
use coldmoon_cli::say;

use crate::output::write_zip;
use crate::pack::{licence_file, runtime_file};

/// Make a function's zip, the same bytes from the same files
#[derive(Args)]
#[command(
    after_help = "Hidden files stay out, and what .coldmoonignore names, in the form of .gitignore. Without --with-runtime the function\n\
                        needs the layer that `coldmoon layer` makes. Exit codes: 0 success, also with warnings, 1 failure, 2 wrong usage."
)]
pub struct Package {
    /// The folder of the function
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
    /// Where the zip goes [default: the folder's name, with .zip, in the current one]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Put the runtime in, for x86_64 or arm64: the function then needs no layer
    #[arg(long, value_name = "ARCH")]
    with_runtime: Option<Architecture>,
    /// Compile Lua to bytecode, with its line numbers
    #[arg(long, conflicts_with = "strip")]
    bytecode: bool,
    /// Compile Lua to bytecode without line numbers and names: the smallest, and errors do not say where they are
    #[arg(long)]
    strip: bool,
    /// The runtime that compiles [default: $COLDMOON_BOOTSTRAP, else the one that belongs to coldmoon]
    #[arg(long, value_name = "PATH")]
    runtime: Option<PathBuf>,
}

impl Package {
    /// Runs the command.
    pub fn run(self) -> Result<ExitCode> {
        let output = match &self.output {
            Some(output) => output.clone(),
            None => default_output(&self.folder)?,
        };
        let (mut files, mut warnings) = bundle::read(&self.folder, &output)?;
        warnings.extend(bundle::warnings(&files));
        match (self.bytecode, self.strip) {
            (false, false) => warnings.extend(self.check(&files)),
            (_, strip) => self.compile(&mut files, if strip { Debug::Stripped } else { Debug::Kept })?,
        }
        if let Some(architecture) = self.with_runtime {
            if files.iter().any(|file| file.name == "bootstrap") {
                bail!(
                    "the folder has a file bootstrap already, which the runtime is to be: rename it, or put it into {}",
                    bundle::IGNORE_FILE
                );
            }
            files.extend([runtime_file(architecture)?, licence_file()]);
            files.sort_by(|one, other| one.name.cmp(&other.name));
        }
        let bytes = write_zip(&files, &output)?;
        let unpacked: usize = files.iter().map(|file| file.bytes.len()).sum();
        if bytes as u64 > DIRECT_BYTES_MAX {
            warnings.push("the zip is over the 50 MB that can be uploaded directly: put it into an S3 bucket".to_owned());
        }
        for warning in &warnings {
            say(&format!("warning: {warning}"));
        }
        let count = if files.len() == 1 { "1 file".to_owned() } else { format!("{} files", files.len()) };
        say(&format!("{}: {count}, {bytes} bytes, {unpacked} unpacked", output.display()));
        Ok(ExitCode::SUCCESS)
    }

    fn compile(&self, files: &mut [File], debug: Debug) -> Result<()> {
        let compiler = Compiler::start(&find_runtime(self.runtime.as_deref())?)?;
        for file in files.iter_mut().filter(|file| bundle::is_source(file)) {
            file.bytes = compiler.compile(&file.name, &file.bytes, debug)?;
        }
        Ok(())
    }

    /// Compiles all files to see whether they are Lua, where there is a runtime for that: one that is not may be meant for something else.
    fn check(&self, files: &[File]) -> Vec<String> {
        let Some(compiler) = find_runtime(self.runtime.as_deref()).ok().and_then(|runtime| Compiler::start(&runtime).ok()) else {
            return vec!["no file was checked for Lua's syntax, because there is no runtime here that could (--runtime)".to_owned()];
        };
        let sources = files.iter().filter(|file| bundle::is_source(file));
        sources.filter_map(|file| compiler.compile(&file.name, &file.bytes, Debug::Kept).err()).map(|error| error.to_string()).collect()
    }
}

/// The folder's name with `.zip`, in the current one.
fn default_output(folder: &Path) -> Result<PathBuf> {
    let whole =
        folder.canonicalize().map_err(|error| anyhow!("cannot read {}: {}", folder.display(), coldmoon_cli::function::plain(&error)))?;
    let name = whole.file_name().context("say where the zip is to go: --output FILE")?;
    let mut name = name.to_owned();
    name.push(".zip");
    Ok(name.into())
}
