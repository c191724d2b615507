"""Property values as the engine sends them: unknowns, archives, numbers, documents."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf import json_format, struct_pb2

Value = Any
"""A property value: None, bool, int, float, str, list or dict of these."""
Properties = dict[str, Value]

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""Stands for a value that preview cannot know, in place of any value, at any depth."""
SIGNATURE = "4dabf18193072939515e22adb298388d"
"""Key of a map that is no map but a special value; what it is, its value tells."""
ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"
ASSET = "c44067f5952c0a294b673a41bacd8c17"
DEFAULTS = "__defaults"
"""Names of the properties beside it that Check has filled in."""


def from_struct(struct: struct_pb2.Struct) -> Properties:
    """The properties in `struct`, whole numbers as int (protobuf knows only floats)."""
    return {key: _whole(value) for key, value in json_format.MessageToDict(struct).items()}


def to_struct(properties: Mapping[str, Value]) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    struct.update(dict(properties))
    return struct


def _whole(value: Value) -> Value:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_whole(item) for item in value]
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    return value


def has_unknown(value: Value) -> bool:
    if isinstance(value, dict):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(has_unknown(item) for item in value)
    return bool(value == UNKNOWN)


def is_archive(value: Value) -> bool:
    return isinstance(value, dict) and value.get(SIGNATURE) == ARCHIVE


def plain(value: Value) -> Value:
    """`value` without the marks of Check and without what is null."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items() if key != DEFAULTS and item is not None}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def is_zero(value: Value) -> bool:
    """Absent, or what AWS and the stock provider take for absent: false, 0, "", [], {} and maps of these."""
    if isinstance(value, dict):
        return SIGNATURE not in value and all(is_zero(item) for item in value.values())
    return value in (None, "", 0, False) or value == []


Same = Callable[[Value, Value], bool]
"""Whether two values of one property mean the same."""


def same_document(old: Value, new: Value) -> bool:
    """Two JSON texts with equal content."""
    return bool(_parsed(old) == _parsed(new))


def same_policy(old: Value, new: Value) -> bool:
    """Two IAM policy texts with equal meaning: order in a list, and a list of one or its member, count the
    same.
    """
    return bool(_settled(_parsed(old)) == _settled(_parsed(new)))


def _parsed(text: Value) -> Value:
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return text


def _settled(value: Value) -> Value:
    if isinstance(value, dict):
        return {key: _settled(item) for key, item in value.items()}
    if isinstance(value, list):
        items = sorted((_settled(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
        return items[0] if len(items) == 1 else items
    return value
