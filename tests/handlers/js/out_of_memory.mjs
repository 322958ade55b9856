// A function that goes on after its memory has run out is told so; where not even an error can be made, QuickJS throws `null`, and that is not
// taken for a `null` of the function's own.
//
// event: "caught"
// response: "InternalError: out of memory"
// event: "twice"
// error: Runtime.OutOfMemory: JavaScript ran out of memory
// exit: 1
const fill = () => { for (let list = null; ; ) list = { list }; };
export const handler = (event) => {
  try { fill(); } catch (error) { return event === 'caught' ? String(error) : fill(); }
};
