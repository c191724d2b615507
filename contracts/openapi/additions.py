"""The table of what goes beyond botocore's model: `additions.yaml`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

EVERY = "*"
# Members of a constraint that say where it comes from, and no schema.
ABOUT = frozenset({"from", "why"})


@dataclass(frozen=True, kw_only=True)
class ErrorRow:
    """An error outside the model; `operation` is `*` for all of them."""

    operation: str
    status: int
    type: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Difference:
    """`of`: operation, or `Operation.member`; `absent`: no answer ever holds the member."""

    of: str
    says: str
    why: str
    absent: bool = False


@dataclass(frozen=True, kw_only=True)
class Additions:
    """`constraints`: by `Shape.member`, `*.member`, or the same with `[]` for a list's items."""

    errors: tuple[ErrorRow, ...]
    constraints: dict[str, dict[str, Any]]
    differences: tuple[Difference, ...]

    def errors_of(self, operation: str) -> tuple[ErrorRow, ...]:
        return tuple(row for row in self.errors if row.operation in (EVERY, operation))

    def on(self, shape: str, member: str) -> dict[str, Any]:
        """The row for this member, its `from` and `why` included; {} without one."""
        constraints = self.constraints
        return constraints.get(f"{shape}.{member}") or constraints.get(f"{EVERY}.{member}") or {}


@cache
def additions() -> Additions:
    """As the file beside this module says. Raises on rows that it must not have."""
    said = yaml.safe_load((Path(__file__).parent / "additions.yaml").read_text(encoding="utf-8"))
    return Additions(
        errors=tuple(ErrorRow(**row) for row in said["errors"]),
        constraints=dict(said["constraints"]),
        differences=tuple(Difference(**row) for row in said["differences"]),
    )
