export const handler = awslambda.streamifyResponse(async (event, stream) => {
  stream.setContentType('text/html; charset=utf-8');
  stream.write('a');
});
