"""Default-deny: only a whole, valid verdict lets a request through."""

import base64
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.api.verdict import Caller, caller_from
from registry.domain.signatures import Claim
from registry.domain.verdicts import ACCEPTED, VERSION, Pending, Refused, Verified, read_verdict
from registry.errors import SignatureFault, Unavailable

pytestmark = pytest.mark.unit

GOOD = {
    "v": "1",
    "account": "111111111111",
    "principal": "arn:aws:serverlessrepo:us-east-1:111111111111:key/k",
    "accessKeyId": "SARK234567ABCDEFGHIJ",
    "actions": "GetApplication,ListApplications",
}
PENDING = Pending(
    claim=Claim(
        access_key_id="SARK234567ABCDEFGHIJ",
        amz_date="20261124T061600Z",
        scope="20261124/us-east-1/serverlessrepo/aws4_request",
        prefix=("POST\n/alpha/applications\n\ncontent-length:", "\nhost:h\n\ncontent-length;host\n"),
        signature="0" * 64,
    )
)


def event(context: object, **more: Any) -> dict[str, Any]:
    return {"requestContext": {"requestId": "r-1", "authorizer": context}, "body": None, **more}


def never(_payload: dict[str, Any]) -> dict[str, Any]:
    raise AssertionError("nothing is to be asked")


def without(name: str) -> dict[str, str]:
    return {key: value for key, value in GOOD.items() if key != name}


def test_a_whole_verdict_is_a_caller() -> None:
    caller = caller_from(event({**GOOD, "principalId": "x", "integrationLatency": 3}), never)
    assert caller == Caller(
        account="111111111111",
        principal=GOOD["principal"],
        actions=("GetApplication", "ListApplications"),
        access_key_id="SARK234567ABCDEFGHIJ",
    )


@pytest.mark.parametrize(
    "bad",
    [
        {"body": "{}"},
        {"requestContext": None},
        {"requestContext": {}},
        event(None),
        event({}),
        event("1"),
        event([GOOD]),
        event(without("v")),
        event(without("account")),
        event(without("principal")),
        event(without("accessKeyId")),
        event(without("actions")),
        event({**GOOD, "v": "0"}),
        event({**GOOD, "v": "2"}),
        event({**GOOD, "v": 1}),
        event({**GOOD, "account": ""}),
        event({**GOOD, "account": 111111111111}),
        event({**GOOD, "actions": ""}),
        event({**GOOD, "actions": ["*"]}),
        event({**GOOD, "fault": "", "message": ""}),
        event({**GOOD, "pending": "soul"}),
        event({**GOOD, "pending": ""}),
        event({**PENDING.as_context(), "prefix": "not json"}),
        event({**PENDING.as_context(), "prefix": "1"}),
        event({**PENDING.as_context(), "prefix": '"ab"'}),
        event({**PENDING.as_context(), "prefix": "[]"}),
        event({**PENDING.as_context(), "prefix": '["a", 1]'}),
        event({**PENDING.as_context(), "prefix": '["a", "b", "c"]'}),
        event({**PENDING.as_context(), "signature": ""}),
    ],
)
def test_anything_less_is_nobody(bad: dict[str, Any]) -> None:
    with pytest.raises(SignatureFault) as refused:
        caller_from(bad, never)
    assert refused.value.code == "MissingAuthenticationTokenException"


def test_a_fault_beside_an_identity_is_a_fault() -> None:
    with pytest.raises(SignatureFault, match="no") as refused:
        caller_from(event({**GOOD, "fault": "InvalidSignatureException", "message": "no"}), never)
    assert refused.value.code == "InvalidSignatureException"


