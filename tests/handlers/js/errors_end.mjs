// Running out of memory ends the process after its report; running out of stack does not.
//
// memory: 32
// event: "stack"
// error: RangeError: Maximum call stack size exceeded
// event: "caught"
// response: "InternalError: out of memory"
// event: "memory"
// error: Runtime.OutOfMemory: JavaScript ran out of memory
// category: Runtime.OutOfMemory
// exit: 1
const fill = () => { for (const list = []; ; ) list.push({ list, bytes: new Uint8Array(1e4) }); };
export const handler = (event) => {
  if (event === 'stack') return (function deeper() { return deeper() + 1; })();
  try {
    fill();
  } catch (error) {
    if (event === 'caught') return String(error);
    throw error;
  }
};
