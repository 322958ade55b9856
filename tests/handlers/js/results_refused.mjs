// What JSON cannot hold is an error, and so is what is too large.
//
// event: "cycle"
// error: Runtime.MarshalError: the result is nested more than 1000 levels deep, or contains itself
// category: Runtime.MarshalError
// event: "deep"
// error: Runtime.MarshalError: the result is nested more than 1000 levels deep, or contains itself
// event: "as deep as may be"
// response: {{[*1000}}{{]*1000}}
// event: "large"
// error: Function.ResponseSizeTooLarge: Response payload size exceeded maximum allowed payload size (6291556 bytes).
// category: Function.ResponseSizeTooLarge
// event: "much too large"
// error: Function.ResponseSizeTooLarge: Response payload size exceeded maximum allowed payload size (6291556 bytes).
// event: "getter"
// error: RangeError: read
// event: "fine"
// response: "fine"
const nested = (levels) => { let list = []; while (--levels) list = [list]; return list; };
export const handler = (event) => {
  const cycle = {};
  cycle.a = { b: cycle };
  switch (event) {
    case 'cycle': return cycle;
    case 'deep': return nested(1001);
    case 'as deep as may be': return nested(1000);
    case 'large': return 'x'.repeat(6291555);
    case 'much too large': return 'x'.repeat(9000000);
    case 'getter': return { get a() { throw new RangeError('read'); } };
    default: return event;
  }
};
