"""What every worker of a queue has in common: one message at a time, and what becomes of a failed one.

A message is done, or it failed and comes back (soon at first, then later and later; the queue's own limit
of tries ends that), or no retry can settle it: then it goes to the dead-letter queue at once, with a reason.
Messages come in any order and more than once, so the work must be safe to do again.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, cast

import botocore.session
from botocore.config import Config

from registry import log
from registry.domain.changes import Change
from registry.errors import NonRetryable

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

FIRST_PAUSE_S, LONGEST_PAUSE_S = 30, 1800
_MARGIN_S = 5.0  # of an invocation: to say how a message ended
_MAX_REASON = 1000
_NOT_IN_SQS = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CALLS = Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 3, "mode": "standard"})

Work = Callable[[Change, float], None]
"""Given a change and the seconds that are left for it. Raises NonRetryable, or anything to be asked again."""


class Context(Protocol):
    """The part of Lambda's context that is used."""

    def get_remaining_time_in_millis(self) -> int: ...


@cache
def sqs() -> SQSClient:
    return cast("SQSClient", botocore.session.get_session().create_client("sqs", config=_CALLS))


def work_off(event: Mapping[str, Any], context: Context, work: Work) -> dict[str, Any]:
    """Takes a batch of SQS; answers with the messages that have to come back."""
    records = event["Records"]
    failed = [record["messageId"] for record in records if not _is_done(record, context, work)]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def _is_done(record: Mapping[str, Any], context: Context, work: Work) -> bool:
    said: dict[str, Any] = {"messageId": record["messageId"]}
    log.correlate(record["messageId"])
    try:
        change = Change.parse(_body(record["body"]))
        log.correlate(change.correlation_id or record["messageId"])
        said |= {"kind": change.kind, "change": change.change, "id": change.id}
        work(change, context.get_remaining_time_in_millis() / 1000 - _MARGIN_S)
    except NonRetryable as refusal:
        return _is_given_up(record, refusal.reason, said)
    except Exception as error:
        log.failure("message-failed", error, tries=_tries(record), **said)
        _pause(record)
        return False
    log.event("message-done", **said)
    return True


def _body(body: str) -> str:
    """The event itself, whether SNS delivered it raw or in its envelope."""
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        return body
    enveloped = isinstance(read, dict) and read.get("Type") == "Notification"
    return str(read.get("Message", "")) if enveloped else body


def _is_given_up(record: Mapping[str, Any], reason: str, said: Mapping[str, Any]) -> bool:
    """Puts the message where people look; False, so that SQS does it in the end, when that fails."""
    log.event("message-given-up", level="ERROR", reason=reason, **said)
    attributes: dict[str, Any] = {
        name: {"DataType": "String", "StringValue": one["stringValue"]}
        for name, one in record.get("messageAttributes", {}).items()
        if one.get("dataType") == "String"
    }
    shown = _NOT_IN_SQS.sub("?", reason)[:_MAX_REASON] or "unknown"
    try:
        sqs().send_message(
            QueueUrl=os.environ["DEAD_LETTER_QUEUE_URL"],
            MessageBody=record["body"],
            MessageAttributes=attributes | {"reason": {"DataType": "String", "StringValue": shown}},
        )
    except Exception as error:
        log.failure("dead-letter-not-sent", error, **said)
        return False
    return True


def _pause(record: Mapping[str, Any]) -> None:
    """Hides a failed message for a while of its own: the queue's visibility is made for the longest work."""
    pause_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 4 ** (_tries(record) - 1))
    try:
        sqs().change_message_visibility(
            QueueUrl=os.environ["QUEUE_URL"],
            ReceiptHandle=record["receiptHandle"],
            VisibilityTimeout=pause_s,
        )
    except Exception as error:  # it comes back all the same
        log.failure("pause-not-set", error, messageId=record["messageId"])


def _tries(record: Mapping[str, Any]) -> int:
    return int(record.get("attributes", {}).get("ApproximateReceiveCount", 1))
