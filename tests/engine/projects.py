"""Small Pulumi projects in folders of their own, each a git repository, and what runs in them."""

import io
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from localcloud.engine import Stack, Toolchain, ensure_pulumi, open_stack, run_pulumi
from localcloud.engine.running import Command
from localcloud.places import CHECKOUT, Places

PROJECT_FILE = """\
name: registry
runtime: {name: python, options: {toolchain: pip, virtualenv: .venv}}
main: infra/
"""


def eventually(condition: Callable[[], object], *, within_s: float = 20) -> bool:
    """Wait until the condition holds; False when it does not in time."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def git(folder: Path, *arguments: str) -> str:
    """Run git in `folder`, blind to the developer's own settings; its output."""
    identity = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    for role in ("AUTHOR", "COMMITTER"):
        identity |= {f"GIT_{role}_NAME": "t", f"GIT_{role}_EMAIL": "t@example.com"}
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(
        command, env=os.environ | identity, capture_output=True, text=True, check=True
    ).stdout


@dataclass(frozen=True, kw_only=True)
class Project:
    """A project with one stage, `alpha`."""

    places: Places
    toolchain: Toolchain = field(repr=False)

    @property
    def folder(self) -> Path:
        return self.places.checkout

    @property
    def started(self) -> Path:
        """A file that a program of `sleeping` writes as soon as it runs."""
        return self.folder / "started"

    def program(self, text: str) -> None:
        (self.folder / "infra" / "__main__.py").write_text(text)

    def sleeping_program(self) -> None:
        self.program(f"import pathlib, time\npathlib.Path({str(self.started)!r}).touch()\ntime.sleep(600)\n")

    def open(self, name: str = "alpha-us-east-1") -> Stack:
        return open_stack(self.places, self.toolchain, stage="alpha", name=name, variables={})

    def run(self, command: Command, *options: str) -> str:
        """Run the command on stack `alpha-us-east-1`; what it printed."""
        stream = io.StringIO()
        run_pulumi(self.open(), command, options, stream=stream)
        return stream.getvalue()

    def processes(self) -> dict[int, str]:
        """The command lines of all processes that work in this project, by number."""
        found = {}
        for entry in Path("/proc").iterdir():
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                if str(self.folder) in command or str(self.folder) in os.readlink(entry / "cwd"):
                    found[int(entry.name)] = command
            except (OSError, ValueError):
                continue
        return found

    def locks(self) -> list[Path]:
        return sorted(self.places.state.glob(".pulumi/locks/**/*.json"))


def make_project(folder: Path) -> Project:
    """A committed project in `folder`, whose program exports `answer`, with a CLI to run it."""
    places = Places(checkout=folder, instance=folder / ".local", emulator_port=7100)
    (folder / "infra").mkdir(parents=True)
    (folder / "Pulumi.yaml").write_text(PROJECT_FILE)
    (folder / "Pulumi.alpha.yaml").write_text("config: {}\n")
    (folder / "infra" / "__main__.py").write_text("import pulumi\npulumi.export('answer', 42)\n")
    (folder / ".venv").symlink_to(CHECKOUT / ".venv")
    (folder / "tools").symlink_to(CHECKOUT / "tools")
    shutil.copy(CHECKOUT / ".gitignore", folder)
    with (folder / ".gitignore").open("a") as ignored:
        ignored.write("/.venv\n/tools\n/started\n")
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "a project")
    return Project(places=places, toolchain=ensure_pulumi(places))
