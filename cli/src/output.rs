//! What the commands that make a zip share: progress where it takes over a second, the file in one step, a line that says what it is.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use coldmoon_cli::function::plain;
use coldmoon_cli::layer::{File, zip};
use coldmoon_cli::say;

/// How often progress is told, and after which time first.
const PROGRESS: Duration = Duration::from_secs(1);

/// Makes the zip of these files and writes it, whole or not at all. Returns its size.
pub fn write_zip(files: &[File], output: &Path) -> Result<usize> {
    let mut told_at = Instant::now();
    let zip = zip(files, |done, total| {
        if told_at.elapsed() >= PROGRESS {
            told_at = Instant::now();
            say(&format!("packing: {} of {} KB", done / 1024, total / 1024));
        }
    })
    .context("cannot make the zip")?;
    let cannot_write = |error| anyhow!("cannot write {}: {}", output.display(), plain(&error));
    match fs::metadata(output) {
        Ok(found) if found.is_dir() => return Err(cannot_write(io::ErrorKind::IsADirectory.into())),
        // A device or a pipe takes the bytes: a file in its place would be the end of it.
        Ok(found) if !found.is_file() => fs::OpenOptions::new().write(true).open(output).and_then(|mut file| file.write_all(&zip)),
        // Through a link: what it points to is replaced, not the link.
        Ok(_) => output.canonicalize().and_then(|file| replace(&file, &zip)),
        Err(_) => replace(output, &zip),
    }
    .map_err(cannot_write)?;
    Ok(zip.len())
}

/// Writes the file beside its place and moves it there.
fn replace(place: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().permissions(permissions()).tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.persist(place)?;
    Ok(())
}

/// Those of an ordinary new file; a temporary one is its owner's alone.
fn permissions() -> fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o644)
}
