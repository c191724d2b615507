"""Judges what goes over the wire by the contract, and writes down what the tests covered of it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import local
from typing import Any

from botocore.awsrequest import AWSPreparedRequest

from tests.support.contract import ERROR_TYPE, Exchange, asked_members, contract, members_of

Witness = Callable[[Exchange], object]

# Names a file: then one line of JSON is added for each exchange.
RECORD_VARIABLE = "REGISTRY_API_COVERAGE"


@contextmanager
def witness() -> Iterator[tuple[Witness, list[str]]]:
    """What is to be called with each exchange, and the offences it has found so far."""
    offences: list[str] = []
    record = os.environ.get(RECORD_VARIABLE)

    def saw(exchange: Exchange) -> None:
        offences.extend(contract().offences(exchange))
        if record:
            _write_down(Path(record), exchange)

    yield saw, offences


def overhear(client: Any, endpoint: str, saw: Witness) -> None:
    """Tells of everything that this boto3 client of the API asks and is answered."""
    sending = local()

    def before(request: AWSPreparedRequest, **_: Any) -> None:
        sending.request = request

    def after(response_dict: dict[str, Any], **_: Any) -> None:
        request = sending.request
        body = request.body or b""
        saw(
            Exchange(
                method=request.method,
                target=request.url.removeprefix(endpoint),
                asked=body.encode() if isinstance(body, str) else bytes(body),
                status=response_dict["status_code"],
                kind=response_dict["headers"].get(ERROR_TYPE, ""),
                answered=response_dict["body"],
            )
        )

    client.meta.events.register("before-send.serverlessrepo", before)
    client.meta.events.register("response-received.serverlessrepo", after)


def _write_down(record: Path, exchange: Exchange) -> None:
    operation = contract().operation_at(exchange.method, exchange.target)
    test = os.environ.get("PYTEST_CURRENT_TEST", "").partition(" ")[0].partition("[")[0]
    if operation is None or not test:
        return
    answered = json.loads(exchange.answered) if exchange.answered and not exchange.kind else {}
    line = {
        "test": test,
        "operation": operation.name,
        "asked": sorted(asked_members(operation, exchange)),
        "answered": sorted(set(members_of(answered))),
        "status": exchange.status,
        "kind": exchange.kind,
    }
    with record.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