def test_pending_beside_an_identity_still_has_to_be_proved() -> None:
    asked: list[dict[str, Any]] = []

    def refuse(payload: dict[str, Any]) -> dict[str, Any]:
        asked.append(payload)
        return Refused(fault="InvalidSignatureException", message="no").as_context()

    with pytest.raises(SignatureFault, match="no"):
        caller_from(event({**GOOD, **PENDING.as_context()}, body="{}"), refuse)
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("body", "encoded", "sent"),
    [
        (None, False, b""),
        ("", False, b""),
        ('{"a":"☃"}', False, '{"a":"☃"}'.encode()),
        (base64.b64encode(b"\xff\x00").decode(), True, b"\xff\x00"),
        ("e30=", False, b"e30="),
    ],
)
def test_digest_and_length_asked_about_are_of_the_bytes_sent(
    body: str | None, encoded: bool, sent: bytes
) -> None:
    asked: list[Mapping[str, Any]] = []

    def accept(payload: dict[str, Any]) -> dict[str, Any]:
        asked.append(payload["verify"])
        return GOOD

    caller_from(event(PENDING.as_context(), body=body, isBase64Encoded=encoded), accept)
    about = {"payloadSha256": sha256(sent).hexdigest(), "payloadBytes": len(sent)}
    assert asked == [{**PENDING.as_context(), **about, "requestId": "r-1"}]


@pytest.mark.parametrize(("body", "encoded"), [("not base64!", True), ("\ud800", False)])
def test_a_body_that_cannot_be_read_is_a_mismatch(body: str, encoded: bool) -> None:
    with pytest.raises(SignatureFault, match="does not match"):
        caller_from(event(PENDING.as_context(), body=body, isBase64Encoded=encoded), never)


@pytest.mark.parametrize("body", ["x", " ", "{}"])
def test_a_body_that_nobody_vouched_for_is_refused(body: str) -> None:
    with pytest.raises(SignatureFault, match="does not match"):
        caller_from(event(GOOD, body=body), never)


@pytest.mark.parametrize(
    "answer",
    [{}, {"errorMessage": "timed out"}, PENDING.as_context(), without("account"), {**GOOD, "v": "9"}],
)
def test_no_verdict_about_a_body_is_a_retryable_503(answer: dict[str, Any]) -> None:
    with pytest.raises(Unavailable):
        caller_from(event(PENDING.as_context(), body="{}"), lambda _payload: answer)


def test_unreadable_keys_are_a_retryable_503() -> None:
    refused = Refused(fault="ServiceUnavailableException", message="later").as_context()
    with pytest.raises(Unavailable, match="later"):
        caller_from(event(refused), never)
    with pytest.raises(Unavailable, match="later"):
        caller_from(event(PENDING.as_context(), body="{}"), lambda _payload: refused)


def test_what_verify_raises_comes_through() -> None:
    def broken(_payload: dict[str, Any]) -> dict[str, Any]:
        raise Unavailable("down")

    with pytest.raises(Unavailable, match="down"):
        caller_from(event(PENDING.as_context(), body="{}"), broken)


def test_this_release_reads_what_it_writes() -> None:
    assert VERSION in ACCEPTED


@given(st.text(min_size=1), st.text(min_size=1), st.text(min_size=1))
def test_verdicts_read_back_as_they_were_written(one: str, other: str, third: str) -> None:
    claim = Claim(access_key_id=one, amz_date=other, scope=third, prefix=(one + "\n", other), signature=third)
    for verdict in (
        Pending(claim=claim),
        Pending(claim=replace(claim, prefix=(other,))),
        Refused(fault=one, message=other),
        Verified(account=one, principal=other, access_key_id=third, actions=("A", "B")),
    ):
        assert read_verdict(verdict.as_context()) == verdict
    assert Pending(claim=claim).as_context()["prefix"].isascii()


@given(
    st.dictionaries(st.sampled_from([*GOOD, *PENDING.as_context(), "fault", "message"]), st.text(max_size=3))
)
def test_no_random_context_is_a_caller_unless_it_is_whole(context: dict[str, str]) -> None:
    try:
        caller_from(event(context), lambda _payload: {})
    except (SignatureFault, Unavailable):
        return
    assert all(context.get(name) for name in GOOD)


@pytest.mark.parametrize(
    ("actions", "allowed"),
    [
        (("*",), True),
        (("GetApplication",), True),
        (("GetApplicationPolicy",), False),
        (("Get",), False),
        ((), False),
    ],
)
def test_a_caller_may_what_its_key_lists(actions: tuple[str, ...], allowed: bool) -> None:
    caller = Caller(account="1", principal="p", actions=actions, access_key_id="k")
    assert caller.may("GetApplication") is allowed
