"""Wall time of `make up` from a clean clone with empty caches, of a second one, and of an unchanged preview.

    python benchmarks/first_run.py [--keep-go-cache] [--json]

Clones HEAD into a temporary folder and runs it with a home, caches and ports of its own: Python packages, Go
modules and the CLI build all start from nothing. `--keep-go-cache` leaves Go's caches as they are, as on a
machine that has built the CLI once. The clone and all it started are removed at the end.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.support.ports import free_port_pair
from tests.support.stack import CHECKOUT

AIMS_S = {"first make up": 360, "second make up": 20, "unchanged preview": 6}


def environment(home: Path, *, keep_go_cache: bool) -> dict[str, str]:
    """The environment of this process, every cache led into `home`."""
    ours = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("XDG_", "UV_", "VIRTUAL_ENV"))
    }
    ours |= {
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "REGISTRY_LOCAL_PORT": str(free_port_pair()),
    }
    if keep_go_cache:
        for name in ("GOMODCACHE", "GOCACHE"):
            ours[name] = subprocess.run(
                ["go", "env", name], capture_output=True, text=True, check=True
            ).stdout.strip()
    else:
        ours |= {"GOMODCACHE": str(home / "go" / "mod"), "GOCACHE": str(home / ".cache" / "go-build")}
    return ours


def timed(clone: Path, variables: dict[str, str], log: Path, *command: str) -> float:
    """Seconds that `command` took; what it printed is appended to `log`, and shown when it failed."""
    started = time.perf_counter()
    with log.open("ab") as sink:
        done = subprocess.run(command, cwd=clone, env=variables, stdout=sink, stderr=sink, check=False)
    if done.returncode:
        sys.exit(
            f"{' '.join(command)} failed; it ended with:\n" + "\n".join(log.read_text().splitlines()[-40:])
        )
    return time.perf_counter() - started


def measure(folder: Path, *, keep_go_cache: bool) -> dict[str, float]:
    clone, home, log = folder / "clone", folder / "home", folder / "log"
    home.mkdir()
    subprocess.run(["git", "clone", "-q", str(CHECKOUT), str(clone)], check=True)
    variables = environment(home, keep_go_cache=keep_go_cache)
    try:
        return {
            "first make up": timed(clone, variables, log, "make", "up"),
            "second make up": timed(clone, variables, log, "make", "up"),
            "unchanged preview": timed(
                clone, variables, log, "make", "preview", "STAGE=alpha", "REGION=us-east-1"
            ),
        }
    finally:
        subprocess.run(["make", "down"], cwd=clone, env=variables, capture_output=True, check=False)
        subprocess.run(["chmod", "-R", "u+w", str(home)], check=False)  # Go's module cache is read-only


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--keep-go-cache", action="store_true")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="first-run-") as folder:
        seconds = measure(Path(folder), keep_go_cache=asked.keep_go_cache)
    if asked.json:
        print(json.dumps({name: round(value, 1) for name, value in seconds.items()}))
        return
    for name, value in seconds.items():
        print(f"{name:20} {value:7.1f} s   (aim {AIMS_S[name]} s)")


if __name__ == "__main__":
    main()
