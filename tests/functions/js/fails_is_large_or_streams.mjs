export const handler = awslambda.streamifyResponse(async (event, stream) => {
  if (event === 'fail') throw Object.assign(new Error('as asked'), { name: 'Custom' });
  if (event === 'large') return 'x'.repeat(6 * 1024 * 1024);
  if (event !== 'stream') return event;
  stream.write('streamed');
});
