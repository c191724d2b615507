"""The real CLI with our language host: what a program gets, and what a person sees."""

import importlib.metadata
import io
import json
import subprocess
from pathlib import Path

import pytest

from localcloud.engine import (
    UnexpectedChangesError,
    UpdateFailedError,
    create_stack,
    run_pulumi,
    stack_outputs,
)
from localcloud.engine.pins import PULUMI_VERSION
from localcloud.engine.running import Command
from tests.engine.projects import Project, git

# The first of these tests may have to build the CLI.
pytestmark = [pytest.mark.engine, pytest.mark.timeout(1200)]


def failure(project: Project) -> UpdateFailedError:
    with pytest.raises(UpdateFailedError) as caught:
        project.run("preview")
    return caught.value


def test_a_stack_is_previewed_deployed_and_destroyed_and_its_outputs_are_read(project: Project) -> None:
    stack = project.open()
    assert stack_outputs(stack) == {}
    assert "1 to create" in project.run("preview")
    assert stack_outputs(stack) == {}
    assert "1 created" in project.run("up")
    assert stack_outputs(stack) == {"answer": 42}
    assert "1 unchanged" in project.run("up")
    assert "1 deleted" in project.run("destroy")
    assert stack_outputs(stack) == {}


def test_a_whole_life_leaves_the_work_tree_as_it_was(project: Project) -> None:
    commands: list[Command] = ["preview", "up", "refresh", "destroy"]
    for command in commands:
        project.run(command)
    assert git(project.folder, "status", "--porcelain") == ""
    tracked = set(git(project.folder, "ls-files").split())
    kept_apart = {"infra", ".git", ".venv", "tools", ".local"}
    assert {path.name for path in project.folder.iterdir()} - kept_apart == tracked - {"infra/__main__.py"}


def test_a_stack_is_created_once_without_a_file_of_its_own(project: Project) -> None:
    environment = project.open().environment
    before = sorted(project.folder.iterdir())
    executable = project.toolchain.executable
    assert create_stack(executable, project.folder, "alpha-eu-west-1", environment)
    assert not create_stack(executable, project.folder, "alpha-eu-west-1", environment)
    assert sorted(project.folder.iterdir()) == before


def test_stacks_of_one_stage_share_a_stage_file_and_its_salt(project: Project) -> None:
    first = project.open("alpha-us-east-1")
    copy = first.config_file.read_text()
    assert "encryptionsalt" in copy
    second = project.open("alpha-eu-west-1")
    assert second.config_file == first.config_file
    assert second.config_file.read_text() == copy
    for stack in (first, second, project.open("alpha-us-east-1")):
        run_pulumi(stack, "up")
        assert stack_outputs(stack) == {"answer": 42}


def test_the_program_gets_its_configuration_and_the_deployment_it_belongs_to(project: Project) -> None:
    (project.folder / "Pulumi.alpha.yaml").write_text(
        'config:\n  registry:owner: "012345678901"\n  plain: 7\n  registry:zones: [us-east-1a, us-east-1b]\n'
    )
    project.program(
        "import importlib.util, os, pulumi, settings\n"
        "config = pulumi.Config()\n"
        "pulumi.export('owner', config.require('owner'))\n"
        "pulumi.export('plain', config.require_int('plain'))\n"
        "pulumi.export('zones', config.require_object('zones'))\n"
        "pulumi.export('where', [pulumi.get_project(), pulumi.get_stack(), pulumi.get_organization()])\n"
        "pulumi.export('root', pulumi.get_root_directory())\n"
        "pulumi.export('cwd', os.getcwd())\n"
        "pulumi.export('sibling', settings.VALUE)\n"
        "pulumi.export('stray', importlib.util.find_spec('children') is not None)\n"
        "pulumi.export('hidden', pulumi.Output.secret('s3cret'))\n"
    )
    (project.folder / "infra" / "settings.py").write_text("VALUE = 'beside the program'\n")
    shown = project.run("up")
    assert stack_outputs(project.open()) == {
        "owner": "012345678901",
        "plain": 7,
        "zones": ["us-east-1a", "us-east-1b"],
        "where": ["registry", "alpha-us-east-1", "organization"],
        "root": str(project.folder),
        "cwd": str(project.folder / "infra"),
        "sibling": "beside the program",
        "stray": False,
        "hidden": "s3cret",
    }
    assert "s3cret" not in shown
    state = "".join(path.read_text() for path in project.places.state.rglob("*") if path.is_file())
    assert "s3cret" not in state


def test_the_program_knows_which_of_its_configuration_is_secret(project: Project) -> None:
    stack = project.open()
    for options in (["token", "s3cret", "--secret"], ["plain", "p"]):
        subprocess.run(
            [project.toolchain.executable, "config", "set", *options, "--stack", stack.name],
            cwd=project.folder,
            env=dict(stack.environment),
            check=True,
        )
    project.program(
        "import pulumi\n"
        "for name in ('token', 'plain'):\n"
        "    secret = pulumi.runtime.is_config_secret(f'registry:{name}')\n"
        "    print(name, secret, len(pulumi.Config().get(name)))\n"
    )
    stream = io.StringIO()
    run_pulumi(stack, "preview", stream=stream)
    assert "token True 6" in stream.getvalue()
    assert "plain False 1" in stream.getvalue()
    assert git(project.folder, "status", "--porcelain") == " M infra/__main__.py\n"


