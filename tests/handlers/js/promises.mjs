// A promise that nothing can settle any more is an error, not a wait; the next event is answered.
//
// event: "never"
// error: Runtime.UnsettledPromise: a promise that the function waits for never settles
// category: Runtime.UnsettledPromise
// event: "many"
// response: 5050
// event: "order"
// response: ["now","micro","then"]
export const handler = async (event) => {
  if (event === 'never') await new Promise(() => {});
  if (event === 'many') {
    let sum = 0;
    for (let i = 1; i <= 100; i++) sum += await Promise.resolve(i);
    return sum;
  }
  const order = [];
  const then = Promise.resolve().then(() => order.push('micro'));
  order.push('now');
  await then;
  order.push('then');
  return order;
};
