"""Registered signing keys at the Auth Lambda and in the store: what they verify, and what they never do."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from registry.api.verdict import caller_from
from registry.domain.canonical import Request
from registry.domain.keys import SIGNING_KEYS, KeyRecord, RegisteredKeys
from registry.domain.verdicts import VERSION
from registry.errors import NotFound, SignatureFault
from registry.services.identity import Identity
from registry.services.key_cache import KeyCache
from registry.stores.keys import KeyStore, Replayed
from registry_cli.main import main
from tests.support.keys import REGION, TABLE
from tests.support.proofs import SESSION, USER, derived
from tests.support.signing import ENDPOINT, ClientKey, Signed, authorizer_event, proxy_event, sign

pytestmark = pytest.mark.unit

AuthLambda = Callable[[dict[str, Any]], dict[str, Any]]
PRINCIPAL = "arn:aws:sts::111111111111:assumed-role/registry-publisher-ci/run-7"


def registered(key: ClientKey = SESSION, *, days: tuple[int, ...] = (0, 1), **changed: Any) -> RegisteredKeys:
    now = datetime.now(UTC).replace(microsecond=0)
    dates = [f"{now + timedelta(days=day):%Y%m%d}" for day in days]
    record: dict[str, Any] = {
        "access_key_id": key.access_key_id,
        "account": "111111111111",
        "principal": PRINCIPAL,
        "actions": ("*",),
        "description": "by exchange",
        "created_at": now,
        "kind": SIGNING_KEYS,
        "expires_at": now + timedelta(hours=1),
    }
    by_date = {date: derived(key.secret, date) for date in dates}
    return RegisteredKeys(record=KeyRecord(**record | changed), by_date=by_date)


def put_into(store: KeyStore, keys: RegisteredKeys, proof: str = "1") -> None:
    store.exchange(keys, proof=proof, forget_at=datetime.now(UTC) + timedelta(minutes=15))


def get(key: ClientKey = SESSION, **options: Any) -> Signed:
    return sign("GET", f"{ENDPOINT}/applications", key, **options)


def verdict_on(auth_lambda: AuthLambda, signed: Signed) -> dict[str, str]:
    context: dict[str, str] = auth_lambda(authorizer_event(signed))["context"]
    return context


@pytest.mark.parametrize("key", [USER, SESSION], ids=["user", "session"])
def test_a_client_with_its_own_aws_credentials_is_known(
    auth_lambda: AuthLambda, store: KeyStore, key: ClientKey
) -> None:
    put_into(store, registered(key))
    assert verdict_on(auth_lambda, get(key)) == {
        "v": VERSION,
        "account": "111111111111",
        "principal": PRINCIPAL,
        "accessKeyId": key.access_key_id,
        "actions": "*",
    }


def test_a_body_is_verified_too_and_a_changed_one_refused(auth_lambda: AuthLambda, store: KeyStore) -> None:
    put_into(store, registered())
    signed = sign("POST", f"{ENDPOINT}/applications", SESSION, body=b'{"name": "a"}')
    event = proxy_event(signed, verdict_on(auth_lambda, signed))
    assert caller_from(event, auth_lambda).principal == PRINCIPAL
    with pytest.raises(SignatureFault, match="does not match"):
        caller_from(event | {"body": '{"name": "b"}'}, auth_lambda)


def test_a_session_token_of_3000_characters_has_room_beside_the_longest_name(
    auth_lambda: AuthLambda, store: KeyStore
) -> None:
    large = replace(SESSION, session_token="x" * 3000)
    put_into(store, registered(large))
    path = f"/applications/arn%3Aaws%3Aserverlessrepo%3Aus-east-1%3A111111111111%3Aapplications%2F{'a' * 140}"
    signed = sign("PUT", f"{ENDPOINT}{path}/versions/1.0.0", large, body=b"{}")
    event = proxy_event(signed, verdict_on(auth_lambda, signed))
    assert caller_from(event, auth_lambda).access_key_id == SESSION.access_key_id


def test_the_session_token_is_part_of_the_signature(auth_lambda: AuthLambda, store: KeyStore) -> None:
    put_into(store, registered())
    signed = get()
    without = {name: value for name, value in signed.headers.items() if name != "X-Amz-Security-Token"}
    assert len(without) == len(signed.headers) - 1
    for headers in (without, signed.headers | {"X-Amz-Security-Token": "another"}):
        context = verdict_on(auth_lambda, replace(signed, headers=headers))
        assert context["fault"] == "InvalidSignatureException"


def test_an_unsigned_session_token_is_refused(auth_lambda: AuthLambda, store: KeyStore) -> None:
    put_into(store, registered(USER))
    signed = get(USER)
    context = verdict_on(auth_lambda, replace(signed, headers=signed.headers | {"X-Amz-Security-Token": "t"}))
    assert (context["fault"], "x-amz-security-token" in context["message"]) == (
        "InvalidSignatureException",
        True,
    )


def request_of(signed: Signed) -> Request:
    event = authorizer_event(signed)
    return Request(
        method=event["httpMethod"],
        path=event["requestContext"]["path"],
        query=event["multiValueQueryStringParameters"] or {},
        headers=event["multiValueHeaders"],
    )


@pytest.mark.parametrize(("day", "rule"), [(-1, "key-date"), (0, ""), (1, ""), (2, "key-date")])
def test_the_key_of_the_signatures_own_date_counts(store: KeyStore, day: int, rule: str) -> None:
    put_into(store, registered(expires_at=datetime.now(UTC) + timedelta(days=3)))
    at = datetime.now(UTC) + timedelta(days=day)
    identity = Identity(find_key=store.find, region=REGION, now=lambda: at)
    refused_by = ""
    try:
        identity.of_request(request_of(get(at=at)))
    except SignatureFault as fault:
        refused_by = fault.rule
    assert refused_by == rule


def test_an_ended_record_is_an_expired_token(auth_lambda: AuthLambda, store: KeyStore) -> None:
    put_into(store, registered(expires_at=datetime.now(UTC) - timedelta(seconds=1)))
    assert verdict_on(auth_lambda, get())["fault"] == "ExpiredTokenException"


def test_a_revoked_record_is_an_unknown_key(auth_lambda: AuthLambda, store: KeyStore) -> None:
    put_into(store, registered())
    store.revoke(SESSION.access_key_id, at=datetime.now(UTC))
    assert verdict_on(auth_lambda, get())["fault"] == "UnrecognizedClientException"


def test_after_the_end_a_new_registration_counts_at_once(store: KeyStore) -> None:
    """The hour is over, the helper registers anew: the cache does not hold on to the old record."""
    start, passed_s = datetime.now(UTC), 0.0

    def now() -> datetime:
        return start + timedelta(seconds=passed_s)

    cache = KeyCache(store.find, clock=lambda: passed_s, now=now)
    identity = Identity(find_key=cache.get, region=REGION, now=now)
    put_into(store, registered(expires_at=start + timedelta(seconds=30)))
    identity.of_request(request_of(get(at=now())))
    put_into(store, registered(), proof="2")
    passed_s = 31.0
    identity.of_request(request_of(get(at=now())))


def test_signing_keys_of_another_region_or_service_verify_nothing(
    auth_lambda: AuthLambda, store: KeyStore
) -> None:
    keys = registered()
    foreign = {date: derived(SESSION.secret, date, region="eu-west-1") for date in keys.by_date}
    put_into(store, replace(keys, by_date=foreign))
    assert verdict_on(auth_lambda, get())["fault"] == "InvalidSignatureException"


def test_what_is_stored_reads_back_and_shows_no_key(store: KeyStore) -> None:
    keys = registered()
    put_into(store, keys)
    assert store.find(SESSION.access_key_id) == keys
    assert not [key for key in keys.by_date.values() if repr(key) in repr(keys)]
    assert list(store.list()) == [keys.record]


def test_a_ciphertext_in_another_item_does_not_decrypt(store: KeyStore) -> None:
    put_into(store, registered())
    table = boto3.client("dynamodb", REGION)
    item = table.get_item(TableName=TABLE, Key={"accessKeyId": {"S": SESSION.access_key_id}})["Item"]
    with pytest.raises(ClientError, match="InvalidCiphertext"):
        boto3.client("kms", REGION).decrypt(
            CiphertextBlob=item["secretCiphertext"]["B"],
            EncryptionContext={"accessKeyId": USER.access_key_id},
        )


def test_of_two_exchanges_of_one_proof_the_second_stores_nothing(store: KeyStore) -> None:
    put_into(store, registered(USER))
    with pytest.raises(Replayed):
        put_into(store, registered(SESSION))
    assert store.find(SESSION.access_key_id) is None


def test_the_mark_of_a_proof_is_no_key(auth_lambda: AuthLambda, store: KeyStore) -> None:
    put_into(store, registered())
    assert len(list(store.list())) == 1
    with pytest.raises(NotFound):
        store.revoke("seen#1", at=datetime.now(UTC))
    context = verdict_on(auth_lambda, get(ClientKey(access_key_id="seen#1", secret="x")))
    assert context["fault"] == "UnrecognizedClientException"


def test_operators_see_and_revoke_registered_keys_and_cannot_rotate_them(
    store: KeyStore, capsys: pytest.CaptureFixture[str]
) -> None:
    stage = ["--stage", "alpha", "--region", REGION]
    put_into(store, registered())
    main(["keys", "list", "--json", *stage])
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["kind"], row["principal"], row["state"]) == ("signing-keys", PRINCIPAL, "active")
    assert main(["keys", "rotate", SESSION.access_key_id, *stage]) == 1
    assert "only AWS can rotate" in capsys.readouterr().err
    assert (
        main(
            ["keys", "create", "--account", "111111111111", "--access-key-id", SESSION.access_key_id, *stage]
        )
        == 1
    )
    assert "as registered signing keys" in capsys.readouterr().err
    assert main(["keys", "revoke", SESSION.access_key_id, *stage]) == 0
    capsys.readouterr()
    main(["keys", "list", "--json", *stage])
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["state"], row["expires"]) == ("revoked", "never")
