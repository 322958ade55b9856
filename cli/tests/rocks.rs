//! `coldmoon rocks`: the modules of a tree, and nothing else of it, the same bytes every time.

use std::fs;
use std::io::Cursor;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output};

fn rocks(tree: &Path, output: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_coldmoon")).arg("rocks").arg(tree).arg("--output").arg(output).output().expect("it can be started")
}

fn folder(name: &str) -> std::path::PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::remove_dir_all(&folder).ok();
    fs::create_dir_all(&folder).expect("a folder can be made");
    folder
}

#[test]
fn the_layer_holds_the_modules_of_the_tree() {
    let tree = folder("rocks-tree");
    let mut c_module = b"\x7fELF".to_vec();
    c_module.resize(64, 0);
    c_module[18] = 183;
    for (name, content) in [
        ("share/lua/5.1/z.lua", &b"return 1"[..]),
        ("share/lua/5.1/a/init.lua", b"return 2"),
        ("share/lua/5.4/other.lua", b"return 3"),
        ("lib/luarocks/rocks-5.1/z/1.0-1/z-1.0-1.rockspec", b"package = 'z'"),
        ("bin/z", b"#!/bin/sh"),
        ("native.so", &c_module),
    ] {
        let path = tree.join(name);
        fs::create_dir_all(path.parent().expect("a file in a folder")).expect("a folder can be made");
        fs::write(path, content).expect("a file can be written");
    }
    fs::create_dir_all(tree.join("lib/lua/5.1")).expect("a folder can be made");
    symlink("../../../native.so", tree.join("lib/lua/5.1/native.so")).expect("a link can be made");

    let (one, other) = (tree.join("one.zip"), tree.join("other.zip"));
    let output = rocks(&tree, &one);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("one.zip: 3 files, "), "{said}");
    assert!(said.ends_with("lib/lua/5.1/native.so is for aarch64, and for the dynamic build (scripts/build --dynamic)\n"), "{said}");
    assert!(rocks(&tree, &other).status.success());
    let bytes = fs::read(one).expect("the zip");
    assert_eq!(bytes, fs::read(other).expect("the zip"));

    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).expect("a zip");
    let mut found = Vec::new();
    for index in 0..zip.len() {
        let mut file = zip.by_index(index).expect("an entry");
        let mut content = Vec::new();
        std::io::copy(&mut file, &mut content).expect("it can be unpacked");
        found.push((file.name().expect("a name").into_owned(), file.unix_mode().unwrap_or_default() & 0o777, content));
    }
    let expected: [(String, u32, Vec<u8>); 3] = [
        ("lib/lua/5.1/native.so".into(), 0o644, c_module),
        ("share/lua/5.1/a/init.lua".into(), 0o644, b"return 2".to_vec()),
        ("share/lua/5.1/z.lua".into(), 0o644, b"return 1".to_vec()),
    ];
    assert_eq!(found, expected);
}

#[test]
fn what_is_no_tree_is_refused() {
    let empty = folder("rocks-none");
    let output = rocks(&empty, &empty.join("layer.zip"));
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    let expected = format!(
        "coldmoon: {}: no LuaRocks tree for Lua 5.1: there is nothing in its share/lua/5.1 and lib/lua/5.1; \
         `luarocks --lua-version 5.1 --tree DIR install NAME` makes one\n",
        empty.display()
    );
    assert_eq!(said, expected);
    assert!(!empty.join("layer.zip").exists());

    let odd = empty.join("share/lua/5.1");
    fs::create_dir_all(&odd).expect("a folder can be made");
    fs::write(odd.join(std::ffi::OsStr::from_bytes(b"\xff.lua")), "").expect("a file can be written");
    let output = rocks(&empty, &empty.join("layer.zip"));
    let expected = format!("coldmoon: {}: \u{fffd}.lua: not UTF-8\n", empty.display());
    assert_eq!((String::from_utf8_lossy(&output.stderr).as_ref(), output.status.code()), (expected.as_str(), Some(1)));
}
