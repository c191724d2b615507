import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tests.localcloud.apis import BASE, FakeFunctions, allow, api, client, method, resource

pytestmark = [pytest.mark.unit, pytest.mark.anyio]
SHAPES = Path(__file__).parent / "shapes"
TYPES: dict[str, type | tuple[type, ...]] = {"text": str, "number": (int, float), "boolean": bool}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def differences(shape: Any, value: Any, place: str = "event") -> list[str]:
    """Where `value` is not of `shape`: a member too many, one missing, or one of another type."""
    if isinstance(shape, str):
        right = isinstance(value, TYPES[shape]) and (shape == "boolean" or not isinstance(value, bool))
        return [] if right else [f"{place} is {value!r}, not {shape}"]
    if isinstance(shape, list):
        if not isinstance(value, list):
            return [f"{place} is not a list"]
        return [d for one in value for d in differences(shape[0], one, f"{place}[]")]
    if not isinstance(value, dict):
        return [f"{place} is {value!r}, not an object"]
    named = {name.rstrip("?"): (part, name.endswith("?")) for name, part in shape.items() if name != "*"}
    found = [f"{place}.{name} is missing" for name in named.keys() - value.keys()]
    for name, member in value.items():
        part, nullable = named.get(name, (shape.get("*"), False))
        if part is None:
            found.append(f"{place}.{name} is not AWS's")
        elif not (nullable and member is None):
            found += differences(part, member, f"{place}.{name}")
    return found


def shape(name: str) -> Any:
    return json.loads((SHAPES / name).read_text())


async def test_both_events_have_the_members_and_types_that_aws_documents() -> None:
    functions = FakeFunctions({"authorize": allow(context={"account": "1", "many": 3, "sure": True})})
    definition = api(resource("/apps/{id}", ANY=method(authorizer="auth")))
    async with client(functions, definition) as http:
        await http.put(f"{BASE}/apps/a%2Fb?x=1&x=2&y=", content=b"{}", headers={"user-agent": "test"})
        full = dict(functions.events)
        await http.get(f"{BASE}/apps/a", headers={"user-agent": ""})
    for events in (full, functions.events):
        assert differences(shape("authorizer_event.json"), events["authorize"]) == []
        assert differences(shape("proxy_event.json"), events["backend"]) == []


async def test_paths_stay_as_sent_and_query_values_are_decoded() -> None:
    functions = FakeFunctions()
    path = "/apps/arn%3Aaws%3Aserverlessrepo%3A%2Fname/versions/1.0.0%2Bbuild"
    async with client(functions) as http:
        await http.get(f"{BASE}{path}/?a=1+2&a=%2B&empty=&plain")
    for event in functions.events.values():
        assert event["path"] == f"{path}/"
        assert event["requestContext"]["path"] == f"{BASE}{path}/"
        assert event["pathParameters"] == {"proxy": path[1:]}
        assert event["multiValueQueryStringParameters"] == {"a": ["1 2", "+"], "empty": [""], "plain": [""]}
        assert event["queryStringParameters"] == {"a": "+", "empty": "", "plain": ""}


async def test_what_is_absent_is_null_for_the_integration_and_empty_for_the_authoriser() -> None:
    functions = FakeFunctions()
    definition = api(resource("/", GET=method(authorizer="auth")))
    async with client(functions, definition) as http:
        await http.get(BASE)
    absent = ("queryStringParameters", "multiValueQueryStringParameters", "pathParameters")
    assert [functions.events["backend"][name] for name in (*absent, "body")] == [None] * 4
    assert [functions.events["authorize"][name] for name in absent] == [{}] * 3
    assert functions.events["backend"]["stageVariables"] == {"colour": "green"}


async def test_a_signature_reaches_the_authoriser_but_not_the_integration() -> None:
    functions = FakeFunctions()
    signature = "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/serverlessrepo/aws4_request"
    async with client(functions) as http:
        await http.get(f"{BASE}/x", headers={"Authorization": signature})
        assert functions.events["authorize"]["headers"]["authorization"] == signature
        assert not [n for n in functions.events["backend"]["headers"] if n.lower() == "authorization"]
        await http.get(f"{BASE}/x", headers={"Authorization": "Bearer abc"})
    assert functions.events["backend"]["headers"]["authorization"] == "Bearer abc"


async def test_headers_that_aws_drops_reach_no_function() -> None:
    functions = FakeFunctions()
    sent = {
        "content-length": "2",
        "connection": "keep-alive",
        "content-md5": "x",
        "te": "gzip",
        "x-kept": "1",
    }
    async with client(functions) as http:
        await http.post(f"{BASE}/x", content=b"{}", headers=sent)
    for event in functions.events.values():
        names = {name.lower() for name in event["headers"]}
        assert names & sent.keys() == {"x-kept"}
        assert event["headers"]["X-Forwarded-For"] == "192.0.2.7"
        assert event["requestContext"]["identity"]["sourceIp"] == "192.0.2.7"


async def test_a_repeated_header_keeps_every_value_and_shows_the_last() -> None:
    functions = FakeFunctions()
    async with client(functions) as http:
        await http.get(
            f"{BASE}/x", headers=[("x-many", "1"), ("x-many", "2"), ("x-forwarded-for", "198.51.100.1")]
        )
    event = functions.events["backend"]
    assert event["multiValueHeaders"]["x-many"] == ["1", "2"]
    assert event["headers"]["x-many"] == "2"
    assert event["headers"]["x-forwarded-for"] == "198.51.100.1, 192.0.2.7"


async def test_the_authorisers_context_arrives_as_text() -> None:
    functions = FakeFunctions({"authorize": allow(context={"n": 1.5, "yes": True, "t": "x"})})
    async with client(functions) as http:
        await http.get(f"{BASE}/x")
    got = functions.events["backend"]["requestContext"]["authorizer"]
    assert {name: got[name] for name in ("principalId", "n", "yes", "t")} == {
        "principalId": "someone",
        "n": "1.5",
        "yes": "true",
        "t": "x",
    }


@pytest.mark.parametrize(
    ("binary", "content_type", "encoded"),
    [
        ((), "application/zip", False),
        (("application/zip",), "application/zip", True),
        (("*/*",), "text/x", True),
    ],
)
async def test_a_body_is_base64_only_for_the_apis_binary_media_types(
    binary: tuple[str, ...], content_type: str, encoded: bool
) -> None:
    functions = FakeFunctions()
    async with client(functions, api(binary=binary)) as http:
        await http.post(f"{BASE}/x", content=b"PK\xff", headers={"content-type": content_type})
    event = functions.events["backend"]
    assert event["isBase64Encoded"] is encoded
    assert event["body"] == (base64.b64encode(b"PK\xff").decode() if encoded else "PK\ufffd")


async def test_permissions_are_asked_for_the_resource_and_for_the_authoriser() -> None:
    functions = FakeFunctions()
    definition = api(resource("/apps/{id}/versions", ANY=method(authorizer="auth")))
    async with client(functions, definition) as http:
        await http.get(f"{BASE}/apps/a/versions")
    place = "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3d4"
    assert functions.sources == {
        "authorize": f"{place}/authorizers/auth",
        "backend": f"{place}/beta/GET/apps/*/versions",
    }
