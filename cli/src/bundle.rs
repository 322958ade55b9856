//! What of a function's folder goes into its zip, and what is worth a warning.
//!
//! All files of the folder go in, but for hidden ones, those that `.coldmoonignore` names (in the form of `.gitignore`), and what LuaRocks
//! keeps for itself. Links are followed: Lambda gets the file, not the link. Files that are neither files nor folders are left out.
//! Everyone may read, for Lambda runs as another user: 0644, or 0755 where the owner may execute.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use ignore::WalkBuilder;

use crate::architecture::Architecture;
use crate::function::plain;
use crate::layer::File;
use crate::requires;

/// The name of ignore files.
pub const IGNORE_FILE: &str = ".coldmoonignore";

/// The largest a function may be, unpacked, with its layers (Lambda quotas, "Deployment package (.zip file archive) size").
pub const UNPACKED_BYTES_MAX: u64 = 250 * 1024 * 1024;

/// The largest zip that the API takes directly; larger ones go through S3 (same place).
pub const DIRECT_BYTES_MAX: u64 = 50 * 1024 * 1024;

/// What LuaRocks keeps beside the modules: manifests, documents, programs.
const OF_LUAROCKS: [&str; 4] = ["lua_modules/lib/luarocks/", "lua_modules/bin/", "lib/luarocks/", "share/luarocks/"];

/// Where `require` looks for Lua modules below the task root (`src/lua/modules.rs`).
const LUA_PLACES: [&str; 3] = ["", "lua_modules/share/lua/5.1/", "share/lua/5.1/"];

/// Where it looks for C modules.
const C_PLACES: [&str; 3] = ["", "lua_modules/lib/lua/5.1/", "lib/lua/5.1/"];

/// What the runtime brings: Lua's and LuaJIT's libraries, its own modules, and those of other JSON libraries.
pub const BUILT_IN: [&str; 28] = [
    "_G",
    "bit",
    "cjson",
    "cjson.safe",
    "coldmoon",
    "coldmoon.base64",
    "coldmoon.batch",
    "coldmoon.http",
    "coldmoon.json",
    "coldmoon.log",
    "coldmoon.metrics",
    "coroutine",
    "debug",
    "dkjson",
    "ffi",
    "io",
    "jit",
    "jit.opt",
    "jit.profile",
    "jit.util",
    "math",
    "os",
    "package",
    "string",
    "string.buffer",
    "table",
    "table.clear",
    "table.new",
];

/// The files of a folder, sorted by name, without `except`, and warnings of what was left out.
///
/// # Errors
/// One sentence: the folder or a file cannot be read, has a name that no zip can hold, there are none, or too much of them.
pub fn read(folder: &Path, except: &Path) -> Result<(Vec<File>, Vec<String>)> {
    let is_folder = fs::metadata(folder).map_err(|error| anyhow!("cannot read {}: {}", folder.display(), plain(&error)))?.is_dir();
    if !is_folder {
        bail!("{} is no folder: name the one that the function's files are in", folder.display());
    }
    let except = except.canonicalize().ok();
    let mut files = Vec::new();
    let mut warnings = Vec::new();
    let mut bytes_left = UNPACKED_BYTES_MAX;
    let walk =
        WalkBuilder::new(folder).standard_filters(false).hidden(true).follow_links(true).add_custom_ignore_filename(IGNORE_FILE).build();
    for entry in walk {
        let entry = entry.map_err(|error| anyhow!("cannot read {}: {}", folder.display(), plain_walk(&error)))?;
        if let Some(error) = entry.error() {
            bail!("{IGNORE_FILE} is wrong: {error}");
        }
        let path = entry.path();
        let name = path.strip_prefix(folder).expect("it lies below the folder");
        let Some(name) = name.to_str() else {
            bail!("the name of {} is not UTF-8, as a zip needs it: rename the file, or put it into {IGNORE_FILE}", path.display());
        };
        if OF_LUAROCKS.iter().any(|part| name.starts_with(part)) || path.is_dir() {
            continue;
        }
        if !path.is_file() {
            warnings.push(format!("{name} is neither a file nor a folder, and is left out"));
            continue;
        }
        if except.is_some() && path.canonicalize().ok() == except {
            continue;
        }
        let cannot_read = |error| anyhow!("cannot read {}: {}", path.display(), plain(&error));
        let metadata = fs::metadata(path).map_err(cannot_read)?;
        bytes_left = bytes_left.checked_sub(metadata.len()).with_context(|| {
            format!("the files are more than the 250 MB that Lambda takes, {name} among them: put what the function does not need into {IGNORE_FILE}")
        })?;
        let mode = if metadata.permissions().mode() & 0o100 == 0 { 0o644 } else { 0o755 };
        files.push(File { name: name.to_owned(), bytes: fs::read(path).map_err(cannot_read)?, mode });
    }
    if files.is_empty() {
        bail!("there is no file to package in {}", folder.display());
    }
    files.sort_by(|one, other| one.name.cmp(&other.name));
    Ok((files, warnings))
}

/// The walk's error without what the person did not ask for.
fn plain_walk(error: &ignore::Error) -> String {
    match error {
        ignore::Error::WithDepth { err, .. } => plain_walk(err),
        ignore::Error::WithPath { path, .. } if path.is_symlink() => format!("the link {} leads nowhere: remove it", path.display()),
        ignore::Error::WithPath { path, err } => format!("{}: {}", path.display(), plain_walk(err)),
        ignore::Error::Io(error) => plain(error),
        ignore::Error::Loop { child, .. } => format!("the link {} leads back to a folder that it is in", child.display()),
        error => error.to_string(),
    }
}

/// What will not work on Lambda, each in a sentence: shared objects, and modules that are asked for and not there.
pub fn warnings(files: &[File]) -> Vec<String> {
    let mut warnings = Vec::new();
    for File { name, bytes, .. } in files {
        if let Some(architecture) = Architecture::of_binary(bytes).filter(|_| is_shared_object(name)) {
            let architecture = architecture.map_or_else(|foreign| foreign.to_string(), |architecture| architecture.to_string());
            warnings.push(format!(
                "{name} is a shared object for {architecture}: the static runtime loads none; use the dynamic layer (scripts/layer --dynamic)"
            ));
        }
    }
    for (module, (file, line)) in missing(files) {
        warnings.push(format!(
            "{file}:{line} requires '{module}', which is neither in the package nor in the runtime: it will not be found unless a layer brings it"
        ));
    }
    warnings
}

fn is_shared_object(name: &str) -> bool {
    name.ends_with(".so") || name.contains(".so.")
}

/// Modules that a file asks for by name and that nothing brings, with who asks first.
fn missing(files: &[File]) -> BTreeMap<String, (&str, usize)> {
    let has = |name: String| files.binary_search_by(|file| file.name.cmp(&name)).is_ok();
    let is_there = |module: &str| {
        let path = module.replace('.', "/");
        BUILT_IN.contains(&module)
            || LUA_PLACES.iter().any(|place| has(format!("{place}{path}.lua")) || has(format!("{place}{path}/init.lua")))
            || C_PLACES.iter().any(|place| has(format!("{place}{path}.so")))
    };
    let mut missing = BTreeMap::new();
    for file in files.iter().filter(|file| is_source(file)) {
        for require in requires::find(&file.bytes) {
            if !is_there(&require.module) {
                missing.entry(require.module).or_insert((file.name.as_str(), require.line));
            }
        }
    }
    missing
}

/// Whether a file is Lua in source form. (Bytecode begins with an escape.)
pub fn is_source(file: &File) -> bool {
    file.name.ends_with(".lua") && !file.bytes.starts_with(b"\x1b")
}
