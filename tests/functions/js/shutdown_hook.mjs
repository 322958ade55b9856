awslambda.onShutdown(() => process.stdout.write('hook\n'));
export const handler = (event) => event;
