"""Properties to API members and back, along botocore's own service models.

A property finds its member by name, letter case aside (`kmsMasterKeyId` is `KMSMasterKeyID`), unless its
description names another. The model also decides the form: an object where the API wants a list of one is
wrapped, a map where it wants pairs becomes pairs, a value inside a map of attributes becomes text.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

from localcloud.provider.description import Complaint, Description
from localcloud.provider.facts import Schema
from localcloud.provider.values import Properties, Value, has_unknown

_KEYS = ("key", "tagkey", "name")
_VALUES = ("value", "tagvalue")
Shape = Any
"""A botocore shape."""


def to_api(
    description: Description, shape: Shape, properties: Mapping[str, Value], only: Iterable[str]
) -> dict[str, Any]:
    """The part of an operation's input that `properties` make; those without a member in `shape` are left
    out.
    """
    wanted = set(only)
    sent: dict[str, Any] = {}
    for name, value in properties.items():
        if value is None or not wanted & {"*", name}:
            continue
        member = description.member(name)
        if member.to_api:
            value = member.to_api(value)  # noqa: PLW2901
        _place(sent, shape, member.sent.split("."), value, description, name)
    return sent


def _place(
    into: dict[str, Any], shape: Shape, steps: list[str], value: Value, description: Description, path: str
) -> None:
    key, inner = _member(shape, steps[0])
    if inner is None:
        return
    if len(steps) > 1:
        _place(into.setdefault(key, {}), inner, steps[1:], value, description, path)
    else:
        into[key] = convert(value, inner, description, path)


def _member(shape: Shape, name: str) -> tuple[str, Shape]:
    """The member of `shape` called `name`, letter case aside; (name, None) where there is none."""
    if shape.type_name == "map":
        return name, shape.value
    for key, inner in getattr(shape, "members", {}).items():
        if key.lower() == name.lower():
            return key, inner
    return name, None


def convert(value: Value, shape: Shape, description: Description, path: str) -> Any:
    """`value` in the form of `shape`."""
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict):
        made: dict[str, Any] = {}
        for name, item in value.items():
            _place(
                made, shape, [description.member(f"{path}.{name}").sent], item, description, f"{path}.{name}"
            )
        return made
    if kind == "list":
        return _convert_list(value, shape.member, description, path)
    if kind == "map" and isinstance(value, dict):
        return {key: convert(item, shape.value, description, path) for key, item in value.items()}
    return _convert_scalar(value, kind)


def _convert_list(value: Value, item_shape: Shape, description: Description, path: str) -> list[Any]:
    pair = pair_of(item_shape)
    if isinstance(value, dict) and pair:
        key, held = pair
        return [{key: name, held: _convert_scalar(item, "string")} for name, item in value.items()]
    items = value if isinstance(value, list) else [value]
    return [convert(item, item_shape, description, f"{path}[]") for item in items]


def _convert_scalar(value: Value, kind: str) -> Any:
    if kind == "string" and not isinstance(value, str):
        return json.dumps(value)
    if kind in ("integer", "long") and isinstance(value, str | float):
        return int(value)
    if kind in ("float", "double") and isinstance(value, str | int):
        return float(value)
    if kind == "boolean" and isinstance(value, str):
        return value == "true"
    return value


def pair_of(shape: Shape) -> tuple[str, str] | None:
    """The two member names of a key-and-value structure."""
    names = {name.lower(): name for name in getattr(shape, "members", {})}
    keys = [names[key] for key in _KEYS if key in names]
    values = [names[value] for value in _VALUES if value in names]
    return (keys[0], values[0]) if len(names) == 2 and keys and values else None


def from_api(description: Description, inputs: Mapping[str, Schema], answer: Mapping[str, Any]) -> Properties:
    """The properties that `answer` tells; what it does not mention is left out."""
    read: Properties = {}
    for name, schema in inputs.items():
        if name in description.local or name in ("tags", "region"):
            continue
        member = description.member(name)
        found = dig(answer, member.sent if member.read is None else member.read)
        if member.from_api and found is not None:
            found = member.from_api(found)
        value = revert(found, schema, description, name)
        if value is not None:
            read[name] = value
    return read


def dig(answer: Any, path: str) -> Any:
    """What lies at the dotted `path`, letter case aside; None where nothing does."""
    for step in path.split("."):
        if not isinstance(answer, dict):
            return None
        answer = next((item for key, item in answer.items() if key.lower() == step.lower()), None)
    return answer


def revert(value: Any, schema: Schema, description: Description, path: str) -> Value:
    """An API value in the form of `schema`."""
    if value is None:
        return None
    if isinstance(schema, list):
        items = value if isinstance(value, list | tuple) else [value]
        return [revert(item, schema[0], description, f"{path}[]") for item in items]
    if isinstance(value, list):
        if not (isinstance(schema, dict) and "*" in schema):
            return revert(value[0], schema, description, path) if value else None
        value = dict(_pairs(value))
    if isinstance(schema, dict):
        return _revert_object(value, schema, description, path)
    return _revert_scalar(value, schema)


def _revert_object(value: Any, schema: Mapping[str, Schema], description: Description, path: str) -> Value:
    if "*" in schema:
        return {key: revert(item, schema["*"], description, path) for key, item in value.items()}
    made = {
        name: revert(
            dig(value, description.member(f"{path}.{name}").sent), inner, description, f"{path}.{name}"
        )
        for name, inner in schema.items()
    }
    return {name: item for name, item in made.items() if item is not None}


def _pairs(items: list[dict[str, Any]]) -> Iterator[tuple[str, Any]]:
    for item in items:
        names = {name.lower(): name for name in item}
        key = next(names[key] for key in _KEYS if key in names)
        yield item[key], next((item[names[value]] for value in _VALUES if value in names), "")


def _revert_scalar(value: Any, schema: Schema) -> Value:
    if schema == "string":
        return _text(value)
    if schema == "boolean":
        return value if isinstance(value, bool) else str(value).lower() == "true"
    if schema == "integer":
        return int(value)
    if schema == "number":
        number = float(value)
        return int(number) if number.is_integer() else number
    return value


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    return json.dumps(value)


def complaints(
    description: Description, shape: Shape, properties: Mapping[str, Value]
) -> Iterator[Complaint]:
    """What the API's model forbids: values outside an enumeration, lengths and numbers out of range."""
    for name, value in properties.items():
        member = description.member(name)
        if member.to_api or has_unknown(value) or name in description.local:
            continue
        inner = shape
        for step in member.sent.split("."):
            inner = _member(inner, step)[1] if inner is not None else None
        if inner is not None:
            yield from _complaints(description, inner, name, name, value)


