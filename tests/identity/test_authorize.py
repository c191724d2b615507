"""The Auth Lambda as API Gateway and the API Lambda call it."""

import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import boto3
import pytest

from registry.api.verdict import caller_from
from registry.domain.signatures import Claim, signing_key
from registry.domain.verdicts import MAX_CONTEXT_BYTES, Pending, size_bytes
from registry.errors import SignatureFault, Unavailable
from registry.stores.keys import KeyStore
from tests.support.keys import REGION, TABLE, a_key
from tests.support.signing import (
    API_ID,
    ENDPOINT,
    OWNER,
    ClientKey,
    Signed,
    authorizer_event,
    proxy_event,
    sign,
)

pytestmark = pytest.mark.unit

PAST = datetime(2026, 11, 2, tzinfo=UTC)
AuthLambda = Callable[[dict[str, Any]], dict[str, Any]]
KEY = ClientKey(access_key_id="111111111111", secret="s" * 40)
ARN = "arn%3Aaws%3Aserverlessrepo%3Aus-east-1%3A111111111111%3Aapplications%2Fhello"
BODY = json.dumps({"name": "hello", "author": "Ada", "description": "☃"}, ensure_ascii=False).encode()
ABOUT_BODY = {"payloadSha256": sha256(BODY).hexdigest(), "payloadBytes": len(BODY)}


def get(key: ClientKey = KEY, **options: Any) -> Signed:
    return sign("GET", f"{ENDPOINT}/applications/{ARN}?semanticVersion=1.0.0%2Bb", key, **options)


def put(key: ClientKey = KEY, **options: Any) -> Signed:
    url = f"{ENDPOINT}/applications/{ARN}/versions/1.0.0%2Bb"
    return sign("PUT", url, key, body=BODY, headers={"Content-Type": "application/json"}, **options)


def context_of(auth_lambda: AuthLambda, signed: Signed) -> dict[str, str]:
    answer: dict[str, str] = auth_lambda(authorizer_event(signed))["context"]
    return answer


def test_a_request_without_a_body_is_verified_at_once(auth_lambda: AuthLambda, store: KeyStore) -> None:
    store.add(a_key(actions=("GetApplication", "ListApplications")))
    assert context_of(auth_lambda, get()) == {
        "v": "1",
        "account": "111111111111",
        "principal": "arn:aws:serverlessrepo:us-east-1:111111111111:key/111111111111",
        "accessKeyId": "111111111111",
        "actions": "GetApplication,ListApplications",
    }


def test_a_request_with_a_body_proves_nothing_yet_and_costs_no_lookup(auth_lambda: AuthLambda) -> None:
    boto3.client("dynamodb", REGION).delete_table(TableName=TABLE)
    context = context_of(auth_lambda, put())
    assert set(context) == {"v", "pending", "accessKeyId", "prefix", "amzDate", "scope", "signature"}
    assert context["pending"] == "body"
    (prefix,) = json.loads(context["prefix"])
    assert prefix.startswith(
        "PUT\n/alpha/applications/arn%253Aaws%253Aserverlessrepo%253Aus-east-1%253A111111111111"
        "%253Aapplications%252Fhello/versions/1.0.0%252Bb\n\n"
    )


def test_every_answer_allows_the_whole_stage_and_nothing_else(
    auth_lambda: AuthLambda, store: KeyStore
) -> None:
    store.add(a_key())
    wrong = get(ClientKey(access_key_id="111111111111", secret="wrong"))
    for signed in (get(), put(), wrong, Signed(method="GET", url=ENDPOINT, headers={"Host": "h"}, body=b"")):
        answer = auth_lambda(authorizer_event(signed))
        (statement,) = answer["policyDocument"]["Statement"]
        assert statement == {
            "Action": "execute-api:Invoke",
            "Effect": "Allow",
            "Resource": f"arn:aws:execute-api:{REGION}:{OWNER}:{API_ID}/alpha/*/*",
        }
        assert answer["principalId"]


