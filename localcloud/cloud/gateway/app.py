"""The gateway as an ASGI application."""

import json
import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote

import anyio.to_thread
from botocore.exceptions import BotoCoreError, ClientError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from localcloud.cloud.gateway.answers import Answer, MalformedAnswerError, complete, from_function
from localcloud.cloud.gateway.authorizer import verdict
from localcloud.cloud.gateway.definitions import Api, FunctionRef
from localcloud.cloud.gateway.directory import Deployed, Directory
from localcloud.cloud.gateway.events import authorizer_event, integration_event, method_arn
from localcloud.cloud.gateway.functions import Functions, Invocation, InvocationError, NotPermittedError
from localcloud.cloud.gateway.refusals import RefusalError, refuse
from localcloud.cloud.gateway.requests import GatewayRequest
from localcloud.cloud.gateway.routing import Address, Route, find_route, parse_address

log = logging.getLogger("gateway")
T = TypeVar("T")

BODY_LIMIT = 10 * 1024 * 1024  # bytes, API Gateway
EVENT_LIMIT = 6_291_456  # bytes, Lambda's synchronous request and response
AUTHORIZER_TIMEOUT_S = 29.0
HEALTH_PATH = "/_health"
HEADERS_AS_SENT = "localcloud.headers_as_sent"


class Gateway:
    """Serves every API of the local cloud under `/_aws/execute-api/<api>/<stage>/`."""

    def __init__(self, directory: Directory, functions: Functions) -> None:
        self._directory = directory
        self._functions = functions
        self._threads: anyio.CapacityLimiter | None = None  # belongs to the event loop, so made on it

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if scope["path"] == HEALTH_PATH:
            await JSONResponse({"status": "ok"})(scope, receive, send)
            return
        started = time.perf_counter()
        body, too_large = await _read_body(Request(scope, receive))
        request = _request(scope, body)
        api: list[Api] = []
        reason = ""
        try:
            answer = await self._answer(request, too_large, api.append)
        except RefusalError as refusal:
            answer = refuse(refusal, request, api[0] if api else None)
            reason = f" {refusal.kind}: {refusal.reason}"
        answer = complete(answer, request)
        await _response(answer)(scope, receive, send)
        log.info(
            '%s "%s %s" %d %d->%d bytes %.0f ms %s%s',
            request.source_ip, request.method, request.target, answer.status, len(body), len(answer.body),
            (time.perf_counter() - started) * 1000, request.request_id, reason,
        )  # fmt: skip

    async def _answer(
        self, request: GatewayRequest, too_large: bool, found_api: Callable[[Api], None]
    ) -> Answer:
        address = parse_address(request.raw_path)
        if address is None:
            raise RefusalError("FORBIDDEN", reason="no execute-api path")
        deployed = await self._in_thread(partial(self._find, address))
        found_api(deployed.api)
        if too_large:
            raise RefusalError("REQUEST_TOO_LARGE", reason=f"body over {BODY_LIMIT} bytes")
        route = find_route(deployed.api.resources, request.method, address.path)
        if route is None:
            raise RefusalError("MISSING_AUTHENTICATION_TOKEN", reason="no such resource or method")
        authorizer = await self._authorize(deployed, address, route, request)
        return await self._integrate(deployed, address, route, request, authorizer)

    def _find(self, address: Address) -> Deployed:
        try:
            deployed = self._directory.find(address.api, address.stage)
        except (ClientError, BotoCoreError) as error:
            raise RefusalError("DEFAULT_5XX", reason=f"the emulator does not answer: {error}") from error
        if deployed is None:
            raise RefusalError("FORBIDDEN", reason="no such API or stage in any known account")
        return deployed

    async def _authorize(
        self, deployed: Deployed, address: Address, route: Route, request: GatewayRequest
    ) -> dict[str, Any] | None:
        if route.method.authorizer is None:
            return None
        api = deployed.api
        authorizer = api.authorizers.get(route.method.authorizer)
        if authorizer is None or authorizer.function is None:
            reason = authorizer.problem if authorizer else f"no authoriser {route.method.authorizer}"
            raise RefusalError("AUTHORIZER_CONFIGURATION_ERROR", reason=reason or "")
        started = time.perf_counter()
        try:
            invocation = await self._invoke(
                api,
                authorizer.function,
                authorizer_event(api, deployed.stage, address, route, request),
                source=f"{api.id}/authorizers/{authorizer.id}",
                timeout_s=AUTHORIZER_TIMEOUT_S,
            )
        except (InvocationError, TimeoutError) as error:
            reason = str(error) or "the authoriser took too long"
            raise RefusalError("AUTHORIZER_CONFIGURATION_ERROR", reason=reason) from error
        allowed = verdict(invocation, method_arn(api, address, request))
        return {**allowed, "integrationLatency": round((time.perf_counter() - started) * 1000)}

    async def _integrate(
        self,
        deployed: Deployed,
        address: Address,
        route: Route,
        request: GatewayRequest,
        authorizer: dict[str, Any] | None,
    ) -> Answer:
        api, method = deployed.api, route.method
        if method.function is None:
            raise RefusalError("API_CONFIGURATION_ERROR", reason=method.problem or "")
        try:
            invocation = await self._invoke(
                api,
                method.function,
                integration_event(api, deployed.stage, address, route, request, authorizer),
                source=f"{api.id}/{address.stage}/{request.method}{_source_path(route)}",
                timeout_s=method.timeout_s,
            )
        except TimeoutError as error:
            raise RefusalError("INTEGRATION_TIMEOUT", reason=f"over {method.timeout_s} s") from error
        except NotPermittedError as error:
            raise RefusalError("API_CONFIGURATION_ERROR", reason=str(error)) from error
        except InvocationError as error:
            raise RefusalError("INTEGRATION_FAILURE", reason=str(error)) from error
        if invocation.failed:
            raise RefusalError(
                "INTEGRATION_FAILURE", reason=f"the function failed: {invocation.payload[:500]!r}"
            )
        try:
            return from_function(invocation.payload, request.header("accept"), api.binary_media_types)
        except MalformedAnswerError as error:
            raise RefusalError("INTEGRATION_FAILURE", reason=f"malformed proxy response: {error}") from error

    async def _invoke(
        self, api: Api, function: FunctionRef, event: dict[str, Any], *, source: str, timeout_s: float
    ) -> Invocation:
        payload = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
        if len(payload) > EVENT_LIMIT:
            raise RefusalError(
                "REQUEST_TOO_LARGE", reason=f"event of {len(payload)} bytes", message="Request Too Long"
            )
        place = f"arn:{api.partition}:execute-api:{api.home.region}:{api.home.account}:{source}"
        with anyio.fail_after(timeout_s):
            call = partial(
                self._functions.invoke, function, payload, source_arn=place, account=api.home.account
            )
            return await self._in_thread(call)

    async def _in_thread(self, call: Callable[[], T]) -> T:
        self._threads = self._threads or anyio.CapacityLimiter(200)
        return await anyio.to_thread.run_sync(call, abandon_on_cancel=True, limiter=self._threads)


