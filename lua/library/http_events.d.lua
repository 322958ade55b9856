---@meta _

-- Events and responses over HTTP: API Gateway, function URLs, load balancers, VPC Lattice; authorizers; WebSockets.
-- Source: the developer guides of API Gateway (http-api-develop-integrations-lambda.html, api-gateway-create-api-as-simple-proxy.html),
-- Lambda (urls-invocation.html), Elastic Load Balancing (application/lambda-functions.html) and VPC Lattice (ug/lambda-functions.html).

--- How long a client's certificate is valid.
---@class aws.CertificateValidity
---@field notBefore string
---@field notAfter string

--- The certificate of a client, with mutual TLS.
---@class aws.ClientCertificate
---@field clientCertPem string
---@field subjectDN string
---@field issuerDN string
---@field serialNumber string
---@field validity aws.CertificateValidity

--- Who calls a REST API. What does not apply is absent or null.
---@class aws.ApiGatewayIdentity
---@field sourceIp? string|coldmoon.Null
---@field userAgent? string|coldmoon.Null
---@field user? string|coldmoon.Null
---@field userArn? string|coldmoon.Null
---@field caller? string|coldmoon.Null
---@field accountId? string|coldmoon.Null
---@field accessKey? string|coldmoon.Null
---@field apiKey? string|coldmoon.Null
---@field apiKeyId? string|coldmoon.Null
---@field principalOrgId? string|coldmoon.Null
---@field cognitoIdentityId? string|coldmoon.Null
---@field cognitoIdentityPoolId? string|coldmoon.Null
---@field cognitoAuthenticationType? string|coldmoon.Null
---@field cognitoAuthenticationProvider? string|coldmoon.Null
---@field clientCert? aws.ClientCertificate

--- The part of a REST API's event that API Gateway adds.
---@class aws.ApiGatewayV1RequestContext
---@field accountId string
---@field apiId string
---@field resourceId string
---@field resourcePath string
---@field httpMethod string
---@field stage string
---@field requestId string
---@field path? string With the stage.
---@field operationName? string
---@field domainName? string
---@field domainPrefix? string
---@field extendedRequestId? string
---@field protocol? string
---@field requestTime? string
---@field requestTimeEpoch? integer
---@field identity aws.ApiGatewayIdentity
---@field authorizer? table<string, any> What the authorizer has found: of Lambda `principalId` and `context`, of Cognito `claims`.

--- A request to a REST API, or to an HTTP API with payload 1.0.
---@class aws.ApiGatewayV1Event
---@field version? "1.0" Of an HTTP API only.
---@field resource string
---@field path string
---@field httpMethod string
---@field headers? table<string, string>|coldmoon.Null The last value of each.
---@field multiValueHeaders? table<string, string[]>|coldmoon.Null
---@field queryStringParameters? table<string, string>|coldmoon.Null
---@field multiValueQueryStringParameters? table<string, string[]>|coldmoon.Null
---@field pathParameters? table<string, string>|coldmoon.Null
---@field stageVariables? table<string, string>|coldmoon.Null
---@field requestContext aws.ApiGatewayV1RequestContext
---@field body? string|coldmoon.Null
---@field isBase64Encoded? boolean

--- The answer to it.
---@class aws.ApiGatewayV1Response
---@field statusCode integer
---@field headers? table<string, string|number|boolean>
---@field multiValueHeaders? table<string, string[]>
---@field body? string
---@field isBase64Encoded? boolean

--- The request line, and where it comes from.
---@class aws.ApiGatewayV2Http
---@field method string
---@field path string
---@field protocol string
---@field sourceIp string
---@field userAgent string

--- The Cognito identity of a caller that IAM has authorized.
---@class aws.CognitoIdentityOfCaller
---@field amr string[]
---@field identityId string
---@field identityPoolId string

