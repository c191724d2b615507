"""What a value in a template says by itself, before anybody deploys it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from registry.domain.positions import Path

NO_VALUE = {"Ref": "AWS::NoValue"}
_VARIABLE = re.compile(r"\$\{(?!!)")
_ESCAPED = re.compile(r"\$\{!([^{}]*)\}")


def scalar_text(value: object) -> str | None:
    """A scalar as CloudFormation writes it into a text: `true`, `8`, `1.5`; None for all else."""
    if isinstance(value, str):
        return value
    return json.dumps(value) if isinstance(value, bool | int | float) else None


def literal_text(value: object) -> str | None:
    """A scalar's text, that of Fn::Sub without variables or of Fn::Join over such texts; else None."""
    if not is_function(value):
        return scalar_text(value)
    assert isinstance(value, dict)  # noqa: S101 - what is_function found
    [(name, argument)] = value.items()
    if name == "Fn::Sub":
        text = argument[0] if isinstance(argument, list) and argument else argument
        if isinstance(text, str) and not _VARIABLE.search(text):
            return _ESCAPED.sub(r"${\1}", text)
    if name == "Fn::Join" and isinstance(argument, list) and len(argument) == 2:
        between, values = scalar_text(argument[0]), argument[1]
        parts = [literal_text(one) for one in values] if isinstance(values, list) else [None]
        if between is not None and None not in parts:
            return between.join(part for part in parts if part is not None)
    return None


def is_function(value: object) -> bool:
    """An intrinsic stands for the whole value."""
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)).startswith(("Fn::", "Ref"))


def branches(value: object, path: Path = ()) -> Iterator[tuple[Path, object]]:
    """`value`, or what each side of an Fn::If in its place says; with the path to it."""
    chosen = value.get("Fn::If") if isinstance(value, dict) and len(value) == 1 else None
    if isinstance(chosen, list) and len(chosen) == 3:
        for index in (1, 2):
            yield from branches(chosen[index], (*path, "Fn::If", index))
    else:
        yield path, value
