"""Every change of a table, told to everybody who wants to know.

table ─stream─▶ function (live) ─▶ topic ─▶ subscribers
                    └─ records given up ─▶ bucket ─▶ dead-letter queue ─▶ page

The bucket holds the records; a queue alone would get only their positions in a stream that ends after a day.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.monitoring.alarms import raise_alarm
from infra.monitoring.symptoms import STREAM_BEHIND
from infra.patterns.bucket import Bucket, BucketArgs
from infra.patterns.function import Function, FunctionArgs
from infra.patterns.iam import Statement
from infra.patterns.key import Key, KeyArgs
from infra.patterns.protection import Protection
from infra.patterns.sqs_dlq import DeadLetters, DeadLettersArgs

# DynamoDB forgets records after 24 hours: what is older than this is set aside while it can be read.
MAX_AGE_S = 20 * 3600
MAX_RETRIES = 10_000  # the age is the limit that counts


@dataclass(frozen=True, kw_only=True)
class StreamFanoutArgs:
    """`noun`: the topic's and its key's. `function` gains the environment's `CHANGES_TOPIC` and the rights
    that it needs. `patterns`: Lambda's event filters, one of which a record must match.
    `failures_bucket`: the name of the bucket for records that were given up.
    """

    noun: str
    stream_arn: pulumi.Input[str]
    function: FunctionArgs
    patterns: Sequence[Mapping[str, Any]]
    failures_bucket: str
    old_object_days: int
    protection: Protection


class StreamFanout(pulumi.ComponentResource):
    topic_arn: pulumi.Output[str]
    failures: Bucket
    failed: DeadLetters
    function: Function

    def __init__(self, name: str, args: StreamFanoutArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("sar:patterns:StreamFanout", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        names, home = args.function.watch.names, args.function.home
        # It keeps nothing: messages rest in the queues.
        passing = replace(args.protection, protect=False, retain=False)
        key = Key(
            name,
            KeyArgs(
                noun=args.noun,
                description=f"Messages of the topic {args.noun} at rest",
                kind="encryption",
                names=names,
                home=home,
                protection=passing,
            ),
            self._child,
        )
        topic = aws.sns.Topic(name, name=names.of(args.noun), kms_master_key_id=key.id, opts=self._child)
        self.topic_arn = topic.arn
        self.failures = Bucket(
            f"{name}-failures",
            BucketArgs(
                bucket_name=args.failures_bucket,
                old_object_days=args.old_object_days,
                protection=args.protection,
            ),
            self._child,
        )
        self.function = Function(
            f"{name}-announcer",
            replace(
                args.function,
                environment={**args.function.environment, "CHANGES_TOPIC": topic.arn},
                statements=[*args.function.statements, *self._rights(args, key)],
            ),
            self._child,
        )
        self._follow(name, args)
        self.failed = self._tell_of_failures(name, args)
        self.register_outputs({"topic_arn": topic.arn})

    def _rights(self, args: StreamFanoutArgs, key: Key) -> list[Statement]:
        return [
            Statement(
                sid="FollowStream",
                actions=["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"],
                resources=[args.stream_arn],
            ),
            Statement(sid="Announce", actions=["sns:Publish"], resources=[self.topic_arn]),
            Statement(
                sid="EncryptMessages", actions=["kms:Decrypt", "kms:GenerateDataKey"], resources=[key.arn]
            ),
            Statement(
                sid="SetAside",
                actions=["s3:PutObject", "s3:ListBucket"],
                resources=[self.failures.arn, pulumi.Output.concat(self.failures.arn, "/*")],
            ),
        ]

    def _follow(self, name: str, args: StreamFanoutArgs) -> None:
        aws.lambda_.EventSourceMapping(
            name,
            event_source_arn=args.stream_arn,
            function_name=self.function.live_arn,
            starting_position="TRIM_HORIZON",
            batch_size=100,
            bisect_batch_on_function_error=True,
            maximum_record_age_in_seconds=MAX_AGE_S,
            maximum_retry_attempts=MAX_RETRIES,
            function_response_types=["ReportBatchItemFailures"],
            filter_criteria={"filters": [{"pattern": json.dumps(pattern)} for pattern in args.patterns]},
            destination_config={"on_failure": {"destination_arn": self.failures.arn}},
            opts=self._child,
        )
        raise_alarm(
            args.noun,
            STREAM_BEHIND,
            args.function.watch,
            namespace="AWS/Lambda",
            dimensions={"FunctionName": self.function.name},
            opts=self._child,
        )

    def _tell_of_failures(self, name: str, args: StreamFanoutArgs) -> DeadLetters:
        """A message for each object in the bucket of failures."""
        letters = DeadLetters(
            f"{name}-failed",
            DeadLettersArgs(
                noun=f"failed-{args.noun}",
                source=("s3.amazonaws.com", self.failures.arn),
                watch=args.function.watch,
            ),
            self._child,
        )
        aws.s3.BucketNotification(
            name,
            bucket=self.failures.name,
            queues=[{"id": "failures", "queue_arn": letters.arn, "events": ["s3:ObjectCreated:*"]}],
            # S3 tries the queue before it accepts the setting.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[letters]),
        )
        return letters
