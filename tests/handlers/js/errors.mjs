// What is thrown is the error: its name, message and stack; what is no Error has the type of its value.
//
// event: "TypeError"
// error: TypeError: nothing.x
// stack: app.mjs:33: at TypeError (column …)
// stack: app.mjs:39: at handler (column …)
// event: "own class"
// error: OrderNotFound: A17
// category: Function.OrderNotFound
// event: "own name"
// error: Custom: as asked
// event: "string"
// error: string: words
// category: Function.Unknown
// event: "null"
// error: object: null
// event: "undefined"
// error: undefined: undefined
// event: "object"
// error: object: [object Object]
// event: "hostile"
// error: Error: toString
// event: "rejected"
// error: Error: later
// event: "symbol"
// error: symbol: Symbol(a)
// event: "not JSON
// error: Runtime.UnmarshalError: the event is not JSON: string without closing quote at byte 1
// event: "fine"
// response: "fine"
class OrderNotFound extends Error { get name() { return 'OrderNotFound'; } }
const raise = {
  TypeError() { throw new TypeError('nothing.x'); },
  'own class'() { throw new OrderNotFound('A17'); },
  'own name'() { throw Object.assign(new Error('as asked'), { name: 'Custom' }); },
  string() { throw 'words'; }, null() { throw null; }, undefined() { throw undefined; }, object() { throw {}; },
  hostile() { throw { toString() { throw new Error('toString'); } }; },
  async rejected() { await null; throw new Error('later'); }, symbol() { throw Symbol('a'); }, fine: () => 'fine' };
export const handler = (event) => raise[event]();
