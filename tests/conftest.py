"""For every test: nothing of the developer's own cloud."""

import os
from pathlib import Path

import pytest


def pytest_configure() -> None:
    """A profile, key or endpoint in the shell must lead no test to a real account, or to `make up`'s."""
    for name in [
        name for name in os.environ if name.startswith(("AWS_", "PULUMI_")) and name != "AWS_CA_BUNDLE"
    ]:
        del os.environ[name]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that share a deployed stack, or the engine, stay in one process when there are several."""
    for item in items:
        folder = Path(str(item.path)).parent.name
        if folder == "e2e" or item.get_closest_marker("engine"):
            item.add_marker(pytest.mark.xdist_group("e2e" if folder == "e2e" else "engine"))
