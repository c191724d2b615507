"""Where a key stands in a template's text. Only refusals need it, so it reads the text a second time.

A position is a character offset; a path holds keys and list indexes as they are written, tags left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import yaml

Path = tuple[str | int, ...]
# Of each key in the order of the text: its path (the same list all along), its map's number, its offset.
Keys = Iterable[tuple[list[str | int], int, int]]

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


def dotted(path: Path) -> str:
    """`Resources.Hello.Properties.CodeUri`, as messages name a place."""
    return ".".join(str(part)[:255] for part in path)


def line_and_column(text: str, offset: int) -> str:
    line = text.count("\n", 0, offset) + 1
    return f"line {line}, column {offset - text.rfind(chr(10), 0, offset)}"


def find(keys: Keys, path: Path) -> int | None:
    """The first key at `path`; None where a merge key or broken text hides it."""
    wanted = list(path)
    return next((offset for here, _, offset in keys if here == wanted), None)


def repeated_keys(keys: Keys) -> Iterator[tuple[Path, int, int]]:
    """Each key that its map holds already: its path, and the offsets of the first one and of this one."""
    seen: dict[tuple[int, str], int] = {}
    for here, container, offset in keys:
        key = (container, str(here[-1]))
        if key in seen:
            yield tuple(here), seen[key], offset
        else:
            seen[key] = offset


def yaml_keys(text: str) -> Iterator[tuple[list[str | int], int, int]]:
    """Ends where the text is not YAML."""
    path = _Path()
    next_event: Callable[[], Any] = yaml.CSafeLoader(text).get_event
    try:
        while (event := next_event()) is not None:
            kind = type(event)
            if kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                path.open(is_map=kind is yaml.MappingStartEvent)
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                path.close()
            elif kind is yaml.ScalarEvent or kind is yaml.AliasEvent:
                if not path.at_key:
                    path.value()
                    continue
                path.key(event.value if kind is yaml.ScalarEvent else "")
                if kind is yaml.AliasEvent or event.value != "<<" or not event.implicit[0]:
                    yield path.here, path.container, event.start_mark.index
    except yaml.YAMLError:
        return


def json_keys(text: str) -> Iterator[tuple[list[str | int], int, int]]:
    path = _Path()
    for match in _TOKEN.finditer(text):
        word = match[0]
        if word in "{[":
            path.open(is_map=word == "{")
        elif word in "}]":
            path.close()
        elif word in ",:":
            continue
        elif path.at_key and word[0] == '"':
            path.key(json.loads(word, strict=False))
            yield path.here, path.container, match.start()
        else:
            path.value()


class _Path:
    """The way from the root to where a reader stands. `container` numbers the innermost open map or list."""

    def __init__(self) -> None:
        self.here: list[str | int] = []
        self.container = 0
        self._opened = 0
        self._open: list[tuple[bool, int]] = []
        self.at_key = False

    def open(self, *, is_map: bool) -> None:
        self._opened += 1
        self.container = self._opened
        self._open.append((is_map, self._opened))
        self.here.append("" if is_map else 0)
        self.at_key = is_map

    def close(self) -> None:
        if self._open:
            self._open.pop()
            self.here.pop()
        self.value()

    def key(self, text: str) -> None:
        self.here[-1] = text
        self.at_key = False

    def value(self) -> None:
        """A value has ended: a list goes on to its next index, a map to its next key."""
        if not self._open:
            return
        is_map, self.container = self._open[-1]
        self.at_key = is_map
        if not is_map:
            self.here[-1] = int(self.here[-1]) + 1
