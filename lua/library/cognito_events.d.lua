---@meta _

-- Events of Cognito: the triggers of user pools, each of which returns the event with its `response` filled in, and Sync.
-- Source: docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html.

--- The application.
---@class aws.CognitoCaller
---@field awsSdkVersion string
---@field clientId string

--- What every trigger of a user pool has.
---@class aws.CognitoTriggerEvent
---@field version string
---@field region string
---@field userPoolId string
---@field userName string
---@field callerContext aws.CognitoCaller
---@field triggerSource string `PreSignUp_SignUp`

--- What most triggers are asked with.
---@class aws.CognitoRequest
---@field userAttributes table<string, string|boolean>
---@field clientMetadata? table<string, string>

--- Nothing is to be filled in.
---@class aws.CognitoEmptyResponse

--- What the client says of a new user.
---@class aws.CognitoPreSignUpRequest: aws.CognitoRequest
---@field validationData? table<string, string>

--- What to do without a confirmation.
---@class aws.CognitoPreSignUpResponse
---@field autoConfirmUser? boolean
---@field autoVerifyEmail? boolean
---@field autoVerifyPhone? boolean

--- Before a user is signed up.
---@class aws.CognitoPreSignUpEvent: aws.CognitoTriggerEvent
---@field request aws.CognitoPreSignUpRequest
---@field response aws.CognitoPreSignUpResponse

--- After a user was confirmed.
---@class aws.CognitoPostConfirmationEvent: aws.CognitoTriggerEvent
---@field request aws.CognitoRequest
---@field response aws.CognitoEmptyResponse

--- Who wants to sign in.
---@class aws.CognitoPreAuthenticationRequest: aws.CognitoRequest
---@field validationData? table<string, string>
---@field userNotFound? boolean

--- Before a user is signed in.
---@class aws.CognitoPreAuthenticationEvent: aws.CognitoTriggerEvent
---@field request aws.CognitoPreAuthenticationRequest
---@field response aws.CognitoEmptyResponse

--- Who has signed in.
---@class aws.CognitoPostAuthenticationRequest: aws.CognitoRequest
---@field newDeviceUsed boolean

--- After a user was signed in.
---@class aws.CognitoPostAuthenticationEvent: aws.CognitoTriggerEvent
---@field request aws.CognitoPostAuthenticationRequest
---@field response aws.CognitoEmptyResponse

--- The placeholders that the message must hold.
---@class aws.CognitoMessageRequest: aws.CognitoRequest
---@field codeParameter string
---@field usernameParameter? string
---@field linkParameter? string

--- The message.
---@class aws.CognitoMessageResponse
---@field smsMessage? string|coldmoon.Null
---@field emailMessage? string|coldmoon.Null
---@field emailSubject? string|coldmoon.Null

--- Before a message is sent to a user.
---@class aws.CognitoCustomMessageEvent: aws.CognitoTriggerEvent
---@field request aws.CognitoMessageRequest
---@field response aws.CognitoMessageResponse

--- The groups and roles of a user.
---@class aws.CognitoGroups
---@field groupsToOverride? string[]
---@field iamRolesToOverride? string[]
---@field preferredRole? string|coldmoon.Null

--- What goes into the token.
---@class aws.CognitoTokenRequest: aws.CognitoRequest
---@field groupConfiguration aws.CognitoGroups
---@field scopes? string[] Version 2.

--- Version 1: changes of the id token.
---@class aws.CognitoClaimsOverride
---@field claimsToAddOrOverride? table<string, string>
---@field claimsToSuppress? string[]
---@field groupOverrideDetails? aws.CognitoGroups

--- Version 2: changes of one token.
---@class aws.CognitoTokenChanges
---@field claimsToAddOrOverride? table<string, any>
---@field claimsToSuppress? string[]
---@field scopesToAdd? string[]
---@field scopesToSuppress? string[]

--- Version 2: changes of both tokens.
---@class aws.CognitoClaimsAndScopes
---@field idTokenGeneration? aws.CognitoTokenChanges
---@field accessTokenGeneration? aws.CognitoTokenChanges
---@field groupOverrideDetails? aws.CognitoGroups

