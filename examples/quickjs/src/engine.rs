//! QuickJS in safe words: values that free themselves, properties, calls both ways, the job queue, modules.
//!
//! All of the example's unsafe code is here. What it rests on, and each SAFETY comment calls *the rule*: the process has one thread and one
//! context, which is never freed; a [`Value`] owns one count of what it names. QuickJS reports errors by return values, so frames may own
//! what they like; an interpreter that leaves by `longjmp`, as Lua does, asks for more care (`src/lua/vm.rs`).

use coldmoon::buffer::Buffer;
use coldmoon::interpreter::Host;
use coldmoon::{limits, sys};
use core::cell::Cell;
use core::ffi::{CStr, c_char, c_int, c_void};
use core::{mem, ptr, slice};
use rquickjs_sys as js;

/// The one context of the process.
#[derive(Clone, Copy)]
pub struct Context(*mut js::JSContext);

/// A JavaScript value.
pub struct Value(pub Context, js::JSValue);

/// What was thrown.
pub struct Thrown(pub Value);

/// What may throw.
pub type Result<T> = core::result::Result<T, Thrown>;

/// What kind of value one is, as far as JSON tells them apart.
#[derive(PartialEq, Eq)]
pub enum Kind {
    Null,
    Boolean,
    Number,
    BigInt,
    String,
    Array,
    Object,
    /// What JSON leaves out: `undefined`, functions, symbols.
    Other,
}

impl Context {
    /// Makes the context with at most `heap_bytes` of memory. Modules are found below `task_root`. `None` if memory does not suffice.
    pub fn open(heap_bytes: isize, task_root: &'static Cell<&'static [u8]>) -> Option<Context> {
        // SAFETY: a new runtime and a new context; QuickJS copies the table; `load_module` has the loader's type and gets `task_root` back.
        unsafe {
            HEAP_LEFT.0.set(heap_bytes);
            let runtime = js::JS_NewRuntime2(&ALLOCATOR, ptr::null_mut());
            if runtime.is_null() {
                return None;
            }
            js::JS_SetModuleLoaderFunc(runtime, None, Some(load_module), ptr::from_ref(task_root).cast_mut().cast());
            let context = js::JS_NewContext(runtime);
            (!context.is_null()).then_some(Context(context))
        }
    }

    /// What a function of QuickJS has returned, or what it has thrown.
    fn check(self, raw: js::JSValue) -> Result<Value> {
        if raw.tag != i64::from(js::JS_TAG_EXCEPTION) {
            return Ok(Value(self, raw));
        }
        // SAFETY: the rule.
        Err(Thrown(Value(self, unsafe { js::JS_GetException(self.0) })))
    }

    /// The same of a function that returns a negative number where it throws.
    fn check_status(self, status: c_int) -> Result<()> {
        if status < 0 { self.check(js::JS_EXCEPTION).map(drop) } else { Ok(()) }
    }

    /// `undefined`
    pub fn undefined(self) -> Value {
        Value(self, js::JS_UNDEFINED)
    }

    /// `null`
    pub fn null(self) -> Value {
        Value(self, js::JS_NULL)
    }

    /// `true` or `false`
    pub fn boolean(self, value: bool) -> Value {
        Value(self, if value { js::JS_TRUE } else { js::JS_FALSE })
    }

    /// A number.
    pub fn number(self, value: f64) -> Value {
        Value(self, js::JS_NewFloat64(value))
    }

    /// A `BigInt` of 64 bits, signed or not.
    pub fn big_int(self, bits: u64, is_signed: bool) -> Result<Value> {
        // SAFETY: the rule.
        self.check(unsafe { if is_signed { js::JS_NewBigInt64(self.0, bits as i64) } else { js::JS_NewBigUint64(self.0, bits) } })
    }

    /// A string of UTF-8, with lone surrogates in their three-byte form.
    pub fn string(self, text: &[u8]) -> Result<Value> {
        // SAFETY: the rule; so many bytes are read.
        self.check(unsafe { js::JS_NewStringLen(self.0, text.as_ptr().cast(), text.len() as _) })
    }

