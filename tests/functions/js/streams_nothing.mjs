export const handler = awslambda.streamifyResponse(async (event, stream) => {
  // Nothing.
});
