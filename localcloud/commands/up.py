"""`up`: from nothing, or from wherever an earlier run stopped, to a registry that answers."""

import shutil

from localcloud.cloud import services
from localcloud.cloud.accounts import READY_MADE
from localcloud.cloud.errors import LocalCloudError
from localcloud.commands.accounts import seed_accounts
from localcloud.commands.exclusive import exclusive
from localcloud.commands.keys import ask_once, write_env
from localcloud.commands.stages import choose_regions, find_stage, open_local_stack
from localcloud.commands.steps import Steps
from localcloud.engine import ensure_pulumi, run_pulumi, stack_outputs
from localcloud.places import Places


def up(places: Places, stage: str, region: str | None) -> None:
    """Deploy one region of a stage (its first when none is named) into the local cloud.

    Every step can be repeated: a run that was interrupted is finished by the next. Raises LocalCloudError or
    EngineError.
    """
    file = find_stage(places, stage)
    chosen = choose_regions(file, region)[0]
    name = f"{stage}-{chosen}"
    with exclusive(places):
        steps = Steps(7)
        with steps.step("Pulumi CLI"):
            toolchain = ensure_pulumi(places)
        with steps.step("emulator and gateway"):
            started = services.start(places)
            print(f"      {' and '.join(started) + ' started' if started else 'running already'}")
        with steps.step(f"stack {name}"):
            stack = open_local_stack(places, toolchain, file, chosen)
        with steps.step(f"pulumi up --stack {name}"):
            if services.needs_refresh(places, name):
                print(
                    "      the emulator lost state when it was last killed: comparing the stack with it first"
                )
                run_pulumi(stack, "refresh")
                services.refreshed(places, name)
            run_pulumi(stack, "up")
            outputs = stack_outputs(stack)
        if "sdk_api_url" not in outputs:
            raise LocalCloudError(f"Stack {name} has no output sdk_api_url: see infra/__main__.py.")
        with steps.step(f"accounts {', '.join(READY_MADE)}: keys, organisation, deployment role"):
            seed_accounts(places, file, chosen)
        with steps.step(f"{places.env_file}"):
            write_env(places, stage, chosen, outputs["sdk_api_url"])
        with steps.step("first request"):
            ask_once(places, chosen, outputs["sdk_api_url"])
    _tell(places, outputs["sdk_api_url"], steps.elapsed_s)


def _tell(places: Places, url: str, seconds: float) -> None:
    env = places.env_file
    aws = "aws" if shutil.which("aws") else places.checkout / ".local" / "venvs" / "aws-cli" / "bin" / "aws"
    print(
        f"""
The registry answers at {url} ({seconds:.0f} s).

Be the publisher in this shell and list your applications:

  set -a; . {env}
  AWS_ACCESS_KEY_ID=$PUBLISHER_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY=$PUBLISHER_SECRET_ACCESS_KEY
  {aws} serverlessrepo list-applications

`make status` shows what runs, `make down` stops it and keeps everything."""
    )
