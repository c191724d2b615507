"""Proofs that are refused before STS is asked: foreign, old, unsigned, ambiguous (CVE-2022-2385)."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from registry.stores.keys import KeyStore
from tests.identity.answers import Exchange, refused
from tests.support.proofs import CI_USER, SESSION, USER, Ask
from tests.support.signing import ClientKey
from tests.support.sts import StandInSts

pytestmark = pytest.mark.unit


def test_signing_keys_that_the_proof_does_not_cover_are_refused(
    exchange_lambda: Exchange, store: KeyStore, sts: StandInSts
) -> None:
    """Whoever intercepts a proof cannot put signing keys of his own in its place."""
    ask = Ask().request()
    ask["signingKeys"] = dict.fromkeys(ask["signingKeys"], "ab" * 32)
    status, kind, message = refused(exchange_lambda(ask), store)
    assert (status, kind) == (403, "InvalidSignatureException")
    assert "other signing keys than the proof covers" in message
    assert sts.asked == []


def test_a_proof_for_a_registry_key_registers_no_signing_keys(
    exchange_lambda: Exchange, store: KeyStore
) -> None:
    ask = Ask(kind="registry-key").request() | {
        "kind": "signing-keys",
        "signingKeys": Ask().request()["signingKeys"],
    }
    assert refused(exchange_lambda(ask), store)[:2] == (403, "InvalidSignatureException")


@pytest.mark.parametrize(
    "other",
    [
        Ask(stage="beta"),
        Ask(region="eu-west-1", sts_host="sts.eu-west-1.amazonaws.com"),
        Ask(host="registry.example.com"),
        Ask(server_id="vault.example.com"),
    ],
    ids=["stage", "region", "host", "another product"],
)
def test_a_proof_for_another_registry_is_refused(
    exchange_lambda: Exchange, store: KeyStore, sts: StandInSts, other: Ask
) -> None:
    assert refused(exchange_lambda(other.request()), store)[:2] == (403, "InvalidSignatureException")
    assert sts.asked == []


def test_the_host_in_the_proof_is_the_one_the_caller_reached(exchange_lambda: Exchange) -> None:
    ask = Ask(host="registry.example.com").request()
    assert exchange_lambda(ask, host="Registry.Example.com")[0] == 201
    assert exchange_lambda(Ask().request(), host="registry.example.com")[0] == 403


@pytest.mark.parametrize(
    "changed",
    [
        lambda scope: scope.replace("/us-east-1/", "/eu-west-1/"),
        lambda scope: scope.replace("/sts/", "/iam/"),
        lambda scope: scope.replace("/aws4_request", "/aws5_request"),
    ],
)
def test_a_foreign_scope_is_refused(
    exchange_lambda: Exchange, store: KeyStore, sts: StandInSts, changed: Callable[[str], str]
) -> None:
    ask = Ask().request()
    ask["proof"]["authorization"] = changed(ask["proof"]["authorization"])
    status, kind, message = refused(exchange_lambda(ask), store)
    assert (status, kind) == (403, "InvalidSignatureException")
    assert "<date>/us-east-1/sts/aws4_request" in message
    assert sts.asked == []


def test_a_scope_of_another_day_than_the_date_is_refused(exchange_lambda: Exchange, store: KeyStore) -> None:
    ask = Ask().request()
    today = f"{datetime.now(UTC):%Y%m%d}"
    ask["proof"]["authorization"] = ask["proof"]["authorization"].replace(f"/{today}/", "/20200101/")
    assert refused(exchange_lambda(ask), store)[:2] == (403, "InvalidSignatureException")


@pytest.mark.parametrize("name", ["host", "x-amz-date", "x-registry-server-id", "content-type"])
def test_an_unsigned_header_is_refused(
    exchange_lambda: Exchange, store: KeyStore, sts: StandInSts, name: str
) -> None:
    ask = Ask().request()
    authorization = ask["proof"]["authorization"]
    ask["proof"]["authorization"] = authorization.replace(f"{name};", "").replace(f";{name},", ",")
    assert ask["proof"]["authorization"] != authorization
    status, kind, message = refused(exchange_lambda(ask), store)
    assert (status, kind) == (403, "InvalidSignatureException")
    assert name in message
    assert sts.asked == []


def test_an_unsigned_session_token_is_refused(exchange_lambda: Exchange, store: KeyStore) -> None:
    ask = Ask().request()
    ask["proof"]["x-amz-security-token"] = "IQoJ"
    assert refused(exchange_lambda(ask), store)[:2] == (403, "InvalidSignatureException")


@pytest.mark.parametrize(("seconds", "status"), [(-297, 201), (-303, 403), (297, 201), (303, 403)])
def test_a_proof_is_good_for_five_minutes_either_way(
    exchange_lambda: Exchange, seconds: int, status: int
) -> None:
    at = datetime.now(UTC) + timedelta(seconds=seconds)
    assert exchange_lambda(Ask(at=at).request())[0] == status


@pytest.mark.parametrize(
    "date", ["", "20261124", "99991231T235959Z", "2026-11-24T06:16:00Z", "²0261124T061600Z", 5]
)
def test_a_date_that_is_none_is_a_403(exchange_lambda: Exchange, store: KeyStore, date: object) -> None:
    ask = Ask().request()
    ask["proof"]["x-amz-date"] = date
    assert refused(exchange_lambda(ask), store)[0] == 403


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda text: text.replace('"kind"', '"kind": "registry-key", "kind"', 1), "kind"),
        (lambda text: text.replace('"kind"', '"Kind": "registry-key", "kind"', 1), "kind"),
        (lambda text: text.replace('"x-amz-date"', '"X-Amz-Date": "x", "x-amz-date"', 1), "x-amz-date"),
        (
            lambda text: text.replace('"authorization"', '"authorization": "x", "authorization"', 1),
            "authorization",
        ),
    ],
)
def test_cve_2022_2385_no_member_can_be_given_twice_in_any_case(
    exchange_lambda: Exchange, store: KeyStore, change: Callable[[str], str], named: str
) -> None:
    status, _, message = refused(exchange_lambda(change(json.dumps(Ask().request()))), store)
    assert status == 400
    assert message == f"{named} is given more than once"


@pytest.mark.parametrize(
    "change",
    [
        lambda text: f"{text}, Signature={'0' * 64}",
        lambda text: text.replace("Credential=", "Credential=AKIAI44QH8DHBEXAMPLE/x, Credential="),
        lambda text: text.replace("Credential=", "credential="),
        lambda text: text.replace(", ", ","),
        lambda text: text.replace("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"),
        lambda text: text[:-1],
        lambda text: text[:-64] + text[-64:].upper(),
        lambda text: f"Bearer {text}",
    ],
)
def test_cve_2022_2385_authorization_has_one_form_alone(
    exchange_lambda: Exchange, store: KeyStore, sts: StandInSts, change: Callable[[str], str]
) -> None:
    ask = Ask().request()
    ask["proof"]["authorization"] = change(ask["proof"]["authorization"])
    assert refused(exchange_lambda(ask), store)[0] == 400
    assert sts.asked == []


@pytest.mark.parametrize(
    "value", ["a\r\nX-Injected: 1", "a\n", "", "ä", " a", "a  b", 5, None, ["a"], "a" * 8193]
)
def test_a_header_is_one_line_of_visible_ascii(
    exchange_lambda: Exchange, store: KeyStore, sts: StandInSts, value: object
) -> None:
    ask = Ask(key=SESSION).request()
    ask["proof"]["x-amz-security-token"] = value
    status, _, message = refused(exchange_lambda(ask), store)
    assert status == 400
    assert "proof.x-amz-security-token" in message
    assert sts.asked == []


@pytest.mark.parametrize(
    "access_key_id", ["111111111111", "SARKABCDEFGHIJKLMNOP", "AKIAshort", "AROAIOSFODNN7EXAMPLE"]
)
def test_only_ids_of_aws_access_keys_are_exchanged(
    exchange_lambda: Exchange, store: KeyStore, sts: StandInSts, access_key_id: str
) -> None:
    key = ClientKey(access_key_id=access_key_id, secret=USER.secret)
    sts.knows(key, CI_USER)
    assert refused(exchange_lambda(Ask(key=key).request()), store)[0] == 403
    assert sts.asked == []
