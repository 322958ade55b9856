//! QuickJS in safe words: values that free themselves, properties, calls both ways, the job queue, modules.
//!
//! All of the example's unsafe code is here. What it rests on, and each SAFETY comment calls *the rule*: the process has one thread and one
//! context, which [`open`] makes before any other function is called and nothing frees; a [`Value`] owns one count of what it names.
//! QuickJS reports errors by return values, so frames may own what they like; an interpreter that leaves by `longjmp`, as Lua does, asks
//! for more care (`src/lua/vm.rs`).

use coldmoon::buffer::Buffer;
use coldmoon::interpreter::Host;
use coldmoon::{limits, sys};
use core::cell::Cell;
use core::ffi::{CStr, c_char, c_int, c_void};
use core::mem;
use core::ops::Deref;
use core::ptr::{self, NonNull};
use rquickjs_sys as js;

/// A JavaScript value.
#[repr(transparent)]
pub struct Value(js::JSValue);

/// What was thrown.
pub struct Thrown(pub Value);

/// What may throw.
pub type Result<T, E = Thrown> = core::result::Result<T, E>;

/// What kind of value one is, as far as JSON tells them apart.
#[derive(PartialEq, Eq)]
pub enum Kind {
    /// What `String(value)` writes as JSON does: `null`, `true`, `false`, a BigInt.
    Literal,
    Number,
    String,
    Array,
    Object,
    /// What JSON leaves out: `undefined`, functions, symbols.
    Other,
}

/// What is static although it is not made for threads.
pub struct OneThread<T>(pub T);

// SAFETY: the process has one thread.
unsafe impl<T> Sync for OneThread<T> {}

static CONTEXT: OneThread<Cell<Option<NonNull<js::JSContext>>>> = OneThread(Cell::new(None));

/// Makes the context with at most `heap_bytes` of memory. Modules are found below `task_root`. `None` if memory does not suffice.
pub fn open(heap_bytes: isize, task_root: &'static [u8]) -> Option<()> {
    HEAP_LEFT.0.set(heap_bytes);
    TASK_ROOT.0.set(task_root);
    // SAFETY: a new runtime and a new context; QuickJS copies the table; `load_module` has the loader's type.
    unsafe {
        let runtime = NonNull::new(js::JS_NewRuntime2(&ALLOCATOR, ptr::null_mut()))?.as_ptr();
        js::JS_SetModuleLoaderFunc(runtime, None, Some(load_module), ptr::null_mut());
        CONTEXT.0.set(Some(NonNull::new(js::JS_NewContext(runtime))?));
    }
    Some(())
}

fn context() -> *mut js::JSContext {
    CONTEXT.0.get().expect("`open` comes first").as_ptr()
}

/// The value of a script that `build.rs` has compiled.
pub fn evaluate(bytecode: &'static [u8]) -> Result<Value> {
    // SAFETY: the rule; so many bytes are read, and they come from the same QuickJS; the count of the script goes over.
    unsafe {
        let script = js::JS_ReadObject(context(), bytecode.as_ptr(), bytecode.len() as _, js::JS_READ_OBJ_BYTECODE as _);
        check(js::JS_EvalFunction(context(), check(script)?.into_raw()))
    }
}

/// What a function of QuickJS has returned, or what it has thrown.
fn check(raw: js::JSValue) -> Result<Value> {
    if raw.tag == i64::from(js::JS_TAG_EXCEPTION) { Err(thrown()) } else { Ok(Value(raw)) }
}

/// The same of a function that returns a negative number where it throws.
fn check_status(status: c_int) -> Result<()> {
    if status < 0 { Err(thrown()) } else { Ok(()) }
}

fn thrown() -> Thrown {
    // SAFETY: the rule.
    Thrown(Value(unsafe { js::JS_GetException(context()) }))
}

impl Thrown {
    /// An `Error` of this name. QuickJS cuts messages at 255 bytes.
    pub fn new(name: &[u8], message: &[u8]) -> Thrown {
        // SAFETY: the rule; the format reads so many bytes.
        let error = check(unsafe { js::JS_NewPlainError(context(), c"%.*s".as_ptr(), message.len() as c_int, message.as_ptr()) });
        let named = error.and_then(|error| error.define(b"name", Value::string(name)?).map(|()| error));
        named.map_or_else(|thrown| thrown, Thrown)
    }

