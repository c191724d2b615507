"""Finding, building and placing the CLI, with stand-ins for `pulumi` and `go` on PATH."""

import io
import os
import platform
import re
import signal
import subprocess
import sys
import threading
import tomllib
from pathlib import Path

import pytest

from localcloud.engine import Toolchain, ToolchainError, ensure_pulumi
from localcloud.engine.building import cached_cli
from localcloud.engine.pins import GO_MINIMUM, PULUMI_MINIMUM, PULUMI_VERSION
from localcloud.engine.progress import Progress
from localcloud.places import CHECKOUT, Places
from tests.engine.projects import eventually

pytestmark = pytest.mark.unit

GOOD_GO = """\
if [ "$1" = env ]; then echo go1.99.0; exit; fi
echo "$@" >> "$FAKES/built"
pwd >> "$FAKES/built-in"
while [ "$1" != -o ]; do shift; done
echo "a cli" > "$2"
"""


class Machine:
    """A checkout, an empty cache and a PATH on which only stand-ins are found."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.fakes = folder / "fakes"
        self.fakes.mkdir()
        self.places = Places(checkout=folder / "checkout", instance=folder / "instance", emulator_port=7100)
        (self.places.checkout / "tools").mkdir(parents=True)
        monkeypatch.setenv("PATH", str(self.fakes))
        monkeypatch.setenv("FAKES", str(self.fakes))
        monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))

    def command(self, name: str, text: str) -> Path:
        path = self.fakes / name
        path.write_text(f"#!/bin/sh\n{text}")
        path.chmod(0o755)
        return path

    def go_that_prints(self, text: str) -> None:
        self.command("go", f'[ "$1" = env ] && echo go1.99.0 && exit\necho "{text}" >&2\nexit 1\n')

    @property
    def builds(self) -> list[str]:
        return (self.fakes / "built").read_text().splitlines()

    def ensure(self) -> Toolchain:
        return ensure_pulumi(self.places, stream=io.StringIO())

    def failure(self) -> str:
        with pytest.raises(ToolchainError) as caught:
            self.ensure()
        return str(caught.value)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("version", "wanted"),
    [
        (f"v{PULUMI_VERSION}", True),
        ("v3.300.1", True),
        ("3.259.0-alpha.1+dirty", True),
        ("v3.258.9", False),
        ("v2.400.0", False),
        ("v4.0.0", False),
        ("unknown", False),
    ],
)
def test_the_cli_on_path_is_used_when_it_is_recent_enough(
    machine: Machine, version: str, wanted: bool
) -> None:
    found = machine.command("pulumi", f"echo {version}\n")
    machine.command("pulumi-language-python", "")
    if wanted:
        number = re.match(r"v?([\d.]+)", version)
        assert number
        assert machine.ensure() == Toolchain(executable=found, version=number[1], built=False)
    else:
        assert "no Go to build one" in machine.failure()


def test_a_cli_on_path_without_a_python_host_is_not_used(machine: Machine) -> None:
    machine.command("pulumi", f"echo v{PULUMI_VERSION}\n")
    machine.command("go", GOOD_GO)
    assert machine.ensure().built


def test_a_cli_on_path_that_fails_is_not_used(machine: Machine) -> None:
    machine.command("pulumi", f"echo v{PULUMI_VERSION}\nexit 1\n")
    machine.command("pulumi-language-python", "")
    machine.command("go", GOOD_GO)
    assert machine.ensure().built


def test_a_cli_is_built_pinned_and_traceless_and_placed_beside_our_host(machine: Machine) -> None:
    machine.command("go", GOOD_GO)
    toolchain = machine.ensure()
    assert toolchain == Toolchain(
        executable=machine.places.pulumi / "bin" / "pulumi", version=PULUMI_VERSION, built=True
    )
    (build,) = machine.builds
    assert build.startswith("build ")
    assert " -trimpath " in build
    assert f"/version.Version=v{PULUMI_VERSION} " in build
    assert build.endswith(" github.com/pulumi/pulumi/pkg/v3/cmd/pulumi")
    assert (machine.fakes / "built-in").read_text().strip() == str(machine.places.checkout / "tools")
    assert toolchain.executable.samefile(cached_cli())
    assert os.access(toolchain.executable.with_name("pulumi-language-python"), os.X_OK)
    assert platform.machine().lower() in str(cached_cli())
    assert PULUMI_VERSION in str(cached_cli())


def test_a_build_is_kept_for_the_next_time_and_for_other_checkouts(machine: Machine, tmp_path: Path) -> None:
    machine.command("go", GOOD_GO)
    machine.ensure()
    machine.ensure()
    machine.places = Places(checkout=tmp_path / "other", instance=tmp_path / "other", emulator_port=7100)
    assert machine.ensure().executable.read_text() == "a cli\n"
    assert len(machine.builds) == 1


def test_a_cli_placed_earlier_and_on_path_is_replaced_by_the_pinned_one(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.command("go", GOOD_GO)
    placed = machine.ensure().executable
    placed.unlink()
    placed.write_text(f"#!/bin/sh\necho v{PULUMI_VERSION}\n# outdated")
    placed.chmod(0o755)
    monkeypatch.setenv("PATH", f"{placed.parent}{os.pathsep}{machine.fakes}")
    assert machine.ensure().built
    assert placed.read_text() == "a cli\n"


def test_a_copy_is_placed_where_a_link_cannot_be(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(source: Path, target: Path) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    machine.command("go", GOOD_GO)
    placed = machine.ensure().executable
    assert placed.read_text() == "a cli\n"
    assert not placed.samefile(cached_cli())
    before = placed.stat().st_ino
    assert machine.ensure().executable.stat().st_ino == before


def test_two_builds_at_once_build_once(machine: Machine) -> None:
    machine.command("go", GOOD_GO.replace('echo "a cli"', '/bin/sleep 0.3; echo "a cli"'))
    results: list[Toolchain] = []
    threads = [threading.Thread(target=lambda: results.append(machine.ensure())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 3
    assert len(machine.builds) == 1


def test_a_killed_build_leaves_nothing_that_is_taken_for_a_cli(machine: Machine) -> None:
    pid_file = machine.fakes / "pid"
    half = f'echo half > "$2"\necho $$ > {pid_file}\nexec /bin/sleep 600\n'
    machine.command("go", GOOD_GO.replace('echo "a cli" > "$2"\n', half))
    script = (
        "from pathlib import Path\n"
        "from localcloud.engine import ensure_pulumi\n"
        "from localcloud.places import Places\n"
        f"ensure_pulumi(Places(checkout=Path({str(machine.places.checkout)!r}), emulator_port=7100,"
        f" instance=Path({str(machine.places.instance)!r})))\n"
    )
    building = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL)
    assert eventually(lambda: pid_file.exists() and pid_file.read_text())
    building.kill()
    building.wait()
    try:
        assert not cached_cli().exists()
        machine.command("go", GOOD_GO)
        assert machine.ensure().executable.read_text() == "a cli\n"
        assert {path.name for path in cached_cli().parent.iterdir()} == {"pulumi", "lock"}
    finally:
        os.kill(int(pid_file.read_text()), signal.SIGKILL)


def test_without_go_the_remedy_names_the_version_to_install(machine: Machine) -> None:
    told = machine.failure()
    assert "no Go" in told
    assert "install Go 1.26.6 or newer, or install the Pulumi CLI 3.259 or newer" in told


@pytest.mark.parametrize("answer", ["echo go1.26.5", "echo go1.9", "echo go: invalid go version >&2; exit 1"])
def test_an_old_go_is_told_what_is_needed(machine: Machine, answer: str) -> None:
    machine.command("go", f"{answer}\n")
    told = machine.failure()
    assert "too old" in told
    assert "install Go 1.26.6 or newer" in told


@pytest.mark.parametrize(
    ("printed", "told"),
    [
        (
            "go: github.com/pulumi/pulumi/pkg/v3@v3.260.0: reading http://x/@v/v3.260.0.mod: 403 Forbidden",
            "proxy refuses github.com/pulumi/pulumi/pkg/v3@v3.260.0: set GOPROXY",
        ),
        (
            "go: github.com/a/b@v1.0.0: reading http://x/github.com/a/b/@v/v1.0.0.zip: 404 Not Found",
            "proxy refuses github.com/a/b@v1.0.0: set GOPROXY",
        ),
        ("write /x: no space left on device", "disk is full: free about 3.5 GB"),
        (
            "go: github.com/a/b@v1.0.0: Get 'http://x': dial tcp: lookup x: no such host",
            "cannot be reached",
        ),
        ("verifying github.com/a/b@v1.0.0: checksum mismatch", "not the one that tools/go.sum pins"),
        ("x.go:1: undefined: y", "does not build (x.go:1: undefined: y)"),
    ],
)
def test_a_failed_build_is_one_sentence_with_a_remedy(machine: Machine, printed: str, told: str) -> None:
    machine.go_that_prints(printed)
    message = machine.failure()
    assert told in message
    assert message.endswith(".")
    assert "\n" not in message
    assert not cached_cli().exists()


def test_a_failed_build_keeps_what_go_said(machine: Machine) -> None:
    machine.go_that_prints("x.go:1: undefined: y")
    log = machine.places.logs / "pulumi-build.log"
    assert str(log) in machine.failure()
    assert log.read_text() == "x.go:1: undefined: y\n"


def test_a_cache_that_cannot_be_written_is_told(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.command("go", GOOD_GO)
    (machine.fakes / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(machine.fakes / "file"))
    assert "set XDG_CACHE_HOME to a folder that can be written" in machine.failure()


def test_an_instance_folder_that_cannot_be_written_is_told(machine: Machine) -> None:
    machine.command("go", GOOD_GO)
    machine.places.instance.touch()
    assert "cannot be placed" in machine.failure()


def test_the_provider_is_placed_under_the_version_that_the_sdk_asks_for(machine: Machine) -> None:
    import importlib.metadata

    machine.command("go", GOOD_GO)
    machine.ensure()
    version = importlib.metadata.version("pulumi-aws")
    plugin = machine.places.pulumi / "home" / "plugins" / f"resource-aws-v{version}" / "pulumi-resource-aws"
    assert os.access(plugin, os.X_OK)
    assert "-m localcloud.provider" in plugin.read_text()


def test_a_launcher_without_its_environment_tells_the_remedy(machine: Machine) -> None:
    machine.command("go", GOOD_GO)
    launcher = machine.ensure().executable.with_name("pulumi-language-python")
    ended = subprocess.run([launcher], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr == (
        f"there is no virtual environment at {machine.places.checkout / '.venv'}: "
        f"run `make setup` in {machine.places.checkout}\n"
    )


def test_progress_is_plain_lines_away_from_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    stream = io.StringIO()
    progress = Progress(stream, "CLI")
    for now in (1.0, 14.0, 15.0, 16.0, 130.0):  # noqa: B007
        progress.tick("compiling")
    assert stream.getvalue() == "CLI: compiling (15 s)\nCLI: compiling (2 min 10 s)\n"


def test_progress_is_one_line_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: True)
    progress = Progress(stream, "CLI")
    for now in (0.5, 1.0, 2.0):  # noqa: B007
        progress.tick("compiling")
    progress.say("done")
    assert stream.getvalue().split("\r\033[K") == [
        "",
        "CLI: compiling (1 s)",
        "CLI: compiling (2 s)",
        "done\n",
    ]


def test_the_pins_agree_with_the_go_module_and_the_locked_sdk() -> None:
    module = (CHECKOUT / "tools" / "go.mod").read_text()
    assert f"require github.com/pulumi/pulumi/pkg/v3 v{PULUMI_VERSION}\n" in module
    assert f"\ngo {'.'.join(map(str, GO_MINIMUM))}\n" in module
    locked = (CHECKOUT / "requirements" / "program.txt").read_text()
    assert f"\npulumi=={PULUMI_VERSION} " in locked
    assert PULUMI_VERSION.startswith(f"{PULUMI_MINIMUM[0]}.{PULUMI_MINIMUM[1]}.")
    assert tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]["requires-python"] == ">=3.11"
