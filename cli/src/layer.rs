//! The zip that Lambda unpacks: a layer into `/opt`, a function into `/var/task`.
//!
//! The same files give the same bytes, wherever and whenever: the order is fixed, every time stamp is the zip format's first moment,
//! owners are not recorded. Any unzip reads it. Up to [`ZOPFLI_BYTES_MAX`] in all are deflated by zopfli, which looks for the shortest
//! encoding instead of a quick one, some hundred kilobytes a second; more by zlib, which takes one byte in twenty-five more.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// Zopfli's iterations, which the crate `zip` counts from 9. 60 give the same bytes, 200 save 29 of 348,173 and take eight times as long.
const ZOPFLI: i64 = 9 + 15;

/// zlib's best.
const ZLIB: i64 = 9;

/// What is deflated by zopfli: a few seconds' worth. The runtime itself is a third of it.
pub const ZOPFLI_BYTES_MAX: usize = 2 * 1024 * 1024;

/// A file of a zip.
pub struct File {
    /// Its path below the folder that the zip is unpacked into.
    pub name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
    /// Its permissions.
    pub mode: u32,
}

/// The bytes of the zip. `progress` is told, before each file, how many bytes are done and how many there are.
///
/// # Errors
/// Where a file is too large for a zip.
pub fn zip(files: &[File], mut progress: impl FnMut(usize, usize)) -> zip::result::ZipResult<Vec<u8>> {
    let total = files.iter().map(|file| file.bytes.len()).sum();
    let level = if total <= ZOPFLI_BYTES_MAX { ZOPFLI } else { ZLIB };
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let mut done = 0;
    for File { name, bytes, mode } in files {
        progress(done, total);
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(level))
            .last_modified_time(DateTime::default())
            .unix_permissions(*mode);
        zip.start_file(name.as_str(), options)?;
        zip.write_all(bytes)?;
        done += bytes.len();
    }
    Ok(zip.finish()?.into_inner())
}
