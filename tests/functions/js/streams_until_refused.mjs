// Writes until it is refused, says why, goes on.
export const handler = awslambda.streamifyResponse(async (event, stream) => {
  if (event === 2) return 'fine';
  const chunk = 'x'.repeat(65536);
  const say = (text) => process.stdout.write(`${text}\n`);
  for (let count = 0; count < 10000; count++) {
    try {
      stream.write(chunk);
    } catch (error) {
      say(`refused: ${error.message}`);
      try { stream.write('y'); } catch (error) { say(`again: ${error.message}`); }
      return;
    }
  }
});
