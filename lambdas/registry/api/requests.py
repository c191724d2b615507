"""From an HTTP request to an operation's input, whose own fields are the table: no member is read by hand.

A member comes from the path when the route names it there, from the query of a request without a body, else
from the JSON body. Members that the input does not have are ignored, as AWS does.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from typing import Any, TypeVar

from registry.domain.inputs import wire_name
from registry.errors import Invalid

# API Gateway hands the function at most 6 MB, escaped inside an event.
MAX_BODY_BYTES = 4_718_592
_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,18}")
_JSON_KINDS = {dict: "an object", list: "a list", str: "text", bool: "a boolean", type(None): "null"}

Input = TypeVar("Input")


def read_input(
    asks: type[Input], *, path: Mapping[str, str], query: Mapping[str, str], body: Mapping[str, object]
) -> Input:
    """The valid input. Raises Invalid, naming the member."""
    given: dict[str, object] = {}
    for field in fields(asks):  # type: ignore[arg-type]
        member = wire_name(field.name)
        value = path.get(member, query.get(member, body.get(member)))
        if value is not None:
            given[field.name] = _READERS[str(field.type)](member, value)
        elif field.default is MISSING:
            raise Invalid(f"{member} is required")
    return asks(**given)


def read_body(event: Mapping[str, Any]) -> Mapping[str, object]:
    """The JSON object in an integration event's body; no body is an empty one. Raises Invalid."""
    text = event.get("body") or ""
    content = base64.b64decode(text) if event.get("isBase64Encoded") else text.encode()
    if len(content) > MAX_BODY_BYTES:
        raise Invalid(
            f"The body has {len(content)} bytes, {MAX_BODY_BYTES} (4.5 MB) allowed: hand in large documents "
            "through S3, by ReadmeUrl, LicenseUrl or TemplateUrl"
        )
    if not content.strip():
        return {}
    try:
        parsed = json.loads(content.decode())
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise Invalid(f"The body is not JSON: {error.msg} ({where})") from None
    except UnicodeDecodeError as error:
        raise Invalid(f"The body is not UTF-8: byte {error.start}") from None
    except RecursionError:
        raise Invalid("The body is JSON nested too deeply") from None
    except ValueError as error:  # a number of thousands of digits
        raise Invalid(f"The body is not JSON: {error}") from None
    if not isinstance(parsed, dict):
        raise Invalid(f"The body must be a JSON object; {_kind(parsed)} was given")
    return parsed


def _text(member: str, value: object) -> str:
    if not isinstance(value, str):
        raise Invalid(f"{member} must be text; {_kind(value)} was given")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise Invalid(f"{member} holds half of a surrogate pair at character {error.start}") from None
    return value


def _texts(member: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise Invalid(f"{member} must be a list of texts; {_kind(value)} was given")
    return tuple(_text(f"{member}[{place}]", one) for place, one in enumerate(value))


def _whole_number(member: str, value: object) -> int:
    text = _text(member, value)
    if _WHOLE_NUMBER.fullmatch(text) is None:
        raise Invalid(f"{member} must be a whole number; {text[:40]!r} was given")
    return int(text)


def _kind(value: object) -> str:
    return _JSON_KINDS.get(type(value), "a number")


# By the annotation as it is written in `domain/inputs.py`.
_READERS: dict[str, Callable[[str, object], object]] = {
    "str": _text,
    "str | None": _text,
    "tuple[str, ...]": _texts,
    "tuple[str, ...] | None": _texts,
    "int": _whole_number,
}
