"""What is wrong with a YAML text, and where."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from registry.domain.json_text import repeated
from registry.domain.positions import Path, dotted, line_and_column, repeated_keys, yaml_keys
from registry.errors import Invalid

_NOT_A_CHARACTER = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MAX_WARNINGS = 20


def malformed(problem: str, where: str) -> Invalid:
    return Invalid(f"Template format error: YAML not well-formed: {problem} ({where})")


def unreadable(error: yaml.YAMLError, text: str) -> Invalid:
    """What libyaml itself refused."""
    if isinstance(error, yaml.MarkedYAMLError):
        said = ": ".join(part for part in (error.context, error.problem) if part)
        mark = error.problem_mark or error.context_mark
        offset = mark.index if mark else 0
    else:
        bad = _NOT_A_CHARACTER.search(text)
        said = f"the character U+{ord(bad[0]):04X} is not allowed" if bad else "unreadable characters"
        offset = bad.start() if bad else 0
    return malformed(said, line_and_column(text, offset))


@dataclass(frozen=True, kw_only=True, slots=True)
class Repeat:
    """A key that stood in `container` before, with `first` as its value; the last one is there now."""

    path: Path
    container: Mapping[Any, object]
    first: object

    @property
    def refused(self) -> bool:
        """Where the registry reads, one key has one meaning; deeper, the last one counts, as for SAM CLI.

        Seven of 200 published sample applications repeat a key in a nested property, a mapping or an output.
        """
        if len(self.path) == 1:
            return True
        if self.path[0] not in {"Parameters", "Resources"}:
            return False
        return len(self.path) <= 3 or (len(self.path) == 4 and self.first != self.container[self.path[-1]])


def check_repeats(repeats: Sequence[Repeat], text: str) -> tuple[str, ...]:
    """At most 20 warnings for the repeats that are let pass. Raises Invalid for the first that is not."""
    refused = next((one for one in repeats if one.refused), None)
    told = [refused] if refused else list({one.path: one for one in repeats}.values())[:_MAX_WARNINGS]
    if not told:
        return ()
    places = _places(text, {one.path for one in told})
    if refused:
        raise repeated(str(refused.path[-1]), places[refused.path])
    return tuple(f"{dotted(one.path)} stands twice, {places[one.path]}: the last one counts" for one in told)


def _places(text: str, paths: set[Path]) -> dict[Path, str]:
    found = dict.fromkeys(paths, "somewhere")
    missing = set(paths)
    for path, first, second in repeated_keys(yaml_keys(text)):
        if path in missing:
            missing.remove(path)
            found[path] = f"at {line_and_column(text, first)} and at {line_and_column(text, second)}"
        if not missing:
            break
    return found
