"""The deployed stage that a command is about: its names (`sar-<stage>-<noun>`) and clients to reach it."""

from __future__ import annotations

import argparse
import os
import re
from dataclasses import dataclass

import boto3

_STAGE = re.compile(r"[a-z][a-z0-9-]{0,19}")
_REGION = re.compile(r"[a-z]{2,}-[a-z-]+-[0-9]{1,2}")


def add_stage_arguments(parser: argparse.ArgumentParser) -> None:
    """`--stage`, `--region` and `--json`, as every command takes them."""
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    parser.add_argument("--stage", type=_stage, required=True, help="for example alpha")
    parser.add_argument(
        "--region",
        type=_region,
        default=region,
        required=region is None,
        help="for example us-east-1; AWS_REGION when left out",
    )
    parser.add_argument("--json", action="store_true", help="for programs: JSON on stdout")


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Ordinary AWS credentials and endpoint settings apply (AWS_PROFILE, AWS_ENDPOINT_URL, …)."""

    name: str
    region: str

    @classmethod
    def of(cls, args: argparse.Namespace) -> Stage:
        return cls(name=args.stage, region=args.region)

    def named(self, *words: str) -> str:
        return "-".join(("sar", self.name, *words))

    @property
    def session(self) -> boto3.Session:
        return boto3.Session(region_name=self.region)

    @property
    def partition(self) -> str:
        return self.session.get_partition_for_region(self.region)


def _stage(text: str) -> str:
    if _STAGE.fullmatch(text) is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a stage name such as alpha")
    return text


def _region(text: str) -> str:
    if _REGION.fullmatch(text) is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a region name such as us-east-1")
    return text
