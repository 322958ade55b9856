//! The definitions for editors, `lua/library/*.d.lua`: a small reader of LuaCATS annotations, and what it finds held against the truth.
//!
//! - Each of the 103 valid events of AWS has a class, here in a table; the event is walked, every key must be declared and every type agree.
//! - Each sample event of the tool is of the class that it names.
//! - Every class `aws.*` is met on the way, in one of those events or in a vector of ours: none stands there untried.
//! - The modules' definitions name exactly what the modules hold, in the real bootstrap.
//! - No class or alias is declared twice, mentioned without being declared, or declared without being of use.
//!
//! The reader takes: `@class NAME[: PARENT]`, `@field NAME[?] TYPE`, `@alias NAME TYPE` or its lines `---| TYPE`, and types made of names,
//! literals, `T[]`, `table<K, V>`, `fun(…)`, `|` and `?`.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use coldmoon_cli::runtime_api::{Invocation, Options, Outcome, RuntimeApi};
use coldmoon_cli::sample::{self, Sample};
use coldmoon_tests::process::Setup;
use coldmoon_tests::{tell, test_data, workspace};
use serde_json::{Value, json};

// ---- the reader ----

#[derive(Clone, Debug, PartialEq)]
enum Type {
    /// A name: built in, a class or an alias.
    Named(String),
    /// A literal, as JSON.
    Literal(Value),
    Array(Box<Type>),
    /// `table<string, T>`; other keys are not of JSON.
    Map(Box<Type>),
    Function,
    Union(Vec<Type>),
}

#[derive(Debug, Default)]
struct Class {
    parent: Option<String>,
    /// Name to whether it may be absent, and its type.
    fields: BTreeMap<String, (bool, Type)>,
}

#[derive(Debug, Default)]
struct Definitions {
    classes: BTreeMap<String, Class>,
    aliases: BTreeMap<String, Type>,
    /// Every name that an annotation mentions, with where it stands.
    mentioned: BTreeMap<String, String>,
    /// The functions of the tables that are declared: `coldmoon.http` to `router`, …
    functions: BTreeMap<String, BTreeSet<String>>,
}

/// A cursor over the text of a type.
struct Reader<'a>(&'a str);

impl Reader<'_> {
    fn take(&mut self, token: &str) -> bool {
        match self.0.strip_prefix(token) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    fn word(&mut self) -> String {
        let is_part = |character: char| character.is_alphanumeric() || "._-".contains(character);
        let end = self.0.find(|character| !is_part(character)).unwrap_or(self.0.len());
        let (word, rest) = self.0.split_at(end);
        self.0 = rest;
        word.to_owned()
    }

    fn union(&mut self) -> Result<Type, String> {
        let mut types = vec![self.postfix()?];
        while self.take("|") {
            types.push(self.postfix()?);
        }
        Ok(if types.len() == 1 { types.remove(0) } else { Type::Union(types) })
    }

    fn postfix(&mut self) -> Result<Type, String> {
        let mut found = self.primary()?;
        loop {
            if self.take("[]") {
                found = Type::Array(Box::new(found));
            } else if self.take("?") {
                found = Type::Union(vec![found, Type::Named("nil".into())]);
            } else {
                return Ok(found);
            }
        }
    }

    fn primary(&mut self) -> Result<Type, String> {
        if self.take("\"") {
            let end = self.0.find('"').ok_or("a literal without its end")?;
            let text = self.0[..end].to_owned();
            self.0 = &self.0[end + 1..];
            return Ok(Type::Literal(Value::String(text)));
        }
        if self.take("fun(") {
            let mut depth = 1;
            let end = self.0.find(|character| {
                depth += i32::from(character == '(') - i32::from(character == ')');
                depth == 0
            });
            self.0 = &self.0[end.ok_or("a function without its end")? + 1..];
            if self.take(": ") {
                self.union()?;
                while self.take(", ") {
                    self.union()?;
                }
            }
            return Ok(Type::Function);
        }
        if self.take("table<") {
            let key = self.union()?;
            if key != Type::Named("string".into()) || !self.take(", ") {
                return Err(format!("a table with other keys than strings: {key:?}"));
            }
            let value = self.union()?;
            return if self.take(">") { Ok(Type::Map(Box::new(value))) } else { Err("a table without its end".into()) };
        }
        let word = self.word();
        match word.parse::<i64>() {
            Ok(number) => Ok(Type::Literal(number.into())),
            Err(_) if word.is_empty() => Err(format!("no type: {:?}", self.0)),
            Err(_) => Ok(Type::Named(word)),
        }
    }
}

