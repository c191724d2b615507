from dataclasses import replace
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.exceptions import ClientError

from registry.domain.keys import check_key
from registry.errors import AlreadyExists, Invalid, NotFound, Unavailable
from registry.stores.keys import KeyStore
from tests.support.keys import REGION, TABLE, a_key

pytestmark = pytest.mark.unit

LATER = datetime(2027, 1, 1, tzinfo=UTC)
KEYS = [
    a_key(),
    a_key("SARK234567ABCDEFGHIJ", actions=("GetApplication", "ListApplications"), expires_at=LATER),
    a_key("SARK234567ABCDEFGHIK", revoked_at=LATER, description=""),
]


@pytest.mark.parametrize("key", KEYS)
def test_a_key_reads_back_as_it_was_added(store: KeyStore, key: object) -> None:
    store.add(key)  # type: ignore[arg-type]
    assert store.find(key.record.access_key_id) == key  # type: ignore[attr-defined]


def test_no_item_holds_a_secret(store: KeyStore) -> None:
    store.add(a_key(secret="very-secret-indeed"))
    assert b"very-secret" not in repr(boto3.client("dynamodb", REGION).scan(TableName=TABLE)).encode()


def test_an_unknown_key_is_none(store: KeyStore) -> None:
    assert store.find("222222222222") is None


def test_of_two_adds_the_second_is_refused_and_changes_nothing(store: KeyStore) -> None:
    store.add(a_key())
    with pytest.raises(AlreadyExists, match="111111111111"):
        store.add(a_key(secret="t" * 40))
    assert store.find("111111111111") == a_key()


def test_replace_is_refused_when_another_came_first(store: KeyStore) -> None:
    store.add(a_key())
    seen = a_key().record
    second = a_key(secret="t" * 40, created_at=seen.created_at + timedelta(seconds=1))
    store.replace(second, seen=seen)
    with pytest.raises(AlreadyExists):
        store.replace(a_key(secret="u" * 40, created_at=LATER), seen=seen)
    assert store.find("111111111111") == second


def test_a_ciphertext_moved_to_another_key_s_item_does_not_decrypt(store: KeyStore) -> None:
    store.add(a_key())
    dynamodb = boto3.client("dynamodb", REGION)
    item = dynamodb.get_item(TableName=TABLE, Key={"accessKeyId": {"S": "111111111111"}})["Item"]
    dynamodb.put_item(TableName=TABLE, Item={**item, "accessKeyId": {"S": "222222222222"}})
    with pytest.raises(Unavailable) as refused:
        store.find("222222222222")
    assert isinstance(refused.value.__cause__, ClientError)


def test_list_gives_every_key_over_all_pages(store: KeyStore) -> None:
    many = [a_key(f"SARK{number:016d}", description="d" * 4000) for number in range(300)]
    for key in many:
        store.add(key)  # 1.2 MB in all, a scan's page holds 1 MB
    assert {record.access_key_id for record in store.list()} == {key.record.access_key_id for key in many}


def test_revoking_again_keeps_the_first_date(store: KeyStore) -> None:
    store.add(a_key())
    first = store.revoke("111111111111", at=LATER)
    assert first.revoked_at == LATER
    assert store.revoke("111111111111", at=LATER + timedelta(days=1)) == first


def test_revoking_an_unknown_key_is_not_found_and_makes_none(store: KeyStore) -> None:
    with pytest.raises(NotFound, match="222222222222"):
        store.revoke("222222222222", at=LATER)
    assert list(store.list()) == []


def test_an_end_comes_nearer_but_never_goes_farther(store: KeyStore) -> None:
    store.add(a_key())
    assert store.end("111111111111", at=LATER).expires_at == LATER
    with pytest.raises(NotFound):
        store.end("111111111111", at=LATER + timedelta(days=1))
    sooner = LATER - timedelta(days=1)
    assert store.end("111111111111", at=sooner).expires_at == sooner


def test_a_revoked_key_cannot_be_given_an_end(store: KeyStore) -> None:
    store.add(a_key(revoked_at=LATER))
    with pytest.raises(NotFound):
        store.end("111111111111", at=LATER)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"access_key_id": "short"}, "access key id 'short'"),
        ({"access_key_id": "with/slash/12345"}, "access key id"),
        ({"account": "1"}, "account '1' is not 12 digits"),
        ({"principal": "two words"}, "principal"),
        ({"actions": ()}, "none given"),
        ({"actions": ("*", "GetApplication")}, r"unknown actions \*"),
        ({"actions": ("GetApplications",)}, "unknown actions GetApplications; known are .*GetApplication,"),
    ],
)
def test_a_malformed_key_is_refused_by_field(changed: dict[str, object], said: str) -> None:
    key = a_key()
    with pytest.raises(Invalid, match=said):
        check_key(replace(key, record=replace(key.record, **changed)))  # type: ignore[arg-type]


@pytest.mark.parametrize("secret", ["", "short", "with blank 1234567890", "x" * 257, "ünïcode-1234567890"])
def test_a_weak_or_unsendable_secret_is_refused_and_not_shown(secret: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_key(a_key(secret=secret))
    assert not secret or secret not in str(refused.value)


def test_a_secret_is_in_no_repr() -> None:
    assert "very-secret" not in repr(a_key(secret="very-secret-indeed"))