    /// What is thrown where memory has run out.
    pub fn out_of_memory() -> Thrown {
        // SAFETY: the rule.
        check(unsafe { js::JS_ThrowOutOfMemory(context()) }).map_or_else(|thrown| thrown, Thrown)
    }
}

impl Value {
    /// `null`
    pub const NULL: Value = Value(js::JS_NULL);
    /// `undefined`
    pub const UNDEFINED: Value = Value(js::JS_UNDEFINED);
    /// `true`
    pub const TRUE: Value = Value(js::JS_TRUE);
    /// `false`
    pub const FALSE: Value = Value(js::JS_FALSE);

    /// A number.
    pub fn number(value: f64) -> Value {
        Value(js::JS_NewFloat64(value))
    }

    /// A `BigInt` of 64 bits, signed or not.
    pub fn big_int(bits: u64, is_signed: bool) -> Result<Value> {
        // SAFETY: the rule.
        check(unsafe { if is_signed { js::JS_NewBigInt64(context(), bits as i64) } else { js::JS_NewBigUint64(context(), bits) } })
    }

    /// A string of UTF-8, with lone surrogates in their three-byte form.
    pub fn string(text: &[u8]) -> Result<Value> {
        // SAFETY: the rule; so many bytes are read.
        check(unsafe { js::JS_NewStringLen(context(), text.as_ptr().cast(), text.len() as _) })
    }

    /// `{}`
    pub fn object() -> Result<Value> {
        // SAFETY: the rule.
        check(unsafe { js::JS_NewObject(context()) })
    }

    /// `[]`
    pub fn array() -> Result<Value> {
        // SAFETY: the rule.
        check(unsafe { js::JS_NewArray(context()) })
    }

