"""How a stack is created, with a stand-in for the CLI."""

import os
from pathlib import Path

import pytest

from localcloud.engine import EngineError, StackLockedError, create_stack

pytestmark = pytest.mark.unit


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: registry\nruntime: python\n")
    return folder


def cli(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "pulumi"
    path.write_text(f"#!/bin/sh\n{text}")
    path.chmod(0o755)
    return path


def test_a_stack_is_created_elsewhere_under_the_key_that_its_stage_file_names(
    tmp_path: Path, project: Path
) -> None:
    stage_file = project / "Pulumi.prod.yaml"
    stage_file.write_text("secretsprovider: awskms://alias/x?region=us-east-1\nencryptedkey: AQ==\n")
    seen = tmp_path / "seen"
    executable = cli(tmp_path, f'(echo "$@"; /bin/ls; /bin/cat Pulumi.prod-*.yaml) > {seen}\n')
    assert create_stack(executable, project, "prod-eu-west-1", os.environ, stage_file=stage_file)
    command, *rest = seen.read_text().splitlines()
    assert command.startswith("stack init prod-eu-west-1 --no-select ")
    assert "--secrets-provider awskms://alias/x?region=us-east-1" in command
    assert rest == ["Pulumi.prod-eu-west-1.yaml", "Pulumi.yaml", *stage_file.read_text().splitlines()]
    assert sorted(path.name for path in project.iterdir()) == ["Pulumi.prod.yaml", "Pulumi.yaml"]


def test_a_stack_that_exists_is_left_alone(tmp_path: Path, project: Path) -> None:
    executable = cli(tmp_path, "echo \"error: stack 'x' already exists\" >&2; exit 1\n")
    assert not create_stack(executable, project, "x", os.environ)


def test_a_stack_that_somebody_changes_is_told_as_such(tmp_path: Path, project: Path) -> None:
    executable = cli(tmp_path, 'echo "error: the stack is currently locked by 1 lock(s)." >&2; exit 1\n')
    with pytest.raises(StackLockedError, match="Stack x is being changed by another process"):
        create_stack(executable, project, "x", os.environ)


def test_what_the_backend_says_is_passed_on_in_one_sentence(tmp_path: Path, project: Path) -> None:
    executable = cli(tmp_path, 'echo "error: no such\nbucket" >&2; exit 1\n')
    with pytest.raises(EngineError, match=r"^Stack x cannot be created \(no such bucket\): check"):
        create_stack(executable, project, "x", os.environ)
