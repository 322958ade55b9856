---@meta _

-- Events of other services: AppSync, Connect, Lex, IoT, SES, CodeCommit, CodePipeline, Config, logs, secrets, Client VPN.
-- Source: the developer guide of each service.

--- Who calls a GraphQL API, by a user pool.
---@class aws.AppSyncCognitoIdentity
---@field sub string
---@field issuer string
---@field username string
---@field claims table<string, any>
---@field sourceIp string[]
---@field defaultAuthStrategy string
---@field groups? string[]|coldmoon.Null

--- Who calls a GraphQL API, by IAM.
---@class aws.AppSyncIamIdentity
---@field accountId string
---@field cognitoIdentityPoolId string|coldmoon.Null
---@field cognitoIdentityId string|coldmoon.Null
---@field cognitoIdentityAuthType? string|coldmoon.Null
---@field cognitoIdentityAuthProvider? string|coldmoon.Null
---@field sourceIp string[]
---@field username string
---@field userArn string

--- The query.
---@class aws.AppSyncAuthContext
---@field apiId string
---@field accountId string
---@field requestId string
---@field queryString string
---@field operationName string
---@field variables table<string, any>

--- What a Lambda authorizer of AppSync is asked.
---@class aws.AppSyncAuthorizerEvent
---@field authorizationToken string
---@field requestContext aws.AppSyncAuthContext
---@field requestHeaders? table<string, string>

--- The answer to it.
---@class aws.AppSyncAuthorizerResponse
---@field isAuthorized boolean
---@field resolverContext? table<string, string|number|boolean>
---@field deniedFields? string[]
---@field ttlOverride? integer

--- A client wants to connect to Client VPN.
---@class aws.ClientVpnEvent
---@field ["connection-id"] string
---@field ["endpoint-id"] string
---@field ["common-name"] string
---@field username string
---@field platform string
---@field ["platform-version"] string
---@field ["public-ip"] string
---@field ["client-openvpn-version"] string
---@field ["schema-version"] string

--- The payload.
---@class aws.LogsData
---@field data string JSON, compressed by gzip, in base64.

--- Log events of a subscription.
---@class aws.LogsEvent
---@field awslogs aws.LogsData

--- A branch or a tag.
---@class aws.CodeCommitReference
---@field commit string
---@field ref string
---@field created? boolean
---@field deleted? boolean

--- What has changed.
---@class aws.CodeCommitReferences
---@field references aws.CodeCommitReference[]

--- A push.
---@class aws.CodeCommitRecord
---@field eventId string
---@field eventVersion string
---@field eventTime string
---@field eventTriggerName string
---@field eventPartNumber integer
---@field codecommit aws.CodeCommitReferences
---@field eventName string
---@field eventTriggerConfigId string
---@field eventSourceARN string
---@field userIdentityARN string
---@field eventSource "aws:codecommit"
---@field awsRegion string
---@field eventTotalParts integer
---@field customData? string

--- Pushes to a repository.
---@class aws.CodeCommitEvent
---@field Records aws.CodeCommitRecord[]

--- What the pipeline says of the action.
---@class aws.CodePipelineJobConfiguration
---@field FunctionName string
---@field UserParameters? string

--- The configuration of the action.
---@class aws.CodePipelineActionConfiguration
---@field configuration aws.CodePipelineJobConfiguration

--- An object.
---@class aws.CodePipelineS3Location
---@field bucketName string
---@field objectKey string

--- Where an artifact is.
---@class aws.CodePipelineLocation
---@field s3Location aws.CodePipelineS3Location
---@field type string

--- An artifact.
---@class aws.CodePipelineArtifact
---@field location aws.CodePipelineLocation
---@field revision string|coldmoon.Null
---@field name string

--- Credentials for the artifacts.
---@class aws.CodePipelineCredentials
---@field secretAccessKey string
---@field sessionToken string
---@field accessKeyId string
---@field expirationTime? integer

