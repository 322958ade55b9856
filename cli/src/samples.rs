//! `coldmoon sample`: lists the sample events, or prints one.

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Args;
use coldmoon_cli::sample;

use crate::stdout;

/// List the sample events, or print one of them
#[derive(Args)]
pub struct Samples {
    /// The sample; without it all are listed, with what they are and their types for editors
    name: Option<String>,
}

impl Samples {
    /// Runs the command.
    pub fn run(self) -> Result<ExitCode> {
        let text = match self.name {
            Some(name) => match sample::find(&name) {
                Some(sample) => sample.json.to_owned(),
                None => bail!("there is no sample {name}; `coldmoon sample` lists them"),
            },
            None => sample::ALL.iter().map(|sample| format!("{:26} {} ({})\n", sample.name, sample.title, sample.class)).collect(),
        };
        stdout::print(&text)?;
        Ok(ExitCode::SUCCESS)
    }
}
