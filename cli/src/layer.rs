//! A layer: the zip that Lambda unpacks into `/opt`, with the runtime or with modules in it.
//!
//! The same files give the same bytes, wherever and whenever: the order is fixed, every time stamp is the zip format's first moment,
//! owners are not recorded. Deflated by zopfli, which looks for the shortest encoding instead of a quick one; any unzip reads it.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// Zopfli's iterations, which the crate `zip` counts from 9. 60 give the same bytes, 200 save 29 of 348,173 and take eight times as long.
const LEVEL: i64 = 9 + 15;

/// A file of a layer.
pub struct File {
    /// Its path below `/opt`.
    pub name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
    /// Its permissions.
    pub mode: u32,
}

/// The bytes of the zip.
///
/// # Errors
/// Where a file is too large for a zip.
pub fn zip(files: &[File]) -> zip::result::ZipResult<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for File { name, bytes, mode } in files {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(LEVEL))
            .last_modified_time(DateTime::default())
            .unix_permissions(*mode);
        zip.start_file(name.as_str(), options)?;
        zip.write_all(bytes)?;
    }
    Ok(zip.finish()?.into_inner())
}
