export const handler = awslambda.streamifyResponse(async (event, stream) => {
  stream.write('part');
  throw new Error('oops');
});
