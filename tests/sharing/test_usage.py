"""What an account uses, counted in the same transaction as what it counts."""

from typing import Any

import pytest

from registry.domain.statements import Statement
from registry.errors import AlreadyExists, Forbidden, Invalid, Unavailable
from registry.stores.applications import ApplicationStore, Stale
from registry.stores.items import policy_value
from registry.stores.usage import Usage, UsageStore, public_place
from tests.support.entities import PUBLISHER, TABLE, application, arn, version

pytestmark = pytest.mark.unit

PUBLIC = (Statement(actions=("Deploy",), principals=("*",), statement_id="all"),)
SHARED = (Statement(actions=("Deploy",), principals=("222222222222",), statement_id="one"),)


@pytest.fixture
def used(dynamodb: Any) -> Any:
    return lambda: UsageStore(dynamodb, table=TABLE).find(PUBLISHER)


def test_an_account_that_stored_nothing_uses_nothing(used: Any, store: ApplicationStore) -> None:
    store.add(application("hello"), None)
    assert used() == Usage()


def test_a_version_counts_its_bytes_and_says_whose_they_are(
    used: Any, store: ApplicationStore, dynamodb: Any
) -> None:
    app = application("hello")
    store.add(app, version("1.0.0", stored_bytes=100))
    store.add_version(app, version("2.0.0", stored_bytes=11))
    assert used() == Usage(stored_bytes=111)
    items = [item for item in dynamodb.scan(TableName=TABLE)["Items"] if "semanticVersion" in item]
    assert [item["account"] for item in items] == [{"S": PUBLISHER}] * 2


def test_what_is_refused_or_there_already_is_not_counted(used: Any, store: ApplicationStore) -> None:
    app = application("hello")
    store.add(app, version("1.0.0", stored_bytes=100))
    with pytest.raises(AlreadyExists):
        store.add(app, version("1.0.0", stored_bytes=100))
    store.add_version(app, version("1.0.0", stored_bytes=100))  # says the same
    with pytest.raises(AlreadyExists):
        store.add_version(app, version("1.0.0", stored_bytes=100, content_digest="d" * 64))
    assert used() == Usage(stored_bytes=100)


@pytest.mark.parametrize(("allowed", "fits"), [(159, False), (160, True), (161, True)])
def test_bytes_fit_up_to_the_limit(used: Any, store: ApplicationStore, allowed: int, fits: bool) -> None:
    app = application("hello")
    store.add(app, version("1.0.0", stored_bytes=100), max_stored_bytes=allowed)
    more = version("2.0.0", stored_bytes=60)
    if fits:
        store.add_version(app, more, max_stored_bytes=allowed)
        assert used() == Usage(stored_bytes=160)
        return
    with pytest.raises(Invalid, match=r"has 100 bytes .* adds 60, and 159 are allowed: delete"):
        store.add_version(app, more, max_stored_bytes=allowed)
    assert used() == Usage(stored_bytes=100)
    assert store.find_version(app.id, "2.0.0") is None
    with pytest.raises(Invalid, match="has 100 bytes"):
        store.add(application("second"), more, max_stored_bytes=allowed)
    assert store.find(arn("second")) is None


@pytest.mark.parametrize(("size", "fits"), [(99, True), (100, True), (101, False)])
def test_the_first_version_of_all_must_fit_as_well(
    used: Any, store: ApplicationStore, size: int, fits: bool
) -> None:
    if fits:
        store.add(application("hello"), version("1.0.0", stored_bytes=size), max_stored_bytes=100)
    else:
        with pytest.raises(Invalid, match="has 0 bytes"):
            store.add(application("hello"), version("1.0.0", stored_bytes=size), max_stored_bytes=100)
    assert used() == Usage(stored_bytes=size if fits else 0)


def test_at_the_limit_the_name_taken_and_the_version_there_are_still_told_as_such(
    store: ApplicationStore,
) -> None:
    app = application("hello")
    store.add(app, version("1.0.0", stored_bytes=100))
    with pytest.raises(AlreadyExists):
        store.add(application("hello"), version("1.0.0", stored_bytes=1), max_stored_bytes=100)
    stored = store.add_version(app, version("1.0.0", stored_bytes=100), max_stored_bytes=100)
    assert stored.semantic_version == "1.0.0"


def test_a_public_applications_place_goes_with_the_change_or_not_at_all(
    used: Any, store: ApplicationStore
) -> None:
    app = application("hello")
    store.add(app, None)
    store.change_and_charge(app, {"policy": policy_value(PUBLIC)}, public_place(PUBLISHER, 1, limit=1))
    assert used() == Usage(public_applications=1)
    with pytest.raises(Stale):  # `app` is as it was before
        store.change_and_charge(app, {"policy": policy_value(PUBLIC)}, public_place(PUBLISHER, 1, limit=2))
    second = application("second")
    store.add(second, None)
    with pytest.raises(Invalid, match="has 1 public applications, 1 are allowed"):
        store.change_and_charge(second, {"policy": policy_value(PUBLIC)}, public_place(PUBLISHER, 1, limit=1))
    assert used() == Usage(public_applications=1)
    assert store.find(second.arn) == second


def test_no_place_at_all_can_be_allowed(store: ApplicationStore) -> None:
    app = application("hello")
    store.add(app, None)
    with pytest.raises(Invalid, match="has 0 public applications, 0 are allowed"):
        store.change_and_charge(app, {"policy": policy_value(PUBLIC)}, public_place(PUBLISHER, 1, limit=0))


def test_deleting_a_public_application_gives_its_place_back(
    used: Any, store: ApplicationStore, dynamodb: Any
) -> None:
    for name, policy in (("public", PUBLIC), ("shared", SHARED), ("private", ())):
        app = application(name)
        store.add(app, None)
        changes = {"policy": policy_value(policy)}
        if policy == PUBLIC:
            store.change_and_charge(app, changes, public_place(PUBLISHER, 1, limit=1))
        else:
            store.change(app, changes)
    assert used() == Usage(public_applications=1)
    for name in ("private", "shared", "public"):
        store.delete(arn(name))
        assert store.find(arn(name)) is None
    assert used() == Usage()


def test_a_deletion_that_others_always_overtake_can_be_asked_again(
    used: Any, store: ApplicationStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.add(application("hello", policy=SHARED), None)
    find = store.find

    def overtaken(name: Any) -> Any:
        seen = find(name)
        assert seen is not None
        store.change(seen, {"description": "theirs"})
        return seen

    monkeypatch.setattr(store, "find", overtaken)
    with pytest.raises(Unavailable):
        store.delete(arn("hello"))
    monkeypatch.undo()
    assert store.find(arn("hello")) is not None


def test_one_that_was_taken_down_is_not_deleted_though_it_is_shared(store: ApplicationStore) -> None:
    app = application("hello", policy=SHARED)
    store.add(app, None)
    store.change(app, {"takenDown": {"reason": "malware", "at": "now", "by": "me"}})
    with pytest.raises(Forbidden, match="malware"):
        store.delete(app.arn)
    assert store.find(app.arn) is not None
