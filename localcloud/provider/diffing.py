"""What differs between two sets of inputs, and what follows: nothing, an update in place, a replacement."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from localcloud.provider.description import Description
from localcloud.provider.facts import Facts
from localcloud.provider.values import DEFAULTS, SIGNATURE, UNKNOWN, Properties, Value, is_archive, is_zero


@dataclass(frozen=True, kw_only=True)
class Difference:
    """`path` as the engine shows it, `pattern` as the facts write it (`[]` for an index, a map for its
    entries).
    """

    path: str
    pattern: str
    old: Value
    new: Value
    replaces: bool = False

    @property
    def top(self) -> str:
        return re.split(r"[.\[]", self.path, maxsplit=1)[0]

    @property
    def kind(self) -> str:
        """ADD, DELETE or UPDATE, as the protocol calls them."""
        if self.old is None:
            return "ADD"
        return "DELETE" if self.new is None else "UPDATE"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The rules of one type."""

    description: Description
    facts: Facts

    def differences(self, old: Properties, new: Properties) -> list[Difference]:
        """Every difference that counts, with its consequence. Both sides are checked inputs."""
        found = self._of_object(old, new, path="", pattern="", is_map=False, schema=self.facts.inputs)
        return [
            Difference(path=d.path, pattern=d.pattern, old=d.old, new=d.new, replaces=self._replaces(d))
            for d in found
        ]

    def same(self, pattern: str, old: Value, new: Value) -> bool:
        """Whether both values mean the same to AWS, and to the stock provider."""
        if UNKNOWN in (old, new):
            return False
        if is_archive(old) and is_archive(new):
            return bool(old.get("hash") == new.get("hash"))
        rule = self.description.same.get(pattern)
        if rule and old is not None and new is not None:
            return rule(old, new)
        computed = self.facts.optional_computed | self.description.computed
        if new is None and pattern in computed:
            return True
        return bool(old == new) or (_is_nothing(old) and _is_nothing(new))

    def _of(self, old: Value, new: Value, path: str, pattern: str, schema: object) -> Iterator[Difference]:
        if self.same(pattern, old, new):
            return
        if is_archive(old) or is_archive(new):
            yield Difference(path=path, pattern=pattern, old=old, new=new)
        elif isinstance(old, dict) and isinstance(new, dict):
            is_map = isinstance(schema, dict) and "*" in schema
            yield from self._of_object(old, new, path=path, pattern=pattern, is_map=is_map, schema=schema)
        elif isinstance(old, list) and isinstance(new, list):
            inner = schema[0] if isinstance(schema, list) else None
            yield from self._of_list(old, new, path, pattern, inner)
        else:
            yield Difference(path=path, pattern=pattern, old=old, new=new)

    def _of_object(
        self, old: Properties, new: Properties, *, path: str, pattern: str, is_map: bool, schema: object
    ) -> Iterator[Difference]:
        inner = schema if isinstance(schema, dict) else {}
        for key in sorted((old.keys() | new.keys()) - {DEFAULTS, SIGNATURE}):
            below = pattern if is_map else f"{pattern}.{key}".lstrip(".")
            yield from self._of(
                old.get(key), new.get(key), _join(path, key), below, inner.get("*", inner.get(key))
            )

    def _of_list(
        self, old: list[Value], new: list[Value], path: str, pattern: str, schema: object
    ) -> Iterator[Difference]:
        item = f"{pattern}[]"
        before, after = list(enumerate(old)), list(enumerate(new))
        if pattern in self.description.unordered:
            before, after = self._unmatched(item, old, new, schema)
        for place in range(max(len(before), len(after))):
            at = after[place][0] if place < len(after) else before[place][0]
            left = before[place][1] if place < len(before) else None
            right = after[place][1] if place < len(after) else None
            yield from self._of(left, right, f"{path}[{at}]", item, schema)

    def _unmatched(
        self, item: str, old: list[Value], new: list[Value], schema: object
    ) -> tuple[list[tuple[int, Value]], list[tuple[int, Value]]]:
        after = list(enumerate(new))
        before = []
        for index, value in enumerate(old):
            twin = next((pair for pair in after if not any(self._of(value, pair[1], "", item, schema))), None)
            if twin:
                after.remove(twin)
            else:
                before.append((index, value))
        return before, after

    def _replaces(self, difference: Difference) -> bool:
        listed, pattern = self.facts.replace_on, difference.pattern
        if pattern in self.facts.replace_if:
            rule = self.description.replace_if.get(pattern)
            return rule is None or rule(difference.old, difference.new)
        return pattern in listed or pattern.removesuffix("[]") in listed


def _is_nothing(value: Value) -> bool:
    return value is None or (
        is_zero(value) and (isinstance(value, bool) or not isinstance(value, int | float))
    )


def _join(path: str, key: str) -> str:
    if re.fullmatch(r"[A-Za-z_$][\w$]*", key):
        return f"{path}.{key}".lstrip(".")
    quoted = key.replace('"', '\\"')
    return f'{path}["{quoted}"]'


def touched(differences: Iterable[Difference]) -> frozenset[str]:
    """The top-level properties that differ."""
    return frozenset(difference.top for difference in differences)
