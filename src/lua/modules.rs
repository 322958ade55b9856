//! Where `require` finds modules, and the modules that the runtime brings.
//!
//! The search path is the contract's: `LUA_PATH`, then below the task root, then below `/opt`. It stands in `package.path`, where programs
//! expect it and may change it; the searcher here reads it on every call. Files come first and the runtime's modules last, so a user's file
//! wins whatever its name. A file below the task root is named in messages by its path from there, `app.lua`.
//!
//! Beside each Lua path lies its C path, `package.cpath`. With a dynamic linker LuaJIT's own searchers load C modules from there,
//! before the runtime's modules. The static build has none: `package.cpath` is empty until a program fills it, and a module that is nowhere
//! else is looked for on the C path only to say that it cannot be loaded.
//!
//! The runtime's modules: `coldmoon`, made of C functions when it is first required, and the files of `lua/`, embedded as bytecode.

use super::ffi::*;
use super::vm::{Slot, Vm};
use super::{base64, hooks, json, layout, log, stack, stream, system};
use crate::answer::ContentType;
use crate::buffer::{Buffer, Overflow};
use crate::bytes;
use crate::limits;
use crate::sys;
use core::ffi::{CStr, c_int, c_void};
use core::mem;
use core::ptr;

/// The modules of `lua/`: (name, bytecode). Made by `build.rs`.
static EMBEDDED: &[(&str, &[u8])] = &include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// The places of one kind of file.
struct Templates {
    /// Below the task root and below `/opt`.
    below_roots: &'static [&'static [u8]],
    /// Where layers put modules beside those.
    of_layers: &'static [u8],
}

/// Lua files. The second pair is what `luarocks init` makes, the third a LuaRocks tree as it stands.
const LUA_FILES: Templates = Templates {
    below_roots: &[
        b"/?.lua",
        b"/?/init.lua",
        b"/lua_modules/share/lua/5.1/?.lua",
        b"/lua_modules/share/lua/5.1/?/init.lua",
        b"/share/lua/5.1/?.lua",
        b"/share/lua/5.1/?/init.lua",
    ],
    of_layers: b"/opt/lua/?.lua;/opt/lua/?/init.lua;/opt/rocks/share/lua/5.1/?.lua;/opt/rocks/share/lua/5.1/?/init.lua",
};

/// C modules, beside the Lua files.
const C_MODULES: Templates = Templates {
    below_roots: &[b"/?.so", b"/lua_modules/lib/lua/5.1/?.so", b"/lib/lua/5.1/?.so"],
    of_layers: b"/opt/lua/?.so;/opt/rocks/lib/lua/5.1/?.so",
};

/// Sets the search path and the searchers.
///
/// Stack: [-0, +0]. Raises: memory only.
///
/// # Safety
/// `vm` is live; called within `vm::open`, with LUA_MINSTACK slots free.
pub unsafe fn install(vm: *mut Vm) {
    // SAFETY: the caller vouches for `vm`; `package` is the library's table, `loaders` its array of four functions.
    unsafe {
        let state = (*vm).state;
        let top = lua_gettop(state);
        stack::get_field(state, LUA_GLOBALSINDEX, c"package");
        let package = top + 1;
        write_path(vm, (*vm).env.search_path, &LUA_FILES);
        stack::push_bytes(state, (*vm).scratch.bytes());
        stack::set_field(state, package, c"path");
        if cfg!(target_env = "musl") {
            stack::push_bytes(state, b"");
        } else {
            write_path(vm, sys::variable(c"LUA_CPATH"), &C_MODULES);
            stack::push_bytes(state, (*vm).scratch.bytes());
        }
        stack::set_field(state, package, c"cpath");

        stack::get_field(state, package, c"loaders");
        // 1 is package.preload.
        lua_pushvalue(state, package);
        lua_pushcclosure(state, search_files, 1);
        lua_rawseti(state, -2, 2);
        // 3 and 4 are LuaJIT's own, for C modules. Without a dynamic linker they have nothing to do.
        let embedded = if cfg!(target_env = "musl") { 3 } else { 5 };
        lua_pushcclosure(state, search_embedded, 0);
        lua_rawseti(state, -2, embedded);
        lua_pushnil(state);
        lua_rawseti(state, -2, embedded + 1);
        lua_settop(state, top);

        (*vm).tags.make(state);

        // How the two light userdata that mean something look inside a table.
        lua_createtable(state, 2, 0);
        for (index, data) in [(1, ptr::null_mut()), (2, empty_array())] {
            lua_pushlightuserdata(state, data);
            lua_rawseti(state, -2, index);
        }
        (*vm).light = layout::light_slots(state, -1);
        lua_settop(state, top);
    }
}