def _source_path(route: Route) -> str:
    """The resource's path as permissions name it: `*` in the place of each path parameter."""
    return "/".join("*" if part.startswith("{") else part for part in route.resource.path.split("/"))


async def _read_body(request: Request) -> tuple[bytes, bool]:
    """The body, and whether it is over the limit; the rest of one that is, is read and thrown away.

    Reading on keeps the connection in step, so that the client gets the refusal and can go on using it.
    """
    body = bytearray()
    too_large = False
    async for chunk in request.stream():
        too_large = too_large or len(body) + len(chunk) > BODY_LIMIT
        if not too_large:
            body += chunk
    return b"" if too_large else bytes(body), too_large


def _request(scope: Scope, body: bytes) -> GatewayRequest:
    headers = scope.get("extensions", {}).get(HEADERS_AS_SENT) or scope["headers"]
    raw_path = scope.get("raw_path") or quote(scope["path"]).encode()
    return GatewayRequest(
        method=scope["method"],
        raw_path=raw_path.decode("latin-1"),
        query=scope["query_string"].decode("latin-1"),
        headers=tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers),
        body=body,
        source_ip=scope["client"][0] if scope.get("client") else "127.0.0.1",
        protocol=f"HTTP/{scope['http_version']}",
        port=scope["server"][1] or 80 if scope.get("server") else 80,
    )


def _response(answer: Answer) -> Response:
    response = Response(answer.body, answer.status)
    response.raw_headers.extend(
        (name.encode("latin-1", "replace"), value.encode("latin-1", "replace"))
        for name, value in answer.headers
    )
    return response
