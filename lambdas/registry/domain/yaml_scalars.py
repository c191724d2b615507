"""What a plain YAML scalar means: as PyYAML's SafeLoader reads it, which SAM CLI and the AWS CLI use.

Two things differ. Dates stay text, so that `2012-10-17` is what it says. A number that JSON cannot hold, or
that no template means as a number, stays text.
"""

from __future__ import annotations

import math
import re

import yaml
from yaml.constructor import SafeConstructor

from registry.domain.json_text import MAX_DIGITS

YAML_ORG = "tag:yaml.org,2002:"
CONVERTED_TAGS = {f"{YAML_ORG}{name}": name for name in ("null", "bool", "int", "float")}

_PATTERNS: dict[str, list[tuple[str, re.Pattern[str]]]] = {
    first: [(CONVERTED_TAGS[tag], pattern) for tag, pattern in candidates if tag in CONVERTED_TAGS]
    for first, candidates in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_CONSTRUCTOR = SafeConstructor()
_DECIMAL = re.compile(r"[1-9][0-9]*")


def plain_value(text: str) -> object:
    """The value of a scalar without quotes and tag."""
    if not text:
        return None
    for name, pattern in _PATTERNS.get(text[0], ()):
        if pattern.match(text):
            try:
                return tagged_value(name, text)
            except ValueError:  # `0x_` looks like a number and is none
                return text
    return text


def tagged_value(name: str, text: str) -> object:
    """`name` is null, bool, int or float. Raises ValueError, KeyError or IndexError where PyYAML does."""
    if name == "null":
        return None
    if name == "bool":
        return SafeConstructor.bool_values[text.lower()]
    if len(text) > MAX_DIGITS:
        return text
    if name == "int" and _DECIMAL.fullmatch(text):
        return int(text)
    construct = _CONSTRUCTOR.construct_yaml_int if name == "int" else _CONSTRUCTOR.construct_yaml_float
    value: int | float = construct(yaml.ScalarNode(YAML_ORG + name, text))
    fits = math.isfinite(value) if isinstance(value, float) else abs(value) < 10**MAX_DIGITS
    return value if fits else text
