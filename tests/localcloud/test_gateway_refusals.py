import json
import time
from typing import Any

import httpx
import pytest

from localcloud.cloud.gateway.app import BODY_LIMIT, EVENT_LIMIT
from localcloud.cloud.gateway.definitions import GatewayResponse, Method
from tests.localcloud.apis import BASE, FakeFunctions, allow, api, client, method, resource

pytestmark = [pytest.mark.unit, pytest.mark.anyio]
ARN = "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3d4/beta/GET/x"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    made = [{"Action": "execute-api:Invoke", "Resource": "*", **statement} for statement in statements]
    return {"principalId": "p", "policyDocument": {"Version": "2012-10-17", "Statement": made}}


def refusal(answer: httpx.Response) -> tuple[int, str, Any]:
    return answer.status_code, answer.headers["x-amzn-ErrorType"], answer.json()


CONFIGURATION = (500, "AuthorizerConfigurationException", {"message": None})
NOT_ALLOWED = (403, "AccessDeniedException", {"Message": "User is not authorized to access this resource"})
DENIED = (
    403,
    "AccessDeniedException",
    {"Message": "User is not authorized to access this resource with an explicit deny"},
)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (policy({"Effect": "Deny"}), DENIED),
        (policy({"Effect": "Allow"}, {"Effect": "Deny", "Resource": ARN}), DENIED),
        (policy(), NOT_ALLOWED),
        (policy({"Effect": "Allow", "Resource": "arn:aws:execute-api:*/beta/POST/*"}), NOT_ALLOWED),
        (policy({"Effect": "Allow", "Action": "execute-api:ManageConnections"}), NOT_ALLOWED),
        ({"errorMessage": "Unauthorized"}, (401, "UnauthorizedException", {"message": "Unauthorized"})),
        ({"errorMessage": "boom"}, (500, "AuthorizerFailureException", {"message": None})),
        (b"not json", CONFIGURATION),
        ("text", CONFIGURATION),
        ({}, CONFIGURATION),
        (policy({"Effect": "Allow", "Condition": {}}), CONFIGURATION),
        (policy({"Effect": "Allow"}) | {"principalId": None}, CONFIGURATION),
        (allow(context={"list": [1]}), CONFIGURATION),
        (allow(context={"object": {}}), CONFIGURATION),
        (allow(context={"nothing": None}), CONFIGURATION),
        (allow(context={"long": "x" * 8192}), CONFIGURATION),
    ],
)
async def test_an_authoriser_that_does_not_allow_keeps_the_integration_from_running(
    said: Any, expected: tuple[int, str, Any]
) -> None:
    functions = FakeFunctions({"authorize": said})
    async with client(functions) as http:
        assert refusal(await http.get(f"{BASE}/x")) == expected
    assert "backend" not in functions.events


@pytest.mark.parametrize("pattern", ["*", ARN, "arn:aws:execute-api:*:*:a1b2c3d4/beta/*/*", ARN[:-1] + "?"])
async def test_wildcards_in_the_policy_mean_what_they_mean_in_iam(pattern: str) -> None:
    functions = FakeFunctions({"authorize": policy({"Effect": "Allow", "Resource": [pattern]})})
    async with client(functions) as http:
        assert (await http.get(f"{BASE}/x")).status_code == 200


@pytest.mark.parametrize(
    "said",
    [
        b"not json",
        "text",
        None,
        {"statusCode": "many"},
        {"statusCode": 99},
        {"statusCode": 200, "unknown": 1},
        {"statusCode": 200, "body": {"an": "object"}},
        {"statusCode": 200, "headers": {"x": "a\r\nb: c"}},
        {"statusCode": 200, "headers": {"x": ["list"]}},
        {"statusCode": 200, "multiValueHeaders": {"x": "text"}},
        {"errorMessage": "boom", "errorType": "ValueError"},
    ],
)
async def test_a_malformed_answer_of_the_function_is_a_502(said: Any) -> None:
    async with client(FakeFunctions({"backend": said})) as http:
        answer = await http.get(f"{BASE}/x")
    assert refusal(answer) == (502, "InternalServerErrorException", {"message": "Internal server error"})


async def test_a_function_that_takes_longer_than_its_integration_is_a_504() -> None:
    functions = FakeFunctions({"backend": lambda _: time.sleep(0.5)})
    async with client(functions, api(resource("/x", GET=method(timeout_s=0.05)))) as http:
        answer = await http.get(f"{BASE}/x")
    assert refusal(answer) == (
        504,
        "InternalServerErrorException",
        {"message": "Endpoint request timed out"},
    )


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (f"{BASE}/nothing", (403, "MissingAuthenticationTokenException", "Missing Authentication Token")),
        ("/_aws/execute-api/a1b2c3d4/other/x", (403, "ForbiddenException", "Forbidden")),
        ("/_aws/execute-api/unknown/beta/x", (403, "ForbiddenException", "Forbidden")),
        ("/x", (403, "ForbiddenException", "Forbidden")),
    ],
)
async def test_what_does_not_exist_is_a_403_as_on_aws(path: str, expected: tuple[int, str, str]) -> None:
    async with client(definition=api(resource("/x", GET=method()))) as http:
        status, kind, message = expected
        assert refusal(await http.get(path)) == (status, kind, {"message": message})


