export const handler = awslambda.streamifyResponse(async (event, stream) => {
  const cookies = [];
  cookies.push(cookies);
  awslambda.HttpResponseStream.from(stream, { statusCode: 200, cookies }).write('x');
});
