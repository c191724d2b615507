"""Reads the entity table's stream, the outbox of every write, and tells the topic of changes.

A record that no store of the registry has written is logged and passed over: retrying it would hold up every
change behind it until the stream forgets them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import botocore.session
from botocore.config import Config

from registry import log
from registry.domain.applications import timestamp
from registry.domain.arns import ApplicationArn
from registry.domain.changes import ATTRIBUTES, Image, changes_of
from registry.errors import NonRetryable
from registry.services.announcing import Numbered, announce
from registry.stores.attributes import from_item
from registry.stores.topics import ChangeTopic

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

_CALLS = Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 3, "mode": "standard"})


@cache
def topic() -> ChangeTopic:
    """Once a cold start."""
    sns = cast("SNSClient", botocore.session.get_session().create_client("sns", config=_CALLS))
    return ChangeTopic(sns, arn=os.environ["CHANGES_TOPIC"])


def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Takes DynamoDB's stream records; answers with the first to read again, and so all behind it."""
    log.correlate(getattr(context, "aws_request_id", ""))
    failed = announce(topic(), _changes(event["Records"]))
    return {"batchItemFailures": [] if failed is None else [{"itemIdentifier": failed}]}


def _changes(records: list[Mapping[str, Any]]) -> Iterator[Numbered]:
    _, partition, _, region, *_ = os.environ["CHANGES_TOPIC"].split(":")

    def arn_of(account: str, name: str) -> str:
        return str(ApplicationArn(partition=partition, region=region, account=account, name=name))

    for record in records:
        written = record["dynamodb"]
        number = written["SequenceNumber"]
        try:
            found = changes_of(
                _image(written.get("OldImage")),
                _image(written.get("NewImage")),
                at=timestamp(datetime.fromtimestamp(written["ApproximateCreationDateTime"], UTC)),
                arn_of=arn_of,
            )
        except NonRetryable as trouble:
            log.event("change-unreadable", level="ERROR", reason=trouble.reason, record=number)
            continue
        for change in found:
            yield number, change


def _image(image: Mapping[str, Any] | None) -> Image | None:
    return None if not image else from_item({name: image[name] for name in ATTRIBUTES if name in image})


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    topic()  # while the sandbox starts