--- A caller that IAM has authorized.
---@class aws.IamAuthorizer
---@field accessKey string
---@field accountId string
---@field callerId string
---@field userArn string
---@field userId string
---@field principalOrgId? string|coldmoon.Null
---@field cognitoIdentity? aws.CognitoIdentityOfCaller|coldmoon.Null

--- What a JWT says.
---@class aws.JwtAuthorizer
---@field claims table<string, string>
---@field scopes? string[]|coldmoon.Null

--- What the authorizer has found: one of these.
---@class aws.ApiGatewayV2Authorizer
---@field iam? aws.IamAuthorizer
---@field jwt? aws.JwtAuthorizer
---@field lambda? table<string, any> The `context` of a Lambda authorizer.

--- How the client has shown who it is.
---@class aws.ApiGatewayV2Authentication
---@field clientCert aws.ClientCertificate

--- The part of the event that API Gateway, or the function URL, adds.
---@class aws.ApiGatewayV2RequestContext
---@field accountId string
---@field apiId string
---@field domainName string
---@field domainPrefix string
---@field http aws.ApiGatewayV2Http
---@field requestId string
---@field time string
---@field timeEpoch integer
---@field routeKey? string
---@field stage? string
---@field authorizer? aws.ApiGatewayV2Authorizer
---@field authentication? aws.ApiGatewayV2Authentication|coldmoon.Null

--- A request to an HTTP API (payload 2.0) or to a function URL.
---@class aws.ApiGatewayV2Event
---@field version "2.0"
---@field routeKey? string
---@field rawPath string
---@field rawQueryString string As it was sent.
---@field cookies? string[]
---@field headers table<string, string>
---@field queryStringParameters? table<string, string> Several values of one name are joined by commas.
---@field pathParameters? table<string, string>
---@field stageVariables? table<string, string>
---@field requestContext aws.ApiGatewayV2RequestContext
---@field body? string
---@field isBase64Encoded boolean

--- The answer to it.
---@class aws.ApiGatewayV2Response
---@field statusCode? integer
---@field headers? table<string, string|number|boolean>
---@field cookies? string[] Whole `Set-Cookie` values.
---@field body? string
---@field isBase64Encoded? boolean

--- A request to a function URL has the form of payload 2.0.
---@alias aws.FunctionUrlEvent aws.ApiGatewayV2Event

--- The answer to it.
---@alias aws.FunctionUrlResponse aws.ApiGatewayV2Response

--- The target group.
---@class aws.AlbTargetGroup
---@field targetGroupArn string

--- Where the request comes from.
---@class aws.AlbRequestContext
---@field elb aws.AlbTargetGroup

--- A request from an Application Load Balancer. It has the multi-value maps or the others, as the target group says.
---@class aws.AlbEvent
---@field requestContext aws.AlbRequestContext
---@field httpMethod string
---@field path string
---@field queryStringParameters? table<string, string> As they were sent, not decoded.
---@field multiValueQueryStringParameters? table<string, string[]>
---@field headers? table<string, string>
---@field multiValueHeaders? table<string, string[]>
---@field body string
---@field isBase64Encoded boolean

--- The answer to it.
---@class aws.AlbResponse
---@field statusCode integer
---@field statusDescription? string `200 OK`
---@field headers? table<string, string>
---@field multiValueHeaders? table<string, string[]>
---@field body? string
---@field isBase64Encoded? boolean

--- Who calls through VPC Lattice.
---@class aws.LatticeIdentity
---@field sourceVpcArn? string
---@field type? string
---@field principal? string
---@field principalOrgID? string
---@field sessionName? string
---@field x509SubjectCn? string
---@field x509IssuerOu? string
---@field x509SanDns? string
---@field x509SanUri? string
---@field x509SanNameCn? string

--- The part of the event that VPC Lattice adds.
---@class aws.LatticeRequestContext
---@field serviceNetworkArn string
---@field serviceArn string
---@field targetGroupArn string
---@field identity aws.LatticeIdentity
---@field region string
---@field timeEpoch string In microseconds.