--- What the job is given.
---@class aws.CodePipelineJobData
---@field actionConfiguration aws.CodePipelineActionConfiguration
---@field inputArtifacts aws.CodePipelineArtifact[]
---@field outputArtifacts aws.CodePipelineArtifact[]
---@field artifactCredentials aws.CodePipelineCredentials
---@field continuationToken? string

--- A job.
---@class aws.CodePipelineJob
---@field id string
---@field accountId string
---@field data aws.CodePipelineJobData

--- An action of a pipeline.
---@class aws.CodePipelineJobEvent
---@field ["CodePipeline.job"] aws.CodePipelineJob

--- A rule of AWS Config is to be evaluated.
---@class aws.ConfigEvent
---@field version string
---@field invokingEvent string JSON.
---@field ruleParameters? string JSON.
---@field resultToken string
---@field eventLeftScope boolean
---@field executionRoleArn string
---@field configRuleArn string
---@field configRuleName string
---@field configRuleId string
---@field accountId string

--- A telephone number.
---@class aws.ConnectEndpoint
---@field Type string
---@field Address string

--- A queue.
---@class aws.ConnectQueue
---@field Name string
---@field ARN string

--- A contact.
---@class aws.ConnectContact
---@field ContactId string
---@field InitialContactId string
---@field PreviousContactId string
---@field Channel string
---@field InstanceARN string
---@field InitiationMethod string
---@field SystemEndpoint aws.ConnectEndpoint|coldmoon.Null
---@field CustomerEndpoint aws.ConnectEndpoint|coldmoon.Null
---@field Queue aws.ConnectQueue|coldmoon.Null
---@field Attributes table<string, string>

--- A contact, and the parameters of the flow.
---@class aws.ConnectDetails
---@field ContactData aws.ConnectContact
---@field Parameters table<string, string>

--- A contact flow of Amazon Connect.
---@class aws.ConnectEvent
---@field Name string
---@field Details aws.ConnectDetails

--- A click.
---@class aws.IotClick
---@field clickType "SINGLE"|"DOUBLE"|"LONG"
---@field reportedTime string

--- What has happened.
---@class aws.IotDeviceEvent
---@field buttonClicked aws.IotClick

--- A device.
---@class aws.IotDevice
---@field attributes table<string, string>
---@field type string
---@field deviceId string
---@field remainingLife number

--- Where it is.
---@class aws.IotPlacement
---@field projectName string
---@field placementName string
---@field attributes table<string, string>
---@field devices table<string, string>

--- A button of IoT 1-Click.
---@class aws.IotOneClickEvent
---@field deviceEvent aws.IotDeviceEvent
---@field deviceInfo aws.IotDevice
---@field placementInfo aws.IotPlacement

--- An IoT button.
---@class aws.IotButtonEvent
---@field serialNumber string
---@field clickType "SINGLE"|"DOUBLE"|"LONG"
---@field batteryVoltage string

--- The TLS connection.
---@class aws.IotTls
---@field serverName? string

--- The HTTP request.
---@class aws.IotHttp
---@field headers? table<string, string>
---@field queryString? string

--- The MQTT connection.
---@class aws.IotMqtt
---@field username? string
---@field password? string In base64.
---@field clientId? string

--- By protocol.
---@class aws.IotProtocolData
---@field tls? aws.IotTls
---@field http? aws.IotHttp
---@field mqtt? aws.IotMqtt

--- The connection.
---@class aws.IotConnection
---@field id string

--- What a custom authorizer of IoT Core is asked.
---@class aws.IotAuthorizerEvent
---@field token? string
---@field signatureVerified boolean
---@field protocols string[]
---@field protocolData aws.IotProtocolData
---@field connectionMetadata aws.IotConnection

--- The answer to it.
---@class aws.IotAuthorizerResponse
---@field isAuthenticated boolean
---@field principalId string
---@field disconnectAfterInSeconds integer
---@field refreshAfterInSeconds integer
---@field policyDocuments aws.PolicyDocument[]

--- A device wants to be provisioned.
---@class aws.IotProvisioningEvent
---@field claimCertificateId string
---@field certificateId string
---@field certificatePem string
---@field templateArn string
---@field clientId string
---@field parameters table<string, string>

