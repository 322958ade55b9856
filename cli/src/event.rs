//! The events that a person names on the command line: JSON text, a file, `-` for stdin, or a file with one event a line.
//!
//! What begins like a JSON object, array or string is text. Else the name of an existing file is that file. Else what looks
//! like a path, because it ends in `.json` or has a slash, is a mistake worth a message; anything else is text again, such
//! as `42` or `true`. Text is not checked: the runtime says what is wrong with it, as it would on Lambda. A file is, because
//! the message can then name the file and the line. The client context is named in the same way.

use std::io::{self, Read};
use std::path::Path;

use anyhow::{Result, anyhow, bail};
use coldmoon_cli::function::plain;
use coldmoon_cli::service::{EVENT_BYTES_MAX, event_error};

/// The ends of names of files with one event a line (jsonlines.org, ndjson.org).
const LINES: [&str; 2] = [".jsonl", ".ndjson"];

/// What some editors put in front of UTF-8. JSON has no place for it (RFC 8259, section 8.1).
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Gives the bytes of all events, in their order.
pub fn read_events(arguments: &[String]) -> Result<Vec<Vec<u8>>> {
    let mut events = Vec::new();
    for argument in arguments {
        let event = read(argument, "event")?;
        if has_lines(argument) && Path::new(argument).is_file() {
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
    if let Some(event) = events.iter().find(|event| event.len() > EVENT_BYTES_MAX) {
        bail!("an event has {} bytes, and Lambda takes {EVENT_BYTES_MAX}: put the data into S3, and its name into the event", event.len());
    }
    Ok(events)
}

/// Gives the client context: the text of a JSON object.
pub fn read_client_context(argument: &str) -> Result<String> {
    let context = read(argument, "client context")?;
    check(&context, "the client context")?;
    String::from_utf8(context).map_err(|_| anyhow!("the client context is not UTF-8"))
}

/// Gives the bytes of one event, or of what else is named like one.
fn read(argument: &str, what: &str) -> Result<Vec<u8>> {
    if argument == "-" {
        let mut bytes = Vec::new();
        return match io::stdin().lock().read_to_end(&mut bytes) {
            Ok(_) => Ok(bytes),
            Err(error) => bail!("cannot read the {what} from stdin: {}", plain(&error)),
        };
    }
    let text = argument.trim_start();
    if text.starts_with(['{', '[', '"']) {
        return Ok(argument.into());
    }
    let path = Path::new(argument);
    let is_named_so = argument.ends_with(".json") || has_lines(argument);
    let looks_like_path = is_named_so || argument.contains('/') && !text.starts_with(|first: char| first.is_ascii_digit());
    if path.is_dir() && (looks_like_path || event_error(argument.as_bytes()).is_some()) {
        bail!("the {what} {argument} is a directory, not a file");
    }
    if path.exists() && !path.is_dir() {
        let bytes = std::fs::read(path).or_else(|error| bail!("cannot read the {what} file {argument}: {}", plain(&error)))?;
        if !has_lines(argument) {
            check(&bytes, &format!("the {what} file {argument}"))?;
        }
        return Ok(bytes);
    }
    if looks_like_path {
        bail!("there is no {what} file {argument}");
    }
    Ok(argument.into())
}

fn has_lines(name: &str) -> bool {
    LINES.iter().any(|end| name.ends_with(end))
}

/// Refuses what is not JSON.
fn check(event: &[u8], name: &str) -> Result<()> {
    if event.trim_ascii().is_empty() {
        bail!("{name} is empty: it is to hold JSON, such as {{}}");
    }
    if event.starts_with(BYTE_ORDER_MARK) {
        bail!("{name} begins with a byte order mark, which JSON has not got: save it as UTF-8 without one");
    }
    match event_error(event) {
        // The parser's own words, where they are not a programmer's.
        Some(error) => {
            let why = error.to_string().replace(" at line 1 column", " at column").replace("EOF while parsing", "it ends within");
            bail!("{name} is not JSON: {why}")
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_taken_as_it_is() {
        for text in ["{}", " {\"a/b\": \"c.json\"}", "[1]", "\"a/b.txt\"", "42", "1/2", "true", "nonsense", ""] {
            assert_eq!(read(text, "event").unwrap(), text.as_bytes());
        }
    }

    #[test]
    fn missing_file_and_directory_are_one_sentence() {
        for (argument, sentence) in [
            ("no/such/event", "there is no event file no/such/event"),
            ("1.json", "there is no event file 1.json"),
            ("events.jsonl", "there is no event file events.jsonl"),
            ("/tmp/", "the event /tmp/ is a directory, not a file"),
            ("src", "the event src is a directory, not a file"),
        ] {
            assert_eq!(read(argument, "event").unwrap_err().to_string(), sentence);
        }
        assert_eq!(read_client_context("no.json").unwrap_err().to_string(), "there is no client context file no.json");
    }

    #[test]
    fn what_is_wrong_with_json_is_said_without_a_parsers_words() {
        for (text, sentence) in [
            ("", "it is empty: it is to hold JSON, such as {}"),
            (" \n", "it is empty: it is to hold JSON, such as {}"),
            ("\u{feff}{}", "it begins with a byte order mark, which JSON has not got: save it as UTF-8 without one"),
            ("{\"a\":[1", "it is not JSON: it ends within a list at column 7"),
            ("{\n'a':1}", "it is not JSON: key must be a string at line 2 column 1"),
        ] {
            assert_eq!(check(text.as_bytes(), "it").unwrap_err().to_string(), sentence);
        }
    }
}
