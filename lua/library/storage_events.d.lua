---@meta _

-- Events of S3 and what belongs to it: notifications, batch operations, Object Lambda.
-- Source: docs.aws.amazon.com/AmazonS3/latest/userguide/: notification-content-structure.html, batch-ops-invoke-lambda.html,
-- olap-event-context.html.

--- Who has acted, or who owns it.
---@class aws.S3Principal
---@field principalId string

--- Where the request came from.
---@class aws.S3RequestParameters
---@field sourceIPAddress string

--- A bucket.
---@class aws.S3Bucket
---@field name string
---@field ownerIdentity aws.S3Principal
---@field arn string

--- An object.
---@class aws.S3Object
---@field key string As in a URL: a space is a plus.
---@field urlDecodedKey? string What some libraries add; S3 does not send it.
---@field size? integer
---@field eTag? string
---@field versionId? string
---@field sequencer string

--- What the event is about.
---@class aws.S3Entity
---@field s3SchemaVersion string
---@field configurationId string
---@field bucket aws.S3Bucket
---@field object aws.S3Object

--- An object that was restored.
---@class aws.S3RestoreData
---@field lifecycleRestorationExpiryTime string
---@field lifecycleRestoreStorageClass string

--- With `s3:ObjectRestore` events.
---@class aws.S3GlacierData
---@field restoreEventData aws.S3RestoreData

--- Where an object went.
---@class aws.S3Transition
---@field destinationStorageClass string

--- With `s3:LifecycleTransition` events.
---@class aws.S3LifecycleData
---@field transitionEventData aws.S3Transition

--- With `s3:IntelligentTiering` events.
---@class aws.S3IntelligentTieringData
---@field destinationAccessTier string

--- With `s3:Replication` events.
---@class aws.S3ReplicationData
---@field replicationRuleId string
---@field destinationBucket string
---@field s3Operation string
---@field requestTime string
---@field failureReason? string
---@field threshold? string
---@field replicationTime? string

--- What has happened to an object.
---@class aws.S3Record
---@field eventVersion string
---@field eventSource "aws:s3"
---@field awsRegion string
---@field eventTime string RFC 3339.
---@field eventName string `ObjectCreated:Put`
---@field userIdentity aws.S3Principal
---@field requestParameters aws.S3RequestParameters
---@field responseElements table<string, string>
---@field s3 aws.S3Entity
---@field glacierEventData? aws.S3GlacierData
---@field restoreEventData? aws.S3RestoreData
---@field lifecycleEventData? aws.S3LifecycleData
---@field intelligentTieringEventData? aws.S3IntelligentTieringData
---@field replicationEventData? aws.S3ReplicationData

--- What has happened to objects of a bucket.
---@class aws.S3Event
---@field Records aws.S3Record[]

--- The job.
---@class aws.S3BatchJob
---@field id string
---@field userArguments? table<string, string> Schema 2.0.

--- An object to work on.
---@class aws.S3BatchTask
---@field taskId string
---@field s3Key string
---@field s3VersionId? string|coldmoon.Null
---@field s3BucketArn? string Schema 1.0.
---@field s3Bucket? string Schema 2.0.

--- An operation of S3 Batch Operations.
---@class aws.S3BatchEvent
---@field invocationSchemaVersion "1.0"|"2.0"
---@field invocationId string
---@field job aws.S3BatchJob
---@field tasks aws.S3BatchTask[]

--- What has become of a task.
---@class aws.S3BatchResult
---@field taskId string
---@field resultCode "Succeeded"|"TemporaryFailure"|"PermanentFailure"
---@field resultString? string

--- The answer.
---@class aws.S3BatchResponse
---@field invocationSchemaVersion string
---@field treatMissingKeysAs "Succeeded"|"TemporaryFailure"|"PermanentFailure"
---@field invocationId string
---@field results aws.S3BatchResult[]

--- Where the original is, and for `GetObject` where the answer goes (`WriteGetObjectResponse`).
---@class aws.S3ObjectContext
---@field inputS3Url string
---@field outputRoute? string
---@field outputToken? string

--- The access point.
---@class aws.S3ObjectLambdaConfiguration
---@field accessPointArn string
---@field supportingAccessPointArn string
---@field payload string

--- The request of the client.
---@class aws.S3UserRequest
---@field url string
---@field headers table<string, string>

--- Of a session.
---@class aws.S3SessionAttributes
---@field mfaAuthenticated string
---@field creationDate string

--- The role that was assumed.
---@class aws.S3SessionIssuer
---@field type string
---@field principalId string
---@field arn string
---@field accountId string
---@field userName string

--- A session of a role.
---@class aws.S3SessionContext
---@field attributes aws.S3SessionAttributes
---@field sessionIssuer? aws.S3SessionIssuer

--- The client.
---@class aws.S3UserIdentity
---@field type string
---@field principalId string
---@field arn string
---@field accountId string
---@field accessKeyId string
---@field sessionContext? aws.S3SessionContext

--- A request through an Object Lambda access point: one of the contexts says which.
---@class aws.S3ObjectLambdaEvent
---@field xAmzRequestId string
---@field getObjectContext? aws.S3ObjectContext
---@field headObjectContext? aws.S3ObjectContext
---@field listObjectsContext? aws.S3ObjectContext
---@field listObjectsV2Context? aws.S3ObjectContext
---@field configuration aws.S3ObjectLambdaConfiguration
---@field userRequest aws.S3UserRequest
---@field userIdentity aws.S3UserIdentity
---@field protocolVersion string
