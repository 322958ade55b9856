// An event comes back digit for digit: integers beyond 2^53 are BigInts, nothing else is; keys keep their order but for indices, as in JavaScript.
//
// event: {"b":[1,-2.5e3,{"":null},[],{}],"a":9007199254740993,"c":-9223372036854775808,"d":18446744073709551615,"e":-0,"f":1e400}
// error: Runtime.UnmarshalError: the event is not JSON: number too large at byte 115
// category: Runtime.UnmarshalError
// event: {"b":[1,-2.5e3,{"":null},[],{}],"a":9007199254740993,"c":-9223372036854775808,"d":18446744073709551615,"e":-0}
// response: [{"b":[1,-2500,{"":null},[],{}],"a":9007199254740993,"c":-9223372036854775808,"d":18446744073709551615,"e":-0},"number bigint bigint bigint"]
// event: {"b":1e21,"a":1.5e-7,"c":123456789012345678901234567890,"d":"\ud800 \u0000 \/ é","__proto__":{"x":1}}
// response: [{"b":1e+21,"a":1.5e-7,"c":1.2345678901234568e+29,"d":"\ud800 \u0000 / é","__proto__":{"x":1}},"number number number string"]
const kind = (value) => typeof value;
export const handler = (event) => {
  const first = Array.isArray(event.b) ? event.b[0] : event.b;
  return [event, [first, event.a, event.c, event.d].map(kind).join(' ')];
};
