"""Emulator and gateway as `up` and `down` handle them."""

import os
import shutil
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.cloud import processes, services
from localcloud.cloud.errors import LocalCloudError
from localcloud.places import Places
from tests.support.emulator import LocalServices, running_services
from tests.support.ports import free_port_pair

pytestmark = pytest.mark.chaos


@pytest.fixture
def started(tmp_path: Path) -> Iterator[LocalServices]:
    with running_services(tmp_path / "instance") as made:
        yield made


def kill(service: processes.Service) -> None:
    found = processes.running(service)
    assert found is not None
    os.kill(found.pid, signal.SIGKILL)


def listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_starting_again_starts_only_what_is_missing(started: LocalServices) -> None:
    places = started.places
    assert services.start(places) == []
    kill(services.gateway(places))
    assert services.start(places) == ["gateway"]
    kill(services.emulator(places))
    assert services.start(places) == ["emulator"]
    assert services.stop(places) == ["gateway", "emulator"]
    assert services.stop(places) == []
    assert not listening(places.emulator_port)
    assert not listening(places.gateway_port)


def test_everything_listens_on_loopback_only(started: LocalServices) -> None:
    pids = {
        processes.running(make(started.places)).pid  # type: ignore[union-attr]
        for make in (services.emulator, services.gateway)
    }
    assert {address for pid in pids for address in listeners(pid)} == {
        ("0100007F", started.places.emulator_port),
        ("0100007F", started.places.gateway_port),
    }


def listeners(pid: int) -> set[tuple[str, int]]:
    """Listening TCP sockets of a process, from /proc: (address in hex, port). IPv6 ones too."""
    inodes = {
        os.readlink(link)[8:-1]
        for link in Path(f"/proc/{pid}/fd").iterdir()
        if os.readlink(link).startswith("socket:")
    }
    rows = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]
    ]
    return {
        (row[1].split(":")[0], int(row[1].split(":")[1], 16))
        for row in rows
        if row[3] == "0A" and row[9] in inodes
    }


def test_a_killed_emulator_makes_every_stack_compare_itself_once(started: LocalServices) -> None:
    places = started.places
    places.state.mkdir()
    assert not services.needs_refresh(places, "alpha-us-east-1")
    kill(services.emulator(places))
    services.start(places)
    assert services.needs_refresh(places, "alpha-us-east-1")
    services.refreshed(places, "alpha-us-east-1")
    assert not services.needs_refresh(places, "alpha-us-east-1")
    assert services.needs_refresh(places, "beta-us-east-1")


def test_a_stop_in_order_keeps_everything_and_asks_for_no_comparison(started: LocalServices) -> None:
    places = started.places
    places.state.mkdir()
    queue = started.client("sqs", "222222222222").create_queue(QueueName="kept")["QueueUrl"]
    services.stop(places)
    services.start(places)
    assert not services.needs_refresh(places, "alpha-us-east-1")
    assert started.client("sqs", "222222222222").list_queues()["QueueUrls"] == [queue]


def test_state_deleted_by_hand_asks_for_a_comparison(started: LocalServices) -> None:
    places = started.places
    places.state.mkdir()
    services.stop(places)
    shutil.rmtree(places.cloud)
    services.start(places)
    assert services.needs_refresh(places, "alpha-us-east-1")


@pytest.mark.parametrize("offset", [0, 1])
def test_a_taken_port_is_one_sentence_and_starting_again_finishes(tmp_path: Path, offset: int) -> None:
    places = Places(instance=tmp_path, emulator_port=free_port_pair())
    name = ("emulator", "gateway")[offset]
    taken = socket.create_server(("127.0.0.1", places.emulator_port + offset))
    with taken, pytest.raises(LocalCloudError, match=rf"Port \d+, which the {name} needs, is taken"):
        services.start(places)
    try:
        assert "gateway" in services.start(places)
    finally:
        services.stop(places)


def test_a_missing_environment_says_make_setup(tmp_path: Path) -> None:
    places = Places(checkout=tmp_path, instance=tmp_path, emulator_port=free_port_pair())
    with pytest.raises(LocalCloudError, match="make setup"):
        services.start(places)


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    places = Places(instance=tmp_path / "file" / "instance", emulator_port=free_port_pair())
    with pytest.raises(LocalCloudError, match=r"could not be started.*make room or rights"):
        services.start(places)