    /// `{}`
    pub fn object(self) -> Result<Value> {
        // SAFETY: the rule.
        self.check(unsafe { js::JS_NewObject(self.0) })
    }

    /// `[]`
    pub fn array(self) -> Result<Value> {
        // SAFETY: the rule.
        self.check(unsafe { js::JS_NewArray(self.0) })
    }

    /// An `Error` of this name, to be thrown.
    pub fn error(self, name: &[u8], message: &[u8]) -> Thrown {
        // SAFETY: the rule.
        let error = self.check(unsafe { js::JS_NewError(self.0) }).and_then(|error| {
            error.define(b"name", self.string(name)?)?;
            error.define(b"message", self.string(message)?).map(|()| error)
        });
        error.map_or_else(|thrown| thrown, Thrown)
    }

    /// A function of JavaScript that calls `act`, which has no state of its own, with at most three arguments.
    pub fn function<F: Fn(Context, &[Value; 3]) -> Result<Value> + Copy + 'static>(self, _act: F) -> Result<Value> {
        const { assert!(size_of::<F>() == 0) };
        let kind = js::JSCFunctionEnum_JS_CFUNC_generic;
        // SAFETY: the rule; `trampoline` has the type that its kind asks for.
        self.check(unsafe { js::JS_NewCFunction2(self.0, Some(trampoline::<F>), c"".as_ptr(), 0, kind, 0) })
    }

    /// The value of a script that `build.rs` has compiled.
    pub fn evaluate(self, bytecode: &'static [u8]) -> Result<Value> {
        // SAFETY: the rule; so many bytes are read, and they come from the same QuickJS; the count of the script goes over.
        unsafe {
            let script = js::JS_ReadObject(self.0, bytecode.as_ptr(), bytecode.len() as _, js::JS_READ_OBJ_BYTECODE as _);
            self.check(js::JS_EvalFunction(self.0, self.check(script)?.into_raw()))
        }
    }

    /// Frees what only refers to itself, if memory has run out since the last time: QuickJS does not do that before it refuses.
    pub fn collect_if_short(self) {
        if RESERVE_LEFT.0.get() == 0 {
            // SAFETY: the rule; no JavaScript runs.
            unsafe { js::JS_RunGC(js::JS_GetRuntime(self.0)) };
        }
    }

    /// What is thrown where memory has run out.
    pub fn out_of_memory(self) -> Thrown {
        // SAFETY: the rule.
        self.check(unsafe { js::JS_ThrowOutOfMemory(self.0) }).map_or_else(|thrown| thrown, Thrown)
    }
}

