"""Requests that no SDK would send: each refusal says what and where, and the connection goes on."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from registry.api.wire import ANSWERS
from registry.errors import RegistryError
from registry.services.reading import Reading
from tests.support.entities import arn
from tests.wire.service import RawClient, Service

pytestmark = pytest.mark.wire

GOOD = {"name": "hello", "author": "Ada", "description": "first"}
HELLO = quote(str(arn("hello")), safe="")


def body(**members: Any) -> bytes:
    return json.dumps({**GOOD, **members}).encode()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"[1 2]", "The body is not JSON: Expecting ',' delimiter (line 1, column 4)"),
        (b'{"name":\n oops}', "The body is not JSON: Expecting value (line 2, column 2)"),
        (b"[" * 100_000, "The body is JSON nested too deeply"),
        (b"1" * 5000, "The body is not JSON: Exceeds the limit"),
        (b"[1]", "The body must be a JSON object; a list was given"),
        (b"null", "The body must be a JSON object; null was given"),
        (b'"x"', "The body must be a JSON object; text was given"),
        (b"", "author is required"),
        (b"{}", "author is required"),
        (body(name=None), "name is required"),
        (body(name=7), "name must be text; a number was given"),
        (body(name=["a"]), "name must be text; a list was given"),
        (body(name=True), "name must be text; a boolean was given"),
        (body(labels="a"), "labels must be a list of texts; text was given"),
        (body(labels=["a", {}]), "labels[1] must be text; an object was given"),
        (body(name="x\ud800"), "name holds half of a surrogate pair at character 1"),
    ],
)  # fmt: skip
def test_a_body_that_is_wrong_is_refused_with_what_and_where(
    raw: RawClient, content: bytes, why: str
) -> None:
    status, kind, message = raw.ask("POST", "/applications", content)
    assert (status, kind) == (400, "BadRequestException")
    # The wording of the JSON parser differs between versions of Python; the place does not.
    assert message.startswith(why) or message.split(":")[0] == why.split(":", maxsplit=1)[0]
    assert message.endswith(why[why.rfind("(") :]) if why.endswith(")") else True


def test_a_body_that_is_not_utf8_is_refused_with_the_place(raw: RawClient) -> None:
    answer = raw.ask("POST", "/applications", b'{"name": "\xff"}')
    assert answer == (400, "BadRequestException", "The body is not UTF-8: byte 10")


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"name": ""}, "name must be 1 to 140 letters, digits and hyphens; '' was given"),
        ({"name": "a" * 141}, "name must be 1 to 140 letters"),
        ({"name": "snake_case"}, "'snake_case' was given"),
        ({"name": "a\n"}, "name must be 1 to 140 letters"),
        ({"author": ""}, "author must have 1 to 127 characters; it has 0"),
        ({"author": "a" * 128}, "author must have 1 to 127 characters; it has 128"),
        ({"author": "a\x07b"}, "author must be printable text"),
        ({"description": ""}, "description must have 1 to 256 characters; it has 0"),
        ({"description": "d" * 257}, "description must have 1 to 256 characters; it has 257"),
        ({"labels": ["l"] * 11}, "labels may hold 10 labels; 11 were given"),
        ({"labels": ["ok", "not ok"]}, "labels[1] must be 1 to 127 letters"),
        ({"homePageUrl": "javascript:alert(1)"}, "homePageUrl must be an http or https URL"),
        ({"homePageUrl": "https://x/" + "y" * 2048}, "must have 1 to 2048 characters; it has 2058"),
        ({"spdxLicenseId": "apache-2.0"}, "did you mean Apache-2.0?"),
        ({"spdxLicenseId": "My own"}, "spdxLicenseId 'My own' is not the SPDX id of a licence"),
        ({"spdxLicenseId": "MIT OR Apache-2.0"}, "is not the SPDX id of a licence"),
        ({"licenseBody": "a", "licenseUrl": "s3://bucket/key"}, "licenseBody and licenseUrl are both given"),
        ({"readmeBody": "a", "readmeUrl": "s3://bucket/key"}, "readmeBody and readmeUrl are both given"),
        ({"templateBody": "a", "templateUrl": "s3://buck/k"}, "templateBody and templateUrl are both given"),
        ({"readmeUrl": "https://example.com/readme"}, "Invalid S3 URI: readmeUrl must be s3://bucket/key"),
        ({"licenseUrl": "s3://Bad_Bucket/key"}, "Invalid S3 URI: licenseUrl"),
        ({"semanticVersion": "1.0.0"}, "semanticVersion is given without templateBody or templateUrl"),
        ({"semanticVersion": "1.0", "templateBody": "x"}, "semanticVersion '1.0' is not a semantic version"),
        ({"semanticVersion": "v1.0.0", "templateBody": "x"}, "'v1.0.0' is not a semantic version"),
    ],
)  # fmt: skip
def test_a_member_that_breaks_its_constraint_is_refused_by_name_limit_and_what_was_given(
    raw: RawClient, members: dict[str, Any], why: str
) -> None:
    status, kind, message = raw.ask("POST", "/applications", body(**members))
    assert (status, kind) == (400, "BadRequestException")
    assert why in message
    assert raw.ask("GET", f"/applications/{HELLO}")[0] == 404


@pytest.mark.parametrize("author", ["AWS", "SAM Team", "Octo Technology Australia", "Łukasz", "a" * 127])
def test_authors_that_aws_itself_accepts_are_accepted(raw: RawClient, author: str) -> None:
    assert raw.ask("POST", "/applications", body(author=author))[0] == 201


@pytest.mark.parametrize(
    "spdx", ["MIT", "Apache-2.0", "GPL-2.0", "GPL-2.0-only", "GPL-2.0-with-classpath-exception"]
)
def test_ids_of_the_spdx_list_are_accepted_deprecated_ones_too(raw: RawClient, spdx: str) -> None:
    assert raw.ask("POST", "/applications", body(spdxLicenseId=spdx))[0] == 201


def test_unknown_members_are_ignored_as_aws_does(raw: RawClient) -> None:
    assert raw.ask("POST", "/applications", body(applicationId="x", nonsense=[1]))[0] == 201


def test_a_body_over_the_limit_is_refused_and_told_the_way_through_s3(raw: RawClient) -> None:
    status, kind, message = raw.ask("POST", "/applications", body(readmeBody="x" * 4_718_592))
    assert (status, kind) == (400, "BadRequestException")
    assert "4718592 (4.5 MB) allowed" in message
    assert all(member in message for member in ("ReadmeUrl", "LicenseUrl", "TemplateUrl"))
    assert raw.ask("POST", "/applications", body(readmeBody="x" * 4_600_000))[0] == 201


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/"),
        ("GET", "/nothing/here"),
        ("PUT", "/applications"),
        ("DELETE", "/applications"),
        ("POST", f"/applications/{HELLO}"),
        ("GET", f"/applications/{HELLO}/policies"),
        ("GET", f"/applications/{HELLO}/versions/1.0.0"),
        ("GET", f"/applications/{HELLO}/versions/1.0.0/more"),
        ("GET", f"/elsewhere/applications/{HELLO}"),
        ("GET", f"/applications/{arn('hello')!s}"),  # the slash in the ARN is not encoded
        ("GET", f"/applications/{HELLO}//versions"),
        ("GET", "/applications/"),
    ],
)
def test_an_unknown_route_is_404_with_the_services_own_form(raw: RawClient, method: str, target: str) -> None:
    raw.ask("POST", "/applications", body())
    assert raw.ask(method, target)[:2] == (404, "NotFoundException")


@pytest.mark.parametrize(
    "identifier",
    [
        "hello",
        "arn:aws:s3:::bucket",
        "arn:aws:serverlessrepo:us-east-1:111111111111:applications/a b",
        "%00",
        "x" * 3000,
    ],
)
def test_what_is_no_arn_of_an_application_is_refused(raw: RawClient, identifier: str) -> None:
    status, kind, message = raw.ask("GET", f"/applications/{quote(identifier, safe='')}")
    assert (status, kind) == (400, "BadRequestException")
    assert "is not the ARN of an application" in message
    assert len(message) < 500


def test_a_version_that_is_none_is_refused_in_path_and_query(raw: RawClient) -> None:
    for method, target in (("GET", "?semanticVersion=latest"), ("PUT", "/versions/latest")):
        status, kind, message = raw.ask(
            method, f"/applications/{HELLO}{target}", b"{}" if method == "PUT" else b""
        )
        assert (status, kind) == (400, "BadRequestException")
        assert "'latest' is not a semantic version" in message


def test_every_refusal_the_service_knows_has_an_answer() -> None:
    known, waiting = set(), [RegistryError]
    while waiting:
        for refusal in waiting.pop().__subclasses__():
            if refusal.__module__ == "registry.errors":
                known.add(refusal)
                waiting.append(refusal)
    assert known == set(ANSWERS)


def test_a_fault_of_ours_is_a_500_without_detail_and_is_logged_with_it(
    service: Service, raw: RawClient, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: Any) -> None:
        raise KeyError("a secret detail")

    with monkeypatch.context() as patch:
        patch.setattr(Reading, "list", fail)
        service.restart()  # the routes hold the bound method
        answered = raw.ask("GET", "/applications")
    service.restart()
    assert answered == (500, "InternalServerErrorException", "Internal failure")
    logged = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "request-failed" in line]
    assert "a secret detail" in logged[0]["trace"]
    assert logged[0]["level"] == "ERROR"


def test_throttling_by_aws_is_told_as_too_many_requests(
    service: Service, raw: RawClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from botocore.exceptions import ClientError

    from registry.stores.applications import ApplicationStore

    throttled = ClientError({"Error": {"Code": "ThrottlingException", "Message": "x"}}, "Query")
    with monkeypatch.context() as patch:
        patch.setattr(ApplicationStore, "list", lambda *_, **__: (_ for _ in ()).throw(throttled))
        assert raw.ask("GET", "/applications")[:2] == (429, "TooManyRequestsException")


@pytest.mark.parametrize(
    "error",
    [
        ConnectTimeoutError(endpoint_url="x"),
        ReadTimeoutError(endpoint_url="x"),
        EndpointConnectionError(endpoint_url="x"),
        ConnectionClosedError(endpoint_url="x"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_aws_service_that_does_not_answer_is_told_as_retryable(
    service: Service, raw: RawClient, monkeypatch: pytest.MonkeyPatch, error: BotoCoreError
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    from registry.stores.applications import ApplicationStore

    with monkeypatch.context() as patch:
        patch.setattr(ApplicationStore, "list", fail)
        assert raw.ask("GET", "/applications")[:2] == (503, "ServiceUnavailableException")


def test_without_a_verdict_no_route_runs(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    from registry.handlers import sdk_api
    from tests.support.signing import ENDPOINT, proxy_event, sign
    from tests.wire.service import KEYS

    asked = sign("GET", f"{ENDPOINT}/applications", KEYS["111111111111"])
    for context in (None, {}, {"v": "0", "account": "111111111111"}, {"v": "1", "account": "111111111111"}):
        answer = sdk_api.handler(proxy_event(asked, context), None)
        assert answer["statusCode"] == 403
        assert answer["headers"]["x-amzn-ErrorType"] == "MissingAuthenticationTokenException"
