// Results become JSON as by JSON.stringify, and a BigInt the integer that it is.
//
// event: "undefined"
// response: null
// event: "null"
// response: null
// event: "function"
// response: null
// event: "left out"
// response: {"a":[null,null,null,null],"c":1}
// event: "date"
// response: {"at":"1970-01-01T00:00:00.000Z"}
// event: "toJSON"
// response: {"key":"it is key","list":["it is 0"]}
// event: "bigint"
// response: [123456789012345678901234567890,-1]
// event: "string"
// response: "a\"b\u0001"
// event: "inherited"
// response: {"own":1}
// event: "async"
// response: ["awaited",2]
// event: "thenable"
// response: 7
const shows = { toJSON(key) { return `it is ${key}`; } };
const results = {
  undefined: () => undefined,
  null: () => null,
  function: () => () => 1,
  'left out': () => ({ a: [undefined, () => 1, NaN, Infinity], b: undefined, c: 1, [Symbol('d')]: 1, e() {} }),
  date: () => ({ at: new Date(0) }),
  toJSON: () => ({ key: shows, list: [shows] }),
  bigint: () => [123456789012345678901234567890n, -1n],
  string: () => 'a"b\x01',
  inherited: () => Object.assign(Object.create({ inherited: 1 }), { own: 1 }),
  async: async () => ['awaited', await Promise.resolve(2)],
  thenable: () => ({ then(resolve) { resolve(7); } }),
};
export const handler = (event) => results[event]();
