"""Time that the API handler itself takes per request: all that is not spent in calls of AWS.

    python benchmarks/handler_time.py [--rounds 200] [--json]

The real handlers run in this process against moto's AWS and are asked by boto3 over HTTP. From the time in
the API handler the time in botocore's calls (and in the Auth Lambda, asked about bodies) is subtracted.
Beside the milliseconds stands the ratio to what the client spends on signing one request with botocore,
measured in turn with the requests of the same run.
"""

import argparse
import contextlib
import io
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any
from unittest import mock

from botocore.client import BaseClient
from rich.console import Console
from rich.table import Table

from registry.handlers import sdk_api
from tests.support.signing import ENDPOINT, sign
from tests.wire.request_costs import requests
from tests.wire.service import KEYS, PUBLISHER, InvokeHere, deployed

BODY = json.dumps({"name": "hello", "author": "Ada", "description": "first"}).encode()


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Milliseconds of the handler alone; the ratio is of the medians, to signing one request."""

    request: str
    p50_ms: float
    p99_ms: float
    ratio: float


class Stopwatch:
    """`spent_s`: in the handler, while no call of AWS was under way. One request at a time."""

    def __init__(self) -> None:
        self.spent_s = 0.0
        self._calls: list[tuple[float, float]] = []

    def handler(self, handle: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*given: Any) -> Any:
            self._calls.clear()
            began = time.perf_counter()
            answer = handle(*given)
            self.spent_s = time.perf_counter() - began - self._away_s()
            return answer

        return timed

    def away(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """A call whose time is not the handler's, whichever thread makes it."""

        def timed(*given: Any, **named: Any) -> Any:
            began = time.perf_counter()
            try:
                return call(*given, **named)
            finally:
                self._calls.append((began, time.perf_counter()))

        return timed

    def _away_s(self) -> float:
        """Where calls overlap, their time counts once."""
        total, until = 0.0, 0.0
        for began, ended in sorted(self._calls):
            total += max(0.0, ended - max(began, until))
            until = max(until, ended)
        return total


@contextmanager
def stopwatch() -> Iterator[Stopwatch]:
    watch = Stopwatch()
    with (
        mock.patch.object(sdk_api, "handler", watch.handler(sdk_api.handler)),
        mock.patch.object(BaseClient, "_make_api_call", watch.away(BaseClient._make_api_call)),
        mock.patch.object(InvokeHere, "invoke", watch.away(InvokeHere.invoke)),
    ):
        yield watch


def measured(rounds: int) -> list[Measured]:
    kinds = [f"r{number}" for number in range(rounds)]
    found = []
    with stopwatch() as watch, deployed() as service:
        for request, ask in requests(service, service.client(), kinds):
            handled, signed = [], []
            for kind in kinds:
                ask(kind)
                handled.append(watch.spent_s * 1000)
                began = time.perf_counter()
                sign("POST", f"{ENDPOINT}/applications", KEYS[PUBLISHER], body=BODY)
                signed.append((time.perf_counter() - began) * 1000)
            handled.sort()
            found.append(
                Measured(
                    request=request,
                    p50_ms=round(statistics.median(handled), 2),
                    p99_ms=round(handled[int(len(handled) * 0.99)], 2),
                    ratio=round(statistics.median(handled) / statistics.median(signed), 1),
                )
            )
    return found


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with contextlib.redirect_stdout(io.StringIO()):  # the functions' own log
        found = measured(asked.rounds)
    if asked.json:
        print(json.dumps([asdict(one) for one in found]))
        return 0
    table = Table("request", "p50 ms", "p99 ms", "p50 / signing", title="the handler's own time")
    for one in found:
        table.add_row(one.request, f"{one.p50_ms}", f"{one.p99_ms}", f"{one.ratio}")
    Console(width=110).print(table)
    print(f"{asked.rounds} requests each; signing: botocore's SigV4 of one POST, in turn with them")
    return 0


if __name__ == "__main__":
    sys.exit(main())
