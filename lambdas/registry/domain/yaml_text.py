"""YAML as templates use it: CloudFormation's short tags in long form, aliases and merge keys within bounds.

Keys stay as they are written, so that an account id is never an octal number. libyaml's events are read
without recursion: its composer would put every nested list on the C stack.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn

import yaml

from registry.domain.json_text import MAX_DEPTH, too_deep
from registry.domain.positions import Path, line_and_column
from registry.domain.yaml_faults import Repeat, check_repeats, malformed, unreadable
from registry.domain.yaml_scalars import CONVERTED_TAGS, YAML_ORG, plain_value, tagged_value
from registry.errors import Invalid

MAX_ALIASED_CHARACTERS = 1_048_576
"""What all aliases together may add to a template, and no more than 20 times the template's own length."""

_FN = (
    "And Base64 Cidr Contains EachMemberEquals EachMemberIn Equals FindInMap GetAZs GetAtt If ImportValue "
    "Join Length Not Or RefAll Select Split Sub ToJsonString Transform ValueOf ValueOfAll"
)
_LONG_FORM = {"!Ref": "Ref", "!Condition": "Condition"} | {f"!{name}": f"Fn::{name}" for name in _FN.split()}
_MAX_REPEATS = 100
_NO_KEY: Any = object()
_MERGE: Any = object()


def read_yaml(text: str) -> tuple[object, tuple[str, ...]]:
    """The document and warnings. Aliased parts of the document are shared; none holds itself.

    Raises Invalid with line and column.
    """
    reader = _Reader(text)
    try:
        document = reader.read()
    except yaml.YAMLError as error:
        raise unreadable(error, text) from None
    return document, check_repeats(reader.repeats, text)


@dataclass(slots=True)
class _Open:
    """A map or list whose end has not come. `added` is what aliases had added when it began."""

    value: dict[str, Any] | list[Any]
    is_map: bool
    long_form: str | None
    anchor: str | None
    start: int
    added: int
    key: Any = _NO_KEY
    merged: list[dict[str, Any]] = field(default_factory=list)


