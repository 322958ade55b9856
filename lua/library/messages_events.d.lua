---@meta _

-- Events of queues, topics and streams: SQS, SNS, Kinesis, DynamoDB, Firehose, Kafka, Amazon MQ; the answers to them.
-- Source: docs.aws.amazon.com/lambda/latest/dg/, "with-…" and "services-…", and the guides of the services.

--- What SQS says of a message. Times are in milliseconds.
---@class aws.SqsAttributes
---@field ApproximateReceiveCount string
---@field SentTimestamp string
---@field SenderId string
---@field ApproximateFirstReceiveTimestamp string
---@field MessageGroupId? string
---@field MessageDeduplicationId? string
---@field SequenceNumber? string
---@field AWSTraceHeader? string
---@field DeadLetterQueueSourceArn? string

--- What the sender says of a message.
---@class aws.SqsMessageAttribute
---@field dataType string
---@field stringValue? string
---@field binaryValue? string
---@field stringListValues? string[]
---@field binaryListValues? string[]

--- A message of a queue.
---@class aws.SqsRecord
---@field messageId string
---@field receiptHandle string
---@field body string
---@field attributes aws.SqsAttributes
---@field messageAttributes table<string, aws.SqsMessageAttribute>
---@field md5OfBody string
---@field md5OfMessageAttributes? string
---@field eventSource "aws:sqs"
---@field eventSourceARN string
---@field awsRegion string

--- Messages of a queue.
---@class aws.SqsEvent
---@field Records aws.SqsRecord[]

--- A record that failed: a message id, or a sequence number.
---@class aws.BatchItemFailure
---@field itemIdentifier string

--- A partial batch response: what `coldmoon.batch` returns.
---@class aws.BatchResponse
---@field batchItemFailures aws.BatchItemFailure[]

--- What the sender says of a message.
---@class aws.SnsMessageAttribute
---@field Type string
---@field Value string

--- A message of a topic.
---@class aws.SnsMessage
---@field Type string
---@field MessageId string
---@field TopicArn string
---@field Subject? string|coldmoon.Null
---@field Message string
---@field Timestamp string
---@field SignatureVersion string
---@field Signature string
---@field SigningCertUrl string
---@field UnsubscribeUrl string
---@field MessageAttributes table<string, aws.SnsMessageAttribute>

--- A message and where it comes from.
---@class aws.SnsRecord
---@field EventSource "aws:sns"
---@field EventVersion string
---@field EventSubscriptionArn string
---@field Sns aws.SnsMessage

--- A message of a topic. There is always one record.
---@class aws.SnsEvent
---@field Records aws.SnsRecord[]

--- The payload of a record.
---@class aws.KinesisData
---@field kinesisSchemaVersion string
---@field partitionKey string
---@field sequenceNumber string
---@field data string In base64.
---@field approximateArrivalTimestamp number
---@field encryptionType? string

--- A record of a stream.
---@class aws.KinesisRecord
---@field kinesis aws.KinesisData
---@field eventSource "aws:kinesis"
---@field eventVersion string
---@field eventID string
---@field eventName string
---@field invokeIdentityArn string
---@field awsRegion string
---@field eventSourceARN string

--- Records of a stream.
---@class aws.KinesisEvent
---@field Records aws.KinesisRecord[]

--- The window of a tumbling-window aggregation.
---@class aws.TimeWindow
---@field start string
---@field end string

--- Records of a stream, aggregated in windows of time.
---@class aws.KinesisTimeWindowEvent: aws.KinesisEvent
---@field window aws.TimeWindow
---@field state table<string, any> What the invocation before has returned as `state`.
---@field shardId string
---@field eventSourceARN string
---@field isFinalInvokeForWindow boolean
---@field isWindowTerminatedEarly boolean

--- A value: one of these.
---@class aws.DynamoDbValue
---@field S? string
---@field N? string A number, in decimal digits.
---@field B? string In base64.
---@field BOOL? boolean
---@field NULL? boolean
---@field SS? string[]
---@field NS? string[]
---@field BS? string[]
---@field L? aws.DynamoDbValue[]
---@field M? table<string, aws.DynamoDbValue>

--- What has changed.
---@class aws.DynamoDbChange
---@field ApproximateCreationDateTime? number
---@field Keys table<string, aws.DynamoDbValue>
---@field NewImage? table<string, aws.DynamoDbValue>
---@field OldImage? table<string, aws.DynamoDbValue>
---@field SequenceNumber string
---@field SizeBytes integer
---@field StreamViewType "KEYS_ONLY"|"NEW_IMAGE"|"OLD_IMAGE"|"NEW_AND_OLD_IMAGES"

--- The service that has acted, where it was none of the table's users: time to live.
---@class aws.ServiceIdentity
---@field type string
---@field principalId string

--- A change of an item.
---@class aws.DynamoDbRecord
---@field eventID string
---@field eventName "INSERT"|"MODIFY"|"REMOVE"
---@field eventVersion string
---@field eventSource "aws:dynamodb"
---@field awsRegion string
---@field dynamodb aws.DynamoDbChange
---@field userIdentity? aws.ServiceIdentity
---@field eventSourceARN string

