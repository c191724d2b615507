"""The queue `assets`: finishes the templates for which the API had no time to copy all their code."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import botocore.session
from botocore.config import Config

from registry import log
from registry.domain.changes import Change
from registry.errors import Invalid, NonRetryable, NotFound
from registry.handlers.queue import Context, work_off
from registry.services.preparing import Preparing
from registry.stores.deploy_copies import DeployCopies
from registry.stores.links import bucket_url
from registry.stores.templates import TemplateStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

_CALLS = Config(connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 3, "mode": "standard"})
# A copy of 250 MB answers only when it is done.
_COPYING = Config(connect_timeout=2, read_timeout=120, retries={"total_max_attempts": 2, "mode": "standard"})


@cache
def preparing() -> Preparing:
    """Once a cold start."""
    environment = os.environ
    session = botocore.session.get_session()
    s3 = cast("S3Client", session.create_client("s3", config=_COPYING))
    bucket = environment["ASSETS_BUCKET"]
    base = bucket_url(
        bucket,
        partition=environment["PARTITION"],
        region=environment["AWS_REGION"],
        endpoint=environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL"),
    )
    return Preparing(
        copies=DeployCopies(lambda: s3, bucket=bucket, owner=environment["ACCOUNT_ID"], base=base),
        templates=TemplateStore(
            cast("DynamoDBClient", session.create_client("dynamodb", config=_CALLS)),
            table=environment["ENTITY_TABLE"],
        ),
        now=lambda: datetime.now(UTC),
        clock=time.monotonic,
    )


def handler(event: Mapping[str, Any], context: Context) -> dict[str, Any]:
    return work_off(event, context, _finish)


def _finish(change: Change, within_s: float) -> None:
    if change.kind != "template" or change.template_id is None:
        raise NonRetryable(f"Only a template is finished here, not: {change.kind} {change.change}")
    try:
        outcome = preparing().finish(change.id, change.template_id, within_s=within_s)
    except (Invalid, NotFound) as refusal:
        raise NonRetryable(refusal.message) from refusal
    log.event("template-prepared", id=change.id, templateId=change.template_id, outcome=outcome)
