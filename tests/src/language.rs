//! The language of the binary under test: the functions that the tests of the core run, and the few words in which languages differ.
//!
//! `COLDMOON_LANGUAGE` names a folder of `tests/functions`, `lua` where it is not set. A folder holds one small function for each thing that
//! a test needs (`echo.lua`, `echo.mjs`), and `language.json`. Whoever writes a runtime for another language writes these, and the tests of
//! the protocol run against it as they are. What a language cannot do at all is in its list `absent`, with the reason; the tests that
//! need it say so and pass.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::LazyLock;

use serde_json::Value;

use crate::process::Setup;
use crate::{skip, workspace};

/// What differs between languages, `language.json`.
pub struct Language {
    folder: PathBuf,
    /// What it is called in messages.
    pub name: String,
    /// The file of the handler `app.handler`.
    pub file: String,
    /// The type of an error that names none.
    pub error_type: String,
    /// The message of the error `oops` of the functions that fail.
    pub oops: String,
    /// What a function calls to end the process.
    pub exit: String,
    /// The stack of `oops` in a handler: path, line (0 for none), what.
    pub handler_frames: Vec<Frame>,
    /// The same in a module that is loaded.
    pub module_frames: Vec<Frame>,
    /// The stack of the error `Custom`, as text.
    pub custom_stack: Vec<String>,
    /// Functions that cannot be written in it, each with the reason.
    absent: BTreeMap<String, String>,
}

/// A frame of a stack.
pub struct Frame {
    /// The file.
    pub path: String,
    /// Its line, 0 for none.
    pub line: u64,
    /// What is there.
    pub label: String,
}

impl Frame {
    /// As it stands in an error document.
    pub fn text(&self) -> String {
        let line = if self.line == 0 { String::new() } else { format!("{}:", self.line) };
        format!("{}:{line} {}", self.path, self.label)
    }
}

impl Language {
    /// Reads the folder of that name.
    pub fn read(name: &str) -> Language {
        let folder = workspace().join("tests/functions").join(name);
        let path = folder.join("language.json");
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("COLDMOON_LANGUAGE={name}: {}: {error}", path.display()));
        let json: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let word = |name: &str| json[name].as_str().unwrap_or_else(|| panic!("{}: no {name}", path.display())).to_owned();
        let frames = |name: &str| {
            let list = json[name].as_array().unwrap_or_else(|| panic!("{}: no {name}", path.display()));
            let text = |value: &Value| value.as_str().expect("a text").to_owned();
            list.iter()
                .map(|frame| Frame { path: text(&frame[0]), line: frame[1].as_u64().expect("a line"), label: text(&frame[2]) })
                .collect()
        };
        let absent = json["absent"].as_object().expect("a list of what is absent");
        Language {
            name: word("name"),
            file: word("file"),
            error_type: word("error_type"),
            oops: word("oops"),
            exit: word("exit"),
            handler_frames: frames("handler_frames"),
            module_frames: frames("module_frames"),
            custom_stack: serde_json::from_value(json["custom_stack"].clone()).expect("a list of frames"),
            absent: absent.iter().map(|(name, reason)| (name.clone(), reason.as_str().expect("a reason").to_owned())).collect(),
            folder,
        }
    }

    /// The text of a function; `Err` with the reason where the language cannot have it.
    pub fn function(&self, name: &str) -> Result<String, &str> {
        let extension = self.file.rsplit('.').next().expect("a file has an extension");
        let path = self.folder.join(format!("{name}.{extension}"));
        match (std::fs::read_to_string(&path), self.absent.get(name)) {
            (Ok(text), None) => Ok(text),
            (Err(_), Some(reason)) => Err(reason),
            (Ok(_), Some(_)) => panic!("{} is there, and language.json says that it cannot be", path.display()),
            (Err(error), None) => panic!("{}: {error}; write it, or say in language.json why it cannot be", path.display()),
        }
    }
}

/// The language of the binary under test.
pub fn language() -> &'static Language {
    static LANGUAGE: LazyLock<Language> = LazyLock::new(|| {
        let name = std::env::var("COLDMOON_LANGUAGE").unwrap_or_default();
        Language::read(if name.is_empty() { "lua" } else { &name })
    });
    &LANGUAGE
}

impl Setup {
    /// The function of that name in the language of the binary under test.
    pub fn function(name: &str) -> Setup {
        let text = language().function(name).unwrap_or_else(|reason| panic!("{name} is not for every language: {reason}"));
        let setup = Setup::without_files();
        setup.write(&language().file, text);
        setup
    }

    /// The same of one that some languages cannot have; `None` after a line that says why.
    pub fn function_if_any(name: &str) -> Option<Setup> {
        match language().function(name) {
            Ok(_) => Some(Setup::function(name)),
            Err(reason) => {
                skip(reason);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_every_function_or_says_why_not() {
        let root = workspace().join("tests/functions");
        let names = |folder: &str| -> Vec<String> {
            let entries = std::fs::read_dir(root.join(folder)).expect("a folder");
            let names = entries.map(|entry| entry.expect("an entry").path().file_stem().expect("a name").to_string_lossy().into_owned());
            names.filter(|name| name != "language").collect()
        };
        let lua = names("lua");
        for entry in std::fs::read_dir(&root).expect("a folder") {
            let folder = entry.expect("an entry").file_name().to_string_lossy().into_owned();
            let language = Language::read(&folder);
            for name in &lua {
                // Panics where it is neither there nor absent, or both.
                let _ = language.function(name);
            }
            let unknown: Vec<String> = names(&folder).into_iter().filter(|name| !lua.contains(name)).collect();
            assert!(unknown.is_empty(), "{folder} has functions that no test knows: {unknown:?}");
        }
    }
}
