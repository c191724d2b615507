"""A queue that loses nothing: what its consumer cannot handle waits in a dead-letter queue, and people know.

sender ─▶ queue ─▶ consumer
            └─ after `receives` failed tries ─▶ dead-letter queue (14 days) ─▶ page
"""

from dataclasses import dataclass, replace

import pulumi
import pulumi_aws as aws

from infra.monitoring.alarms import Watch, raise_alarm
from infra.monitoring.symptoms import DEAD_LETTERS, STALE_MESSAGES
from infra.patterns.iam import Statement, policy

DAY_S = 24 * 3600
DEAD_LETTER_DAYS = 14  # SQS keeps nothing longer
# A message keeps its age when it moves to the dead-letter queue: what has waited long has less time there.
QUEUE_DAYS = 4


@dataclass(frozen=True, kw_only=True)
class SqsDlqArgs:
    """`visibility_s`: how long a message is hidden while one consumer works on it (0 to 43,200).
    `receives`: tries before a message is dead (1 to 1,000). `sender`: a service (`sns.amazonaws.com`) and the
    ARN that it must send for; whoever else may send needs an IAM policy in this account.
    `stale_minutes`: how old the oldest message may get before somebody is told.
    """

    noun: str
    visibility_s: int
    receives: int = 5
    sender: tuple[str, pulumi.Input[str]] | None = None
    stale_minutes: int = 15
    watch: Watch


@dataclass(frozen=True, kw_only=True)
class DeadLettersArgs:
    """`source`: the service and the ARN that it sends for; None when SQS itself moves messages here."""

    noun: str
    source: tuple[str, pulumi.Input[str]] | None = None
    watch: Watch


class DeadLetters(pulumi.ComponentResource):
    """A dead-letter queue alone: for an SNS subscription, or for an SQS queue that somebody else owns."""

    arn: pulumi.Output[str]
    url: pulumi.Output[str]

    def __init__(self, name: str, args: DeadLettersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("sar:patterns:DeadLetters", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        queue = aws.sqs.Queue(
            name,
            name=args.watch.names.of(args.noun),
            message_retention_seconds=DEAD_LETTER_DAYS * DAY_S,
            sqs_managed_sse_enabled=True,
            opts=child,
        )
        senders = [] if args.source is None else [_sender(queue.arn, *args.source)]
        aws.sqs.QueuePolicy(
            name, queue_url=queue.url, policy=policy(tls_only(queue.arn), *senders), opts=child
        )
        raise_alarm(
            args.noun,
            DEAD_LETTERS,
            args.watch,
            namespace="AWS/SQS",
            dimensions={"QueueName": queue.name},
            opts=child,
        )
        self.arn, self.url = queue.arn, queue.url
        self.register_outputs({"url": queue.url})


class SqsDlq(pulumi.ComponentResource):
    """`dead_url`: of the dead-letter queue, `sar-<stage>-<noun>-dlq`."""

    arn: pulumi.Output[str]
    url: pulumi.Output[str]
    dead_arn: pulumi.Output[str]
    dead_url: pulumi.Output[str]

    def __init__(self, name: str, args: SqsDlqArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("sar:patterns:SqsDlq", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        dead = DeadLetters(f"{name}-dlq", DeadLettersArgs(noun=f"{args.noun}-dlq", watch=args.watch), child)
        queue = aws.sqs.Queue(
            name,
            name=args.watch.names.of(args.noun),
            message_retention_seconds=QUEUE_DAYS * DAY_S,
            visibility_timeout_seconds=args.visibility_s,
            receive_wait_time_seconds=20,
            sqs_managed_sse_enabled=True,
            redrive_policy=pulumi.Output.json_dumps(
                {"deadLetterTargetArn": dead.arn, "maxReceiveCount": args.receives}
            ),
            opts=child,
        )
        aws.sqs.RedriveAllowPolicy(
            name,
            queue_url=dead.url,
            redrive_allow_policy=pulumi.Output.json_dumps(
                {"redrivePermission": "byQueue", "sourceQueueArns": [queue.arn]}
            ),
            opts=child,
        )
        senders = [] if args.sender is None else [_sender(queue.arn, *args.sender)]
        aws.sqs.QueuePolicy(
            name, queue_url=queue.url, policy=policy(tls_only(queue.arn), *senders), opts=child
        )
        raise_alarm(
            args.noun,
            replace(STALE_MESSAGES, at_least=60 * args.stale_minutes),
            args.watch,
            namespace="AWS/SQS",
            dimensions={"QueueName": queue.name},
            opts=child,
        )
        self.arn, self.url = queue.arn, queue.url
        self.dead_arn, self.dead_url = dead.arn, dead.url
        self.register_outputs({"url": queue.url, "dead_url": dead.url})


def tls_only(arn: pulumi.Output[str]) -> Statement:
    return Statement(
        sid="TlsOnly",
        effect="Deny",
        principals="*",
        actions=["sqs:*"],
        resources=[arn],
        conditions={"Bool": {"aws:SecureTransport": "false"}},
    )


def _sender(queue_arn: pulumi.Output[str], service: str, source: pulumi.Input[str]) -> Statement:
    return Statement(
        sid="Send",
        principals={"Service": service},
        actions=["sqs:SendMessage"],
        resources=[queue_arn],
        conditions={"ArnEquals": {"aws:SourceArn": source}},
    )
