"""A consumer's account of the local cloud onboarded, as an operator and an administrator do it together."""

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from tests.support.stack import CHECKOUT, DeployedStack


def onboard(stack: DeployedStack, who: str, owner: str) -> Any:
    """What `registry onboard --apply --json` says; `owner` is the account the registry runs in."""
    with tempfile.TemporaryDirectory() as folder:
        credentials = Path(folder) / "credentials"
        credentials.write_text(
            "[consumer]\n"
            f"aws_access_key_id={stack.settings[f'{who}_ACCESS_KEY_ID']}\n"
            f"aws_secret_access_key={stack.settings[f'{who}_SECRET_ACCESS_KEY']}\n"
        )
        region = stack.settings["AWS_REGION"]
        done = subprocess.run(
            [str(CHECKOUT / ".venv/bin/registry"), "onboard", "--stage", "alpha", "--region", region,
             "--account", stack.account(who), "--apply", "--profile", "consumer", "--json"],
            env=stack.shell(who)
            | {
                "AWS_ACCESS_KEY_ID": owner,
                "AWS_SECRET_ACCESS_KEY": "unchecked",
                "AWS_SHARED_CREDENTIALS_FILE": str(credentials),
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
