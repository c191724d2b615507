"""What the operations on an application's policy may be asked (serverlessrepo-api.md §2, §6)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from registry.domain.inputs import OfApplication, matching
from registry.domain.statements import Statement, check_policy

_ORGANIZATION = re.compile(r"o-[a-z0-9]{10,32}")


@dataclass(frozen=True, kw_only=True)
class GetApplicationPolicy(OfApplication):
    pass


@dataclass(frozen=True, kw_only=True)
class PutApplicationPolicy(OfApplication):
    """Replaces the whole policy; no statements make the application private."""

    statements: tuple[Statement, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        check_policy(self.statements)


@dataclass(frozen=True, kw_only=True)
class UnshareApplication(OfApplication):
    RULES: ClassVar[Mapping[str, Callable[..., object]]] = {
        "organization_id": matching(_ORGANIZATION, "o- and 10 to 32 lower-case letters or digits")
    }

    organization_id: str
