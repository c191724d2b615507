"""One emulator and gateway for the session, with one API of account A in them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.emulator import (
    LocalServices,
    archive,
    create_function,
    create_role,
    invocation_uri,
    running_services,
)

OWNER = "111111111111"

ECHO = """
import json, time
def handler(event, context):
    headers = {name.lower(): value for name, value in event["headers"].items()}
    if event["path"] == "/slow":
        time.sleep(3)
    if event["path"] == "/raise":
        raise ValueError("boom")
    if event["path"] == "/malformed":
        return {"not": "a proxy response"}
    event["function"] = {"arn": context.invoked_function_arn, "version": context.function_version}
    return {"statusCode": 200, "headers": {"X-Echo": "yes"}, "body": json.dumps(event)}
"""
AUTHORIZE = """
import json
def handler(event, context):
    headers = {name.lower(): value for name, value in event["headers"].items()}
    if headers.get("x-test") == "raise":
        raise ValueError("boom")
    if headers.get("x-test") == "unauthorized":
        raise Exception("Unauthorized")
    effect = "Deny" if headers.get("x-test") == "deny" else "Allow"
    statement = {"Effect": effect, "Action": "execute-api:Invoke", "Resource": event["methodArn"]}
    return {
        "principalId": "tester",
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {
            "path": event["requestContext"]["path"],
            "authorization": headers.get("authorization", ""),
        },
    }
"""


@dataclass(frozen=True, kw_only=True)
class EchoApi:
    """ANY on / and /{proxy+} echoes the event behind an authoriser; GET /open has none, /slow little time."""

    services: LocalServices
    id: str
    stage: str
    root: str
    echo_arn: str

    @property
    def url(self) -> str:
        return self.services.api_url(self.id, self.stage)

    @property
    def path(self) -> str:
        return self.services.api_path(self.id, self.stage)

    @property
    def control(self) -> Any:
        return self.services.client("apigateway", OWNER)

    def add(self, part: str, verb: str, authorizer: str | None = None, timeout_ms: int = 29_000) -> None:
        made = self.control.create_resource(restApiId=self.id, parentId=self.root, pathPart=part)
        put_method(self.control, self.id, made["id"], verb, self.echo_arn, authorizer, timeout_ms)

    def deploy(self) -> None:
        deployment = self.control.create_deployment(restApiId=self.id)["id"]
        change = {"op": "replace", "path": "/deploymentId", "value": deployment}
        self.control.update_stage(restApiId=self.id, stageName=self.stage, patchOperations=[change])


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServices]:
    with running_services(tmp_path_factory.mktemp("cloud")) as started:
        yield started


@pytest.fixture(scope="session")
def echo_api(services: LocalServices) -> EchoApi:
    return create_echo_api(services)


def create_echo_api(services: LocalServices) -> EchoApi:
    role = create_role(services.client("iam", OWNER), "functions")
    functions = services.client("lambda", OWNER)
    code = archive(echo=ECHO, authorize=AUTHORIZE)
    echo = create_function(functions, "echo", role, code)
    authorize = create_function(functions, "authorize", role, code)

    control = services.client("apigateway", OWNER)
    api = control.create_rest_api(name="echo")["id"]
    root = control.get_resources(restApiId=api)["items"][0]["id"]
    authorizer = control.create_authorizer(
        restApiId=api,
        name="auth",
        type="REQUEST",
        authorizerUri=invocation_uri(authorize),
        authorizerResultTtlInSeconds=0,
    )["id"]
    proxy = control.create_resource(restApiId=api, parentId=root, pathPart="{proxy+}")["id"]
    for resource in (root, proxy):
        put_method(control, api, resource, "ANY", echo, authorizer)
    control.put_gateway_response(
        restApiId=api,
        responseType="DEFAULT_4XX",
        responseParameters={"gatewayresponse.header.x-shaped": "'yes'"},
    )
    deployment = control.create_deployment(restApiId=api)["id"]
    control.create_stage(restApiId=api, stageName="beta", deploymentId=deployment, variables={"a": "b"})
    made = EchoApi(services=services, id=api, stage="beta", root=root, echo_arn=echo)
    made.add("open", "GET")
    made.add("slow", "GET", timeout_ms=200)
    made.deploy()
    return made


def put_method(
    control: Any,
    api: str,
    resource: str,
    verb: str,
    function: str,
    authorizer: str | None = None,
    timeout_ms: int = 29_000,
) -> None:
    how = (
        {"authorizationType": "CUSTOM", "authorizerId": authorizer}
        if authorizer
        else {"authorizationType": "NONE"}
    )
    control.put_method(restApiId=api, resourceId=resource, httpMethod=verb, **how)
    control.put_integration(
        restApiId=api,
        resourceId=resource,
        httpMethod=verb,
        type="AWS_PROXY",
        integrationHttpMethod="POST",
        uri=invocation_uri(function),
        timeoutInMillis=timeout_ms,
    )


def echoed(body: bytes | str) -> Any:
    return json.loads(body)
