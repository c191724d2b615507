"""Publications made into documents and versions, with the bucket played by ten lines."""

import hashlib
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from registry.domain.applications import Dependency
from registry.domain.inputs import Publication
from registry.domain.s3_urls import S3Object
from registry.errors import AccessDenied, Invalid, Unavailable
from registry.services.content import COPY_BUDGET_S, Content
from registry.stores.assets import AssetStore, Kept

pytestmark = pytest.mark.unit


class Bucket:
    """Copies by calling `copying`; remembers in which order things came."""

    def __init__(self, copying: Callable[[S3Object], object] = lambda _: None) -> None:
        self.copying = copying
        self.came: list[str] = []
        self.lock = threading.Lock()

    def copy_asset(self, where: S3Object, *, account: str, still_time: Callable[[], None]) -> Kept:
        still_time()
        self.copying(where)
        with self.lock:
            self.came.append(where.key)
        content = f"{where.key.partition('=')[0]} {where.version_id}".encode()
        return Kept(digest=hashlib.sha256(content).hexdigest(), size=1000)

    copy_archive = copy_asset

    def put_document(self, content: bytes, content_type: str) -> str:
        self.document = content
        self.came.append(content_type)
        return "d" * 64


class Publisher:
    account = "111111111111"
    region = "us-east-1"
    principal = "arn:aws:iam::111111111111:user/tester"

    def may(self, action: str, /) -> bool:
        return True

    def organization(self) -> str | None:
        return None


PUBLISHER = Publisher()


def template(*uris: str) -> str:
    functions = "".join(
        f"  F{n}: {{Type: AWS::Serverless::Function, Properties: {{CodeUri: '{uri}'}}}}\n"
        for n, uri in enumerate(uris)
    )
    return f"Resources:\n{functions}"


def publish(
    bucket: Bucket,
    text: str,
    clock: Callable[[], float] = lambda: 0.0,
    *,
    author: str = "ada",
    archive: str | None = None,
    **more: Any,
) -> Any:
    content = Content(
        assets=cast("AssetStore", bucket),
        may_nest=more.pop("may_nest", lambda caller, nested: None),
        now=lambda: datetime.now(UTC),
        clock=clock,
        **more,
    )
    return content.keep_version(
        PUBLISHER, Publication(template_body=text, source_code_archive_url=archive), "1.0.0", author=author
    )


def test_an_object_named_often_is_copied_once_and_each_of_its_versions_by_itself() -> None:
    bucket = Bucket()
    made = publish(bucket, template("s3://buck/a", "s3://buck/a", "s3://buck/b", "s3://buck/a?versionId=1"))
    assert sorted(bucket.came[:-1]) == ["a", "a", "b"]
    assert bucket.came[-1] == "application/json"
    assert len(made.asset_digests) == 3


def test_a_version_counts_the_bytes_of_each_content_once() -> None:
    bucket = Bucket()
    made = publish(bucket, template("s3://buck/a", "s3://buck/a=again", "s3://buck/b"))  # two of one content
    assert made.stored_bytes == len(bucket.document) + 2 * 1000
    archived = publish(bucket, template("s3://buck/a"), archive="s3://buck/b.zip")
    assert archived.stored_bytes == len(bucket.document) + 2 * 1000
    assert (
        publish(bucket, template("s3://buck/a"), archive="s3://buck/a").stored_bytes
        == len(bucket.document) + 1000
    )


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


TWO_TYPES = "Resources: {Q: {Type: AWS::SQS::Queue}, T: {Type: AWS::SNS::Topic}, R: {Type: Custom::Mine}}"


@pytest.mark.parametrize(
    ("allowed", "refused"),
    [
        ((), None),
        (("AWS::SQS::Queue", "AWS::SNS::Topic", "Custom::Mine"), None),
        (("AWS::*", "Custom::*"), None),
        (("*",), None),
        (("AWS::SQS::*", "AWS::SNS::Topic", "AWS::CloudFormation::CustomResource"), "[Custom::Mine]"),
        (("AWS::SQS::Queue*", "AWS::SNS::Topi", "Custom::"), "[AWS::SNS::Topic, Custom::Mine]"),
        (("aws::*",), "[AWS::SNS::Topic, AWS::SQS::Queue, Custom::Mine]"),
    ],
)
def test_only_the_operators_list_makes_a_resource_type_unsupported(
    allowed: tuple[str, ...], refused: str | None
) -> None:
    bucket = Bucket()
    if refused is None:
        made = publish(bucket, TWO_TYPES, allowed_resource_types=allowed)
        assert made.resource_types == ("AWS::SNS::Topic", "AWS::SQS::Queue", "Custom::Mine")
        return
    with pytest.raises(Invalid) as refusal:
        publish(bucket, TWO_TYPES, allowed_resource_types=allowed)
    assert refusal.value.message == f"The template contains unsupported resource types. {refused}"
    assert bucket.came == []


def test_what_may_not_be_nested_is_refused_before_anything_is_copied() -> None:
    asked: list[Any] = []

    def refuse(caller: Any, nested: Any) -> None:
        asked.extend([caller, *nested])
        raise AccessDenied("no")

    arn = "arn:aws:serverlessrepo:us-east-1:111111111111:applications/dlq"
    location = f"{{ApplicationId: '{arn}', SemanticVersion: 1.0.0}}"
    text = template("s3://buck/a") + (
        f"  N: {{Type: 'AWS::Serverless::Application', Properties: {{Location: {location}}}}}\n"
    )
    bucket = Bucket()
    with pytest.raises(AccessDenied):
        publish(bucket, text, may_nest=refuse)
    assert asked == [PUBLISHER, Dependency(application_id=arn, semantic_version="1.0.0")]
    assert bucket.came == []


@pytest.mark.parametrize(
    ("author", "warned"),
    [
        ("a", False),
        ("ada", False),
        ("a-1-b", False),
        ("a" * 127, False),
        ("Ada", True),
        ("AWS", True),
        ("ada lovelace", True),
        ("-a", True),
        ("a-", True),
        ("a--b", True),
        ("é", True),
    ],
)
def test_an_author_of_another_form_than_documented_is_accepted_with_a_warning(
    author: str, warned: bool
) -> None:
    made = publish(Bucket(), template("s3://buck/a"), author=author)
    assert [one.startswith(f"author {author!r}"[:40]) for one in made.warnings] == [True] * warned


def test_warnings_are_as_many_and_as_long_as_an_item_can_hold() -> None:
    parameters = "".join(f"  P{n}: {{}}\n" for n in range(60))
    made = publish(Bucket(), f"Transform: {'m' * 600}\nParameters:\n{parameters}{template('s3://buck/a')}")
    assert len(made.warnings) == 50
    assert max(map(len, made.warnings)) <= 500
