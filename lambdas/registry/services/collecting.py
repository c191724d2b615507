"""The sweep of a whole stage: what deletions and broken-off publications left behind.

Versions whose application is gone, and documents and code that no application and no version names, once they
are older than the grace period. Safe at any time, next to anything, and to do again.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from registry.stores.holders import Holder, HolderStore
from registry.stores.objects import ObjectStore


@dataclass(kw_only=True)
class Leftovers:
    """What may go: versions, and keys of objects with their sizes in bytes."""

    versions: list[Holder] = field(default_factory=list)
    objects: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Collector:
    """The grace period is that of `objects`."""

    holders: HolderStore
    objects: ObjectStore

    def find(self) -> Leftovers:
        """Changes nothing.

        Objects are listed before the table is read: one that a publication comes to name in between is
        either named by what is read, or young.
        """
        found = Leftovers(objects=dict(self.objects.old()))
        everything = list(self.holders.everything())
        living = {one.id for one in everything if one.kind == "application"}
        for one in everything:
            # A young version may have come with an application that the scan had already passed.
            if one.kind == "version" and one.id not in living and self.objects.is_past_grace(one.created_at):
                found.versions.append(one)
            else:
                for key in one.objects:
                    found.objects.pop(key, None)
        return found

    def remove(self, found: Leftovers) -> None:
        """Versions first. An object that became young since it was found stays."""
        for version in found.versions:
            self.holders.remove(version)
        for key in found.objects:
            self.objects.remove_if_old(key)
