awslambda.onShutdown(() => process.stdout.write(`hook of ${process.pid}\n`));
export const handler = (event) => event;
