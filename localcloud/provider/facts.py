"""What the stock provider is known to do, for each supported type (`facts.json`, which explains its own
terms).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

Schema = Any
"""A type: "string", "integer", "number", "boolean", "archive", [item], {"*": item} or {name: type}."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """The facts of one type; the names are those of `facts.json`."""

    inputs: Mapping[str, Schema]
    required: tuple[str, ...] = ()
    replace_on: frozenset[str] = frozenset()
    replace_if: frozenset[str] = frozenset()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    optional_computed: frozenset[str] = frozenset()
    outputs_only: tuple[str, ...] = ()
    autoname_property: str | None = None
    autoname_max: int = 255
    delete_before_replace: bool = False
    no_update: bool = False


@cache
def all_facts() -> Mapping[str, Facts]:
    """Facts by type token."""
    entries = json.loads(Path(__file__).with_name("facts.json").read_text())
    return {token: _facts(entry) for token, entry in entries.items() if not token.startswith("_")}


def _facts(entry: Mapping[str, Any]) -> Facts:
    return Facts(
        inputs=entry["inputs"],
        required=tuple(entry.get("required", ())),
        replace_on=frozenset(entry.get("replaceOn", ())),
        replace_if=frozenset(entry.get("replaceIf", ())),
        defaults=entry.get("defaults", {}),
        optional_computed=frozenset(entry.get("optionalComputed", ())),
        outputs_only=tuple(entry.get("outputsOnly", ())),
        autoname_property=entry.get("autonameProperty"),
        autoname_max=entry.get("autonameMax", 255),
        delete_before_replace=entry.get("deleteBeforeReplace", False),
        no_update=entry.get("noUpdate", False),
    )
