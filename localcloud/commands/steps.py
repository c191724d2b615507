"""Progress for a person: numbered steps, each with the time it took."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Steps:
    """Prints to standard output; `total` is how many steps there will be."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._started = time.monotonic()

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        self._done += 1
        print(f"[{self._done}/{self._total}] {title} …", flush=True)
        started = time.monotonic()
        yield
        print(f"      done in {time.monotonic() - started:.1f} s", flush=True)

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self._started


def warn(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