def test_both_halves_together_know_the_caller_of_a_body(auth_lambda: AuthLambda, store: KeyStore) -> None:
    store.add(a_key(actions=("CreateApplicationVersion",)))
    caller = caller_from(proxy_event(put(), context_of(auth_lambda, put())), auth_lambda)
    assert (caller.account, caller.access_key_id) == ("111111111111", "111111111111")
    assert caller.may("CreateApplicationVersion")
    assert not caller.may("DeleteApplication")


def test_a_changed_body_is_refused(auth_lambda: AuthLambda, store: KeyStore) -> None:
    store.add(a_key())
    event = proxy_event(put(), context_of(auth_lambda, put()))
    event["body"] = event["body"].replace("Ada", "Eve")
    with pytest.raises(SignatureFault, match="does not match the signature you provided") as refused:
        caller_from(event, auth_lambda)
    assert refused.value.code == "InvalidSignatureException"


def test_a_body_smuggled_behind_a_bodiless_signature_is_refused(
    auth_lambda: AuthLambda, store: KeyStore
) -> None:
    store.add(a_key())
    event = proxy_event(get(), context_of(auth_lambda, get())) | {"body": "{}"}
    with pytest.raises(SignatureFault, match="does not match"):
        caller_from(event, auth_lambda)


@pytest.mark.parametrize("with_body", [False, True])
@pytest.mark.parametrize(
    ("stored", "secret", "expected"),
    [
        (None, KEY.secret, ("UnrecognizedClientException", "key-unknown", "is invalid.")),
        ({}, "wrong", ("InvalidSignatureException", "signature", "The request signature we calculated")),
        ({"revoked_at": PAST}, KEY.secret, ("UnrecognizedClientException", "key-revoked", "is invalid.")),
        ({"expires_at": PAST}, KEY.secret, ("ExpiredTokenException", "key-expired", "is expired")),
    ],
)
def test_each_fault_of_a_key(
    auth_lambda: AuthLambda, store: KeyStore, capsys: pytest.CaptureFixture[str],
    stored: dict[str, Any] | None, secret: str, expected: tuple[str, str, str], with_body: bool,
) -> None:  # fmt: skip
    code, rule, message = expected
    if stored is not None:
        store.add(a_key(**stored))
    signed = (put if with_body else get)(ClientKey(access_key_id="111111111111", secret=secret))
    with pytest.raises(SignatureFault, match=message) as refused:
        caller_from(proxy_event(signed, context_of(auth_lambda, signed)), auth_lambda)
    assert refused.value.code == code
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (line["event"], line["rule"], line["accessKeyId"]) == ("request-refused", rule, "111111111111")


def test_a_key_expires_while_it_is_cached(
    auth_lambda: AuthLambda, store: KeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    soon = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=30)
    store.add(a_key(expires_at=soon))
    assert "account" in context_of(auth_lambda, get())
    from registry.handlers import authorize

    monkeypatch.setattr(
        authorize, "datetime", type("Clock", (datetime,), {"now": classmethod(lambda cls, tz: soon)})
    )
    assert context_of(auth_lambda, get(at=soon))["fault"] == "ExpiredTokenException"


def test_unsigned_is_missing_authentication_token(auth_lambda: AuthLambda) -> None:
    unsigned = Signed(method="GET", url=f"{ENDPOINT}/applications", headers={"Host": "h"}, body=b"")
    assert context_of(auth_lambda, unsigned) == {
        "v": "1",
        "fault": "MissingAuthenticationTokenException",
        "message": "Missing Authentication Token",
    }


@pytest.mark.parametrize("token_bytes", [0, 1500, 2500])
def test_the_context_is_flat_text_under_4_kb(
    auth_lambda: AuthLambda, store: KeyStore, token_bytes: int
) -> None:
    store.add(a_key())
    key = ClientKey(access_key_id="111111111111", secret=KEY.secret, session_token="A" * token_bytes or None)
    signed = put(key)
    context = context_of(auth_lambda, signed)
    assert all(isinstance(value, str) for value in context.values())
    assert size_bytes(context) <= MAX_CONTEXT_BYTES
    assert caller_from(proxy_event(signed, context), auth_lambda).account == "111111111111"


