awslambda.afterRestore(() => process.exit(4));
export const handler = (event) => event;