/// A type, and what stands behind it.
fn read_type(text: &str) -> Result<(Type, &str), String> {
    let mut reader = Reader(text);
    let found = reader.union()?;
    Ok((found, reader.0))
}

impl Definitions {
    /// Reads a file into these.
    fn read(&mut self, file: &str, text: &str) -> Result<(), String> {
        let mut class: Option<String> = None;
        let mut alias: Option<String> = None;
        let mut tables: BTreeMap<&str, String> = BTreeMap::new();
        for (at, line) in text.lines().enumerate() {
            let place = format!("{file}:{}", at + 1);
            let fail = |what: String| format!("{place}: {what}");
            if let Some(rest) = line.strip_prefix("---| ") {
                let name = alias.clone().ok_or_else(|| fail("no alias".into()))?;
                let (found, _) = read_type(rest).map_err(fail)?;
                match self.aliases.entry(name).or_insert_with(|| Type::Union(Vec::new())) {
                    Type::Union(types) => types.push(found),
                    _ => return Err(fail("an alias that has a type already".into())),
                }
            } else if let Some(rest) = line.strip_prefix("---@") {
                let (tag, rest) = rest.split_once(' ').unwrap_or((rest, ""));
                match tag {
                    "class" => {
                        let (name, parent) = rest.split_once(": ").map_or((rest, None), |(name, parent)| (name, Some(parent.to_owned())));
                        if let Some(parent) = &parent {
                            self.mention_all(parent, &place);
                        }
                        if self.classes.insert(name.to_owned(), Class { parent, ..Class::default() }).is_some() {
                            return Err(fail(format!("{name} is declared twice")));
                        }
                        class = Some(name.to_owned());
                    }
                    "field" => {
                        let (name, rest) = match rest.strip_prefix("[\"").and_then(|rest| rest.split_once("\"]")) {
                            Some(found) => found,
                            None => rest.split_at(rest.find([' ', '?']).ok_or_else(|| fail("a field without a type".into()))?),
                        };
                        let (is_optional, rest) = rest.strip_prefix('?').map_or((false, rest), |rest| (true, rest));
                        let rest = rest.trim_start();
                        let (found, words) = read_type(rest).map_err(fail)?;
                        self.mention_all(&rest[..rest.len() - words.len()], &place);
                        let name_of_class = class.clone().ok_or_else(|| fail("a field without a class".into()))?;
                        let fields = &mut self.classes.get_mut(&name_of_class).expect("it was just declared").fields;
                        if fields.insert(name.to_owned(), (is_optional, found)).is_some() {
                            return Err(fail(format!("{name} is declared twice")));
                        }
                    }
                    "alias" => {
                        let (name, rest) = rest.split_once(' ').map_or((rest, None), |(name, rest)| (name, Some(rest)));
                        alias = Some(name.to_owned());
                        if let Some(rest) = rest {
                            let (found, _) = read_type(rest).map_err(fail)?;
                            self.mention_all(rest, &place);
                            if self.aliases.insert(name.to_owned(), found).is_some() {
                                return Err(fail(format!("{name} is declared twice")));
                            }
                        }
                    }
                    "param" | "return" | "operator" => self.mention_all(rest, &place),
                    "meta" | "generic" => {}
                    other => return Err(fail(format!("an annotation that this reader does not know: {other}"))),
                }
            } else if let Some(table) = line.strip_prefix("local ").and_then(|rest| rest.strip_suffix(" = {}")) {
                let name = class.clone().ok_or_else(|| fail("a table without a class".into()))?;
                self.functions.entry(name.clone()).or_default();
                tables.insert(table, name);
            } else if let Some(rest) = line.strip_prefix("function ") {
                let (table, rest) = rest.split_once(['.', ':']).ok_or_else(|| fail("a function of no table".into()))?;
                let (name, _) = rest.split_once('(').ok_or_else(|| fail("a function without parameters".into()))?;
                let class = tables.get(table).ok_or_else(|| fail(format!("no table {table}")))?;
                if !self.functions.get_mut(class).expect("it was just declared").insert(name.to_owned()) {
                    return Err(fail(format!("{name} is declared twice")));
                }
            }
        }
        Ok(())
    }

