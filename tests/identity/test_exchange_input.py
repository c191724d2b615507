"""What may stand in a request to the exchange: each constraint at its edges."""

from datetime import UTC, datetime, timedelta

import pytest

from registry.stores.keys import KeyStore
from tests.identity.answers import Exchange, refused
from tests.support.proofs import Ask
from tests.support.sts import StandInSts

pytestmark = pytest.mark.unit


def keys_of(*days: int) -> dict[str, str]:
    now = datetime.now(UTC)
    return {f"{now + timedelta(days=day):%Y%m%d}": "ab" * 32 for day in days}


@pytest.mark.parametrize(
    "signing_keys",
    [
        keys_of(), keys_of(0), keys_of(1), keys_of(0, 2), keys_of(0, 1, 2), keys_of(-1, 0), [], "x", None,
        keys_of(0) | {f"{datetime.now(UTC) + timedelta(days=1):%Y%m%d}": "ab" * 31},
        keys_of(0) | {f"{datetime.now(UTC) + timedelta(days=1):%Y%m%d}": "AB" * 32},
        keys_of(0) | {f"{datetime.now(UTC) + timedelta(days=1):%Y%m%d}": 5},
    ],
)  # fmt: skip
def test_signing_keys_are_those_of_today_and_tomorrow(
    exchange_lambda: Exchange, store: KeyStore, sts: StandInSts, signing_keys: object
) -> None:
    ask = Ask().request() | {"signingKeys": signing_keys}
    assert refused(exchange_lambda(ask), store)[0] == 400
    assert sts.asked == []


@pytest.mark.parametrize(
    "body",
    [
        "", "{", "[]", "null", "5", '{"kind": "signing-keys"}', '{"kind": "signing-keys", "proof": []}',
        '{"kind": "other", "proof": {}}', '{"proof": {}}', '{"kind": ["signing-keys"], "proof": {}}',
        "[" * 10_000, " " * 32_769,
    ],
)  # fmt: skip
def test_a_body_of_another_form_is_a_4xx_that_says_why(
    exchange_lambda: Exchange, store: KeyStore, body: str
) -> None:
    status, _, message = refused(exchange_lambda(body), store)
    assert status in (400, 403)
    assert message


def test_a_registry_key_with_signing_keys_is_a_contradiction(
    exchange_lambda: Exchange, store: KeyStore
) -> None:
    ask = Ask(kind="registry-key").request() | {"signingKeys": keys_of(0, 1)}
    status, _, message = refused(exchange_lambda(ask), store)
    assert (status, message) == (400, "signingKeys belong to kind signing-keys alone")


@pytest.mark.parametrize(
    ("nonce", "status"),
    [
        ("a" * 15, 400),
        ("a" * 16, 201),
        ("-_aZ09" * 10 + "aaaa", 201),
        ("a" * 65, 400),
        ("a" * 15 + "\n", 400),
    ],
)
def test_a_nonce_has_16_to_64_characters(exchange_lambda: Exchange, nonce: str, status: int) -> None:
    assert exchange_lambda(Ask(nonce=nonce).request())[0] == status


@pytest.mark.parametrize("nonce", [None, 5, ["a" * 16]])
def test_a_nonce_is_text(exchange_lambda: Exchange, store: KeyStore, nonce: object) -> None:
    status, _, message = refused(exchange_lambda(Ask().request() | {"nonce": nonce}), store)
    assert (status, message) == (400, "nonce must be 16 to 64 letters, digits, - and _")


def test_another_nonce_than_the_proof_covers_is_refused(exchange_lambda: Exchange, store: KeyStore) -> None:
    assert refused(exchange_lambda(Ask().request() | {"nonce": "b" * 16}), store)[0] == 403
