//! The tool `coldmoon`.
//!
//! Exit codes of all its commands: 0 success, 1 failure (the function's or ours, with one clear message on stderr),
//! 2 wrong usage, 128 and the signal's number where one ended it.

#![warn(clippy::print_stderr, clippy::print_stdout)]

mod event;
mod invoke;
mod new;
mod options;
mod output;
mod pack;
mod package;
mod rocks;
mod samples;
mod serve;
mod stdout;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Lua functions for AWS Lambda, on your machine
#[derive(Parser)]
#[command(name = "coldmoon", version)]
struct Tool {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Invoke(invoke::Invoke),
    Layer(pack::Pack),
    New(new::New),
    Package(package::Package),
    Rocks(rocks::Rocks),
    Sample(samples::Samples),
    Serve(serve::Serve),
}

fn main() -> ExitCode {
    let result = match Tool::parse().command {
        Command::Invoke(invoke) => invoke.run(),
        Command::Layer(pack) => pack.run(),
        Command::New(new) => new.run(),
        Command::Package(package) => package.run(),
        Command::Rocks(rocks) => rocks.run(),
        Command::Sample(samples) => samples.run(),
        Command::Serve(serve) => serve.run(),
    };
    result.unwrap_or_else(|error| {
        coldmoon_cli::say(&format!("coldmoon: {error:#}"));
        ExitCode::FAILURE
    })
}
