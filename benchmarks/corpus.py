"""Publish real applications to the running stack through boto3 and read every one back.

    python benchmarks/corpus.py [--applications 200] [--json]

Each application is made with its template, licence-free metadata and readme, then read back: the metadata and
the readme must be equal, and the parameters must be those that an independent YAML reading of the template
finds. Needs a running `make up` (reads `.local/env`). Exit status 1 when one differs or any answer was a 5xx.
"""

import argparse
import json
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.progress import track

from tests.support.corpus import NESTING_LOCAL_TEMPLATES, applications
from tests.support.publishing import Outcome, publish_and_read_back
from tests.support.stack import DeployedStack, emptied, read_env

PREFIX = "corpus-"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--applications", type=int, default=200)
    parser.add_argument("--env", type=Path, default=Path(".local/env"))
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()

    stack = DeployedStack(settings=read_env(asked.env))
    client = stack.client("serverlessrepo")
    # What nests a template of its own folder is no application to AWS either, and refused.
    publishable = [app for app in applications() if app["name"] not in NESTING_LOCAL_TEMPLATES]
    chosen = publishable[: asked.applications]
    outcomes: list[Outcome] = []
    with emptied(client, PREFIX):
        bucket = stack.packaging_bucket("corpus")
        stack.client("s3").put_object(Bucket=bucket, Key="stub.zip", Body=b"PK\x05\x06" + bytes(18))
        started = time.perf_counter()
        console = Console(stderr=True)
        for app in track(
            chosen, "publishing", console=console, disable=asked.json or not console.is_terminal
        ):
            outcomes.append(publish_and_read_back(client, app, prefix=PREFIX, bucket=bucket, key="stub.zip"))
        seconds = time.perf_counter() - started

    equal = sum(not outcome.differences for outcome in outcomes)
    faults = sum(outcome.server_faults for outcome in outcomes)
    result = {
        "applications": len(chosen),
        "equal": equal,
        "server_faults": faults,
        "seconds": round(seconds, 1),
    }
    if asked.json:
        print(json.dumps(result))
    else:
        for outcome in outcomes:
            for difference in outcome.differences:
                print(f"{outcome.name}: {difference}")
        print(f"{equal}/{len(chosen)} published and read back equal, {faults} answers 5xx, {seconds:.1f} s")
    return 0 if equal == len(chosen) and not faults else 1


if __name__ == "__main__":
    sys.exit(main())
