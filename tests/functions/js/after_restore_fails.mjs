awslambda.afterRestore(() => { throw new Error('oops'); });
export const handler = (event) => event;
