//! `coldmoon package`, `coldmoon layer` and `coldmoon new`: what is in the zips and folders, and one sentence for whatever is wrong.
//!
//! What needs the real bootstrap, bytecode and syntax, is in `tests/package.rs` of the package coldmoon-tests.

mod support;

use std::fs;
use std::io::{Cursor, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use support::copy_program;
use tempfile::TempDir;

/// The tool, as it is installed: in `bin`, with what stands for the runtimes in `lib/coldmoon`.
struct Installed {
    folder: TempDir,
}

impl Installed {
    fn new() -> Installed {
        let installed = Installed { folder: tempfile::tempdir().unwrap() };
        for (machine, code) in [("x86_64", 62), ("aarch64", 183)] {
            installed.write_runtime(machine, code);
        }
        fs::create_dir_all(installed.path("bin")).unwrap();
        copy_program(Path::new(env!("CARGO_BIN_EXE_coldmoon")), &installed.path("bin/coldmoon"));
        fs::create_dir_all(installed.path("work")).unwrap();
        installed
    }

    /// A file that begins like a program for this machine; it cannot be run.
    fn write_runtime(&self, machine: &str, code: u8) {
        let mut bytes = b"\x7fELF".to_vec();
        bytes.resize(64, 0);
        bytes[18] = code;
        self.write(&format!("lib/coldmoon/{machine}/bootstrap"), bytes);
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// It, to be run in `work`.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.path("bin/coldmoon"));
        command.args(arguments).current_dir(self.path("work")).env_remove("COLDMOON_BOOTSTRAP");
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs it where it is to succeed; gives what it said.
    #[track_caller]
    fn succeed(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && output.stdout.is_empty(), "{said}");
        said
    }

    /// Runs it where it is to fail, with one sentence.
    #[track_caller]
    fn fail(&self, arguments: &[&str], sentence: &str) {
        let output = self.run(arguments);
        assert_eq!(
            (String::from_utf8_lossy(&output.stderr).as_ref(), output.status.code()),
            (format!("coldmoon: {sentence}\n").as_str(), Some(1))
        );
    }

    /// What is in a zip: names, permissions, sizes.
    fn entries(&self, name: &str) -> Vec<(String, u32, u64)> {
        let mut zip = zip::ZipArchive::new(Cursor::new(fs::read(self.path(name)).unwrap())).unwrap();
        (0..zip.len())
            .map(|index| {
                let file = zip.by_index(index).unwrap();
                (file.name().unwrap().into_owned(), file.unix_mode().unwrap() & 0o777, file.size())
            })
            .collect()
    }

    fn names(&self, name: &str) -> Vec<String> {
        self.entries(name).into_iter().map(|(name, ..)| name).collect()
    }
}

#[test]
fn package_holds_what_the_function_needs() {
    let it = Installed::new();
    for (name, content) in [
        ("fn/app.lua", &b"return {}"[..]),
        ("fn/lib/a.lua", b""),
        ("fn/lua_modules/share/lua/5.1/rock.lua", b""),
        ("fn/lua_modules/lib/luarocks/rocks-5.1/manifest", b""),
        ("fn/lua_modules/bin/rock", b""),
        ("fn/.git/config", b""),
        ("fn/.env", b"SECRET=1"),
        ("fn/notes/todo.md", b""),
        ("fn/data.md", b""),
        ("fn/run.sh", b""),
        ("elsewhere/shared.lua", b"return 'shared'"),
        ("fn/.coldmoonignore", b"# notes\n*.md\n!data.md\n"),
    ] {
        it.write(&format!("work/{name}"), content);
    }
    symlink("../elsewhere/shared.lua", it.path("work/fn/shared.lua")).unwrap();
    symlink("../elsewhere", it.path("work/fn/more")).unwrap();
    fs::set_permissions(it.path("work/fn/run.sh"), fs::Permissions::from_mode(0o700)).unwrap();
    fs::set_permissions(it.path("work/fn/app.lua"), fs::Permissions::from_mode(0o600)).unwrap();

    let said = it.succeed(&["package", "fn"]);
    assert!(said.contains("fn.zip: 7 files, "), "{said}");
    let expected = [
        ("app.lua", 0o644),
        ("data.md", 0o644),
        ("lib/a.lua", 0o644),
        ("lua_modules/share/lua/5.1/rock.lua", 0o644),
        ("more/shared.lua", 0o644),
        ("run.sh", 0o755),
        ("shared.lua", 0o644),
    ];
    let found: Vec<(String, u32)> = it.entries("work/fn.zip").into_iter().map(|(name, mode, _)| (name, mode)).collect();
    assert_eq!(found, expected.map(|(name, mode)| (name.to_owned(), mode)));

    // The same bytes, whenever and by whatever name; a zip inside the folder does not hold itself.
    let bytes = fs::read(it.path("work/fn.zip")).unwrap();
    for _ in 0..2 {
        it.succeed(&["package", "fn", "--output", "fn/function.zip"]);
        assert!(fs::read(it.path("work/fn/function.zip")).unwrap() == bytes);
    }
}

#[test]
fn package_with_the_runtime_needs_no_layer() {
    let it = Installed::new();
    it.write("work/app.lua", "return {}");
    for (given, code) in [("x86_64", 62), ("arm64", 183), ("aarch64", 183)] {
        it.succeed(&["package", "--with-runtime", given, "-o", "f.zip"]);
        let names = [("LICENSE.coldmoon".to_owned(), 0o644), ("app.lua".to_owned(), 0o644), ("bootstrap".to_owned(), 0o755)];
        assert_eq!(it.entries("work/f.zip").into_iter().map(|(name, mode, _)| (name, mode)).collect::<Vec<_>>(), names);
        let mut zip = zip::ZipArchive::new(Cursor::new(fs::read(it.path("work/f.zip")).unwrap())).unwrap();
        let mut bootstrap = Vec::new();
        std::io::copy(&mut zip.by_name("bootstrap").unwrap(), &mut bootstrap).unwrap();
        assert_eq!(bootstrap[18], code);
        fs::remove_file(it.path("work/f.zip")).unwrap();
    }
    let output = it.run(&["package", "--with-runtime", "sparc"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && said.contains("Lambda has x86_64 and arm64"), "{said}");

    it.write("work/bootstrap", "mine");
    it.fail(
        &["package", "--with-runtime", "arm64"],
        "the folder has a file bootstrap already, which the runtime is to be: rename it, or put it into .coldmoonignore",
    );
    fs::remove_file(it.path("work/bootstrap")).unwrap();
    it.write_runtime("aarch64", 62);
    let path = it.path("lib/coldmoon/aarch64/bootstrap");
    it.fail(&["package", "--with-runtime", "arm64"], &format!("{} is for x86_64, not for arm64: install it again", path.display()));
    fs::remove_file(path).unwrap();
    it.fail(
        &["package", "--with-runtime", "arm64"],
        "there is no runtime for arm64 here: scripts/install of coldmoon's sources puts it there where it can be built, \
         and `scripts/build aarch64` builds it alone",
    );
}

#[test]
fn package_warns_of_what_will_not_work() {
    let it = Installed::new();
    let mut c_module = b"\x7fELF".to_vec();
    c_module.resize(64, 0);
    c_module[18] = 62;
    it.write("work/lua_modules/lib/lua/5.1/lfs.so", &c_module);
    it.write("work/app.lua", "local a = require 'a.b'\nlocal none = require(\"no.such\")\nlocal lfs = require 'lfs'\n-- require 'not'\n");
    it.write("work/a/b/init.lua", "require 'no.such' require 'cjson' require 'coldmoon.http' require 'table.new'");
    let said = it.succeed(&["package", "-o", "f.zip"]);
    let warnings: Vec<&str> = said.lines().filter(|line| line.starts_with("warning: ") && !line.contains("syntax")).collect();
    assert_eq!(
        warnings,
        [
            "warning: lua_modules/lib/lua/5.1/lfs.so is a shared object for x86_64: the static runtime loads none; use the dynamic layer \
             (scripts/layer --dynamic)",
            "warning: a/b/init.lua:1 requires 'no.such', which is neither in the package nor in the runtime: it will not be found unless a \
             layer brings it",
        ],
        "{said}"
    );
    // The runtime that is installed here cannot run.
    let unchecked = "warning: no file was checked for Lua's syntax, because there is no runtime here that could (--runtime)\n";
    assert!(said.contains(unchecked), "{said}");
}

#[test]
fn package_knows_lambdas_limits() {
    let it = Installed::new();
    // Random bytes do not get smaller.
    let mut random = Vec::new();
    fs::File::open("/dev/urandom").unwrap().take(51 * 1024 * 1024).read_to_end(&mut random).unwrap();
    it.write("work/large.bin", random);
    let said = it.succeed(&["package", "-o", "f.zip"]);
    assert!(said.contains("warning: the zip is over the 50 MB that can be uploaded directly: put it into an S3 bucket"), "{said}");
    // Holes take no room on the disk.
    fs::File::create(it.path("work/huge.bin")).unwrap().set_len(251 * 1024 * 1024).unwrap();
    fs::remove_file(it.path("work/large.bin")).unwrap();
    fs::remove_file(it.path("work/f.zip")).unwrap();
    it.fail(
        &["package"],
        "the files are more than the 250 MB that Lambda takes, huge.bin among them: put what the function does not need into .coldmoonignore",
    );
}

#[test]
fn package_says_in_one_sentence_what_is_wrong() {
    let it = Installed::new();
    it.fail(&["package", "nope"], "cannot read nope: no such file or directory");
    it.write("work/app.lua", "return {}");
    it.fail(&["package", "app.lua"], "app.lua is no folder: name the one that the function's files are in");
    it.fail(&["package", "-o", "no/such/folder/f.zip"], "cannot write no/such/folder/f.zip: no such file or directory");
    it.fail(&["package", "-o", "/"], "cannot write /: is a directory");
    // A device is written to, and stays one; a link stays a link. (The link is what a wrong tool would replace here, not the device.)
    symlink("/dev/full", it.path("work/full")).unwrap();
    it.fail(&["package", "-o", "full"], "cannot write full: no space left on device");
    it.write("zips/f.zip", "old");
    symlink("../zips/f.zip", it.path("work/f.zip")).unwrap();
    it.succeed(&["package", "-o", "f.zip"]);
    assert!(it.path("work/full").is_symlink() && it.path("work/f.zip").is_symlink());
    assert_eq!(it.names("zips/f.zip"), ["app.lua"]);
    for name in ["work/full", "work/f.zip"] {
        fs::remove_file(it.path(name)).unwrap();
    }
    it.write("work/empty/.hidden", "");
    it.fail(&["package", "empty"], "there is no file to package in empty");
    symlink(".", it.path("work/empty/loop")).unwrap();
    it.fail(&["package", "empty"], "cannot read empty: the link empty/loop leads back to a folder that it is in");
    fs::remove_file(it.path("work/empty/loop")).unwrap();
    symlink("nowhere", it.path("work/empty/link")).unwrap();
    it.fail(&["package", "empty"], "cannot read empty: the link empty/link leads nowhere: remove it");
    fs::remove_file(it.path("work/empty/link")).unwrap();
    it.fail(&["package", "/"], "say where the zip is to go: --output FILE");
    let output = it.command(&["package", "--bytecode"]).env("TMPDIR", "/no/such").output().unwrap();
    let sentence = "coldmoon: cannot compile: no temporary folder in /no/such: no such file or directory\n";
    assert_eq!((String::from_utf8_lossy(&output.stderr).as_ref(), output.status.code()), (sentence, Some(1)));
    it.write("work/empty/.coldmoonignore", "{\n");
    let said = String::from_utf8_lossy(&it.run(&["package", "empty"]).stderr).into_owned();
    assert!(said.starts_with("coldmoon: .coldmoonignore is wrong: ") && said.lines().count() == 1, "{said}");
    fs::remove_file(it.path("work/empty/.coldmoonignore")).unwrap();
    let odd = it.path("work/empty").join(std::ffi::OsStr::from_bytes(b"\xff.lua"));
    fs::write(&odd, "").unwrap();
    it.fail(
        &["package", "empty"],
        &format!(
            "the name of empty/{} is not UTF-8, as a zip needs it: rename the file, or put it into .coldmoonignore",
            '\u{fffd}'.to_string() + ".lua"
        ),
    );
    fs::remove_file(odd).unwrap();
    let status = Command::new("mkfifo").arg(it.path("work/empty/pipe")).status();
    it.write("work/empty/app.lua", "");
    if status.is_ok_and(|status| status.success()) {
        let said = it.succeed(&["package", "empty", "-o", "e.zip"]);
        assert!(said.contains("warning: pipe is neither a file nor a folder, and is left out"), "{said}");
        assert_eq!(it.names("work/e.zip"), ["app.lua"]);
    }
    // Root may read everything.
    if !rustix::process::geteuid().is_root() {
        fs::set_permissions(it.path("work/empty/app.lua"), fs::Permissions::from_mode(0o000)).unwrap();
        it.fail(&["package", "empty"], "cannot read empty/app.lua: permission denied");
    }
}

#[test]
fn layer_is_made_of_the_installed_runtime() {
    let it = Installed::new();
    let said = it.succeed(&["layer", "--arch", "arm64"]);
    assert!(said.starts_with("coldmoon-arm64.zip: the layer for arm64, "), "{said}");
    let found: Vec<(String, u32)> = it.entries("work/coldmoon-arm64.zip").into_iter().map(|(name, mode, _)| (name, mode)).collect();
    assert_eq!(found, [("bootstrap".to_owned(), 0o755), ("LICENSE".to_owned(), 0o644)]);
    it.succeed(&["layer", "--runtime", "../lib/coldmoon/x86_64/bootstrap", "-o", "l.zip"]);
    assert_eq!(it.names("work/l.zip"), ["bootstrap", "LICENSE"]);
    it.write("work/text", "text");
    it.fail(&["layer", "--runtime", "text"], "cannot use text: it is no program for x86_64 or arm64");
    it.fail(&["layer", "--runtime", "nope"], "cannot read nope: no such file or directory");
}

#[test]
fn new_makes_a_project_and_overwrites_nothing() {
    let it = Installed::new();
    let said = it.succeed(&["new", "orders"]);
    assert!(said.contains("cd orders\n") && said.contains("coldmoon invoke app.handler events/hello.json\n"), "{said}");
    for name in ["app.lua", "spec/app_spec.lua", "events/hello.json", "template.yaml", ".luarc.json", ".coldmoonignore", ".gitignore"] {
        assert!(it.path("work/orders").join(name).is_file(), "{name}");
    }
    let template = fs::read_to_string(it.path("work/orders/template.yaml")).unwrap();
    assert!(template.contains("FunctionName: orders\n") && !template.contains("NAME"), "{template}");
    // The editor finds the definitions, the stand-in the modules that it takes from the runtime.
    let settings: serde_json::Value = serde_json::from_slice(&fs::read(it.path("work/orders/.luarc.json")).unwrap()).unwrap();
    let library = it.path("work/orders").join(settings["workspace.library"][0].as_str().unwrap());
    let lua = Path::new(env!("CARGO_MANIFEST_DIR")).join("../lua");
    assert_eq!(fs::read_dir(&library).unwrap().count(), fs::read_dir(lua.join("library")).unwrap().count());
    for name in ["library/coldmoon.d.lua", "stub/coldmoon.lua", "coldmoon/http.lua"] {
        assert!(fs::read(it.path("work/orders/.coldmoon").join(name)).unwrap() == fs::read(lua.join(name)).unwrap(), "{name}");
    }
    // Only the function is packed.
    it.succeed(&["package", "orders"]);
    assert_eq!(it.names("work/orders.zip"), ["app.lua"]);

    it.fail(&["new", "orders"], "orders exists already and is not empty: choose another name");
    it.write("work/file", "");
    it.fail(&["new", "file"], "file exists already and is a file: choose another name");
    std::os::unix::fs::symlink("nowhere", it.path("work/link")).unwrap();
    it.fail(&["new", "link"], "link exists already and is a link to nothing: choose another name");
    it.fail(&["new", "file/inside"], "cannot use file/inside: not a directory");
    fs::create_dir(it.path("work/empty")).unwrap();
    it.succeed(&["new", "empty"]);
    let output = it.run(&["new", "two words"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.code() == Some(2) && said.contains("a function's name has letters, digits, - and _ only, at most 64 of them"),
        "{said}"
    );
}
