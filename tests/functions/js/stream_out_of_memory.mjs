export const handler = awslambda.streamifyResponse(async (event, stream) => {
  stream.write('part');
  for (const list = []; ; ) list.push(new Uint8Array(1e5));
});
