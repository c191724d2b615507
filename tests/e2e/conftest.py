"""One local cloud for the whole session, with a folder and ports of its own, deployed as `make up` does."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.ports import free_port_pair
from tests.support.stack import CHECKOUT, DeployedStack, read_env


@pytest.fixture(scope="session")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Leads `python -m localcloud` to the session's own local cloud; torn down at the end."""
    folder = tmp_path_factory.mktemp("instance")
    environment = {
        **os.environ,
        "REGISTRY_LOCAL_DIR": str(folder),
        "REGISTRY_LOCAL_PORT": str(free_port_pair()),
    }
    try:
        yield environment
    finally:
        localcloud(environment, "down")


@pytest.fixture(scope="session")
def stack(request: pytest.FixtureRequest) -> DeployedStack:
    """Stack alpha-us-east-1, deployed by the real engine; or the one that REGISTRY_ENV_FILE leads to."""
    if deployed := os.environ.get("REGISTRY_ENV_FILE"):
        return DeployedStack(settings=read_env(Path(deployed)))
    instance: dict[str, str] = request.getfixturevalue("instance")
    done = localcloud(instance, "up", "--stage", "alpha", "--region", "us-east-1")
    assert done.returncode == 0, f"`up` failed:\n{done.stdout}\n{done.stderr}"
    return DeployedStack(settings=read_env(Path(instance["REGISTRY_LOCAL_DIR"]) / "env"))


def localcloud(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "localcloud", *words],
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
