"""The Pulumi CLI: the one on PATH when it will do, else one built from the Go module proxy.

A CLI on PATH will do when it is of major version 3, not older than the SDK's minor release
(`localcloud.engine.pins`), and brings a Python language host. One that is built here gets ours.
"""

import importlib.metadata
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from localcloud.engine.building import build_cli
from localcloud.engine.errors import ToolchainError
from localcloud.engine.pins import PULUMI_MINIMUM, PULUMI_VERSION
from localcloud.engine.progress import Progress
from localcloud.engine.scratch import scratch_beside
from localcloud.places import Places

_HOST = "pulumi-language-python"


@dataclass(frozen=True, kw_only=True)
class Toolchain:
    """A CLI that runs. `version` is like `3.259.0`; `built` tells that it was built from source here."""

    executable: Path
    version: str
    built: bool


def ensure_pulumi(places: Places, *, stream: TextIO | None = None) -> Toolchain:
    """Find or build the CLI, place it and the local plugins; progress goes to `stream` (standard error).

    Takes minutes when the CLI must be built, else less than a second; safe to repeat and to run twice at
    once. Raises ToolchainError.
    """
    try:
        _place_provider(places)
        if found := _on_path(places):
            return found
        progress = Progress(stream or sys.stderr, "Pulumi CLI")
        built = build_cli(places.checkout / "tools", places.logs / "pulumi-build.log", progress)
        executable = _bin(places) / "pulumi"
        _place_copy(built, executable)
        _place_launcher(executable.with_name(_HOST), places, "localcloud.engine.host")
    except OSError as error:
        raise ToolchainError(
            f"The Pulumi CLI cannot be placed in {places.pulumi} ({error.strerror}): make room there, or "
            "make it writable, and run this again."
        ) from error
    return Toolchain(executable=executable, version=PULUMI_VERSION, built=True)


def _bin(places: Places) -> Path:
    return places.pulumi / "bin"


def _on_path(places: Places) -> Toolchain | None:
    """The CLI on PATH if it will do; one that was placed here earlier does not count, it may be outdated."""
    name = shutil.which("pulumi")
    if name is None or Path(name).parent == _bin(places):
        return None
    beside = Path(name).resolve().parent / _HOST
    if not beside.is_file() and shutil.which(_HOST) is None:
        return None
    environment = os.environ | {
        "PULUMI_HOME": str(places.pulumi / "home"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    try:
        answer = subprocess.run(
            [name, "version"], env=environment, capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    numbers = re.match(r"v?(\d+)\.(\d+)\.(\d+)", answer.stdout)
    if answer.returncode or numbers is None:
        return None
    major, minor = int(numbers[1]), int(numbers[2])
    if major != PULUMI_MINIMUM[0] or (major, minor) < PULUMI_MINIMUM:
        return None
    return Toolchain(executable=Path(name), version=numbers[0].removeprefix("v"), built=False)


def _place_provider(places: Places) -> None:
    """The local cloud's own AWS provider, under the version that the SDK asks for."""
    version = importlib.metadata.version("pulumi-aws")
    folder = places.pulumi / "home" / "plugins" / f"resource-aws-v{version}"
    _place_launcher(folder / "pulumi-resource-aws", places, "localcloud.provider")


def _place_copy(source: Path, target: Path) -> None:
    """Make `target` the same file as `source`, or a copy where the two lie on different disks."""
    if target.exists() and _same(source, target):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = scratch_beside(target)
    scratch.unlink(missing_ok=True)
    try:
        os.link(source, scratch)
    except OSError:
        shutil.copy2(source, scratch)
    os.replace(scratch, target)


def _same(one: Path, other: Path) -> bool:
    a, b = one.stat(), other.stat()
    return os.path.samestat(a, b) or (a.st_size, a.st_mtime_ns) == (b.st_size, b.st_mtime_ns)


def _place_launcher(path: Path, places: Places, module: str) -> None:
    """A plugin as the engine wants it, an executable file, which runs `module` of this checkout."""
    python = places.program_python
    hint = f"there is no virtual environment at {python.parent.parent}: run `make setup` in {places.checkout}"
    text = (
        "#!/bin/sh\n"
        f"if [ ! -x {shlex.quote(str(python))} ]; then\n"
        f"  echo {shlex.quote(hint)} >&2\n"
        "  exit 1\n"
        "fi\n"
        f'exec {shlex.quote(str(python))} -P -m {module} "$@"\n'
    )
    if path.exists() and path.read_text() == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = scratch_beside(path)
    scratch.write_text(text)
    scratch.chmod(0o755)
    os.replace(scratch, path)
