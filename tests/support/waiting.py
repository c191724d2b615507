"""Waiting for what happens elsewhere."""

import time
from collections.abc import Callable


def until(condition: Callable[[], bool], *, seconds: float = 60.0) -> None:
    """Returns once the condition holds; fails when it has not by then."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"it did not come true within {seconds:g} s"
        time.sleep(0.1)
