export const handler = () => process.exit(3);
