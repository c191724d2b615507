"""Who is calling, as STS of the emulator tells it to somebody who passes a signed request on."""

import http.client
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.support.emulator import LocalServices

pytestmark = pytest.mark.e2e

ACCOUNT = "111111111111"
HOST = "sts.us-east-1.amazonaws.com"
BODY = "Action=GetCallerIdentity&Version=2011-06-15"


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    text: str


@pytest.fixture(scope="module")
def user(services: LocalServices) -> Credentials:
    iam = services.client("iam", ACCOUNT)
    iam.create_user(UserName="asker")
    key = iam.create_access_key(UserName="asker")["AccessKey"]
    return Credentials(key["AccessKeyId"], key["SecretAccessKey"])


@pytest.fixture(scope="module")
def session(services: LocalServices) -> Credentials:
    trust = '{"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "%s"}}]}'
    role = services.client("iam", ACCOUNT).create_role(
        RoleName="asks-sts", AssumeRolePolicyDocument=trust % ACCOUNT
    )["Role"]["Arn"]
    made = services.client("sts", ACCOUNT).assume_role(RoleArn=role, RoleSessionName="me")["Credentials"]
    return Credentials(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])


def signed(credentials: Credentials) -> dict[str, str]:
    """Headers of a request to STS on AWS, which the emulator gets with the Host that was signed."""
    request = AWSRequest(
        method="POST",
        url=f"https://{HOST}/",
        data=BODY,
        headers={
            "Host": HOST,
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Registry-Server-Id": "alpha.us-east-1",
        },
    )
    SigV4Auth(credentials, "sts", "us-east-1").add_auth(request)
    return dict(request.headers.items())


def ask(services: LocalServices, headers: Mapping[str, str]) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", services.places.emulator_port, timeout=10)
    try:
        connection.request("POST", "/", body=BODY, headers=dict(headers))
        answer = connection.getresponse()
        return Answer(status=answer.status, text=answer.read().decode())
    finally:
        connection.close()


@pytest.mark.parametrize("who", ["user", "session"])
def test_a_right_signature_for_the_host_of_aws_tells_who_calls(
    services: LocalServices, request: pytest.FixtureRequest, who: str
) -> None:
    answer = ask(services, signed(request.getfixturevalue(who)))
    assert answer.status == 200
    expected = {"user": "user/asker", "session": "assumed-role/asks-sts/me"}[who]
    assert f":{ACCOUNT}:{expected}</Arn>" in answer.text


@pytest.mark.parametrize("who", ["user", "session"])
@pytest.mark.parametrize("changed", ["secret", "X-Registry-Server-Id", "Host", "X-Amz-Date"])
def test_a_signature_over_anything_else_is_refused(
    services: LocalServices, request: pytest.FixtureRequest, who: str, changed: str
) -> None:
    credentials: Any = request.getfixturevalue(who)
    if changed == "secret":
        headers = signed(Credentials(credentials.access_key, "wrong", credentials.token))
    else:
        headers = signed(credentials)
        headers[changed] = headers[changed].replace("1", "2", 1)
    answer = ask(services, headers)
    assert answer.status == 403
    assert "<Arn>" not in answer.text


def test_a_session_needs_its_own_token(services: LocalServices, session: Credentials) -> None:
    answer = ask(services, signed(Credentials(session.access_key, session.secret_key, "another")))
    assert answer.status == 403
    assert "InvalidClientTokenId" in answer.text
