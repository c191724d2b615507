"""`registry`: what an operator does to a deployed stage from a terminal.

Exit codes: 0 done, 1 refused or failed (one sentence on stderr says why and what to do), 2 wrong usage.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Protocol

from botocore.exceptions import BotoCoreError, ClientError

from registry.errors import RegistryError
from registry_cli import bucket_policy, collect, import_aws, keys, onboard, organizations, quotas, takedown
from registry_cli.trouble import explain


class Command(Protocol):
    """A module of this package or an object in one. `run` returns the exit code; a RegistryError or botocore
    error it lets through becomes one sentence and exit code 1.
    """

    def add_parser(self, subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
        """Adds one parser, named like the command in COMMANDS."""

    def run(self, args: argparse.Namespace) -> int: ...


COMMANDS: dict[str, Command] = {
    "keys": keys,
    "collect": collect,
    "organizations": organizations,
    "onboard": onboard,
    "publisher-bucket-policy": bucket_policy,
    "import": import_aws,
    "take-down": takedown.TakeDown(),
    "restore": takedown.Restore(),
    "usage": quotas,
}


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="registry", description="Operate a deployed stage of the registry.")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS.values():
        command.add_parser(subparsers)
    args = parser.parse_args(argv)
    try:
        return COMMANDS[args.command].run(args)
    except (RegistryError, ClientError, BotoCoreError) as error:
        sys.stderr.write(f"registry: {explain(error, args)}\n")
        return 1
