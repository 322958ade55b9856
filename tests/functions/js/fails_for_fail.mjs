export const handler = (event) => {
  if (event === 'fail') throw Object.assign(new Error('as asked'), { name: 'Custom' });
  return event;
};
