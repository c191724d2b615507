"""The topic of one severity: CloudWatch publishes, people are told."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.naming import Home, Names
from infra.patterns.iam import Statement, policy


@dataclass(frozen=True, kw_only=True)
class AlarmTopicArgs:
    """`key_id`: a KMS key that CloudWatch may use; `emails`: each must confirm its subscription."""

    noun: str
    key_id: pulumi.Input[str]
    emails: Sequence[str]
    names: Names
    home: Home


class AlarmTopic(pulumi.ComponentResource):
    arn: pulumi.Output[str]

    def __init__(self, name: str, args: AlarmTopicArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("sar:patterns:AlarmTopic", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        topic = aws.sns.Topic(name, name=args.names.of(args.noun), kms_master_key_id=args.key_id, opts=child)
        alarms_of_the_account = Statement(
            sid="AlarmsOfTheAccount",
            principals={"Service": "cloudwatch.amazonaws.com"},
            actions=["sns:Publish"],
            resources=[topic.arn],
            conditions={"StringEquals": {"aws:SourceAccount": args.home.account}},
        )
        aws.sns.TopicPolicy(name, arn=topic.arn, policy=policy(alarms_of_the_account), opts=child)
        for email in args.emails:
            aws.sns.TopicSubscription(
                f"{name}-{email}", topic=topic.arn, protocol="email", endpoint=email, opts=child
            )
        self.arn = topic.arn
        self.register_outputs({"arn": topic.arn})
