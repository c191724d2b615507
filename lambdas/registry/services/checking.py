"""Checks after a publication: what deployment will probably refuse, as warnings on the version."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from registry.domain.applications import timestamp
from registry.domain.checks_warnings import merged
from registry.stores.checks import CheckStore
from registry.stores.objects import ObjectStore

_SOME_BUCKET = "code-of-this-application"
Outcome = Literal["done", "already", "gone"]


class Findings(Protocol):
    def findings(self, document: Mapping[str, Any], *, within_s: float) -> Sequence[str]: ...


@dataclass(frozen=True, kw_only=True)
class Checking:
    checks: CheckStore
    objects: ObjectStore
    linters: Findings
    now: Callable[[], datetime]

    def check(self, application_id: str, semantic_version: str, *, within_s: float) -> Outcome:
        """Answers "already" for a checked version and "gone" for one that is no more. Raises Invalid."""
        seen = self.checks.find(application_id, semantic_version)
        if seen is None:
            return "gone"
        if seen.is_checked:
            return "already"
        stored = self.objects.document(seen.template_digest)
        if stored is None:
            return "gone"
        found = self.linters.findings(lintable(stored), within_s=within_s)
        warnings = merged(seen.warnings, found)
        kept = self.checks.keep(seen, warnings, checked_at=timestamp(self.now()))
        return "done" if kept else "already"


def lintable(stored: bytes) -> dict[str, Any]:
    """A stored template as it could be deployed: some bucket and key in place of each placeholder."""
    from registry.domain.assets import resolve
    from registry.domain.templates import Template

    return resolve(Template.load(stored), _SOME_BUCKET, lambda digest: f"sha256/{digest}").document
