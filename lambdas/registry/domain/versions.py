"""Semantic versions (semver.org 2.0.0) and a text encoding whose order is their precedence."""

from __future__ import annotations

import re
from dataclasses import dataclass

from registry.errors import Invalid

MAX_CHARACTERS = 128

_NUMBER = r"0|[1-9][0-9]*"
_IDENTIFIER = rf"(?:{_NUMBER}|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)"
_SEMVER = re.compile(
    rf"({_NUMBER})\.({_NUMBER})\.({_NUMBER})"
    rf"(?:-({_IDENTIFIER}(?:\.{_IDENTIFIER})*))?"
    r"(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?"
)


@dataclass(frozen=True, kw_only=True)
class SemanticVersion:
    """Numbers stay digit strings: they may be longer than any machine integer."""

    core: tuple[str, str, str]
    prerelease: tuple[str, ...]
    build: str

    def __str__(self) -> str:
        text = ".".join(self.core)
        if self.prerelease:
            text += "-" + ".".join(self.prerelease)
        return f"{text}+{self.build}" if self.build else text

    @property
    def sort_key(self) -> str:
        """ASCII text; byte order = precedence, then build metadata as text. At most 800 characters.

        A number is its length in three digits, then its digits. `~` (release) sorts above `-`
        (pre-release). An identifier ends in `,`, which sorts below every character an identifier may
        hold, and the list ends in `+`, which sorts below every identifier: a prefix comes first.
        """
        core = ".".join(_number(part) for part in self.core)
        if not self.prerelease:
            return f"{core}~+{self.build}"
        identifiers = "".join(
            f"{'0' + _number(part) if part.isdigit() else '1' + part}," for part in self.prerelease
        )
        return f"{core}-{identifiers}+{self.build}"


def parse(text: str) -> SemanticVersion:
    """Raises Invalid on anything but a semantic version of at most 128 characters."""
    if len(text) > MAX_CHARACTERS:
        raise Invalid(f"semanticVersion has {len(text)} characters, {MAX_CHARACTERS} allowed")
    match = _SEMVER.fullmatch(text)
    if match is None:
        raise Invalid(f"semanticVersion {text!r} is not a semantic version such as 1.0.0 (see semver.org)")
    major, minor, patch, prerelease, build = match.groups()
    return SemanticVersion(
        core=(major, minor, patch),
        prerelease=tuple(prerelease.split(".")) if prerelease else (),
        build=build or "",
    )


def sort_key(text: str) -> str:
    """The order-preserving key of a version text. Raises Invalid."""
    return parse(text).sort_key


def _number(digits: str) -> str:
    return f"{len(digits):03d}{digits}"
