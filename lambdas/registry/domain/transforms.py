"""The macros that a template asks CloudFormation to run."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from registry.domain.positions import Path

if TYPE_CHECKING:
    from registry.domain.templates import Template

INCLUDE = "AWS::Include"
_SAM = "AWS::Serverless-"
_LANGUAGE = "AWS::LanguageExtensions"


@dataclass(frozen=True, kw_only=True)
class Transform:
    """`path` leads to the body, a map with Name and Parameters, or a mere name. Both may be of any kind."""

    path: Path
    name: object
    parameters: object = None


def transforms_of(document: Mapping[str, Any]) -> Iterator[Transform]:
    """Those of the whole template, then each Fn::Transform in it, but not those in its metadata."""
    yield from _each(("Transform",), document.get("Transform"))
    todo: list[tuple[Path, Any]] = [((), {key: document[key] for key in document if key != "Metadata"})]
    while todo:
        path, value = todo.pop()
        if isinstance(value, dict) and "Fn::Transform" in value:
            yield from _each((*path, "Fn::Transform"), value["Fn::Transform"])
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        todo.extend(((*path, step), one) for step, one in inner if type(one) is dict or type(one) is list)


def transform_warnings(document: Mapping[str, Any]) -> Iterator[str]:
    """Once for each macro that only some accounts have, and for included text, which nobody here reads."""
    names = dict.fromkeys(one.name for one in transforms_of(document) if isinstance(one.name, str))
    for name in names:
        if name == INCLUDE:
            yield f"What {INCLUDE} brings in is not looked into: its resources and their code are unknown"
        elif not name.startswith("AWS::"):
            yield f"The macro {name[:255]} must exist in the consumer's account"


def macros_of(template: Template) -> frozenset[str]:
    """Names of the macros that CloudFormation will run; one that is no text counts as "?"."""
    return frozenset(
        one.name if isinstance(one.name, str) else "?"
        for one in transforms_of(template.document)
        if one.name is not None
    )


def is_sam_alone(macros: Collection[str]) -> bool:
    """Whether SAM's macro runs, and none that could bring in resources which nobody here has seen."""
    sam = {name for name in macros if name.startswith(_SAM)}
    return bool(sam) and not unseen(macros)


def unseen(macros: Collection[str]) -> list[str]:
    """Those that may bring in resources that the template does not show, sorted."""
    return sorted(name for name in macros if not name.startswith((_SAM, _LANGUAGE)))


def _each(path: Path, said: object) -> Iterator[Transform]:
    if isinstance(said, list):
        for place, one in enumerate(said):
            yield from _each((*path, place), one)
    elif isinstance(said, dict):
        yield Transform(path=path, name=said.get("Name"), parameters=said.get("Parameters"))
    else:
        yield Transform(path=path, name=said)