/// Writes the search path for one kind of file into the scratch buffer: the user's, from a variable, with the defaults.
///
/// # Safety
/// `vm` is live, and nothing uses its scratch buffer.
unsafe fn write_path(vm: *mut Vm, user_path: Option<&[u8]>, templates: &Templates) {
    // SAFETY: the caller vouches for `vm`.
    let (out, task_root) = unsafe { (&mut (*vm).scratch, (*vm).env.task_root()) };
    out.clear();
    // A path that does not fit in memory leaves an empty one, and `require` says what it tried.
    let _ = match user_path {
        None => push_defaults(out, templates, task_root),
        Some(user_path) => push_user_path(out, user_path, templates, task_root),
    };
}

/// `LUA_PATH` or `LUA_CPATH` with the defaults in place of `;;`, or behind it where it has none.
fn push_user_path(out: &mut Buffer, user_path: &[u8], templates: &Templates, task_root: &[u8]) -> Result<(), Overflow> {
    let (before, after) = match bytes::find_text(b";;", user_path) {
        Some(at) => (&user_path[..at], &user_path[at + 2..]),
        None => (user_path.strip_suffix(b";").unwrap_or(user_path), &b""[..]),
    };
    if !before.is_empty() {
        out.push(before)?;
        out.push(b";")?;
    }
    push_defaults(out, templates, task_root)?;
    if !after.is_empty() {
        out.push(b";")?;
        out.push(after)?;
    }
    Ok(())
}

fn push_defaults(out: &mut Buffer, templates: &Templates, task_root: &[u8]) -> Result<(), Overflow> {
    for root in [task_root, b"/opt"] {
        for template in templates.below_roots {
            out.push(root)?;
            out.push(template)?;
            out.push(b";")?;
        }
    }
    out.push(templates.of_layers)
}

/// Opens the file of a module: the first that exists of the templates in `path`. Leaves its name, NUL-terminated, in `name`; lists what was
/// tried in `tried`.
fn find_file(path: &[u8], module: &[u8], name: &mut Buffer, tried: Option<&mut Buffer>) -> Option<c_int> {
    let mut tried = tried;
    for template in path.split(|byte| *byte == b';').filter(|template| !template.is_empty()) {
        let Some(file) = expand(template, module, name) else { continue };
        let errno = match sys::open(file) {
            Ok(fd) => return Some(fd),
            Err(errno) => errno,
        };
        if let Some(tried) = tried.as_deref_mut() {
            // What does not fit any more is not listed.
            let _ = tried.push(b"\n\tno file '").and_then(|()| tried.push(file.to_bytes())).and_then(|()| tried.push(b"'"));
            if !errno.is_not_found() {
                let _ = tried.push(b" (").and_then(|()| tried.push(errno.text())).and_then(|()| tried.push(b")"));
            }
        }
    }
    None
}

/// A template with the module's name, its dots as slashes, in place of every `?`. `None` if that is no path.
fn expand<'a>(template: &[u8], module: &[u8], name: &'a mut Buffer) -> Option<&'a CStr> {
    name.clear();
    for (index, part) in template.split(|byte| *byte == b'?').enumerate() {
        if index > 0 {
            let at = name.len();
            name.push(module).ok()?;
            for byte in name.bytes_mut()[at..].iter_mut().filter(|byte| **byte == b'.') {
                *byte = b'/';
            }
        }
        name.push(part).ok()?;
    }
    name.push_byte(0).ok()?;
    // A module name with a NUL in it names no file.
    CStr::from_bytes_with_nul(name.bytes()).ok()
}

