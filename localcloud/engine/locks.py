"""Locks of the file backend that a killed CLI has left behind.

The CLI keeps a lock as a file that names its process, and deletes it at the end. It never looks whether that
process still lives, so a CLI that was killed blocks the stack for ever.
"""

import json
import os
import socket
from pathlib import Path

LOCKED = "the stack is currently locked by"
"""How the CLI says that somebody else holds the stack's lock."""


def clear_stale_locks(state: Path, stack: str) -> list[int]:
    """Delete the locks on `stack` whose process is gone from this machine; the processes' numbers.

    A lock of another machine, or one that cannot be read, is left alone.
    """
    cleared: list[int] = []
    for lock in state.glob(f".pulumi/locks/*/*/{stack}/*.json"):
        try:
            content = json.loads(lock.read_text())
            pid, host = int(content["pid"]), content["hostname"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if host == socket.gethostname() and not _is_cli(pid):
            lock.unlink(missing_ok=True)
            cleared.append(pid)
    return cleared


def _is_cli(pid: int) -> bool:
    """True unless the process is gone, or its number now belongs to something else."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it lives, as somebody else's
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip().startswith("pulumi")
    except OSError:
        return True  # no such file system here: believe the number
