"""Accounts and regions of the local cloud: those of the stage files, and three ready-made ones."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

READY_MADE = {
    "PUBLISHER": "111111111111",
    "CONSUMER": "222222222222",
    "STRANGER": "333333333333",
}
ORGANIZATION = "o-localcloud"
MEMBERS = (READY_MADE["PUBLISHER"], READY_MADE["CONSUMER"])
"""Of that organisation, in AWS Organizations of the emulator; the first is its management account."""


@dataclass(frozen=True, kw_only=True)
class Home:
    """One account in one region. Its access key on the emulator is the account id itself."""

    account: str
    region: str


@dataclass(frozen=True, kw_only=True)
class StageFile:
    """What the local cloud needs to know of a `Pulumi.<stage>.yaml`."""

    stage: str
    account: str
    regions: tuple[str, ...]
    runtime: str | None


def read_stage_file(path: Path) -> StageFile:
    """Raises ValueError with one sentence when the file names no account or no regions."""
    try:
        document: Any = yaml.safe_load(path.read_text())
    except yaml.YAMLError as error:
        raise ValueError(f"{path.name} is not YAML: {' '.join(str(error).split())}") from error
    config = (document or {}).get("config") or {}
    account, regions = config.get("registry:ownerAccount"), config.get("registry:regions")
    if not account or not isinstance(regions, list) or not regions:
        raise ValueError(f"{path.name} must set registry:ownerAccount and a list registry:regions")
    return StageFile(
        stage=path.name.split(".")[1],
        account=str(account),
        regions=tuple(str(region) for region in regions),
        runtime=config.get("registry:runtime"),
    )


def stage_files(folders: Iterable[Path]) -> Iterator[StageFile]:
    """Every readable stage file of these folders; one that is being written or is wrong is left out."""
    for folder in folders:
        for path in sorted(folder.glob("Pulumi.*.yaml")):
            try:
                yield read_stage_file(path)
            except (ValueError, OSError):
                continue


def known_homes(folders: Iterable[Path]) -> tuple[Home, ...]:
    """Everywhere an API can be: each stage's account in its regions, then the ready-made accounts."""
    files = tuple(stage_files(folders))
    regions = sorted({region for file in files for region in file.regions} | {"us-east-1"})
    homes = [Home(account=file.account, region=region) for file in files for region in file.regions]
    homes += [Home(account=account, region=region) for account in READY_MADE.values() for region in regions]
    return tuple(dict.fromkeys(homes))
