awslambda.onShutdown(() => process.exit(5));
export const handler = (event) => event;
