"""From what a proxy function returned to an HTTP answer, and the headers every answer carries."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.cloud.gateway.events import is_binary
from localcloud.cloud.gateway.requests import GatewayRequest

MEMBERS = frozenset({"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"})
REMAPPED = frozenset({"connection", "content-length", "date", "server"})
DROPPED = frozenset({"transfer-encoding"})


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class MalformedAnswerError(ValueError):
    """The function's result is not a proxy response; AWS answers 502."""


def from_function(payload: bytes, accept: str | None, binary_media_types: tuple[str, ...]) -> Answer:
    """Read a proxy response: an object with no members but the five known ones, all optional.

    Raises MalformedAnswerError.
    """
    try:
        result = json.loads(payload)
    except ValueError as error:
        raise MalformedAnswerError(f"not JSON: {error}") from error
    if not isinstance(result, dict) or not result.keys() <= MEMBERS:
        raise MalformedAnswerError(f"must be an object of {', '.join(sorted(MEMBERS))}")
    return Answer(
        status=_status(result.get("statusCode")),
        headers=tuple(_headers(result)),
        body=_body(result, accept, binary_media_types),
    )


def complete(answer: Answer, request: GatewayRequest) -> Answer:
    """Add the headers that API Gateway sets on every answer."""
    ours = (("x-amzn-RequestId", request.request_id), ("x-amz-apigw-id", request.extended_request_id))
    names = {name.lower() for name, _ in ours}
    kept = tuple(pair for pair in answer.headers if pair[0].lower() not in names)
    return Answer(status=answer.status, headers=kept + ours, body=answer.body)


def _status(value: object) -> int:
    try:
        status = 200 if value is None else int(str(value))
    except ValueError as error:
        raise MalformedAnswerError(f"statusCode {value!r} is not a number") from error
    if not 200 <= status <= 599:
        raise MalformedAnswerError(f"statusCode {status} is not from 200 to 599")
    return status


def _headers(result: Mapping[str, Any]) -> list[tuple[str, str]]:
    single, multiple = result.get("headers") or {}, result.get("multiValueHeaders") or {}
    if not isinstance(single, dict) or not isinstance(multiple, dict):
        raise MalformedAnswerError("headers and multiValueHeaders must be objects")
    pairs = [(name, value) for name, values in multiple.items() for value in _list(name, values)]
    pairs += [(name, value) for name, value in single.items() if (name, value) not in pairs]
    if not any(name.lower() == "content-type" for name, _ in pairs):
        pairs.append(("Content-Type", "application/json"))
    return [(_outgoing(name), _text(name, value)) for name, value in pairs if name.lower() not in DROPPED]


def _list(name: str, values: object) -> list[Any]:
    if not isinstance(values, list):
        raise MalformedAnswerError(f"multiValueHeaders.{name} must be a list")
    return values


def _outgoing(name: str) -> str:
    return f"x-amzn-Remapped-{name}" if name.lower() in REMAPPED else name


def _text(name: str, value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int | float) or "\r" in str(value) or "\n" in str(value):
        raise MalformedAnswerError(f"header {name} must be one line of text")
    return str(value)


def _body(result: Mapping[str, Any], accept: str | None, binary_media_types: tuple[str, ...]) -> bytes:
    body = result.get("body")
    if body is not None and not isinstance(body, str):
        raise MalformedAnswerError("body must be text")
    # Bytes leave the gateway as bytes only to a client whose Accept is a binary media type of the API.
    if result.get("isBase64Encoded") and is_binary(accept, binary_media_types):
        try:
            return base64.b64decode(body or "", validate=True)
        except binascii.Error as error:
            raise MalformedAnswerError(f"body is not base64: {error}") from error
    return (body or "").encode()
