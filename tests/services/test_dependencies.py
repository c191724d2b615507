"""Who may nest which application, and the tree that nested applications make."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from moto import mock_aws

from registry.domain.applications import MAX_NESTED, Dependency
from registry.errors import AccessDenied, Forbidden, Invalid, NotFound
from registry.services.dependencies import Dependencies
from registry.stores.applications import ApplicationStore
from tests.support.entities import (
    CONSUMER,
    PUBLISHER,
    REGION,
    TABLE,
    application,
    arn,
    create_entity_table,
    version,
)

pytestmark = pytest.mark.unit


@dataclass(frozen=True)
class Caller:
    account: str = PUBLISHER
    region: str = REGION
    actions: tuple[str, ...] = ("*",)
    principal: str = field(default="arn:aws:iam::111111111111:user/tester")

    def may(self, action: str, /) -> bool:
        return self.actions == ("*",) or action in self.actions

    def organization(self) -> str | None:
        return None


@pytest.fixture
def store() -> Iterator[ApplicationStore]:
    with mock_aws():
        dynamodb = boto3.client("dynamodb", region_name=REGION)
        create_entity_table(dynamodb)
        yield ApplicationStore(dynamodb, table=TABLE, partition="aws", region=REGION)


def nested(name: str, number: str = "1.0.0", account: str = PUBLISHER) -> Dependency:
    return Dependency(application_id=str(arn(name, account)), semantic_version=number)


def publish(
    store: ApplicationStore, name: str, *below: Dependency, number: str = "1.0.0", **fields: Any
) -> Dependency:
    app = application(name, **fields)
    made = version(number, dependencies=below)
    if store.find(app.arn) is None:
        store.add(app, made)
    else:
        store.add_version(app, made)
    return Dependency(application_id=str(app.arn), semantic_version=number)


def chain(store: ApplicationStore, length: int) -> Dependency:
    """The top one of applications that each nest the next."""
    top = publish(store, "link-0")
    for number in range(1, length):
        top = publish(store, f"link-{number}", top)
    return top


def test_what_exists_and_may_be_read_may_be_nested(store: ApplicationStore) -> None:
    Dependencies(applications=store).check(Caller(), [publish(store, "a"), publish(store, "b")])


def test_a_version_that_does_not_exist_is_refused_in_the_words_that_clients_show(
    store: ApplicationStore,
) -> None:
    publish(store, "a")
    with pytest.raises(NotFound, match=rf"^Application {arn('a')} does not have a version 2\.0\.0$"):
        Dependencies(applications=store).check(Caller(), [nested("a", "2.0.0")])


def test_a_missing_application_of_ones_own_is_not_found(store: ApplicationStore) -> None:
    with pytest.raises(NotFound, match=f"^Application with id {arn('a')} does not exist$"):
        Dependencies(applications=store).check(Caller(), [nested("a")])


def test_another_accounts_private_application_and_none_at_all_are_refused_alike(
    store: ApplicationStore,
) -> None:
    foreign = publish(store, "a", arn=arn("a", CONSUMER))
    said = []
    for one in (foreign, nested("b", account=CONSUMER)):
        with pytest.raises(AccessDenied) as refusal:
            Dependencies(applications=store).check(Caller(), [one])
        said.append(refusal.value.message.replace("/a", "/?").replace("/b", "/?"))
    assert said[0] == said[1]
    assert "not authorized to perform: serverlessrepo:GetApplication on resource" in said[0]


def test_a_publisher_that_may_not_read_may_not_nest(store: ApplicationStore) -> None:
    found = publish(store, "a")
    with pytest.raises(AccessDenied):
        Dependencies(applications=store).check(Caller(actions=("CreateApplication",)), [found])


@pytest.mark.parametrize(("length", "refused"), [(4, False), (5, False), (6, True)])
def test_a_tree_may_be_five_levels_deep_and_not_six(
    store: ApplicationStore, length: int, refused: bool
) -> None:
    top = chain(store, length)
    if refused:
        with pytest.raises(Invalid, match=rf"6 levels deep, 5 allowed: {arn('link-0')} 1\.0\.0 is"):
            Dependencies(applications=store).check(Caller(), [top])
    else:
        Dependencies(applications=store).check(Caller(), [top])


@pytest.mark.parametrize(("more", "refused"), [(-1, False), (0, False), (1, True)])
def test_a_tree_may_hold_200_applications_and_not_more(
    store: ApplicationStore, more: int, refused: bool
) -> None:
    many = [nested(f"n{number}") for number in range(MAX_NESTED + more - 1)]
    top = publish(store, "top", *many)
    if refused:
        with pytest.raises(Invalid, match=f"nests more than {MAX_NESTED} applications"):
            Dependencies(applications=store).check(Caller(), [top])
    else:
        Dependencies(applications=store).check(Caller(), [top])


def test_the_tree_holds_every_level_once_in_order_of_arn_and_precedence(store: ApplicationStore) -> None:
    old, new = publish(store, "z", number="1.9.0"), publish(store, "z", number="1.10.0")
    left, right = publish(store, "left", new, old), publish(store, "right", old)
    found = Dependencies(applications=store).tree(Caller(), version("1.0.0", dependencies=(right, left, old)))
    assert found == (left, right, old, new)


def test_applications_that_nest_each_other_end(store: ApplicationStore) -> None:
    one = publish(store, "a", nested("b"))
    other = publish(store, "b", nested("a"))
    found = Dependencies(applications=store).tree(Caller(), version("1.0.0", dependencies=(one,)))
    assert found == (one, other)
    Dependencies(applications=store).check(Caller(), [one])


def test_what_a_foreign_private_application_nests_stays_its_own(store: ApplicationStore) -> None:
    secret = publish(store, "secret", arn=arn("secret", CONSUMER), id="ID-secret")
    foreign = publish(store, "shared-once", secret, arn=arn("shared-once", CONSUMER))
    gone = nested("gone")
    direct = (foreign, gone, publish(store, "mine", publish(store, "below")))
    found = Dependencies(applications=store).tree(Caller(), version("1.0.0", dependencies=direct))
    assert {one.application_id.rpartition("/")[2] for one in found} == {
        "shared-once",
        "gone",
        "mine",
        "below",
    }


def test_a_tree_that_grew_after_it_was_published_is_not_followed_without_end(
    store: ApplicationStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("registry.services.dependencies.MAX_NESTED", 10)
    below: tuple[Dependency, ...] = ()
    for level in range(4):
        below = tuple(publish(store, f"l{level}-{n}", *below) for n in range(6))
    found = Dependencies(applications=store).tree(Caller(), version("1.0.0", dependencies=below))
    assert len(found) == 12


def test_what_was_taken_down_is_neither_nested_nor_looked_into(store: ApplicationStore) -> None:
    bad = publish(store, "bad", publish(store, "below"))
    mark = {"reason": "malware", "at": "2026-11-24T06:16:00.000Z", "by": "operator"}
    store.change(application("bad"), {"takenDown": mark})
    with pytest.raises(Forbidden, match="taken down"):
        Dependencies(applications=store).check(Caller(), [bad])
    assert Dependencies(applications=store).tree(Caller(), version("1.0.0", dependencies=(bad,))) == (bad,)
