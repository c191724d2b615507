"""From an HTTP request to an operation's input, whose own fields are the table: no member is read by hand.

A member comes from the path when the route names it there, from the query of a request without a body, else
from the JSON body. Members that the input does not have are ignored, as AWS does.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

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
    return _read(asks, lambda member: path.get(member, query.get(member, body.get(member))))


def _read(asks: type[Input], value_of: Callable[[str], object], inside: str = "") -> Input:
    """`inside`: what the members' names follow in an error's text, as in `tags[2].`."""
    given: dict[str, object] = {}
    for field in fields(asks):  # type: ignore[arg-type]
        member = wire_name(field.name)
        value = value_of(member)
        if value is not None:
            given[field.name] = _reader(asks, field)(f"{inside}{member}", value)
        elif field.default is MISSING:
            raise Invalid(f"{inside}{member} is required")
    try:
        return asks(**given)
    except Invalid as fault:
        if not inside:
            raise
        raise Invalid(f"{inside[:-1]}: {fault.message}") from None


def _reader(asks: type[Any], field: Field[Any]) -> Callable[[str, object], object]:
    """By the annotation as it is written; another dataclass, or a tuple of one, is read by its own fields."""
    known = _READERS.get(str(field.type))
    if known is not None:
        return known
    annotation = get_type_hints(asks)[field.name]
    if isinstance(annotation, UnionType):  # `X | None`
        annotation = get_args(annotation)[0]
    if get_origin(annotation) is tuple:
        part = get_args(annotation)[0]
        return lambda member, value: tuple(
            _object(part, f"{member}[{place}]", one) for place, one in enumerate(_list(member, value))
        )
    return lambda member, value: _object(annotation, member, value)


def _object(asks: type[Any], member: str, value: object) -> object:
    if not isinstance(value, dict):
        raise Invalid(f"{member} must be an object; {_kind(value)} was given")
    return _read(asks, value.get, f"{member}.")


def _list(member: str, value: object) -> list[object]:
    if not isinstance(value, list):
        raise Invalid(f"{member} must be a list; {_kind(value)} was given")
    return value


def read_body(
    event: Mapping[str, Any], *, pairs: Callable[[list[tuple[str, Any]]], object] | None = None
) -> Mapping[str, object]:
    """The JSON object in an integration event's body; no body is an empty one. Raises Invalid.

    `pairs` makes each object out of its members as they stand; without it the last of a name counts.
    """
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
        parsed = json.loads(content.decode(), object_pairs_hook=pairs)
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
    if isinstance(value, int) and not isinstance(value, bool):
        return value  # from a body; a query holds texts
    text = _text(member, value)
    if _WHOLE_NUMBER.fullmatch(text) is None:
        raise Invalid(f"{member} must be a whole number; {text[:40]!r} was given")
    return int(text)


def _kind(value: object) -> str:
    return _JSON_KINDS.get(type(value), "a number")


# By the annotation as it is written in the inputs' modules.
_READERS: dict[str, Callable[[str, object], object]] = {
    "str": _text,
    "str | None": _text,
    "tuple[str, ...]": _texts,
    "tuple[str, ...] | None": _texts,
    "int": _whole_number,
    "int | None": _whole_number,
}
