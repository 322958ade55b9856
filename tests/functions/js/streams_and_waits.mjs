// Waits for the file MARK0 behind part 0, and so on.
export const handler = awslambda.streamifyResponse(async (event, stream) => {
  for (let number = 0; number < 4; number++) {
    stream.write(`part${number}`);
    while (!(await import(process.env.MARK + number).catch(() => undefined)));
  }
});
