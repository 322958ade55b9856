export const handler = () => {
  for (const list = []; ; ) list.push('x'.repeat(1e5) + list.length);
};
