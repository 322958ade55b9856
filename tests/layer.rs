//! The layer's zip as `scripts/layer` makes it: what is in it, that it runs when it is unpacked, and that its licence file is complete.
//!
//! The zip is `dist/coldmoon-<arch>.zip` beside the `dist/<arch>/bootstrap` that is under test. Where another binary is (the debug build has
//! no layer), that is said and passes. With bytes equal to those of the binary under test, what other tests show of it holds for the layer.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use coldmoon_cli::function::Function;
use coldmoon_cli::runtime_api::{Invocation, Options, RuntimeApi};
use coldmoon_tests::elf::asks_for_its_thread;
use coldmoon_tests::process::Setup;
use coldmoon_tests::{PATIENCE, bootstrap, runner, skip, tell, workspace};
use serde_json::Value;
use zip::{CompressionMethod, DateTime, ZipArchive};

/// What Lambda calls the two architectures, as `uname -m` does.
const ARCHITECTURES: [&str; 2] = ["x86_64", "aarch64"];

/// The zip made of the binary under test.
fn layer() -> Option<(PathBuf, &'static str)> {
    let bootstrap = bootstrap();
    let arch = ARCHITECTURES.into_iter().find(|arch| bootstrap == workspace().join("dist").join(arch).join("bootstrap"));
    let Some(arch) = arch else {
        skip("the binary under test is not that of scripts/layer");
        return None;
    };
    Some((workspace().join(format!("dist/coldmoon-{arch}.zip")), arch))
}

fn content(archive: &mut ZipArchive<fs::File>, name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    archive.by_name(name).expect("it is in the zip").read_to_end(&mut bytes).expect("it can be unpacked");
    bytes
}

/// `src/lua/musl/start.rs` sets no thread up.
#[test]
fn nothing_in_the_layer_asks_for_its_thread() {
    if layer().is_some() {
        assert!(!asks_for_its_thread(&bootstrap()));
    }
    // This program has threads.
    assert!(asks_for_its_thread(&std::env::current_exe().expect("its path")));
}

#[test]
fn the_layer_holds_two_files_and_runs_when_it_is_unpacked() {
    let Some((path, arch)) = layer() else { return };
    let file = fs::File::open(&path).unwrap_or_else(|error| panic!("{}: {error}; scripts/layer {arch} makes it", path.display()));
    let mut archive = ZipArchive::new(file).expect("a zip");
    let entries: Vec<_> = (0..archive.len())
        .map(|index| {
            let entry = archive.by_index(index).expect("an entry");
            let is_plain = entry.compression() == CompressionMethod::Deflated && entry.extra_data().is_none_or(|extra| extra.is_empty());
            let name = entry.name().expect("a plain name").into_owned();
            assert!(is_plain && entry.last_modified() == Some(DateTime::default()), "{name}");
            (name, entry.unix_mode().map(|mode| mode & 0o7777))
        })
        .collect();
    assert_eq!(entries, [("bootstrap".to_owned(), Some(0o755)), ("LICENSE".to_owned(), Some(0o644))]);
    let bytes = content(&mut archive, "bootstrap");
    assert!(
        bytes == fs::read(bootstrap()).expect("the binary under test"),
        "the zip holds another bootstrap; scripts/layer {arch} renews it"
    );
    assert!(content(&mut archive, "LICENSE") == fs::read(workspace().join("vendor/LICENSE")).expect("the licence file"));

    // As Lambda does: unpacked, and started.
    let setup = Setup::new("return { handler = function(event) return { jit.arch, event } end }\n");
    let unpacked = setup.folder().join("bootstrap");
    fs::write(&unpacked, bytes).expect("it can be unpacked");
    fs::set_permissions(&unpacked, fs::Permissions::from_mode(0o755)).expect("it is ours");
    let api = RuntimeApi::start(Options::default()).expect("a local API");
    let mut function = Function::new(unpacked, "app.handler");
    function.runner = runner();
    function.task_root = setup.folder().to_owned();
    let process = function.start(&api).expect("it starts");
    let outcome = api.queue(Invocation::new("\"an event\"")).wait_timeout(PATIENCE).expect("an outcome in time");
    let response = outcome.response().unwrap_or_else(|| panic!("no response\n{}", process.log()));
    let name = if arch == "aarch64" { "arm64" } else { "x64" };
    assert_eq!(String::from_utf8_lossy(&response.body), format!("[\"{name}\",\"an event\"]"));
    process.end(Duration::ZERO);
    tell(&format!("layer: {} of {} bytes, unpacked and run", path.display(), fs::metadata(&path).expect("it is there").len()));
}

