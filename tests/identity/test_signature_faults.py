"""Each fault of a signature: AWS's error type, AWS's text, and the rule that the audit log names."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.canonical import NO_PAYLOAD, Request, may_have_body
from registry.domain.signatures import check_signature, read_claim, signing_key
from registry.errors import SignatureFault
from tests.support.signing import REGION

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 24, 6, 16, tzinfo=UTC)
INCOMPLETE, INVALID = "IncompleteSignatureException", "InvalidSignatureException"


def verify(request: Request) -> None:
    claim = read_claim(request, region=REGION, now=NOW)
    check_signature(claim, NO_PAYLOAD, signing_key("a-secret-nobody-used", claim.scope))


def authorization(**changed: Any) -> str:
    parts = {
        "algorithm": "AWS4-HMAC-SHA256",
        "Credential": "AKID/20261124/us-east-1/serverlessrepo/aws4_request",
        "SignedHeaders": "host;x-amz-date",
        "Signature": "0" * 64,
    } | changed
    pairs = ", ".join(f"{name}={value}" for name, value in parts.items() if name != "algorithm" and value)
    return f"{parts['algorithm']} {pairs}"


FAULTS = [
    ([], "MissingAuthenticationTokenException", "authorization-missing", "Missing Authentication Token"),
    ([authorization(), authorization()], INCOMPLETE, "authorization-repeated", "once"),
    (["Basic dXNlcjpwYXNz"], INCOMPLETE, "algorithm", "Unsupported AWS 'algorithm': 'Basic'"),
    ([authorization(algorithm="AWS4-HMAC-SHA1")], INCOMPLETE, "algorithm", "SHA1"),
    (["AWS4-HMAC-SHA256"], INCOMPLETE, "authorization-parameters",
     "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' "
     "parameter. Authorization header requires 'SignedHeaders' parameter."),
    ([authorization(Signature="")], INCOMPLETE, "authorization-parameters", "'Signature'"),
    ([authorization() + ", oops"], INCOMPLETE, "authorization-form", "missing equal-sign"),
    ([authorization() + ", Signature=1"], INCOMPLETE, "authorization-form", "repeated"),
    ([authorization(Credential="AKID/20261124")], INCOMPLETE, "credential-form", "exactly 5"),
    ([authorization(Credential="AKID/20261124/us-west-2/serverlessrepo/aws4_request")],
     INVALID, "scope-region", "Credential should be scoped to a valid region. "),
    ([authorization(Credential="AKID/20261124/us-east-1/execute-api/aws4_request")],
     INVALID, "scope-service", "correct service: 'serverlessrepo'"),
    ([authorization(Credential="AKID/20261124/us-east-1/serverlessrepo/aws4")],
     INVALID, "scope-terminator", "valid terminator: 'aws4_request', not 'aws4'"),
    ([authorization(Credential="AKID/20261123/us-east-1/serverlessrepo/aws4_request")],
     INVALID, "scope-date", "'20261123' != '20261124', from '20261124T061600Z'"),
    ([authorization(SignedHeaders="x-amz-date")], INVALID, "signed-host", "':authority'"),
    ([authorization(SignedHeaders="host")], INVALID, "signed-amz-headers", "'x-amz-date' must"),
    ([authorization(SignedHeaders="x-amz-date;host")], INVALID, "signed-headers-form", "sorted"),
    ([authorization(SignedHeaders="host;host;x-amz-date")],
     INVALID, "signed-headers-form", "once"),
    ([authorization(SignedHeaders="Host;x-amz-date")], INVALID, "signed-headers-form", "lower"),
    ([authorization(SignedHeaders="expect;host;x-amz-date")], INVALID, "signed-headers-arrived",
     "'expect' cannot be a 'SignedHeader' in the AWS Authorization: it was not sent, or API Gateway dropped"),
    ([authorization(SignedHeaders="host;x-amz-date;x-forwarded-for")], INVALID, "signed-headers-arrived",
     "'x-forwarded-for' cannot be a 'SignedHeader' in the AWS Authorization: API Gateway changes it"),
    ([authorization()], INVALID, "signature", "does not match the signature you provided"),
    ([authorization(Signature="é" * 64)], INVALID, "signature", "does not match"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("values", "code", "rule", "text"), FAULTS, ids=[f"{f[2]}-{i}" for i, f in enumerate(FAULTS)]
)
def test_each_fault_has_aws_s_type_and_text_and_names_its_rule(
    values: list[str], code: str, rule: str, text: str
) -> None:
    headers = {
        "Host": ["h"],
        "X-Amz-Date": ["20261124T061600Z"],
        "X-Forwarded-For": ["203.0.113.7"],
        "Authorization": values,
    }
    request = Request(method="GET", path="/alpha/applications", query={}, headers=headers)
    with pytest.raises(SignatureFault) as refused:
        verify(request)
    assert (refused.value.code, refused.value.rule) == (code, rule)
    assert text in refused.value.message


@pytest.mark.parametrize(
    ("dates", "rule"),
    [
        ({}, "date-missing"),
        ({"X-Amz-Date": ["20261124T061600Z", "20261124T061600Z"]}, "date-missing"),
        ({"X-Amz-Date": ["2026-11-24T06:16:00Z"]}, "date-form"),
        ({"X-Amz-Date": ["20261324T061600Z"]}, "date-form"),
        ({"X-Amz-Date": ["٢٠٢٦1124T061600Z"]}, "date-form"),
        ({"Date": ["yesterday"]}, "date-form"),
        ({"Date": ["Tue, 24 Nov 2026 06:16:00"]}, "signature"),
    ],
)
def test_a_date_is_there_once_and_in_its_form(dates: dict[str, list[str]], rule: str) -> None:
    signed = "host;x-amz-date" if "X-Amz-Date" in dates else "host"
    headers = {"Host": ["h"], "Authorization": [authorization(SignedHeaders=signed)], **dates}
    with pytest.raises(SignatureFault) as refused:
        verify(Request(method="GET", path="/", query={}, headers=headers))
    assert refused.value.rule == rule


def test_a_signature_in_the_query_string_is_refused_by_name() -> None:
    query = {"X-Amz-Signature": ["0" * 64], "X-Amz-Credential": ["AKID/…"]}
    with pytest.raises(SignatureFault, match="query string are not supported") as refused:
        verify(Request(method="GET", path="/", query=query, headers={"Host": ["h"]}))
    assert refused.value.code == INCOMPLETE


@given(st.text(max_size=200), st.text(max_size=12), st.text(max_size=12))
def test_no_header_text_can_do_more_than_be_refused(value: str, date: str, length: str) -> None:
    headers = {"Host": ["h"], "Authorization": [value], "X-Amz-Date": [date], "Content-Length": [length]}
    request = Request(method="GET", path="/", query={}, headers=headers)
    may_have_body(request)
    with pytest.raises(SignatureFault):
        verify(request)


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_a_refusal_is_visible_ascii_and_short(credential: str, signed: str, signature: str) -> None:
    value = authorization(Credential=credential, SignedHeaders=signed, Signature=signature)
    headers = {"Host": ["h"], "Authorization": [value], "X-Amz-Date": ["20261124T061600Z"]}
    with pytest.raises(SignatureFault) as refused:
        read_claim(Request(method="GET", path="/", query={}, headers=headers), region=REGION, now=NOW)
    assert refused.value.message.isascii()
    assert refused.value.message.isprintable()
    assert len(refused.value.message) < 1000
