"""What an API is: read from the emulator's control plane, frozen when its stage's deployment changes."""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from localcloud.cloud.accounts import Home

log = logging.getLogger("gateway")

DEFAULT_TIMEOUT_MS = 29_000  # also the most that AWS allows without a raised quota
_INVOCATION = re.compile(
    r"arn:[^:]+:apigateway:[^:]+:lambda:path/+\d{4}-\d{2}-\d{2}/functions/(?P<function>arn:.+)/invocations"
)


@dataclass(frozen=True, kw_only=True)
class FunctionRef:
    """A function as an integration names it: `arn` carries the qualifier when there is one."""

    arn: str
    account: str
    region: str
    name: str
    qualifier: str | None

    @classmethod
    def of_uri(cls, uri: str) -> "FunctionRef | None":
        """The function of an invocation URI; None when the URI is for something else."""
        found = _INVOCATION.fullmatch(uri)
        parts = found["function"].split(":") if found else []
        if len(parts) not in {7, 8} or parts[2] != "lambda" or parts[5] != "function":
            return None
        return cls(
            arn=":".join(parts),
            account=parts[4],
            region=parts[3],
            name=parts[6],
            qualifier=parts[7] if len(parts) == 8 else None,
        )


@dataclass(frozen=True, kw_only=True)
class Method:
    """`problem` says why this method cannot be served here; then `function` is None."""

    authorizer: str | None
    function: FunctionRef | None
    timeout_s: float
    problem: str | None = None


@dataclass(frozen=True, kw_only=True)
class Resource:
    id: str
    path: str
    methods: Mapping[str, Method]


@dataclass(frozen=True, kw_only=True)
class Authorizer:
    """`problem` says why it cannot be served here; then `function` is None."""

    id: str
    function: FunctionRef | None
    problem: str | None = None


@dataclass(frozen=True, kw_only=True)
class GatewayResponse:
    """A customised refusal: static headers, and the body template for JSON."""

    status: int | None
    headers: Mapping[str, str]
    template: str | None


@dataclass(frozen=True, kw_only=True)
class Api:
    id: str
    home: Home
    partition: str
    resources: tuple[Resource, ...]
    authorizers: Mapping[str, Authorizer] = field(default_factory=dict)
    gateway_responses: Mapping[str, GatewayResponse] = field(default_factory=dict)
    binary_media_types: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Stage:
    name: str
    deployment: str
    variables: Mapping[str, str]


def load_api(client: Any, home: Home, api_id: str) -> Api:
    """Read everything of one API through a boto3 `apigateway` client of its owner."""
    about = client.get_rest_api(restApiId=api_id)
    resources = tuple(
        _resource(item)
        for page in client.get_paginator("get_resources").paginate(restApiId=api_id, embed=["methods"])
        for item in page["items"]
    )
    authorizers = (
        _authorizer(item) for item in client.get_authorizers(restApiId=api_id, limit=500).get("items", ())
    )
    responses = client.get_gateway_responses(restApiId=api_id, limit=500).get("items", ())
    return Api(
        id=api_id,
        home=home,
        partition=client.meta.partition,
        resources=resources,
        authorizers={one.id: one for one in authorizers},
        gateway_responses={
            item["responseType"]: _gateway_response(item)
            for item in responses
            if not item.get("defaultResponse")
        },
        binary_media_types=tuple(about.get("binaryMediaTypes") or ()),
    )


def load_stage(client: Any, api_id: str, name: str) -> Stage:
    """One stage; boto3's NotFoundException when the API or the stage is missing."""
    about = client.get_stage(restApiId=api_id, stageName=name)
    return Stage(name=name, deployment=about["deploymentId"], variables=about.get("variables") or {})


def _resource(item: Mapping[str, Any]) -> Resource:
    methods = {verb: _method(about) for verb, about in (item.get("resourceMethods") or {}).items()}
    return Resource(id=item["id"], path=item["path"], methods=methods)


def _method(about: Mapping[str, Any]) -> Method:
    integration = about.get("methodIntegration") or {}
    function = FunctionRef.of_uri(integration.get("uri") or "")
    kind = integration.get("type")
    authorization = about.get("authorizationType") or "NONE"
    problem = None
    if not integration:
        problem = "the method has no integration"
    elif kind != "AWS_PROXY" or function is None:
        problem = (
            f"integration {kind} {integration.get('uri') or ''} is not emulated, only AWS_PROXY to a function"
        )
    elif authorization not in {"NONE", "CUSTOM"}:
        problem = f"authorization {authorization} is not emulated, only NONE and CUSTOM"
    elif about.get("apiKeyRequired"):
        problem = "API keys are not emulated"
    return Method(
        authorizer=about.get("authorizerId") if authorization == "CUSTOM" else None,
        function=None if problem else function,
        timeout_s=(integration.get("timeoutInMillis") or DEFAULT_TIMEOUT_MS) / 1000,
        problem=problem,
    )


def _authorizer(item: Mapping[str, Any]) -> Authorizer:
    function = FunctionRef.of_uri(item.get("authorizerUri") or "")
    problem = None
    if item.get("type") != "REQUEST" or function is None:
        problem = f"authoriser type {item.get('type')} is not emulated, only REQUEST with a function"
    elif item.get("authorizerResultTtlInSeconds", 300):
        problem = "caching of an authoriser's answers is not emulated: its TTL must be 0"
    return Authorizer(id=item["id"], function=None if problem else function, problem=problem)


def _gateway_response(item: Mapping[str, Any]) -> GatewayResponse:
    headers = {}
    for target, source in (item.get("responseParameters") or {}).items():
        place, _, name = target.partition("gatewayresponse.header.")
        if place or not name or not (len(source) > 1 and source[0] == source[-1] == "'"):
            log.warning("gateway response %s: %s=%s is ignored, only static headers are emulated",
                        item["responseType"], target, source)  # fmt: skip
            continue
        headers[name] = source[1:-1]
    status = item.get("statusCode")
    return GatewayResponse(
        status=int(status) if status else None,
        headers=headers,
        template=(item.get("responseTemplates") or {}).get("application/json"),
    )
