"""Tells the topic what the table's stream says, in the stream's order as far as the topic keeps one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from botocore.exceptions import BotoCoreError, ClientError

from registry import log
from registry.domain.changes import Change
from registry.stores.topics import MAX_BATCH, ChangeTopic

Numbered = tuple[str, Change]


def announce(topic: ChangeTopic, changes: Iterable[Numbered]) -> str | None:
    """Publishes changes, each with the number of its record in the stream.

    None when all were taken. Otherwise the number of the earliest record that was not: nothing is published
    behind the batch that it is in, and the stream has to be read from there again. Whoever listens then gets
    some changes twice.
    """
    for batch in _batches(changes):
        try:
            failed = topic.publish([change for _, change in batch])
        except (BotoCoreError, ClientError) as error:
            log.failure("changes-not-announced", error, changes=len(batch))
            return batch[0][0]
        if failed:
            codes = sorted(set(failed.values()))
            log.event("changes-not-announced", level="ERROR", changes=len(failed), codes=codes)
            return batch[min(failed)][0]
        for _, change in batch:
            log.event("change-announced", **change.as_event())
    return None


def _batches(changes: Iterable[Numbered]) -> Iterator[list[Numbered]]:
    left = iter(changes)
    while batch := list(islice(left, MAX_BATCH)):
        yield batch
