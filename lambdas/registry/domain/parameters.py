"""A template's parameters as the API describes them (serverlessrepo-api.md §3, ParameterDefinition)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from registry.domain.literals import scalar_text

MAX_DESCRIPTION = 4000
"""Characters that CloudFormation takes in a parameter's description."""

_INT32 = 2**31


@dataclass(frozen=True, kw_only=True)
class ParameterDefinition:
    """None is what the template does not say. The API's bounds are 32-bit integers.

    `referenced_by_resources`: logical ids in the template's order (domain/references.py says whose).
    """

    name: str
    type: str | None = None
    default_value: str | None = None
    description: str | None = None
    allowed_values: tuple[str, ...] | None = None
    allowed_pattern: str | None = None
    constraint_description: str | None = None
    min_length: int | None = None
    max_length: int | None = None
    min_value: int | None = None
    max_value: int | None = None
    no_echo: bool | None = None
    referenced_by_resources: tuple[str, ...] = ()

    def as_member(self) -> dict[str, object]:
        """By the API's member names on the wire; what the template does not say is left out."""
        said: dict[str, object] = {
            "name": self.name,
            "type": self.type,
            "defaultValue": self.default_value,
            "description": self.description,
            "allowedValues": None if self.allowed_values is None else list(self.allowed_values),
            "allowedPattern": self.allowed_pattern,
            "constraintDescription": self.constraint_description,
            "minLength": self.min_length,
            "maxLength": self.max_length,
            "minValue": self.min_value,
            "maxValue": self.max_value,
            "noEcho": self.no_echo,
            "referencedByResources": list(self.referenced_by_resources),
        }
        return {member: value for member, value in said.items() if value is not None}


def read_parameter(
    name: str, attributes: object, referenced_by: tuple[str, ...]
) -> tuple[ParameterDefinition, list[str]]:
    """The definition, and a warning for each attribute that the API cannot carry or CloudFormation not take.

    A description longer than MAX_DESCRIPTION is kept whole.
    """
    if not isinstance(attributes, dict):
        made = ParameterDefinition(name=name, referenced_by_resources=referenced_by)
        return made, [f"Parameters.{name} is not a map of attributes"]
    reading = _Reading(attributes)
    made = ParameterDefinition(
        name=name,
        type=reading.text("Type"),
        default_value=reading.default(),
        description=reading.text("Description"),
        allowed_values=reading.texts("AllowedValues"),
        allowed_pattern=reading.text("AllowedPattern"),
        constraint_description=reading.text("ConstraintDescription"),
        min_length=reading.integer("MinLength"),
        max_length=reading.integer("MaxLength"),
        min_value=reading.integer("MinValue"),
        max_value=reading.integer("MaxValue"),
        no_echo=reading.truth("NoEcho"),
        referenced_by_resources=referenced_by,
    )
    if made.type is None:
        reading.unreadable.setdefault("Type", "is missing")
    warnings = [f"Parameters.{name}.{key} {said}" for key, said in reading.unreadable.items()]
    if len(made.description or "") > MAX_DESCRIPTION:
        warnings.append(
            f"Parameters.{name}.Description has more than {MAX_DESCRIPTION} characters, "
            "which is all CloudFormation takes"
        )
    return made, warnings


class _Reading:
    """Attributes read one by one; what cannot be read is told in `unreadable`."""

    def __init__(self, attributes: Mapping[str, Any]) -> None:
        self._attributes = attributes
        self.unreadable: dict[str, str] = {}

    def text(self, key: str) -> str | None:
        value = self._attributes.get(key)
        said = scalar_text(value)
        if said is None and value is not None:
            self.unreadable[key] = "is not a text"
        return said

    def default(self) -> str | None:
        """A list, as authors write it for CommaDelimitedList, becomes the text CloudFormation takes."""
        value = self._attributes.get("Default")
        if isinstance(value, list):
            parts = [scalar_text(one) for one in value]
            if all(part is not None for part in parts):
                return ",".join(part for part in parts if part is not None)
        return self.text("Default")

    def texts(self, key: str) -> tuple[str, ...] | None:
        value = self._attributes.get(key)
        if value is None:
            return None
        parts = [scalar_text(one) for one in value] if isinstance(value, list) else [None]
        if any(part is None for part in parts):
            self.unreadable[key] = "is not a list of texts"
            return None
        return tuple(part for part in parts if part is not None)

    def integer(self, key: str) -> int | None:
        value = self._attributes.get(key)
        if value is None:
            return None
        said = scalar_text(value) or ""
        if re.fullmatch(r"[+-]?[0-9]{1,10}(\.0{1,10})?", said):
            number = int(said.partition(".")[0])
            if -_INT32 <= number < _INT32:
                return number
        self.unreadable[key] = "is not a 32-bit integer, which is all the API can carry"
        return None

    def truth(self, key: str) -> bool | None:
        value = self._attributes.get(key)
        said = (scalar_text(value) or "").lower()
        if said in {"true", "false"}:
            return said == "true"
        if value is not None:
            self.unreadable[key] = "is neither true nor false"
        return None
