"""Constraints that botocore's model of the service tells in its documentation strings alone."""

from __future__ import annotations

import re
from typing import Any

MEGABYTE = 1024 * 1024
_TAG = re.compile(r"<[^>]*>")
_MINIMUM = re.compile(r"Minimum length(?:=| of )(\d+)")
_MAXIMUM = re.compile(r"Maximum length(?:=| of )(\d+)")
_LABELS = re.compile(r"Maximum number of labels: (\d+)")
_SIZE = re.compile(r"Maximum size (\d+) MB")
_PATTERN = re.compile(r"Pattern:? \"?([^\"\s<]+)")


def constraints_in(documentation: str, *, of_list: bool) -> dict[str, Any]:
    """JSON Schema keywords; those of a list's items under `items`. `x-max-bytes` counts UTF-8."""
    text = _TAG.sub(" ", documentation)
    found: dict[str, Any] = {}
    for keyword, pattern in (("minLength", _MINIMUM), ("maxLength", _MAXIMUM)):
        if said := pattern.search(text):
            found[keyword] = int(said[1])
    if said := _PATTERN.search(text):
        found["pattern"] = _anchored(said[1])
    if of_list:
        items, found = found, {}
        if items:
            found["items"] = items
        if said := _LABELS.search(text):
            found["maxItems"] = int(said[1])
    if (said := _SIZE.search(text)) and "S3 object" not in text:
        found["x-max-bytes"] = int(said[1]) * MEGABYTE
    return found


def first_sentence(documentation: str) -> str:
    """Without tags and line breaks; "" when there is none."""
    text = " ".join(_TAG.sub(" ", documentation).split())
    return re.split(r"(?<=\.) ", text)[0] if text else ""


def _anchored(pattern: str) -> str:
    """As a whole value, for JSON Schema's patterns match anywhere.

    The model doubles its backslashes, and escapes hyphens outside of classes, which ECMAScript refuses.
    """
    plain = pattern.replace("\\\\", "\\").replace("}\\-", "}-")
    return f"^{plain.removeprefix('^').removesuffix('$')}$"