def test_a_preview_is_a_dry_run_and_an_update_is_none(project: Project) -> None:
    project.program("import pulumi\nprint('dry', pulumi.runtime.is_dry_run())\n")
    assert "dry True" in project.run("preview")
    assert "dry False" in project.run("up")


def test_an_exception_is_shown_with_the_programs_own_frames_only(previewed: Project) -> None:
    previewed.program("import broken\nbroken.fail()\n")
    (previewed.folder / "infra" / "broken.py").write_text(
        "def fail():\n    raise LookupError('no such zone')\n"
    )
    shown = failure(previewed).output
    assert "Program failed with an unhandled exception" in shown
    assert "LookupError: no such zone" in shown
    assert str(previewed.folder / "infra" / "broken.py") in shown
    assert "host/program.py" not in shown
    assert "runpy" not in shown
    assert "exit code" not in shown


def test_an_exception_in_a_late_value_is_shown(previewed: Project) -> None:
    previewed.program(
        "import pulumi\npulumi.export('x', pulumi.Output.from_input(0).apply(lambda v: 1 / v))\n"
    )
    assert "ZeroDivisionError" in failure(previewed).output


def test_a_run_error_is_shown_without_a_traceback(previewed: Project) -> None:
    previewed.program("import pulumi\nraise pulumi.RunError('region eu-west-9 is not one of this stage')\n")
    shown = failure(previewed).output
    assert "region eu-west-9 is not one of this stage" in shown
    assert "Traceback" not in shown


def test_a_syntax_error_names_file_and_line(previewed: Project) -> None:
    previewed.program("import pulumi\nif True\n    pass\n")
    shown = failure(previewed).output
    assert "__main__.py" in shown
    assert "line 2" in shown
    assert "SyntaxError" in shown


def test_a_missing_program_is_named(project: Project) -> None:
    (project.folder / "infra" / "__main__.py").unlink()
    shown = failure(project).output
    assert "unable to find main python program `__main__.py`" in shown
    assert str(project.folder / "infra") in shown


def test_an_exit_code_of_the_program_is_told(previewed: Project) -> None:
    previewed.program("import sys\nsys.exit(3)\n")
    assert "Program exited with non-zero exit code: 3" in failure(previewed).output


def test_a_program_ended_by_a_signal_is_told(previewed: Project) -> None:
    previewed.program("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n")
    assert "Program was ended by signal SIGKILL" in failure(previewed).output


def test_a_missing_virtual_environment_comes_with_a_remedy(project: Project) -> None:
    file = project.folder / "Pulumi.yaml"
    file.write_text(file.read_text().replace(".venv", ".nowhere"))
    shown = failure(project).output
    assert f"there is no virtual environment at {project.folder / '.nowhere'}: run `make setup`" in shown


def test_a_host_without_its_own_environment_says_so(project: Project) -> None:
    project.open()
    (project.folder / ".venv").unlink()
    shown = failure(project).output
    assert "run `make setup`" in shown


def test_changes_that_were_not_expected_are_an_error_of_their_own(project: Project) -> None:
    project.run("up")
    project.run("preview", "--expect-no-changes")
    project.program("import pulumi\npulumi.export('answer', 43)\n")
    assert "answer" in project.run("preview", "--diff")
    project.program(
        "import pulumi\n"
        "class Part(pulumi.ComponentResource):\n"
        "    def __init__(self): super().__init__('registry:test:Part', 'part')\n"
        "Part()\n"
    )
    with pytest.raises(UnexpectedChangesError) as caught:
        project.run("preview", "--expect-no-changes")
    assert caught.value.exit_code == 7


def test_no_plugin_of_ours_is_reported_as_out_of_place(project: Project) -> None:
    assert "warning" not in project.run("preview").lower()


def test_the_engine_learns_what_the_environment_needs_and_holds(project: Project) -> None:
    stack = project.open()
    about = subprocess.run(
        [project.toolchain.executable, "about", "--json"],
        cwd=project.folder,
        env=dict(stack.environment),
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(about.stdout)
    assert told["runtime"]["executable"] == str(project.folder / ".venv" / "bin" / "python")
    assert told["runtime"]["version"].startswith("3.")
    assert {"name": "pulumi-aws", "version": aws_version()} in told["dependencies"]
    plugins = {plugin["name"]: plugin["version"] for plugin in told["plugins"]}
    assert plugins == {"aws": aws_version(), "python": PULUMI_VERSION}


def aws_version() -> str:
    return importlib.metadata.version("pulumi-aws")


def test_a_developers_own_credentials_and_habits_never_reach_the_engine(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("PULUMI_ACCESS_TOKEN", "pul-1")
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://somewhere")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    environment = project.open().environment
    assert "PYTHONDONTWRITEBYTECODE" not in environment
    assert "AWS_PROFILE" not in environment
    assert "PULUMI_ACCESS_TOKEN" not in environment
    assert environment["PULUMI_BACKEND_URL"] == f"file://{project.places.state}"
