// Waits for the file GO.
awslambda.onShutdown(() => process.stdout.write('hook\n'));
export const handler = async () => {
  process.stdout.write('begun\n');
  while (!(await import(process.env.GO).catch(() => undefined)));
  return 'answered';
};
