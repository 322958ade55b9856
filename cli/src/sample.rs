//! Sample events of our own, one for each kind of source: `coldmoon invoke --sample NAME`, and the page of `coldmoon serve`.
//!
//! Their shapes are those of `lua/library`, which says where each is documented; `tests/types.rs` holds every sample against its
//! class there. Accounts, keys and addresses are the ones that AWS and the RFCs set aside for examples; checksums, compressed and
//! base64 contents are real, so that code which reads them finds something.

/// A sample event.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// What a person calls it: `sqs`.
    pub name: &'static str,
    /// What it is, in a few words.
    pub title: &'static str,
    /// Its class in `lua/library`, for `---@param event aws.SqsEvent`; `table` where the source sends what it is given.
    pub class: &'static str,
    /// The event, indented.
    pub json: &'static str,
}

macro_rules! sample {
    ($name:literal, $title:literal, $class:literal) => {
        Sample { name: $name, title: $title, class: $class, json: include_str!(concat!("../samples/", $name, ".json")) }
    };
}

/// All samples, what is used most first.
pub static ALL: &[Sample] = &[
    sample!("hello", "A plain event, for a first function", "table"),
    sample!("function-url", "Function URL, a POST", "aws.FunctionUrlEvent"),
    sample!("apigw-v2", "API Gateway HTTP API, payload 2.0, a POST", "aws.ApiGatewayV2Event"),
    sample!("apigw-v1", "API Gateway REST API (payload 1.0), a POST", "aws.ApiGatewayV1Event"),
    sample!("alb", "Application Load Balancer, a GET", "aws.AlbEvent"),
    sample!("lattice", "VPC Lattice, a GET", "aws.LatticeEvent"),
    sample!("websocket", "API Gateway WebSocket API, a message", "aws.WebSocketEvent"),
    sample!("authorizer", "Lambda authorizer of an HTTP API, payload 2.0", "aws.RequestAuthorizerV2Event"),
    sample!("authorizer-token", "Lambda authorizer of a REST API, type TOKEN", "aws.TokenAuthorizerEvent"),
    sample!("sqs", "SQS, two messages of a queue", "aws.SqsEvent"),
    sample!("sqs-fifo", "SQS, two messages of a FIFO queue", "aws.SqsEvent"),
    sample!("sns", "SNS, a message of a topic", "aws.SnsEvent"),
    sample!("s3", "S3, an object was created", "aws.S3Event"),
    sample!("s3-batch", "S3 Batch Operations, one task", "aws.S3BatchEvent"),
    sample!("s3-object-lambda", "S3 Object Lambda, a GetObject", "aws.S3ObjectLambdaEvent"),
    sample!("dynamodb", "DynamoDB streams, an item's life", "aws.DynamoDbEvent"),
    sample!("kinesis", "Kinesis, two records of a stream", "aws.KinesisEvent"),
    sample!("firehose", "Data Firehose, records to transform", "aws.FirehoseEvent"),
    sample!("kafka", "MSK or another Kafka, a record of a topic", "aws.KafkaEvent"),
    sample!("activemq", "Amazon MQ for ActiveMQ, a message", "aws.ActiveMqEvent"),
    sample!("rabbitmq", "Amazon MQ for RabbitMQ, a message", "aws.RabbitMqEvent"),
    sample!("eventbridge", "EventBridge, an event of your own", "aws.EventBridgeEvent"),
    sample!("scheduled", "EventBridge, a schedule", "aws.ScheduledEvent"),
    sample!("logs", "CloudWatch Logs, events of a subscription", "aws.LogsEvent"),
    sample!("step-functions", "Step Functions, the input of a task as it is", "table"),
    sample!("cognito-pre-signup", "Cognito, before a user is signed up", "aws.CognitoPreSignUpEvent"),
    sample!("cognito-post-confirmation", "Cognito, after a user was confirmed", "aws.CognitoPostConfirmationEvent"),
    sample!("cognito-pre-authentication", "Cognito, before a user is signed in", "aws.CognitoPreAuthenticationEvent"),
    sample!("cognito-pre-token", "Cognito, before a token is made (version 1)", "aws.CognitoPreTokenEvent"),
    sample!("cognito-define-auth", "Cognito, which challenge is next", "aws.CognitoDefineAuthEvent"),
    sample!("cognito-custom-message", "Cognito, before a message is sent", "aws.CognitoCustomMessageEvent"),
    sample!("ses", "SES, a mail was received", "aws.SesEvent"),
    sample!("iot", "IoT Core rule, a message as the device sent it", "table"),
    sample!("iot-authorizer", "IoT Core custom authorizer", "aws.IotAuthorizerEvent"),
    sample!("lex", "Lex V1, a turn of a conversation", "aws.LexEvent"),
    sample!("connect", "Amazon Connect, a contact flow", "aws.ConnectEvent"),
    sample!("appsync-authorizer", "AppSync Lambda authorizer", "aws.AppSyncAuthorizerEvent"),
    sample!("config", "AWS Config, a rule is to be evaluated", "aws.ConfigEvent"),
    sample!("codepipeline", "CodePipeline, an action's job", "aws.CodePipelineJobEvent"),
    sample!("secrets-rotation", "Secrets Manager, a step of a rotation", "aws.SecretsRotationEvent"),
];

/// The sample of this name.
pub fn find(name: &str) -> Option<&'static Sample> {
    ALL.iter().find(|sample| sample.name == name)
}
