//! Links the C library behind everything else: rustc passes `-nodefaultlibs`. QuickJS itself is compiled by the crate rquickjs-sys.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let target = std::env::var("TARGET").unwrap_or_else(|_| panic!("cargo sets TARGET for build scripts"));
    let libraries: &[&str] = if target.contains("musl") { &["-Wl,-Bstatic", "-lc", "-lgcc"] } else { &["-lm", "-lc"] };
    for library in libraries {
        println!("cargo:rustc-link-arg-bins={library}");
    }
}
