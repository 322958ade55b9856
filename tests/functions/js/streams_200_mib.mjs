// Every chunk is a string of its own: what is not collected would show.
export const handler = awslambda.streamifyResponse(async (event, stream) => {
  for (let number = 1; number <= 3200; number++) stream.write('x'.repeat(65536) + number);
});
