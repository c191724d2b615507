"""A queue and the function that works it off, message by message.

topic ─filter─▶ queue ─batch─▶ function (live)
   └─ not delivered ─▶ dead-letter queue ◀─ given up ─┘
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pulumi
import pulumi_aws as aws

from infra.patterns.function import Function, FunctionArgs
from infra.patterns.iam import Statement
from infra.patterns.sqs_dlq import DeadLetters, DeadLettersArgs, SqsDlq, SqsDlqArgs

# AWS's advice for queues of functions: a message must not come back while its batch may still be at work.
VISIBILITY_PER_TIMEOUT = 6
SNS = "sns.amazonaws.com"


@dataclass(frozen=True, kw_only=True)
class SubscriptionArgs:
    """`wants`: by message attribute, the values of which one must be there; empty: every message."""

    topic_arn: pulumi.Input[str]
    wants: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class QueueWorkerArgs:
    """`function`: its `noun` is the function's; its environment gains `QUEUE_URL`, where it may say when to
    try a message again, and `DEAD_LETTER_QUEUE_URL`, where it may put what will never succeed. `noun`: the
    queue's. `batch_size`: messages a call (1 to 10). `at_once`: concurrent calls (2 to 1,000).
    """

    noun: str
    function: FunctionArgs
    subscription: SubscriptionArgs | None = None
    batch_size: int = 10
    at_once: int = 5
    receives: int = 5


class QueueWorker(pulumi.ComponentResource):
    """The function answers with the messages that failed (`ReportBatchItemFailures`); the rest are done."""

    queue: SqsDlq
    function: Function

    def __init__(self, name: str, args: QueueWorkerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("sar:patterns:QueueWorker", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        self.queue = SqsDlq(
            name,
            SqsDlqArgs(
                noun=args.noun,
                visibility_s=VISIBILITY_PER_TIMEOUT * args.function.spec.timeout_s,
                receives=args.receives,
                sender=None if args.subscription is None else (SNS, args.subscription.topic_arn),
                watch=args.function.watch,
            ),
            self._child,
        )
        self.function = Function(f"{name}-worker", self._working(args.function), self._child)
        aws.lambda_.EventSourceMapping(
            name,
            event_source_arn=self.queue.arn,
            function_name=self.function.live_arn,
            batch_size=args.batch_size,
            function_response_types=["ReportBatchItemFailures"],
            scaling_config={"maximum_concurrency": args.at_once},
            opts=self._child,
        )
        if args.subscription is not None:
            self._subscribe(name, args.noun, args.subscription, args.function)
        self.register_outputs({"url": self.queue.url, "dead_url": self.queue.dead_url})

    def _working(self, args: FunctionArgs) -> FunctionArgs:
        """The function with what every worker needs besides its own rights."""
        queue = self.queue
        return replace(
            args,
            environment={**args.environment, "QUEUE_URL": queue.url, "DEAD_LETTER_QUEUE_URL": queue.dead_url},
            statements=[
                *args.statements,
                Statement(
                    sid="WorkOff",
                    actions=[
                        "sqs:ReceiveMessage",
                        "sqs:DeleteMessage",
                        "sqs:GetQueueAttributes",
                        "sqs:ChangeMessageVisibility",
                    ],
                    resources=[queue.arn],
                ),
                Statement(sid="GiveUp", actions=["sqs:SendMessage"], resources=[queue.dead_arn]),
            ],
        )

    def _subscribe(self, name: str, noun: str, asked: SubscriptionArgs, function: FunctionArgs) -> None:
        """What SNS cannot deliver must not share the queue's dead letters: it was never received."""
        lost = DeadLetters(
            f"{name}-undelivered",
            DeadLettersArgs(noun=f"{noun}-undelivered", source=(SNS, asked.topic_arn), watch=function.watch),
            self._child,
        )
        aws.sns.TopicSubscription(
            name,
            topic=asked.topic_arn,
            protocol="sqs",
            endpoint=self.queue.arn,
            raw_message_delivery=True,
            filter_policy=json.dumps({key: list(values) for key, values in asked.wants.items()})
            if asked.wants
            else None,
            redrive_policy=pulumi.Output.json_dumps({"deadLetterTargetArn": lost.arn}),
            opts=self._child,
        )
