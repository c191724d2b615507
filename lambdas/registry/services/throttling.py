"""How often an account may call each operation. Never in the way: what cannot be counted is let through."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from registry import log
from registry.domain.limits import Limits, too_many_requests
from registry.domain.rates import Meter, Rate
from registry.errors import Unavailable

_MOST_METERS = 10_000
_REST_MS = 5_000


class Buckets(Protocol):
    """`registry.stores.throttles.ThrottleStore`."""

    def take(self, account: str, operation: str, rate: Rate, *, since: int, now: int) -> bool: ...


@dataclass(kw_only=True)
class Throttling:
    """`clock`: milliseconds since 1970.

    A sandbox answers a lease of calls on trust, then settles it with the bucket that all sandboxes share. So
    an account may get through, besides its rate, less than one lease for each sandbox that works for it.
    """

    buckets: Buckets
    limits: Limits
    clock: Callable[[], int]
    _meters: dict[tuple[str, str], Meter] = field(default_factory=dict)
    _resting_until: int = 0

    def admit(self, account: str, operation: str) -> None:
        """Raises TooManyRequests."""
        now, rate = self.clock(), self.limits.rate(operation)
        if len(self._meters) >= _MOST_METERS:
            self._meters.clear()
        meter = self._meters.setdefault((account, operation), Meter())
        if meter.is_shut(now):
            raise too_many_requests(account, operation, rate)
        if not meter.count(rate, now):
            return
        paid = self._take(account, operation, rate, since=meter.since, now=now)
        meter.settle(paid=paid, rate=rate, now=now)
        if not paid:
            raise too_many_requests(account, operation, rate)

    def _take(self, account: str, operation: str, rate: Rate, *, since: int, now: int) -> bool:
        if now < self._resting_until:
            return True
        try:
            return self.buckets.take(account, operation, rate, since=since, now=now)
        except Unavailable as error:
            # The next calls must not wait for the same time-out.
            self._resting_until = now + _REST_MS
            log.event("throttle-unavailable", level="WARNING", cause=str(error.__cause__ or error))
            return True
