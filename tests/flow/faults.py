"""A process that dies at one of its AWS calls, before the call is made or after it was answered."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from botocore import handlers


class Crash(BaseException):
    """No Exception: nothing that ends a process can be handled."""


@dataclass
class Faults:
    """Calls are counted from 0 since it was last armed or disarmed, over all clients that it watches.

    Only clients of sessions made inside of `everywhere` are watched.
    """

    calls: int = 0
    _at: int | None = None
    _after: bool = False
    _lock: Lock = field(default_factory=Lock)

    def arm(self, at: int, *, after: bool) -> None:
        self._at, self._after, self.calls = at, after, 0

    def disarm(self) -> None:
        self._at, self.calls = None, 0

    @contextmanager
    def everywhere(self) -> Iterator[None]:
        entries: list[Any] = [("before-call", self._before_call), ("after-call", self._after_call)]
        handlers.BUILTIN_HANDLERS.extend(entries)
        try:
            yield
        finally:
            for entry in entries:
                handlers.BUILTIN_HANDLERS.remove(entry)

    def _before_call(self, context: dict[str, Any], **_: Any) -> None:
        with self._lock:
            number, self.calls = self.calls, self.calls + 1
        context["call number"] = number
        if self._at == number and not self._after:
            raise Crash

    def _after_call(self, context: dict[str, Any], **_: Any) -> None:
        if self._at is not None and self._after and context.get("call number") == self._at:
            raise Crash