--- A request from VPC Lattice (event structure 2.0).
---@class aws.LatticeEvent
---@field version "2.0"
---@field path string
---@field method string
---@field headers table<string, string[]>
---@field queryStringParameters? table<string, string[]>
---@field requestContext aws.LatticeRequestContext
---@field body? string
---@field isBase64Encoded? boolean

--- The answer to it.
---@class aws.LatticeResponse
---@field statusCode integer
---@field statusDescription? string
---@field headers? table<string, string>
---@field body? string
---@field isBase64Encoded? boolean

--- The connection, and what has happened on it.
---@class aws.WebSocketRequestContext
---@field routeKey string
---@field eventType "CONNECT"|"MESSAGE"|"DISCONNECT" What has happened.
---@field connectionId string
---@field connectedAt integer
---@field messageDirection string
---@field messageId? string
---@field disconnectStatusCode? integer
---@field disconnectReason? string
---@field apiId string
---@field stage string
---@field requestId string
---@field domainName string
---@field extendedRequestId string
---@field requestTime string
---@field requestTimeEpoch integer
---@field identity aws.ApiGatewayIdentity
---@field accountId? string
---@field resourceId? string
---@field resourcePath? string
---@field httpMethod? string
---@field authorizer? table<string, any>
---@field error? string
---@field integrationLatency? string
---@field status? string

--- What happens on a WebSocket API.
---@class aws.WebSocketEvent
---@field requestContext aws.WebSocketRequestContext
---@field headers? table<string, string>
---@field multiValueHeaders? table<string, string[]>
---@field resource? string
---@field path? string
---@field httpMethod? string
---@field queryStringParameters? table<string, string>
---@field multiValueQueryStringParameters? table<string, string[]>
---@field pathParameters? table<string, string>
---@field stageVariables? table<string, string>
---@field body? string
---@field isBase64Encoded boolean

--- What a Lambda authorizer of type TOKEN is asked.
---@class aws.TokenAuthorizerEvent
---@field type "TOKEN"
---@field authorizationToken string
---@field methodArn string

--- What a Lambda authorizer of type REQUEST is asked, payload 1.0.
---@class aws.RequestAuthorizerEvent
---@field version? "1.0"
---@field type "REQUEST"
---@field methodArn string
---@field resource string
---@field path string
---@field httpMethod string
---@field headers? table<string, string>
---@field multiValueHeaders? table<string, string[]>
---@field queryStringParameters? table<string, string>
---@field multiValueQueryStringParameters? table<string, string[]>
---@field pathParameters? table<string, string>
---@field stageVariables? table<string, string>
---@field requestContext aws.ApiGatewayV1RequestContext
---@field identitySource? string Of an HTTP API only.
---@field authorizationToken? string Of an HTTP API only.

--- What a Lambda authorizer of an HTTP API is asked, payload 2.0.
---@class aws.RequestAuthorizerV2Event
---@field version "2.0"
---@field type "REQUEST"
---@field routeArn string
---@field identitySource string[]
---@field routeKey string
---@field rawPath string
---@field rawQueryString string
---@field cookies? string[]
---@field headers? table<string, string>
---@field queryStringParameters? table<string, string>
---@field requestContext aws.ApiGatewayV2RequestContext
---@field pathParameters? table<string, string>
---@field stageVariables? table<string, string>

--- A statement of an IAM policy.
---@class aws.PolicyStatement
---@field Action string|string[]
---@field Effect "Allow"|"Deny"
---@field Resource string|string[]
---@field Condition? table<string, any>
---@field Sid? string

--- An IAM policy.
---@class aws.PolicyDocument
---@field Version string
---@field Statement aws.PolicyStatement[]

--- The answer of a Lambda authorizer, as a policy.
---@class aws.AuthorizerResponse
---@field principalId string
---@field policyDocument aws.PolicyDocument
---@field context? table<string, string|number|boolean>
---@field usageIdentifierKey? string
