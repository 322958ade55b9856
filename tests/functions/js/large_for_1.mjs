export const handler = (event) => (event === 1 ? 'x'.repeat(6000000) : event);
