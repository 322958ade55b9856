export const handler = (event) => (event === 'exit' ? process.exit(3) : event);
