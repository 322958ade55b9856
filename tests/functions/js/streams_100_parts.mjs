export const handler = awslambda.streamifyResponse(async (event, stream) => {
  if (event === 2) return 1;
  for (let count = 0; count < 100; count++) stream.write('part');
});
