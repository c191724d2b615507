"""Which locks of the file backend count as left behind."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from localcloud.engine.locks import clear_stale_locks

pytestmark = pytest.mark.unit


def lock(state: Path, stack: str, text: str) -> Path:
    path = state / ".pulumi" / "locks" / "organization" / "registry" / stack / "1.json"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return path


def content(pid: int, host: str | None = None) -> str:
    return json.dumps({"pid": pid, "hostname": host or socket.gethostname(), "username": "u"})


@pytest.fixture
def ended() -> int:
    """The number of a process that is gone."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_the_lock_of_a_process_that_is_gone_is_cleared(tmp_path: Path, ended: int) -> None:
    left = lock(tmp_path, "alpha-us-east-1", content(ended))
    assert clear_stale_locks(tmp_path, "alpha-us-east-1") == [ended]
    assert not left.exists()


@pytest.mark.skipif(not Path("/proc/self/comm").exists(), reason="needs the names of processes")
def test_the_lock_of_a_number_that_belongs_to_something_else_now_is_cleared(tmp_path: Path) -> None:
    lock(tmp_path, "alpha-us-east-1", content(os.getpid()))
    assert clear_stale_locks(tmp_path, "alpha-us-east-1") == [os.getpid()]


def test_the_lock_of_another_stack_is_left_alone(tmp_path: Path, ended: int) -> None:
    other = lock(tmp_path, "alpha-us-east-10", content(ended))
    assert clear_stale_locks(tmp_path, "alpha-us-east-1") == []
    assert other.exists()


def test_the_lock_of_another_machine_is_left_alone(tmp_path: Path, ended: int) -> None:
    other = lock(tmp_path, "alpha-us-east-1", content(ended, "elsewhere"))
    assert clear_stale_locks(tmp_path, "alpha-us-east-1") == []
    assert other.exists()


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"pid": "x", "hostname": "y"}'])
def test_a_lock_that_cannot_be_read_is_left_alone(tmp_path: Path, text: str) -> None:
    broken = lock(tmp_path, "alpha-us-east-1", text)
    assert clear_stale_locks(tmp_path, "alpha-us-east-1") == []
    assert broken.exists()
