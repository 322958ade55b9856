//! The Lua state and what belongs to it: its memory budget, the way into it, and the runtime as the function's calls see it.
//!
//! There is one [`Vm`] per Lua state, at a fixed address. C functions find it through the state's allocator ([`Vm::of`]): no global, no
//! upvalue. Everything here works with raw pointers to it, because a call into Lua may come back into the same `Vm`.
//!
//! Lua raises errors by `longjmp`. Every call into Lua that can raise goes through [`Vm::enter`], and the frames such an error crosses own
//! nothing.

use super::ffi::*;
use super::luajit::alloc;
#[cfg(target_env = "musl")]
use super::musl;
use super::{encode, failure, handler, hooks, layout, modules, output, stack, stream};
use crate::answer::ContentType;
use crate::buffer::Buffer;
use crate::bytes;
use crate::env::Env;
use crate::interpreter::{Host, Invocation};
use crate::limits;
use crate::lines::Lines;
use crate::report::Report;
use crate::sys;
use core::ffi::{c_int, c_void};
use core::mem::{self, MaybeUninit};
use core::ptr::{self, addr_of_mut};

/// Everything of one Lua state that is not in Lua. What every start touches comes first, on one page.
#[repr(C)]
pub struct Vm {
    pub state: *mut lua_State,
    memory: Memory,
    /// The runtime during a call, see [`Vm::with_host`].
    host: Option<*mut dyn Host>,
    pub env: Env,
    /// The invocation that is being answered.
    pub invocation: Option<*const Invocation<'static>>,
    /// The handler, as `lua_getinfo` describes it; all zero before it is loaded, and where it is no function.
    pub handler: lua_Debug,
    /// The error being reported.
    pub failure: Report,
    /// What the function has written to stdout and stderr since its last line end.
    pub lines: Lines,
    /// `COLDMOON_EVENT=string`: events and results are strings.
    pub is_string_mode: bool,
    /// A path: of the file that is looked for, or to the value that cannot be encoded.
    pub path: Buffer,
    /// The streamed response of the current call.
    pub stream: stream::State,
    /// Functions that wait for each hook.
    pub hook_counts: [c_int; 3],
    /// Whether INIT is over.
    pub is_loaded: bool,
    /// Text that a module of the runtime is putting together. The collector gets no turn while it is in use: see `stack::push_bytes`.
    pub text: Buffer,
    /// Short-lived bytes: a list of files, a string without its escapes. As for `text`.
    pub scratch: Buffer,
    /// The metatables that tag a table. They are in the registry too, so the addresses stay theirs.
    pub tags: modules::Tags,
    /// `coldmoon.null` and `cjson.empty_array` as they lie in a table.
    pub light: [layout::Slot; 2],
    /// The media type of the result.
    pub content_type: ContentType,
    /// The tables that are being encoded, outermost first.
    pub ancestors: encode::Ancestors,
}

/// Values that the runtime keeps in Lua's registry under small integers.
#[derive(Clone, Copy)]
#[repr(i32)]
pub enum Slot {
    /// The message handler that takes the stack down.
    OnError = 1,
    /// `failure::describe`.
    Describe,
    /// `handler::load`.
    Load,
    /// `handler::invoke`.
    Invoke,
    /// `hooks::run`.
    RunHooks,
    /// `hooks::reseed`.
    Reseed,
    /// The handler.
    Handler,
    /// The message of the last syntax error that a searcher raised.
    SyntaxError,
    /// Metatables, see `modules::Tags`.
    ArrayTag,
    ObjectTag,
    RawTag,
    EmptyArrayTag,
    StreamTag,
    /// The functions that wait for each `interpreter::Hook`, in the order of its variants.
    ShutdownHooks,
    BeforeSnapshotHooks,
    AfterRestoreHooks,
    /// What opens LuaJIT's library `ffi`.
    FfiLoader,
    /// The message about the last C module that the static build refused.
    CModule,
}

/// The memory that Lua may use (`limits::heap_bytes`). `alloc` does the work; this counts.
struct Memory {
    heap: *mut c_void,
    used_bytes: isize,
    bytes_max: isize,
    /// Whether a request was refused since the last call began.
    was_refused: bool,
}

