"""How often an account may call an operation: a token bucket that many sandboxes share.

The bucket is one number, the moment at which it will be full again (the generic cell rate algorithm): each
call puts it `1 / per_second` later, and it may lie at most `burst / per_second` ahead of now. Moments are
milliseconds since 1970.
"""

from __future__ import annotations

from dataclasses import dataclass

FORGOTTEN_MS = 10_000
"""What a sandbox has not told the bucket within this time it never tells: it would count as of now."""


@dataclass(frozen=True, kw_only=True)
class Rate:
    """`per_second`: lastingly. `burst`: at one instant, after a pause."""

    per_second: int
    burst: int

    @property
    def lease(self) -> int:
        """Calls that a sandbox answers before it asks the bucket: a quarter of the burst, at least one."""
        return max(1, self.burst // 4)

    @property
    def lease_ms(self) -> int:
        """How much later the bucket is full when a lease was taken out of it."""
        return 1000 * self.lease // self.per_second

    @property
    def ahead_ms(self) -> int:
        """How far ahead of now the bucket may be full."""
        return 1000 * self.burst // self.per_second


def take(full_at: int | None, rate: Rate, *, since: int, now: int) -> int | None:
    """When the bucket will be full, after one lease more; None when it has not that much.

    `full_at` is None for a bucket nobody took from. The lease was used from `since` on, so the bucket counts
    as it was then: calls made evenly are not taken for a burst because they are told in one go.
    """
    if full_at is None or full_at < since:
        return since + rate.lease_ms
    later = full_at + rate.lease_ms
    return later if later <= now + rate.ahead_ms else None


@dataclass(kw_only=True)
class Meter:
    """One sandbox's calls of one account and operation since it last asked the bucket."""

    used: int = 0
    since: int = 0
    shut_until: int = 0

    def is_shut(self, now: int) -> bool:
        """The bucket was empty a moment ago: it is not asked again before a lease has flowed in."""
        return now < self.shut_until

    def count(self, rate: Rate, now: int) -> bool:
        """Counts a call. Whether a lease is used up with it, so that the bucket must be asked."""
        if self.used == 0 or not 0 <= now - self.since <= FORGOTTEN_MS:  # clocks are set back at times
            self.used, self.since = 0, now
        self.used += 1
        return self.used >= rate.lease

    def settle(self, *, paid: bool, rate: Rate, now: int) -> None:
        """After the bucket was asked; a call that was refused is not counted."""
        if paid:
            self.used = 0
        else:
            self.used -= 1
            self.shut_until = now + rate.lease_ms
