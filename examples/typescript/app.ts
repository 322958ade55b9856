// A handler in TypeScript: totals the lines of an order. Compiled to out/app.lua, and then a function as any other:
//   (cd examples/typescript && npm install && npm run build)
//   scripts/run app.handler '{"lines":[{"sku":"A17","price":12.5,"count":2}]}' --task-root examples/typescript/out
// Stack traces show the lines of this file: "sourceMapTraceback" of tsconfig.json.

interface Line {
  sku: string;
  price: number;
  count: number;
}

// Lua's `this` is not passed: the handler is a plain function.
export function handler(this: void, event: { lines: Line[] }) {
  const lines = event.lines.map((line) => ({ ...line, total: total(line) }));
  return { lines, total: lines.reduce((sum, line) => sum + line.total, 0) };
}

function total(line: Line): number {
  if (line.count < 0) {
    throw new RangeError(`${line.sku}: a count of ${line.count}`);
  }
  return line.price * line.count;
}
