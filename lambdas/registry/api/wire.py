"""API Gateway's integration event to its answer. The one place where an error becomes a status."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from registry import log
from registry.api.requests import read_body, read_input
from registry.api.routes import Route, find_route, segments_of
from registry.api.verdict import Caller
from registry.errors import (
    AccessDenied,
    AlreadyExists,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    RegistryError,
    SignatureFault,
    TooManyRequests,
    Unavailable,
)

# A signature fault goes out as the type that it carries itself.
ANSWERS: Mapping[type[RegistryError], tuple[int, str]] = {
    Invalid: (400, "BadRequestException"),
    Forbidden: (403, "ForbiddenException"),
    AccessDenied: (403, "AccessDeniedException"),
    SignatureFault: (403, "ForbiddenException"),
    NotFound: (404, "NotFoundException"),
    AlreadyExists: (409, "ConflictException"),
    Conflict: (409, "ConflictException"),
    TooManyRequests: (429, "TooManyRequestsException"),
    Unavailable: (503, "ServiceUnavailableException"),
}
# What AWS says when it is asked too much or by two at once: the caller may simply ask again.
_BUSY = {
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}
_CONTENDED = {"TransactionConflictException", "TransactionInProgressException"}
_UNREACHED = (ConnectionClosedError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError)

Answer = dict[str, Any]


def answer(
    event: Mapping[str, Any],
    *,
    caller_of: Callable[[Mapping[str, Any]], Caller],
    routes: Callable[[], Sequence[Route]],
) -> Answer:
    """Never raises. `routes` is asked only for a caller who is known."""
    about = event.get("requestContext") or {}
    log.correlate(str(about.get("requestId", "")))
    said: dict[str, Any] = {"method": event.get("httpMethod"), "path": about.get("path")}
    try:
        caller = caller_of(event)
        said |= {"account": caller.account, "principal": caller.principal}
        status, body = _run(event, caller, routes(), said)
    except Exception as error:
        return refuse(error, said)
    log.event("request-answered", status=status, **said)
    return respond(status, body)


def _run(
    event: Mapping[str, Any], caller: Caller, routes: Sequence[Route], said: dict[str, Any]
) -> tuple[int, Mapping[str, Any] | None]:
    method = event["httpMethod"]
    route, path = find_route(routes, method, segments_of(event))
    said["operation"] = route.operation
    route.admit(caller.account, route.operation)
    bodiless = method in ("GET", "DELETE")
    asked = read_input(
        route.asks,
        path=path,
        query=(event.get("queryStringParameters") or {}) if bodiless else {},
        body={} if bodiless else read_body(event),
    )
    result = route.run(caller, asked)
    return route.status, None if route.shape is None else route.shape(result)


def refuse(error: Exception, said: Mapping[str, Any]) -> Answer:
    """The error's own form on the wire; `said` is for the log alone."""
    refusal = error if isinstance(error, RegistryError) else _of_aws(error)
    if refusal is None:
        log.failure("request-failed", error, **said)
        return _error(500, "InternalServerErrorException", "Internal failure")
    status, kind = ANSWERS[type(refusal)]
    if isinstance(refusal, SignatureFault):
        kind = refusal.code
    rule = getattr(refusal, "rule", "")  # what refused: for owners and operators who ask why
    log.event(
        "request-refused",
        level="WARNING",
        status=status,
        error=kind,
        message=refusal.message[:500],
        **({"rule": rule} if rule else {}),
        **said,
    )
    return _error(status, kind, refusal.message)


def _of_aws(error: Exception) -> RegistryError | None:
    if isinstance(error, _UNREACHED):
        return Unavailable("A service behind the registry does not answer at this moment. Try again.")
    response = getattr(error, "response", None) or {}
    code = response.get("Error", {}).get("Code")
    if code in _BUSY:
        return TooManyRequests("Rate exceeded")
    if code in _CONTENDED:
        return Unavailable("Others write the same application at this moment. Try again.")
    return None


def _error(status: int, kind: str, message: str) -> Answer:
    # botocore takes the error's type from the header; the body is what the model describes (api.md §1).
    return respond(status, {"errorCode": str(status), "message": message}, {"x-amzn-ErrorType": kind})


def respond(status: int, body: Mapping[str, Any] | None, headers: Mapping[str, str] | None = None) -> Answer:
    content = {} if body is None else {"Content-Type": "application/json"}
    return {
        "statusCode": status,
        "headers": {**content, **(headers or {})},
        "body": "" if body is None else json.dumps(body, ensure_ascii=False, separators=(",", ":")),
        "isBase64Encoded": False,
    }
