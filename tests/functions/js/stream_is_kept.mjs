// Event 1 keeps its stream; the others write to it when it has ended, and answer with why they cannot: 2 as a value, 3 as a stream.
let kept;
export const handler = awslambda.streamifyResponse(async (event, stream) => {
  if (event === 1) {
    kept = stream;
    stream.write('a');
    return undefined;
  }
  try {
    kept.write('b');
  } catch (error) {
    if (event === 2) return error.message;
    stream.write(error.message);
  }
});
