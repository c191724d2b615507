"""An emulator for the session, and a provider configured for it."""

import json
import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import pytest

from localcloud.provider.cloud import Cloud
from localcloud.provider.servicer import Provider
from tests.provider.cases import World
from tests.provider.driver import Driver, serve
from tests.provider.repository import serving_repository

ACCOUNT = "123456789012"
REGION = "us-east-1"
DEFAULT_TAGS = {"team": "registry"}
_EMULATOR = Path(__file__).parents[2] / ".local" / "venvs" / "emulator" / "bin" / "python"


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an emulator of our own."""
    if not _EMULATOR.exists():
        pytest.fail(f"{_EMULATOR} is missing: run `make setup`")
    home = tmp_path_factory.mktemp("emulator")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "AUTH": "true",
    }
    url = f"http://127.0.0.1:{port}"
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(_EMULATOR), "-m", "ministack"], env=environment, cwd=home, stdout=log, stderr=log
        )
    try:
        _wait(url, process, home / "log")
        yield url
    finally:
        process.terminate()
        process.wait(10)


def _wait(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/_ministack/health", timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    pytest.fail(f"the emulator did not start:\n{log.read_text()[-2000:]}")


def cloud_variables(emulator: str) -> dict[str, str]:
    """What `make up` would set: the endpoint, and an account's root."""
    return {
        "AWS_ENDPOINT_URL": emulator,
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@pytest.fixture
def cloud_environment(emulator: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """For one test, so that the next one of another folder is not led to this emulator."""
    for name, value in cloud_variables(emulator).items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="session")
def repository(emulator: str) -> Iterator[str]:
    """The URL of a repository with one application."""
    with serving_repository(lambda: emulator_client(emulator, "cloudformation")) as url:
        yield url


def emulator_client(emulator: str, service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=emulator,
        region_name=REGION,
        aws_access_key_id=ACCOUNT,
        aws_secret_access_key="any",
    )


@pytest.fixture(scope="session")
def session_provider(emulator: str, repository: str) -> Iterator[Driver]:
    """Configured as the program does it."""
    with serve() as driver, pytest.MonkeyPatch.context() as patch:
        for name, value in cloud_variables(emulator).items():
            patch.setenv(name, value)
        driver.configure(
            region=REGION,
            allowedAccountIds=f'["{ACCOUNT}"]',
            defaultTags='{"tags": {"team": "registry"}}',
            endpoints=json.dumps([{"serverlessrepo": repository}]),
        )
        patch.undo()
        yield driver


@pytest.fixture
def provider(session_provider: Driver, cloud_environment: None) -> Driver:
    return session_provider


@pytest.fixture(scope="session")
def session_world(session_provider: Driver) -> World:
    """What the cases stand on, made when first needed."""
    return World(session_provider, REGION)


@pytest.fixture
def world(session_world: World, cloud_environment: None) -> World:
    return session_world


class Offline(Cloud):
    """A cloud that only says who is calling."""

    @cached_property
    def identity(self) -> dict[str, str]:
        return {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:root", "UserId": ACCOUNT}


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> Iterator[Driver]:
    """A configured provider with nothing behind it: for what never leaves the provider."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCOUNT)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")
    with serve(Provider(lambda region: Offline(region=region))) as driver:
        driver.configure(region=REGION, defaultTags='{"tags": {"team": "registry"}}')
        yield driver
