"""Updates that do not come to their end: nothing keeps running, and the next one works."""

import io
import json
import os
import signal
import subprocess
import sys
import threading

import pytest

from localcloud.engine import (
    EngineError,
    StackLockedError,
    UpdateCancelledError,
    UpdateFailedError,
    run_pulumi,
)
from tests.engine.projects import Project, eventually

pytestmark = [pytest.mark.engine, pytest.mark.timeout(1200)]

QUICK = "import pulumi\npulumi.export('answer', 42)\n"


class Background:
    """`up` in a thread, from the program's start to the end of the block at the latest."""

    def __init__(self, project: Project) -> None:
        self.error: Exception | None = None
        self._project = project
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Background":
        self._thread.start()
        assert eventually(self._project.started.exists)
        return self

    def __exit__(self, *_: object) -> None:
        for pid in self._project.processes() if self._thread.is_alive() else ():
            os.kill(pid, signal.SIGKILL)
        self._thread.join()

    def _run(self) -> None:
        try:
            self._project.run("up")
        except EngineError as error:
            self.error = error

    def join(self) -> None:
        self._thread.join(30)
        assert not self._thread.is_alive()


def cli(project: Project) -> int:
    """The number of the CLI process that holds the lock."""
    (lock,) = project.locks()
    return int(json.loads(lock.read_text())["pid"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_cancels_in_order_and_leaves_neither_process_nor_lock(
    project: Project, number: signal.Signals
) -> None:
    project.sleeping_program()
    before = signal.getsignal(number)
    stream = io.StringIO()

    def interrupt() -> None:
        eventually(project.started.exists)
        os.kill(os.getpid(), number)

    interrupter = threading.Thread(target=interrupt)
    stack = project.open()
    interrupter.start()
    with pytest.raises(UpdateCancelledError):
        run_pulumi(stack, "up", stream=stream)
    interrupter.join()
    assert not project.processes()
    assert not project.locks()
    assert "Traceback" not in stream.getvalue()
    assert "cancel" in stream.getvalue()
    assert signal.getsignal(number) == before

    project.program(QUICK)
    assert "1 created" in project.run("up") or "unchanged" in project.run("up")


def test_ctrl_c_in_a_terminal_reaches_the_cli_once_and_is_one_sentence(project: Project) -> None:
    project.sleeping_program()
    project.open()
    script = (
        "from pathlib import Path\n"
        "from localcloud.engine import UpdateCancelledError, ensure_pulumi, open_stack, run_pulumi\n"
        "from localcloud.places import Places\n"
        f"here = Path({str(project.folder)!r})\n"
        "places = Places(checkout=here, instance=here / '.local', emulator_port=7100)\n"
        "toolchain = ensure_pulumi(places)\n"
        "stack = open_stack(places, toolchain, stage='alpha', name='alpha-us-east-1', variables={})\n"
        "try:\n"
        "    run_pulumi(stack, 'up')\n"
        "except UpdateCancelledError as error:\n"
        "    print(error)\n"
    )
    made = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        process_group=0,
    )
    try:
        assert eventually(project.started.exists)
        os.killpg(made.pid, signal.SIGINT)  # what a terminal does
        shown, _ = made.communicate(timeout=60)
    finally:
        made.kill()
    assert shown.endswith("`pulumi up` of alpha-us-east-1 was interrupted: run it again to finish.\n")
    assert "Traceback" not in shown
    assert shown.count("^C received; cancelling") == 1
    assert "received; terminating" not in shown
    assert not project.locks()


def test_a_cancelled_program_takes_what_it_has_started_with_it(project: Project) -> None:
    project.program(
        "import pathlib, subprocess\n"
        "child = subprocess.Popen(['/bin/sh', '-c', 'trap \"\" TERM; while :; do sleep 600; done'])\n"
        f"pathlib.Path({str(project.started)!r}).touch()\n"
        "child.wait()\n"
    )
    with Background(project) as update:
        assert eventually(lambda: any(text.startswith("sleep 600") for text in project.processes().values()))
        os.kill(cli(project), signal.SIGINT)
        update.join()
        assert not project.processes()


def test_a_program_that_ignores_the_request_to_end_is_ended(project: Project) -> None:
    project.program(
        "import pathlib, signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"pathlib.Path({str(project.started)!r}).touch()\n"
        "time.sleep(600)\n"
    )
    with Background(project) as update:
        os.kill(cli(project), signal.SIGINT)
        update.join()
        assert not project.processes()


def test_a_killed_cli_leaves_no_process_and_its_lock_is_cleared_by_the_next_update(project: Project) -> None:
    project.sleeping_program()
    with Background(project) as update:
        killed = cli(project)
        os.kill(killed, signal.SIGKILL)
        update.join()
        assert isinstance(update.error, UpdateFailedError)
        assert eventually(lambda: not project.processes()), project.processes()
        assert project.locks()

        project.program(QUICK)
        shown = project.run("up")
        assert f"Removed the lock of process {killed}" in shown
        assert not project.locks()


def test_a_program_whose_host_was_killed_ends_by_itself(project: Project) -> None:
    project.sleeping_program()
    with Background(project) as update:
        (host,) = [pid for pid, text in project.processes().items() if "localcloud.engine.host " in text]
        os.kill(host, signal.SIGKILL)
        update.join()
        assert isinstance(update.error, UpdateFailedError)
        assert eventually(lambda: not project.processes()), project.processes()


def test_a_running_update_keeps_its_lock_and_a_second_one_is_refused(project: Project) -> None:
    project.sleeping_program()
    with Background(project) as update:
        with pytest.raises(StackLockedError, match="alpha-us-east-1 is being changed by another process"):
            project.run("up")
        assert project.locks()
        assert cli(project) in project.processes()
        os.kill(cli(project), signal.SIGINT)
        update.join()
