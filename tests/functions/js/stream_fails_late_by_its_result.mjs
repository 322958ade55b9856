export const handler = awslambda.streamifyResponse(async (event, stream) => {
  stream.write('part');
  return Promise.reject(new Error('oops'));
});