--- Changes of a table.
---@class aws.DynamoDbEvent
---@field Records aws.DynamoDbRecord[]

--- Changes of a table, aggregated in windows of time.
---@class aws.DynamoDbTimeWindowEvent: aws.DynamoDbEvent
---@field window aws.TimeWindow
---@field state table<string, any> What the invocation before has returned as `state`.
---@field shardId string
---@field eventSourceARN string
---@field isFinalInvokeForWindow boolean
---@field isWindowTerminatedEarly boolean

--- Where a record of a stream comes from.
---@class aws.FirehoseRecordMetadata
---@field shardId string
---@field partitionKey string
---@field approximateArrivalTimestamp integer
---@field sequenceNumber string
---@field subsequenceNumber integer|string

--- A record to transform.
---@class aws.FirehoseRecord
---@field recordId string
---@field data string In base64.
---@field approximateArrivalTimestamp integer
---@field kinesisRecordMetadata? aws.FirehoseRecordMetadata

--- Records to transform.
---@class aws.FirehoseEvent
---@field invocationId string
---@field deliveryStreamArn string
---@field sourceKinesisStreamArn? string
---@field region string
---@field records aws.FirehoseRecord[]

--- The table that a record goes to.
---@class aws.FirehoseTableMetadata
---@field destinationDatabaseName? string
---@field destinationTableName? string
---@field operation? string

--- Where a record goes to.
---@class aws.FirehoseResultMetadata
---@field partitionKeys? table<string, string>
---@field otfMetadata? aws.FirehoseTableMetadata

--- What has become of a record.
---@class aws.FirehoseResult
---@field recordId string
---@field result "Ok"|"Dropped"|"ProcessingFailed"
---@field data? string
---@field metadata? aws.FirehoseResultMetadata

--- The answer: a result for each record.
---@class aws.FirehoseResponse
---@field records aws.FirehoseResult[]

--- A record that an application delivers.
---@class aws.AnalyticsRecord
---@field recordId string
---@field data string In base64.

--- What a Kinesis Data Analytics application delivers.
---@class aws.AnalyticsDeliveryEvent
---@field invocationId string
---@field applicationArn string
---@field records aws.AnalyticsRecord[]

--- What has become of a record.
---@class aws.AnalyticsDeliveryResult
---@field recordId string
---@field result "Ok"|"DeliveryFailed"

--- The answer: a result for each record.
---@class aws.AnalyticsDeliveryResponse
---@field records aws.AnalyticsDeliveryResult[]

--- A record of a topic. Key and value are in base64, the bytes of a header are numbers.
---@class aws.KafkaRecord
---@field topic string
---@field partition integer
---@field offset integer
---@field timestamp integer
---@field timestampType string
---@field key? string
---@field value? string
---@field headers table<string, integer[]>[]

--- Records of MSK or of another Kafka, by topic and partition.
---@class aws.KafkaEvent
---@field eventSource string
---@field eventSourceArn? string
---@field bootstrapServers string
---@field records table<string, aws.KafkaRecord[]>

--- A queue or a topic.
---@class aws.ActiveMqDestination
---@field physicalName string

--- A message of ActiveMQ.
---@class aws.ActiveMqMessage
---@field messageID string
---@field messageType string
---@field timestamp integer
---@field deliveryMode integer
---@field correlationID? string
---@field replyTo? string
---@field destination aws.ActiveMqDestination
---@field redelivered boolean
---@field type? string
---@field expiration integer
---@field priority integer
---@field data string In base64.
---@field brokerInTime integer
---@field brokerOutTime integer
---@field properties? table<string, string>

--- Messages of ActiveMQ.
---@class aws.ActiveMqEvent
---@field eventSource "aws:mq"|"aws:amq"
---@field eventSourceArn string
---@field messages aws.ActiveMqMessage[]

--- The value of a header.
---@class aws.RabbitMqBytes
---@field bytes integer[]

--- What is said of a message.
---@class aws.RabbitMqProperties
---@field contentType string|coldmoon.Null
---@field contentEncoding string|coldmoon.Null
---@field headers table<string, aws.RabbitMqBytes|number|string|boolean>
---@field deliveryMode integer
---@field priority integer|coldmoon.Null
---@field correlationId string|coldmoon.Null
---@field replyTo string|coldmoon.Null
---@field expiration string|coldmoon.Null
---@field messageId string|coldmoon.Null
---@field timestamp string|coldmoon.Null
---@field type string|coldmoon.Null
---@field userId string|coldmoon.Null
---@field appId string|coldmoon.Null
---@field clusterId string|coldmoon.Null
---@field bodySize integer

--- A message of RabbitMQ.
---@class aws.RabbitMqMessage
---@field basicProperties aws.RabbitMqProperties
---@field redelivered boolean
---@field data string In base64.

--- Messages of RabbitMQ, by queue and virtual host.
---@class aws.RabbitMqEvent
---@field eventSource "aws:rmq"
---@field eventSourceArn string
---@field rmqMessagesByQueue table<string, aws.RabbitMqMessage[]>
