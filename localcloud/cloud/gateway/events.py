"""The events that functions receive, key by key as API Gateway builds them (REST API, version 1.0)."""

import base64
from collections.abc import Mapping
from typing import Any

from localcloud.cloud.gateway.definitions import Api, Stage
from localcloud.cloud.gateway.requests import GatewayRequest
from localcloud.cloud.gateway.routing import Address, Route

NO_IDENTITY = (
    "accessKey", "accountId", "caller", "cognitoAuthenticationProvider", "cognitoAuthenticationType",
    "cognitoIdentityId", "cognitoIdentityPoolId", "principalOrgId", "user", "userArn",
)  # fmt: skip


def method_arn(api: Api, address: Address, request: GatewayRequest) -> str:
    """What an authoriser's policy is evaluated on; the path is the raw one without stage."""
    place = f"arn:{api.partition}:execute-api:{api.home.region}:{api.home.account}:{api.id}"
    return f"{place}/{address.stage}/{request.method}/{address.path.removeprefix('/')}"


def authorizer_event(
    api: Api, stage: Stage, address: Address, route: Route, request: GatewayRequest
) -> dict[str, Any]:
    """The input of a REQUEST authoriser: no body; absent maps are empty."""
    return {
        "type": "REQUEST",
        "methodArn": method_arn(api, address, request),
        **_common(request, address, route, signature_dropped=False),
        **{name: values or {} for name, values in _parameters(request, route, stage).items()},
        "requestContext": _context(api, stage, route, request),
    }


def integration_event(
    api: Api,
    stage: Stage,
    address: Address,
    route: Route,
    request: GatewayRequest,
    authorizer: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """The input of a Lambda proxy integration: absent maps are null, a SigV4 `Authorization` is dropped."""
    binary = bool(request.body) and is_binary(request.header("content-type"), api.binary_media_types)
    body = base64.b64encode(request.body).decode() if binary else request.body.decode("utf-8", "replace")
    context = _context(api, stage, route, request)
    if authorizer is not None:
        context["authorizer"] = dict(authorizer)
    return {
        **_common(request, address, route, signature_dropped=True),
        **{name: values or None for name, values in _parameters(request, route, stage).items()},
        "requestContext": context,
        "body": body or None,
        "isBase64Encoded": binary,
    }


def is_binary(media_type: str | None, binary_media_types: tuple[str, ...]) -> bool:
    """Whether API Gateway treats this media type (of Content-Type or Accept) as bytes."""
    if "*/*" in binary_media_types:
        return True
    plain = (media_type or "").split(",")[0].split(";")[0].strip().lower()
    return any(
        plain == one.lower() or (one.endswith("/*") and plain.startswith(one[:-1].lower()))
        for one in binary_media_types
        if plain
    )


def _common(
    request: GatewayRequest, address: Address, route: Route, *, signature_dropped: bool
) -> dict[str, Any]:
    headers = request.forwarded_headers(signature_dropped=signature_dropped)
    return {
        "resource": route.resource.path,
        "path": address.path,
        "httpMethod": request.method,
        "headers": {name: values[-1] for name, values in headers.items()},
        "multiValueHeaders": headers,
    }


def _parameters(request: GatewayRequest, route: Route, stage: Stage) -> dict[str, Any]:
    query: dict[str, list[str]] = {}
    for name, value in request.query_pairs():
        query.setdefault(name, []).append(value)
    return {
        "queryStringParameters": {name: values[-1] for name, values in query.items()},
        "multiValueQueryStringParameters": query,
        "pathParameters": dict(route.parameters),
        "stageVariables": dict(stage.variables),
    }


def _context(api: Api, stage: Stage, route: Route, request: GatewayRequest) -> dict[str, Any]:
    identity: dict[str, Any] = dict.fromkeys(NO_IDENTITY)
    return {
        "accountId": api.home.account,
        "apiId": api.id,
        "deploymentId": stage.deployment,
        "domainName": (request.header("host") or "").rsplit(":", 1)[0],
        "domainPrefix": api.id,
        "extendedRequestId": request.extended_request_id,
        "httpMethod": request.method,
        "identity": identity | {"sourceIp": request.source_ip, "userAgent": request.header("user-agent")},
        "path": request.raw_path,
        "protocol": request.protocol,
        "requestId": request.request_id,
        "requestTime": request.received.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "requestTimeEpoch": int(request.received.timestamp() * 1000),
        "resourceId": route.resource.id,
        "resourcePath": route.resource.path,
        "stage": stage.name,
    }
