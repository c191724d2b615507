"""Stacks: what a command on one needs, and how one comes into being."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from localcloud.engine.errors import EngineError, StackLockedError
from localcloud.engine.locks import LOCKED, clear_stale_locks
from localcloud.engine.stage_files import keep_salt, passphrase_file, prepare_stage_file
from localcloud.engine.toolchain import Toolchain
from localcloud.places import Places


@dataclass(frozen=True, kw_only=True)
class Stack:
    """An existing stack of the local cloud and all that a command on it needs; `environment` is complete."""

    name: str
    places: Places
    toolchain: Toolchain
    config_file: Path
    environment: Mapping[str, str] = field(repr=False)


def open_stack(
    places: Places,
    toolchain: Toolchain,
    *,
    stage: str,
    name: str,
    variables: Mapping[str, str],
    overrides: Mapping[str, Any] | None = None,
) -> Stack:
    """Refresh the local copy of `Pulumi.<stage>.yaml`, create stack `name` unless it exists, and return it.

    `variables` goes to the CLI, and so to program and provider: endpoint, region and credentials of the local
    cloud. `overrides` replaces or adds configuration values, e.g. {"registry:architecture": "arm64"}.
    Stacks of one stage share the copy: open them one after the other. Raises EngineError.
    """
    config_file = prepare_stage_file(places, stage, overrides)
    environment = pulumi_environment(places, toolchain, config_file=config_file, variables=variables)
    if not any(places.state.glob(f".pulumi/stacks/*/{name}.json")):
        clear_stale_locks(places.state, name)
        if written := _initialise(toolchain.executable, places.checkout, name, environment, config_file):
            keep_salt(config_file, written)
    return Stack(
        name=name, places=places, toolchain=toolchain, config_file=config_file, environment=environment
    )


def pulumi_environment(
    places: Places, toolchain: Toolchain, *, config_file: Path, variables: Mapping[str, str]
) -> dict[str, str]:
    """The whole environment of the CLI: this process's without its AWS_* and PULUMI_*, plus ours.

    Without them, because a developer's profile or token must never lead a local update to a real account.
    Nor may a shell that forbids Python to keep bytecode make every run compile the SDK anew, for seconds.
    """
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "PULUMI_")) and name != "PYTHONDONTWRITEBYTECODE"
    }
    places.state.mkdir(parents=True, exist_ok=True)
    path = f"{toolchain.executable.parent}{os.pathsep}{environment.get('PATH', os.defpath)}"
    return environment | {
        "PATH": path,
        "PULUMI_HOME": str(places.pulumi / "home"),
        "PULUMI_BACKEND_URL": f"file://{places.state.absolute()}",
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(passphrase_file(places)),
        "PULUMI_OPTION_CONFIG_FILE": str(config_file.absolute()),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        **variables,
    }


def create_stack(
    executable: Path,
    project: Path,
    name: str,
    environment: Mapping[str, str],
    *,
    stage_file: Path | None = None,
) -> bool:
    """Create stack `name` of the project in folder `project`; False when it exists already.

    `environment` names the backend (`PULUMI_BACKEND_URL`) and what it needs. `stage_file` is given where the
    stack's secrets are under the key that this file names (`secretsprovider`), not under a passphrase.
    Changes no file of the project: `pulumi stack init` writes a file of its own beside Pulumi.yaml, so it
    works on a copy. Raises EngineError, StackLockedError when somebody else is changing the stack.
    """
    return _initialise(executable, project, name, environment, stage_file) is not None


def _initialise(
    executable: Path, project: Path, name: str, environment: Mapping[str, str], stage_file: Path | None
) -> str | None:
    """Create the stack; the stage file as the CLI has completed it, or None when the stack exists."""
    with tempfile.TemporaryDirectory(prefix="stack-") as scratch:
        shutil.copy(project / "Pulumi.yaml", scratch)
        own_file = Path(scratch, f"Pulumi.{name}.yaml")
        options: list[str] = []
        if stage_file is not None:
            shutil.copy(stage_file, own_file)
            provider = (yaml.safe_load(stage_file.read_text()) or {}).get("secretsprovider")
            options = ["--secrets-provider", provider] if provider else []
        answer = subprocess.run(
            [
                executable,
                "stack",
                "init",
                name,
                "--no-select",
                *options,
                "--non-interactive",
                "--color",
                "never",
            ],
            cwd=scratch,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if answer.returncode == 0:
            return own_file.read_text() if own_file.is_file() else ""
    if LOCKED in answer.stderr:
        raise StackLockedError(name)
    if "already exists" in answer.stderr:
        return None
    reason = " ".join(answer.stderr.split()).removeprefix("error: ")
    raise EngineError(f"Stack {name} cannot be created ({reason}): check the backend and run this again.")
