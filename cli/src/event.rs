//! The event that a person names on the command line: JSON text, a file, or `-` for stdin.
//!
//! What begins like a JSON object, array or string is text. Else the name of an existing file is that file. Else what looks
//! like a path, because it ends in `.json` or has a slash, is a mistake worth a message; anything else is text again, such
//! as `42` or `true`. Text is not checked: the runtime says what is wrong with it, as it would on Lambda.

use std::io::{self, Read};
use std::path::Path;

use anyhow::{Result, bail};
use coldmoon_cli::function::plain;

/// Gives the bytes of the event.
pub fn read_event(argument: &str) -> Result<Vec<u8>> {
    if argument == "-" {
        let mut bytes = Vec::new();
        return match io::stdin().lock().read_to_end(&mut bytes) {
            Ok(_) => Ok(bytes),
            Err(error) => bail!("cannot read the event from stdin: {}", plain(&error)),
        };
    }
    let text = argument.trim_start();
    if text.starts_with(['{', '[', '"']) {
        return Ok(argument.into());
    }
    let path = Path::new(argument);
    let looks_like_path = argument.ends_with(".json") || argument.contains('/') && !text.starts_with(|first: char| first.is_ascii_digit());
    if path.is_dir() && looks_like_path {
        bail!("the event {argument} is a directory, not a file");
    }
    if path.exists() && !path.is_dir() {
        return std::fs::read(path).or_else(|error| bail!("cannot read the event file {argument}: {}", plain(&error)));
    }
    if looks_like_path {
        bail!("there is no event file {argument}");
    }
    Ok(argument.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_taken_as_it_is() {
        for text in ["{}", " {\"a/b\": \"c.json\"}", "[1]", "\"a/b.txt\"", "42", "1/2", "true", "nonsense", ""] {
            assert_eq!(read_event(text).unwrap(), text.as_bytes());
        }
    }

    #[test]
    fn missing_file_and_directory_are_one_sentence() {
        assert_eq!(read_event("no/such/event").unwrap_err().to_string(), "there is no event file no/such/event");
        assert_eq!(read_event("1.json").unwrap_err().to_string(), "there is no event file 1.json");
        assert_eq!(read_event("/tmp/").unwrap_err().to_string(), "the event /tmp/ is a directory, not a file");
    }
}
