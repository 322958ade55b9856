export const handler = awslambda.streamifyResponse(async (event, stream) => {
  if (event !== 1) return event;
  stream.write('x');
});
