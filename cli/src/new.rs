//! `coldmoon new`: a function's project, in a folder of its own: handler, test, event, editor settings, a template to deploy it with.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, anyhow, bail};
use clap::Args;
use coldmoon_cli::function::{NAME_RULE, is_name, plain};
use coldmoon_cli::say;
use include_dir::{Dir, include_dir};

/// The Lua half of the runtime: of it the project gets what editors and tests read.
static LUA: Dir = include_dir!("$CARGO_MANIFEST_DIR/../lua");

/// The parts that it gets: type definitions, the stand-in, and the modules that the stand-in takes from the runtime.
const PARTS: [&str; 3] = ["library", "stub", "coldmoon"];

/// The files, with `NAME` where the project's name goes.
const FILES: [(&str, &str); 8] = [
    ("app.lua", include_str!("../template/app.lua")),
    ("spec/app_spec.lua", include_str!("../template/spec/app_spec.lua")),
    ("events/hello.json", include_str!("../template/events/hello.json")),
    ("template.yaml", include_str!("../template/template.yaml")),
    ("README.md", include_str!("../template/README.md")),
    (".luarc.json", include_str!("../template/luarc.json")),
    (".coldmoonignore", include_str!("../template/coldmoonignore")),
    (".gitignore", include_str!("../template/gitignore")),
];

/// Make a function's project in a new folder
#[derive(Args)]
pub struct New {
    /// The folder; its name is the function's: letters, digits, - and _
    #[arg(value_name = "NAME", value_parser = parse_folder)]
    folder: PathBuf,
}

impl New {
    /// Runs the command.
    pub fn run(self) -> Result<ExitCode> {
        let name = self.folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let shown = self.folder.display();
        match fs::read_dir(&self.folder).map(|mut entries| entries.next().is_none()) {
            Ok(true) => {}
            Ok(false) => bail!("{shown} exists already and is not empty: choose another name"),
            Err(error) if error.kind() == ErrorKind::NotFound && self.folder.is_symlink() => {
                bail!("{shown} exists already and is a link to nothing: choose another name")
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) if error.kind() == ErrorKind::NotADirectory && self.folder.exists() => {
                bail!("{shown} exists already and is a file: choose another name")
            }
            Err(error) => bail!("cannot use {shown}: {}", plain(&error)),
        }
        for (file, text) in FILES {
            self.write(file, text.replace("NAME", &name).as_bytes())?;
        }
        for part in PARTS {
            for file in LUA.get_dir(part).map(Dir::files).into_iter().flatten() {
                self.write(&Path::new(".coldmoon").join(file.path()).to_string_lossy(), file.contents())?;
            }
        }
        say(&format!("{shown} is a function now. Try it:\n  cd {shown}\n  coldmoon invoke app.handler events/hello.json"));
        Ok(ExitCode::SUCCESS)
    }

    fn write(&self, file: &str, bytes: &[u8]) -> Result<()> {
        let path = self.folder.join(file);
        let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, bytes));
        written.map_err(|error| anyhow!("cannot write {}: {}", path.display(), plain(&error)))
    }
}

fn parse_folder(text: &str) -> Result<PathBuf, String> {
    let folder = PathBuf::from(text);
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if is_name(name) { Ok(folder) } else { Err(NAME_RULE.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_lambda_takes() {
        for name in ["orders", "my-function_2", "a/b/orders", "./orders"] {
            assert_eq!(parse_folder(name), Ok(name.into()));
        }
        for name in ["", ".", "..", "/", "two words", "ä", "a.b", &"x".repeat(65)] {
            assert!(parse_folder(name).is_err(), "{name}");
        }
    }
}
