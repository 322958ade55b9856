export const handler = awslambda.streamifyResponse(async (event, stream) => {
  stream.write('part');
  throw Object.assign(new Error('a\r\nb: \ufffd'), { name: 'Custom' });
});