impl Value {
    /// What kind of value it is.
    pub fn kind(&self) -> Kind {
        // SAFETY: the rule.
        let is_array = unsafe { js::JS_IsArray(self.1) };
        match self.1.tag as i32 {
            js::JS_TAG_NULL => Kind::Null,
            js::JS_TAG_BOOL => Kind::Boolean,
            js::JS_TAG_INT | js::JS_TAG_FLOAT64 => Kind::Number,
            js::JS_TAG_BIG_INT | js::JS_TAG_SHORT_BIG_INT => Kind::BigInt,
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
        self.0.check_status(unsafe { js::JS_ToFloat64(self.0.0, &mut number, self.1) }).map(|()| number)
    }

    /// Gives `act` what `String(value)` makes of it, in UTF-8; lone surrogates have their three-byte form.
    pub fn with_text<R>(&self, act: impl FnOnce(&[u8]) -> R) -> Result<R> {
        let mut bytes = 0;
        // SAFETY: the rule; so many bytes stay until they are given back.
        unsafe {
            let start = js::JS_ToCStringLen2(self.0.0, &mut bytes, self.1, false);
            if start.is_null() {
                self.0.check(js::JS_EXCEPTION)?;
            }
            let result = act(sys::slice(start, bytes as usize));
            js::JS_FreeCString(self.0.0, start);
            Ok(result)
        }
    }

    /// Gives `act`, which may not run JavaScript, the bytes of a `Uint8Array`; throws where it is none.
    pub fn with_bytes<R>(&self, act: impl FnOnce(&[u8]) -> R) -> Result<R> {
        let mut bytes = 0;
        // SAFETY: the rule; the bytes stay where they are while no JavaScript runs.
        unsafe {
            let start = js::JS_GetUint8Array(self.0.0, &mut bytes, self.1);
            if start.is_null() {
                self.0.check(js::JS_EXCEPTION)?;
            }
            Ok(act(sys::slice(start.cast(), bytes as usize)))
        }
    }

    /// `value[name]`
    pub fn get(&self, name: &CStr) -> Result<Value> {
        // SAFETY: the rule.
        self.0.check(unsafe { js::JS_GetPropertyStr(self.0.0, self.1, name.as_ptr()) })
    }

    /// `value[index]`
    pub fn at(&self, index: u32) -> Result<Value> {
        // SAFETY: the rule.
        self.0.check(unsafe { js::JS_GetPropertyUint32(self.0.0, self.1, index) })
    }

    /// Makes `member` an own property, whatever is inherited: `__proto__` is a name like any other.
    pub fn define(&self, name: &[u8], member: Value) -> Result<()> {
        // SAFETY: the rule; so many bytes are read; the count of `member` goes over, the atom is given back.
        unsafe {
            let atom = js::JS_NewAtomLen(self.0.0, name.as_ptr().cast(), name.len() as _);
            let status = js::JS_DefinePropertyValue(self.0.0, self.1, atom, member.into_raw(), js::JS_PROP_C_W_E as _);
            js::JS_FreeAtom(self.0.0, atom);
            self.0.check_status(status)
        }
    }

    /// The same for an element of an array.
    pub fn define_at(&self, index: u32, member: Value) -> Result<()> {
        // SAFETY: the rule; the count of `member` goes over.
        let status = unsafe { js::JS_DefinePropertyValueUint32(self.0.0, self.1, index, member.into_raw(), js::JS_PROP_C_W_E as _) };
        self.0.check_status(status)
    }

    /// Gives `act` the name and value of every own enumerable property that has a string for a name, in their order.
    pub fn each_member(&self, mut act: impl FnMut(&Value, Value) -> Result<()>) -> Result<()> {
        let (context, mut names, mut count) = (self.0, ptr::null_mut(), 0);
        // SAFETY: the rule; the list of `count` atoms is given back on every way.
        unsafe {
            let flags = js::JS_GPN_STRING_MASK | js::JS_GPN_ENUM_ONLY;
            context.check_status(js::JS_GetOwnPropertyNames(context.0, &mut names, &mut count, self.1, flags as _))?;
            let result = (0..count as usize).map(|index| (*names.add(index)).atom).try_for_each(|atom| {
                let member = context.check(js::JS_GetProperty(context.0, self.1, atom))?;
                act(&context.check(js::JS_AtomToString(context.0, atom))?, member)
            });
            js::JS_FreePropertyEnum(context.0, names, count);
            result
        }
    }

    /// Whether it can be called.
    pub fn is_function(&self) -> bool {
        // SAFETY: the rule.
        unsafe { js::JS_IsFunction(self.0.0, self.1) }
    }

    /// Calls it.
    pub fn call<const N: usize>(&self, this: &Value, arguments: [&Value; N]) -> Result<Value> {
        let mut list = arguments.map(|argument| argument.1);
        // SAFETY: the rule.
        self.0.check(unsafe { js::JS_Call(self.0.0, self.1, this.1, N as c_int, list.as_mut_ptr()) })
    }

    /// Runs all jobs, and then what a promise has come to; what is none is itself. `None` if it never settles: no job is left to do it.
    pub fn settle(self) -> Result<Option<Value>> {
        let mut context = ptr::null_mut();
        // SAFETY: the rule. A job that fails has rejected its promise already.
        unsafe {
            while js::JS_ExecutePendingJob(js::JS_GetRuntime(self.0.0), &mut context) != 0 {}
            match js::JS_PromiseState(self.0.0, self.1) {
                js::JSPromiseStateEnum_JS_PROMISE_PENDING => Ok(None),
                js::JSPromiseStateEnum_JS_PROMISE_FULFILLED => self.0.check(js::JS_PromiseResult(self.0.0, self.1)).map(Some),
                js::JSPromiseStateEnum_JS_PROMISE_REJECTED => Err(Thrown(Value(self.0, js::JS_PromiseResult(self.0.0, self.1)))),
                _ => Ok(Some(self)),
            }
        }
    }

    fn into_raw(self) -> js::JSValue {
        mem::ManuallyDrop::new(self).1
    }
}

impl Clone for Value {
    fn clone(&self) -> Value {
        // SAFETY: the rule.
        Value(self.0, unsafe { js::JS_DupValue(self.0.0, self.1) })
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        // SAFETY: the rule: this is its count.
        unsafe { js::JS_FreeValue(self.0.0, self.1) }
    }
}

/// What QuickJS calls for a function made by [`Context::function`].
unsafe extern "C" fn trampoline<F: Fn(Context, &[Value; 3]) -> Result<Value> + Copy + 'static>(
    context: *mut js::JSContext,
    _this: js::JSValue,
    count: c_int,
    arguments: *mut js::JSValue,
) -> js::JSValue {
    // SAFETY: a `Value` that is never dropped is a JSValue beside its context, whose count the caller keeps for the call. `F` has no state
    // (`Context::function` checks it when it is compiled), so nothing is read; one was given away there, so it has values.
    let (act, arguments) = unsafe {
        let given = if count > 0 { slice::from_raw_parts(arguments, count as usize) } else { &[] };
        let value = |index| mem::ManuallyDrop::new(Value(Context(context), given.get(index).copied().unwrap_or(js::JS_UNDEFINED)));
        (mem::transmute_copy::<(), F>(&()), [value(0), value(1), value(2)])
    };
    // SAFETY: `ManuallyDrop` has the layout of what is in it.
    let arguments = unsafe { &*ptr::from_ref(&arguments).cast::<[Value; 3]>() };
    match act(Context(context), arguments) {
        Ok(value) => value.into_raw(),
        // SAFETY: the rule; the count of the thrown value goes over.
        Err(Thrown(value)) => unsafe { js::JS_Throw(context, value.into_raw()) },
    }
}

