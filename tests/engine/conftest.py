from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.projects import Project, eventually, make_project


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A project of the test's own; whatever still runs in it at the end is the test's failure."""
    made = make_project(tmp_path / "checkout")
    yield made
    assert eventually(lambda: not made.processes()), made.processes()


@pytest.fixture(scope="module")
def previewed(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """One project for tests that write a program and only preview it."""
    return make_project(tmp_path_factory.mktemp("previewed") / "checkout")