def test_more_than_a_context_can_hold_is_refused_by_number(auth_lambda: AuthLambda) -> None:
    key = ClientKey(access_key_id="111111111111", secret=KEY.secret, session_token="A" * 5000)
    context = context_of(auth_lambda, put(key))
    assert (context["fault"], "4096 bytes" in context["message"]) == ("InvalidSignatureException", True)


def test_unreadable_keys_are_a_retryable_503_and_never_a_yes(
    auth_lambda: AuthLambda, capsys: pytest.CaptureFixture[str]
) -> None:
    boto3.client("dynamodb", REGION).delete_table(TableName=TABLE)
    context = context_of(auth_lambda, get())
    assert context["fault"] == "ServiceUnavailableException"
    with pytest.raises(Unavailable):
        caller_from(proxy_event(get(), context), auth_lambda)
    assert '"event":"keys-unreadable"' in capsys.readouterr().out


def rightly_signed(scope_date: str, region: str) -> dict[str, Any]:
    """A body question whose signature is right for its own date and region."""
    scope = f"{scope_date}/{region}/serverlessrepo/aws4_request"
    claim = Claim(
        access_key_id=KEY.access_key_id,
        amz_date=f"{scope_date}T000000Z",
        scope=scope,
        prefix=("P\n",),
        signature="-",
    )
    canonical = sha256(b"P\n" + sha256(BODY).hexdigest().encode()).hexdigest()
    to_sign = f"AWS4-HMAC-SHA256\n{claim.amz_date}\n{scope}\n{canonical}".encode()
    signature = hmac.digest(signing_key(KEY.secret, scope), to_sign, "sha256").hex()
    question = Pending(claim=replace(claim, signature=signature)).as_context()
    return {**question, **ABOUT_BODY}


@pytest.mark.parametrize(
    ("scope_date", "region", "said"),
    [("20200101", REGION, "Signature expired"), ("20200101", "eu-west-1", "scoped to a valid region")],
)
def test_a_body_question_is_held_to_clock_and_scope_again(
    auth_lambda: AuthLambda, store: KeyStore, scope_date: str, region: str, said: str
) -> None:
    store.add(a_key())
    answer = auth_lambda({"verify": rightly_signed(scope_date, region)})
    assert said in answer["message"]
    assert "account" not in answer


def test_a_changed_body_question_is_refused(auth_lambda: AuthLambda, store: KeyStore) -> None:
    store.add(a_key())
    question = context_of(auth_lambda, put()) | ABOUT_BODY
    assert auth_lambda({"verify": question})["account"] == "111111111111"
    for changed in ({"signature": "0" * 64}, {"prefix": '["x"]'}, {"payloadSha256": sha256(b"").hexdigest()}):
        answer = auth_lambda({"verify": question | changed})
        assert answer["fault"] == "InvalidSignatureException"
        assert "account" not in answer


def test_a_body_question_that_is_none_fails_loudly(auth_lambda: AuthLambda) -> None:
    with pytest.raises(TypeError):
        auth_lambda({"verify": {"v": "1", "account": "111111111111"}})


def test_an_audit_line_names_request_and_key_and_holds_no_secret(
    auth_lambda: AuthLambda, store: KeyStore, capsys: pytest.CaptureFixture[str]
) -> None:
    store.add(a_key())
    token = "session-token-" + "A" * 50
    signed = get(ClientKey(access_key_id="111111111111", secret=KEY.secret, session_token=token))
    auth_lambda(authorizer_event(signed, request_id="11111111-2222"))
    out = capsys.readouterr().out
    line = json.loads(out)
    assert (line["requestId"], line["event"], line["accessKeyId"]) == (
        "11111111-2222",
        "request-accepted",
        "111111111111",
    )
    signature = signed.headers["Authorization"].rpartition("=")[2]
    assert not any(secret in out for secret in (KEY.secret, token, signature))


def test_one_lookup_serves_many_requests(
    auth_lambda: AuthLambda, store: KeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.add(a_key())
    context_of(auth_lambda, get())
    boto3.client("dynamodb", REGION).delete_table(TableName=TABLE)
    assert context_of(auth_lambda, get())["account"] == "111111111111"
