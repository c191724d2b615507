"""Looked-up keys, kept in memory for at most a minute: the longest that a revoked key goes on working."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime

from registry.domain.keys import StoredKey

KNOWN_S = 60.0
# Shorter, so that a key works soon after its creation, or registration anew, even if somebody was too early.
UNKNOWN_S = 5.0
MAX_ENTRIES = 1024


class KeyCache:
    """Bounded: a flood of invented ids pushes out other invented ids, never a known key.

    `clock` counts seconds and never goes back; `now` is the date, aware. What `find` raises is not kept.
    """

    def __init__(
        self,
        find: Callable[[str], StoredKey | None],
        *,
        clock: Callable[[], float],
        now: Callable[[], datetime],
    ) -> None:
        self._find = find
        self._clock = clock
        self._now = now
        self._known: OrderedDict[str, tuple[float, StoredKey]] = OrderedDict()
        self._unknown: OrderedDict[str, float] = OrderedDict()

    def get(self, access_key_id: str) -> StoredKey | None:
        now = self._clock()
        kept = self._known.get(access_key_id)
        if kept is not None and now < kept[0]:
            return kept[1]
        if now < self._unknown.get(access_key_id, 0.0):
            return None
        self._known.pop(access_key_id, None)
        self._unknown.pop(access_key_id, None)
        key = self._find(access_key_id)
        if key is None:
            self._unknown[access_key_id] = now + UNKNOWN_S
            if len(self._unknown) > MAX_ENTRIES:
                self._unknown.popitem(last=False)
        else:
            self._known[access_key_id] = (now + self._keep_s(key), key)
            if len(self._known) > MAX_ENTRIES:
                self._known.popitem(last=False)
        return key

    def _keep_s(self, key: StoredKey) -> float:
        """An active key no longer than it lives: signing keys are registered anew under the same id."""
        now = self._now()
        if key.record.state(now) != "active":
            return UNKNOWN_S
        left = KNOWN_S if key.record.expires_at is None else (key.record.expires_at - now).total_seconds()
        return min(KNOWN_S, left)
