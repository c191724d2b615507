"""The entity table, in moto."""

import random
from dataclasses import replace
from typing import Any

import pytest
import semver
from botocore.exceptions import ClientError

from registry.domain.applications import Dependency
from registry.errors import AlreadyExists, Invalid, NotFound, Unavailable
from registry.stores.applications import ApplicationStore, Stale
from registry.stores.transactions import TRIES
from tests.support.entities import TABLE, application, arn, version

pytestmark = pytest.mark.unit


def test_application_and_version_come_back_with_every_field(store: ApplicationStore) -> None:
    app = application(
        "full", labels=("a", "b"), home_page_url="https://example.com", spdx_license_id="MIT",
        license_digest="1" * 64, readme_digest="2" * 64,
    )  # fmt: skip
    first = version(
        "1.0.0",
        parameters=({"name": "P", "minValue": 10**60, "noEcho": False, "referencedByResources": ["Q"]},),
        required_capabilities=("CAPABILITY_IAM",),
        dependencies=(Dependency(application_id="arn:x", semantic_version="2.0.0"),),
        asset_digests=("d" * 64,),
        source_code_url="https://example.com/src",
        source_archive_digest="e" * 64,
        warnings=("odd",),
    )
    store.add(app, first)
    assert store.find(app.arn) == app
    assert store.find_version(app.id, "1.0.0") == first


def test_a_second_writer_of_a_name_is_refused_and_leaves_neither_application_nor_version(
    store: ApplicationStore, dynamodb: Any
) -> None:
    store.add(application("hello"), version("1.0.0"))
    before = dynamodb.scan(TableName=TABLE)["Items"]
    with pytest.raises(AlreadyExists) as refused:
        store.add(application("hello", id="OTHER"), version("2.0.0"))
    assert refused.value.message == f"Application with id {arn('hello')} already exists"
    assert dynamodb.scan(TableName=TABLE)["Items"] == before


