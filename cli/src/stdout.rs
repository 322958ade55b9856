//! Writing to stdout, where a reader that has enough and closes the pipe is no error.

use std::io::{self, Write};

use anyhow::{Result, anyhow};
use coldmoon_cli::function::plain;

/// Writes all of it, at once.
pub fn print(bytes: impl AsRef<[u8]>) -> Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes.as_ref()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(anyhow!("cannot write to stdout: {}", plain(&error))),
        _ => Ok(()),
    }
}
