"""What the checks after a publication found, as warnings on the version: no more than its item can hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

MAX_WARNINGS = 50
MAX_CHARACTERS = 500
# Of the item's 400 KB, `stores.items.MAX_ITEM_BYTES` leaves this much free.
MAX_ADDED_BYTES = 12_000
_KEPT_FOR_REST = 100


def merged(published: Sequence[str], found: Iterable[str]) -> tuple[str, ...]:
    """`published` first and whole, then each finding once, cut at MAX_CHARACTERS.

    What is over MAX_WARNINGS in all, or over MAX_ADDED_BYTES of UTF-8 added, is counted in the last one.
    """
    known = set(published)
    new = [text for text in dict.fromkeys(one[:MAX_CHARACTERS] for one in found) if text not in known]
    added = _fitting(new, MAX_WARNINGS - len(published), MAX_ADDED_BYTES)
    if len(added) < len(new):
        added = _fitting(new, MAX_WARNINGS - len(published) - 1, MAX_ADDED_BYTES - _KEPT_FOR_REST)
        if len(published) < MAX_WARNINGS:
            added.append(f"{len(new) - len(added)} more findings are not kept")
    return (*published, *added)


def _fitting(texts: Sequence[str], most: int, most_bytes: int) -> list[str]:
    """The longest beginning of `texts` that fits."""
    taken: list[str] = []
    left = most_bytes
    for text in texts[: max(0, most)]:
        left -= len(text.encode())
        if left < 0:
            break
        taken.append(text)
    return taken
