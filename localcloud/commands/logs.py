"""`logs`: follow the local cloud's logs and those of the functions, each line with its name."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from localcloud.cloud.accounts import Home, stage_files
from localcloud.cloud.errors import LocalCloudError
from localcloud.places import Places

FILES = ("emulator", "gateway")
FUNCTIONS = "functions"
PAUSE_S = 0.5
PREFIX = "/aws/lambda/"


class Event(NamedTuple):
    """One line of a function's log; `timestamp` in milliseconds."""

    timestamp: int
    function: str
    message: str


def logs(places: Places, names: Sequence[str], *, lines: int, follow: bool) -> None:
    """Print the last `lines` lines of each, then what comes, until interrupted. No names: all of them.

    Raises LocalCloudError for an unknown name.
    """
    known = (*FILES, FUNCTIONS)
    if unknown := [name for name in names if name not in known]:
        raise LocalCloudError(f"There is no log {unknown[0]!r}: the logs are {', '.join(known)}.")
    chosen = names or known
    tails: list[Iterator[str]] = [
        _file(places.logs / f"{name}.log", name, lines) for name in FILES if name in chosen
    ]
    if FUNCTIONS in chosen:
        tails += [_functions(places, home, lines) for home in _homes(places)]
    while True:
        for tail in tails:
            while line := next(tail):
                print(line, flush=True)
        if not follow:
            return
        time.sleep(PAUSE_S)


def _homes(places: Places) -> list[Home]:
    return [
        Home(account=file.account, region=region)
        for file in stage_files([places.checkout])
        for region in file.regions
    ]


def _file(path: Path, name: str, lines: int) -> Iterator[str]:
    """The lines of a growing file, an empty text when there is none for now.

    A file that took its place is read from its start.
    """
    offset, identity, rest = 0, None, b""
    while True:
        stat = path.stat() if path.exists() else None
        if stat is None:
            yield ""
            continue
        if identity not in {None, stat.st_ino}:
            offset, rest = 0, b""
        with path.open("rb") as log:
            log.seek(offset)
            chunk = log.read()
        offset += len(chunk)
        *whole, rest = (rest + chunk).split(b"\n")
        shown = whole[-lines:] if identity is None else whole
        identity = stat.st_ino
        yield from (f"{name} | {line.decode(errors='replace')}" for line in shown)
        yield ""


def _functions(places: Places, home: Home, lines: int) -> Iterator[str]:
    """The functions' log events of one account and region, from the emulator's CloudWatch Logs."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - half a second, for this alone

    from localcloud.cloud.gateway.functions import connector  # noqa: PLC0415

    client = connector(places.emulator_url)("logs", home)
    seen: set[Event] = set()
    since = 0
    while True:
        try:
            found = sorted(_events(client, since), key=lambda event: event.timestamp)
        except (ClientError, BotoCoreError):  # not running, or being restarted
            found = []
        fresh = [event for event in found if event not in seen]
        for event in fresh if since else fresh[-lines:]:
            yield f"{event.function} | {event.message}"
        if found:
            seen, since = set(found), found[-1].timestamp
        yield ""


def _events(client: Any, since: int) -> Iterator[Event]:
    """Events of every function's log group from `since` (milliseconds) on."""
    for page in client.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=PREFIX):
        for group in page["logGroups"]:
            name = group["logGroupName"]
            pages = client.get_paginator("filter_log_events").paginate(logGroupName=name, startTime=since)
            for found in pages:
                for event in found["events"]:
                    message = event["message"].rstrip()
                    yield Event(event["timestamp"], name.removeprefix(PREFIX), message)
