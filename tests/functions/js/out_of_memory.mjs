export const handler = () => {
  for (const list = []; ; ) list.push(new Uint8Array(1e5));
};
