// The part of the runtime that is JavaScript itself: what a function finds beside the language, and what the Rust side calls.
// It is one expression, a function of what Rust offers (`native`, see handler.rs) that returns what Rust calls; build.rs compiles it.
(native) => {
  'use strict';

  // ---- errors ----

  const failure = (name, message) => Object.assign(new Error(message), { name });

  // QuickJS's `at handler (app.mjs:3:9)` as the core takes frames: `app.mjs:3: at handler (column 9)`. Those of this file are nobody's business.
  const frames = (stack) =>
    String(stack ?? '').split('\n').filter((line) => line && !/coldmoon:prelude|<anonymous> \(native\)/.test(line)).map((line) => {
      const [, name, file, row, column] = /^ *at (?:(.*) \()?(.*?)(?::(\d+):(\d+))?\)?$/.exec(line) ?? [, , line];
      return `${file}:${row ? ` ${row}:`.trimStart() : ''} at ${name ?? '<module>'}${column ? ` (column ${column})` : ''}`;
    }).join('\n');

  // Type, message and stack of what was thrown. What is no Error has the type of its value, as in AWS's client for Node. Describing it may run
  // code of the function and throw something else, which is described in its place; not without end.
  const describe = (thrown, attempts = 3) => {
    try {
      if (!(thrown instanceof Error)) return [typeof thrown, String(thrown), ''];
      return [String(thrown.name), String(thrown.message), frames(thrown.stack)];
    } catch (next) {
      if (attempts === 0) throw next;
      return describe(next, attempts - 1);
    }
  };

  // ---- console, process ----

  const stringify = (value) => JSON.stringify(value, (_, member) => (typeof member === 'bigint' ? JSON.rawJSON(member) : member));
  const show = (value) => {
    if (value instanceof Error) return `${value}\n${value.stack ?? ''}`.trimEnd();
    if (typeof value !== 'object' || value === null) return String(value);
    try { return stringify(value); } catch { return String(value); }
  };
  const levels = { trace: 0, debug: 1, log: 2, info: 2, warn: 3, error: 4 };
  globalThis.console = {};
  for (const [name, level] of Object.entries(levels)) {
    console[name] = (...values) => native.write(level, values.map(show).join(' '));
  }
  globalThis.process = {
    env: native.environment,
    get pid() { return native.pid(); },
    exit: (code = 0) => native.exit(code, frames(new Error().stack)),
    stdout: { write: (text) => (native.write(5, String(text)), true) },
    stderr: { write: (text) => (native.write(6, String(text)), true) },
  };
  // Nothing to seed anew where two processes go on from the same memory.
  Math.random = native.random;

  // ---- streams and hooks: the global `awslambda` ----

  const streaming = new WeakSet();

  class ResponseStream {
    #state = 'waiting';
    #type = 'application/octet-stream';
    #prelude = '';
    setContentType(type) { this.#type = String(type); }
    static from(stream, { statusCode, headers, cookies }) {
      stream.#type = 'application/vnd.awslambda.http-integration-response';
      try {
        stream.#prelude = stringify({ statusCode, headers, cookies }) + '\0'.repeat(8);
      } catch (error) {
        throw failure('Runtime.MarshalError', `the prelude of the stream: ${error.message}`);
      }
      return stream;
    }
    #begin() {
      if (this.#state === 'waiting') native.stream(this.#type, this.#prelude);
      this.#state = 'begun';
    }
    write(chunk) {
      if (this.#state === 'ended') throw new Error('the stream has ended');
      if (typeof chunk !== 'string' && !(chunk instanceof Uint8Array)) throw new TypeError('a chunk is a string or a Uint8Array');
      if (chunk.length > 0) {
        this.#begin();
        native.stream(this.#type, chunk);
      }
      return true;
    }
    end(chunk) {
      if (chunk !== undefined) this.write(chunk);
      if (this.#state !== 'ended') this.#begin();
      this.#state = 'ended';
    }
    get hasBegun() { return this.#state !== 'waiting'; }
    close() { this.#state = 'ended'; }
  }

  const hooks = [[], [], []];
  let handler;
  const register = (kind) => (hook) => {
    if (handler) throw new Error('hooks are registered while the module is loaded, not in the handler');
    hooks[kind].push(hook);
  };
  globalThis.awslambda = {
    streamifyResponse: (handler) => (streaming.add(handler), handler),
    HttpResponseStream: ResponseStream,
    onShutdown: register(0),
    beforeSnapshot: register(1),
    afterRestore: register(2),
  };

  // ---- what Rust calls ----

  const { environment } = native;
  const malformed = (message) => failure('Runtime.MalformedHandlerName', message);
  const importError = (error) => {
    if (error instanceof SyntaxError) error.name = 'Runtime.UserCodeSyntaxError';
    if (error instanceof ReferenceError && error.message.startsWith('cannot find module')) error.name = 'Runtime.ImportModuleError';
    return error;
  };
  const load = async () => {
    const { _HANDLER } = environment;
    if (_HANDLER === undefined) throw malformed('_HANDLER is not set; it names the handler as module.function');
    const [, module, name] = /^(.+)\.([^.]+)$/s.exec(_HANDLER) ?? [];
    if (!name) throw malformed(`the handler '${_HANDLER}' is not of the form module.function`);
    let exports;
    try {
      exports = await import(`${module}.mjs`);
    } catch (error) {
      if (error?.message !== `cannot find module '${module}.mjs'`) throw importError(error);
      exports = await import(`${module}.js`).catch((error) => { throw importError(error); });
    }
    if (typeof exports[name] !== 'function') {
      const has = Object.keys(exports).filter((key) => typeof exports[key] === 'function').join(', ');
      const list = has ? `; it has: ${has}` : '; it has no functions';
      throw failure('Runtime.HandlerNotFound', `module '${module}' exports no function '${name}'${list}`);
    }
    handler = exports[name];
  };
  const environmentFields = {
    functionName: environment.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: environment.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: environment.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: environment.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: environment.AWS_LAMBDA_LOG_STREAM_NAME,
  };
  const call = async (event, { environmentTraceId, ...sent }) => {
    const getRemainingTimeInMillis = () => Math.max(0, (sent.deadlineMs ?? 0) - Date.now());
    const context = { ...sent, ...environmentFields, getRemainingTimeInMillis };
    // The core decides whether it is in the environment.
    if (environmentTraceId === undefined) delete process.env._X_AMZN_TRACE_ID;
    else process.env._X_AMZN_TRACE_ID = environmentTraceId;
    if (!streaming.has(handler)) return handler(event, context);
    const stream = new ResponseStream();
    try {
      const result = await handler(event, stream, context);
      // One that has written nothing may answer as any other.
      return result === undefined || stream.hasBegun ? stream.end() : result;
    } finally {
      stream.close();
    }
  };
  const runHooks = async (kind) => {
    for (const hook of kind === 1 ? hooks[kind].toReversed() : hooks[kind]) await hook();
  };
  return { load, call, describe, hooks, runHooks };
}
