"""AWS calls per request, counted by a hook in botocore, in a new sandbox (cold) and in a used one (warm).

    python benchmarks/aws_calls.py [--json]

The real handlers run in this process against moto's AWS and are asked by boto3 over HTTP. The lookup of the
caller's key, which the Auth Lambda's memory saves for a minute, is listed apart.
"""

import argparse
import contextlib
import io
import json
import sys
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from tests.wire.request_costs import measured


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with contextlib.redirect_stdout(io.StringIO()):  # the functions' own log
        costs = list(measured())
    if asked.json:
        print(json.dumps([asdict(cost) for cost in costs]))
        return 0
    table = Table("request", "cold", "warm", title="AWS calls per request")
    for cost in costs:
        table.add_row(cost.request, _said(cost.cold), _said(cost.warm))
    Console(width=130).print(table)
    lookups = {_said(cost.key_lookup) for cost in costs}
    print(f"key lookup, once a minute for each key and sandbox: {' or '.join(sorted(lookups))}")
    return 0


def _said(calls: dict[str, int]) -> str:
    """`dynamodb: GetItem, Query; s3: 2 PutObject`, in alphabetical order."""
    by_service: dict[str, list[str]] = {}
    for name, count in sorted(calls.items()):
        service, operation = name.split(" ")
        by_service.setdefault(service, []).append(operation if count == 1 else f"{count} {operation}")
    return "; ".join(f"{service}: {', '.join(operations)}" for service, operations in by_service.items())


if __name__ == "__main__":
    sys.exit(main())