impl Vm {
    /// Makes a Lua state in `place`, with the standard libraries and the runtime's own. `None` if memory does not suffice.
    #[inline(never)] // In `main`, where the place has a fixed address, each of its fields would be named by a long one.
    pub fn open(place: &'static mut MaybeUninit<Vm>, env: &Env) -> Option<*mut Vm> {
        // SAFETY: luaL_newstate has no precondition.
        let state = unsafe { luaL_newstate() };
        if state.is_null() {
            return None;
        }
        let mut heap = ptr::null_mut();
        // SAFETY: `state` is live; `heap` receives the pointer.
        unsafe { lua_getallocf(state, &mut heap) };
        #[cfg(target_env = "musl")]
        // SAFETY: the state is never closed.
        unsafe {
            musl::share(heap);
        }
        let bytes_max = limits::heap_bytes(env.memory_mb);
        let vm: *mut Vm = place.write(Vm {
            state,
            memory: Memory { heap, used_bytes: 0, bytes_max, was_refused: false },
            host: None,
            env: *env,
            invocation: None,
            // SAFETY: an all-zero record is numbers, empty text and null pointers.
            handler: unsafe { mem::zeroed() },
            failure: Report::new(failure::LUA_ERROR),
            lines: Lines::new(),
            is_string_mode: env.event_mode.is_some_and(|mode| bytes::is_same(mode, b"string")),
            path: Buffer::with_first(limits::PATH_BYTES_MAX, 256),
            stream: stream::State::new(),
            hook_counts: [0; 3],
            is_loaded: false,
            text: Buffer::with_first(limits::SOURCE_BYTES_MAX, 8 * 1024),
            scratch: Buffer::with_first(limits::SOURCE_BYTES_MAX, 4 * 1024),
            tags: modules::Tags::new(),
            light: [layout::Slot::NIL; 2],
            content_type: ContentType::new(),
            ancestors: encode::Ancestors::new(),
        });
        // SAFETY: `state` is live, and so is `vm`, which is 'static.
        unsafe {
            // Its small piece of static memory comes before the scratch buffer's large one: so all that a start needs is on one page.
            (*vm).path.reserve(1).ok()?;
            lua_atpanic(state, panic);
            (lua_cpcall(state, open, vm.cast()) == LUA_OK).then_some(vm)
        }
    }

    /// The `Vm` of a state (or of one of its coroutines).
    ///
    /// # Safety
    /// `state` is live and was made by [`Vm::open`].
    pub unsafe fn of(state: *mut lua_State) -> *mut Vm {
        let mut data = ptr::null_mut();
        // SAFETY: `state` is live; its allocator's data is the Vm since `open`.
        unsafe { lua_getallocf(state, &mut data) };
        data.cast()
    }

    /// Runs the C function kept in `entry` with `argument` as its one light userdata, protected. `Err` with the status; the error value is
    /// then on top of the stack and the stack trace in `failure`.
    ///
    /// Raises: nothing. Allocates nothing of Lua's before it is protected.
    ///
    /// # Safety
    /// `vm` is live; the stack of its main state is empty; `argument` is what `entry` expects.
    pub unsafe fn enter(vm: *mut Vm, entry: Slot, argument: *mut c_void) -> Result<(), c_int> {
        // SAFETY: the caller vouches for `vm`; LUA_MINSTACK slots are always free on an empty stack.
        unsafe {
            let state = (*vm).state;
            (*vm).memory.was_refused = false;
            (*vm).failure.clear();
            lua_rawgeti(state, LUA_REGISTRYINDEX, Slot::OnError as c_int);
            lua_rawgeti(state, LUA_REGISTRYINDEX, entry as c_int);
            lua_pushlightuserdata(state, argument);
            match lua_pcall(state, 1, 0, 1) {
                LUA_OK => Ok(()),
                status => Err(status),
            }
        }
    }

    /// Whether the failure with `status` means that memory is exhausted.
    ///
    /// # Safety
    /// `vm` is live, the error value is on top of its main state's stack.
    pub unsafe fn is_out_of_memory(vm: *mut Vm, status: c_int) -> bool {
        // SAFETY: the caller vouches for `vm`; the error value is on top and stays there.
        unsafe {
            match status {
                LUA_ERRMEM => true,
                // A request refused inside the message handler shows as an error in the handler, one inside a coroutine as an error of the
                // function that resumed it, with a position in front.
                _ if !(*vm).memory.was_refused => false,
                LUA_ERRERR => true,
                _ => {
                    let state = (*vm).state;
                    lua_type(state, -1) == LUA_TSTRING
                        && stack::to_bytes(state, -1).is_some_and(|text| text.ends_with(b"not enough memory"))
                }
            }
        }
    }