class _Reader:
    def __init__(self, text: str) -> None:
        self.repeats: list[Repeat] = []
        self._text = text
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._added = 0
        self._may_add = min(MAX_ALIASED_CHARACTERS, 20 * len(text) + 10_000)

    def read(self) -> object:
        next_event: Callable[[], Any] = yaml.CSafeLoader(self._text).get_event
        document: Any = _NO_KEY
        while (event := next_event()) is not None:
            kind = type(event)
            if kind is yaml.ScalarEvent:
                value = self._scalar(event)
            elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                self._begin(event, is_map=kind is yaml.MappingStartEvent)
                continue
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                value = self._end(event)
            elif kind is yaml.AliasEvent:
                value = self._alias(event)
            elif kind is yaml.DocumentStartEvent and document is not _NO_KEY:
                self._refuse("more than one document", event)
            else:
                continue
            if self._open:
                self._add(value, event)
            else:
                document = value
        if document is _NO_KEY:
            raise Invalid("Template format error: the template is empty")
        return document

    def _add(self, value: Any, event: Any) -> None:
        within = self._open[-1]
        if not within.is_map:
            within.value.append(value)  # type: ignore[union-attr]
        elif within.key is _NO_KEY:
            within.key = value if value is _MERGE else self._new_key(within.value, value, event)
        elif within.key is _MERGE:
            self._merge(within, value, event)
            within.key = _NO_KEY
        else:
            within.value[within.key] = value
            within.key = _NO_KEY

    def _new_key(self, within: Any, key: object, event: Any) -> str:
        if not isinstance(key, str):
            self._refuse("a key must be text", event)
        if key in within:
            if len(self.repeats) >= _MAX_REPEATS:
                self._refuse(f"more than {_MAX_REPEATS} keys stand twice in one map", event)
            path = (*self._path()[:-1], key)
            self.repeats.append(Repeat(path=path, container=within, first=within[key]))
        return key

    def _path(self) -> Path:
        return tuple(
            ("<<" if one.key is _MERGE else one.key) if one.is_map else len(one.value) for one in self._open
        )

    def _at_key(self) -> bool:
        return bool(self._open) and self._open[-1].is_map and self._open[-1].key is _NO_KEY

    def _scalar(self, event: Any) -> Any:
        value: Any = event.value
        tag, plain = event.tag, event.implicit[0]
        if tag is None or tag == "!":
            if plain:
                value = self._plain_key(event) if self._at_key() else plain_value(value)
        elif (long_form := _LONG_FORM.get(tag)) is not None:
            value = {long_form: value.split(".", 1) if long_form == "Fn::GetAtt" else value}
        elif tag in CONVERTED_TAGS:
            value = self._converted(event)
        elif tag != f"{YAML_ORG}str":
            self._refuse(f"unknown tag {_shown(tag)}", event)
        if event.anchor is not None:
            # A merge marker is no value: an alias to it finds nothing, not what the anchor named before.
            self._anchors.pop(event.anchor, None)
            if value is not _MERGE:
                self._anchors[event.anchor] = (value, len(event.value))
        return value

    def _plain_key(self, event: Any) -> Any:
        if event.value == "<<":
            return _MERGE
        if not event.value:
            self._refuse("a key is missing", event)
        return event.value

    def _converted(self, event: Any) -> Any:
        try:
            return tagged_value(CONVERTED_TAGS[event.tag], event.value)
        except (ValueError, KeyError, IndexError):
            self._refuse(f"{event.value[:100]!r} is not a value of {_shown(event.tag)}", event)

    def _begin(self, event: Any, *, is_map: bool) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise too_deep()
        if self._at_key():
            self._refuse("a key must be text", event)
        tag, long_form = event.tag, None
        if tag is not None and tag != "!":
            long_form = _LONG_FORM.get(tag)
            if long_form is None and tag != YAML_ORG + ("map" if is_map else "seq"):
                self._refuse(f"unknown tag {_shown(tag)}", event)
        self._anchors.pop(event.anchor, None)
        self._open.append(
            _Open(
                value={} if is_map else [],
                is_map=is_map,
                long_form=long_form,
                anchor=event.anchor,
                start=event.start_mark.index,
                added=self._added,
            )
        )

    def _end(self, event: Any) -> Any:
        ended = self._open.pop()
        value: Any = ended.value
        if ended.merged:
            own = dict(value)
            value.clear()
            for source in [*ended.merged, own]:
                value.update(source)
        if ended.long_form is not None:
            value = {ended.long_form: value}
        if ended.anchor is not None:
            length = event.end_mark.index - ended.start + self._added - ended.added
            self._anchors[ended.anchor] = (value, length)
        return value

    def _alias(self, event: Any) -> Any:
        if event.anchor not in self._anchors:
            inside = any(one.anchor == event.anchor for one in self._open)
            said = "stands inside of what it names" if inside else "names no anchor before it"
            self._refuse(f"the alias *{event.anchor[:100]} {said}", event)
        value, length = self._anchors[event.anchor]
        self._added += length + 4
        if self._added > self._may_add:
            self._refuse("the aliases up to here multiply the template out of proportion", event)
        return value

    def _merge(self, within: _Open, value: object, event: Any) -> None:
        """Own keys win over merged ones, earlier maps of a list over later ones (yaml.org/type/merge)."""
        for source in reversed(value) if isinstance(value, list) else [value]:
            if not isinstance(source, dict):
                self._refuse("a merge key << needs a map or a list of maps", event)
            within.merged.append(source)

    def _refuse(self, problem: str, event: Any) -> NoReturn:
        raise malformed(problem, line_and_column(self._text, event.start_mark.index))


def _shown(tag: str) -> str:
    return tag.replace(YAML_ORG, "!!")[:100]
