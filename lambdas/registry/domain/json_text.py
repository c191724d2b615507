"""JSON as templates use it: no key twice, no numbers that are none."""

from __future__ import annotations

import json
import math
import re
from typing import NoReturn

from registry.domain.positions import json_keys, line_and_column, repeated_keys
from registry.errors import Invalid

MAX_DIGITS = 64
"""A number with more characters stays the text it was written as: no template means a number by it, and
reading or writing a million digits takes minutes."""

MAX_DEPTH = 200
"""Maps and lists inside each other. Real templates stay under 30; the limit keeps readers off the stack."""

_LONE_SURROGATE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    r"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)


def read_json(text: str) -> object:
    """Raises Invalid with line and column."""
    try:
        document = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_int=_integer,
            parse_float=_float,
            parse_constant=_no_constant,
        )
    except json.JSONDecodeError as error:
        raise malformed(error.msg, text, error.pos) from None
    except _Repeated:
        raise _repeated(text) from None
    except _Constant as constant:
        offset = re.search(rf"(?<![\w\"-]){constant}", text)
        raise malformed(f"{constant} is not a JSON number", text, offset.start() if offset else 0) from None
    except RecursionError:
        raise too_deep() from None
    lone = _LONE_SURROGATE.search(text)
    if lone and not _is_writable(document):
        raise malformed("half of a surrogate pair is not a character", text, lone.start())
    return document


def malformed(problem: str, text: str, offset: int) -> Invalid:
    return Invalid(
        f"Template format error: JSON not well-formed: {problem} ({line_and_column(text, offset)})"
    )


def repeated(key: str, places: str) -> Invalid:
    return Invalid(f"Template format error: the key {key[:100]!r} stands twice in one map, {places}")


def too_deep() -> Invalid:
    return Invalid(f"Template format error: maps and lists stand more than {MAX_DEPTH} deep in each other")


class _Repeated(Exception):  # noqa: N818
    pass


class _Constant(Exception):  # noqa: N818
    pass


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _Repeated
    return made


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= MAX_DIGITS else digits


def _float(digits: str) -> float | str:
    value = float(digits) if len(digits) <= MAX_DIGITS else math.inf
    return value if math.isfinite(value) else digits


def _no_constant(name: str) -> NoReturn:
    raise _Constant(name)


def _repeated(text: str) -> Invalid:
    for path, first, second in repeated_keys(json_keys(text)):
        places = f"at {line_and_column(text, first)} and at {line_and_column(text, second)}"
        return repeated(str(path[-1]), places)
    return repeated("", "somewhere")  # pragma: no cover


def _is_writable(document: object) -> bool:
    try:
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    except RecursionError:
        raise too_deep() from None
    return True