async def test_a_body_over_10_mb_is_a_413_and_one_of_10_mb_is_only_too_long_for_lambda() -> None:
    assert (BODY_LIMIT, EVENT_LIMIT) == (10_485_760, 6_291_456)
    functions = FakeFunctions()
    async with client(functions) as http:
        over = await http.post(f"{BASE}/x", content=b"x" * (BODY_LIMIT + 1))
        whole = await http.post(f"{BASE}/x", content=b"x" * BODY_LIMIT)
        assert "backend" not in functions.events
        fits = await http.post(f"{BASE}/x", content=b"x" * (EVENT_LIMIT - 8192))
    assert refusal(over) == (
        413,
        "RequestTooLargeException",
        {"message": "HTTP content length exceeded 10485760 bytes."},
    )
    assert refusal(whole) == (413, "RequestTooLargeException", {"message": "Request Too Long"})
    assert fits.status_code == 200


async def test_gateway_responses_shape_refusals_the_specific_before_the_default() -> None:
    default = GatewayResponse(
        status=None,
        headers={"x-amzn-errortype": "BadRequestException", "x-also": "1"},
        template='{"errorCode":"$context.error.responseType","message":$context.error.messageString}',
    )
    special = GatewayResponse(status=400, headers={"x-special": "yes"}, template="$context.error.message!")
    definition = api(
        resource("/x", GET=method(authorizer="auth"), POST=method()),
        responses={"DEFAULT_4XX": default, "REQUEST_TOO_LARGE": special},
    )
    async with client(FakeFunctions({"authorize": policy()}), definition) as http:
        denied = await http.get(f"{BASE}/x")
        large = await http.post(f"{BASE}/x", content=b"x" * (BODY_LIMIT + 1))
        failed = await http.get("/_aws/execute-api/a1b2c3d4/other/x")
    assert refusal(denied) == (
        403,
        "BadRequestException",
        {"errorCode": "ACCESS_DENIED", "message": "User is not authorized to access this resource"},
    )
    assert denied.headers.get_list("x-amzn-errortype") == ["BadRequestException"]
    assert denied.headers["x-also"] == "1"
    assert (large.status_code, large.text) == (400, "HTTP content length exceeded 10485760 bytes.!")
    assert large.headers["x-special"] == "yes"
    assert failed.headers["x-amzn-ErrorType"] == "ForbiddenException", "no stage, no gateway responses"


async def test_a_method_that_is_not_emulated_is_refused_aloud(caplog: pytest.LogCaptureFixture) -> None:
    problem = Method(authorizer=None, function=None, timeout_s=1, problem="integration MOCK is not emulated")
    with caplog.at_level("INFO", "gateway"):
        async with client(definition=api(resource("/x", GET=problem))) as http:
            answer = await http.get(f"{BASE}/x")
    assert answer.status_code == 500
    assert "integration MOCK is not emulated" in caplog.text


async def test_every_answer_carries_the_gateways_ids_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    functions = FakeFunctions({"backend": {"statusCode": 204, "headers": {"x-amzn-requestid": "forged"}}})
    with caplog.at_level("INFO", "gateway"):
        async with client(functions) as http:
            fine = await http.get(f"{BASE}/x?q=%2F")
            refused = await http.get("/_aws/execute-api/unknown/beta/x")
    for answer in (fine, refused):
        assert answer.headers.get_list("x-amzn-requestid")[0] in caplog.text
        assert len(answer.headers.get_list("x-amzn-requestid")) == 1
        assert answer.headers["x-amz-apigw-id"].endswith("=")
    assert f'192.0.2.7 "GET {BASE}/x?q=%2F" 204' in caplog.text


async def test_the_functions_answer_is_passed_on_with_aws_own_changes() -> None:
    said = {
        "statusCode": "201",
        "headers": {"x-one": "1", "Date": "today", "Transfer-Encoding": "chunked", "flag": True},
        "multiValueHeaders": {"set-cookie": ["a=1", "b=2"], "x-one": ["1"]},
        "body": json.dumps({"é": 1}, ensure_ascii=False),
    }
    async with client(FakeFunctions({"backend": said})) as http:
        answer = await http.get(f"{BASE}/x")
        empty = await http.get(f"{BASE}/x")
    assert (answer.status_code, answer.json()) == (201, {"é": 1})
    assert answer.headers.get_list("x-one") == ["1"]
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert answer.headers["x-amzn-remapped-date"] == "today"
    assert (answer.headers["flag"], answer.headers["content-type"]) == ("true", "application/json")
    assert "transfer-encoding" not in answer.headers
    assert empty.status_code == 201


@pytest.mark.parametrize(("accept", "body"), [("image/png", b"\x89PNG"), ("text/plain", b"iVBORw==")])
async def test_base64_becomes_bytes_only_for_a_client_that_accepts_them(accept: str, body: bytes) -> None:
    said = {"statusCode": 200, "body": "iVBORw==", "isBase64Encoded": True}
    async with client(FakeFunctions({"backend": said}), api(binary=("image/png",))) as http:
        answer = await http.get(f"{BASE}/x", headers={"accept": accept})
    assert answer.content == body
