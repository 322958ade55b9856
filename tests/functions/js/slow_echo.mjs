// Takes PAUSE_MS.
export const handler = (event) => {
  const end = Date.now() + Number(process.env.PAUSE_MS);
  while (Date.now() <= end);
  return event;
};