    /// A function of JavaScript that calls `act`, which has no state of its own, with its first three arguments.
    pub fn function<F: Fn(&[Value; 3]) -> Result<Value> + Copy + 'static>(_act: F) -> Result<Value> {
        const { assert!(size_of::<F>() == 0) };
        let kind = js::JSCFunctionEnum_JS_CFUNC_generic;
        // SAFETY: the rule; `trampoline` has the type that its kind asks for.
        check(unsafe { js::JS_NewCFunction2(context(), Some(trampoline::<F>), c"".as_ptr(), 3, kind, 0) })
    }

    /// What kind of value it is.
    pub fn kind(&self) -> Kind {
        // SAFETY: the rule.
        let is_array = unsafe { js::JS_IsArray(self.0) };
        match self.0.tag as i32 {
            js::JS_TAG_NULL | js::JS_TAG_BOOL | js::JS_TAG_BIG_INT | js::JS_TAG_SHORT_BIG_INT => Kind::Literal,
            js::JS_TAG_INT | js::JS_TAG_FLOAT64 => Kind::Number,
            js::JS_TAG_STRING | js::JS_TAG_STRING_ROPE => Kind::String,
            js::JS_TAG_OBJECT if is_array => Kind::Array,
            js::JS_TAG_OBJECT if !self.is_function() => Kind::Object,
            _ => Kind::Other,
        }
    }

    /// What `Number(value)` makes of it.
    pub fn to_number(&self) -> Result<f64> {
        let mut number = 0.0;
        // SAFETY: the rule.
        check_status(unsafe { js::JS_ToFloat64(context(), &mut number, self.0) }).map(|()| number)
    }

    /// What `String(value)` makes of it, in UTF-8; lone surrogates have their three-byte form.
    pub fn text(&self) -> Result<Text> {
        let mut bytes = 0;
        // SAFETY: the rule.
        let start = unsafe { js::JS_ToCStringLen2(context(), &mut bytes, self.0, false) };
        if start.is_null() { Err(thrown()) } else { Ok(Text(start, bytes as usize)) }
    }

    /// Gives `act`, which may not run JavaScript, the bytes of a `Uint8Array`; throws where it is none.
    pub fn with_bytes<R>(&self, act: impl FnOnce(&[u8]) -> R) -> Result<R> {
        let mut bytes = 0;
        // SAFETY: the rule.
        let start = unsafe { js::JS_GetUint8Array(context(), &mut bytes, self.0) };
        // SAFETY: so many bytes stay where they are while no JavaScript runs.
        if start.is_null() { Err(thrown()) } else { Ok(act(unsafe { sys::slice(start.cast(), bytes as usize) })) }
    }

    /// `value[name]`
    pub fn get(&self, name: &CStr) -> Result<Value> {
        // SAFETY: the rule.
        check(unsafe { js::JS_GetPropertyStr(context(), self.0, name.as_ptr()) })
    }

    /// `value[index]`
    pub fn at(&self, index: u32) -> Result<Value> {
        // SAFETY: the rule.
        check(unsafe { js::JS_GetPropertyUint32(context(), self.0, index) })
    }

    /// Makes `member` an own property, whatever is inherited: `__proto__` is a name like any other.
    pub fn define(&self, name: &[u8], member: Value) -> Result<()> {
        // SAFETY: the rule; so many bytes are read; the count of `member` goes over, the atom is given back.
        unsafe {
            let atom = js::JS_NewAtomLen(context(), name.as_ptr().cast(), name.len() as _);
            let status = js::JS_DefinePropertyValue(context(), self.0, atom, member.into_raw(), js::JS_PROP_C_W_E as _);
            js::JS_FreeAtom(context(), atom);
            check_status(status)
        }
    }

    /// The same for an element of an array.
    pub fn define_at(&self, index: u32, member: Value) -> Result<()> {
        // SAFETY: the rule; the count of `member` goes over.
        check_status(unsafe { js::JS_DefinePropertyValueUint32(context(), self.0, index, member.into_raw(), js::JS_PROP_C_W_E as _) })
    }

    /// Gives `act` the name and value of every own enumerable property that has a string for a name, in their order.
    pub fn each_member(&self, mut act: impl FnMut(&Value, Value) -> Result<()>) -> Result<()> {
        let (mut names, mut count) = (ptr::null_mut(), 0);
        // SAFETY: the rule; the list of `count` atoms is given back on every way.
        unsafe {
            let flags = js::JS_GPN_STRING_MASK | js::JS_GPN_ENUM_ONLY;
            check_status(js::JS_GetOwnPropertyNames(context(), &mut names, &mut count, self.0, flags as _))?;
            let result = (0..count as usize).map(|index| (*names.add(index)).atom).try_for_each(|atom| {
                let member = check(js::JS_GetProperty(context(), self.0, atom))?;
                act(&check(js::JS_AtomToString(context(), atom))?, member)
            });
            js::JS_FreePropertyEnum(context(), names, count);
            result
        }
    }

    /// Whether it can be called.
    pub fn is_function(&self) -> bool {
        // SAFETY: the rule.
        unsafe { js::JS_IsFunction(context(), self.0) }
    }

    /// Calls it.
    pub fn call<const N: usize>(&self, this: &Value, arguments: [&Value; N]) -> Result<Value> {
        let mut list = arguments.map(|argument| argument.0);
        // SAFETY: the rule.
        check(unsafe { js::JS_Call(context(), self.0, this.0, N as c_int, list.as_mut_ptr()) })
    }

    /// Runs all jobs, and then what a promise has come to. If it is still pending, no job is left that could settle it: an error.
    pub fn settle(self) -> Result<Value> {
        let mut of_job = ptr::null_mut();
        // SAFETY: the rule. A job that fails has rejected its promise already.
        unsafe {
            while js::JS_ExecutePendingJob(js::JS_GetRuntime(context()), &mut of_job) != 0 {}
            match js::JS_PromiseState(context(), self.0) {
                js::JSPromiseStateEnum_JS_PROMISE_FULFILLED => check(js::JS_PromiseResult(context(), self.0)),
                js::JSPromiseStateEnum_JS_PROMISE_REJECTED => Err(Thrown(Value(js::JS_PromiseResult(context(), self.0)))),
                _ => Err(Thrown::new(b"Runtime.UnsettledPromise", b"a promise that the function waits for never settles")),
            }
        }
    }

    fn into_raw(self) -> js::JSValue {
        mem::ManuallyDrop::new(self).0
    }
}

