"""`registry collect`: removes what deletes and broken-off publications left behind in a stage.

That is, once it is older than a grace period: versions whose application is gone, and documents and code that
no application and no version names. Safe to run at any time and to run again.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime, timedelta

from registry.services.collecting import Collector, Leftovers
from registry.stores.assets import BLOBS, DOCUMENTS
from registry.stores.holders import HolderStore
from registry.stores.objects import LEAST_GRACE, ObjectStore
from registry_cli.stage import Stage, add_stage_arguments
from registry_cli.tables import as_table


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser(
        "collect",
        help="remove what deletes and broken-off publications left behind",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_stage_arguments(parser)
    parser.add_argument(
        "--older-than",
        type=_grace,
        default=LEAST_GRACE,
        metavar="HOURS",
        help="leave alone what is younger; 24 (the default) at least",
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would go, remove nothing")


def run(args: argparse.Namespace) -> int:
    stage = Stage.of(args)
    session = stage.session
    account = session.client("sts").get_caller_identity()["Account"]
    collector = Collector(
        holders=HolderStore(session.client("dynamodb"), table=stage.named("entities")),
        objects=ObjectStore(
            s3=session.client("s3"),
            bucket=stage.named("assets", account, stage.region),
            account=account,
            now=lambda: datetime.now(UTC),
            grace=args.older_than,
        ),
    )
    found = collector.find()
    if not args.dry_run:
        collector.remove(found)
    sys.stdout.write(_report(found, dry_run=args.dry_run, as_json=args.json) + "\n")
    return 0


def _report(found: Leftovers, *, dry_run: bool, as_json: bool) -> str:
    counts = {
        "versions": len(found.versions),
        "documents": sum(key.startswith(DOCUMENTS) for key in found.objects),
        "blobs": sum(key.startswith(BLOBS) for key in found.objects),
        "bytes": sum(found.objects.values()),
    }
    if as_json:
        return json.dumps({"removed": not dry_run, **counts})
    what = "would be removed" if dry_run else "removed"
    rows = [{"what": name, what: f"{count:,}"} for name, count in counts.items()]
    return as_table(["what", what], rows)


def _grace(text: str) -> timedelta:
    least = LEAST_GRACE // timedelta(hours=1)
    if not text.isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of hours, {least} at least")
    return timedelta(hours=int(text))
