"""Clients that the tests run as their users do: each in its own environment, as its own process."""

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.support.stack import CHECKOUT, PUBLISHER, DeployedStack

ENVIRONMENTS = CHECKOUT / ".local" / "venvs"
AWS = ENVIRONMENTS / "aws-cli" / "bin" / "aws"
SAM = ENVIRONMENTS / "sam-cli" / "bin" / "sam"


def run(
    stack: DeployedStack, folder: Path, *command: str | Path, who: str = PUBLISHER, said: str | None = None
) -> subprocess.CompletedProcess[str]:
    """With the environment that docs/clients.md tells people to set."""
    return subprocess.run(
        [str(word) for word in command],
        cwd=folder, env=stack.shell(who), input=said, capture_output=True, text=True, timeout=300,
        check=False,
    )  # fmt: skip


def run_python(
    stack: DeployedStack, folder: Path, client: str, program: str, said: Any, who: str = PUBLISHER
) -> Any:
    """What `program` prints as JSON, run by the Python of a client's environment; `said` is its stdin."""
    python = ENVIRONMENTS / client / "bin" / "python"
    done = run(stack, folder, python, "-c", program, who=who, said=json.dumps(said))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
