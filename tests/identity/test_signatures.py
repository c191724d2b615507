"""The verifier against botocore's own signer: what it signs is accepted, and nothing else is."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from registry.domain.canonical import Payload, Request, may_have_body
from registry.domain.signatures import check_signature, read_claim, signing_key
from registry.errors import SignatureFault
from tests.support.signing import ENDPOINT, REGION, ClientKey, Signed, authorizer_event, sign

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 24, 6, 16, tzinfo=UTC)
KEY = ClientKey(access_key_id="SARKEXAMPLE234567ABC", secret="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
WITH_TOKEN = replace(KEY, session_token="IQoJb3JpZ2luX2VjE/+=" * 40)
ARN = "arn%3Aaws%3Aserverlessrepo%3Aus-east-1%3A111111111111%3Aapplications%2Fa"

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
segments = st.one_of(
    st.sampled_from(
        ["arn:aws:serverlessrepo:us-east-1:111111111111:applications/a", "1.0.0+b", "..", ".", ""]
    ),
    texts,
)
paths = st.lists(segments.map(lambda s: quote(s, safe="")), max_size=5).map(
    lambda parts: "/" + "/".join(parts)
)
queries = st.lists(
    st.tuples(texts, st.one_of(texts, st.sampled_from(["", "+", "a+b", "%2B", "%", "a b"]))), max_size=4
)
header_names = st.from_regex(r"\A(x-amz-meta-|x-custom-|content-)[a-z]{1,8}\Z")
header_values = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=30)
headers = st.dictionaries(header_names, header_values, max_size=4)
methods = st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"])
keys = st.sampled_from([KEY, WITH_TOKEN])


@st.composite
def signed_requests(
    draw: st.DrawFn,
    paths: st.SearchStrategy[str] = paths,
    queries: st.SearchStrategy[list[tuple[str, str]]] = queries,
    keys: st.SearchStrategy[ClientKey] = keys,
) -> Signed:
    query = "&".join(
        f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in draw(queries)
    )
    return sign(
        draw(methods),
        ENDPOINT + draw(paths) + (f"?{query}" if query else ""),
        draw(keys),
        body=draw(st.binary(max_size=64)),
        headers=draw(headers),
        at=NOW,
    )


# Requests that have everything a single change can be made to.
full_requests = signed_requests(
    paths=st.sampled_from(["", "/versions", "/versions/1.0.0%2Bb"]).map(
        lambda rest: f"/applications/{ARN}{rest}"
    ),
    queries=st.lists(st.tuples(texts, texts), min_size=1, max_size=4),
    keys=st.just(WITH_TOKEN),
)


def as_received(signed: Signed) -> Request:
    event = authorizer_event(signed)
    return Request(
        method=event["httpMethod"],
        path=event["requestContext"]["path"],
        query=event["multiValueQueryStringParameters"] or {},
        headers=event["multiValueHeaders"],
    )


def verify(request: Request, body: bytes, *, secret: str = KEY.secret, now: datetime = NOW) -> None:
    claim = read_claim(request, region=REGION, now=now)
    check_signature(claim, Payload.of(body), signing_key(secret, claim.scope))


@settings(max_examples=500)
@given(signed_requests())
def test_what_botocore_signs_is_accepted(signed: Signed) -> None:
    verify(as_received(signed), signed.body)


@given(signed_requests())
def test_header_names_may_arrive_in_any_case(signed: Signed) -> None:
    request = as_received(signed)
    lowered = replace(request, headers={name.lower(): values for name, values in request.headers.items()})
    verify(lowered, signed.body)


def with_header(request: Request, wanted: str, change: Callable[[str], str]) -> Request:
    changed = {
        name: [change(value) for value in values] if name.lower() == wanted else list(values)
        for name, values in request.headers.items()
    }
    assert changed != request.headers
    return replace(request, headers=changed)


def in_authorization(old: str, new: str) -> Callable[[Request], Request]:
    return lambda request: with_header(request, "authorization", lambda value: value.replace(old, new))


def flip_signature(request: Request) -> Request:
    return with_header(request, "authorization", lambda v: v[:-1] + ("0" if v[-1] != "0" else "1"))


def change_a_query_value(request: Request) -> Request:
    name, values = next(iter(request.query.items()))
    return replace(request, query={**request.query, name: [values[0] + "x", *values[1:]]})


def drop_a_query_name(request: Request) -> Request:
    return replace(request, query=dict(list(request.query.items())[1:]))


def change_path(request: Request, old: str, new: str) -> Request:
    assert old in request.path
    return replace(request, path=request.path.replace(old, new, 1))


MUTATIONS: dict[str, Callable[[Request], Request]] = {
    "method": lambda r: replace(r, method="PUT" if r.method != "PUT" else "POST"),
    "path, a segment more": lambda r: replace(r, path=r.path.rstrip("/") + "/x"),
    "path, the API stage": lambda r: change_path(r, "/alpha", "/gamma"),
    "path, encoded once more": lambda r: change_path(r, "%", "%25"),
    "path, another account": lambda r: change_path(r, "A111111111111", "A222222222222"),
    "path, decoded": lambda r: change_path(r, "%3A", ":"),
    "query, a value": change_a_query_value,
    "query, a name less": drop_a_query_name,
    "query, a name more": lambda r: replace(r, query={**r.query, "semanticVersionX": [""]}),
    "query, a value repeated": lambda r: replace(r, query={**r.query, "m": [*r.query.get("m", ()), "1"]}),
    "header, host": lambda r: with_header(r, "host", lambda v: v + ":444"),
    "header, date": lambda r: with_header(r, "x-amz-date", lambda v: v.replace("061600", "061601")),
    "header, session token": lambda r: with_header(r, "x-amz-security-token", lambda v: v + "A"),
    "header, an unsigned x-amz": lambda r: replace(r, headers={**r.headers, "X-Amz-Target": ["other"]}),
    "header, host sent twice": lambda r: with_header(r, "host", lambda v: v + "," + v),
    "scope, date": in_authorization("/20261124/", "/20261123/"),
    "scope, region": in_authorization("/us-east-1/", "/eu-west-1/"),
    "scope, service": in_authorization("/serverlessrepo/", "/s3/"),
    "scope, terminator": in_authorization("/aws4_request", "/aws5_request"),
    "signed headers, host left out": in_authorization("host;", ""),
    "signature, one digit": flip_signature,
}  # fmt: skip


@pytest.mark.parametrize("what", MUTATIONS)
@settings(max_examples=25)
@given(signed=full_requests)
def test_any_single_change_is_refused(what: str, signed: Signed) -> None:
    changed = MUTATIONS[what](as_received(signed))
    with pytest.raises(SignatureFault):
        verify(changed, signed.body)


@given(signed_requests(), st.binary(max_size=64))
def test_another_body_is_refused(signed: Signed, other: bytes) -> None:
    assume(other != signed.body)
    with pytest.raises(SignatureFault, match="does not match the signature you provided"):
        verify(as_received(signed), other)


@given(signed_requests(), st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=16))
def test_another_secret_is_refused(signed: Signed, other: str) -> None:
    assume(other != KEY.secret)
    with pytest.raises(SignatureFault, match="does not match the signature you provided"):
        verify(as_received(signed), signed.body, secret=other)


@pytest.mark.parametrize("late_s", [-301, -300, 0, 300, 301])
def test_the_clock_may_be_five_minutes_off_and_no_more(late_s: int) -> None:
    request = as_received(sign("GET", f"{ENDPOINT}/applications", KEY, at=NOW))
    now = NOW + timedelta(seconds=late_s)
    if abs(late_s) <= 300:
        verify(request, b"", now=now)
    else:
        expected = "Signature expired: 20261124T061600Z is now" if late_s > 0 else "Signature not yet current"
        with pytest.raises(SignatureFault, match=expected):
            verify(request, b"", now=now)


def test_a_signature_made_before_midnight_is_good_after_it() -> None:
    midnight = datetime(2026, 11, 25, tzinfo=UTC)
    request = as_received(sign("GET", f"{ENDPOINT}/applications", KEY, at=midnight - timedelta(seconds=2)))
    verify(request, b"", now=midnight + timedelta(seconds=2))


def test_botocore_dated_by_the_date_header_is_accepted() -> None:
    signed = sign("GET", f"{ENDPOINT}/applications", KEY, headers={"Date": "to be replaced"}, at=NOW)
    assert "X-Amz-Date" not in signed.headers
    verify(as_received(signed), b"")


@pytest.mark.parametrize(
    "raw", ["/applications?a=%2B", "/applications?a=%20", "/applications?a", "/applications?a=&a=1&a="]
)
def test_plus_blank_empty_and_repeated_values(raw: str) -> None:
    url = ENDPOINT + (raw if raw != "/applications?a" else "/applications?a=")
    request = as_received(sign("GET", url, KEY, at=NOW))
    verify(request, b"")


def test_values_of_one_header_are_joined_in_the_order_sent() -> None:
    request = as_received(
        sign("GET", f"{ENDPOINT}/applications", KEY, headers={"x-amz-meta-a": "1,2"}, at=NOW)
    )
    verify(replace(request, headers={**request.headers, "x-amz-meta-a": ["1", " 2 "]}), b"")
    with pytest.raises(SignatureFault):
        verify(replace(request, headers={**request.headers, "x-amz-meta-a": ["2", "1"]}), b"")


def test_what_cloudfront_adds_need_not_be_signed() -> None:
    request = as_received(sign("GET", f"{ENDPOINT}/applications", KEY, at=NOW))
    verify(replace(request, headers={**request.headers, "X-Amz-Cf-Id": ["abc=="]}), b"")


@pytest.mark.parametrize(
    ("method", "lengths", "expected"),
    [
        ("GET", {}, False),
        ("DELETE", {}, False),
        ("POST", {}, True),
        ("PUT", {}, True),
        ("PATCH", {}, True),
        ("POST", {"Content-Length": ["0"]}, False),
        ("POST", {"content-length": ["12"]}, True),
        ("GET", {"Content-Length": ["12"]}, True),
        ("GET", {"Content-Length": ["0", "12"]}, True),
        ("DELETE", {"Transfer-Encoding": ["chunked"]}, True),
    ],
)
def test_a_body_is_ruled_out_only_where_none_can_follow(
    method: str, lengths: dict[str, list[str]], expected: bool
) -> None:
    assert may_have_body(Request(method=method, path="/", query={}, headers=lengths)) is expected