def _complaints(
    description: Description, shape: Shape, pattern: str, path: str, value: Value
) -> Iterator[Complaint]:
    if shape.type_name == "structure" and isinstance(value, dict):
        for name, item in value.items():
            inner = _member(shape, description.member(f"{pattern}.{name}").sent)[1]
            if inner is not None:
                yield from _complaints(description, inner, f"{pattern}.{name}", f"{path}.{name}", item)
    elif shape.type_name == "list" and not pair_of(shape.member):
        for index, item in enumerate(value if isinstance(value, list) else [value]):
            at = f"{path}[{index}]" if isinstance(value, list) else path
            yield from _complaints(description, shape.member, f"{pattern}[]", at, item)
    elif not isinstance(value, dict | list):
        problem = _problem(shape, value)
        if problem:
            yield path, problem


def _problem(shape: Shape, value: Value) -> str | None:
    enum, low, high = (shape.metadata.get(key) for key in ("enum", "min", "max"))
    if enum and value not in ("", None) and value not in enum:
        return f"{value!r} is not one of {', '.join(enum)}"
    size: float
    if isinstance(value, str) and shape.type_name == "string":
        size, noun = len(value), "characters"
    elif isinstance(value, int | float) and not isinstance(value, bool):
        size, noun = value, ""
    else:
        return None
    if value == "":  # an empty text is what the stock provider takes for none
        return None
    if (low is not None and size < low) or (high is not None and size > high):
        told = f"has {size} {noun}" if noun else f"is {size}"
        least, most = ("any" if limit is None else limit for limit in (low, high))
        return f"{told}, and {least} to {most} are allowed"
    return None


_FIELD = re.compile(r"\{(\w+)\}")


def fill(template: Any, scope: Mapping[str, Any]) -> Any:
    """`template` with each `{name}` replaced from `scope`; a text of one field keeps the value's type."""
    if isinstance(template, dict):
        return {key: fill(item, scope) for key, item in template.items()}
    if isinstance(template, list):
        return [fill(item, scope) for item in template]
    if not isinstance(template, str):
        return template
    alone = _FIELD.fullmatch(template)
    if alone:
        return scope[alone[1]]
    return _FIELD.sub(lambda match: str(scope[match[1]]), template)


def fields(template: str) -> list[str]:
    """The names of a template's fields."""
    return _FIELD.findall(template)


def unfill(template: str, text: str) -> dict[str, str]:
    """The fields that make `template` read `text`; none when it cannot."""
    pieces = _FIELD.split(template)
    pattern = "".join(re.escape(p) if i % 2 == 0 else f"(?P<{p}>.+?)" for i, p in enumerate(pieces))
    match = re.fullmatch(pattern, text)
    return match.groupdict() if match else {}
