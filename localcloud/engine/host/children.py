"""The processes that the host has started, and their end."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

GRACE_S = 3.0
"""From SIGTERM to SIGKILL. The engine kills the host 5 s after it has asked it to stop."""


class Children:
    """Starts each child in a session of its own, so that it can be ended with all that it has started.

    A session of its own also keeps the engine's SIGINT away from it: a program that is interrupted prints
    asyncio tracebacks into the diagnostics, one that is terminated prints nothing.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopped = False

    @property
    def stopped(self) -> bool:
        """True from the first call of `stop`."""
        return self._stopped

    def start(
        self, command: Sequence[str], *, cwd: Path, environment: Mapping[str, str], piped: bool = False
    ) -> subprocess.Popen[bytes]:
        """Start `command`; its output goes to the host's own, or to pipes. Raises OSError."""
        stream = subprocess.PIPE if piped else None
        with self._lock:
            if self._stopped:
                raise ProcessLookupError("the language host is stopping")
            child = subprocess.Popen(
                command,
                cwd=cwd,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                start_new_session=True,
            )
            self._running.add(child)
        return child

    def wait(self, child: subprocess.Popen[bytes]) -> int:
        """Wait for the end of `child`; the exit code, negative for a signal."""
        code = child.wait()
        with self._lock:
            self._running.discard(child)
        return code

    def terminate(self, child: subprocess.Popen[bytes]) -> None:
        """End `child` and what it has started: in order at first, what is left after GRACE_S by force."""
        if child.poll() is None:  # an ended child's number may be somebody else's by now
            _signal_session(child, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(GRACE_S)
            _signal_session(child, signal.SIGKILL)

    def stop(self) -> None:
        """End every child and refuse new ones."""
        with self._lock:
            self._stopped = True
            running = tuple(self._running)
        endings = [threading.Thread(target=self.terminate, args=(child,)) for child in running]
        for ending in endings:
            ending.start()
        for ending in endings:
            ending.join()


def _signal_session(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, number)