    /// Notes every name of ours in an annotation.
    fn mention_all(&mut self, text: &str, place: &str) {
        for word in text.split(|character: char| !(character.is_alphanumeric() || "._".contains(character))) {
            let word = word.trim_end_matches('.');
            if word.starts_with("aws.") || word.starts_with("coldmoon.") || word.starts_with("dkjson.") {
                self.mentioned.entry(word.to_owned()).or_insert_with(|| place.to_owned());
            }
        }
    }

    /// All files of `lua/library`.
    fn library() -> Definitions {
        let mut definitions = Definitions::default();
        let folder = workspace().join("lua/library");
        let mut files: Vec<_> = std::fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
        files.sort();
        assert!(!files.is_empty());
        for path in files {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            assert!(name.ends_with(".d.lua"), "{name}");
            let text = std::fs::read_to_string(&path).expect("a file");
            assert!(text.starts_with("---@meta "), "{name} is no file of definitions");
            definitions.read(&name, &text).unwrap_or_else(|problem| panic!("{problem}"));
        }
        definitions
    }
}

// ---- the walk ----

/// Walks values and remembers which classes they have met.
struct Walk<'a> {
    definitions: &'a Definitions,
    met: RefCell<BTreeSet<String>>,
}

impl<'a> Walk<'a> {
    fn new(definitions: &'a Definitions) -> Walk<'a> {
        Walk { definitions, met: RefCell::default() }
    }

    /// What is wrong with a value of this type; nothing where it is right.
    fn check(&self, value: &Value, declared: &Type, path: &str) -> Vec<String> {
        let wrong = |what: &str| vec![format!("{path}: {value} is not {what}")];
        let right_if = |is_right: bool, what: &str| if is_right { Vec::new() } else { wrong(what) };
        match declared {
            Type::Literal(literal) => right_if(value == literal, &literal.to_string()),
            Type::Function => wrong("a function"),
            Type::Array(member) => match value {
                Value::Array(list) => {
                    list.iter().enumerate().flat_map(|(at, value)| self.check(value, member, &format!("{path}[{}]", at + 1))).collect()
                }
                _ => wrong("an array"),
            },
            Type::Map(member) => match value {
                Value::Object(map) => map.iter().flat_map(|(key, value)| self.check(value, member, &format!("{path}.{key}"))).collect(),
                _ => wrong("a map"),
            },
            // The alternative that it comes closest to says what is wrong.
            Type::Union(types) => types.iter().map(|one| self.check(value, one, path)).min_by_key(Vec::len).unwrap_or_default(),
            Type::Named(name) => match name.as_str() {
                "any" => Vec::new(),
                "table" => right_if(value.is_object() || value.is_array(), name),
                "string" => right_if(value.is_string(), name),
                "boolean" => right_if(value.is_boolean(), name),
                "number" => right_if(value.is_number(), name),
                "integer" => right_if(value.is_i64() || value.is_u64(), name),
                "nil" => wrong("nil"),
                "coldmoon.Null" => {
                    self.met.borrow_mut().insert(name.clone());
                    right_if(value.is_null(), name)
                }
                _ => match self.definitions.aliases.get(name) {
                    Some(aliased) => {
                        self.met.borrow_mut().insert(name.clone());
                        self.check(value, aliased, path)
                    }
                    None => self.check_class(value, name, path),
                },
            },
        }
    }

    fn check_class(&self, value: &Value, name: &str, path: &str) -> Vec<String> {
        let Value::Object(members) = value else { return vec![format!("{path}: {value} is not {name}")] };
        let mut fields: BTreeMap<&str, &(bool, Type)> = BTreeMap::new();
        let mut problems = Vec::new();
        let mut next = Some(name);
        while let Some(name) = next {
            let Some(class) = self.definitions.classes.get(name) else {
                return vec![format!("{path}: there is no class {name}")];
            };
            self.met.borrow_mut().insert(name.to_owned());
            for (field, declared) in &class.fields {
                // A class may narrow what its parent has.
                fields.entry(field).or_insert(declared);
            }
            next = class.parent.as_deref();
        }
        for (key, value) in members {
            match fields.get(key.as_str()) {
                Some((_, declared)) => problems.extend(self.check(value, declared, &format!("{path}.{key}"))),
                None => problems.push(format!("{path}.{key}: {name} does not declare it")),
            }
        }
        for (field, (is_optional, _)) in fields {
            if !is_optional && !members.contains_key(field) {
                problems.push(format!("{path}.{field}: {name} declares it, and it is absent"));
            }
        }
        problems
    }
}

// ---- the events ----

/// The file of the collection, without `.json`, and its class without `aws.`.
const EVENTS: &[(&str, &str)] = &[
    ("activemq-event", "ActiveMqEvent"),
    ("alb-lambda-target-request-headers-only", "AlbEvent"),
    ("alb-lambda-target-request-multivalue-headers", "AlbEvent"),
    ("alb-lambda-target-response", "AlbResponse"),
    ("apigw-custom-auth-request", "TokenAuthorizerEvent"),
    ("apigw-custom-auth-request-type-request", "RequestAuthorizerEvent"),
    ("apigw-custom-auth-response", "AuthorizerResponse"),
    ("apigw-request", "ApiGatewayV1Event"),
    ("apigw-response", "ApiGatewayV1Response"),
    ("apigw-restapi-openapi-request", "ApiGatewayV1Event"),
    ("apigw-v2-custom-authorizer-v1-request", "RequestAuthorizerEvent"),
    ("apigw-v2-custom-authorizer-v2-request", "RequestAuthorizerV2Event"),
    ("apigw-v2-request-iam", "ApiGatewayV2Event"),
    ("apigw-v2-request-jwt-authorizer", "ApiGatewayV2Event"),
    ("apigw-v2-request-lambda-authorizer", "ApiGatewayV2Event"),
    ("apigw-v2-request-no-authorizer", "ApiGatewayV2Event"),
    ("apigw-websocket-request", "WebSocketEvent"),
    ("apigw-websocket-request-disconnect", "WebSocketEvent"),
    ("apigw-websocket-request-send-message", "WebSocketEvent"),
    ("appsync-identity-cognito", "AppSyncCognitoIdentity"),
    ("appsync-identity-iam", "AppSyncIamIdentity"),
    ("appsync-lambda-auth-request", "AppSyncAuthorizerEvent"),
    ("appsync-lambda-auth-response", "AppSyncAuthorizerResponse"),
    ("autoscaling-event-launch-successful", "AutoScalingEvent"),
    ("autoscaling-event-launch-unsuccessful", "AutoScalingEvent"),
    ("autoscaling-event-lifecycle-action", "AutoScalingEvent"),
    ("autoscaling-event-terminate-action", "AutoScalingEvent"),
    ("autoscaling-event-terminate-successful", "AutoScalingEvent"),
    ("autoscaling-event-terminate-unsuccessful", "AutoScalingEvent"),
    ("clientvpn-connectionhandler-request", "ClientVpnEvent"),
    ("cloudwatch-alarm-sns-payload-multiple-metrics", "SnsEvent"),
    ("cloudwatch-alarm-sns-payload-single-metric", "SnsEvent"),
    ("cloudwatch-logs-event", "LogsEvent"),
    ("code-commit-event", "CodeCommitEvent"),
    ("codebuild-phase-change", "CodeBuildEvent"),
    ("codebuild-state-change", "CodeBuildEvent"),
    ("codedeploy-deployment-event", "CodeDeployEvent"),
    ("codedeploy-instance-event", "CodeDeployEvent"),
    ("codepipeline-action-execution-stage-change-event", "CodePipelineEvent"),
    ("codepipeline-execution-stage-change-event", "CodePipelineEvent"),
    ("codepipeline-execution-state-change-event", "CodePipelineEvent"),
    ("codepipeline-job-event", "CodePipelineJobEvent"),
    ("cognito-event", "CognitoSyncEvent"),
    ("cognito-event-userpools-create-auth-challenge", "CognitoCreateAuthEvent"),
    ("cognito-event-userpools-custommessage", "CognitoCustomMessageEvent"),
    ("cognito-event-userpools-define-auth-challenge", "CognitoDefineAuthEvent"),
    ("cognito-event-userpools-inbound-federation-oidc", "CognitoFederationEvent"),
    ("cognito-event-userpools-inbound-federation-saml", "CognitoFederationEvent"),
    ("cognito-event-userpools-migrateuser", "CognitoMigrateUserEvent"),
    ("cognito-event-userpools-postauthentication", "CognitoPostAuthenticationEvent"),
    ("cognito-event-userpools-postconfirmation", "CognitoPostConfirmationEvent"),
    ("cognito-event-userpools-preauthentication", "CognitoPreAuthenticationEvent"),
    ("cognito-event-userpools-presignup", "CognitoPreSignUpEvent"),
    ("cognito-event-userpools-pretokengen", "CognitoPreTokenEvent"),
    ("cognito-event-userpools-pretokengen-v2", "CognitoPreTokenEvent"),
    ("cognito-event-userpools-pretokengen-v2_0", "CognitoPreTokenEvent"),
    ("cognito-event-userpools-verify-auth-challenge", "CognitoVerifyAuthEvent"),
    ("config-event", "ConfigEvent"),
    ("connect-event", "ConnectEvent"),
    ("dynamodb-event", "DynamoDbEvent"),
    ("dynamodb-time-window-event", "DynamoDbTimeWindowEvent"),
    ("ecr-image-push-event", "EcrEvent"),
    ("ecr-image-scan-event", "EcrEvent"),
    ("ecs-container-instance-state-change", "EcsInstanceEvent"),
    ("iot-1-click-event", "IotOneClickEvent"),
    ("iot-button-event", "IotButtonEvent"),
    ("iot-custom-auth-request", "IotAuthorizerEvent"),
    ("iot-custom-auth-response", "IotAuthorizerResponse"),
    ("iot-preprovision-hook-request", "IotProvisioningEvent"),
    ("iot-preprovision-hook-response", "IotProvisioningResponse"),
    ("kafka-event", "KafkaEvent"),
    ("kinesis-analytics-output-delivery-event", "AnalyticsDeliveryEvent"),
    ("kinesis-analytics-output-delivery-response", "AnalyticsDeliveryResponse"),
    ("kinesis-event", "KinesisEvent"),
    ("kinesis-firehose-event", "FirehoseEvent"),
    ("kinesis-firehose-response", "FirehoseResponse"),
    ("kinesis-time-window-event", "KinesisTimeWindowEvent"),
    ("lambda-urls-request", "FunctionUrlEvent"),
    ("lambda-urls-response", "FunctionUrlResponse"),
    ("lex-event", "LexEvent"),
    ("lex-response", "LexResponse"),
    ("rabbitmq-event", "RabbitMqEvent"),
    ("s3-batch-job-event-request-1.0", "S3BatchEvent"),
    ("s3-batch-job-event-request-2.0", "S3BatchEvent"),
    ("s3-batch-job-event-response", "S3BatchResponse"),
    ("s3-event", "S3Event"),
    ("s3-event-with-decoded", "S3Event"),
    ("s3-glacier-event", "S3Event"),
    ("s3-intelligenttier-event", "S3Event"),
    ("s3-lifecycle-event", "S3Event"),
    ("s3-object-lambda-event-get-object-assumed-role", "S3ObjectLambdaEvent"),
    ("s3-object-lambda-event-get-object-iam", "S3ObjectLambdaEvent"),
    ("s3-object-lambda-event-head-object-iam", "S3ObjectLambdaEvent"),
    ("s3-object-lambda-event-list-objects-iam", "S3ObjectLambdaEvent"),
    ("s3-object-lambda-event-list-objects-v2-iam", "S3ObjectLambdaEvent"),
    ("s3-replication-event", "S3Event"),
    ("s3-restore-event", "S3Event"),
    ("secretsmanager-secret-rotation-event", "SecretsRotationEvent"),
    ("ses-lambda-event", "SesEvent"),
    ("ses-s3-event", "SesEvent"),
    ("ses-sns-event", "SesEvent"),
    ("sns-event", "SnsEvent"),
    ("sqs-event", "SqsEvent"),
];

/// Values that the collection has made up: words of the documentation, or of the Go library, where the service sends one of a few values.
const PLACEHOLDERS: [&str; 5] = [
    "apigw-custom-auth-response.policyDocument.Statement[1].Effect: \"Allow|Deny\" is not \"Allow\"",
    "kinesis-firehose-response.records[1].result: \"TRANSFORMED_STATE_OK\" is not \"Ok\"",
    "kinesis-firehose-response.records[2].result: \"TRANSFORMED_STATE_DROPPED\" is not \"Ok\"",
    "kinesis-firehose-response.records[3].result: \"TransformedStateOk\" is not \"Ok\"",
    "lex-event.invocationSource: \"FulfillmentCodeHook or DialogCodeHook\" is not \"DialogCodeHook\"",
];

/// Invalid on purpose.
const MALFORMED: &str = "dynamodb-event-malformed.2";

/// What the collection has no sample of, as the documentation shows it.
fn vectors() -> Vec<(&'static str, Value)> {
    vec![
        (
            "ScheduledEvent",
            json!({
                "version": "0", "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa", "detail-type": "Scheduled Event", "source": "aws.events",
                "account": "123456789012", "time": "2015-10-08T16:53:06Z", "region": "us-east-1",
                "resources": ["arn:aws:events:us-east-1:123456789012:rule/my-scheduled-rule"], "detail": {},
            }),
        ),
        (
            "LatticeEvent",
            json!({
                "version": "2.0", "path": "/", "method": "GET", "headers": { "accept": ["*/*"] }, "queryStringParameters": { "a": ["1", "2"] },
                "isBase64Encoded": false,
                "requestContext": {
                    "serviceNetworkArn": "arn:aws:vpc-lattice:eu-west-1:1:servicenetwork/sn-1",
                    "serviceArn": "arn:aws:vpc-lattice:eu-west-1:1:service/svc-1",
                    "targetGroupArn": "arn:aws:vpc-lattice:eu-west-1:1:targetgroup/tg-1",
                    "identity": { "sourceVpcArn": "arn:aws:ec2:eu-west-1:1:vpc/vpc-1", "type": "AWS_IAM", "principal": "arn:aws:iam::1:role/r" },
                    "region": "eu-west-1", "timeEpoch": "1696331543569073",
                },
            }),
        ),
        (
            "LatticeResponse",
            json!({ "statusCode": 200, "statusDescription": "200 OK", "headers": { "a": "b" }, "body": "", "isBase64Encoded": false }),
        ),
        ("BatchResponse", json!({ "batchItemFailures": [{ "itemIdentifier": "id-1" }] })),
        (
            "ApiGatewayV1Event",
            // From the console's test button: what is not there is null.
            json!({
                "resource": "/", "path": "/", "httpMethod": "GET", "headers": null, "multiValueHeaders": null, "queryStringParameters": null,
                "multiValueQueryStringParameters": null, "pathParameters": null, "stageVariables": null, "body": null, "isBase64Encoded": false,
                "requestContext": {
                    "accountId": "1", "apiId": "a", "resourceId": "r", "resourcePath": "/", "httpMethod": "GET", "stage": "test-invoke-stage",
                    "requestId": "1", "path": "/", "identity": { "sourceIp": "test-invoke-source-ip", "user": "AIDA", "cognitoIdentityId": null },
                },
            }),
        ),
    ]
}

#[test]
fn every_event_is_of_its_class_and_no_class_is_untried() {
    let Some(folder) = test_data("events") else { return };
    let definitions = Definitions::library();
    let walk = Walk::new(&definitions);
    let mut problems = Vec::new();
    let mut check = |name: &str, class: &str, value: &Value| {
        problems.extend(walk.check(value, &Type::Named(format!("aws.{class}")), name));
    };
    for (name, class) in EVENTS {
        let bytes = std::fs::read(folder.join(format!("{name}.json"))).unwrap_or_else(|error| panic!("{name}: {error}"));
        check(name, class, &serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{name}: {error}")));
    }
    for (class, value) in vectors() {
        check(class, class, &value);
    }
    assert_eq!(problems.join("\n"), PLACEHOLDERS.join("\n"));

    let met = walk.met.borrow();
    let declared = definitions.classes.keys().chain(definitions.aliases.keys()).filter(|name| name.starts_with("aws."));
    let untried: Vec<&String> = declared.filter(|name| !met.contains(*name)).collect();
    assert!(untried.is_empty(), "no event is one of these: {untried:?}");

    let known: BTreeSet<&str> = EVENTS.iter().map(|(name, _)| *name).chain([MALFORMED]).collect();
    let files = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let missing: Vec<String> =
        files.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).filter(|name| !known.contains(name.as_str())).collect();
    assert!(missing.is_empty(), "events without a class: {missing:?}");
    tell(&format!("types: {} events of AWS and {} of ours, {} classes", EVENTS.len(), vectors().len(), met.len()));
}

#[test]
fn every_sample_of_the_tool_is_of_its_class() {
    let definitions = Definitions::library();
    let walk = Walk::new(&definitions);
    let mut problems = Vec::new();
    for Sample { name, class, json, .. } in sample::ALL {
        let event = serde_json::from_str(json).unwrap_or_else(|error| panic!("{name}: {error}"));
        problems.extend(walk.check(&event, &Type::Named((*class).into()), name));
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    let names: BTreeSet<&str> = sample::ALL.iter().map(|sample| sample.name).collect();
    assert_eq!(names.len(), sample::ALL.len(), "a name stands for one sample");
    let files = std::fs::read_dir(workspace().join("cli/samples")).expect("a folder").count();
    assert_eq!(files, sample::ALL.len(), "every file is a sample");
}

#[test]
fn every_name_is_declared_and_of_use() {
    let definitions = Definitions::library();
    let declared: BTreeSet<&String> = definitions.classes.keys().chain(definitions.aliases.keys()).collect();
    for (name, place) in &definitions.mentioned {
        assert!(declared.contains(name), "{place}: {name} is declared nowhere");
    }
    let roots: BTreeSet<String> = EVENTS
        .iter()
        .map(|(_, class)| *class)
        .chain(vectors().iter().map(|(class, _)| *class))
        .map(|class| format!("aws.{class}"))
        .collect();
    for name in declared {
        let is_used = definitions.mentioned.contains_key(name) || roots.contains(name) || definitions.functions.contains_key(name);
        assert!(is_used, "{name} is of no use");
    }
    for (name, class) in &definitions.classes {
        let has_content = !class.fields.is_empty()
            || class.parent.is_some()
            || definitions.functions.get(name).is_some_and(|functions| !functions.is_empty());
        assert!(has_content || matches!(name.as_str(), "coldmoon.Raw" | "coldmoon.Stream" | "aws.CognitoEmptyResponse"), "{name} is empty");
    }
}

#[test]
fn the_modules_hold_exactly_what_is_defined() {
    let definitions = Definitions::library();
    let api = RuntimeApi::start(Options::default()).expect("a local API");
    let source = "return { handler = function(expression, context)\n\
        local names = {}\n\
        for key in pairs(assert(loadstring('return ' .. expression))(context)) do\n\
          if not key:find('^__') then names[#names + 1] = key end\n\
        end\n\
        return names\n\
      end }\n";
    let process = Setup::new(source).start(api.address());
    let held = |expression: &str| -> BTreeSet<String> {
        let outcome = api.queue(Invocation::new(json!(expression).to_string())).wait();
        let Outcome::Response(response) = outcome else { panic!("{outcome:?}\n{}", process.report()) };
        serde_json::from_slice(&response.body).expect("a list")
    };
    for module in [
        "coldmoon",
        "coldmoon.json",
        "coldmoon.log",
        "coldmoon.http",
        "coldmoon.batch",
        "coldmoon.metrics",
        "coldmoon.base64",
        "cjson",
        "dkjson",
    ] {
        let fields = definitions.classes[module].fields.keys();
        let defined: BTreeSet<String> = definitions.functions[module].iter().chain(fields).cloned().collect();
        assert_eq!(held(&format!("require '{module}'")), defined, "{module}");
    }
    for (class, object) in [
        ("coldmoon.Router", "require 'coldmoon.http'.router()"),
        ("coldmoon.Request", "require 'coldmoon.http'.request({ httpMethod = 'GET' })"),
        ("coldmoon.Metrics", "require 'coldmoon.metrics'.new('Space')"),
    ] {
        assert_eq!(held(&format!("getmetatable({object})")), definitions.functions[class], "{class}");
    }
    // What the service did not send is not there.
    let context = &definitions.classes["coldmoon.Context"].fields;
    let held = held("...");
    let undefined: Vec<&String> = held.iter().filter(|name| !context.contains_key(*name)).collect();
    let absent: Vec<&String> =
        context.iter().filter(|(name, (is_optional, _))| !is_optional && !held.contains(*name)).map(|(name, _)| name).collect();
    assert!(undefined.is_empty() && absent.is_empty(), "context: {undefined:?} are not defined, {absent:?} are absent");
}

// ---- the checker itself ----

#[test]
fn the_reader_reads_types() {
    let named = |name: &str| Type::Named(name.into());
    for (text, expected, rest) in [
        ("string", named("string"), ""),
        ("string[] Words.", Type::Array(Box::new(named("string"))), " Words."),
        ("\"a b\"|1", Type::Union(vec![Type::Literal("a b".into()), Type::Literal(1.into())]), ""),
        (
            "table<string, aws.X[]>|coldmoon.Null",
            Type::Union(vec![Type::Map(Box::new(Type::Array(Box::new(named("aws.X"))))), named("coldmoon.Null")]),
            "",
        ),
        ("fun(a: fun(), b?: any): x, y Words", Type::Function, " Words"),
        ("x?", Type::Union(vec![named("x"), named("nil")]), ""),
    ] {
        assert_eq!(read_type(text), Ok((expected, rest)), "{text}");
    }
    for text in ["", "table<integer, x>", "table<string, x", "\"a", "fun(", "|x"] {
        assert!(read_type(text).is_err(), "{text}");
    }
    for text in [
        "---@field a string",
        "---@class A\n---@field a",
        "---@class A\n---@class A",
        "---@class A\n---@field a x\n---@field a x",
        "---@mystery",
        "---| x",
    ] {
        assert!(Definitions::default().read("f", text).is_err(), "{text}");
    }
}

#[test]
fn the_walk_finds_what_is_wrong() {
    let mut definitions = Definitions::default();
    let text = "---@class P\n---@field p? integer\n---@class C: P\n---@field a string\n---@field [\"b-c\"]? D[]\n---@field m? table<string, boolean|\"x\">\n\
        ---@class D\n---@field n number|coldmoon.Null\n---@alias E C|D\n";
    definitions.read("f", text).expect("it can be read");
    let walk = Walk::new(&definitions);
    for (value, problem) in [
        (json!({ "a": "" }), ""),
        (json!({ "a": "", "p": 1, "b-c": [{ "n": 1.5 }, { "n": null }], "m": { "k": true, "l": "x" } }), ""),
        (json!({ "n": 1 }), ""),
        (json!({ "a": "", "z": 1 }), "v.z: C does not declare it"),
        (json!({ "a": 1 }), "v.a: 1 is not string"),
        (json!({ "a": null }), "v.a: null is not string"),
        (json!({ "a": "", "p": 1.5 }), "v.p: 1.5 is not integer"),
        (json!({ "a": "", "b-c": [{}] }), "v.b-c[1].n: D declares it, and it is absent"),
        (json!({ "a": "", "b-c": {} }), "v.b-c: {} is not an array"),
        (json!({ "a": "", "m": { "k": "y" } }), "v.m.k: \"y\" is not boolean"),
        (json!([]), "v: [] is not C"),
    ] {
        assert_eq!(walk.check(&value, &Type::Named("E".into()), "v").first().map_or("", String::as_str), problem, "{value}");
    }
}
