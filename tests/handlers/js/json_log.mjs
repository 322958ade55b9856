// In the JSON log format every entry is an object, filtered by its level.
//
// env: AWS_LAMBDA_LOG_FORMAT=JSON
// env: AWS_LAMBDA_LOG_LEVEL=WARN
// event: 1
// response: 1
// stdout: {"timestamp":"…","level":"WARN","message":"a warning","requestId":"$ID"}
// stdout: {"timestamp":"…","level":"ERROR","message":"{\"a\":1}","requestId":"$ID"}
export const handler = () => {
  console.log('not shown');
  console.warn('a warning');
  console.error({ a: 1 });
  return 1;
};
