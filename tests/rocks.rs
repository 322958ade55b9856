//! LuaRocks: a tree that the real `luarocks` has made, laid out as a layer, is required from by a function.
//!
//! The rocks are made of Debian's packages, with a rockspec each, because a test asks no network; `fnv` is made here, in C. `luarocks make`
//! builds and installs them as it does any rock.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use coldmoon_cli::architecture::Architecture;
use coldmoon_cli::layer::File;
use coldmoon_cli::runtime_api::{Invocation, Options, Outcome, RuntimeApi};
use coldmoon_cli::tree;
use coldmoon_tests::elf::bootstrap_is_dynamic;
use coldmoon_tests::process::{Setup, can_mount};
use coldmoon_tests::{skip, tell};

const DEBIAN_LUA: &str = "/usr/share/lua/5.1";

/// A rock in C: the FNV-1a hash of a string.
const FNV: &str = "#include <lua.h>\n#include <lauxlib.h>\n\
    static int hash(lua_State *state) {\n\
      size_t bytes;\n\
      const char *text = luaL_checklstring(state, 1, &bytes);\n\
      unsigned hash = 2166136261u;\n\
      for (size_t at = 0; at < bytes; at++) hash = (hash ^ (unsigned char)text[at]) * 16777619u;\n\
      lua_pushnumber(state, hash);\n\
      return 1;\n\
    }\n\
    int luaopen_fnv(lua_State *state) { lua_pushcfunction(state, hash); return 1; }\n";

fn debian_c(name: &str) -> PathBuf {
    Path::new("/usr/lib").join(format!("{}-linux-gnu", std::env::consts::ARCH)).join("lua/5.1").join(name)
}

/// Installs a rock into `tree`: its files, as (module, file), and what its rockspec says of them.
fn install(tree: &Path, name: &str, files: &[(String, PathBuf)], build: impl Fn(&str, &str) -> String) -> Result<(), String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut entries = String::new();
    for (module, file) in files {
        let local = format!("{module}.{}", file.extension().and_then(|extension| extension.to_str()).unwrap_or_default());
        std::fs::copy(file, folder.path().join(&local)).map_err(|error| format!("{}: {error}", file.display()))?;
        write!(entries, "[{module:?}] = {local:?}, ").ok();
    }
    let rockspec = format!(
        "package = {name:?}\nversion = '1.0-1'\nrockspec_format = '3.0'\nsource = {{ url = 'file://.' }}\n\
         dependencies = {{ 'lua >= 5.1' }}\nbuild = {{ type = 'builtin', {} }}\n",
        build(&entries, name)
    );
    let file = format!("{name}-1.0-1.rockspec");
    std::fs::write(folder.path().join(&file), rockspec).expect("a file can be written");
    let mut command = Command::new("luarocks");
    command.args(["--lua-version", "5.1", "--tree"]).arg(tree).args(["make", &file]).current_dir(&folder).stdin(Stdio::null());
    let output = command.output().map_err(|error| format!("luarocks cannot be started: {error}"))?;
    if output.status.success() { Ok(()) } else { Err(format!("{name}: {}", String::from_utf8_lossy(&output.stderr))) }
}

/// The Lua modules of a Debian package: one file, or a folder's.
fn debian_modules(name: &str) -> Vec<(String, PathBuf)> {
    let file = Path::new(DEBIAN_LUA).join(format!("{name}.lua"));
    if file.is_file() {
        return vec![(name.to_owned(), file)];
    }
    let entries = std::fs::read_dir(Path::new(DEBIAN_LUA).join(name)).into_iter().flatten();
    let paths = entries.map(|entry| entry.expect("a folder can be read").path());
    paths.filter_map(|path| Some((format!("{name}.{}", path.file_stem()?.to_str()?), path))).collect()
}

/// A tree with five pure-Lua rocks, and two in C where asked for.
fn make_tree(tree: &Path, with_c: bool) -> Result<(), String> {
    for name in ["pl", "luaunit", "inspect", "argparse", "re"] {
        let files = debian_modules(name);
        if files.is_empty() {
            return Err(format!("{name} is not installed (Debian: lua-penlight lua-unit lua-inspect lua-argparse lua-lpeg)"));
        }
        install(tree, name, &files, |files, _| format!("modules = {{ {files} }}"))?;
    }
    if with_c {
        let source = tempfile::tempdir().expect("a temporary folder");
        let file = source.path().join("fnv.c");
        std::fs::write(&file, FNV).expect("a file can be written");
        install(tree, "fnv", &[("fnv".into(), file)], |_, name| format!("modules = {{ [{name:?}] = {{ '{name}.c' }} }}"))?;
        install(tree, "lpeg", &[("lpeg".into(), debian_c("lpeg.so"))], |files, _| format!("install = {{ lib = {{ {files} }} }}"))?;
    }
    Ok(())
}

