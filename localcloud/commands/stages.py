"""From what a person typed to a stack of the local cloud."""

import platform
import sys
from pathlib import Path
from typing import Any

import yaml

from localcloud.cloud.accounts import MEMBERS, READY_MADE, StageFile, read_stage_file
from localcloud.cloud.errors import LocalCloudError
from localcloud.engine import Stack, Toolchain, open_stack
from localcloud.places import Places

ARCHITECTURES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


def find_stage(places: Places, stage: str) -> StageFile:
    """The stage's file. Raises LocalCloudError when there is none or it cannot run on this machine."""
    path = places.checkout / f"Pulumi.{stage}.yaml"
    if not path.exists():
        known = ", ".join(sorted(found.name.split(".")[1] for found in places.checkout.glob("Pulumi.*.yaml")))
        raise LocalCloudError(f"There is no stage {stage!r} ({path.name}): the stages are {known}.")
    try:
        file = read_stage_file(path)
    except ValueError as error:
        raise LocalCloudError(f"{error}.") from error
    wanted, here = _runtime(places.checkout, file), f"python{sys.version_info[0]}.{sys.version_info[1]}"
    if wanted != here:
        raise LocalCloudError(
            f"Stage {stage} runs its functions on {wanted} and this local cloud has {here}: "
            f"set up the checkout with that Python, or change registry:runtime in {path.name}."
        )
    return file


def choose_regions(file: StageFile, region: str | None) -> tuple[str, ...]:
    """The region asked for, or all of the stage's. Raises LocalCloudError for one that the stage has not."""
    if region is None:
        return file.regions
    if region not in file.regions:
        raise LocalCloudError(
            f"Stage {file.stage} has no region {region}: "
            f"its regions are {', '.join(file.regions)} (registry:regions in Pulumi.{file.stage}.yaml)."
        )
    return (region,)


def open_local_stack(places: Places, toolchain: Toolchain, file: StageFile, region: str) -> Stack:
    """The stack `<stage>-<region>`, made if need be, led to the local cloud as the stage's owner account."""
    return open_stack(
        places,
        toolchain,
        stage=file.stage,
        name=f"{file.stage}-{region}",
        variables=owner_environment(places, file, region),
        overrides=local_settings(),
    )


def local_settings() -> dict[str, Any]:
    """What a stage file says otherwise for the local cloud."""
    return {
        # Functions run on this machine, whatever processor the stage has on AWS.
        "registry:architecture": _architecture(),
        # Names in DNS and certificates lead to AWS; the gateway's own URL is enough here.
        "registry:customDomain": None,
        "registry:consumerAccounts": list(READY_MADE.values()),
        # Roles and users of publisher and consumer may do everything, the stranger's nothing.
        "registry:rolePatterns": [
            {"account": account, "role": role, "actions": ["*"]}
            for account in MEMBERS
            for role in ("*", "user/*")
        ],
        # Tests and benchmarks are one account that asks without a pause.
        "registry:limits": {"requestsPerSecond": {"default": 1000}},
    }


def owner_environment(places: Places, file: StageFile, region: str) -> dict[str, str]:
    """What leads an AWS client to the local cloud as the root of the stage's owner account."""
    return {
        "AWS_ENDPOINT_URL": places.emulator_url,
        "AWS_REGION": region,
        "AWS_ACCESS_KEY_ID": file.account,
        "AWS_SECRET_ACCESS_KEY": "unchecked",
        "AWS_EC2_METADATA_DISABLED": "true",
        "REGISTRY_GATEWAY_URL": places.gateway_url,
    }


def _architecture() -> str:
    machine = platform.machine().lower()
    if machine not in ARCHITECTURES:
        raise LocalCloudError(
            f"This machine's processor {machine} is none that Lambda has: use x86-64 or arm64."
        )
    return ARCHITECTURES[machine]


def _runtime(checkout: Path, file: StageFile) -> str:
    project = yaml.safe_load((checkout / "Pulumi.yaml").read_text())
    return file.runtime or str(project["config"]["runtime"]["default"])
