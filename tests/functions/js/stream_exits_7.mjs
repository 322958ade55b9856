export const handler = awslambda.streamifyResponse(async (event, stream) => {
  stream.write('part');
  process.exit(7);
});
