"""What SNS cannot deliver to a queue goes to the subscription's dead-letter queue; the emulator drops it."""

import json
from collections.abc import Callable
from typing import Any

from ministack.core.arn import parse_arn  # type: ignore[import-not-found]
from ministack.services import sns, sqs  # type: ignore[import-not-found]


def correct() -> None:
    sns._deliver_to_sqs = keeping_undelivered(sns._deliver_to_sqs)


def keeping_undelivered(deliver: Callable[..., None]) -> Callable[..., None]:
    """`deliver` puts a message into the queue of that ARN, and does nothing where it must not or cannot."""

    def delivered(endpoint: str, *message: Any, topic_arn: str = "", **more: Any) -> None:
        target = endpoint
        if not _accepts(endpoint, topic_arn):
            target = _dead_letter_queue(topic_arn, endpoint) or endpoint
        deliver(target, *message, topic_arn=topic_arn, **more)

    return delivered


def _accepts(queue_arn: str, topic_arn: str) -> bool:
    return sqs._queue_by_arn(queue_arn) is not None and sqs.queue_policy_allows(
        queue_arn, "sns.amazonaws.com", topic_arn, parse_arn(topic_arn).account_id
    )


def _dead_letter_queue(topic_arn: str, endpoint: str) -> str | None:
    topic = sns._topic_by_arn_any_scope(topic_arn)
    for subscription in topic["subscriptions"] if topic else ():
        if subscription.get("endpoint") == endpoint:
            policy = json.loads(subscription.get("attributes", {}).get("RedrivePolicy") or "{}")
            return str(policy["deadLetterTargetArn"]) if policy.get("deadLetterTargetArn") else None
    return None