/// The folder that a layer made of the tree is unpacked to; what is in it.
fn layer_of(tree: &Path) -> (tempfile::TempDir, Vec<File>) {
    let files = tree::read(tree).expect("it is a tree");
    let layer = tempfile::tempdir().expect("a temporary folder");
    for file in &files {
        let path = layer.path().join(&file.name);
        std::fs::create_dir_all(path.parent().expect("a file in a folder")).expect("a folder can be made");
        std::fs::write(path, &file.bytes).expect("a file can be written");
    }
    (layer, files)
}

/// Runs `app.lua` with the layer; what it returns, or the error's message.
fn run(source: &str, layer: &Path) -> Result<serde_json::Value, String> {
    let setup = Setup::new(source).with_layer(layer);
    let api = RuntimeApi::start(Options::default()).expect("a local API");
    let process = setup.start(api.address());
    match api.queue(Invocation::new("[3,1,2]")).wait() {
        Outcome::Response(response) => Ok(serde_json::from_slice(&response.body).expect("a response is JSON")),
        Outcome::Error(report) | Outcome::InitError(report) => Err(report.error_message().unwrap_or_default()),
        outcome => panic!("{outcome:?}\n{}", process.report()),
    }
}

/// A tree of [`make_tree`]; `None` where it cannot be made here, with the reason told.
fn tree_with(with_c: bool) -> Option<tempfile::TempDir> {
    if !can_mount() {
        skip("no folder can be shown as /opt here");
        return None;
    }
    let tree = tempfile::tempdir().expect("a temporary folder");
    match make_tree(tree.path(), with_c) {
        Ok(()) => Some(tree),
        Err(why) => {
            skip(&why);
            None
        }
    }
}

#[test]
fn a_tree_of_pure_lua_rocks_is_a_layer() {
    let Some(tree) = tree_with(false) else { return };
    let (layer, files) = layer_of(tree.path());
    assert!(files.iter().all(|file| file.name.starts_with("share/lua/5.1/") && Architecture::of_binary(&file.bytes).is_none()));
    let bytes: usize = files.iter().map(|file| file.bytes.len()).sum();
    tell(&format!("five rocks: {} files, {bytes} bytes", files.len()));
    let source = r#"
        local List, stringx, inspect = require "pl.List", require "pl.stringx", require "inspect"
        local argparse, luaunit = require "argparse", require "luaunit"
        return { handler = function(event)
          luaunit.assertEquals(event, { 3, 1, 2 })
          local _, failure = pcall(luaunit.assertEquals, event, { 3, 1 })
          local parser = argparse("tool")
          parser:option("-n --name")
          return {
            List(event):sort():map("*", 2):join(" "), stringx.title("ada lovelace"), inspect({ 1, { a = "b" } }),
            parser:parse({ "--name", "Ada" }).name, tostring(failure.msg or failure):match("expected") ~= nil,
          }
        end }"#;
    let found = run(source, layer.path()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(found, serde_json::json!(["2 4 6", "Ada Lovelace", "{ 1, {\n    a = \"b\"\n  } }", "Ada", true]));
}

/// For what a file is a shared object.
fn architecture(file: &File) -> Option<&'static str> {
    Architecture::of_binary(&file.bytes)?.map(Architecture::machine).ok()
}

#[test]
fn a_tree_with_rocks_in_c_runs_in_the_dynamic_build_and_is_refused_by_the_static_one() {
    let Some(tree) = tree_with(true) else { return };
    let (layer, files) = layer_of(tree.path());
    let c_modules: Vec<_> = files.iter().filter_map(|file| Some((file.name.as_str(), architecture(file)?))).collect();
    assert_eq!(c_modules, [("lib/lua/5.1/fnv.so", std::env::consts::ARCH), ("lib/lua/5.1/lpeg.so", std::env::consts::ARCH)]);
    let source = r#"
        local List, re, fnv = require "pl.List", require "re", require "fnv"
        return { handler = function(event)
          return { List(event):sort():join(" "), re.find("a rock in C", "'rock'"), string.format("%08x", fnv("foobar")) }
        end }"#;
    let found = run(source, layer.path());
    if bootstrap_is_dynamic() {
        // The hash is the one in FNV's own test vectors.
        assert_eq!(found, Ok(serde_json::json!(["1 2 3", 3, "bf9cf968"])));
    } else {
        let message = "module 'lpeg' is a C module (/opt/lib/lua/5.1/lpeg.so): the static build of coldmoon loads no shared objects; \
                       use the dynamic build (scripts/build --dynamic)";
        let found = found.expect_err("it is refused");
        assert!(found.ends_with(message), "{found}");
        let pure = "local List = require 'pl.List' return { handler = function(event) return List(event):sort():join(' ') end }";
        assert_eq!(run(pure, layer.path()), Ok(serde_json::json!("1 2 3")));
    }
}
