"""`registry usage`: how much of its limits an account uses in a stage and region (docs/limits.md)."""

from __future__ import annotations

import argparse
import json
import re

from registry.stores.usage import UsageStore
from registry_cli.stage import Stage, add_stage_arguments
from registry_cli.tables import as_table

_ACCOUNT = re.compile(r"[0-9]{12}")


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("usage", help="an account's public applications and stored bytes")
    parser.add_argument("account", type=_account, metavar="ACCOUNT", help="12 digits")
    add_stage_arguments(parser)


def run(args: argparse.Namespace) -> int:
    stage = Stage.of(args)
    usage = UsageStore(stage.session.client("dynamodb"), table=stage.named("entities")).find(args.account)
    counts = {"publicApplications": usage.public_applications, "storedBytes": usage.stored_bytes}
    if args.json:
        print(json.dumps({"account": args.account, **counts}))
    else:
        rows = [{"of": name, "used": f"{count:,}"} for name, count in counts.items()]
        print(as_table(("of", "used"), rows))
    return 0


def _account(text: str) -> str:
    if _ACCOUNT.fullmatch(text) is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not an account id of 12 digits")
    return text
