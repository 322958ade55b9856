awslambda.onShutdown(() => { throw new Error('oops'); });
export const handler = (event) => event;
