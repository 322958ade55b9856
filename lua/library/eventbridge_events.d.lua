---@meta _

-- Events of EventBridge, schedules among them: one envelope, and the details of the services that are named most.
-- Source: docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html, and the services' pages on their events.

--- The envelope of every event.
---@class aws.EventBridgeEvent
---@field version string
---@field id string
---@field ["detail-type"] string
---@field source string `aws.ec2`, or whatever the application says.
---@field account string
---@field time string RFC 3339.
---@field region string
---@field resources string[]
---@field detail any What has happened, in the form of the source.

--- The event of a schedule (`rate(…)`, `cron(…)`). Its detail is empty.
---@class aws.ScheduledEvent: aws.EventBridgeEvent
---@field detail table<string, any>

--- Where the instance is.
---@class aws.AutoScalingDetails
---@field ["Availability Zone"] string
---@field ["Subnet ID"] string

--- What has happened in a group.
---@class aws.AutoScalingDetail
---@field AutoScalingGroupName string
---@field EC2InstanceId string
---@field StatusCode? string
---@field StatusMessage? string
---@field Description? string
---@field ActivityId? string
---@field RequestId? string
---@field StartTime? string
---@field EndTime? string
---@field Cause? string
---@field Details? aws.AutoScalingDetails
---@field LifecycleActionToken? string
---@field LifecycleHookName? string
---@field LifecycleTransition? string
---@field NotificationMetadata? string

--- An instance of an Auto Scaling group is launched or terminated, or waits for a lifecycle hook.
---@class aws.AutoScalingEvent: aws.EventBridgeEvent
---@field detail aws.AutoScalingDetail

--- What was built.
---@class aws.CodeBuildArtifact
---@field md5sum? string
---@field sha256sum? string
---@field location string

--- A variable of a build.
---@class aws.CodeBuildVariable
---@field name string
---@field type? string
---@field value string

--- Where it is built.
---@class aws.CodeBuildEnvironment
---@field image string
---@field ["privileged-mode"] boolean
---@field ["compute-type"] string
---@field type string
---@field ["environment-variables"] aws.CodeBuildVariable[]

--- What is built.
---@class aws.CodeBuildSource
---@field location string
---@field type string

--- Where the log is.
---@class aws.CodeBuildLogs
---@field ["group-name"] string
---@field ["stream-name"] string
---@field ["deep-link"] string

--- A phase of a build.
---@class aws.CodeBuildPhase
---@field ["phase-type"] string
---@field ["start-time"] string
---@field ["end-time"]? string
---@field ["duration-in-seconds"]? number
---@field ["phase-status"]? string
---@field ["phase-context"]? string[]

--- A build.
---@class aws.CodeBuildInformation
---@field artifact? aws.CodeBuildArtifact
---@field environment aws.CodeBuildEnvironment
---@field ["timeout-in-minutes"] number
---@field ["build-complete"] boolean
---@field ["build-number"]? number
---@field initiator string
---@field ["build-start-time"] string
---@field source aws.CodeBuildSource
---@field ["source-version"]? string
---@field logs? aws.CodeBuildLogs
---@field phases? aws.CodeBuildPhase[]

--- The state or the phase of a build.
---@class aws.CodeBuildDetail
---@field ["project-name"] string
---@field ["build-id"] string
---@field ["additional-information"] aws.CodeBuildInformation
---@field version string
---@field ["build-status"]? string
---@field ["current-phase"]? string
---@field ["current-phase-context"]? string
---@field ["completed-phase"]? string
---@field ["completed-phase-status"]? string
---@field ["completed-phase-context"]? string
---@field ["completed-phase-duration-seconds"]? number
---@field ["completed-phase-start"]? string
---@field ["completed-phase-end"]? string

--- The state or the phase of a build has changed.
---@class aws.CodeBuildEvent: aws.EventBridgeEvent
---@field detail aws.CodeBuildDetail

--- A deployment.
---@class aws.CodeDeployDetail
---@field application string
---@field deploymentId string
---@field deploymentGroup string
---@field instanceGroupId string
---@field region string
---@field state string
---@field instanceId? string

--- The state of a deployment, or of one of its instances, has changed.
---@class aws.CodeDeployEvent: aws.EventBridgeEvent
---@field detail aws.CodeDeployDetail

--- What an action is.
---@class aws.CodePipelineActionType
---@field owner string
---@field category string
---@field provider string
---@field version integer

--- An execution.
---@class aws.CodePipelineDetail
---@field pipeline string
---@field version integer
---@field ["execution-id"] string
---@field state string
---@field stage? string
---@field action? string
---@field region? string
---@field type? aws.CodePipelineActionType

--- The state of a pipeline, a stage or an action has changed.
---@class aws.CodePipelineEvent: aws.EventBridgeEvent
---@field detail aws.CodePipelineDetail

--- Findings of each severity.
---@class aws.EcrSeverityCounts
---@field CRITICAL? integer
---@field HIGH? integer
---@field MEDIUM? integer
---@field LOW? integer
---@field INFORMATIONAL? integer
---@field UNDEFINED? integer

--- An image that was pushed or scanned.
---@class aws.EcrDetail
---@field ["repository-name"] string
---@field ["image-digest"] string
---@field result? string
---@field ["action-type"]? string
---@field ["image-tag"]? string
---@field ["scan-status"]? string
---@field ["finding-severity-counts"]? aws.EcrSeverityCounts
---@field ["image-tags"]? string[]

--- An image was pushed or scanned.
---@class aws.EcrEvent: aws.EventBridgeEvent
---@field detail aws.EcrDetail

--- An attribute of an instance.
---@class aws.EcsAttribute
---@field name string
---@field value? string

--- Something that an instance has.
---@class aws.EcsResource
---@field name string
---@field type string
---@field integerValue? integer
---@field stringSetValue? string[]

--- What runs on it.
---@class aws.EcsVersionInfo
---@field agentHash? string
---@field agentVersion? string
---@field dockerVersion? string

--- A container instance.
---@class aws.EcsInstanceDetail
---@field agentConnected boolean
---@field attributes aws.EcsAttribute[]
---@field clusterArn string
---@field containerInstanceArn string
---@field ec2InstanceId? string
---@field registeredResources aws.EcsResource[]
---@field remainingResources aws.EcsResource[]
---@field status string
---@field version integer
---@field versionInfo aws.EcsVersionInfo
---@field updatedAt string

--- The state of a container instance has changed.
---@class aws.EcsInstanceEvent: aws.EventBridgeEvent
---@field detail aws.EcsInstanceDetail
