// The context has Node's names; what the service did not send is not there.
//
// header: Lambda-Runtime-Client-Context: {"client":{"app_title":"é"},"n":9007199254740993}
// header: Lambda-Runtime-Cognito-Identity: {"cognitoIdentityId":"i","cognitoIdentityPoolId":"p"}
// header: Lambda-Runtime-Trace-Id: Root=1
// header: Lambda-Runtime-Aws-Tenant-Id: t
// header: Lambda-Runtime-Invoked-Function-Arn: arn:f
// header: Lambda-Runtime-Deadline-Ms: 4102444800000
// event: 1
// response: [{"awsRequestId":"$ID","deadlineMs":4102444800000,"invokedFunctionArn":"arn:f","traceId":"Root=1","tenantId":"t","clientContext":{"client":{"app_title":"é"},"n":9007199254740993},"identity":{"cognitoIdentityId":"i","cognitoIdentityPoolId":"p"},"functionName":"function","functionVersion":"$LATEST","memoryLimitInMB":"128","logGroupName":"/aws/lambda/function","logStreamName":"$LATEST"},true,"Root=1"]
// header: Lambda-Runtime-Deadline-Ms: 1000
// header: Lambda-Runtime-Trace-Id:
// header: Lambda-Runtime-Invoked-Function-Arn: arn:f
// event: 2
// response: [{"awsRequestId":"$ID","deadlineMs":1000,"invokedFunctionArn":"arn:f","functionName":"function","functionVersion":"$LATEST","memoryLimitInMB":"128","logGroupName":"/aws/lambda/function","logStreamName":"$LATEST"},false,"none"]
// header: Lambda-Runtime-Client-Context: {"a":}
// event: 3
// error: Runtime.LambdaContextUnmarshalError: the client context or Cognito identity is not JSON: a value is expected at byte 6
// category: Runtime.LambdaContextUnmarshalError
export const handler = (event, context) => {
  const { getRemainingTimeInMillis } = context;
  return [context, getRemainingTimeInMillis() > 0, process.env._X_AMZN_TRACE_ID ?? 'none'];
};
