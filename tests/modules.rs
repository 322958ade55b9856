//! The whole search path of `require`, with real files at every entry, those below `/opt` too.
//!
//! A layer's folder is shown as `/opt` in a mount namespace. That C modules lie beside Lua modules is shown with shared objects that the C
//! compiler makes here, where the binary under test has a dynamic linker.

use std::path::{Path, PathBuf};
use std::process::Command;

use coldmoon_cli::runtime_api::{Invocation, Options, Outcome, RuntimeApi};
use coldmoon_tests::elf::bootstrap_is_dynamic;
use coldmoon_tests::process::{Setup, can_mount};
use coldmoon_tests::skip;

/// Where Lua files are found, in order. `$ROOT` is the task root.
const LUA_PLACES: [&str; 18] = [
    "$ROOT/user/?.lua",
    "$ROOT/?.lua",
    "$ROOT/?/init.lua",
    "$ROOT/lua_modules/share/lua/5.1/?.lua",
    "$ROOT/lua_modules/share/lua/5.1/?/init.lua",
    "$ROOT/share/lua/5.1/?.lua",
    "$ROOT/share/lua/5.1/?/init.lua",
    "/opt/?.lua",
    "/opt/?/init.lua",
    "/opt/lua_modules/share/lua/5.1/?.lua",
    "/opt/lua_modules/share/lua/5.1/?/init.lua",
    "/opt/share/lua/5.1/?.lua",
    "/opt/share/lua/5.1/?/init.lua",
    "/opt/lua/?.lua",
    "/opt/lua/?/init.lua",
    "/opt/rocks/share/lua/5.1/?.lua",
    "/opt/rocks/share/lua/5.1/?/init.lua",
    "$ROOT/user/last/?.lua",
];

/// Where C modules are found, in order.
const C_PLACES: [&str; 10] = [
    "$ROOT/user/?.so",
    "$ROOT/?.so",
    "$ROOT/lua_modules/lib/lua/5.1/?.so",
    "$ROOT/lib/lua/5.1/?.so",
    "/opt/?.so",
    "/opt/lua_modules/lib/lua/5.1/?.so",
    "/opt/lib/lua/5.1/?.so",
    "/opt/lua/?.so",
    "/opt/rocks/lib/lua/5.1/?.so",
    "$ROOT/user/last/?.so",
];

/// Requires `m0`, `m1`, … and returns what each is.
const HANDLER: &str = "return { handler = function(count)\n\
    local found = {}\n\
    for index = 0, count - 1 do found[index + 1] = require('m' .. index) end\n\
    return found\n\
  end }\n";

/// The file of a module at a place, on this side of the mount.
fn file(place: &str, module: &str, root: &Path, layer: &Path) -> PathBuf {
    let path = place.replace('?', module);
    match path.strip_prefix("$ROOT/") {
        Some(path) => root.join(path),
        None => layer.join(path.strip_prefix("/opt/").expect("a place is below one of the two")),
    }
}

fn write(path: &Path, content: impl AsRef<[u8]>) {
    std::fs::create_dir_all(path.parent().expect("a file in a folder")).expect("a folder can be made");
    std::fs::write(path, content).expect("a file can be written");
}

/// Runs [`HANDLER`] on modules of which the n-th lies at the n-th place and at all behind it: each is found at the first.
fn check_order(places: &[&str], variable: &str, content: impl Fn(usize) -> Vec<u8>) {
    let layer = tempfile::tempdir().expect("a temporary folder");
    let setup = Setup::new(HANDLER).with_layer(layer.path());
    let root = setup.folder().to_str().expect("a temporary folder has a plain name").to_owned();
    for (at, place) in places.iter().enumerate() {
        let content = content(at);
        for module in 0..=at {
            write(&file(place, &format!("m{module}"), setup.folder(), layer.path()), &content);
        }
    }
    let (first, last) = (places[0].replace("$ROOT", &root), places[places.len() - 1].replace("$ROOT", &root));
    let setup = setup.with(variable, format!("{first};;{last}"));
    let api = RuntimeApi::start(Options::default()).expect("a local API");
    let process = setup.start(api.address());
    let outcome = api.queue(Invocation::new(places.len().to_string())).wait();
    let Outcome::Response(response) = outcome else { panic!("{outcome:?}\n{}", process.report()) };
    let found: Vec<String> = serde_json::from_slice(&response.body).expect("a list of places");
    assert_eq!(found, places, "{}", process.report());
}

#[test]
fn a_lua_module_is_found_at_every_place_and_in_order() {
    if !can_mount() {
        return skip("no folder can be shown as /opt here");
    }
    check_order(&LUA_PLACES, "LUA_PATH", |at| format!("return {:?}\n", LUA_PLACES[at]).into_bytes());
}

#[test]
fn a_c_module_is_found_at_every_place_and_in_order() {
    if !bootstrap_is_dynamic() {
        return skip("the binary under test is static");
    }
    if !can_mount() {
        return skip("no folder can be shown as /opt here");
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    check_order(&C_PLACES, "LUA_CPATH", |at| {
        let mut source = String::from("void lua_pushstring(void *state, const char *text);\n");
        for module in 0..C_PLACES.len() {
            source.push_str(&format!("int luaopen_m{module}(void *state) {{ lua_pushstring(state, {:?}); return 1; }}\n", C_PLACES[at]));
        }
        let (from, to) = (folder.path().join("place.c"), folder.path().join("place.so"));
        write(&from, source);
        let status = Command::new("cc").args(["-shared", "-fPIC", "-O0", "-o"]).arg(&to).arg(&from).status();
        assert!(status.expect("a C compiler built LuaJIT").success());
        std::fs::read(to).expect("the compiler's output")
    });
}
