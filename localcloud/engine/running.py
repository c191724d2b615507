"""Runs the CLI on one stack and streams what it prints."""

import collections
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any, Literal, TextIO

from localcloud.engine.errors import (
    StackLockedError,
    UnexpectedChangesError,
    UpdateCancelledError,
    UpdateFailedError,
)
from localcloud.engine.locks import LOCKED, clear_stale_locks
from localcloud.engine.stacks import Stack

Command = Literal["up", "preview", "refresh", "destroy"]

_UNEXPECTED_CHANGES = 7
_KEPT_LINES = 200


def run_pulumi(
    stack: Stack, command: Command, options: Sequence[str] = (), *, stream: TextIO | None = None
) -> None:
    """Run one operation to its end; the CLI's lines go to `stream` (standard output) as they come.

    `up`, `refresh` and `destroy` do not ask back, and make no preview of their own. SIGINT, SIGTERM and
    SIGHUP are handed to the CLI as SIGINT, the only signal that cancels an update in order; the call then
    raises UpdateCancelledError. A lock left by a killed CLI is removed first. Raises StackLockedError,
    UnexpectedChangesError, UpdateFailedError.
    """
    stream = stream or sys.stdout
    for pid in clear_stale_locks(stack.places.state, stack.name):
        stream.write(f"Removed the lock of process {pid}, which ended without finishing its update.\n")
    color = "always" if stream.isatty() and "NO_COLOR" not in os.environ else "never"
    arguments = [command, "--stack", stack.name, "--non-interactive", "--color", color]
    if command != "preview" and "--preview-only" not in options:
        arguments += ["--yes", "--skip-preview"]

    with _interruptible() as (started, received):
        process = subprocess.Popen(
            [stack.toolchain.executable, *arguments, *options],
            cwd=stack.places.checkout,
            env=stack.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            process_group=0,  # the terminal's Ctrl-C would reach it a second time
        )
        started.append(process)
        output = _copy(process, stream)
    if process.returncode:
        raise _failure(stack, command, process.returncode, output, cancelled=bool(received))


def stack_outputs(stack: Stack) -> dict[str, Any]:
    """The stack's outputs, secrets shown; empty before the first update. Raises UpdateFailedError."""
    answer = subprocess.run(
        [stack.toolchain.executable, "stack", "output", "--json", "--show-secrets", "--stack", stack.name],
        cwd=stack.places.checkout,
        env=stack.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode:
        raise UpdateFailedError(
            f"The outputs of stack {stack.name} cannot be read: {answer.stderr.strip()}",
            exit_code=answer.returncode,
            output=answer.stderr,
        )
    outputs: dict[str, Any] = json.loads(answer.stdout)
    return outputs


def _copy(process: "subprocess.Popen[str]", stream: TextIO) -> str:
    """Copy the process's lines to `stream` until it ends; the last of them."""
    assert process.stdout is not None  # noqa: S101 - it was started with a pipe
    kept: collections.deque[str] = collections.deque(maxlen=_KEPT_LINES)
    with process:
        for line in process.stdout:
            stream.write(line)
            stream.flush()
            kept.append(line)
    return "".join(kept)


@contextmanager
def _interruptible() -> Iterator[tuple[list["subprocess.Popen[str]"], list[int]]]:
    """Hand the signals that ask for an end to the processes in the first list; the second one tells which
    came.

    Signals are the main thread's alone; elsewhere nothing is handed on.
    """
    started: list[subprocess.Popen[str]] = []
    received: list[int] = []

    def hand_on(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        for process in started:
            process.send_signal(signal.SIGINT)

    if threading.current_thread() is not threading.main_thread():
        yield started, received
        return
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    previous = {number: signal.signal(number, hand_on) for number in numbers}
    try:
        yield started, received
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _failure(stack: Stack, command: str, code: int, output: str, *, cancelled: bool) -> Exception:
    if cancelled:
        return UpdateCancelledError(
            f"`pulumi {command}` of {stack.name} was interrupted: run it again to finish.",
            exit_code=code,
            output=output,
        )
    if LOCKED in output:
        return StackLockedError(stack.name)
    if code == _UNEXPECTED_CHANGES:
        return UnexpectedChangesError(
            f"Stack {stack.name} differs from the program although no changes were expected: see above.",
            exit_code=code,
            output=output,
        )
    return UpdateFailedError(
        f"`pulumi {command}` of {stack.name} failed (exit code {code}): its messages are above; run it "
        "again when the cause is removed.",
        exit_code=code,
        output=output,
    )
