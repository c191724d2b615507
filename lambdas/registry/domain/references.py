"""Which resources use which parameters (serverlessrepo-api.md §3, ReferencedByResources)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from typing import Any

from registry.domain.resources import Resource
from registry.errors import Invalid

MAX_USES = 100_000
"""More would not fit into a version's item, and every one of them takes time."""

_SUBSTITUTED = re.compile(r"\$\{([^{}!][^{}]*)\}")
_SERVERLESS = "AWS::Serverless::"


def users_of(
    parameters: Iterable[str], document: Mapping[str, Any], resources: Iterable[Resource]
) -> dict[str, list[str]]:
    """Logical ids, in the template's order, by parameter. Raises Invalid on more than MAX_USES.

    A resource uses what its body names by Ref or Fn::Sub, however deep; what the conditions name that it
    stands under or chooses by, and those that these name in turn; what the SAM globals of its type name;
    and what the collection of a loop names that makes it.
    """
    found: dict[str, list[str]] = {name: [] for name in parameters}
    if found:
        uses = _Uses(found.keys(), document)
        for resource in resources:
            for name in uses.of(resource):
                found[name].append(resource.logical_id)
    return found


def references(body: object) -> set[str]:
    """Names that `body` uses by Ref or by `${Name}` in Fn::Sub: parameters, resources, pseudo parameters."""
    return _walk(body)[0]


class _Uses:
    """Parameters by what names them, each place looked into once."""

    def __init__(self, parameters: Set[str], document: Mapping[str, Any]) -> None:
        self._parameters = parameters
        self._left = MAX_USES
        globals_ = document.get("Globals")
        self._globals: Mapping[str, Any] = globals_ if isinstance(globals_, dict) else {}
        self._of_globals: dict[str, set[str]] = {}
        conditions = document.get("Conditions")
        self._conditions = self._closed(conditions) if isinstance(conditions, dict) else {}

    def of(self, resource: Resource) -> set[str]:
        named = self._named((resource.body, resource.collections))
        if resource.type.startswith(_SERVERLESS):
            section = resource.type.removeprefix(_SERVERLESS)
            if section in self._globals and section not in self._of_globals:
                self._of_globals[section] = self._counted(self._named(self._globals[section]))
            named |= self._of_globals.get(section, set())
        return self._counted(named)

    def _named(self, body: object) -> set[str]:
        names, conditions = _walk(body)
        known = conditions & self._conditions.keys()
        return (names & self._parameters).union(*(self._conditions[one] for one in known))

    def _closed(self, section: Mapping[str, Any]) -> dict[str, set[str]]:
        """What each condition uses, by way of others too. CloudFormation refuses circles of them."""
        own = {name: _walk(body) for name, body in section.items()}
        closed: dict[str, set[str]] = {}
        begun: set[str] = set()
        todo = list(own)
        while todo:
            name = todo[-1]
            names, others = own[name]
            waiting = [] if name in begun else (others & own.keys()) - closed.keys() - begun - {name}
            begun.add(name)
            if waiting:
                todo.extend(waiting)
                continue
            todo.pop()
            if name not in closed:
                known = (closed[one] for one in others & closed.keys())
                closed[name] = self._counted((names & self._parameters).union(*known))
        return closed

    def _counted(self, named: set[str]) -> set[str]:
        self._left -= len(named)
        if self._left < 0:
            raise Invalid(
                f"The template's resources and conditions use its parameters more than {MAX_USES} times in "
                "all: have fewer parameters, or split the application"
            )
        return named


def _walk(body: object) -> tuple[set[str], set[str]]:
    """The names that `body` refers to, and the texts that stand where a condition's name does."""
    names: set[str] = set()
    conditions: set[str] = set()
    todo = [body]
    while todo:
        value = todo.pop()
        if isinstance(value, dict):
            if isinstance(name := value.get("Ref"), str):
                names.add(name)
            if isinstance(name := value.get("Condition"), str):
                conditions.add(name)
            chosen = value.get("Fn::If")
            if isinstance(chosen, list) and chosen and isinstance(chosen[0], str):
                conditions.add(chosen[0])
            if "Fn::Sub" in value:
                names.update(_substituted(value["Fn::Sub"]))
            todo.extend(value.values())
        elif isinstance(value, list | tuple):
            todo.extend(value)
    return names, conditions


def _substituted(argument: object) -> Iterator[str]:
    """`${Name}` alone: not the literal `${!Name}`, nor `${Name.Attribute}`, nor the call's own variables."""
    text, own = argument, {}
    if isinstance(argument, list) and argument:
        text = argument[0]
        own = argument[1] if len(argument) > 1 and isinstance(argument[1], dict) else {}
    if isinstance(text, str):
        names = (name.strip() for name in _SUBSTITUTED.findall(text))
        yield from (name for name in names if "." not in name and name not in own)
