//! C modules and shared objects in the builds with a dynamic linker; real ones, those of Debian's packages.
//!
//! What the static build says of them: `handlers/c_module*.lua`, `handlers/ffi_*.lua`.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use coldmoon_cli::runtime_api::{Invocation, Options, Outcome, RuntimeApi};
use coldmoon_tests::elf::{bootstrap_is_dynamic, exports, imports};
use coldmoon_tests::process::Setup;
use coldmoon_tests::{bootstrap, skip, tell, workspace};
use serde_json::{Value, json};

/// Amazon Linux 2023 has glibc 2.34, and will have it for its whole life.
const GLIBC_MINOR_MAX: u32 = 34;

/// Where Debian puts modules for Lua 5.1.
const DEBIAN_LUA: &str = "/usr/share/lua/5.1";

fn debian_c() -> PathBuf {
    Path::new("/usr/lib").join(format!("{}-linux-gnu", std::env::consts::ARCH)).join("lua/5.1")
}

/// Whether the binary can load the modules and they are installed; says why not.
fn has(modules: &[&str]) -> bool {
    if !bootstrap_is_dynamic() {
        skip("the binary under test is static");
        return false;
    }
    let missing = modules.iter().find(|module| !debian_c().join(module).exists() && !Path::new(DEBIAN_LUA).join(module).exists());
    if let Some(missing) = missing {
        skip(&format!("{missing} is not installed (Debian: lua-cjson lua-lpeg lua-filesystem lua-socket lua-sec)"));
    }
    missing.is_none()
}

/// What a function with Debian's modules on its paths makes of an event.
fn call(source: &str, event: &Value) -> Value {
    let setup =
        Setup::new(source).with("LUA_PATH", format!("{DEBIAN_LUA}/?.lua")).with("LUA_CPATH", format!("{}/?.so", debian_c().display()));
    let api = RuntimeApi::start(Options::default()).expect("a local API");
    let process = setup.start(api.address());
    let outcome = api.queue(Invocation::new(event.to_string())).wait();
    let Outcome::Response(response) = outcome else { panic!("{outcome:?}\n{}", process.report()) };
    serde_json::from_slice(&response.body).expect("a response is JSON")
}

/// The dynamic build, as `scripts/build --dynamic` has put it.
fn dynamic_build() -> Option<PathBuf> {
    let path = workspace().join(format!("dist/{}-dynamic/bootstrap", std::env::consts::ARCH));
    if !path.is_file() {
        skip(&format!("there is no {}: scripts/build --dynamic makes it", path.display()));
        return None;
    }
    Some(path)
}

#[test]
fn the_dynamic_build_needs_no_newer_glibc_than_amazon_linux_2023_has() {
    let Some(path) = dynamic_build() else { return };
    let needed: Vec<(u32, String, String)> = imports(&path)
        .into_iter()
        .filter(|(_, version)| !version.is_empty())
        .map(|(name, version)| {
            let minor = version.strip_prefix("GLIBC_2.").and_then(|rest| rest.split('.').next()?.parse().ok());
            (minor.unwrap_or_else(|| panic!("{name}@{version} is no symbol of glibc")), name, version)
        })
        .collect();
    let newest = needed.iter().max().expect("it needs glibc");
    tell(&format!("{} symbols of glibc, the newest is {}@{}", needed.len(), newest.1, newest.2));
    let too_new: Vec<_> = needed.iter().filter(|(minor, ..)| *minor > GLIBC_MINOR_MAX).collect();
    assert!(too_new.is_empty(), "it needs {too_new:?}; build it where glibc is older");
}

#[test]
fn luas_api_is_exported_and_nothing_else() {
    if !bootstrap_is_dynamic() {
        return skip("the binary under test is static");
    }
    let names = exports(&bootstrap());
    let is_api = |name: &&String| ["lua_", "luaL_", "luaopen_", "luaJIT_"].iter().any(|prefix| name.starts_with(prefix));
    let others: Vec<_> = names.iter().filter(|name| !is_api(name)).collect();
    assert!(others.is_empty(), "{others:?}");
    // Functions that nothing in the binary itself calls.
    for name in ["lua_newuserdata", "lua_resume", "lua_yield", "lua_dump", "luaL_openlib", "luaL_ref", "luaL_loadfile", "luaL_checkoption"]
    {
        assert!(names.iter().any(|found| found == name), "{name} is not exported");
    }
}