/// Whether `require(module)` would find a file, or one of the runtime's modules.
///
/// Stack: [-0, +0], 4 slots. Raises: memory only.
///
/// # Safety
/// `state` is live, the calling frames own nothing.
pub unsafe fn exists(state: *mut lua_State, module: &[u8]) -> bool {
    // SAFETY: the caller vouches for `state`; the path stays on the stack while it is read.
    unsafe {
        let top = lua_gettop(state);
        stack::get_field(state, LUA_GLOBALSINDEX, c"package");
        stack::get_field(state, -1, c"path");
        let path = stack::to_bytes(state, -1).unwrap_or_default();
        let file = find_file(path, module, &mut (*Vm::of(state)).path, None);
        lua_settop(state, top);
        if let Some(fd) = file {
            sys::close(fd);
        }
        file.is_some() || find_embedded(module).is_some()
    }
}

/// Lua: the searcher for Lua files. Upvalue 1 is `package`.
///
/// Raises: a file that cannot be read or compiled.
unsafe extern "C" fn search_files(state: *mut lua_State) -> c_int {
    // SAFETY: called by `require` with the module's name; strings stay on the stack while they are used. The frames own nothing: the file
    // is closed before anything can raise.
    unsafe {
        let vm = Vm::of(state);
        let mut bytes = 0;
        let module = luaL_checklstring(state, 1, &mut bytes);
        let module = sys::slice(module, bytes);
        stack::get_field(state, lua_upvalueindex(1), c"path");
        let Some(path) = stack::to_bytes(state, -1) else {
            stack::raise(state, &[b"'package.path' must be a string"]);
        };
        let scratch = &mut (*vm).scratch;
        scratch.clear();
        let Some(fd) = find_file(path, module, &mut (*vm).path, Some(scratch)) else {
            stack::push_bytes(state, (*vm).scratch.bytes());
            return 1;
        };
        let file = (*vm).path.bytes().strip_suffix(b"\0").unwrap_or_default();
        let read = scratch.read_file(fd);
        sys::close(fd);
        if let Err(errno) = read {
            stack::raise(state, &[b"cannot read file '", file, b"': ", errno.text()]);
        }

        let task_root = (*vm).env.task_root();
        let shown = file.strip_prefix(task_root).and_then(|rest| rest.strip_prefix(b"/")).unwrap_or(file);
        stack::push_parts(state, &[b"@", shown, b"\0"]);
        let chunk_name = lua_tolstring(state, -1, ptr::null_mut());
        // Compiling gives the collector turns, and a finaliser may use the scratch buffer: the source is taken out of it meanwhile.
        let mut source = mem::replace(&mut (*vm).scratch, Buffer::new(limits::SOURCE_BYTES_MAX));
        let status = luaL_loadbufferx(state, source.bytes().as_ptr().cast(), source.len(), chunk_name, ptr::null());
        source.reset(limits::KEPT_BYTES);
        (*vm).scratch = source;
        if status == LUA_OK {
            return 1;
        }
        if status == LUA_ERRSYNTAX {
            let message = stack::to_bytes(state, -1).unwrap_or_default();
            stack::push_parts(state, &[b"error loading module '", module, b"' from file '", file, b"':\n\t", message]);
            lua_pushvalue(state, -1);
            lua_rawseti(state, LUA_REGISTRYINDEX, Slot::SyntaxError as c_int);
        }
        stack::throw(state)
    }
}

/// Lua: the searcher for the runtime's own modules, the last one.
unsafe extern "C" fn search_embedded(state: *mut lua_State) -> c_int {
    // SAFETY: called by `require` with the module's name, which stays on the stack; bytecode is static.
    unsafe {
        let mut bytes = 0;
        let module = luaL_checklstring(state, 1, &mut bytes);
        match find_embedded(sys::slice(module, bytes)) {
            Some(Embedded::Native(function)) => lua_pushcclosure(state, function, 0),
            Some(Embedded::Lua(name, bytecode)) => {
                stack::push_parts(state, &[b"=", name.as_bytes(), b"\0"]);
                let chunk_name = lua_tolstring(state, -1, ptr::null_mut());
                if luaL_loadbufferx(state, bytecode.as_ptr().cast(), bytecode.len(), chunk_name, ptr::null()) != LUA_OK {
                    stack::throw(state);
                }
            }
            #[cfg(target_env = "musl")]
            None => refuse_c_module(state, sys::slice(module, bytes)),
            #[cfg(not(target_env = "musl"))]
            None => lua_pushnil(state),
        }
    }
    1
}

