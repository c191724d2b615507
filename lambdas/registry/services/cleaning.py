"""What goes with a deleted application: its versions and templates, and the objects that were theirs alone.

The children are the list of what is still to do, so their objects go first: whoever comes again after a crash
finds the same list, or what is left of it. Nobody sees a child whose object is gone: nothing leads to the
children of a deleted application. Objects get half of the time and leave the rest to the sweep: a table too
large to be read leaves no children behind.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from registry import log
from registry.domain.arns import ApplicationArn
from registry.errors import NonRetryable, Unavailable
from registry.stores.assets import DOCUMENTS
from registry.stores.holders import HolderStore
from registry.stores.objects import ObjectStore


class _Late(Unavailable):
    """The time for a part of the work is up."""


@dataclass(frozen=True, kw_only=True)
class Cleaned:
    """`kept`: objects that others name, that are too young to go, or for which there was no time."""

    children: int
    objects: int
    kept: int


@dataclass(frozen=True, kw_only=True)
class Cleaning:
    """`clock` counts seconds and never goes back.

    Objects younger than the grace period stay for the sweep (`registry collect`): a publication of the same
    content may be counting on them at this moment.
    """

    holders: HolderStore
    objects: ObjectStore
    clock: Callable[[], float]

    def clean(
        self, arn: ApplicationArn, application_id: str, documents: Sequence[str], *, within_s: float
    ) -> Cleaned:
        """`documents`: digests of the application's licence and readme.

        Raises NonRetryable when the application is there, Unavailable when the time is up: what was removed
        stays removed, so the next try goes on from there.
        """
        ends_at = self.clock() + within_s
        if self.holders.is_living(arn, application_id):
            raise NonRetryable(f"{arn} is there under the id {application_id}: nothing was removed")
        children = list(self.holders.children(application_id))
        wanted = {DOCUMENTS + one for one in documents} | {key for one in children for key in one.objects}
        removed = self._remove_objects(wanted, application_id, ends_at - within_s / 2)
        for child in children:
            self._check_time(ends_at)
            self.holders.remove(child)
        return Cleaned(children=len(children), objects=removed, kept=len(wanted) - removed)

    def _remove_objects(self, keys: set[str], application_id: str, ends_at: float) -> int:
        """How many went until the time was up."""
        removed = 0
        try:
            old = set()
            for key in sorted(keys):
                self._check_time(ends_at)
                if self.objects.is_old(key):
                    old.add(key)
            for key in sorted(self._unnamed(old, application_id, ends_at)):
                self._check_time(ends_at)
                removed += self.objects.remove_if_old(key)
        except _Late:
            left = len(keys) - removed
            log.event("objects-left-for-the-sweep", level="WARNING", id=application_id, objects=left)
        return removed

    def _unnamed(self, keys: set[str], application_id: str, ends_at: float) -> set[str]:
        """Those of `keys` that no other item names. Reads the whole table, unless there is nothing to ask.

        It is read after the age of the objects: one that a publication came to name before is named by what
        is read here, and one that it comes to name later is made young first.
        """
        left = set(keys)
        if not left:
            return left
        for other in self.holders.everything():
            self._check_time(ends_at)
            if other.id != application_id:
                left.difference_update(other.objects)
            if not left:
                break
        return left

    def _check_time(self, ends_at: float) -> None:
        if self.clock() >= ends_at:
            raise _Late("Cleaning up took too long for one call; the next one goes on from there")
