"""Copies for a consumer: their budget, and crashes at any of their lines."""

from collections.abc import Iterator
from datetime import UTC, datetime
from threading import Event
from typing import Any

import boto3
import pytest
from moto import mock_aws

from registry.domain.deployments import Deployable
from registry.errors import NotFound, Unavailable
from registry.services.preparing import Preparing
from registry.stores.deploy_copies import DeployCopies
from registry.stores.templates import TemplateStore
from tests.support.entities import BUCKET, CONSUMER, OWNER, REGION, TABLE, create_entity_table

pytestmark = pytest.mark.unit

DIGESTS = tuple(f"{place:064x}" for place in range(20))
CONTENT = Deployable(document_key="deploy/x", assets=DIGESTS)


@pytest.fixture
def s3() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("s3", REGION)
        client.create_bucket(Bucket=BUCKET)
        for digest in DIGESTS:
            client.put_object(Bucket=BUCKET, Key=f"blobs/sha256/{digest}", Body=digest.encode())
        yield client


class Watched(DeployCopies):
    """`at_copy` is called before each copy with how many began before it."""

    def __init__(self, s3: Any, at_copy: Any = lambda count: None) -> None:
        super().__init__(lambda: s3, bucket=BUCKET, owner=OWNER, base="https://bucket")
        self.at_copy = at_copy
        self.began = 0

    def copy_asset(self, account: str, digest: str) -> None:
        self.began += 1
        self.at_copy(self.began)
        super().copy_asset(account, digest)


def preparing(copies: DeployCopies, clock: Any = lambda: 0.0) -> Preparing:
    dynamodb = boto3.client("dynamodb", REGION)
    create_entity_table(dynamodb)
    return Preparing(
        copies=copies,
        templates=TemplateStore(dynamodb, table=TABLE),
        now=lambda: datetime.now(UTC),
        clock=clock,
    )


def copied(s3: Any) -> set[str]:
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix=f"deploy/{CONSUMER}/sha256/").get("Contents", [])
    return {one["Key"].rpartition("/")[2] for one in listed}


def test_every_object_is_copied_under_the_accounts_prefix(s3: Any) -> None:
    preparing(Watched(s3)).copy_assets(CONSUMER, CONTENT, within_s=60)
    assert copied(s3) == set(DIGESTS)


def test_a_crash_at_any_copy_is_made_good_by_a_retry(s3: Any) -> None:
    copies = Watched(s3)
    service = preparing(copies)
    for crash_at in (1, 7, len(DIGESTS)):
        copies.began = 0

        def crash(count: int, place: int = crash_at) -> None:
            if count == place:
                raise RuntimeError("cut")

        copies.at_copy = crash
        with pytest.raises(RuntimeError, match="cut"):
            service.copy_assets(CONSUMER, CONTENT, within_s=60)
    copies.at_copy = lambda count: None
    service.copy_assets(CONSUMER, CONTENT, within_s=60)
    assert copied(s3) == set(DIGESTS)


def test_no_copy_begins_when_the_time_is_up(s3: Any) -> None:
    now = [0.0]

    def late(count: int) -> None:
        now[0] = 10.0

    copies = Watched(s3, late)
    with pytest.raises(Unavailable, match=r"took over 5 s\. Try again: what was copied is kept"):
        preparing(copies, lambda: now[0]).copy_assets(CONSUMER, CONTENT, within_s=5)
    assert copies.began <= 8  # as many as run in parallel


def test_a_copy_that_hangs_is_not_waited_for(s3: Any) -> None:
    release = Event()

    def hang(count: int) -> None:
        release.wait(20)
        raise RuntimeError("nobody waits any more")

    copies = Watched(s3, hang)
    try:
        with pytest.raises(Unavailable):
            preparing(copies).copy_assets(CONSUMER, CONTENT, within_s=0.05)
    finally:
        release.set()


def test_an_object_that_is_gone_is_no_reason_to_try_again(s3: Any) -> None:
    s3.delete_object(Bucket=BUCKET, Key=f"blobs/sha256/{DIGESTS[3]}")
    with pytest.raises(NotFound, match="code is no longer stored"):
        preparing(Watched(s3)).copy_assets(CONSUMER, CONTENT, within_s=60)


def test_nothing_to_copy_asks_nothing(s3: Any) -> None:
    copies = Watched(s3)
    preparing(copies).copy_assets(CONSUMER, Deployable(document_key="k", assets=()), within_s=0)
    assert copies.began == 0
