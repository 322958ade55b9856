awslambda.onShutdown(() => process.stdout.write('first\n'));
awslambda.onShutdown(async () => process.stdout.write('second'));
export const handler = (event) => event;
