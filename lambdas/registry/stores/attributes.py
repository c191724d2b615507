"""Plain values to DynamoDB's typed attributes and back. (boto3's own converter would import all of boto3.)"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Attributes = dict[str, Any]


def to_item(values: Mapping[str, object]) -> Attributes:
    """Texts, whole numbers, lists and maps of them; an attribute that is None is left out."""
    return {name: _to_attribute(value) for name, value in values.items() if value is not None}


def from_item(item: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {name: _from_attribute(attribute) for name, attribute in item.items()}


def _to_attribute(value: object) -> Attributes:
    match value:
        case str():
            return {"S": value}
        case int():
            return {"N": str(value)}
        case Mapping():
            return {"M": to_item(value)}
        case list() | tuple():
            return {"L": [_to_attribute(one) for one in value]}
        case _:
            raise TypeError(f"{type(value).__name__} has no attribute type here")


def _from_attribute(attribute: Mapping[str, Any]) -> Any:
    ((kind, value),) = attribute.items()
    match kind:
        case "S":
            return value
        case "N":
            return int(value)
        case "M":
            return from_item(value)
        case "L":
            return [_from_attribute(one) for one in value]
        case _:
            raise TypeError(f"attribute type {kind} is not written here")
