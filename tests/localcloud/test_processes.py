"""Background processes: started once, stopped in order, never mistaken for another's."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localcloud.cloud import processes
from localcloud.cloud.errors import LocalCloudError
from localcloud.cloud.processes import Service

pytestmark = pytest.mark.unit

SERVE = """
import os, pathlib, signal, sys
def end(*_):
    pathlib.Path(sys.argv[2]).write_text("saved")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
pathlib.Path(sys.argv[1]).write_text(" ".join(sorted(os.environ)))
print("up and running", flush=True)
while True:
    signal.pause()
"""


def service(folder: Path, code: str = SERVE, **environment: str) -> Service:
    ready = folder / "ready"
    return Service(
        name="thing",
        command=[sys.executable, "-I", "-c", code, str(ready), str(folder / "saved")],
        environment=environment,
        log=folder / "logs" / "thing.log",
        record=folder / "run" / "thing.json",
        healthy=ready.exists,
    )


@pytest.fixture
def thing(tmp_path: Path) -> Iterator[Service]:
    made = service(tmp_path, ONLY="this")
    yield made
    processes.stop(made)


def until(condition: Callable[[], bool], seconds: float = 5) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
    return True


def alive(number: int) -> bool:
    state = Path(f"/proc/{number}/stat")
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] not in "ZX"


def pid(of: Service) -> int:
    found = processes.running(of)
    assert found is not None
    return found.pid


def test_a_service_is_started_once_and_saves_when_it_is_stopped(thing: Service, tmp_path: Path) -> None:
    assert processes.ensure(thing)
    first = pid(thing)
    assert not processes.ensure(thing)
    assert pid(thing) == first
    assert processes.stop(thing)
    assert (tmp_path / "saved").read_text() == "saved"
    assert processes.running(thing) is None
    assert not processes.stop(thing)


def test_it_inherits_nothing_of_the_callers_environment(thing: Service, tmp_path: Path) -> None:
    processes.ensure(thing)
    assert {"PATH", "HOME", "AWS_PROFILE"}.isdisjoint((tmp_path / "ready").read_text().split())
    assert "ONLY" in (tmp_path / "ready").read_text().split()


def test_it_outlives_its_starters_session(thing: Service) -> None:
    processes.ensure(thing)
    assert os.getsid(pid(thing)) == pid(thing)


def test_one_that_died_is_started_again_and_the_former_log_is_kept(thing: Service) -> None:
    processes.ensure(thing)
    former = pid(thing)
    os.kill(former, signal.SIGKILL)
    assert until(lambda: processes.running(thing) is None)
    assert processes.ensure(thing)
    assert pid(thing) != former
    assert thing.log.with_suffix(".log.1").read_text() == "up and running\n"


def test_one_with_other_settings_is_started_anew(thing: Service, tmp_path: Path) -> None:
    processes.ensure(thing)
    former = pid(thing)
    changed = service(tmp_path, ONLY="that")
    assert processes.ensure(changed)
    assert pid(changed) != former


def test_one_that_cannot_start_is_reported_with_its_last_words(tmp_path: Path) -> None:
    broken = service(tmp_path, code="raise SystemExit('no such luck')")
    with pytest.raises(LocalCloudError, match=r"The thing did not start.*no such luck"):
        processes.ensure(broken)
    assert processes.running(broken) is None


def test_one_that_never_answers_is_not_left_running(tmp_path: Path) -> None:
    deaf = service(tmp_path, code="import time; print('waiting', flush=True); time.sleep(60)")
    with pytest.raises(LocalCloudError, match="waiting"):
        processes.ensure(deaf, timeout_s=0.3)
    assert not deaf.record.exists()


def test_one_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    stubborn = service(
        tmp_path,
        code="import pathlib,signal,sys; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "pathlib.Path(sys.argv[1]).touch()\nwhile True: signal.pause()",
    )
    processes.ensure(stubborn)
    assert processes.stop(stubborn, timeout_s=0.2)
    assert processes.running(stubborn) is None
    assert stubborn.record.exists(), "it did not end in order, and the next start must know"


def test_children_end_with_it(tmp_path: Path) -> None:
    parent = service(
        tmp_path,
        code="import pathlib,signal,subprocess,sys; child = subprocess.Popen(['/bin/sleep', '60']);"
        "pathlib.Path(sys.argv[1]).write_text(str(child.pid))\nsignal.pause()",
    )
    processes.ensure(parent)
    child = int((tmp_path / "ready").read_text())
    processes.stop(parent)
    assert until(lambda: not alive(child))


def test_a_recycled_process_id_is_left_alone(thing: Service) -> None:
    processes.ensure(thing)
    record = json.loads(thing.record.read_text())
    processes.stop(thing)
    with subprocess.Popen(["sleep", "60"]) as stranger:
        thing.record.write_text(json.dumps(record | {"pid": stranger.pid}))
        assert processes.running(thing) is None
        assert not processes.stop(thing)
        assert stranger.poll() is None
        stranger.kill()


@pytest.mark.parametrize("text", ["", "not json", "{}", '{"pid": 1}', "[]"])
def test_a_spoilt_record_counts_as_none(thing: Service, text: str) -> None:
    thing.record.parent.mkdir(parents=True)
    thing.record.write_text(text)
    assert processes.running(thing) is None
    assert processes.ensure(thing)


def test_a_socket_left_in_time_wait_does_not_count_as_taken(tmp_path: Path) -> None:
    from localcloud.cloud.services import _check_port

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            accepted, _ = listener.accept()
            accepted.close()
            client.recv(1)
    _check_port("thing", port)
