//! A LuaRocks tree as a layer: what `require` finds below `/opt`, and nothing else of the tree.
//!
//! `luarocks --lua-version 5.1 --tree TREE …` puts Lua files into `TREE/share/lua/5.1`, C modules into `TREE/lib/lua/5.1`, and its own
//! notes, programs and documents beside them, which a function does not need.

use std::fs;
use std::io;
use std::path::Path;

use crate::layer::File;

/// The parts of a tree that hold modules.
const PARTS: [&str; 2] = ["share/lua/5.1", "lib/lua/5.1"];

/// The modules of a tree, sorted by name. Links are followed.
///
/// # Errors
/// Where the tree cannot be read, or is none for Lua 5.1.
pub fn read(tree: &Path) -> io::Result<Vec<File>> {
    let mut files = Vec::new();
    for part in PARTS {
        if tree.join(part).is_dir() {
            read_folder(tree, part, &mut files)?;
        }
    }
    if files.is_empty() {
        let text = "no LuaRocks tree for Lua 5.1: there is nothing in its share/lua/5.1 and lib/lua/5.1; \
                    `luarocks --lua-version 5.1 --tree DIR install NAME` makes one";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    files.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(files)
}

fn read_folder(tree: &Path, folder: &str, files: &mut Vec<File>) -> io::Result<()> {
    for entry in fs::read_dir(tree.join(folder))? {
        let name = entry?.file_name();
        let name = name.to_str().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, format!("{}: not UTF-8", name.display())))?;
        let name = format!("{folder}/{name}");
        let path = tree.join(&name);
        if path.is_dir() {
            read_folder(tree, &name, files)?;
        } else {
            files.push(File { bytes: fs::read(path)?, name, mode: 0o644 });
        }
    }
    Ok(())
}
