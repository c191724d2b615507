"""Tells a person how a long step is going."""

import time
from typing import TextIO

PLAIN_INTERVAL_S = 15.0
"""Between two lines where there is no terminal: often enough to see life, seldom enough for a log."""


class Progress:
    """One line that is rewritten every second on a terminal, and a plain line now and then elsewhere."""

    def __init__(self, stream: TextIO, title: str) -> None:
        self._stream = stream
        self._title = title
        self._terminal = stream.isatty()
        self._interval_s = 1.0 if self._terminal else PLAIN_INTERVAL_S
        self._start = self._shown = time.monotonic()

    @property
    def elapsed(self) -> str:
        """Since the step began, like `2 min 05 s`."""
        minutes, seconds = divmod(int(time.monotonic() - self._start), 60)
        return f"{minutes} min {seconds:02d} s" if minutes else f"{seconds} s"

    def say(self, text: str) -> None:
        """Show a line that stays."""
        self._stream.write(f"\r\033[K{text}\n" if self._terminal else f"{text}\n")
        self._stream.flush()

    def tick(self, doing: str) -> None:
        """Show what is being done, unless that was just shown."""
        now = time.monotonic()
        if now - self._shown < self._interval_s:
            return
        self._shown = now
        line = f"{self._title}: {doing} ({self.elapsed})"
        self._stream.write(f"\r\033[K{line}" if self._terminal else f"{line}\n")
        self._stream.flush()
