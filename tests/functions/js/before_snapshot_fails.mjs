awslambda.beforeSnapshot(() => { throw new Error('oops'); });
export const handler = (event) => event;
