"""The queue `cleanup`: removes what hung off a deleted application."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import botocore.session
from botocore.config import Config

from registry import log
from registry.domain.arns import ApplicationArn
from registry.domain.changes import Change
from registry.errors import Invalid, NonRetryable
from registry.handlers.queue import Context, work_off
from registry.services.cleaning import Cleaning
from registry.stores.holders import HolderStore
from registry.stores.objects import ObjectStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

_CALLS = Config(connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 5, "mode": "standard"})


@cache
def cleaning() -> Cleaning:
    """Once a cold start."""
    session = botocore.session.get_session()
    return Cleaning(
        holders=HolderStore(
            cast("DynamoDBClient", session.create_client("dynamodb", config=_CALLS)),
            table=os.environ["ENTITY_TABLE"],
        ),
        objects=ObjectStore(
            s3=cast("S3Client", session.create_client("s3", config=_CALLS)),
            bucket=os.environ["ASSETS_BUCKET"],
            account=os.environ["ACCOUNT_ID"],
            now=lambda: datetime.now(UTC),
        ),
        clock=time.monotonic,
    )


def handler(event: Mapping[str, Any], context: Context) -> dict[str, Any]:
    return work_off(event, context, _clean)


def _clean(change: Change, within_s: float) -> None:
    if (change.kind, change.change) != ("application", "deleted"):
        raise NonRetryable(f"Only a deleted application is cleaned up, not: {change.kind} {change.change}")
    try:
        arn = ApplicationArn.parse(change.application_id or "")
    except Invalid as bad:
        raise NonRetryable(bad.message) from None
    cleaned = cleaning().clean(arn, change.id, change.document_digests, within_s=within_s)
    log.event("application-cleaned-up", id=change.id, applicationId=str(arn), **asdict(cleaned))
