//! `coldmoon sample`: lists the sample events, or prints one.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use coldmoon_cli::sample::{self, Sample};

use crate::stdout;

/// List the sample events, or print one of them
#[derive(Args)]
pub struct Samples {
    /// The sample; without it all are listed, with what they are and their types for editors
    #[arg(value_name = "NAME", value_parser = parse_sample)]
    sample: Option<&'static Sample>,
}

impl Samples {
    /// Runs the command.
    pub fn run(self) -> Result<ExitCode> {
        let text = match self.sample {
            Some(sample) => sample.json.to_owned(),
            None => sample::ALL.iter().map(|sample| format!("{:26} {} ({})\n", sample.name, sample.title, sample.class)).collect(),
        };
        stdout::print(&text)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The sample of that name.
pub fn parse_sample(name: &str) -> Result<&'static Sample, String> {
    sample::find(name).ok_or_else(|| "there is no such sample; `coldmoon sample` lists them".to_owned())
}