--- The answer to it.
---@class aws.IotProvisioningResponse
---@field allowProvisioning boolean
---@field parameterOverrides? table<string, string>

--- What was understood of a slot.
---@class aws.LexSlotDetail
---@field resolutions table<string, string>[]
---@field originalValue string|coldmoon.Null

--- What the user wants.
---@class aws.LexIntent
---@field name string
---@field slots table<string, string|coldmoon.Null>
---@field slotDetails? table<string, aws.LexSlotDetail>
---@field confirmationStatus string

--- The bot.
---@class aws.LexBot
---@field name string
---@field alias? string|coldmoon.Null
---@field version string

--- A turn of a conversation (Lex V1).
---@class aws.LexEvent
---@field currentIntent aws.LexIntent
---@field bot aws.LexBot
---@field userId string
---@field inputTranscript string
---@field invocationSource "DialogCodeHook"|"FulfillmentCodeHook"
---@field outputDialogMode string
---@field messageVersion string
---@field sessionAttributes table<string, string>|coldmoon.Null
---@field requestAttributes? table<string, string>|coldmoon.Null

--- What to say.
---@class aws.LexMessage
---@field contentType string
---@field content string

--- A button.
---@class aws.LexButton
---@field text string
---@field value string

--- A card.
---@class aws.LexAttachment
---@field title string
---@field subTitle? string
---@field imageUrl? string
---@field attachmentLinkUrl? string
---@field buttons? aws.LexButton[]

--- Cards to show.
---@class aws.LexCard
---@field version integer
---@field contentType string
---@field genericAttachments aws.LexAttachment[]

--- What is next.
---@class aws.LexDialogAction
---@field type string
---@field fulfillmentState? string
---@field message? aws.LexMessage
---@field intentName? string
---@field slots? table<string, string|coldmoon.Null>
---@field slotToElicit? string
---@field responseCard? aws.LexCard

--- The answer to it.
---@class aws.LexResponse
---@field sessionAttributes? table<string, string>
---@field dialogAction aws.LexDialogAction

--- A secret is to be rotated.
---@class aws.SecretsRotationEvent
---@field Step "createSecret"|"setSecret"|"testSecret"|"finishSecret"
---@field SecretId string
---@field ClientRequestToken string
---@field RotationToken? string

--- What a check says.
---@class aws.SesVerdict
---@field status "PASS"|"FAIL"|"GRAY"|"PROCESSING_FAILED"|"DISABLED"

--- What the rule does.
---@class aws.SesAction
---@field type string
---@field topicArn? string
---@field bucketName? string
---@field objectKey? string
---@field objectKeyPrefix? string
---@field functionArn? string
---@field invocationType? string

--- How a mail was received.
---@class aws.SesReceipt
---@field recipients string[]
---@field timestamp string
---@field processingTimeMillis integer
---@field action aws.SesAction
---@field dmarcPolicy? string
---@field spamVerdict aws.SesVerdict
---@field virusVerdict aws.SesVerdict
---@field spfVerdict aws.SesVerdict
---@field dkimVerdict aws.SesVerdict
---@field dmarcVerdict aws.SesVerdict

--- A header.
---@class aws.SesHeader
---@field name string
---@field value string

--- The headers that most mails have.
---@class aws.SesCommonHeaders
---@field returnPath string
---@field from string[]
---@field to string[]
---@field date string
---@field messageId string
---@field subject string
---@field cc? string[]
---@field bcc? string[]
---@field replyTo? string[]
---@field sender? string

--- A mail, without its body.
---@class aws.SesMail
---@field timestamp string
---@field source string
---@field messageId string
---@field destination string[]
---@field headersTruncated boolean
---@field headers aws.SesHeader[]
---@field commonHeaders aws.SesCommonHeaders

--- A mail and how it was received.
---@class aws.SesMessage
---@field mail aws.SesMail
---@field receipt aws.SesReceipt

--- A mail.
---@class aws.SesRecord
---@field eventVersion string
---@field ses aws.SesMessage
---@field eventSource "aws:ses"

--- A mail was received.
---@class aws.SesEvent
---@field Records aws.SesRecord[]
