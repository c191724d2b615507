"""The virtual environment of a program: where it is, what is installed in it, how to run in it."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_REQUIREMENT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class MissingVirtualEnvironmentError(Exception):
    """There is no interpreter where the project says; `str()` tells what to do."""


@dataclass(frozen=True, kw_only=True)
class Plugin:
    """A resource provider that an installed package needs."""

    name: str
    version: str
    server: str


@dataclass(frozen=True, kw_only=True)
class VirtualEnvironment:
    """An environment that has an interpreter."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    def variables(self) -> dict[str, str]:
        """The variables of this process as `activate` would leave them."""
        variables = dict(os.environ)
        variables["VIRTUAL_ENV"] = str(self.folder)
        variables["PATH"] = f"{self.folder / 'bin'}{os.pathsep}{variables.get('PATH', os.defpath)}"
        variables.pop("PYTHONHOME", None)
        return variables

    def plugins(self) -> Iterator[Plugin]:
        """The providers of the installed packages, from the `pulumi-plugin.json` that each carries."""
        for site in self._site_packages():
            for description in sorted(site.glob("*/pulumi-plugin.json")):
                plugin = json.loads(description.read_text())
                if plugin.get("resource"):
                    yield Plugin(
                        name=plugin.get("name")
                        or description.parent.name.removeprefix("pulumi_").replace("_", "-"),
                        version=plugin.get("version", ""),
                        server=plugin.get("server", ""),
                    )

    def packages(self, *, transitive: bool) -> dict[str, str]:
        """Installed distributions and their versions; without `transitive`, those that no other one needs."""
        import importlib.metadata  # noqa: PLC0415 - only `pulumi about` asks

        found: dict[str, str] = {}
        needed: set[str] = set()
        paths = [str(site) for site in self._site_packages()]
        for distribution in importlib.metadata.distributions(path=paths):
            found[_normal(distribution.metadata["Name"])] = distribution.version
            for requirement in distribution.requires or ():
                if (name := _REQUIREMENT_NAME.match(requirement)) and "extra ==" not in requirement:
                    needed.add(_normal(name.group()))
        return {name: version for name, version in sorted(found.items()) if transitive or name not in needed}

    def _site_packages(self) -> list[Path]:
        return sorted(self.folder.glob("lib/python3*/site-packages"))


def find(root: Path, options: Mapping[str, Any]) -> VirtualEnvironment:
    """The environment of the project at `root`.

    It is named by the runtime option `virtualenv`, else by uv's variable, else it is `.venv`; relative paths
    start at `root`. Raises MissingVirtualEnvironmentError.
    """
    name = options.get("virtualenv") or os.environ.get("UV_PROJECT_ENVIRONMENT") or ".venv"
    environment = VirtualEnvironment(folder=root / name)
    if not os.access(environment.python, os.X_OK):
        raise MissingVirtualEnvironmentError(
            f"there is no virtual environment at {environment.folder}: run `make setup`, or create it and "
            "install the project's pinned requirements into it"
        )
    return environment


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
