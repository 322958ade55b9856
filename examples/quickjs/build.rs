//! Compiles `src/prelude.js` to bytecode with the QuickJS that will run it: parsing it was 60 % of a start's instructions. And links the C
//! library behind everything else, because rustc passes `-nodefaultlibs`. QuickJS itself is compiled by the crate rquickjs-sys.

use rquickjs_sys as js;
use std::ffi::{CStr, CString};
use std::{env, fs, path::Path, slice};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=src/prelude.js");
    let variable = |name: &str| env::var(name).unwrap_or_else(|_| panic!("cargo sets {name} for build scripts"));
    let source = CString::new(fs::read("src/prelude.js").expect("the prelude is there")).expect("the prelude holds no NUL");
    fs::write(Path::new(&variable("OUT_DIR")).join("prelude.bin"), compile(&source)).expect("OUT_DIR can be written");
    let libraries: &[&str] = if variable("TARGET").contains("musl") { &["-Wl,-Bstatic", "-lc", "-lgcc"] } else { &["-lm", "-lc"] };
    for library in libraries {
        println!("cargo:rustc-link-arg-bins={library}");
    }
}

/// Bytecode with names and lines, which stacks show, without the source. It is the same for both architectures: 64 bits, little-endian.
fn compile(source: &CStr) -> Vec<u8> {
    let compile_only = js::JS_EVAL_TYPE_GLOBAL | js::JS_EVAL_FLAG_COMPILE_ONLY;
    // SAFETY: a context of this program's own, never freed; the texts are NUL-terminated; the bytes are copied while they are there.
    unsafe {
        let context = js::JS_NewContext(js::JS_NewRuntime());
        let function = js::JS_Eval(context, source.as_ptr(), source.count_bytes() as _, c"coldmoon:prelude".as_ptr(), compile_only as _);
        assert!(function.tag == i64::from(js::JS_TAG_FUNCTION_BYTECODE), "src/prelude.js does not compile");
        let mut bytes = 0;
        let start = js::JS_WriteObject(context, &mut bytes, function, (js::JS_WRITE_OBJ_BYTECODE | js::JS_WRITE_OBJ_STRIP_SOURCE) as _);
        assert!(!start.is_null(), "src/prelude.js cannot be written as bytecode");
        slice::from_raw_parts(start, bytes as usize).to_vec()
    }
}
