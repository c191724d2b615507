"""The resources of a template, wherever they stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from registry.domain.positions import Path

_LOOP = "Fn::ForEach::"


@dataclass(frozen=True, kw_only=True, slots=True)
class Resource:
    """`path` leads to the body. In a loop of AWS::LanguageExtensions the id is a pattern: `Topic${Name}`."""

    path: Path
    logical_id: str
    type: str
    body: Mapping[str, Any]

    @property
    def properties(self) -> Mapping[str, Any]:
        """Empty when the body has none, or something odd in their place."""
        found = self.body.get("Properties")
        return found if isinstance(found, dict) else {}


def resources_of(document: Mapping[str, Any]) -> Iterator[Resource]:
    """In the order of the template, loops included; other functions in place of resources are passed over."""
    return _in_map(document.get("Resources"), ("Resources",))


def _in_map(section: object, path: Path) -> Iterator[Resource]:
    if not isinstance(section, dict):
        return
    for logical_id, body in section.items():
        if logical_id.startswith(_LOOP):
            if isinstance(body, list) and len(body) == 3:
                yield from _in_map(body[2], (*path, logical_id, 2))
        elif isinstance(body, dict) and isinstance(body.get("Type"), str):
            yield Resource(path=(*path, logical_id), logical_id=logical_id, type=body["Type"], body=body)
