"""The gateway before a real emulator: stock clients, several accounts, refusals, deployments, restarts."""

import http.client
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config

from localcloud.cloud import processes
from localcloud.cloud import services as local
from tests.localcloud.conftest import OWNER, EchoApi, echoed

pytestmark = pytest.mark.e2e
OTHER = "222222222222"


@pytest.fixture
def client(echo_api: EchoApi) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=echo_api.url, timeout=30) as made:
        yield made


def until(condition: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
    return True


def sdk_event(echo_api: EchoApi, account: str) -> Any:
    """What the function saw of a boto3 CreateApplicationVersion by `account`."""
    seen: list[Any] = []
    client = boto3.client(
        "serverlessrepo",
        endpoint_url=echo_api.url,
        region_name="us-east-1",
        aws_access_key_id=account,
        aws_secret_access_key="secret",
        config=Config(retries={"total_max_attempts": 1}),
    )
    client.meta.events.register("after-call", lambda http_response, **_: seen.append(http_response.content))
    client.create_application_version(
        ApplicationId=f"arn:aws:serverlessrepo:us-east-1:{account}:applications/my-app",
        SemanticVersion="1.0.0-rc.1+build.7",
        TemplateBody="{}",
    )
    return echoed(seen[0])


@pytest.mark.parametrize("account", [OWNER, OTHER, "999999999999"])
def test_a_signed_put_arrives_with_its_path_as_signed_whoever_calls(echo_api: EchoApi, account: str) -> None:
    event = sdk_event(echo_api, account)
    sent = (
        f"/applications/arn%3Aaws%3Aserverlessrepo%3Aus-east-1%3A{account}%3Aapplications%2Fmy-app"
        "/versions/1.0.0-rc.1%2Bbuild.7"
    )
    context = event["requestContext"]
    assert event["path"] == sent
    assert context["path"] == context["authorizer"]["path"] == echo_api.path + sent
    assert context["authorizer"]["authorization"].startswith(f"AWS4-HMAC-SHA256 Credential={account}/")
    assert not [name for name in event["headers"] if name.lower() in {"authorization", "content-length"}]
    assert event["body"] == '{"templateBody": "{}"}'


def test_an_anonymous_call_reaches_the_owners_function_at_its_alias(
    echo_api: EchoApi, client: httpx.Client
) -> None:
    event = echoed(client.get("/open").content)
    assert event["requestContext"]["accountId"] == OWNER
    assert "authorizer" not in event["requestContext"]
    assert event["function"] == {"arn": echo_api.echo_arn, "version": "1"}


def test_header_names_keep_their_spelling_and_a_host_its_port(echo_api: EchoApi) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", echo_api.services.places.gateway_port)
    connection.request("GET", echo_api.path + "/open", headers={"X-MiXed": "1", "x-amz-date": "now"})
    headers = echoed(connection.getresponse().read())["headers"]
    connection.close()
    assert headers.keys() >= {"X-MiXed", "x-amz-date", "Host"}
    assert headers["Host"] == f"127.0.0.1:{echo_api.services.places.gateway_port}"


@pytest.mark.parametrize("verb", ["GET", "HEAD", "OPTIONS", "DELETE", "PATCH", "POST", "PUT"])
def test_every_method_passes_through_any(client: httpx.Client, verb: str) -> None:
    answer = client.request(verb, "/x")
    assert (answer.status_code, answer.headers["x-echo"]) == (200, "yes")
    if verb != "HEAD":
        assert echoed(answer.content)["httpMethod"] == verb


def test_a_connection_survives_every_refusal(echo_api: EchoApi) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", echo_api.services.places.gateway_port, timeout=30)
    connection.connect()
    socket = connection.sock
    for method, path, body, headers, expected in (
        ("GET", "/x", None, {"x-test": "deny"}, 403),
        ("GET", "/x", None, {"x-test": "unauthorized"}, 401),
        ("GET", "/x", None, {"x-test": "raise"}, 500),
        ("POST", "/open", b"{}", {}, 200),  # POST is not /open's, so the greedy resource answers
        ("PUT", "/x", b"x" * (11 * 1024 * 1024), {}, 413),
        ("PUT", "/x", b"x" * (7 * 1024 * 1024), {}, 413),
        ("PUT", "/x", b"x" * (9 * 1024 * 1024), {"x-test": "deny"}, 403),
        ("GET", "/slow", None, {}, 504),
        ("GET", "/malformed", None, {}, 502),
        ("GET", "/raise", None, {}, 502),
        ("GET", "/fine", None, {}, 200),
    ):
        connection.request(method, echo_api.path + path, body=body, headers=headers)
        answer = connection.getresponse()
        answer.read()
        assert (path, answer.status) == (path, expected)
        assert answer.headers["x-shaped"] == ("yes" if 400 <= expected < 500 else None)
    assert connection.sock is socket
    connection.close()


def test_a_chunked_body_arrives_whole(client: httpx.Client) -> None:
    answer = client.post("/x", content=iter([b'{"a":', b"1}"]))
    assert echoed(answer.content)["body"] == '{"a":1}'


def test_a_change_shows_only_after_the_next_deployment(echo_api: EchoApi, client: httpx.Client) -> None:
    assert echoed(client.get("/later/x").content)["resource"] == "/{proxy+}"
    made = echo_api.control.create_resource(restApiId=echo_api.id, parentId=echo_api.root, pathPart="later")
    echo_api.control.put_method(
        restApiId=echo_api.id, resourceId=made["id"], httpMethod="GET", authorizationType="NONE"
    )
    time.sleep(1.1)  # longer than the gateway remembers a stage
    assert client.get("/later").status_code == 200
    echo_api.deploy()
    assert until(lambda: client.get("/later").status_code == 500), "the new method has no integration"


def test_without_a_permission_the_function_is_not_run(echo_api: EchoApi, client: httpx.Client) -> None:
    functions = echo_api.services.client("lambda", OWNER)
    functions.remove_permission(FunctionName="echo", Qualifier="live", StatementId="api")
    try:
        assert until(lambda: client.get("/open").status_code == 500)
    finally:
        functions.add_permission(
            FunctionName="echo",
            Qualifier="live",
            StatementId="api",
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            SourceArn=f"arn:aws:execute-api:us-east-1:{OWNER}:{echo_api.id}/beta/GET/open",
        )
    assert client.get("/open").status_code == 200
    assert until(lambda: client.get("/x").status_code == 500), "the permission is for GET /open alone"
    functions.remove_permission(FunctionName="echo", Qualifier="live", StatementId="api")
    functions.add_permission(
        FunctionName="echo",
        Qualifier="live",
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
    )
    assert until(lambda: client.get("/x").status_code == 200)


@pytest.mark.chaos
def test_the_gateway_goes_on_when_the_emulator_alone_is_restarted(
    echo_api: EchoApi, client: httpx.Client
) -> None:
    places = echo_api.services.places
    assert client.get("/open").status_code == 200
    processes.stop(local.emulator(places))
    assert until(lambda: client.get("/open").status_code in {500, 502})
    assert local.start(places) == ["emulator"]
    assert client.get("/open").status_code == 200


@pytest.mark.chaos
def test_after_a_restart_of_both_the_api_answers_as_before(echo_api: EchoApi, client: httpx.Client) -> None:
    places = echo_api.services.places
    before = echoed(client.get("/x%2Fy").content)
    assert local.stop(places) == ["gateway", "emulator"]
    assert local.start(places) == ["emulator", "gateway"]
    after = echoed(httpx.get(echo_api.url + "/x%2Fy").content)
    for event in (before, after):
        for volatile in ("requestId", "extendedRequestId", "requestTime", "requestTimeEpoch"):
            del event["requestContext"][volatile]
        del event["requestContext"]["authorizer"]["integrationLatency"]
        del event["headers"], event["multiValueHeaders"]
        del event["requestContext"]["identity"]["userAgent"]
    assert after == before