/// Where a module lies on the C path, raises that it cannot be loaded. Where only its root does (`_openssl.so` of `_openssl.pkey`), which
/// may hold it, pushes that for the list of what was tried; else nil.
///
/// Stack: [-0, +1], 10 slots. Raises: memory, and what is said above.
///
/// # Safety
/// `state` is live, the calling frames own nothing; `module` is on the stack.
#[cfg(target_env = "musl")]
unsafe fn refuse_c_module(state: *mut lua_State, module: &[u8]) {
    use super::symbols::REFUSAL;
    // SAFETY: the caller vouches for `state`; both paths stay on the stack while they are read.
    unsafe {
        let vm = Vm::of(state);
        write_path(vm, sys::variable(c"LUA_CPATH"), &C_MODULES);
        stack::push_bytes(state, (*vm).scratch.bytes());
        stack::get_field(state, LUA_GLOBALSINDEX, c"package");
        stack::get_field(state, -1, c"cpath");
        let paths = [stack::to_bytes(state, -3).unwrap_or_default(), stack::to_bytes(state, -1).unwrap_or_default()];
        let name = &raw mut (*vm).path;
        let is_file = |module| {
            let fd = paths.iter().find_map(|path| find_file(path, module, &mut *name, None));
            fd.map(sys::close).is_some()
        };
        let is_module = is_file(module);
        let is_root = !is_module && bytes::find(b'.', module).is_some_and(|dot| is_file(&module[..dot]));
        let file = (*name).bytes().strip_suffix(b"\0").unwrap_or_default();
        if is_module {
            // Where the caller of `require` stands.
            luaL_where(state, 2);
            stack::push_parts(state, &[b"module '", module, b"' is a C module (", file, b"): ", REFUSAL]);
            lua_concat(state, 2);
            lua_pushvalue(state, -1);
            lua_rawseti(state, LUA_REGISTRYINDEX, Slot::CModule as c_int);
            stack::throw(state);
        } else if is_root {
            stack::push_parts(state, &[b"\n\tno C module '", module, b"' from file '", file, b"': ", REFUSAL]);
        } else {
            lua_pushnil(state);
        }
    }
}

/// The modules that are made of C functions.
const NATIVE_MODULES: &[(&[u8], lua_CFunction)] = &[
    (b"coldmoon", open_coldmoon),
    (b"coldmoon.json", json::open),
    (b"coldmoon.codec", json::open_codec),
    (b"coldmoon.log", log::open),
    (b"coldmoon.base64", base64::open),
    #[cfg(feature = "lpeg")]
    (b"lpeg", luaopen_lpeg),
    #[cfg(feature = "lfs")]
    (b"lfs", luaopen_lfs),
];

/// A module that the runtime brings.
enum Embedded {
    Native(lua_CFunction),
    Lua(&'static str, &'static [u8]),
}

fn find_embedded(module: &[u8]) -> Option<Embedded> {
    if let Some((_, open)) = NATIVE_MODULES.iter().find(|(name, _)| *name == module) {
        return Some(Embedded::Native(*open));
    }
    EMBEDDED.iter().find(|(name, _)| name.as_bytes() == module).map(|(name, bytecode)| Embedded::Lua(name, bytecode))
}

// ---- the module `coldmoon` ----

/// What a metatable of the runtime says about its table.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Tag {
    /// `coldmoon.array`
    Array,
    /// `coldmoon.object`
    Object,
    /// `coldmoon.raw`
    Raw,
    /// `cjson.empty_array_mt`
    EmptyArray,
    /// `coldmoon.stream`
    Stream,
}

/// The light userdata that is `cjson.empty_array`: an address that nothing else has.
pub fn empty_array() -> *mut c_void {
    static EMPTY_ARRAY: u8 = 0;
    (&raw const EMPTY_ARRAY).cast_mut().cast()
}

/// The addresses of the metatables that tag a table.
pub struct Tags {
    array: *const c_void,
    object: *const c_void,
    raw: *const c_void,
    empty_array: *const c_void,
    stream: *const c_void,
}

impl Tags {
    /// Before [`Tags::make`].
    pub const fn new() -> Tags {
        Tags { array: ptr::null(), object: ptr::null(), raw: ptr::null(), empty_array: ptr::null(), stream: ptr::null() }
    }

