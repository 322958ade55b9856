//! What a person says of the function that a command runs: where it is, and how it is configured.

use std::ffi::OsString;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use clap::Args;
use clap::builder::TypedValueParser;
use coldmoon_cli::function::{Function, find_runtime, is_reserved, plain};

/// The function's options, the same for all commands that run one.
#[derive(Args)]
pub struct FunctionOptions {
    /// The handler as on Lambda: module.function; the module may be a path, such as examples/hello.handler
    #[arg(value_parser = parse_handler)]
    handler: String,
    /// The directory that the function's code is in [default: the current one]
    #[arg(long, value_name = "DIR")]
    task_root: Option<PathBuf>,
    /// The runtime's binary [default: $COLDMOON_BOOTSTRAP, else the one that belongs to coldmoon]
    #[arg(long, value_name = "PATH")]
    runtime: Option<PathBuf>,
    /// The function's timeout
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = whole::<u64>(1..=86_400))]
    timeout: u64,
    /// The function's memory, as it is told; it is not enforced
    #[arg(long, value_name = "MB", default_value_t = 128, value_parser = whole::<u32>(128..=10_240))]
    memory: u32,
    /// A variable of the function's environment; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = parse_variable)]
    env: Vec<(OsString, OsString)>,
    /// A file of such variables (.env), read once; --env wins over it
    #[arg(long, value_name = "FILE")]
    env_file: Option<PathBuf>,
}

impl FunctionOptions {
    /// The function, whose log is shown.
    pub fn function(&self) -> Result<Function> {
        let runtime = find_runtime(self.runtime.as_deref())?;
        let mut env = self.env_file.as_deref().map(read_variables).transpose()?.unwrap_or_default();
        env.extend(self.env.iter().cloned());
        let (task_root, handler) = locate(&self.handler, self.task_root.clone());
        Ok(Function { task_root, memory_mb: self.memory, env, echo_log: true, ..Function::new(runtime, handler) })
    }

    /// Its timeout.
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout)
    }
}

/// Task root and handler. Where the handler is a path that does not lie below the current directory, its own directory is
/// the task root.
fn locate(handler: &str, task_root: Option<PathBuf>) -> (PathBuf, String) {
    let mut handler = handler;
    while let Some(rest) = handler.strip_prefix("./") {
        handler = rest.trim_start_matches('/');
    }
    let outside = handler.starts_with('/') || handler.split('/').any(|part| part == "..");
    match (task_root, handler.rsplit_once('/')) {
        (Some(task_root), _) => (task_root, handler.to_owned()),
        (None, Some((directory, name))) if outside => {
            (Path::new(if directory.is_empty() { "/" } else { directory }).to_owned(), name.to_owned())
        }
        (None, _) => (PathBuf::from("."), handler.to_owned()),
    }
}

/// Reads a whole number of these.
pub fn whole<N: TryFrom<u64> + Clone + Send + Sync + 'static>(range: RangeInclusive<u64>) -> impl TypedValueParser<Value = N> {
    move |text: &str| {
        let number = text.parse().ok().filter(|number| range.contains(number)).and_then(|number| N::try_from(number).ok());
        number.ok_or_else(|| format!("it has to be a whole number from {} to {}", range.start(), range.end()))
    }
}

fn parse_handler(text: &str) -> Result<String, String> {
    // The runtime would say that `_HANDLER` is not set: that is nothing that a person here has set.
    if text.ends_with('/') || text.is_empty() {
        Err("it has to be module.function, such as app.handler".to_owned())
    } else {
        Ok(text.to_owned())
    }
}

fn parse_variable(text: &str) -> Result<(OsString, OsString), String> {
    match text.split_once('=') {
        Some((name, _)) if is_reserved(name) => Err(format!("Lambda itself sets {name}")),
        Some((name, value)) if !name.is_empty() && !text.contains('\0') => Ok((name.into(), value.into())),
        _ => Err("it has to be KEY=VALUE".to_owned()),
    }
}

/// The variables of a file in the form of `.env`.
fn read_variables(file: &Path) -> Result<Vec<(OsString, OsString)>> {
    let cannot_read = |why: &dyn Display| anyhow!("cannot read the environment file {}: {why}", file.display());
    let bytes = std::fs::read(file).map_err(|error| cannot_read(&plain(&error)))?;
    let text = String::from_utf8(bytes).map_err(|_| cannot_read(&"it is not UTF-8"))?;
    let fail = |error: dotenvy::Error| match error {
        // Where a quote is not closed, the "line" is all that follows.
        dotenvy::Error::LineParse(line, at) => {
            let line = line.lines().next().unwrap_or_default();
            anyhow!("the environment file {} has a line that is not KEY=VALUE, at its character {}: {line}", file.display(), at + 1)
        }
        error => cannot_read(&error),
    };
    let mut variables = Vec::new();
    // A byte order mark is an editor's, and no part of a name.
    for variable in dotenvy::from_read_iter(text.trim_start_matches('\u{feff}').as_bytes()) {
        let (name, value) = variable.map_err(fail)?;
        if is_reserved(&name) {
            bail!("the environment file {} sets {name}, which Lambda itself sets: remove it there", file.display());
        }
        variables.push((name.into(), value.into()));
    }
    Ok(variables)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handler_is_located_below_the_current_directory_or_in_its_own() {
        for (given, root, handler) in [
            ("app.handler", ".", "app.handler"),
            ("examples/hello.handler", ".", "examples/hello.handler"),
            ("./examples/hello.handler", ".", "examples/hello.handler"),
            (".//app.handler", ".", "app.handler"),
            ("/home/ada/app.handler", "/home/ada", "app.handler"),
            ("/app.handler", "/", "app.handler"),
            ("../other/app.handler", "../other", "app.handler"),
        ] {
            assert_eq!(locate(given, None), (PathBuf::from(root), handler.to_owned()), "{given}");
        }
        assert_eq!(locate("./a/app.handler", Some("root".into())), (PathBuf::from("root"), "a/app.handler".to_owned()));
    }

    #[test]
    fn numbers_are_told_by_their_bounds() {
        let parser = whole::<u16>(1..=100);
        let parse = |text: &str| {
            let command = clap::Command::new("x").arg(clap::Arg::new("n").value_parser(parser.clone()));
            command.try_get_matches_from(["x", text]).map(|found| *found.get_one::<u16>("n").unwrap()).map_err(|error| error.to_string())
        };
        assert_eq!((parse("1").unwrap(), parse("100").unwrap()), (1, 100));
        for text in ["0", "101", "1.5", "x", "", "99999999999999999999999", "128MB"] {
            assert!(parse(text).unwrap_err().contains("it has to be a whole number from 1 to 100"), "{text}");
        }
    }

    #[test]
    fn variables_are_key_and_value_and_not_lambdas_own() {
        assert_eq!(parse_variable("A=b=c"), Ok(("A".into(), "b=c".into())));
        assert_eq!(parse_variable("A="), Ok(("A".into(), "".into())));
        assert!(parse_variable("A").is_err() && parse_variable("=b").is_err());
        assert_eq!(parse_variable("_HANDLER=x"), Err("Lambda itself sets _HANDLER".to_owned()));
    }
}
