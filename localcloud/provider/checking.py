"""Check: from what the program says to complete inputs, or to complaints that name the property."""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from localcloud.provider.cloud import Cloud
from localcloud.provider.description import Call, Complaint, Description
from localcloud.provider.facts import Facts, Schema
from localcloud.provider.job import operation_input
from localcloud.provider.mapping import complaints
from localcloud.provider.settings import Settings
from localcloud.provider.values import DEFAULTS, UNKNOWN, Properties, Value, has_unknown, is_archive, plain

_SUFFIX = 7
"""Hexadecimal digits that the stock provider appends to a name of its own making."""


@dataclass(frozen=True, kw_only=True)
class Checked:
    inputs: Properties
    complaints: list[Complaint] = field(default_factory=list)


def check(
    description: Description,
    facts: Facts,
    cloud: Cloud,
    settings: Settings,
    *,
    name: str,
    olds: Properties,
    news: Properties,
    seed: bytes,
) -> Checked:
    """Complete the inputs of the resource that the program calls `name`; `olds` are its last checked ones."""
    found: list[Complaint] = []
    inputs: Properties = {
        key: _accept(value, facts.inputs.get(key), key, found)
        for key, value in news.items()
        if key != DEFAULTS
    }
    if found:
        return Checked(inputs=news, complaints=found)
    filled = _fill_defaults(facts, inputs)
    if "region" in facts.inputs and "region" not in inputs:
        inputs["region"] = settings.region
        filled.append("region")
    _fill_name(description, facts, inputs, filled, name=name, olds=olds, seed=seed)
    if "tags" in facts.inputs:
        inputs["tagsAll"] = settings.all_tags(inputs.get("tags"))
    inputs[DEFAULTS] = sorted(filled)
    found += [(key, "is required, and missing") for key in facts.required if inputs.get(key) is None]
    found += _model_complaints(description, cloud, plain(inputs))
    for rule in description.checks:
        found += [(path, why) for path, why in rule(plain(inputs)) if not _unknowable(inputs, path, why)]
    return Checked(inputs=inputs, complaints=found)


def _unknowable(inputs: Properties, path: str, reason: str) -> bool:
    """Whether a complaint is about a value that preview cannot know."""
    return has_unknown(inputs.get(path)) or UNKNOWN in reason


def _accept(value: Value, schema: Schema, path: str, found: list[Complaint]) -> Value:
    """`value` in the type of `schema`; complains of what is not supported, or of another type."""
    if schema is None:
        found.append((path, "is not supported by the local AWS provider"))
        return value
    if value is None or value == UNKNOWN:
        return value
    if isinstance(schema, list) and isinstance(value, list):
        return [_accept(item, schema[0], f"{path}[{index}]", found) for index, item in enumerate(value)]
    if isinstance(schema, dict) and isinstance(value, dict):
        return {
            key: _accept(item, schema.get("*", schema.get(key)), f"{path}.{key}", found)
            for key, item in value.items()
            if key != DEFAULTS
        }
    if schema == "archive" and is_archive(value):
        return value
    accepted = _scalar(value, schema)
    if accepted is None:
        found.append((path, f"must be {_named(schema)}"))
    return accepted


def _scalar(value: Value, schema: Schema) -> Value:
    """`value` as a `schema`, as the stock bridge would read it; None where it cannot be read so."""
    if schema == "string":
        return _as_text(value)
    if schema == "boolean":
        return value if isinstance(value, bool) else {"true": True, "false": False}.get(str(value))
    return _as_number(value, schema) if schema in ("integer", "number") else None


def _as_text(value: Value) -> Value:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) else None


def _as_number(value: Value, schema: str) -> Value:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if isinstance(value, float) and schema == "integer":
        return None
    try:
        return int(value) if schema == "integer" or isinstance(value, int) else float(value)
    except ValueError:
        return None


def _named(schema: Schema) -> str:
    if isinstance(schema, str):
        return f"an {schema}" if schema[0] in "aei" else f"a {schema}"
    return "a list" if isinstance(schema, list) else "a map" if "*" in schema else "an object"


def _fill_defaults(facts: Facts, inputs: Properties) -> list[str]:
    """Fill in what is left out; the names filled at the top. Nested ones are named inside their objects."""
    filled = []
    for path, value in facts.defaults.items():
        *outer, last = path.split(".")
        for block in _blocks(inputs, outer):
            if block.get(last) is None:
                block[last] = value
                if outer:
                    block[DEFAULTS] = sorted({*block.get(DEFAULTS, ()), last})
                else:
                    filled.append(last)
    return filled


def _blocks(inputs: Properties, path: list[str]) -> Iterator[Properties]:
    """The objects at `path` (`x[]` for the members of a list) that the inputs have."""
    blocks: list[Value] = [inputs]
    for step in path:
        held = [block.get(step.removesuffix("[]")) for block in blocks if isinstance(block, dict)]
        blocks = [item for value in held for item in (value if isinstance(value, list) else [value])]
    yield from (block for block in blocks if isinstance(block, dict))


def _fill_name(
    description: Description,
    facts: Facts,
    inputs: Properties,
    filled: list[str],
    *,
    name: str,
    olds: Properties,
    seed: bytes,
) -> None:
    """A name of our own making stays as it is; a new resource, or a replacement, gets a new one."""
    key = facts.autoname_property
    if not key or inputs.get(key) is not None:
        return
    filled.append(key)
    if key in olds.get(DEFAULTS, ()) and olds.get(key):
        made = olds[key]
    else:
        suffix = "-" + (seed or secrets.token_bytes(_SUFFIX)).hex()[:_SUFFIX]
        made = name[: facts.autoname_max - len(suffix)] + suffix
    inputs[key] = description.autoname(made, inputs) if description.autoname else made


def _model_complaints(description: Description, cloud: Cloud, inputs: Mapping[str, Any]) -> list[Complaint]:
    operations = description.model
    if isinstance(description.create, Call):
        operations += (description.create.operation,)
    found: dict[str, str] = {}
    for operation in operations:
        shape = operation_input(cloud.client(description.service), operation)
        for path, problem in complaints(description, shape, inputs):
            found.setdefault(path, problem)
    return list(found.items())
