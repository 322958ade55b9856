export const handler = awslambda.streamifyResponse(async (event, stream) => {
  stream.write('');
  throw new Error('early');
});
