"""The resources of a template, wherever they stand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # nobody else here needs YAML, and whoever only reads should not wait for it
    from registry.domain.positions import Path

_LOOP = "Fn::ForEach::"


@dataclass(frozen=True, kw_only=True, slots=True)
class Resource:
    """`path` leads to the body. In a loop of AWS::LanguageExtensions the id is a pattern: `Topic${Name}`.

    `collections`: what the loops around it run over, from the outermost in.
    """

    path: Path
    logical_id: str
    type: str
    body: Mapping[str, Any]
    collections: tuple[object, ...] = ()

    @property
    def properties(self) -> Mapping[str, Any]:
        """Empty when the body has none, or something odd in their place."""
        found = self.body.get("Properties")
        return found if isinstance(found, dict) else {}


def resources_of(document: Mapping[str, Any]) -> Iterator[Resource]:
    """In the order of the template, loops included; other functions in place of resources are passed over."""
    return _in_map(document.get("Resources"), ("Resources",), ())


def in_loop(path: Path) -> bool:
    """Whether a loop makes what `path` leads to: there `${Name}` is replaced even in plain text."""
    return any(isinstance(step, str) and step.startswith(_LOOP) for step in path)


def unsupported(types: Iterable[str], allowed: Sequence[str]) -> tuple[str, ...]:
    """The types that the operator's list leaves out, sorted. An entry may end in `*`; no list allows all."""
    if not allowed:
        return ()
    exact = {one for one in allowed if not one.endswith("*")}
    prefixes = tuple(one[:-1] for one in allowed if one.endswith("*"))
    return tuple(sorted({one for one in types if one not in exact and not one.startswith(prefixes)}))


def _in_map(section: object, path: Path, collections: tuple[object, ...]) -> Iterator[Resource]:
    if not isinstance(section, dict):
        return
    for logical_id, body in section.items():
        if logical_id.startswith(_LOOP):
            if isinstance(body, list) and len(body) == 3:
                yield from _in_map(body[2], (*path, logical_id, 2), (*collections, body[1]))
        elif isinstance(body, dict) and isinstance(body.get("Type"), str):
            yield Resource(
                path=(*path, logical_id),
                logical_id=logical_id,
                type=body["Type"],
                body=body,
                collections=collections,
            )
