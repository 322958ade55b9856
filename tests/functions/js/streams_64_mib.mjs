export const handler = awslambda.streamifyResponse(async (event, stream) => {
  const chunk = 'x'.repeat(65536);
  for (let count = 0; count < 1024; count++) stream.write(chunk);
  process.stdout.write('done\n');
});
