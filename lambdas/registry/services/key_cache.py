"""Looked-up keys, kept in memory for at most a minute: the longest that a revoked key goes on working."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from registry.domain.keys import RegistryKey

KNOWN_S = 60.0
# Shorter, so that a key works soon after its creation even if somebody was too early.
UNKNOWN_S = 5.0
MAX_ENTRIES = 1024


class KeyCache:
    """Bounded: a flood of invented ids pushes out other invented ids, never a known key.

    `clock` counts seconds and never goes back. What `find` raises is not kept.
    """

    def __init__(self, find: Callable[[str], RegistryKey | None], clock: Callable[[], float]) -> None:
        self._find = find
        self._clock = clock
        self._known: OrderedDict[str, tuple[float, RegistryKey]] = OrderedDict()
        self._unknown: OrderedDict[str, float] = OrderedDict()

    def get(self, access_key_id: str) -> RegistryKey | None:
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
            self._known[access_key_id] = (now + KNOWN_S, key)
            if len(self._known) > MAX_ENTRIES:
                self._known.popitem(last=False)
        return key
