"""The `registry` command, run against the local cloud as the operator of a stage would."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from localcloud.cloud.accounts import StageFile
from localcloud.cloud.errors import LocalCloudError
from localcloud.commands.stages import owner_environment
from localcloud.places import Places


def run_registry(
    places: Places,
    file: StageFile,
    region: str,
    words: Sequence[str],
    *,
    trouble: str,
    standard_input: str = "",
    variables: Mapping[str, str] | None = None,
) -> str:
    """What `registry <words>` prints, run as the root of the stage's owner account.

    `trouble` begins the sentence of the LocalCloudError that a failure raises.
    """
    command = [str(Path(sys.executable).with_name("registry")), *words]
    quiet = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        [*command, "--stage", file.stage, "--region", region],
        input=standard_input,
        env={**quiet, **owner_environment(places, file, region), **(variables or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        reason = " ".join(done.stderr.split()) or f"exit code {done.returncode}"
        raise LocalCloudError(f"{trouble}: {reason}")
    return done.stdout
