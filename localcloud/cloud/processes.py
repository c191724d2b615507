"""Background processes, each with a record, so that a recycled process id is never mistaken for ours."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from localcloud.cloud.errors import LocalCloudError

POLL_S = 0.05
ANSWER_S = 30  # how long a busy service may take to answer before it counts as stuck


@dataclass(frozen=True, kw_only=True)
class Service:
    """How to run one background process and how to tell that it is ready.

    `environment` is complete: nothing of the caller's is inherited. `healthy` blocks for a second at most.
    `prepare` is called before each start; the record of a predecessor that did not end in order still exists.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    record: Path
    healthy: Callable[[], bool]
    prepare: Callable[[], None] = lambda: None


@dataclass(frozen=True, kw_only=True)
class Running:
    """A process of ours that is alive. `born` is the kernel's start time, `how` what it was started with."""

    pid: int
    born: str
    how: str


def ensure(service: Service, *, timeout_s: float = 60) -> bool:
    """Start the service unless it runs, healthy and as wanted; False when there was nothing to do.

    Raises LocalCloudError when it does not become healthy; then nothing is left running.
    """
    found = running(service)
    if found and found.how == _how(service) and _wait(service, found, ANSWER_S):
        return False
    stop(service)
    started = _start(service)
    if _wait(service, started, timeout_s):
        return True
    stop(service)
    raise LocalCloudError(
        f"The {service.name} did not start, its last words are: {_last_line(service.log)} "
        f"({service.log}): remove the cause and run this again."
    )


def running(service: Service) -> Running | None:
    """The service's process when it is alive, whether healthy or not."""
    try:
        found = Running(**json.loads(service.record.read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return found if _born(found.pid) == found.born else None


def stop(service: Service, *, timeout_s: float = 60) -> bool:
    """End the process with SIGTERM and wait, so that it can save its state; False when it was not running.

    After `timeout_s` it is killed, and its record stays, as that of one that did not end in order. Its
    children (the functions' processes) are in its group and end with it.
    """
    found = running(service)
    if found is None:
        return False
    with suppress(ProcessLookupError):
        os.kill(found.pid, signal.SIGTERM)
    in_order = _wait_until(lambda: _born(found.pid) != found.born, timeout_s)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(found.pid, signal.SIGKILL)
    if in_order:
        service.record.unlink(missing_ok=True)
    else:
        _wait_until(lambda: _born(found.pid) != found.born, 5)
    return True


def _start(service: Service) -> Running:
    for folder in (service.log.parent, service.record.parent):
        folder.mkdir(parents=True, exist_ok=True)
    service.prepare()
    if service.log.exists():
        service.log.replace(service.log.with_suffix(".log.1"))
    pid = os.posix_spawn(
        service.command[0],
        list(service.command),
        dict(service.environment),
        setsid=True,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(service.log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
    )
    started = Running(pid=pid, born=_born(pid) or "", how=_how(service))
    written = service.record.with_suffix(".new")
    written.write_text(json.dumps(asdict(started)))
    written.replace(service.record)
    return started


def _how(service: Service) -> str:
    return json.dumps([list(service.command), sorted(service.environment.items())])


def _wait(service: Service, process: Running, timeout_s: float) -> bool:
    dead = False

    def settled() -> bool:
        nonlocal dead
        dead = _born(process.pid) != process.born
        return dead or service.healthy()

    return _wait_until(settled, timeout_s) and not dead


def _wait_until(condition: Callable[[], bool], timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    return True


def _born(pid: int) -> str | None:
    """The start time of a live process, in whatever form the system gives it; None when there is none."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)  # our own dead child would otherwise stay as a zombie
    if Path("/proc/self/stat").exists():
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        # A process that was killed is a zombie at once, but its other threads may still hold its sockets.
        state, threads, started = fields[0], int(fields[17]), fields[19]
        return None if state == "Z" and threads <= 1 else started
    shown = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return shown.stdout.strip() or None


def _last_line(log: Path) -> str:
    lines = (
        [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
        if log.exists()
        else []
    )
    return lines[-1].strip() if lines else "(nothing)"
