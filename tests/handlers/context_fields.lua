-- The context says what the service and the environment say, under the contract's names and aliases.
--
-- header: Lambda-Runtime-Aws-Request-Id: 8476a536-e9f4-11e8-9739-2dfe598c3fcd
-- header: Lambda-Runtime-Deadline-Ms: 1542409706888
-- header: Lambda-Runtime-Trace-Id: Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1;Lineage=1:9581a8d4:0
-- header: Lambda-Runtime-Client-Context: {"client":{"app_title":"é"},"custom":{"n":[]}}
-- header: Lambda-Runtime-Cognito-Identity: {"cognitoIdentityId":"id","cognitoIdentityPoolId":"pool"}
-- header: Lambda-Runtime-Aws-Tenant-Id: tenant-7
-- event: [1,"aws_request_id","request_id","deadline_ms","deadline","invoked_function_arn","function_name","function_version","log_group_name","log_stream_name","memory_limit_in_mb","trace_id","tenant_id"]
-- response: [1,"8476a536-e9f4-11e8-9739-2dfe598c3fcd","8476a536-e9f4-11e8-9739-2dfe598c3fcd",1542409706888,1542409706888,"arn:aws:lambda:us-east-1:012345678912:function:function","function","$LATEST","/aws/lambda/function","$LATEST",128,"Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1;Lineage=1:9581a8d4:0","tenant-7"]
-- header: Lambda-Runtime-Client-Context: {"custom":{"n":[]}}
-- header: Lambda-Runtime-Cognito-Identity: {"cognitoIdentityId":"id","cognitoIdentityPoolId":"pool"}
-- event: [1,"client_context"]
-- response: [1,{"custom":{"n":[]}}]
-- header: Lambda-Runtime-Cognito-Identity: {"cognitoIdentityId":"id","cognitoIdentityPoolId":"pool"}
-- event: "identity"
-- response: ["id","pool",true]
return {
  handler = function(event, context)
    if event == "identity" then
      local identity = context.identity
      return { identity.cognito_identity_id, identity.cognito_identity_pool_id, identity == context.cognito_identity }
    end
    for i = 2, #event do event[i] = context[event[i]] end
    return event
  end,
}