    /// Makes the metatables and keeps them in the registry.
    ///
    /// # Safety
    /// As for [`install`].
    unsafe fn make(&mut self, state: *mut lua_State) {
        for (slot, address, name) in [
            (Slot::ArrayTag, &mut self.array, &b"array"[..]),
            (Slot::ObjectTag, &mut self.object, b"object"),
            (Slot::RawTag, &mut self.raw, b"raw"),
            (Slot::EmptyArrayTag, &mut self.empty_array, b"array"),
            (Slot::StreamTag, &mut self.stream, b"stream"),
        ] {
            // SAFETY: the caller vouches for `state`; what is pushed is popped.
            unsafe {
                lua_createtable(state, 0, 1);
                *address = lua_topointer(state, -1);
                // dkjson's convention, which other encoders know too.
                stack::push_bytes(state, name);
                stack::set_field(state, -2, c"__jsontype");
                lua_rawseti(state, LUA_REGISTRYINDEX, slot as c_int);
            }
        }
    }

    /// The metatable of arrays.
    pub fn array(&self) -> *const c_void {
        self.array
    }

    /// The tag of the table at `index`.
    ///
    /// Stack: [-0, +0], 1 slot. Raises: nothing.
    ///
    /// # Safety
    /// `state` is live.
    pub unsafe fn of(&self, state: *mut lua_State, index: c_int) -> Option<Tag> {
        // SAFETY: the caller vouches for `state`; the metatable is popped.
        let metatable = unsafe {
            if lua_getmetatable(state, index) == 0 {
                return None;
            }
            let metatable = lua_topointer(state, -1);
            lua_pop(state, 1);
            metatable
        };
        self.named(metatable)
    }

    /// What the metatable at an address says.
    pub fn named(&self, metatable: *const c_void) -> Option<Tag> {
        match metatable {
            address if address == self.array => Some(Tag::Array),
            address if address == self.object => Some(Tag::Object),
            address if address == self.raw => Some(Tag::Raw),
            address if address == self.empty_array => Some(Tag::EmptyArray),
            address if address == self.stream => Some(Tag::Stream),
            _ => None,
        }
    }
}

impl Default for Tags {
    fn default() -> Self {
        Self::new()
    }
}

/// The bytes of a `coldmoon.raw` at `index`, and its content type if it has a valid one.
///
/// Stack: [-0, +2]. Raises: nothing.
///
/// # Safety
/// `state` is live, the value at `index` was made by [`raw`]; the slices are used while it stays there.
pub unsafe fn to_raw<'a>(state: *mut lua_State, index: c_int) -> (&'a [u8], Option<&'a [u8]>) {
    // SAFETY: the caller vouches for `state`; `raw` made the table with a string at 1 and perhaps one at 2. The program may have put
    // anything else there since.
    unsafe {
        lua_rawgeti(state, index, 1);
        lua_rawgeti(state, index, 2);
        (stack::to_bytes(state, -2).unwrap_or_default(), stack::to_bytes(state, -1).filter(|text| ContentType::is_valid(text)))
    }
}

/// Lua: `require "coldmoon"`.
unsafe extern "C" fn open_coldmoon(state: *mut lua_State) -> c_int {
    // SAFETY: called by `require`; LUA_MINSTACK slots are free.
    unsafe {
        lua_createtable(state, 0, 12);
        let module = lua_gettop(state);
        lua_pushlightuserdata(state, ptr::null_mut());
        stack::set_field(state, module, c"null");
        stack::push_bytes(state, env!("CARGO_PKG_VERSION").as_bytes());
        stack::set_field(state, module, c"version");
        for (name, function) in [
            (c"array", array as lua_CFunction),
            (c"object", object),
            (c"raw", raw),
            (c"stream", stream::stream),
            (c"on_shutdown", hooks::on_shutdown),
            (c"before_snapshot", hooks::before_snapshot),
            (c"after_restore", hooks::after_restore),
            (c"now", system::now),
            (c"sleep", system::sleep),
            (c"random", system::random),
        ] {
            stack::set_function(state, module, name, function);
        }
    }
    1
}

/// Lua: `tostring` of light userdata: `null` for `coldmoon.null`, LuaJIT's text for others.
pub unsafe extern "C" fn light_to_string(state: *mut lua_State) -> c_int {
    // SAFETY: called by Lua with the value; the format takes one pointer.
    unsafe {
        match lua_touserdata(state, 1) {
            data if data.is_null() => stack::push_bytes(state, b"null"),
            data => {
                lua_pushfstring(state, c"userdata: %p".as_ptr(), data);
            }
        }
    }
    1
}

