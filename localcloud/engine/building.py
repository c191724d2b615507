"""Builds the Pulumi CLI from the Go module proxy, once per version and platform and user."""

import fcntl
import os
import platform
import queue
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from localcloud.engine.errors import ToolchainError
from localcloud.engine.pins import GO_MINIMUM, PULUMI_MINIMUM, PULUMI_VERSION
from localcloud.engine.progress import Progress
from localcloud.places import cache

_PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
_VERSION_VARIABLE = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
_GO = ".".join(map(str, GO_MINIMUM))
_OR_INSTALL = f"or install the Pulumi CLI {PULUMI_MINIMUM[0]}.{PULUMI_MINIMUM[1]} or newer"

# What Go prints, by cause; the first that matches is told.
_NO_SPACE = re.compile(r"no space left on device|disk quota exceeded")
_REFUSED = re.compile(
    r"(?P<module>[\w./~-]+@v[\w.+-]+)\S*.*(?:(?:40[134]|410) \w+|unknown revision|no matching versions)"
)
_CHECKSUM = re.compile(r"checksum mismatch|SECURITY ERROR")
_NO_NETWORK = re.compile(
    r"dial tcp|no such host|i/o timeout|connection re(?:fused|set)|TLS handshake|proxyconnect"
    r"|network is unreachable|unexpected EOF|50[0234] |module lookup disabled"
)


def cached_cli() -> Path:
    """Where the built CLI is kept, built or not."""
    return (
        cache() / "pulumi" / f"v{PULUMI_VERSION}-{platform.system()}-{platform.machine()}".lower() / "pulumi"
    )


def build_cli(module: Path, log: Path, progress: Progress) -> Path:
    """Build the CLI that the Go module in folder `module` pins, unless it is cached; its path.

    Go's output goes to the file `log`. A build that is interrupted leaves nothing that a later one would take
    for a CLI, and continues from Go's own caches; of two at once the second waits and uses the first one's.
    Needs about 3.5 GB in Go's caches. Raises ToolchainError.
    """
    target = cached_cli()
    if target.is_file():
        return target
    go = _go(module)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _alone(target.parent, progress), tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            if not target.is_file():
                _compile(go, module, Path(scratch, "pulumi"), log, progress)
                os.replace(Path(scratch, "pulumi"), target)
    except OSError as error:
        raise ToolchainError(
            f"The Pulumi CLI cannot be kept in {target.parent} ({error.strerror}): free some space or set "
            "XDG_CACHE_HOME to a folder that can be written."
        ) from error
    return target


def _go(module: Path) -> str:
    """The Go command, new enough for the module (Go may fetch a newer toolchain by itself)."""
    go = shutil.which("go")
    if go is None:
        raise ToolchainError(
            f"There is no Pulumi CLI to use and no Go to build one: install Go {_GO} or newer, {_OR_INSTALL}."
        )
    found = subprocess.run([go, "env", "GOVERSION"], cwd=module, capture_output=True, text=True, check=False)
    numbers = re.match(r"go(\d+)\.(\d+)(?:\.(\d+))?", found.stdout)
    if numbers is None or tuple(int(number or 0) for number in numbers.groups()) < GO_MINIMUM:
        version = found.stdout.strip() or _last_line(found.stderr) or "of an unknown version"
        raise ToolchainError(
            f"The Go at {go} is too old to build the Pulumi CLI ({version}): install Go {_GO} or newer, "
            f"{_OR_INSTALL}."
        )
    return go


@contextmanager
def _alone(folder: Path, progress: Progress) -> Iterator[None]:
    """Hold the folder's lock, which goes with the process however it ends."""
    with (folder / "lock").open("w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                progress.tick("waiting for another build of the same CLI")
                time.sleep(0.2)
        for leftover in folder.glob("tmp*"):  # a killed build's
            shutil.rmtree(leftover, ignore_errors=True)
        yield


def _compile(go: str, module: Path, output: Path, log: Path, progress: Progress) -> None:
    progress.say(
        f"Building the Pulumi CLI v{PULUMI_VERSION} from source: 3 to 7 minutes on two cores, this once. "
        f"Go's output is in {log}."
    )
    flags = f"-s -w -X {_VERSION_VARIABLE}=v{PULUMI_VERSION}"
    command = [go, "build", "-v", "-trimpath", "-ldflags", flags, "-o", str(output), _PACKAGE]
    # No cgo: it would need a C compiler, and bind the binary to this machine's C library. Compilers live for
    # seconds: collecting their garbage is worth the time only when memory runs short.
    environment = {"GOGC": "400", "GOMEMLIMIT": "2GiB"} | os.environ | {"CGO_ENABLED": "0", "GOWORK": "off"}
    log.parent.mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(
        command,
        cwd=module,
        env=environment,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,  # so that it can be ended with the compilers that it has started
    )
    with process:
        try:
            tail = _follow(process, log, progress)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    if process.returncode:
        raise _failure(tail, log)
    progress.say(f"Built the Pulumi CLI v{PULUMI_VERSION} in {progress.elapsed}.")


def _follow(process: subprocess.Popen[str], log: Path, progress: Progress) -> str:
    """Write Go's lines to `log` and tell how far it is, until it ends; the last lines."""
    assert process.stderr is not None  # noqa: S101 - it was started with a pipe
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    threading.Thread(target=_pump, args=(process.stderr, lines), daemon=True).start()
    downloaded = compiled = 0
    tail: list[str] = []
    with log.open("w") as record:
        while True:
            try:
                line = lines.get(timeout=1)
            except queue.Empty:
                line = ""
            if line is None:
                break
            record.write(line)
            record.flush()
            tail = [*tail[-50:], line]
            downloaded += line.startswith("go: downloading ")
            compiled += bool(line) and not line.startswith("go: ")
            progress.tick(f"{compiled} packages compiled" if compiled else f"{downloaded} modules fetched")
    return "".join(tail)


def _pump(stream: IO[str], lines: "queue.SimpleQueue[str | None]") -> None:
    for line in stream:
        lines.put(line)
    lines.put(None)


def _failure(output: str, log: Path) -> ToolchainError:
    """The one sentence for what Go has printed."""
    if _NO_SPACE.search(output):
        return ToolchainError(
            "The disk is full: free about 3.5 GB for Go's caches (`go env GOMODCACHE GOCACHE`) and run this "
            "again; what is there already is used."
        )
    if _CHECKSUM.search(output):
        return ToolchainError(
            f"A Go module is not the one that tools/go.sum pins, so nothing was built: see {log}, and ask "
            "the keeper of your module proxy (GOPROXY)."
        )
    if refused := _REFUSED.search(output):
        return ToolchainError(
            f"The Go module proxy refuses {refused['module']}: set GOPROXY to a proxy that has it, "
            f"{_OR_INSTALL}."
        )
    if _NO_NETWORK.search(output):
        return ToolchainError(
            f"The Go module proxy cannot be reached ({_last_line(output)}): check the network and GOPROXY, "
            "and run this again; it goes on from where it stopped."
        )
    return ToolchainError(f"The Pulumi CLI does not build ({_last_line(output)}): see {log}, {_OR_INSTALL}.")


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else ""
