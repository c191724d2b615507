"""One life of every supported type: what to make, what to change, and what to change behind the provider's
back.
"""

import json
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import boto3

from localcloud.provider.values import ARCHIVE, ASSET, SIGNATURE
from tests.provider.driver import Driver, Resource
from tests.provider.repository import APPLICATION, behind_the_back

RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
ARCHITECTURE = "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"


def text_archive(**files: str) -> dict[str, Any]:
    """An AssetArchive of texts, as the engine sends it; `main` is the file main.py."""
    assets = {
        f"{name}.py": {SIGNATURE: ASSET, "text": text, "hash": str(hash(text))}
        for name, text in files.items()
    }
    return {SIGNATURE: ARCHIVE, "assets": assets, "hash": str(hash(json.dumps(assets)))}


HELLO = "def handler(event, context):\n    return {'hello': 'world'}\n"


def policy(action: str, resource: str = "*", **more: Any) -> str:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trust(service: str) -> str:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


class World:
    """What the cases stand on: a provider, the cloud's own API, and resources made once."""

    def __init__(self, driver: Driver, region: str) -> None:
        self.driver, self.region = driver, region
        self._made: dict[str, Resource] = {}

    @cache  # noqa: B019 - lives as long as the session
    def client(self, service: str) -> Any:
        return boto3.client(service, region_name=self.region)

    def made(self, name: str, token: str, inputs: dict[str, Any]) -> Resource:
        if name not in self._made:
            self._made[name] = self.driver.create(token, name, inputs)
        return self._made[name]

    @property
    def role(self) -> Resource:
        return self.made("a-role", "aws:iam/role:Role", {"assumeRolePolicy": trust("lambda.amazonaws.com")})

    @property
    def queue(self) -> Resource:
        return self.made("a-queue", "aws:sqs/queue:Queue", {})

    @property
    def topic(self) -> Resource:
        return self.made("a-topic", "aws:sns/topic:Topic", {})

    @property
    def bucket(self) -> Resource:
        return self.made("a-bucket", "aws:s3/bucket:Bucket", {})

    @property
    def key(self) -> Resource:
        return self.made("a-key", "aws:kms/key:Key", {})

    @property
    def function(self) -> Resource:
        return self.made("a-function", "aws:lambda/function:Function", function_inputs(self))

    @property
    def api(self) -> Resource:
        return self.made("an-api", "aws:apigateway/restApi:RestApi", {})

    @property
    def resource(self) -> Resource:
        inputs = {"restApi": self.api.id, "parentId": self.api.state["rootResourceId"], "pathPart": "things"}
        return self.made("a-resource", "aws:apigateway/resource:Resource", inputs)

    @property
    def method(self) -> Resource:
        inputs = {
            "restApi": self.api.id,
            "resourceId": self.resource.id,
            "httpMethod": "PUT",
            "authorization": "NONE",
        }
        return self.made("a-method", "aws:apigateway/method:Method", inputs)

    @property
    def told(self) -> Resource:
        """A queue that S3 may send to."""
        opened = policy("sqs:SendMessage", "*", Principal={"Service": "s3.amazonaws.com"})
        return self.made("a-queue-of-s3", "aws:sqs/queue:Queue", {"policy": opened})

    @property
    def streaming(self) -> Resource:
        inputs = {
            "hashKey": "PK",
            "attributes": [{"name": "PK", "type": "S"}],
            "billingMode": "PAY_PER_REQUEST",
            "streamEnabled": True,
            "streamViewType": "NEW_AND_OLD_IMAGES",
        }
        return self.made("a-table-with-a-stream", "aws:dynamodb/table:Table", inputs)

    @property
    def deployment(self) -> Resource:
        inputs = {"restApi": self.integration.inputs["restApi"]}
        return self.made("a-deployment", "aws:apigateway/deployment:Deployment", inputs)

    @property
    def integration(self) -> Resource:
        inputs = {
            "restApi": self.api.id,
            "resourceId": self.resource.id,
            "httpMethod": self.method.inputs["httpMethod"],
            "type": "MOCK",
        }
        return self.made("an-integration", "aws:apigateway/integration:Integration", inputs)

    @property
    def stage(self) -> Resource:
        inputs = {"restApi": self.api.id, "deployment": self.deployment.id, "stageName": "test"}
        return self.made("a-stage", "aws:apigateway/stage:Stage", inputs)


def function_inputs(world: World) -> dict[str, Any]:
    return {
        "role": world.role.state["arn"],
        "runtime": RUNTIME,
        "architectures": [ARCHITECTURE],
        "handler": "main.handler",
        "code": text_archive(main=HELLO),
    }


@dataclass(frozen=True, kw_only=True)
class Case:
    """`changed` updates in place (none for a type that cannot); `drift` is seen as `drifted` in the inputs
    read.
    """

    token: str
    inputs: Callable[[World], dict[str, Any]]
    changed: Callable[[World], dict[str, Any]] | None
    drift: Callable[[World, Resource], Any]
    drifted: dict[str, Any] = field(default_factory=dict)
    vanishes: bool = False
    """The drift takes it away: what cannot change otherwise."""
    remains: bool = False
    """Its deletion leaves a default that cannot be told from a choice, on AWS too."""


