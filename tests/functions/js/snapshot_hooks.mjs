const print = (text) => process.stdout.write(`${text}\n`);
awslambda.beforeSnapshot(() => print('before 1'));
awslambda.beforeSnapshot(() => print('before 2'));
awslambda.afterRestore(() => print('after 1'));
awslambda.afterRestore(() => print('after 2'));
print('loaded');
export const handler = (event) => event;