/// What QuickJS calls for a module that it has not got yet. `name` is absolute, or relative to the task root; QuickJS has made it of the
/// importing module's name and of what that asks for. Null, and thrown, if there is none.
unsafe extern "C" fn load_module(context: *mut js::JSContext, name: *const c_char, task_root: *mut c_void) -> *mut js::JSModuleDef {
    let (mut path, mut source) = (Buffer::new(limits::PATH_BYTES_MAX), Buffer::new(limits::SOURCE_BYTES_MAX));
    // SAFETY: the rule; the name is NUL-terminated, `task_root` is what `Context::open` gave. The context keeps the module, not its value.
    unsafe {
        let (text, root) = (CStr::from_ptr(name).to_bytes_with_nul(), (*task_root.cast::<Cell<&[u8]>>()).get());
        let parts: &[&[u8]] = if text.starts_with(b"/") { &[text] } else { &[root, b"/", text] };
        let is_path = parts.iter().all(|part| path.push(part).is_ok());
        let file = CStr::from_bytes_until_nul(path.bytes()).ok().filter(|_| is_path).and_then(|path| sys::open(path).ok());
        let is_read = file.is_some_and(|file| {
            let is_read = source.read_file(file).is_ok() && source.push(b"\0").is_ok();
            sys::close(file);
            is_read
        });
        if !is_read {
            js::JS_ThrowReferenceError(context, c"cannot find module '%s'".as_ptr(), name);
            return ptr::null_mut();
        }
        let (text, flags) = (source.bytes(), js::JS_EVAL_TYPE_MODULE | js::JS_EVAL_FLAG_COMPILE_ONLY);
        let module = Value(Context(context), js::JS_Eval(context, text.as_ptr().cast(), text.len() as u64 - 1, name, flags as _));
        if module.1.tag == i64::from(js::JS_TAG_MODULE) { module.1.u.ptr.cast() } else { ptr::null_mut() }
    }
}

// ---- memory ----

/// What JavaScript's heap may still take.
static HEAP_LEFT: OneThread<Cell<isize>> = OneThread(Cell::new(0));