def _sqs_attributes(**attributes: str) -> Callable[[World, Resource], Any]:
    return lambda world, it: world.client("sqs").set_queue_attributes(QueueUrl=it.id, Attributes=attributes)


def _queue_policy(world: World, it: Resource, action: str) -> str:
    return policy(action, world.queue.state["arn"], Principal={"AWS": "*"})


def _patch(call: str, world: World, it: Resource, path: str, value: str, **where: str) -> Any:
    operation = {"op": "replace", "path": path, "value": value}
    return getattr(world.client("apigateway"), call)(**where, patchOperations=[operation])


def _method_of(it: Resource) -> dict[str, str]:
    return {
        "restApiId": it.inputs["restApi"],
        "resourceId": it.inputs["resourceId"],
        "httpMethod": it.inputs["httpMethod"],
    }


CASES = (
    # --- SQS
    Case(
        token="aws:sqs/queue:Queue",
        inputs=lambda w: {
            "visibilityTimeoutSeconds": 60,
            "sqsManagedSseEnabled": True,
            "redrivePolicy": json.dumps({"deadLetterTargetArn": w.queue.state["arn"], "maxReceiveCount": 3}),
            "tags": {"noun": "changes"},
        },
        changed=lambda w: {
            "visibilityTimeoutSeconds": 90,
            "messageRetentionSeconds": 1_209_600,
            "tags": {"noun": "views"},
        },
        drift=_sqs_attributes(VisibilityTimeout="77"),
        drifted={"visibilityTimeoutSeconds": 77},
    ),
    Case(
        token="aws:sqs/queuePolicy:QueuePolicy",
        inputs=lambda w: {"queueUrl": w.queue.id, "policy": _queue_policy(w, w.queue, "sqs:SendMessage")},
        changed=lambda w: {"policy": _queue_policy(w, w.queue, "sqs:*")},
        drift=lambda w, it: _sqs_attributes(Policy=_queue_policy(w, it, "sqs:PurgeQueue"))(w, it),
        drifted={"policy": "sqs:PurgeQueue"},
    ),
    Case(
        token="aws:sqs/redriveAllowPolicy:RedriveAllowPolicy",
        inputs=lambda w: {"queueUrl": w.queue.id, "redriveAllowPolicy": '{"redrivePermission": "denyAll"}'},
        changed=lambda w: {"redriveAllowPolicy": '{"redrivePermission": "allowAll"}'},
        drift=_sqs_attributes(RedriveAllowPolicy='{"redrivePermission":"denyAll"}'),
        drifted={"redriveAllowPolicy": "denyAll"},
    ),
    Case(
        token="aws:sqs/redrivePolicy:RedrivePolicy",
        inputs=lambda w: {
            "queueUrl": w.made("a-source", "aws:sqs/queue:Queue", {}).id,
            "redrivePolicy": json.dumps({"deadLetterTargetArn": w.queue.state["arn"], "maxReceiveCount": 3}),
        },
        changed=lambda w: {
            "redrivePolicy": json.dumps({"deadLetterTargetArn": w.queue.state["arn"], "maxReceiveCount": 5})
        },
        drift=lambda w, it: _sqs_attributes(
            RedrivePolicy=json.dumps({"deadLetterTargetArn": w.queue.state["arn"], "maxReceiveCount": 9})
        )(w, it),
        drifted={"redrivePolicy": '"maxReceiveCount": 9'},
    ),
    # --- SNS
    Case(
        token="aws:sns/topic:Topic",
        inputs=lambda w: {"displayName": "Pages", "kmsMasterKeyId": w.key.id, "tags": {"severity": "page"}},
        changed=lambda w: {"displayName": "Tickets", "tags": {}},
        drift=lambda w, it: w.client("sns").set_topic_attributes(
            TopicArn=it.id, AttributeName="DisplayName", AttributeValue="Else"
        ),
        drifted={"displayName": "Else"},
    ),
    Case(
        token="aws:sns/topicPolicy:TopicPolicy",
        remains=True,
        inputs=lambda w: {
            "arn": w.topic.id,
            "policy": policy("sns:Publish", w.topic.id, Principal={"AWS": "*"}),
        },
        changed=lambda w: {"policy": policy("sns:Subscribe", w.topic.id, Principal={"AWS": "*"})},
        drift=lambda w, it: w.client("sns").set_topic_attributes(
            TopicArn=it.id,
            AttributeName="Policy",
            AttributeValue=policy("sns:DeleteTopic", it.id, Principal={"AWS": "*"}),
        ),
        drifted={"policy": "sns:DeleteTopic"},
    ),
    Case(
        token="aws:sns/topicSubscription:TopicSubscription",
        inputs=lambda w: {
            "topic": w.topic.id,
            "protocol": "sqs",
            "endpoint": w.queue.state["arn"],
            "filterPolicy": '{"kind": ["application"]}',
            "rawMessageDelivery": True,
        },
        changed=lambda w: {"rawMessageDelivery": False, "filterPolicy": '{"kind": ["version"]}'},
        drift=lambda w, it: w.client("sns").set_subscription_attributes(
            SubscriptionArn=it.id, AttributeName="RawMessageDelivery", AttributeValue="true"
        ),
        drifted={"rawMessageDelivery": True},
    ),
    # --- serverless application repository
    Case(
        token="aws:serverlessrepository/cloudFormationStack:CloudFormationStack",
        inputs=lambda w: {
            "applicationId": APPLICATION,
            "semanticVersion": "1.0.0",
            "capabilities": ["CAPABILITY_RESOURCE_POLICY"],
            "parameters": {"Text": "one"},
            "tags": {"noun": "stacks"},
        },
        changed=lambda w: {
            "semanticVersion": "1.1.0",
            "parameters": {"Text": "two"},
            "tags": {"noun": "more"},
        },
        drift=lambda w, it: behind_the_back(w.client("cloudformation"), it.id, Text="three"),
        drifted={"parameters": {"Text": "three"}},
    ),
    # --- SSM
    Case(
        token="aws:ssm/parameter:Parameter",
        inputs=lambda w: {
            "type": "String",
            "value": "1.2.3",
            "description": "The version",
            "tags": {"a": "b"},
        },
        changed=lambda w: {"value": "1.2.4"},
        drift=lambda w, it: w.client("ssm").put_parameter(Name=it.id, Value="9.9.9", Overwrite=True),
        drifted={"value": "9.9.9"},
    ),
    # --- KMS
    Case(
        token="aws:kms/key:Key",
        inputs=lambda w: {
            "description": "Secrets of keys",
            "enableKeyRotation": True,
            "deletionWindowInDays": 7,
        },
        changed=lambda w: {"description": "Secrets", "enableKeyRotation": False, "tags": {"a": "b"}},
        drift=lambda w, it: w.client("kms").update_key_description(KeyId=it.id, Description="Else"),
        drifted={"description": "Else"},
    ),
    Case(
        token="aws:kms/key:Key",
        inputs=lambda w: {
            "customerMasterKeySpec": "HMAC_256",
            "keyUsage": "GENERATE_VERIFY_MAC",
            "description": "Tokens",
        },
        changed=lambda w: {"description": "Page tokens"},
        drift=lambda w, it: w.client("kms").disable_key(KeyId=it.id),
        drifted={"isEnabled": False},
    ),
    Case(
        token="aws:kms/key:Key",
        inputs=lambda w: {"isEnabled": False, "policy": policy("kms:*", Principal={"AWS": "123456789012"})},
        changed=lambda w: {"isEnabled": True, "policy": policy("kms:D*", Principal={"AWS": "123456789012"})},
        drift=lambda w, it: w.client("kms").put_key_policy(
            KeyId=it.id, PolicyName="default", Policy=policy("kms:G*", Principal={"AWS": "123456789012"})
        ),
        drifted={"policy": "kms:G*"},
    ),
    Case(
        token="aws:kms/alias:Alias",
        inputs=lambda w: {"targetKeyId": w.key.state["arn"]},
        changed=lambda w: {"targetKeyId": w.made("b-key", "aws:kms/key:Key", {}).id},
        drift=lambda w, it: w.client("kms").update_alias(AliasName=it.id, TargetKeyId=w.key.id),
        drifted={"targetKeyId": ""},
    ),
    # --- IAM
    Case(
        token="aws:iam/role:Role",
        inputs=lambda w: {
            "assumeRolePolicy": trust("lambda.amazonaws.com"),
            "description": "Reads",
            "forceDetachPolicies": True,
            "tags": {"a": "b"},
        },
        changed=lambda w: {
            "assumeRolePolicy": trust("apigateway.amazonaws.com"),
            "description": "Writes",
            "maxSessionDuration": 7200,
            "tags": {"a": "c"},
        },
        drift=lambda w, it: w.client("iam").update_role(
            RoleName=it.id, Description="Else", MaxSessionDuration=3600
        ),
        drifted={"description": "Else", "maxSessionDuration": 3600},
    ),
    Case(
        token="aws:iam/rolePolicy:RolePolicy",
        inputs=lambda w: {"role": w.role.id, "policy": policy("dynamodb:GetItem")},
        changed=lambda w: {"policy": policy("dynamodb:Query")},
        drift=lambda w, it: w.client("iam").put_role_policy(
            RoleName=w.role.id, PolicyName=it.inputs["name"], PolicyDocument=policy("dynamodb:*")
        ),
        drifted={"policy": "dynamodb:*"},
    ),
    Case(
        token="aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        inputs=lambda w: {"role": w.role.id, "policyArn": "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess"},
        changed=None,
        drift=lambda w, it: w.client("iam").detach_role_policy(
            RoleName=w.role.id, PolicyArn=it.inputs["policyArn"]
        ),
        vanishes=True,
    ),
    # --- CloudWatch and its logs
    Case(
        token="aws:cloudwatch/logGroup:LogGroup",
        inputs=lambda w: {"name": "/aws/lambda/case", "retentionInDays": 30, "tags": {"a": "b"}},
        changed=lambda w: {"retentionInDays": 90, "tags": {"c": "d"}},
        drift=lambda w, it: w.client("logs").put_retention_policy(logGroupName=it.id, retentionInDays=7),
        drifted={"retentionInDays": 7},
    ),
    Case(
        token="aws:cloudwatch/logResourcePolicy:LogResourcePolicy",
        inputs=lambda w: {
            "policyName": "case",
            "policyDocument": policy("logs:PutLogEvents", Principal={"Service": "es.amazonaws.com"}),
        },
        changed=lambda w: {"policyDocument": policy("logs:*", Principal={"Service": "es.amazonaws.com"})},
        drift=lambda w, it: w.client("logs").put_resource_policy(
            policyName="case",
            policyDocument=policy("logs:CreateLogStream", Principal={"Service": "es.amazonaws.com"}),
        ),
        drifted={"policyDocument": "logs:CreateLogStream"},
    ),
    Case(
        token="aws:cloudwatch/metricAlarm:MetricAlarm",
        inputs=lambda w: {
            "comparisonOperator": "GreaterThanOrEqualToThreshold",
            "evaluationPeriods": 1,
            "metricName": "ApproximateNumberOfMessagesVisible",
            "namespace": "AWS/SQS",
            "period": 60,
            "statistic": "Maximum",
            "threshold": 1,
            "treatMissingData": "notBreaching",
            "dimensions": {"QueueName": "a"},
            "alarmActions": [w.topic.id],
            "okActions": [w.topic.id],
            "tags": {"a": "b"},
        },
        changed=lambda w: {"threshold": 2.5, "dimensions": {"QueueName": "b"}, "alarmDescription": "Runbook"},
        drift=lambda w, it: w.client("cloudwatch").put_metric_alarm(
            AlarmName=it.id,
            ComparisonOperator="GreaterThanThreshold",
            EvaluationPeriods=3,
            MetricName="ApproximateNumberOfMessagesVisible",
            Namespace="AWS/SQS",
            Period=60,
            Statistic="Maximum",
            Threshold=2.5,
        ),
        drifted={"evaluationPeriods": 3, "comparisonOperator": "GreaterThanThreshold", "alarmActions": None},
    ),
    Case(
        token="aws:cloudwatch/metricAlarm:MetricAlarm",
        inputs=lambda w: {
            "comparisonOperator": "GreaterThanThreshold",
            "evaluationPeriods": 5,
            "threshold": 5,
            "metricQueries": [
                {"id": "rate", "expression": "100 * errors / calls", "label": "rate", "returnData": True},
                *(
                    {
                        "id": name,
                        "metric": {
                            "namespace": "AWS/ApiGateway",
                            "metricName": metric,
                            "dimensions": {"ApiName": "sdk"},
                            "period": 60,
                            "stat": "Sum",
                        },
                    }
                    for name, metric in (("errors", "5XXError"), ("calls", "Count"))
                ),
            ],
        },
        changed=lambda w: {"threshold": 10},
        drift=lambda w, it: w.client("cloudwatch").disable_alarm_actions(AlarmNames=[it.id]),
        drifted={"actionsEnabled": False},
    ),
    Case(
        token="aws:cloudwatch/metricAlarm:MetricAlarm",
        inputs=lambda w: {
            "comparisonOperator": "GreaterThanThreshold",
            "evaluationPeriods": 5,
            "datapointsToAlarm": 3,
            "metricName": "Latency",
            "namespace": "AWS/ApiGateway",
            "period": 60,
            "extendedStatistic": "p99",
            "threshold": 3000,
        },
        changed=lambda w: {"extendedStatistic": "p95"},
        drift=lambda w, it: w.client("cloudwatch").put_metric_alarm(
            AlarmName=it.id,
            ComparisonOperator="GreaterThanThreshold",
            EvaluationPeriods=5,
            DatapointsToAlarm=3,
            MetricName="Latency",
            Namespace="AWS/ApiGateway",
            Period=60,
            ExtendedStatistic="p50",
            Threshold=3000,
        ),
        drifted={"extendedStatistic": "p50"},
    ),
    Case(
        token="aws:cloudwatch/dashboard:Dashboard",
        inputs=lambda w: {"dashboardName": "case", "dashboardBody": json.dumps({"widgets": []})},
        changed=lambda w: {
            "dashboardBody": json.dumps({"widgets": [{"type": "text", "properties": {"markdown": "hi"}}]})
        },
        drift=lambda w, it: w.client("cloudwatch").put_dashboard(
            DashboardName="case",
            DashboardBody=json.dumps({"widgets": [{"type": "text", "properties": {"markdown": "else"}}]}),
        ),
        drifted={"dashboardBody": "else"},
    ),
    # --- DynamoDB
    Case(
        token="aws:dynamodb/table:Table",
        inputs=lambda w: {
            "billingMode": "PAY_PER_REQUEST",
            "hashKey": "PK",
            "rangeKey": "SK",
            "attributes": [{"name": "SK", "type": "S"}, {"name": "PK", "type": "S"}],
            "streamEnabled": True,
            "streamViewType": "NEW_AND_OLD_IMAGES",
            "ttl": {"attributeName": "expiresAt", "enabled": True},
            "pointInTimeRecovery": {"enabled": True},
            "serverSideEncryption": {"enabled": True, "kmsKeyArn": w.key.state["arn"]},
            "deletionProtectionEnabled": False,
            "tags": {"a": "b"},
        },
        changed=lambda w: {
            "attributes": [
                {"name": "PK", "type": "S"},
                {"name": "SK", "type": "S"},
                {"name": "owner", "type": "S"},
            ],
            "globalSecondaryIndexes": [
                {"name": "by-owner", "hashKey": "owner", "rangeKey": "SK", "projectionType": "KEYS_ONLY"}
            ],
            "pointInTimeRecovery": {"enabled": False},
            "tags": {"a": "c"},
        },
        drift=lambda w, it: w.client("dynamodb").update_continuous_backups(
            TableName=it.id, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        ),
        drifted={"pointInTimeRecovery": {"enabled": True}},
    ),
    Case(
        token="aws:dynamodb/table:Table",
        inputs=lambda w: {
            "hashKey": "accessKeyId",
            "attributes": [{"name": "accessKeyId", "type": "S"}],
            "readCapacity": 1,
            "writeCapacity": 1,
        },
        changed=lambda w: {"readCapacity": 5, "ttl": {"attributeName": "expiresAt", "enabled": True}},
        drift=lambda w, it: w.client("dynamodb").update_table(
            TableName=it.id, ProvisionedThroughput={"ReadCapacityUnits": 9, "WriteCapacityUnits": 1}
        ),
        drifted={"readCapacity": 9},
    ),
    # --- S3
    Case(
        token="aws:s3/bucket:Bucket",
        inputs=lambda w: {"forceDestroy": True, "tags": {"a": "b"}},
        changed=lambda w: {"tags": {"a": "c"}},
        drift=lambda w, it: w.client("s3").put_bucket_tagging(
            Bucket=it.id, Tagging={"TagSet": [{"Key": "a", "Value": "else"}]}
        ),
        drifted={"tags": {"a": "else"}},
    ),
    Case(
        token="aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        inputs=lambda w: {"bucket": w.bucket.id, "blockPublicAcls": True, "blockPublicPolicy": True},
        changed=lambda w: {"ignorePublicAcls": True, "restrictPublicBuckets": True},
        drift=lambda w, it: w.client("s3").put_public_access_block(
            Bucket=it.id,
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": False,
                "BlockPublicPolicy": True,
                "IgnorePublicAcls": True,
                "RestrictPublicBuckets": False,
            },
        ),
        drifted={"blockPublicAcls": False, "restrictPublicBuckets": False},
    ),
    Case(
        token="aws:s3/bucketPolicy:BucketPolicy",
        inputs=lambda w: {
            "bucket": w.bucket.id,
            "policy": policy("s3:GetObject", f"{w.bucket.state['arn']}/*", Principal={"AWS": "123456789012"}),
        },
        changed=lambda w: {
            "policy": policy("s3:*", f"{w.bucket.state['arn']}/*", Principal={"AWS": "123456789012"})
        },
        drift=lambda w, it: w.client("s3").put_bucket_policy(
            Bucket=it.id,
            Policy=policy("s3:PutObject", f"{w.bucket.state['arn']}/*", Principal={"AWS": "123456789012"}),
        ),
        drifted={"policy": "s3:PutObject"},
    ),
    Case(
        token="aws:s3/bucketNotification:BucketNotification",
        inputs=lambda w: {
            "bucket": w.bucket.id,
            "queues": [{"id": "a", "queueArn": w.told.state["arn"], "events": ["s3:ObjectCreated:*"]}],
        },
        changed=lambda w: {
            "queues": [{"id": "a", "queueArn": w.told.state["arn"], "events": ["s3:ObjectCreated:Put"]}]
        },
        drift=lambda w, it: w.client("s3").put_bucket_notification_configuration(
            Bucket=it.id,
            NotificationConfiguration={
                "QueueConfigurations": [
                    {"Id": "a", "QueueArn": w.told.state["arn"], "Events": ["s3:ObjectRemoved:*"]}
                ]
            },
        ),
        drifted={"queues": [{"events": ["s3:ObjectRemoved:*"]}]},
        remains=True,
    ),
    Case(
        token="aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        remains=True,
        inputs=lambda w: {
            "bucket": w.bucket.id,
            "rules": [
                {
                    "applyServerSideEncryptionByDefault": {
                        "sseAlgorithm": "aws:kms",
                        "kmsMasterKeyId": w.key.state["arn"],
                    },
                    "bucketKeyEnabled": True,
                }
            ],
        },
        changed=lambda w: {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]},
        drift=lambda w, it: w.client("s3").put_bucket_encryption(
            Bucket=it.id,
            ServerSideEncryptionConfiguration={
                "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]
            },
        ),
        drifted={"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}}]},
    ),
    Case(
        token="aws:s3/bucketVersioning:BucketVersioning",
        remains=True,
        inputs=lambda w: {"bucket": w.bucket.id, "versioningConfiguration": {"status": "Enabled"}},
        changed=lambda w: {"versioningConfiguration": {"status": "Suspended"}},
        drift=lambda w, it: w.client("s3").put_bucket_versioning(
            Bucket=it.id, VersioningConfiguration={"Status": "Enabled"}
        ),
        drifted={"versioningConfiguration": {"status": "Enabled"}},
    ),
    Case(
        token="aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        inputs=lambda w: {
            "bucket": w.bucket.id,
            "rules": [
                {
                    "id": "old-versions",
                    "status": "Enabled",
                    "filter": {"prefix": "blobs/"},
                    "noncurrentVersionExpiration": {"noncurrentDays": 30},
                    "abortIncompleteMultipartUpload": {"daysAfterInitiation": 1},
                },
                {
                    "id": "cold",
                    "status": "Enabled",
                    "filter": {"and": {"prefix": "archive/", "tags": {"cold": "yes", "big": "no"}}},
                    "transitions": [{"days": 30, "storageClass": "GLACIER"}],
                },
            ],
        },
        changed=lambda w: {
            "rules": [
                {"id": "old", "status": "Enabled", "filter": {"prefix": ""}, "expiration": {"days": 90}}
            ]
        },
        drift=lambda w, it: w.client("s3").put_bucket_lifecycle_configuration(
            Bucket=it.id,
            LifecycleConfiguration={
                "Rules": [
                    {"ID": "old", "Status": "Disabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}
                ]
            },
        ),
        drifted={
            "rules": [
                {"id": "old", "status": "Disabled", "filter": {"prefix": ""}, "expiration": {"days": 1}}
            ]
        },
    ),
    Case(
        token="aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        inputs=lambda w: {"bucket": w.bucket.id, "rule": {"objectOwnership": "BucketOwnerEnforced"}},
        changed=lambda w: {"rule": {"objectOwnership": "BucketOwnerPreferred"}},
        drift=lambda w, it: w.client("s3").put_bucket_ownership_controls(
            Bucket=it.id, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
        ),
        drifted={"rule": {"objectOwnership": "ObjectWriter"}},
    ),
    # --- Lambda
    Case(
        token="aws:lambda/function:Function",
        inputs=lambda w: {
            **function_inputs(w),
            "publish": True,
            "memorySize": 512,
            "environment": {"variables": {"STAGE": "alpha"}},
            "tracingConfig": {"mode": "Active"},
            "loggingConfig": {"logFormat": "JSON", "applicationLogLevel": "INFO"},
            "deadLetterConfig": {"targetArn": w.queue.state["arn"]},
            "ephemeralStorage": {"size": 1024},
            "reservedConcurrentExecutions": 5,
            "tags": {"a": "b"},
        },
        changed=lambda w: {
            "code": text_archive(main=HELLO, more=HELLO),
            "memorySize": 1024,
            "environment": {"variables": {"STAGE": "beta", "LOG_LEVEL": "DEBUG"}},
            "reservedConcurrentExecutions": 7,
            "tags": {"a": "c"},
        },
        drift=lambda w, it: w.client("lambda").update_function_configuration(
            FunctionName=it.id, MemorySize=256
        ),
        drifted={"memorySize": 256},
    ),
    Case(
        token="aws:lambda/alias:Alias",
        inputs=lambda w: {
            "functionName": w.function.state["arn"],
            "name": "live",
            "functionVersion": "$LATEST",
        },
        changed=lambda w: {"description": "What callers reach"},
        drift=lambda w, it: w.client("lambda").update_alias(
            FunctionName=w.function.id, Name="live", Description="Else"
        ),
        drifted={"description": "Else"},
    ),
    Case(
        token="aws:lambda/permission:Permission",
        inputs=lambda w: {
            "action": "lambda:InvokeFunction",
            "function": w.function.id,
            "principal": "apigateway.amazonaws.com",
            "sourceArn": "arn:aws:execute-api:us-east-1:123456789012:abc/*",
            "statementId": "api",
        },
        changed=None,
        drift=lambda w, it: (
            w.client("lambda").remove_permission(FunctionName=w.function.id, StatementId="api"),
            w.client("lambda").add_permission(
                FunctionName=w.function.id,
                StatementId="api",
                Action="lambda:InvokeFunction",
                Principal="events.amazonaws.com",
            ),
        ),
        drifted={"principal": "events.amazonaws.com", "sourceArn": None},
    ),
    Case(
        token="aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
        inputs=lambda w: {
            "functionName": w.function.id,
            "maximumRetryAttempts": 1,
            "maximumEventAgeInSeconds": 3600,
            "destinationConfig": {"onFailure": {"destination": w.queue.state["arn"]}},
        },
        changed=lambda w: {"maximumRetryAttempts": 0},
        drift=lambda w, it: w.client("lambda").put_function_event_invoke_config(
            FunctionName=w.function.id, MaximumEventAgeInSeconds=60
        ),
        drifted={"maximumEventAgeInSeconds": 60},
    ),
    Case(
        token="aws:lambda/eventSourceMapping:EventSourceMapping",
        inputs=lambda w: {
            "eventSourceArn": w.made("a-source-of-events", "aws:sqs/queue:Queue", {}).state["arn"],
            "functionName": w.function.id,
            "functionResponseTypes": ["ReportBatchItemFailures"],
            "scalingConfig": {"maximumConcurrency": 2},
            "filterCriteria": {"filters": [{"pattern": '{"body": {"kind": ["a"]}}'}]},
        },
        changed=lambda w: {"batchSize": 5, "enabled": False},
        drift=lambda w, it: w.client("lambda").update_event_source_mapping(UUID=it.id, BatchSize=7),
        drifted={"batchSize": 7},
    ),
    Case(
        token="aws:lambda/eventSourceMapping:EventSourceMapping",
        inputs=lambda w: {
            "eventSourceArn": w.streaming.state["streamArn"],
            "functionName": w.function.id,
            "startingPosition": "TRIM_HORIZON",
            "batchSize": 100,
            "bisectBatchOnFunctionError": True,
            "functionResponseTypes": ["ReportBatchItemFailures"],
            "maximumRecordAgeInSeconds": 72_000,
            "maximumRetryAttempts": 10_000,
            "filterCriteria": {"filters": [{"pattern": '{"eventName": ["INSERT"]}'}]},
            "destinationConfig": {"onFailure": {"destinationArn": w.bucket.state["arn"]}},
        },
        changed=lambda w: {"maximumRetryAttempts": 3, "bisectBatchOnFunctionError": False},
        drift=lambda w, it: w.client("lambda").update_event_source_mapping(
            UUID=it.id, MaximumRetryAttempts=9
        ),
        drifted={"maximumRetryAttempts": 9},
    ),
    # --- API Gateway
    Case(
        token="aws:apigateway/restApi:RestApi",
        inputs=lambda w: {
            "description": "The SDK API",
            "endpointConfiguration": {"types": "REGIONAL"},
            "binaryMediaTypes": ["application/zip"],
            "tags": {"a": "b"},
        },
        changed=lambda w: {"description": "SDK", "disableExecuteApiEndpoint": False, "tags": {"a": "c"}},
        drift=lambda w, it: _patch("update_rest_api", w, it, "/description", "Else", restApiId=it.id),
        drifted={"description": "Else"},
    ),
    Case(
        token="aws:apigateway/restApiPolicy:RestApiPolicy",
        inputs=lambda w: {
            "restApiId": w.api.id,
            "policy": policy("execute-api:Invoke", "execute-api:/*", Principal="*"),
        },
        changed=lambda w: {"policy": policy("execute-api:*", "execute-api:/*", Principal="*")},
        drift=lambda w, it: _patch(
            "update_rest_api",
            w,
            it,
            "/policy",
            policy("execute-api:Invoke", "execute-api:/x", Principal="*"),
            restApiId=it.id,
        ),
        drifted={"policy": "execute-api:/x"},
    ),
    Case(
        token="aws:apigateway/resource:Resource",
        inputs=lambda w: {
            "restApi": w.api.id,
            "parentId": w.api.state["rootResourceId"],
            "pathPart": "{proxy+}",
        },
        changed=lambda w: {"pathPart": "{rest+}"},
        drift=lambda w, it: _patch(
            "update_resource", w, it, "/pathPart", "else", restApiId=w.api.id, resourceId=it.id
        ),
        drifted={"pathPart": "else"},
    ),
    Case(
        token="aws:apigateway/method:Method",
        inputs=lambda w: {
            "restApi": w.api.id,
            "resourceId": w.resource.id,
            "httpMethod": "POST",
            "authorization": "NONE",
            "requestParameters": {"method.request.querystring.maxItems": False},
        },
        changed=lambda w: {
            "apiKeyRequired": True,
            "requestParameters": {"method.request.header.Accept": True},
        },
        drift=lambda w, it: _patch("update_method", w, it, "/authorizationType", "AWS_IAM", **_method_of(it)),
        drifted={"authorization": "AWS_IAM"},
    ),
    Case(
        token="aws:apigateway/integration:Integration",
        inputs=lambda w: {
            "restApi": w.api.id,
            "resourceId": w.resource.id,
            "httpMethod": w.made(
                "get-things",
                "aws:apigateway/method:Method",
                {
                    "restApi": w.api.id,
                    "resourceId": w.resource.id,
                    "httpMethod": "GET",
                    "authorization": "NONE",
                },
            ).inputs["httpMethod"],
            "type": "AWS_PROXY",
            "integrationHttpMethod": "POST",
            "uri": w.function.state["invokeArn"],
        },
        changed=lambda w: {"timeoutMilliseconds": 10_000},
        drift=lambda w, it: _patch("update_integration", w, it, "/uri", "arn:else", **_method_of(it)),
        drifted={"uri": "arn:else"},
    ),
    Case(
        token="aws:apigateway/authorizer:Authorizer",
        inputs=lambda w: {
            "restApi": w.api.id,
            "type": "REQUEST",
            "identitySource": "",
            "authorizerResultTtlInSeconds": 0,
            "authorizerUri": w.function.state["invokeArn"],
        },
        changed=lambda w: {
            "authorizerResultTtlInSeconds": 60,
            "identitySource": "method.request.header.Accept",
        },
        drift=lambda w, it: _patch(
            "update_authorizer", w, it, "/authorizerUri", "arn:else", restApiId=w.api.id, authorizerId=it.id
        ),
        drifted={"authorizerUri": "arn:else"},
    ),
    Case(
        token="aws:apigateway/deployment:Deployment",
        inputs=lambda w: {
            "restApi": w.integration.inputs["restApi"],
            "triggers": {"hash": "1"},
            "description": "One",
        },
        changed=lambda w: {"description": "Two"},
        drift=lambda w, it: _patch(
            "update_deployment", w, it, "/description", "Else", restApiId=w.api.id, deploymentId=it.id
        ),
        drifted={"description": "Else"},
    ),
    Case(
        token="aws:apigateway/stage:Stage",
        inputs=lambda w: {
            "restApi": w.api.id,
            "deployment": w.deployment.id,
            "stageName": "alpha",
            "variables": {"a": "1"},
            "xrayTracingEnabled": True,
            "accessLogSettings": {
                "destinationArn": "arn:aws:logs:us-east-1:123456789012:log-group:x",
                "format": "$x",
            },
            "tags": {"a": "b"},
        },
        changed=lambda w: {
            "variables": {"b": "2"},
            "xrayTracingEnabled": False,
            "description": "All",
            "accessLogSettings": {
                "destinationArn": "arn:aws:logs:us-east-1:123456789012:log-group:y",
                "format": "$y",
            },
            "tags": {"a": "c"},
        },
        drift=lambda w, it: _patch(
            "update_stage", w, it, "/variables/b", "3", restApiId=w.api.id, stageName="alpha"
        ),
        drifted={"variables": {"b": "3"}},
    ),
    Case(
        token="aws:apigateway/methodSettings:MethodSettings",
        inputs=lambda w: {
            "restApi": w.api.id,
            "stageName": w.stage.inputs["stageName"],
            "methodPath": "*/*",
            "settings": {
                "metricsEnabled": True,
                "loggingLevel": "ERROR",
                "throttlingBurstLimit": 50,
                "throttlingRateLimit": 25.5,
            },
        },
        changed=lambda w: {
            "settings": {
                "metricsEnabled": True,
                "loggingLevel": "INFO",
                "throttlingBurstLimit": 60,
                "throttlingRateLimit": 25.5,
            }
        },
        drift=lambda w, it: _patch(
            "update_stage", w, it, "/*/*/throttling/rateLimit", "7", restApiId=w.api.id, stageName="test"
        ),
        drifted={
            "settings": {
                "metricsEnabled": True,
                "loggingLevel": "INFO",
                "throttlingBurstLimit": 60,
                "throttlingRateLimit": 7,
            }
        },
    ),
    Case(
        token="aws:apigateway/response:Response",
        inputs=lambda w: {
            "restApiId": w.api.id,
            "responseType": "THROTTLED",
            "statusCode": "429",
            "responseParameters": {"gatewayresponse.header.x-amzn-ErrorType": "'TooManyRequestsException'"},
            "responseTemplates": {"application/json": '{"message": "Slow down"}'},
        },
        changed=lambda w: {"statusCode": "503"},
        drift=lambda w, it: w.client("apigateway").put_gateway_response(
            restApiId=w.api.id, responseType="THROTTLED", statusCode="418"
        ),
        drifted={"statusCode": "418"},
    ),
    Case(
        token="aws:apigateway/account:Account",
        remains=True,
        inputs=lambda w: {"cloudwatchRoleArn": w.role.state["arn"]},
        changed=lambda w: {"cloudwatchRoleArn": w.role.state["arn"] + "2"},
        drift=lambda w, it: _patch("update_account", w, it, "/cloudwatchRoleArn", "arn:aws:iam::1:role/else"),
        drifted={"cloudwatchRoleArn": "arn:aws:iam::1:role/else"},
    ),
)