impl Clone for Value {
    fn clone(&self) -> Value {
        // SAFETY: the rule.
        Value(unsafe { js::JS_DupValue(context(), self.0) })
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        // SAFETY: the rule: this is its count.
        unsafe { js::JS_FreeValue(context(), self.0) }
    }
}

/// The text of a value.
pub struct Text(*const c_char, usize);

impl Deref for Text {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        // SAFETY: `Value::text` got so many bytes, which stay until they are given back.
        unsafe { sys::slice(self.0, self.1) }
    }
}

impl Drop for Text {
    fn drop(&mut self) {
        // SAFETY: the rule: the text is given back once.
        unsafe { js::JS_FreeCString(context(), self.0) }
    }
}

/// What QuickJS calls for a function made by [`Value::function`].
unsafe extern "C" fn trampoline<F: Fn(&[Value; 3]) -> Result<Value> + Copy + 'static>(
    _context: *mut js::JSContext,
    _this: js::JSValue,
    _count: c_int,
    arguments: *mut js::JSValue,
) -> js::JSValue {
    // SAFETY: `F` has no state (`Value::function` checks it when it is compiled), so nothing is read; one was given away there, so it has
    // values. QuickJS adds `undefined` up to the function's length, 3; it keeps the counts for the call, and nothing is dropped here.
    let (act, arguments) = unsafe { (mem::transmute_copy::<(), F>(&()), &*arguments.cast::<[Value; 3]>()) };
    match act(arguments) {
        Ok(value) => value.into_raw(),
        // SAFETY: the rule; the count of the thrown value goes over.
        Err(Thrown(value)) => unsafe { js::JS_Throw(context(), value.into_raw()) },
    }
}

// ---- modules ----

/// The folder of the function's files.
static TASK_ROOT: OneThread<Cell<&[u8]>> = OneThread(Cell::new(b"."));

/// What QuickJS calls for a module that it has not got yet. `name` is absolute, or relative to the task root; QuickJS has made it of the
/// importing module's name and of what that asks for. Null, and thrown, if there is none.
unsafe extern "C" fn load_module(_context: *mut js::JSContext, name: *const c_char, _opaque: *mut c_void) -> *mut js::JSModuleDef {
    // SAFETY: the rule; the name is NUL-terminated, and so is the source. The context keeps the module, not its value.
    unsafe {
        let Some(source) = read_module(CStr::from_ptr(name)) else {
            js::JS_ThrowReferenceError(context(), c"cannot find module '%s'".as_ptr(), name);
            return ptr::null_mut();
        };
        let (text, flags) = (source.bytes(), js::JS_EVAL_TYPE_MODULE | js::JS_EVAL_FLAG_COMPILE_ONLY);
        let module = Value(js::JS_Eval(context(), text.as_ptr().cast(), text.len() as u64 - 1, name, flags as _));
        if module.0.tag == i64::from(js::JS_TAG_MODULE) { module.0.u.ptr.cast() } else { ptr::null_mut() }
    }
}

/// The source of a module, NUL-terminated.
fn read_module(name: &CStr) -> Option<Buffer> {
    let (mut path, mut source) = (Buffer::new(limits::PATH_BYTES_MAX), Buffer::new(limits::SOURCE_BYTES_MAX));
    let name = name.to_bytes_with_nul();
    let folder = if name.starts_with(b"/") { b"" } else { TASK_ROOT.0.get() };
    [folder, b"/", name].iter().try_for_each(|part| path.push(part)).ok()?;
    source.read_path(CStr::from_bytes_until_nul(path.bytes()).ok()?).ok()?;
    source.push_byte(0).ok()?;
    Some(source)
}

// ---- memory ----

/// What JavaScript's heap may still take.
static HEAP_LEFT: OneThread<Cell<isize>> = OneThread(Cell::new(0));

/// What it may take more once it was refused memory: without any for the error that says so, QuickJS throws `null`, as a function may do
/// itself. That is why QuickJS's own limit (`JS_SetMemoryLimit`) does not serve here: nobody hears of what it refuses.
const RESERVE: isize = 64 << 10;
/// Whether it may.
static IS_SHORT: OneThread<Cell<bool>> = OneThread(Cell::new(false));

/// Whether memory was refused since the last [`collect_if_short`].
pub fn is_short() -> bool {
    IS_SHORT.0.get()
}

