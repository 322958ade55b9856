export const handler = awslambda.streamifyResponse(async (event, stream) => {
  throw new Error('early');
});