/// The folders of the crates that are linked into the binary of `package`, and of luajit-src.
fn crates(package: &str) -> Vec<(String, PathBuf)> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output =
        Command::new(cargo).args(["metadata", "--format-version=1", "--locked"]).current_dir(workspace()).output().expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    let nodes = metadata["resolve"]["nodes"].as_array().expect("the dependencies");
    let packages = metadata["packages"].as_array().expect("the packages");
    let package_of = |id: &str| packages.iter().find(|one| one["id"] == id).expect("a package");
    let runtime = packages.iter().find(|one| one["name"] == package).expect("the runtime");
    let mut linked = BTreeSet::new();
    let mut ahead = vec![runtime["id"].as_str().expect("an id").to_owned()];
    while let Some(id) = ahead.pop() {
        let node = nodes.iter().find(|node| node["id"] == id.as_str()).expect("a node");
        for dependency in node["deps"].as_array().expect("its dependencies") {
            let is_linked = dependency["dep_kinds"].as_array().expect("kinds").iter().any(|kind| kind["kind"].is_null());
            let id = dependency["pkg"].as_str().expect("an id").to_owned();
            if dependency["name"] == "luajit_src" {
                // Needed for the build alone, but what it builds is linked.
                linked.insert(id);
            } else if is_linked && linked.insert(id.clone()) {
                ahead.push(id);
            }
        }
    }
    let folder = |id: &String| {
        let package = package_of(id);
        let manifest = Path::new(package["manifest_path"].as_str().expect("a path"));
        (package["name"].as_str().expect("a name").to_owned(), manifest.parent().expect("a folder").to_owned())
    };
    linked.iter().map(folder).collect()
}

#[test]
fn the_licence_file_holds_the_text_of_every_part() {
    check_licences("vendor/LICENSE", crates("coldmoon"));
}

#[test]
fn so_does_that_of_the_javascript_runtime() {
    // Cargo resolves all packages together, Lua's feature of the core with them; the core itself is the first text of the file.
    let linked = crates("coldmoon-quickjs").into_iter().filter(|(name, _)| name != "luajit-src" && name != "coldmoon");
    check_licences("examples/quickjs/LICENSE", linked.collect());
}

fn check_licences(licence: &str, linked: Vec<(String, PathBuf)>) {
    let file = fs::read_to_string(workspace().join(licence)).expect("the licence file");
    let mut texts = vec![("coldmoon".to_owned(), workspace().join("LICENSE"))];
    for (name, folder) in linked {
        // Of luajit-src only LuaJIT itself is linked, of rquickjs-sys, beside its declarations, QuickJS. Crates that may be had under MIT or
        // another licence are taken under MIT.
        let text = match name.as_str() {
            "luajit-src" => "luajit2/COPYRIGHT",
            "rquickjs-sys" => "quickjs/LICENSE",
            _ => "LICENSE-MIT",
        };
        texts.push((name, folder.join(text)));
    }
    // A title stands between two lines of eighty signs.
    let line = format!("\n{}\n", "=".repeat(80));
    let titles: Vec<&str> = file.split(&line).skip(1).step_by(2).collect();
    for (name, path) in &texts {
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(file.contains(&text), "{licence} has not the text of {name}, which is in {}", path.display());
    }
    // No crate brings these two; and nothing is listed that is not there any more.
    assert_eq!(titles[titles.len() - 2..], ["musl, the C library", "Rust's core library (MIT or Apache-2.0)"]);
    assert_eq!(titles.len(), texts.len() + 2, "{titles:?} are the parts of {licence}, but linked are {texts:?}");
}