/// What it may take more when it was refused memory: without any for the error that says so, QuickJS throws `null`.
const RESERVE: isize = 64 << 10;
/// What of that is not given.
static RESERVE_LEFT: OneThread<Cell<isize>> = OneThread(Cell::new(RESERVE));

/// The C library's heap behind a count.
const ALLOCATOR: js::JSMallocFunctions = js::JSMallocFunctions {
    js_calloc: Some(allocate_zeroed),
    js_malloc: Some(allocate),
    js_free: Some(release),
    js_realloc: Some(resize),
    js_malloc_usable_size: Some(malloc_usable_size),
};

unsafe extern "C" {
    fn realloc(block: *mut c_void, bytes: js::size_t) -> *mut c_void;
    fn free(block: *mut c_void);
    /// What a block takes; 0 of null.
    fn malloc_usable_size(block: *const c_void) -> js::size_t;
}

unsafe extern "C" fn allocate(opaque: *mut c_void, bytes: js::size_t) -> *mut c_void {
    // SAFETY: there is no old block.
    unsafe { resize(opaque, ptr::null_mut(), bytes) }
}

unsafe extern "C" fn allocate_zeroed(opaque: *mut c_void, count: js::size_t, bytes: js::size_t) -> *mut c_void {
    let bytes = count.saturating_mul(bytes);
    // SAFETY: there is no old block; the new one has so many bytes.
    unsafe {
        let block = allocate(opaque, bytes);
        if !block.is_null() {
            ptr::write_bytes(block.cast::<u8>(), 0, bytes as usize);
        }
        block
    }
}

unsafe extern "C" fn release(_opaque: *mut c_void, block: *mut c_void) {
    // SAFETY: QuickJS gives back what it got from here, or null.
    unsafe {
        let left = HEAP_LEFT.0.get() + malloc_usable_size(block) as isize;
        let is_over = RESERVE_LEFT.0.get() == 0 && left > 2 * RESERVE;
        RESERVE_LEFT.0.set(if is_over { RESERVE } else { RESERVE_LEFT.0.get() });
        HEAP_LEFT.0.set(if is_over { left - RESERVE } else { left });
        free(block);
    }
}

unsafe extern "C" fn resize(_opaque: *mut c_void, block: *mut c_void, bytes: js::size_t) -> *mut c_void {
    // SAFETY: as in `release`.
    unsafe {
        let left = HEAP_LEFT.0.get() + malloc_usable_size(block) as isize;
        if isize::try_from(bytes).is_ok_and(|bytes| bytes <= left) {
            let new = realloc(block, bytes);
            if !new.is_null() {
                HEAP_LEFT.0.set(left - malloc_usable_size(new) as isize);
                return new;
            }
        }
    }
    HEAP_LEFT.0.set(HEAP_LEFT.0.get() + RESERVE_LEFT.0.take());
    ptr::null_mut()
}

/// What our functions find although JavaScript calls them: the runtime, as it is lent for a call.
pub struct Lent(Cell<Option<*mut dyn Host>>);

/// What is static although it is not made for threads.
pub struct OneThread<T>(pub T);

// SAFETY: the process has one thread.
unsafe impl<T> Sync for OneThread<T> {}

impl Lent {
    /// Nothing is lent yet.
    pub const fn new() -> Lent {
        Lent(Cell::new(None))
    }

    /// Lends `host` while `act` runs.
    pub fn lend<R>(&self, host: &mut dyn Host, act: impl FnOnce() -> R) -> R {
        // SAFETY: only the lifetime is changed; the pointer is forgotten before `host`'s borrow ends.
        self.0.set(Some(unsafe { mem::transmute::<*mut dyn Host, *mut (dyn Host + 'static)>(host) }));
        let result = act();
        self.0.set(None);
        result
    }

    /// Uses it. Not from within itself: then, and outside of a call, there is none.
    pub fn with<R>(&self, act: impl FnOnce(&mut dyn Host) -> R) -> Option<R> {
        let host = self.0.take()?;
        // SAFETY: `lend` keeps the pointer valid, and it is out of its place while it is used.
        let result = act(unsafe { &mut *host });
        self.0.set(Some(host));
        Some(result)
    }
}
