"""SAM's schema and cfn-lint over one template. Their findings are warnings: nothing here ever refuses.

Both take seconds to import and a publisher's template decides how long they run, so they are imported when
they are first needed and stopped when their time is up. A linter that fails on a template has nothing to say
of it.
"""

from __future__ import annotations

import json
import signal
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from registry import log

# E0002: a rule of cfn-lint itself failed. E3043 opens files that a template names.
_IGNORED = ["E0002", "E3043"]


class _TooLong(BaseException):
    """No Exception, so that no linter takes it for one of its own."""


@dataclass(frozen=True, kw_only=True)
class Linters:
    """`region`: where the templates will be deployed."""

    region: str

    def findings(self, document: Mapping[str, Any], *, within_s: float) -> tuple[str, ...]:
        """Errors before warnings, in an order that is always the same. Call it in the main thread.

        Half of `within_s`, less the import, is each linter's.
        """
        began = time.monotonic()
        for name in ("samtranslator.validator.validator", "cfnlint.api"):
            # Not on a linter's clock: one that was stopped while it was imported would never work again.
            import_module(name)
        each_s = max(1.0, (within_s - (time.monotonic() - began)) / 2)
        return (
            *_tried("AWS SAM's schema", lambda: _sam(document), each_s),
            *_tried("cfn-lint", lambda: self._cfn_lint(document), each_s),
        )

    def _cfn_lint(self, document: Mapping[str, Any]) -> list[str]:
        from cfnlint.api import lint  # type: ignore[import-untyped]
        from cfnlint.config import ManualArgs  # type: ignore[import-untyped]
        from cfnlint.helpers import REGION_PRIMARY, REGIONS  # type: ignore[import-untyped]

        region = self.region if self.region in REGIONS else REGION_PRIMARY
        matches = lint(json.dumps(document), config=ManualArgs(regions=[region], ignore_checks=_IGNORED))
        told = sorted(
            (one.rule.severity != "error", one.rule.id, _place(one), str(one.message)) for one in matches
        )
        return [f"cfn-lint {rule} at {place}: {message}" for _, rule, place, message in told]


def _sam(document: Mapping[str, Any]) -> list[str]:
    from samtranslator.validator.validator import SamTemplateValidator  # type: ignore[import-untyped]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # `sam validate` itself stands on it
        return [f"SAM: {error}" for error in SamTemplateValidator().get_errors(document)]


def _place(match: Any) -> str:
    return ".".join(map(str, getattr(match, "path", None) or ["template"]))


def _tried(name: str, run: Callable[[], list[str]], within_s: float) -> list[str]:
    try:
        with _time_limit(within_s):
            return run()
    except _TooLong:
        log.event("linter-stopped", level="WARNING", linter=name, seconds=within_s)
        return [f"{name} was stopped after {within_s:.0f} s: the template takes too long to check"]
    except Exception as error:
        log.failure("linter-failed", error, linter=name)
        return []


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Raises _TooLong in the block, and again every second, should somebody have caught it."""

    def stop(*_: object) -> None:
        raise _TooLong

    before = signal.signal(signal.SIGALRM, stop)
    others = signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001), 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, *others)
