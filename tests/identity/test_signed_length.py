"""Signatures over Content-Length (as AWS's SDKs for Go and JavaScript make them), which API Gateway drops."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.api.verdict import caller_from
from registry.domain.canonical import Payload, Request
from registry.domain.signatures import check_signature, read_claim, signing_key
from registry.errors import SignatureFault
from registry.stores.keys import KeyStore
from tests.support.keys import REGION, a_key
from tests.support.signing import ENDPOINT, ClientKey, Signed, authorizer_event, proxy_event, sign

pytestmark = pytest.mark.unit

AuthLambda = Callable[[dict[str, Any]], dict[str, Any]]
NOW = datetime(2026, 11, 24, 6, 16, tzinfo=UTC)
KEY = ClientKey(access_key_id="111111111111", secret="s" * 40)
MISMATCH = "does not match the signature you provided"
BODY = '{"description": "☃"}'.encode()
ALIKE = "\ncontent-length:\ncontent-length:0\n"


def signed_with_length(
    method: str, body: bytes, *, length: int | str | None = None, at: datetime | None = None, **more: str
) -> Signed:
    """As the SDK for Go does: Content-Length is one of the signed headers. `length` may be a lie."""
    sent = {"Content-Length": str(len(body) if length is None else length), **more}
    signed = sign(method, f"{ENDPOINT}/applications", KEY, body=body, headers=sent, at=at)
    assert "content-length;host" in signed.headers["Authorization"]
    return signed


def without_length(event: dict[str, Any]) -> dict[str, Any]:
    """What API Gateway makes of the event."""
    for headers in (event["headers"], event["multiValueHeaders"]):
        del headers["Content-Length"]
    return event


def account_of(auth_lambda: AuthLambda, signed: Signed, arrive: Callable[[Any], Any] = without_length) -> str:
    context = auth_lambda(arrive(authorizer_event(signed)))["context"]
    return caller_from(arrive(proxy_event(signed, context)), auth_lambda).account


def as_received(signed: Signed) -> Request:
    event = without_length(authorizer_event(signed))
    return Request(
        method=event["httpMethod"],
        path=event["requestContext"]["path"],
        query={},
        headers=event["multiValueHeaders"],
    )


def verify(request: Request, payload: Payload) -> None:
    claim = read_claim(request, region=REGION, now=NOW)
    check_signature(claim, payload, signing_key(KEY.secret, claim.scope))


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
@pytest.mark.parametrize("body", [BODY, b""])
def test_a_signed_length_that_was_dropped_is_the_body_s(
    auth_lambda: AuthLambda, store: KeyStore, method: str, body: bytes
) -> None:
    store.add(a_key())
    assert account_of(auth_lambda, signed_with_length(method, body)) == "111111111111"


@pytest.mark.parametrize("method", ["GET", "DELETE", "HEAD"])
def test_it_is_0_where_no_body_can_follow(auth_lambda: AuthLambda, store: KeyStore, method: str) -> None:
    store.add(a_key())
    context = auth_lambda(without_length(authorizer_event(signed_with_length(method, b""))))["context"]
    assert context["account"] == "111111111111"


@pytest.mark.parametrize(
    "length", [0, len(BODY) - 1, len(BODY.decode()), f"0{len(BODY)}", f"{len(BODY)}0", ""]
)
def test_any_other_signed_length_is_refused(
    auth_lambda: AuthLambda, store: KeyStore, length: int | str
) -> None:
    store.add(a_key())
    with pytest.raises(SignatureFault, match=MISMATCH):
        account_of(auth_lambda, signed_with_length("POST", BODY, length=length))


def test_a_signed_length_is_not_believed_where_no_body_can_follow(
    auth_lambda: AuthLambda, store: KeyStore
) -> None:
    store.add(a_key())
    lying = signed_with_length("GET", b"", length=1)
    with pytest.raises(SignatureFault, match=MISMATCH):
        account_of(auth_lambda, lying)


def test_a_length_that_arrives_is_taken_as_it_came(auth_lambda: AuthLambda, store: KeyStore) -> None:
    store.add(a_key())

    def unchanged(event: dict[str, Any]) -> dict[str, Any]:
        return event

    def another(event: dict[str, Any]) -> dict[str, Any]:
        event["multiValueHeaders"]["Content-Length"] = [str(len(BODY) + 1)]
        return event

    signed = signed_with_length("POST", BODY)
    assert account_of(auth_lambda, signed, unchanged) == "111111111111"
    with pytest.raises(SignatureFault, match=MISMATCH):
        account_of(auth_lambda, signed, another)


def test_a_changed_length_in_the_body_question_is_refused(auth_lambda: AuthLambda, store: KeyStore) -> None:
    store.add(a_key())
    context = auth_lambda(without_length(authorizer_event(signed_with_length("POST", BODY))))["context"]
    payload = Payload.of(BODY)
    question = {**context, "payloadSha256": payload.sha256, "payloadBytes": payload.size_bytes}
    assert auth_lambda({"verify": question})["account"] == "111111111111"
    answer = auth_lambda({"verify": {**question, "payloadBytes": payload.size_bytes + 1}})
    assert answer["fault"] == "InvalidSignatureException"
    with pytest.raises(ValueError, match="Unknown format code 'd'"):
        auth_lambda({"verify": {**question, "payloadBytes": str(payload.size_bytes)}})


@given(body=st.binary(max_size=64), off=st.integers(-64, 10**9).filter(bool))
def test_only_the_true_length_verifies(body: bytes, off: int) -> None:
    request = as_received(signed_with_length("PUT", body, at=NOW))
    payload = Payload.of(body)
    verify(request, payload)
    with pytest.raises(SignatureFault, match=MISMATCH):
        verify(request, Payload(sha256=payload.sha256, size_bytes=payload.size_bytes + off))


@given(before=st.sampled_from(["", "content-length:", ALIKE]), body=st.binary(max_size=64))
def test_text_that_looks_like_the_header_is_left_alone(before: str, body: bytes) -> None:
    signed = signed_with_length(
        "PUT",
        body,
        at=NOW,
        **{"Accept": before + "%s{}", "X-Content-Length": before, "X-Z": "content-length"},
    )
    verify(as_received(signed), Payload.of(body))


def test_the_gap_in_a_pending_verdict_is_the_header_s_value_and_nothing_else(auth_lambda: AuthLambda) -> None:
    signed = signed_with_length("POST", BODY, **{"X-Content-Length": "content-length:"})
    context = auth_lambda(without_length(authorizer_event(signed)))["context"]
    before, after = json.loads(context["prefix"])
    assert before == "POST\n/alpha/applications\n\ncontent-length:"
    assert after.startswith("\nhost:")
    assert after.endswith(
        "x-content-length:content-length:\n\ncontent-length;host;x-amz-date;x-content-length\n"
    )


@pytest.mark.parametrize(
    "name",
    ["Connection", "Content-MD5", "Expect", "Max-Forwards", "TE", "Trailer", "Transfer-Encoding", "Upgrade"],
)
def test_every_other_dropped_header_is_refused_by_name(auth_lambda: AuthLambda, name: str) -> None:
    signed = signed_with_length("POST", BODY)
    event = without_length(authorizer_event(signed))
    (value,) = event["multiValueHeaders"]["Authorization"]
    names = sorted(["content-length", "host", "x-amz-date", name.lower()])
    changed = value.replace("content-length;host;x-amz-date", ";".join(names))
    event["multiValueHeaders"]["Authorization"] = [changed]
    context = auth_lambda(event)["context"]
    assert context["fault"] == "InvalidSignatureException"
    assert context["message"].startswith(f"'{name.lower()}' cannot be a 'SignedHeader'")
