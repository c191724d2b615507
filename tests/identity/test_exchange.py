"""`POST /auth/token`: a proof of an AWS identity for a key, and who is given none."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from registry.domain.keys import RegisteredKeys, RegistryKey
from registry.domain.organizations import Organization
from registry.handlers import exchange_tokens
from registry.stores.keys import KeyStore
from tests.identity.answers import Exchange, refused
from tests.support.keys import REGION, TABLE, a_key
from tests.support.proofs import PUBLISHER_ROLE, SESSION, USER, Ask, derived
from tests.support.sts import StandInSts, Told

pytestmark = pytest.mark.unit


def test_signing_keys_are_registered_under_the_id_that_signed(
    exchange_lambda: Exchange, store: KeyStore
) -> None:
    status, headers, said = exchange_lambda(Ask(key=SESSION).request())
    assert status == 201, said
    assert headers["Cache-Control"] == "no-store"
    assert said | {"expiration": ""} == {
        "kind": "signing-keys",
        "accessKeyId": SESSION.access_key_id,
        "account": "111111111111",
        "principal": PUBLISHER_ROLE,
        "actions": ["*"],
        "expiration": "",
    }
    stored = store.find(SESSION.access_key_id)
    assert isinstance(stored, RegisteredKeys)
    assert stored.by_date == {date: derived(SESSION.secret, date) for date in stored.by_date}
    assert len(stored.by_date) == 2


def test_a_registry_key_works_for_an_hour(exchange_lambda: Exchange, store: KeyStore) -> None:
    before = datetime.now(UTC)
    status, _, said = exchange_lambda(Ask(kind="registry-key").request())
    assert status == 201
    stored = store.find(said["accessKeyId"])
    assert isinstance(stored, RegistryKey)
    assert stored.secret == said["secretAccessKey"]
    assert stored.record.access_key_id.startswith("SARK")
    assert stored.record.actions == ("GetApplication", "ListApplications")
    assert stored.record.expires_at is not None
    assert before + timedelta(minutes=59) < stored.record.expires_at <= datetime.now(UTC) + timedelta(hours=1)
    assert said["expiration"] == stored.record.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_the_record_of_signing_keys_ends_after_an_hour(exchange_lambda: Exchange, store: KeyStore) -> None:
    before = datetime.now(UTC)
    exchange_lambda(Ask().request())
    (record,) = store.list()
    assert record.expires_at is not None
    assert before + timedelta(minutes=59) < record.expires_at <= datetime.now(UTC) + timedelta(hours=1)


def test_no_item_holds_a_signing_key_or_a_token(exchange_lambda: Exchange) -> None:
    ask = Ask(key=SESSION).request()
    exchange_lambda(ask)
    items = repr(boto3.client("dynamodb", REGION).scan(TableName=TABLE))
    for key in ask["signingKeys"].values():
        assert key not in items
        assert repr(bytes.fromhex(key))[2:-1] not in items
    assert SESSION.session_token is not None
    assert SESSION.session_token not in items


def test_registering_again_takes_the_place_of_what_was(exchange_lambda: Exchange, store: KeyStore) -> None:
    now = datetime.now(UTC)
    assert exchange_lambda(Ask(at=now - timedelta(seconds=2)).request())[0] == 201
    assert exchange_lambda(Ask(at=now).request())[0] == 201
    assert len(list(store.list())) == 1


def test_sts_is_asked_what_the_registry_wrote_and_nothing_else(
    exchange_lambda: Exchange, sts: StandInSts
) -> None:
    ask = Ask(key=SESSION).request()
    exchange_lambda(ask)
    (asked,) = sts.asked
    assert (asked.path, asked.body) == ("/", b"Action=GetCallerIdentity&Version=2011-06-15")
    assert asked.headers["host"] == "sts.us-east-1.amazonaws.com"
    own = {"host", "content-type", "content-length", "accept-encoding", "user-agent"}
    assert {name: value for name, value in asked.headers.items() if name not in own} == ask["proof"]


def test_a_principal_that_no_pattern_covers_is_told_so(
    exchange_lambda: Exchange, store: KeyStore, sts: StandInSts
) -> None:
    sts.knows(USER, "arn:aws:sts::111111111111:assumed-role/some-developer/ada")
    status, kind, message = refused(exchange_lambda(Ask().request()), store)
    assert (status, kind) == (403, "AccessDeniedException")
    assert "no role pattern of stage alpha covers role/some-developer of account 111111111111" in message


def test_an_organisations_pattern_covers_its_accounts_alone(
    exchange_lambda: Exchange, sts: StandInSts, organizations: Any
) -> None:
    sts.knows(USER, "arn:aws:sts::222222222222:assumed-role/anything/ada")
    assert exchange_lambda(Ask().request())[0] == 403
    members = Organization.of("o-1234567890", "111111111111", ["111111111111", "222222222222"])
    organizations.synchronise(members, at=datetime.now(UTC))
    at = datetime.now(UTC) - timedelta(seconds=2)
    status, _, said = exchange_lambda(Ask(at=at).request())
    assert (status, said["actions"]) == (201, ["GetApplication"])


def test_what_the_operator_revoked_is_not_registered_again(
    exchange_lambda: Exchange, store: KeyStore
) -> None:
    now = datetime.now(UTC)
    exchange_lambda(Ask(at=now).request())
    store.revoke(USER.access_key_id, at=now)
    status, headers, said = exchange_lambda(Ask(at=now - timedelta(seconds=2)).request())
    assert (status, headers["x-amzn-ErrorType"]) == (403, "ForbiddenException")
    assert USER.access_key_id in said["message"]
    (record,) = store.list()
    assert record.state(now) == "revoked"
    assert record.expires_at is None, "the mark must outlive the table's TTL"


def test_a_registry_key_of_the_same_id_is_never_replaced(exchange_lambda: Exchange, store: KeyStore) -> None:
    kept = a_key(USER.access_key_id)
    store.add(kept)
    assert exchange_lambda(Ask().request())[0] == 403
    assert store.find(USER.access_key_id) == kept


def test_a_refused_exchange_can_be_repeated_once_the_reason_is_gone(
    exchange_lambda: Exchange, sts: StandInSts
) -> None:
    sts.instead = Told(status=500, content=b"")
    ask = Ask().request()
    assert exchange_lambda(ask)[0] == 503
    sts.instead = None
    assert exchange_lambda(ask)[0] == 201


def test_a_signature_seen_before_is_refused(exchange_lambda: Exchange, store: KeyStore) -> None:
    ask = Ask(kind="registry-key").request()
    assert exchange_lambda(ask)[0] == 201
    status, headers, said = exchange_lambda(ask)
    assert (status, headers["x-amzn-ErrorType"]) == (403, "InvalidSignatureException")
    assert "used before" in said["message"]
    assert len(list(store.list())) == 1


def test_a_signature_is_remembered_until_after_it_is_too_old(exchange_lambda: Exchange) -> None:
    exchange_lambda(Ask(at=datetime.now(UTC) + timedelta(seconds=290)).request())
    items = boto3.client("dynamodb", REGION).scan(TableName=TABLE)["Items"]
    (seen,) = [item for item in items if item["accessKeyId"]["S"].startswith("seen#")]
    assert int(seen["expiresAt"]["N"]) >= datetime.now(UTC).timestamp() + 290 + 300


def test_two_demands_of_one_second_are_no_replay(exchange_lambda: Exchange, store: KeyStore) -> None:
    """Two machines of one user, started together: SigV4 alone would sign alike."""
    ask = Ask(at=datetime.now(UTC))
    assert [exchange_lambda(ask.request())[0] for _ in range(2)] == [201, 201]


def test_logs_name_the_rule_and_hold_no_secret(
    exchange_lambda: Exchange, capsys: pytest.CaptureFixture[str]
) -> None:
    good = Ask(key=SESSION).request()
    exchange_lambda(good)
    exchange_lambda(good)
    out = capsys.readouterr().out
    assert '"event":"key-exchanged"' in out
    assert '"rule":"proof-replayed"' in out
    secrets = [*good["signingKeys"].values(), SESSION.session_token, good["proof"]["authorization"][-64:]]
    assert not [secret for secret in secrets if secret and secret in out]


def test_wrong_role_patterns_stop_the_function_with_their_mistake(
    exchange_lambda: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROLE_PATTERNS", json.dumps([{"account": "1", "role": "*", "actions": ["*"]}]))
    exchange_tokens.exchange.cache_clear()
    status, _, said = exchange_lambda(Ask().request())
    assert (status, said["message"]) == (
        400,
        "role pattern 1: account must be 12 digits, an organisation's id (o-…) or *",
    )
