export const handler = awslambda.streamifyResponse(async (event, stream) => {
  stream.write('hello');
  stream.write('');
  stream.write('x'.repeat(300));
  stream.write(new Uint8Array([0, 13, 10]));
  stream.end();
});
