export const handler = awslambda.streamifyResponse(async (event, stream) => {
  return Promise.reject(new Error('early'));
});
