// A content type that cannot stand in a header, and a chunk that is no bytes, are errors of the function.
//
// event: "type"
// error: TypeError: the content type cannot stand in a header field
// stack: app.mjs:16: at handler (column …)
// event: "chunk"
// error: TypeError: a chunk is a string or a Uint8Array
// stack: app.mjs:17: at handler (column …)
// event: "prelude"
// error: Runtime.MarshalError: the prelude of the stream: circular reference
// category: Runtime.MarshalError
// event: "value"
// response: {"a":"value"}
export const handler = awslambda.streamifyResponse(async function handler(event, stream) {
  if (event === 'type') stream.setContentType('text\r\nX: y');
  if (event === 'type') stream.write('x');
  if (event === 'chunk') stream.write(5);
  const headers = {};
  headers.headers = headers;
  if (event === 'prelude') awslambda.HttpResponseStream.from(stream, { headers });
  return { a: event };
});