/// Lua: `coldmoon.array([t])`: tags `t`, or a new table, as an array; returns it.
pub unsafe extern "C" fn array(state: *mut lua_State) -> c_int {
    // SAFETY: called by Lua.
    unsafe { tag(state, Slot::ArrayTag, b"coldmoon.array: the table already has a metatable") }
}

/// Lua: `coldmoon.object([t])`: tags `t`, or a new table, as an object; returns it.
pub unsafe extern "C" fn object(state: *mut lua_State) -> c_int {
    // SAFETY: called by Lua.
    unsafe { tag(state, Slot::ObjectTag, b"coldmoon.object: the table already has a metatable") }
}

/// # Safety
/// `state` is that of a C function called by Lua.
unsafe fn tag(state: *mut lua_State, slot: Slot, refusal: &[u8]) -> c_int {
    // SAFETY: the caller vouches for `state`.
    unsafe {
        if lua_type(state, 1) == LUA_TNONE {
            lua_createtable(state, 0, 0);
        }
        luaL_checktype(state, 1, LUA_TTABLE);
        if lua_getmetatable(state, 1) != 0 && (*Vm::of(state)).tags.of(state, 1).is_none() {
            stack::raise(state, &[refusal]);
        }
        lua_settop(state, 1);
        lua_rawgeti(state, LUA_REGISTRYINDEX, slot as c_int);
        lua_setmetatable(state, 1);
    }
    1
}

/// Lua: `coldmoon.raw(bytes [, content_type])`: a result that is posted as it is.
unsafe extern "C" fn raw(state: *mut lua_State) -> c_int {
    // SAFETY: called by Lua; both strings stay on the stack.
    unsafe {
        let mut bytes = 0;
        luaL_checklstring(state, 1, &mut bytes);
        lua_settop(state, 2);
        if lua_type(state, 2) != LUA_TNIL {
            let content_type = sys::slice(luaL_checklstring(state, 2, &mut bytes), bytes);
            if !ContentType::is_valid(content_type) {
                luaL_argerror(state, 2, c"not a content type".as_ptr());
            }
        }
        lua_createtable(state, 2, 0);
        for index in [1, 2] {
            lua_pushvalue(state, index);
            lua_rawseti(state, 3, index);
        }
        lua_rawgeti(state, LUA_REGISTRYINDEX, Slot::RawTag as c_int);
        lua_setmetatable(state, 3);
    }
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_users_path_comes_first_and_the_defaults_are_kept() {
        for (lua_path, expected) in [
            ("/a/?.lua", "/a/?.lua;DEFAULTS"),
            ("/a/?.lua;", "/a/?.lua;DEFAULTS"),
            ("/a/?.lua;;", "/a/?.lua;DEFAULTS"),
            (";;/a/?.lua", "DEFAULTS;/a/?.lua"),
            ("/a/?.lua;;/b/?.lua", "/a/?.lua;DEFAULTS;/b/?.lua"),
            (";;", "DEFAULTS"),
        ] {
            let mut defaults = Buffer::new(10_000);
            push_defaults(&mut defaults, &LUA_FILES, b"/var/task").unwrap();
            let defaults = std::str::from_utf8(defaults.bytes()).unwrap();
            let mut out = Buffer::new(10_000);
            push_user_path(&mut out, lua_path.as_bytes(), &LUA_FILES, b"/var/task").unwrap();
            assert_eq!(std::str::from_utf8(out.bytes()).unwrap(), expected.replace("DEFAULTS", defaults), "{lua_path}");
        }
    }

    #[test]
    fn templates_are_expanded_within_bounds() {
        let mut name = Buffer::new(limits::PATH_BYTES_MAX);
        assert_eq!(expand(b"/t.x/?.lua", b"a.b", &mut name), Some(c"/t.x/a/b.lua"));
        assert_eq!(expand(b"/?/?/init.lua", b"a", &mut name), Some(c"/a/a/init.lua"));
        assert_eq!(expand(b"/?.lua", b"a\0b", &mut name), None);
        assert_eq!(expand(b"/?.lua", &[b'a'; limits::PATH_BYTES_MAX], &mut name), None);
    }
}
