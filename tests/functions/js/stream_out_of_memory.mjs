export const handler = awslambda.streamifyResponse(async (event, stream) => {
  stream.write('part');
  for (const list = []; ; ) list.push('x'.repeat(1e5) + list.length);
});