def test_a_conflict_of_transactions_is_tried_again_and_then_retryable(
    store: ApplicationStore, dynamodb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    def conflict(**_: Any) -> None:
        tries.append(1)
        raise dynamodb.exceptions.TransactionCanceledException(
            {
                "Error": {"Code": "TransactionCanceledException", "Message": "x"},
                "CancellationReasons": [{"Code": "TransactionConflict"}, {"Code": "None"}],
            },  # type: ignore[arg-type]
            "TransactWriteItems",
        )

    monkeypatch.setattr(dynamodb, "transact_write_items", conflict)
    with pytest.raises(Unavailable):
        store.add(application("hello"), None)
    assert len(tries) == TRIES


@pytest.mark.parametrize(
    "other", [replace(arn("hello"), region="eu-west-1"), replace(arn("hello"), partition="aws-cn")]
)
def test_an_arn_of_another_region_or_partition_finds_and_deletes_nothing(
    store: ApplicationStore, other: Any
) -> None:
    store.add(application("hello"), None)
    assert store.find(other) is None
    with pytest.raises(NotFound):
        store.delete(other)
    assert store.find(arn("hello")) is not None


def test_a_change_sets_what_it_names_counts_rev_and_leaves_the_rest(store: ApplicationStore) -> None:
    app = application("hello", readme_digest="2" * 64)
    store.add(app, None)
    changed = store.change(app, {"description": "second", "labels": ()})
    assert changed == replace(app, description="second", labels=(), rev=2)
    assert store.find(app.arn) == changed


def test_a_change_of_what_somebody_else_changed_is_stale(store: ApplicationStore) -> None:
    app = application("hello")
    store.add(app, None)
    store.change(app, {"description": "theirs"})
    with pytest.raises(Stale):
        store.change(app, {"description": "ours"})
    found = store.find(app.arn)
    assert found is not None
    assert found.description == "theirs"


def test_a_change_never_brings_a_deleted_or_made_again_application_back(store: ApplicationStore) -> None:
    app = application("hello")
    store.add(app, None)
    store.delete(app.arn)
    with pytest.raises(Stale):
        store.change(app, {"description": "ghost"})
    store.add(application("hello", id="SECOND"), None)
    with pytest.raises(Stale):
        store.change(app, {"description": "ghost"})


def test_deleting_what_is_not_there_is_not_found(store: ApplicationStore) -> None:
    with pytest.raises(NotFound):
        store.delete(arn("nowhere"))


def test_a_name_made_again_has_none_of_the_old_versions(store: ApplicationStore) -> None:
    store.add(application("hello"), version("1.0.0"))
    store.delete(arn("hello"))
    again = application("hello", id="SECOND")
    store.add(again, None)
    assert store.newest_version(again.id) is None
    assert store.list_versions(again.id, limit=10, after=None).entities == ()


def test_the_same_version_again_gives_the_stored_one_and_other_content_is_refused(
    store: ApplicationStore,
) -> None:
    app = application("hello")
    store.add(app, version("1.0.0"))
    again = version("1.0.0", created_at="2027-01-01T00:00:00.000Z")
    assert store.add_version(app, again) == version("1.0.0")
    with pytest.raises(AlreadyExists, match=r"1\.0\.0"):
        store.add_version(app, version("1.0.0", content_digest="f" * 64))
    assert store.find_version(app.id, "1.0.0") == version("1.0.0")


@pytest.mark.parametrize("made_again", [False, True])
def test_a_version_of_an_application_that_went_meanwhile_is_not_found_and_leaves_nothing(
    store: ApplicationStore, dynamodb: Any, made_again: bool
) -> None:
    seen = application("hello")
    store.add(seen, None)
    store.delete(seen.arn)
    if made_again:
        store.add(application("hello", id="SECOND"), None)
    before = dynamodb.scan(TableName=TABLE)["Items"]
    with pytest.raises(NotFound, match="does not exist"):
        store.add_version(seen, version("1.0.0"))
    assert dynamodb.scan(TableName=TABLE)["Items"] == before


def test_the_newest_is_the_highest_by_precedence_and_the_list_is_in_that_order(
    store: ApplicationStore,
) -> None:
    ordered = [
        "0.9.0",
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.beta",
        "1.0.0-2",
        "1.0.0",
        "1.9.0",
        "1.10.0",
    ]
    ordered.sort(key=semver.Version.parse)
    app = application("hello")
    store.add(app, None)
    for text in random.Random(7).sample(ordered, len(ordered)):
        store.add_version(app, version(text))
    newest = store.newest_version(app.id)
    assert newest is not None
    assert newest.semantic_version == "1.10.0"
    page = store.list_versions(app.id, limit=100, after=None)
    assert [one.semantic_version for one in page.entities] == ordered


def test_pages_hold_every_application_of_the_account_once_and_end_without_an_empty_page(
    store: ApplicationStore, dynamodb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = dynamodb.query

    def as_dynamodb(**asked: Any) -> Any:
        """Unlike moto, DynamoDB gives a last key whenever the limit was reached."""
        answer = query(**asked)
        if len(answer["Items"]) == asked["Limit"]:
            answer["LastEvaluatedKey"] = {name: answer["Items"][-1][name] for name in ("PK", "SK")}
        return answer

    monkeypatch.setattr(dynamodb, "query", as_dynamodb)
    names = [f"app-{number:02}" for number in range(6)]
    for name in reversed(names):
        store.add(application(name), None)
    store.add(application("foreign", arn=arn("foreign", account="222222222222")), None)
    pages, after = [], None
    while True:
        page = store.list("111111111111", limit=3, after=after)
        pages.append([one.arn.name for one in page.entities])
        if page.resume is None:
            break
        after = page.resume
    assert pages == [names[:3], names[3:]]


def test_a_version_too_large_for_an_item_is_refused_with_its_size_and_the_limit(
    store: ApplicationStore,
) -> None:
    big = version("1.0.0", parameters=({"name": "P", "description": "x" * 400_000},))
    with pytest.raises(Invalid, match=r"400\d\d\d bytes in all, 390000 allowed"):
        store.add(application("hello"), big)
    just = version("1.0.0", parameters=({"name": "P", "description": "x" * 389_000},))
    store.add(application("hello"), just)


def test_what_aws_refuses_for_other_reasons_passes_through(store: ApplicationStore, dynamodb: Any) -> None:
    dynamodb.delete_table(TableName=TABLE)
    with pytest.raises(ClientError):
        store.add(application("hello"), None)
