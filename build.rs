//! Builds what the runtime is made of beside its own Rust code.
//!
//! 1. LuaJIT, statically, from the crate luajit-src (`vendor/README.md` says which version and which flags, with the bytes each saves).
//!    Before it the C modules that a cargo feature asks for.
//! 2. `lua/`: every module, compiled to stripped bytecode by that same LuaJIT, as the sorted table `EMBEDDED` of `src/lua/embedded.rs`.
//! 3. The libraries that the linker needs behind them, and the symbols that C modules find in a build with a dynamic linker.
//!
//! Without the feature `lua` there is nothing to build, and the crates that build it are not even fetched.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    #[cfg(feature = "lua")]
    lua::build();
}

#[cfg(feature = "lua")]
mod lua {
    use std::env;
    use std::fs;
    use std::io::Write;
    use std::path::{Path, PathBuf};
    use std::process::{Command, Stdio};

    /// What LuaJIT's C files are compiled with, in both kinds of build.
    ///
    /// `LUAJIT_NO_UNWIND`: errors are raised without the C unwinder. The binary then needs no unwind tables, and an error may cross a Rust
    /// frame that owns nothing. LuaJIT's default would abort there.
    const COMMON_CFLAGS: &str = "-DLUAJIT_NO_UNWIND";

    /// What a release build adds; `vendor/README.md` has the bytes for each.
    const RELEASE_CFLAGS: &str = "-fno-asynchronous-unwind-tables -fno-unwind-tables -ffunction-sections -fdata-sections -fno-stack-protector \
        -fno-schedule-insns2 -fno-caller-saves -fno-if-conversion -fno-if-conversion2 -fno-shrink-wrap -fno-expensive-optimizations -fno-code-hoisting";

    /// All of it, in order.
    pub fn build() {
        // It is an argument of the linker (scripts/build), which cargo does not look at.
        println!("cargo:rerun-if-changed=scripts/start.ld");
        let target = variable("TARGET");
        let out = PathBuf::from(variable("OUT_DIR"));

        let luajit = build_luajit(&target, &out, variable("PROFILE") == "debug");
        build_c_modules(&out);
        luajit.print_cargo_metadata();
        check_layout(&out);
        let compiler = if runs_here(&target) { out.clone() } else { build_host_luajit(&out) };
        embed_lua(&compiler.join("luajit-build/src/luajit"), &out);
        link_libraries(&target);
        if !target.contains("musl") {
            export_lua_api(&out);
        }
    }

    fn variable(name: &str) -> String {
        env::var(name).unwrap_or_else(|_| panic!("cargo sets {name} for build scripts"))
    }

    /// Whether a program built for `target` runs on the machine that builds.
    fn runs_here(target: &str) -> bool {
        let machine = |triple: &str| triple.split('-').next().map(str::to_owned);
        machine(target) == machine(&variable("HOST"))
    }

    fn build_luajit(target: &str, out: &Path, debug: bool) -> luajit_src::Artifacts {
        // luajit-src calls `make -e`: what is set here wins over LuaJIT's Makefile.
        let optimisation = if debug { "-O1 -fomit-frame-pointer" } else { "-Os -fomit-frame-pointer" };
        let mut cflags = if debug { COMMON_CFLAGS.to_owned() } else { format!("{COMMON_CFLAGS} {RELEASE_CFLAGS}") };
        // Where the binary is linked to stay at one address, as scripts/build does, addresses need no detour. luajit-src asks for -fPIC.
        if env::var("CARGO_ENCODED_RUSTFLAGS").is_ok_and(|flags| flags.contains("relocation-model=static")) {
            cflags.push_str(" -fno-pic");
            // LuaJIT's own program is linked of the same objects.
            // SAFETY: a build script is one thread.
            unsafe { env::set_var("TARGET_LDFLAGS", "-no-pie") };
        }
        // SAFETY: a build script is one thread.
        unsafe {
            env::set_var("CCOPT", optimisation);
            env::set_var("TARGET_CFLAGS", cflags);
        }
        // Debug builds check every call of the C API (LUA_USE_APICHECK) and LuaJIT's own assertions: that is what the tests run on.
        luajit_src::Build::new().target(target).out_dir(out).lua52compat(true).debug(debug).build()
    }

    /// C modules that are linked in where the cargo feature of their name is set: their files below `c-modules/<name>/` of the target folder.
    const C_MODULES: [(&str, &[&str]); 2] =
        [("lpeg", &["lpcap.c", "lpcode.c", "lpprint.c", "lptree.c", "lpvm.c"]), ("lfs", &["src/lfs.c"])];

    fn is_linked_in(name: &str) -> bool {
        env::var_os(format!("CARGO_FEATURE_{}", name.to_uppercase())).is_some()
    }

    /// Where `scripts/fetch-c-modules` has put the source of a C module.
    fn c_module_folder(name: &str) -> PathBuf {
        println!("cargo:rerun-if-env-changed=COLDMOON_C_MODULES");
        let root = env::var_os("COLDMOON_C_MODULES")
            .map_or_else(|| PathBuf::from(variable("CARGO_MANIFEST_DIR")).join("target/c-modules"), PathBuf::from);
        let folder = root.join(name);
        assert!(folder.is_dir(), "there is no {}: scripts/fetch-c-modules fetches it", folder.display());
        println!("cargo:rerun-if-changed={}", folder.display());
        folder
    }

    /// Compiles the C modules that are asked for. The linker must see them before LuaJIT, whose functions they call.
    fn build_c_modules(out: &Path) {
        for (name, files) in C_MODULES.iter().filter(|(name, _)| is_linked_in(name)) {
            let folder = c_module_folder(name);
            let mut build = cc::Build::new();
            build.files(files.iter().map(|file| folder.join(file))).include(out.join("luajit-build/src")).warnings(false);
            // As LPeg's makefile has it; musl's `assert` would bring musl's streams, and ours are in their place.
            build.define("NDEBUG", None);
            build.opt_level_str("s").flag("-ffunction-sections").flag("-fno-asynchronous-unwind-tables").compile(name);
        }
    }