    /// Runs `act` with `host` as the runtime that Lua's calls reach.
    ///
    /// # Safety
    /// `vm` is live and not already inside this function.
    pub unsafe fn with_host<R>(vm: *mut Vm, host: &mut dyn Host, act: impl FnOnce() -> R) -> R {
        // SAFETY: only the lifetime is changed; the pointer is forgotten below, before `host`'s borrow ends. `act` returns: everything that
        // it calls in Lua is protected.
        let host: *mut (dyn Host + 'static) = unsafe { core::mem::transmute(ptr::from_mut(host)) };
        // SAFETY: the caller vouches for `vm`.
        unsafe { (*vm).host = Some(host) };
        let result = act();
        // SAFETY: as above.
        unsafe { (*vm).host = None };
        result
    }

    /// The runtime of the current call; `None` outside of one (a finaliser that runs at exit).
    ///
    /// # Safety
    /// `vm` is live; the reference is not kept beyond the C function that asks.
    pub unsafe fn host<'a>(vm: *mut Vm) -> Option<&'a mut (dyn Host + 'static)> {
        // SAFETY: `with_host` keeps the pointer valid while it is set, and one C function at a time uses it.
        unsafe { (*vm).host.map(|host| &mut *host) }
    }
}

/// The allocator behind a count.
unsafe extern "C" fn allocate(data: *mut c_void, block: *mut c_void, old_bytes: usize, new_bytes: usize) -> *mut c_void {
    // SAFETY: `data` is the Vm (see `open`); the allocator is never called while somebody holds a reference to this field.
    let memory = unsafe { &mut *addr_of_mut!((*data.cast::<Vm>()).memory) };
    let change = new_bytes as isize - old_bytes as isize;
    if change > 0 && memory.used_bytes + change > memory.bytes_max {
        memory.was_refused = true;
        return ptr::null_mut();
    }
    // SAFETY: the heap that LuaJIT was made with, and the arguments that LuaJIT gave.
    let result = unsafe { alloc::lj_alloc_f(memory.heap, block, old_bytes, new_bytes) };
    if result.is_null() && new_bytes > 0 {
        memory.was_refused = true;
    } else {
        memory.used_bytes += change;
    }
    result
}

/// An error outside of every protected call: there is none by construction. Says so, ends the process.
unsafe extern "C" fn panic(_state: *mut lua_State) -> c_int {
    sys::write_all(2, b"coldmoon: Lua raised an error outside of a protected call; this is a bug of coldmoon\n");
    sys::abort()
}

/// Fills a new state: libraries, registry, the runtime's own functions.
unsafe extern "C" fn open(state: *mut lua_State) -> c_int {
    // SAFETY: called by lua_cpcall in `Vm::open` with the Vm as light userdata; everything below may raise, nothing here owns anything.
    unsafe {
        let vm: *mut Vm = lua_touserdata(state, 1).cast();
        // The search path is ours (`modules`), so the library need not read LUA_PATH.
        lua_pushboolean(state, 1);
        stack::set_field(state, LUA_REGISTRYINDEX, c"LUA_NOENV");
        luaL_openlibs(state);
        // Counted from here on, with what the libraries took: 500 calls less at every start.
        (*vm).memory.used_bytes = (lua_gc(state, LUA_GCCOUNT, 0) as isize) << 10;
        lua_setallocf(state, allocate, vm.cast());
        for (slot, function) in [
            (Slot::OnError, failure::on_error as lua_CFunction),
            (Slot::Describe, failure::describe),
            (Slot::Load, handler::load),
            (Slot::Invoke, handler::invoke),
            (Slot::RunHooks, hooks::run),
            (Slot::Reseed, hooks::reseed),
        ] {
            lua_pushcclosure(state, function, 0);
            lua_rawseti(state, LUA_REGISTRYINDEX, slot as c_int);
        }
        stack::get_field(state, LUA_REGISTRYINDEX, c"_PRELOAD");
        stack::get_field(state, -1, c"ffi");
        lua_rawseti(state, LUA_REGISTRYINDEX, Slot::FfiLoader as c_int);
        stack::get_field(state, LUA_REGISTRYINDEX, c"_VMEVENTS");
        lua_pushcclosure(state, failure::on_finaliser_error, 0);
        lua_rawseti(state, -2, failure::ON_FINALISER_ERROR);
        // One metatable for all light userdata, so that coldmoon.null has a name.
        lua_pushlightuserdata(state, ptr::null_mut());
        lua_createtable(state, 0, 1);
        stack::set_function(state, lua_gettop(state), c"__tostring", modules::light_to_string);
        lua_setmetatable(state, -2);
        lua_settop(state, 1);
        modules::install(vm);
        output::install(vm);
        0
    }
}
