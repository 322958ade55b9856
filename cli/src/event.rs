//! The events that a person names on the command line: JSON text, a file, `-` for stdin, or a file with one event a line.
//!
//! What begins like a JSON object, array or string is text. Else the name of an existing file is that file. Else what looks
//! like a path, because it ends in `.json` or has a slash, is a mistake worth a message; anything else is text again, such
//! as `42` or `true`. Text is not checked: the runtime says what is wrong with it, as it would on Lambda. A file is, because
//! the message can then name the file and the line.

use std::io::{self, Read};
use std::path::Path;

use anyhow::{Result, bail};
use coldmoon_cli::function::plain;
use coldmoon_cli::service::event_error;

/// The ends of names of files with one event a line (jsonlines.org, ndjson.org).
const LINES: [&str; 2] = [".jsonl", ".ndjson"];

/// Gives the bytes of all events, in their order.
pub fn read_events(arguments: &[String]) -> Result<Vec<Vec<u8>>> {
    let mut events = Vec::new();
    for argument in arguments {
        let event = read_event(argument)?;
        if LINES.iter().any(|end| argument.ends_with(end)) && Path::new(argument).is_file() {
            let lines = event.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii).zip(1..).filter(|(line, _)| !line.is_empty());
            let before = events.len();
            for (line, number) in lines {
                check(line, &format!("line {number} of the event file {argument}"))?;
                events.push(line.to_owned());
            }
            if events.len() == before {
                bail!("there is no event in {argument}: it is to hold one on each line");
            }
        } else {
            events.push(event);
        }
    }
    Ok(events)
}

/// Gives the bytes of one event.
fn read_event(argument: &str) -> Result<Vec<u8>> {
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
        let event = std::fs::read(path).or_else(|error| bail!("cannot read the event file {argument}: {}", plain(&error)))?;
        if !LINES.iter().any(|end| argument.ends_with(end)) {
            check(&event, &format!("the event file {argument}"))?;
        }
        return Ok(event);
    }
    if looks_like_path {
        bail!("there is no event file {argument}");
    }
    Ok(argument.into())
}

/// Refuses what is not JSON.
fn check(event: &[u8], name: &str) -> Result<()> {
    match event_error(event) {
        Some(error) => bail!("{name} is not JSON: {}", error.to_string().replace(" at line 1 column", " at column")),
        None => Ok(()),
    }
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