#[test]
fn debians_c_modules_work() {
    if !has(&["cjson.so", "lpeg.so", "re.lua", "lfs.so", "socket/core.so", "mime/core.so"]) {
        return;
    }
    let found = call(
        r#"
        local cjson, lpeg, re, lfs = require "cjson", require "lpeg", require "re", require "lfs"
        local socket, mime = require "socket", require "mime"
        local coldmoon = require "coldmoon"
        local sum = re.compile([[ sum <- {| number (%s* "+" %s* number)* |}  number <- {[0-9]+} -> tonumber ]], { tonumber = tonumber })
        return { handler = function(event)
          -- lua-cjson's own, not the runtime's: its null is the same value.
          local decoded = cjson.decode(event.json)
          -- An error raised in C code, through a pcall, in a loop that is compiled.
          local failures = 0
          for _ = 1, 1000 do
            if not pcall(cjson.decode, "[") then failures = failures + 1 end
          end
          local names = {}
          for name in lfs.dir(lfs.currentdir()) do names[#names + 1] = name end
          table.sort(names)
          -- A connection to itself.
          local server = assert(socket.bind("127.0.0.1", 0))
          local host, port = server:getsockname()
          local client = assert(socket.connect(host, port))
          local peer = assert(server:accept())
          assert(client:send("over a socket\n"))
          return {
            cjson = { type(cjson._NAME), decoded.list[2] == coldmoon.null, failures, cjson.encode({ 1, 2 }) },
            lpeg = { sum:match("1 + 20 + 300"), lpeg.match(lpeg.C(lpeg.R("az") ^ 1), "abc1") },
            lfs = { names, lfs.attributes("app.lua", "mode") },
            socket = { peer:receive(), (mime.b64("Ada\0")) },
          }
        end }"#,
        &json!({ "json": "{\"list\":[1,null]}" }),
    );
    let expected = json!({
        "cjson": ["string", true, 1000, "[1,2]"],
        "lpeg": [[1, 20, 300], "abc"],
        "lfs": [[".", "..", "app.lua"], "file"],
        "socket": ["over a socket", "QWRhAA=="],
    });
    assert_eq!(found, expected);
}

#[test]
fn ffi_loads_the_systems_libraries() {
    if !bootstrap_is_dynamic() {
        return skip("the binary under test is static");
    }
    let source = r#"
        local ffi = require "ffi"
        ffi.cdef "unsigned long crc32(unsigned long crc, const char *bytes, unsigned count); void *getpwnam(const char *name);"
        return { handler = function(text)
          local has_zlib, zlib = pcall(ffi.load, "libz.so.1")
          return { ffi.C.getpwnam("root") ~= nil, has_zlib and tonumber(zlib.crc32(0, text, #text)) or zlib }
        end }"#;
    let found = call(source, &json!("123456789"));
    if found[1].is_string() {
        return skip(&format!("{}", found[1]));
    }
    assert_eq!(found, json!([true, 0xcbf4_3926_u32]));
}

/// A TLS server on a free port of 127.0.0.1 that gives out the files of its folder; ended when it is dropped.
struct TlsServer {
    child: Child,
    port: u16,
    folder: tempfile::TempDir,
}

impl TlsServer {
    /// `None` where there is no openssl.
    fn start() -> Option<TlsServer> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let run = |arguments: &str| {
            let output = Command::new("openssl").args(arguments.split(' ')).current_dir(&folder).stdin(Stdio::null()).output().ok()?;
            assert!(output.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&output.stderr));
            Some(())
        };
        // The authority that signs, and another one that nobody has asked.
        for name in ["ca", "other"] {
            run(&format!(
                "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN={name} -keyout {name}.key -out {name}.pem"
            ))?;
        }
        run("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -keyout server.key -out server.csr")?;
        run("x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out server.pem")?;
        std::fs::write(folder.path().join("hello.txt"), "over TLS\n").expect("a file can be written");
        let mut child = Command::new("openssl")
            .args("s_server -accept 127.0.0.1:0 -WWW -cert server.pem -key server.key".split(' '))
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        // It says `ACCEPT 127.0.0.1:40123`.
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let port = lines.map_while(Result::ok).find_map(|line| line.strip_prefix("ACCEPT ")?.rsplit(':').next()?.trim().parse().ok());
        let port = port.expect("s_server says where it listens");
        Some(TlsServer { child, port, folder })
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[test]
fn luasec_asks_over_https_and_verifies_the_certificate() {
    if !has(&["ssl.so", "ssl.lua", "ssl/https.lua", "socket/core.so"]) {
        return;
    }
    let Some(server) = TlsServer::start() else { return skip("there is no openssl") };
    let source = r#"
        local https, ltn12 = require "ssl.https", require "ltn12"
        return { handler = function(event)
          local parts = {}
          local ok, code = https.request {
            url = "https://127.0.0.1:" .. event.port .. "/hello.txt", sink = ltn12.sink.table(parts),
            protocol = "any", options = { "all", "no_sslv3" }, verify = "peer", cafile = event.ca,
          }
          return { ok, code, table.concat(parts) }
        end }"#;
    let ask = |authority: &str| call(source, &json!({ "port": server.port, "ca": server.folder.path().join(authority) }));
    assert_eq!(ask("ca.pem"), json!([1, 200, "over TLS\n"]));
    let refused = ask("other.pem");
    assert!(refused[0].is_null() && refused[1].as_str().is_some_and(|why| why.contains("certificate verify failed")), "{refused}");
}

#[test]
fn the_readme_lists_what_ffi_c_has() {
    let source = std::fs::read_to_string(workspace().join("src/lua/symbols.rs")).expect("a source file");
    let table = source.split("table!(\n").nth(1).and_then(|rest| rest.split(");").next()).expect("a table");
    let names: Vec<&str> = table.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    let list: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    let row = format!("| `ffi.C` in the static build | {} |", list.join(", "));
    let readme = std::fs::read_to_string(workspace().join("README.md")).expect("the README");
    assert!(readme.contains(&row), "{row}");
    // Each is there, in both builds. Declared as a function of any kind: none is called.
    let handler = "local ffi = require 'ffi'\nreturn { handler = function(names)\n\
        for _, name in ipairs(names) do\n  ffi.cdef('void ' .. name .. '(void);')\n  assert(ffi.C[name] ~= nil, name)\nend\n\
        return #names\nend }";
    assert_eq!(call(handler, &json!(names)), json!(names.len()));
}

#[test]
fn modules_that_are_linked_in_work() {
    // What the binary under test was built with, as scripts/build was told.
    let features = std::env::var("COLDMOON_FEATURES").unwrap_or_default();
    if features.split_whitespace().collect::<Vec<_>>() != ["lpeg", "lfs"] {
        return skip("COLDMOON_FEATURES does not say `lpeg lfs`: the binary under test is built without them");
    }
    let setup = Setup::new(
        "local lpeg, re, lfs = require 'lpeg', require 're', require 'lfs'\n\
         return function(event) return { re.match(event, \"{[a-z]+}\"), lpeg.match(lpeg.P 'a' ^ 0, 'aab'), lfs.attributes('app.lua', 'mode') } end",
    );
    let api = RuntimeApi::start(Options::default()).expect("a local API");
    let process = setup.with("_HANDLER", "app").start(api.address());
    let outcome = api.queue(Invocation::new("\"ada1\"")).wait();
    let Outcome::Response(response) = outcome else { panic!("{outcome:?}\n{}", process.report()) };
    assert_eq!(String::from_utf8_lossy(&response.body), "[\"ada\",3,\"file\"]");
}
