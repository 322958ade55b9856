//! What the commands that make a zip share: progress where it takes over a second, the file in one step, a line that says what it is.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use coldmoon_cli::function::plain;
use coldmoon_cli::layer::{File, zip};

/// How often progress is told, and after which time first.
const PROGRESS: Duration = Duration::from_secs(1);

/// Makes the zip of these files and writes it, whole or not at all. Returns its size.
pub fn write_zip(files: &[File], output: &Path) -> Result<usize> {
    let mut told_at = Instant::now();
    let zip = zip(files, |done, total| {
        if told_at.elapsed() >= PROGRESS {
            told_at = Instant::now();
            eprintln!("packing: {} of {} KB", done / 1024, total / 1024);
        }
    })
    .context("cannot make the zip")?;
    let cannot_write = |error| anyhow!("cannot write {}: {}", output.display(), plain(&error));
    let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().permissions(permissions()).tempfile_in(folder).map_err(cannot_write)?;
    std::io::Write::write_all(&mut file, &zip).map_err(cannot_write)?;
    if output.is_dir() {
        return Err(cannot_write(std::io::ErrorKind::IsADirectory.into()));
    }
    file.persist(output).map_err(|error| cannot_write(error.error))?;
    Ok(zip.len())
}

/// Those of an ordinary new file; a temporary one is its owner's alone.
fn permissions() -> fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o644)
}
