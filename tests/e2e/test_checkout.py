"""Deploying leaves nothing behind in the work tree."""

import subprocess

import pytest

from tests.e2e.conftest import localcloud
from tests.support.stack import CHECKOUT, DeployedStack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


def work_tree() -> str:
    status = subprocess.run(
        ["git", "status", "--porcelain=v1", "--untracked-files=all"],
        cwd=CHECKOUT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return status.stdout


def test_git_status_is_the_same_after_up_preview_and_destroy(
    instance: dict[str, str], stack: DeployedStack
) -> None:
    before = work_tree()
    for words in (
        ("preview", "--stage", "alpha", "--region", "us-east-1"),
        ("preview", "--stage", "beta"),
        ("up", "--stage", "alpha", "--region", "eu-west-1"),
        ("destroy", "--stage", "alpha", "--region", "eu-west-1"),
    ):
        done = localcloud(instance, *words)
        assert done.returncode == 0, f"{words}:\n{done.stdout}\n{done.stderr}"
        assert work_tree() == before, words