/// Where memory was refused, frees what only refers to itself, which QuickJS does not do by itself then, and takes the reserve back.
pub fn collect_if_short() {
    if IS_SHORT.0.take() {
        HEAP_LEFT.0.set(HEAP_LEFT.0.get() - RESERVE);
        // SAFETY: the rule; no JavaScript runs.
        unsafe { js::JS_RunGC(js::JS_GetRuntime(context())) };
    }
}

/// The C library's heap behind a count.
const ALLOCATOR: js::JSMallocFunctions = js::JSMallocFunctions {
    js_calloc: Some(allocate_zeroed),
    js_malloc: Some(allocate),
    js_free: Some(release),
    js_realloc: Some(resize),
    js_malloc_usable_size: Some(malloc_usable_size),
};

unsafe extern "C" {
    fn calloc(count: js::size_t, bytes: js::size_t) -> *mut c_void;
    fn realloc(block: *mut c_void, bytes: js::size_t) -> *mut c_void;
    fn free(block: *mut c_void);
    /// What a block takes; 0 of null.
    fn malloc_usable_size(block: *const c_void) -> js::size_t;
}

unsafe extern "C" fn allocate(opaque: *mut c_void, bytes: js::size_t) -> *mut c_void {
    // SAFETY: there is no old block.
    unsafe { resize(opaque, ptr::null_mut(), bytes) }
}

unsafe extern "C" fn allocate_zeroed(_opaque: *mut c_void, number: js::size_t, bytes: js::size_t) -> *mut c_void {
    // SAFETY: there is no old block.
    count(ptr::null_mut(), number.saturating_mul(bytes), || unsafe { calloc(number, bytes) })
}

unsafe extern "C" fn resize(_opaque: *mut c_void, block: *mut c_void, bytes: js::size_t) -> *mut c_void {
    // SAFETY: QuickJS gives what it got from here, or null.
    count(block, bytes, || unsafe { realloc(block, bytes) })
}

unsafe extern "C" fn release(_opaque: *mut c_void, block: *mut c_void) {
    // SAFETY: see `resize`.
    unsafe {
        HEAP_LEFT.0.set(HEAP_LEFT.0.get() + malloc_usable_size(block) as isize);
        free(block);
    }
}

/// What `take` gives, where the heap may have `bytes` bytes in place of the block `old`; else null.
fn count(old: *mut c_void, bytes: js::size_t, take: impl FnOnce() -> *mut c_void) -> *mut c_void {
    // SAFETY: the callers pass what QuickJS has passed, see `resize`.
    let left = HEAP_LEFT.0.get() + unsafe { malloc_usable_size(old) } as isize;
    let new = if isize::try_from(bytes).is_ok_and(|bytes| bytes <= left) { take() } else { ptr::null_mut() };
    if !new.is_null() {
        // SAFETY: it is a block of the heap.
        HEAP_LEFT.0.set(left - unsafe { malloc_usable_size(new) } as isize);
    } else if !IS_SHORT.0.replace(true) {
        HEAP_LEFT.0.set(HEAP_LEFT.0.get() + RESERVE);
    }
    new
}

// ---- the runtime, as it is lent for a call ----

/// What our functions find although JavaScript calls them.
static HOST: OneThread<Cell<Option<*mut dyn Host>>> = OneThread(Cell::new(None));

/// Lends `host` while `act` runs.
pub fn lend_host<R>(host: &mut dyn Host, act: impl FnOnce() -> R) -> R {
    // SAFETY: only the lifetime is changed; the pointer is forgotten before `host`'s borrow ends.
    HOST.0.set(Some(unsafe { mem::transmute::<*mut dyn Host, *mut (dyn Host + 'static)>(host) }));
    let result = act();
    HOST.0.set(None);
    result
}

/// Uses it. Not from within itself: then, and outside of a call, there is none.
pub fn with_host<R>(act: impl FnOnce(&mut dyn Host) -> R) -> Option<R> {
    let host = HOST.0.take()?;
    // SAFETY: `lend_host` keeps the pointer valid, and it is out of its place while it is used.
    let result = act(unsafe { &mut *host });
    HOST.0.set(Some(host));
    Some(result)
}
