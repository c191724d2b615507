"""Requests as boto3 and the SDKs for JavaScript, Go and Java sent them, through both halves of a check."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from registry.domain.canonical import NO_PAYLOAD, Payload, Request
from registry.domain.keys import SIGNING_KEYS, KeyRecord, RegisteredKeys, RegistryKey, StoredKey
from registry.domain.verdicts import MAX_CONTEXT_BYTES, Pending, Verified, read_verdict, size_bytes
from registry.errors import SignatureFault
from registry.services.identity import Identity
from tests.support.proofs import derived

pytestmark = pytest.mark.unit

FOLDER = Path(__file__).parent / "captures"
SDKS = ("boto3", "go", "java", "js")
CAPTURES = [
    pytest.param(one, id=f"{sdk}-{number}")
    for sdk in SDKS
    for number, one in enumerate(json.loads((FOLDER / f"{sdk}.json").read_text()))
]
ACCESS_KEY_ID, SECRET = "ASIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
# API Gateway developer guide, "Important notes": headers that it drops or takes for itself.
DROPPED = {"connection", "content-length", "expect", "te", "transfer-encoding", "upgrade"}


def header(capture: dict[str, Any], wanted: str) -> str:
    (value,) = [value for name, value in capture["headers"] if name.lower() == wanted]
    return str(value)


def as_received(capture: dict[str, Any]) -> Request:
    path, _, query = capture["target"].partition("?")
    headers: dict[str, list[str]] = {}
    for name, value in capture["headers"]:
        if name.lower() not in DROPPED:
            headers.setdefault(name, []).append(value)
    return Request(
        method=capture["method"], path=path, query=parse_qs(query, keep_blank_values=True), headers=headers
    )


def signed_at(capture: dict[str, Any]) -> datetime:
    return datetime.strptime(header(capture, "x-amz-date"), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def registry_key(record: KeyRecord, _: datetime) -> StoredKey:
    return RegistryKey(record=record, secret=SECRET)


def registered(record: KeyRecord, at: datetime) -> StoredKey:
    date = f"{at:%Y%m%d}"
    return RegisteredKeys(record=record, by_date={date: derived(SECRET, date)})


def identity_at(at: datetime, make: Callable[[KeyRecord, datetime], StoredKey]) -> Identity:
    record = KeyRecord(
        access_key_id=ACCESS_KEY_ID,
        account="111111111111",
        principal="arn:aws:iam::111111111111:user/ada",
        actions=("*",),
        description="",
        created_at=at,
        kind=SIGNING_KEYS,
    )
    return Identity(
        find_key=lambda wanted: make(record, at) if wanted == ACCESS_KEY_ID else None,
        region="us-east-1",
        now=lambda: at + timedelta(seconds=1),
    )


def prove(capture: dict[str, Any], body: bytes, make: Callable[[KeyRecord, datetime], StoredKey]) -> Verified:
    """As authoriser and API function do, one after the other."""
    identity = identity_at(signed_at(capture), make)
    verdict = identity.of_request(as_received(capture))
    if isinstance(verdict, Pending):
        context = verdict.as_context()
        assert size_bytes(context) <= MAX_CONTEXT_BYTES
        travelled = read_verdict(context)
        assert isinstance(travelled, Pending)
        return identity.of_body(travelled, Payload.of(body))
    assert body == b""
    return verdict


@pytest.mark.parametrize("make", [registry_key, registered])
@pytest.mark.parametrize("capture", CAPTURES)
def test_what_an_sdk_sent_is_accepted(
    capture: dict[str, Any], make: Callable[[KeyRecord, datetime], StoredKey]
) -> None:
    assert prove(capture, capture["body"].encode(), make).account == "111111111111"


@pytest.mark.parametrize("capture", CAPTURES)
def test_the_same_with_another_body_is_not(capture: dict[str, Any]) -> None:
    identity = identity_at(signed_at(capture), registered)
    verdict = identity.of_request(as_received(capture))
    if not isinstance(verdict, Pending):
        assert Payload.of(capture["body"].encode()) == NO_PAYLOAD, "the API function refuses any body here"
        return
    with pytest.raises(SignatureFault):
        identity.of_body(verdict, Payload.of(capture["body"].encode() + b" "))


@pytest.mark.parametrize("capture", CAPTURES)
def test_any_signed_header_that_changes_breaks_it(capture: dict[str, Any]) -> None:
    signed = header(capture, "authorization").partition("SignedHeaders=")[2].partition(",")[0].split(";")
    for name in set(signed) - DROPPED - {"x-amz-date"}:
        changed = capture | {
            "headers": [[n, v + "x" if n.lower() == name else v] for n, v in capture["headers"]]
        }
        with pytest.raises(SignatureFault):
            prove(changed, capture["body"].encode(), registered)


def test_every_sdk_sends_all_kinds_of_request() -> None:
    for sdk in SDKS:
        listed = json.loads((FOLDER / f"{sdk}.json").read_text())
        assert [one["method"] for one in listed] == ["GET", "GET", "POST", "PATCH", "PUT", "DELETE"]
        assert all(header(one, "x-amz-security-token") for one in listed)
