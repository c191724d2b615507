"""Requests that a signature does not cover are refused by the deployed stack; the connection stays usable."""

import http.client
import json
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.support.stack import PUBLISHER, DeployedStack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]
BODY = json.dumps({"name": "e2e-signed", "author": "Ada", "description": "first"}).encode()


@pytest.fixture
def connection(stack: DeployedStack) -> Iterator[http.client.HTTPConnection]:
    address = urlsplit(stack.settings["AWS_ENDPOINT_URL_SERVERLESSAPPLICATIONREPOSITORY"])
    link = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
    yield link
    link.close()


def signed(
    stack: DeployedStack,
    path: str,
    *,
    method: str = "POST",
    body: bytes = BODY,
    secret: str = "",
    region: str = "",
    service: str = "serverlessrepo",
) -> tuple[str, dict[str, str]]:
    """Path and headers as boto3 would send them."""
    url = stack.settings["AWS_ENDPOINT_URL_SERVERLESSAPPLICATIONREPOSITORY"] + path
    request = AWSRequest(method=method, url=url, data=body, headers={"Content-Type": "application/json"})
    key = stack.settings[f"{PUBLISHER}_ACCESS_KEY_ID"]
    credentials = Credentials(key, secret or stack.settings[f"{PUBLISHER}_SECRET_ACCESS_KEY"])
    SigV4Auth(credentials, service, region or stack.settings["AWS_REGION"]).add_auth(request)
    return urlsplit(url).path, dict(request.headers.items())


def ask(
    link: http.client.HTTPConnection, method: str, path: str, body: bytes, headers: dict[str, str]
) -> tuple[int, str]:
    """Status and error type; the answer is read to its end."""
    link.request(method, path, body=body, headers=headers)
    answer = link.getresponse()
    answer.read()
    return answer.status, (answer.headers["x-amzn-ErrorType"] or "").split(":")[0]


def test_each_fault_of_a_signature_is_a_403_and_the_same_connection_goes_on(
    stack: DeployedStack, connection: http.client.HTTPConnection
) -> None:
    path, good = signed(stack, "/applications")
    _, wrong_secret = signed(stack, "/applications", secret="not-the-secret")
    _, wrong_region = signed(stack, "/applications", region="eu-north-1")
    _, wrong_service = signed(stack, "/applications", service="s3")
    unsigned = {"Content-Type": "application/json"}
    asked = {
        "unsigned": (BODY, unsigned),
        "wrong secret": (BODY, wrong_secret),
        "foreign region": (BODY, wrong_region),
        "foreign service": (BODY, wrong_service),
        "changed body": (BODY.replace(b"Ada", b"Eve"), good),
        "changed header": (BODY, {**good, "X-Amz-Date": "20200101T000000Z"}),
    }
    got = {fault: ask(connection, "POST", path, body, headers) for fault, (body, headers) in asked.items()}
    assert {fault: status for fault, (status, _) in got.items()} == dict.fromkeys(asked, 403)
    assert got["unsigned"][1] == "MissingAuthenticationTokenException"
    assert got["changed body"][1] == "InvalidSignatureException"


def test_encoded_slash_and_plus_survive_to_the_verifier(
    stack: DeployedStack, connection: http.client.HTTPConnection
) -> None:
    arn = f"arn%3Aaws%3Aserverlessrepo%3Aus-east-1%3A{stack.account(PUBLISHER)}%3Aapplications%2Fe2e-nowhere"
    body = json.dumps({"templateBody": "Resources: {Q: {Type: 'AWS::SQS::Queue'}}"}).encode()
    path, headers = signed(stack, f"/applications/{arn}/versions/1.0.0%2Bbuild", method="PUT", body=body)
    assert ask(connection, "PUT", path, body, headers) == (404, "NotFoundException")
    changed = path.replace("%2Bbuild", "%2Bother")
    assert ask(connection, "PUT", changed, body, headers) == (403, "InvalidSignatureException")


def test_an_unknown_route_of_a_signed_caller_is_404(
    stack: DeployedStack, connection: http.client.HTTPConnection
) -> None:
    path, headers = signed(stack, "/nothing/here", method="GET", body=b"")
    assert ask(connection, "GET", path, b"", headers) == (404, "NotFoundException")
