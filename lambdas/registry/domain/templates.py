"""Templates: text in, one plain document out (architecture.md §5)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Self

from registry.domain.json_text import MAX_DEPTH, read_json, too_deep
from registry.domain.positions import find, json_keys, line_and_column, yaml_keys
from registry.domain.yaml_text import read_yaml
from registry.errors import Invalid

MAX_BYTES = 1_048_576  # CloudFormation's limit for a template in S3


@dataclass(frozen=True, kw_only=True)
class Template:
    """A template in long form: `document` holds only what JSON can hold. Nobody changes it in place.

    `warnings` are what its text could have said better.
    """

    document: dict[str, Any]
    warnings: tuple[str, ...] = field(default=(), compare=False)

    def dump(self) -> str:
        """Compact JSON in the author's order; the same document always gives the same text."""
        return json.dumps(self.document, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def load(cls, dumped: str | bytes) -> Self:
        """What `dump` wrote. JSON may be longer than the YAML it came from, so there is no limit here."""
        return cls(document=json.loads(dumped))


def parse_template(text: str | bytes) -> Template:
    """Reads YAML, or JSON when the text starts with `{`; bytes are UTF-8.

    Raises Invalid, with line and column where they are known, on what is longer than MAX_BYTES or not well
    formed, has a key twice or multiplies by aliases, and on what has no resource with a Type.
    """
    readable = _decoded(text)
    is_json = readable.lstrip(" \t\r\n").startswith("{")
    document, warnings = (read_json(readable), ()) if is_json else read_yaml(readable)
    _check_depth(document)
    if not isinstance(document, dict):
        raise Invalid(f"Template format error: the template is {_kind(document)}, a map is needed (line 1)")
    _check_resources(document, readable, is_json=is_json)
    return Template(document=document, warnings=warnings)


def _decoded(text: str | bytes) -> str:
    try:
        encoded = text.encode() if isinstance(text, str) else text
    except UnicodeEncodeError as error:
        where = line_and_column(str(text), error.start)
        raise Invalid(
            f"Template format error: half of a surrogate pair is not a character ({where})"
        ) from None
    if len(encoded) > MAX_BYTES:
        raise Invalid(f"The template has {len(encoded)} bytes, {MAX_BYTES} allowed")
    try:
        decoded = encoded.decode()
    except UnicodeDecodeError as error:
        before = encoded[: error.start].decode(errors="replace")
        where = line_and_column(before, len(before))
        raise Invalid(
            f"Template format error: the byte 0x{encoded[error.start]:02x} is not UTF-8 ({where})"
        ) from None
    return decoded.removeprefix("\ufeff")


def _check_depth(document: object) -> None:
    level: list[Any] = [document]
    for _ in range(MAX_DEPTH + 1):
        level = [one for one in level if type(one) is dict or type(one) is list]
        if not level:
            return
        level = [child for one in level for child in (one.values() if type(one) is dict else one)]
    raise too_deep()


def _check_resources(document: dict[str, Any], text: str, *, is_json: bool) -> None:
    resources = document.get("Resources")
    if not isinstance(resources, dict):
        problem = f"Resources is {_kind(resources)}" if "Resources" in document else "Resources is missing"
        raise Invalid(f"Template format error: {problem}, a map with at least one resource is needed")
    if not resources:
        raise Invalid("Template format error: Resources is empty, at least one resource is needed")
    for logical_id, body in resources.items():
        if logical_id.startswith("Fn::"):  # a loop or an included snippet stands for resources
            continue
        if not isinstance(body, dict) or not isinstance(body.get("Type"), str) or not body["Type"]:
            at = find((json_keys if is_json else yaml_keys)(text), ("Resources", logical_id))
            where = f" ({line_and_column(text, at)})" if at is not None else ""
            has = f"is {_kind(body)}" if not isinstance(body, dict) else "has no Type text"
            raise Invalid(f"Template format error: the resource {logical_id[:255]!r} {has}{where}")


def _kind(value: object) -> str:
    if value is None:
        return "nothing"
    kinds: dict[type, str] = {dict: "a map", list: "a list", str: "a text", bool: "a truth value"}
    return kinds.get(type(value), "a number")
