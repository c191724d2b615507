"""A small API and a fake of its functions, for driving the gateway without an emulator."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from localcloud.cloud.accounts import Home
from localcloud.cloud.gateway.app import Gateway
from localcloud.cloud.gateway.definitions import (
    Api,
    Authorizer,
    FunctionRef,
    GatewayResponse,
    Method,
    Resource,
    Stage,
)
from localcloud.cloud.gateway.directory import Deployed
from localcloud.cloud.gateway.functions import Invocation

OWNER = Home(account="123456789012", region="eu-west-1")
BASE = "/_aws/execute-api/a1b2c3d4/beta"
STAGE = Stage(name="beta", deployment="d1", variables={"colour": "green"})


def function(name: str) -> FunctionRef:
    arn = f"arn:aws:lambda:{OWNER.region}:{OWNER.account}:function:{name}:live"
    return FunctionRef(arn=arn, account=OWNER.account, region=OWNER.region, name=name, qualifier="live")


def method(*, authorizer: str | None = None, name: str = "backend", timeout_s: float = 29) -> Method:
    return Method(authorizer=authorizer, function=function(name), timeout_s=timeout_s)


def resource(path: str, **methods: Method) -> Resource:
    return Resource(id=f"id of {path}", path=path, methods=methods)


def api(
    *resources: Resource, responses: dict[str, GatewayResponse] | None = None, binary: tuple[str, ...] = ()
) -> Api:
    return Api(
        id="a1b2c3d4",
        home=OWNER,
        partition="aws",
        resources=resources or (resource("/{proxy+}", ANY=method(authorizer="auth")),),
        authorizers={"auth": Authorizer(id="auth", function=function("authorize"))},
        gateway_responses=responses or {},
        binary_media_types=binary,
    )


def allow(**members: Any) -> dict[str, Any]:
    """An authoriser's answer that lets everything through."""
    statement = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "arn:aws:execute-api:*"}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": "someone", "policyDocument": policy, **members}


@dataclass
class FakeFunctions:
    """Answers by function name, with a value or a function of the event; remembers what came in."""

    answers: dict[str, Any] = field(default_factory=dict)
    events: dict[str, Any] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)

    def invoke(self, function: FunctionRef, payload: bytes, *, source_arn: str, account: str) -> Invocation:
        event = json.loads(payload)
        self.events[function.name] = event
        self.sources[function.name] = source_arn
        default = allow() if function.name == "authorize" else {"statusCode": 200, "body": "fine"}
        answer = self.answers.get(function.name, default)
        answer = answer(event) if isinstance(answer, Callable) else answer
        if isinstance(answer, bytes):
            return Invocation(payload=answer, failed=False)
        failed = isinstance(answer, dict) and "errorMessage" in answer
        return Invocation(payload=json.dumps(answer).encode(), failed=failed)


@dataclass
class FakeDirectory:
    api: Api

    def find(self, api_id: str, stage_name: str) -> Deployed | None:
        known = api_id == self.api.id and stage_name == STAGE.name
        return Deployed(api=self.api, stage=STAGE) if known else None


def client(functions: FakeFunctions | None = None, definition: Api | None = None) -> httpx.AsyncClient:
    """Speaks to a gateway that serves `definition` with `functions`."""
    gateway = Gateway(FakeDirectory(definition or api()), functions or FakeFunctions())  # type: ignore[arg-type]
    transport = httpx.ASGITransport(app=gateway, client=("192.0.2.7", 1234))
    return httpx.AsyncClient(transport=transport, base_url="http://gateway.test:4567")
