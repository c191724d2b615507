"""Publications made into documents and versions, with the bucket played by ten lines."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from registry.domain.inputs import Publication
from registry.domain.s3_urls import S3Object
from registry.errors import Invalid, Unavailable
from registry.services.content import COPY_BUDGET_S, Content
from registry.stores.assets import AssetStore

pytestmark = pytest.mark.unit


class Bucket:
    """Copies by calling `copying`; remembers in which order things came."""

    def __init__(self, copying: Callable[[S3Object], object] = lambda _: None) -> None:
        self.copying = copying
        self.came: list[str] = []
        self.lock = threading.Lock()

    def copy_asset(self, where: S3Object, *, account: str, still_time: Callable[[], None]) -> str:
        still_time()
        self.copying(where)
        with self.lock:
            self.came.append(where.key)
        return f"{hash((where.key, where.version_id)) & 2**256 - 1:064x}"

    def put_document(self, content: bytes, content_type: str) -> str:
        self.came.append(content_type)
        return "d" * 64


def template(*uris: str) -> str:
    functions = "".join(
        f"  F{n}: {{Type: AWS::Serverless::Function, Properties: {{CodeUri: '{uri}'}}}}\n"
        for n, uri in enumerate(uris)
    )
    return f"Resources:\n{functions}"


def publish(bucket: Bucket, text: str, clock: Callable[[], float] = lambda: 0.0) -> Any:
    content = Content(assets=cast("AssetStore", bucket), now=lambda: datetime.now(UTC), clock=clock)
    return content.keep_version("111111111111", Publication(template_body=text), "1.0.0")


def test_an_object_named_often_is_copied_once_and_each_of_its_versions_by_itself() -> None:
    bucket = Bucket()
    made = publish(bucket, template("s3://buck/a", "s3://buck/a", "s3://buck/b", "s3://buck/a?versionId=1"))
    assert sorted(bucket.came[:-1]) == ["a", "a", "b"]
    assert bucket.came[-1] == "application/json"
    assert len(made.asset_digests) == 3


def test_copies_run_side_by_side() -> None:
    meeting = threading.Barrier(4)
    publish(Bucket(lambda _: meeting.wait(10)), template(*(f"s3://buck/{n}" for n in range(4))))


def test_a_refused_copy_stops_the_publication_before_its_template_is_kept() -> None:
    def refuse(where: S3Object) -> None:
        if where.key == "3":
            raise Invalid("no")

    bucket = Bucket(refuse)
    with pytest.raises(Invalid):
        publish(bucket, template(*(f"s3://buck/{n}" for n in range(30))))
    assert "application/json" not in bucket.came


@pytest.mark.parametrize("uris", [("s3://buck/a",), ("s3://buck/a", "s3://buck/b")])
def test_the_budget_ends_the_wait_for_copies_that_hang(uris: tuple[str, ...]) -> None:
    released = threading.Event()
    times = iter([0.0, *([COPY_BUDGET_S - 0.05] * 100)])
    bucket = Bucket(lambda _: released.wait(10))
    try:
        with pytest.raises(Unavailable, match="took over 20 s"):
            publish(bucket, template(*uris), clock=lambda: next(times))
    finally:
        released.set()