    /// Compiles the assertions about LuaJIT's memory layout that `src/lua/layout.rs` relies on. Nothing of it is linked.
    fn check_layout(out: &Path) {
        println!("cargo:rerun-if-changed=src/lua/layout.c");
        let mut build = cc::Build::new();
        build.file("src/lua/layout.c").include(out.join("luajit-build/src")).define("LUAJIT_ENABLE_LUA52COMPAT", None).warnings(false);
        build.cargo_metadata(false).compile("layout");
    }

    /// A LuaJIT for the machine that builds, only to compile `lua/` when the target's own cannot run here. Both are GC64 and little-endian, so
    /// the bytecode is the same.
    fn build_host_luajit(out: &Path) -> PathBuf {
        let host = variable("HOST");
        let host_out = out.join("host");
        fs::create_dir_all(&host_out).expect("OUT_DIR can be written");
        // SAFETY: a build script is one thread.
        unsafe { env::set_var("TARGET", &host) };
        luajit_src::Build::new().target(&host).out_dir(&host_out).lua52compat(true).debug(false).build();
        host_out
    }

    /// Writes `embedded.rs`: an array of (module name, bytecode), sorted by name.
    fn embed_lua(luajit: &Path, out: &Path) {
        let root = PathBuf::from(variable("CARGO_MANIFEST_DIR")).join("lua");
        println!("cargo:rerun-if-changed={}", root.display());
        let mut modules = Vec::new();
        find_modules(&root, "", &mut modules);
        if is_linked_in("lpeg") {
            modules.push(("re".to_owned(), c_module_folder("lpeg").join("re.lua")));
        }
        modules.sort();

        let folder = out.join("bytecode");
        // What an earlier build has left there may be of a module that is gone.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("OUT_DIR can be written");
        let mut table = String::from("[\n");
        for (name, source) in &modules {
            println!("cargo:rerun-if-changed={}", source.display());
            let bytecode = folder.join(format!("{name}.bin"));
            compile(luajit, source, &bytecode);
            table.push_str(&format!("    ({name:?}, include_bytes!({:?})),\n", bytecode.display().to_string()));
        }
        table.push(']');
        fs::write(out.join("embedded.rs"), table).expect("OUT_DIR can be written");
    }

    /// Compiles one module to bytecode. "s" strips debug information, "d" makes the output depend on the source alone.
    fn compile(luajit: &Path, source: &Path, bytecode: &Path) {
        const SCRIPT: &str = "local source, to = ... assert(io.open(to, 'wb')):write(string.dump(assert(loadfile(source)), 'sd'))";
        let mut child = Command::new(luajit)
            .arg("-")
            .args([source, bytecode])
            .env_clear()
            .stdin(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot run {}: {error}", luajit.display()));
        let mut input = child.stdin.take().expect("stdin is piped");
        input.write_all(SCRIPT.as_bytes()).expect("luajit reads its script");
        drop(input);
        let status = child.wait().expect("luajit was started");
        assert!(status.success(), "{} does not compile", source.display());
    }

    /// Collects (module name, file) of every `.lua` file below `folder`, but for the type definitions and the stub: they are for editors and for
    /// tests on a laptop.
    fn find_modules(folder: &Path, prefix: &str, modules: &mut Vec<(String, PathBuf)>) {
        for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("cannot read {}: {error}", folder.display())) {
            let path = entry.expect("a folder entry can be read").path();
            let name = path.file_name().and_then(|name| name.to_str()).expect("names in lua/ are UTF-8").to_owned();
            if path.is_dir() {
                if name != "library" && name != "stub" {
                    find_modules(&path, &format!("{prefix}{name}."), modules);
                }
            } else if let Some(stem) = name.strip_suffix(".lua") {
                modules.push((format!("{prefix}{stem}"), path));
            }
        }
    }

    fn link_libraries(target: &str) {
        if target.contains("musl") {
            // Everything is in libc.a, but for what the C compiler calls (`__clear_cache` on aarch64). They must come last, because rustc passes
            // -nodefaultlibs, and behind rustc's own -Bdynamic.
            for argument in ["-Wl,-Bstatic", "-lc", "-lgcc"] {
                println!("cargo:rustc-link-arg-bins={argument}");
            }
            // src/lua/luajit/processor.rs
            if target.starts_with("x86_64") {
                println!("cargo:rustc-link-arg-bins=-Wl,--wrap=lj_vm_cpuid");
            }
            // src/lua/musl/start.rs is in place of musl's start files.
            if env::var_os("CARGO_FEATURE_MUSL_START").is_none() {
                println!("cargo:rustc-link-arg-bins=-nostartfiles");
            }
        } else {
            for library in ["m", "dl", "c"] {
                println!("cargo:rustc-link-lib=dylib={library}");
            }
        }
    }

    /// The symbols that C modules may use: the functions of `lua.h`, `lauxlib.h`, `lualib.h` and `luajit.h`, and nothing else of the binary.
    const LUA_API: &str = "{ lua_*; luaL_*; luaopen_*; luaJIT_*; };\n";

    /// Exports Lua's API. The list also keeps what nothing in the binary itself calls.
    fn export_lua_api(out: &Path) {
        let list = out.join("lua-api.list");
        fs::write(&list, LUA_API).expect("OUT_DIR can be written");
        println!("cargo:rustc-link-arg-bins=-Wl,--dynamic-list={}", list.display());
    }
}