--- What is to change: one of both.
---@class aws.CognitoTokenResponse
---@field claimsOverrideDetails? aws.CognitoClaimsOverride|coldmoon.Null
---@field claimsAndScopeOverrideDetails? aws.CognitoClaimsAndScopes|coldmoon.Null

--- Before a token is made.
---@class aws.CognitoPreTokenEvent: aws.CognitoTriggerEvent
---@field request aws.CognitoTokenRequest
---@field response aws.CognitoTokenResponse

--- Who signs in, or has forgotten the password, and is not in the pool.
---@class aws.CognitoMigrateRequest
---@field password string
---@field validationData? table<string, string>
---@field clientMetadata? table<string, string>

--- The user, from wherever it comes.
---@class aws.CognitoMigrateResponse
---@field userAttributes? table<string, string>
---@field finalUserStatus? string
---@field messageAction? string
---@field desiredDeliveryMediums? string[]
---@field forceAliasCreation? boolean
---@field enableSMSMFA? boolean

--- A user is not in the pool.
---@class aws.CognitoMigrateUserEvent: aws.CognitoTriggerEvent
---@field request aws.CognitoMigrateRequest
---@field response aws.CognitoMigrateResponse

--- A challenge that was answered.
---@class aws.CognitoChallenge
---@field challengeName string
---@field challengeResult boolean
---@field challengeMetadata? string

--- The challenges so far.
---@class aws.CognitoDefineAuthRequest: aws.CognitoRequest
---@field session aws.CognitoChallenge[]
---@field userNotFound? boolean

--- What is next.
---@class aws.CognitoDefineAuthResponse
---@field challengeName? string|coldmoon.Null
---@field issueTokens? boolean|coldmoon.Null
---@field failAuthentication? boolean|coldmoon.Null

--- Which challenge is next.
---@class aws.CognitoDefineAuthEvent: aws.CognitoTriggerEvent
---@field request aws.CognitoDefineAuthRequest
---@field response aws.CognitoDefineAuthResponse

--- The challenge to make.
---@class aws.CognitoCreateAuthRequest: aws.CognitoDefineAuthRequest
---@field challengeName string

--- The challenge.
---@class aws.CognitoCreateAuthResponse
---@field publicChallengeParameters? table<string, string>
---@field privateChallengeParameters? table<string, string>
---@field challengeMetadata? string|coldmoon.Null

--- Make a challenge.
---@class aws.CognitoCreateAuthEvent: aws.CognitoTriggerEvent
---@field request aws.CognitoCreateAuthRequest
---@field response aws.CognitoCreateAuthResponse

--- The answer to a challenge.
---@class aws.CognitoVerifyAuthRequest: aws.CognitoRequest
---@field privateChallengeParameters table<string, string>
---@field challengeAnswer string
---@field userNotFound? boolean

--- Whether it is right.
---@class aws.CognitoVerifyAuthResponse
---@field answerCorrect? boolean|coldmoon.Null

--- Check the answer to a challenge.
---@class aws.CognitoVerifyAuthEvent: aws.CognitoTriggerEvent
---@field request aws.CognitoVerifyAuthRequest
---@field response aws.CognitoVerifyAuthResponse

--- What an identity provider says of a user.
---@class aws.CognitoFederationRequest
---@field providerName string
---@field providerType "OIDC"|"SAML"|"Google"|"Facebook"|"LoginWithAmazon"|"SignInWithApple"
---@field attributes table<string, table<string, string>> By document: `idToken`, `userInfo`, `tokenResponse`, `samlResponse`.

--- What the pool is to keep.
---@class aws.CognitoFederationResponse
---@field userAttributesToMap? table<string, string>

--- A user comes from another identity provider.
---@class aws.CognitoFederationEvent: aws.CognitoTriggerEvent
---@field request aws.CognitoFederationRequest
---@field response aws.CognitoFederationResponse

--- A change of a record.
---@class aws.CognitoSyncRecord
---@field oldValue? string|coldmoon.Null
---@field newValue? string|coldmoon.Null
---@field op string

--- Records of Cognito Sync are synchronized.
---@class aws.CognitoSyncEvent
---@field version integer
---@field eventType string
---@field region string
---@field identityPoolId string
---@field identityId string
---@field datasetName string
---@field datasetRecords table<string, aws.CognitoSyncRecord>
