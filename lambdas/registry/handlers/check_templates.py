"""The queue `checks`: SAM's schema and cfn-lint over each published version. Alone in its archive."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import botocore.session
from botocore.config import Config

from registry import log
from registry.domain.changes import Change
from registry.errors import Invalid, NonRetryable
from registry.handlers.queue import Context, work_off
from registry.services.checking import Checking
from registry.services.checking_linters import Linters
from registry.stores.checks import CheckStore
from registry.stores.objects import ObjectStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

_CALLS = Config(connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 3, "mode": "standard"})


@cache
def checking() -> Checking:
    """Once a cold start."""
    session = botocore.session.get_session()
    return Checking(
        checks=CheckStore(
            cast("DynamoDBClient", session.create_client("dynamodb", config=_CALLS)),
            table=os.environ["ENTITY_TABLE"],
        ),
        objects=ObjectStore(
            s3=cast("S3Client", session.create_client("s3", config=_CALLS)),
            bucket=os.environ["ASSETS_BUCKET"],
            account=os.environ["ACCOUNT_ID"],
            now=_now,
        ),
        linters=Linters(region=os.environ["AWS_REGION"]),
        now=_now,
    )


def handler(event: Mapping[str, Any], context: Context) -> dict[str, Any]:
    return work_off(event, context, _check)


def _check(change: Change, within_s: float) -> None:
    if change.kind != "version" or change.semantic_version is None:
        raise NonRetryable(f"Only a version is checked here, not: {change.kind} {change.change}")
    try:
        outcome = checking().check(change.id, change.semantic_version, within_s=within_s)
    except Invalid as bad:
        raise NonRetryable(bad.message) from bad
    log.event("version-checked", id=change.id, semanticVersion=change.semantic_version, outcome=outcome)


def _now() -> datetime:
    return datetime.now(UTC)
