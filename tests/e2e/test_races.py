"""Eight writers at once, on the deployed table: one wins, and nothing that was told as written is lost."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from botocore.exceptions import ClientError

from registry.domain.applications import Application, Version, new_id
from registry.errors import AlreadyExists, Unavailable
from registry.stores.applications import ApplicationStore
from tests.e2e.service import owner_account
from tests.support.entities import TABLE, application, version
from tests.support.stack import PUBLISHER, DeployedStack, emptied

pytestmark = [pytest.mark.e2e, pytest.mark.chaos, pytest.mark.timeout(3600)]

SOAK = os.environ.get("SOAK") == "full"
WRITERS = 8
STORE_ROUNDS = 1000 if SOAK else 20
WIRE_ROUNDS = 100 if SOAK else 4
WON, LOST, ASK_AGAIN = "won", "lost", "ask again"


class Race:
    """The same step by every writer at the same moment."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool
        self._line = Barrier(WRITERS)
        self.outcomes: Counter[str] = Counter()

    def run(self, write: Callable[[int], str]) -> int:
        """Who won. Exactly one did."""

        def start(writer: int) -> str:
            self._line.wait(timeout=60)
            return write(writer)

        said = list(self._pool.map(start, range(WRITERS)))
        self.outcomes.update(said)
        assert said.count(WON) == 1, said
        assert said.count(LOST) + said.count(ASK_AGAIN) == WRITERS - 1, said
        return said.index(WON)


@pytest.fixture
def race() -> Iterator[Race]:
    with ThreadPoolExecutor(WRITERS) as pool:
        yield Race(pool)


@pytest.fixture(scope="module")
def stores(stack: DeployedStack) -> Iterator[list[ApplicationStore]]:
    """One for each writer, with a client of its own; the table is left as it was."""
    clients = [stack.owner_client("dynamodb", owner_account()) for _ in range(WRITERS)]
    before = keys_in(clients[0])
    yield [
        ApplicationStore(client, table=TABLE, partition="aws", region=stack.settings["AWS_REGION"])
        for client in clients
    ]
    for key in keys_in(clients[0]) - before:
        clients[0].delete_item(TableName=TABLE, Key={"PK": {"S": key[0]}, "SK": {"S": key[1]}})


def keys_in(dynamodb: Any) -> set[tuple[str, str]]:
    pages = dynamodb.get_paginator("scan").paginate(TableName=TABLE, ProjectionExpression="PK, SK")
    return {(item["PK"]["S"], item["SK"]["S"]) for page in pages for item in page["Items"]}


def told(write: Callable[[int], object], writer: int) -> str:
    """What the store says to a writer."""
    try:
        write(writer)
    except AlreadyExists:
        return LOST
    except Unavailable:
        return ASK_AGAIN
    return WON


def test_of_racing_writers_of_one_name_exactly_one_wins_with_its_version(
    stores: list[ApplicationStore], race: Race
) -> None:
    for number in range(STORE_ROUNDS):
        offered = [entry(number, writer) for writer in range(WRITERS)]

        def add(writer: int, offered: list[tuple[Application, Version]] = offered) -> None:
            stores[writer].add(*offered[writer])

        app, first = offered.pop(race.run(partial(told, add)))
        assert stores[0].find(app.arn) == app
        assert stores[0].list_versions(app.id, limit=10, after=None).entities == (first,)
        assert [stores[0].newest_version(loser.id) for loser, _ in offered] == [None] * (WRITERS - 1)


def entry(number: int, writer: int) -> tuple[Application, Version]:
    """What a writer offers: an application under an id of its own, and a version that nobody else offers."""
    app = application(f"race-{number}", id=f"RACE-{number}-{writer}", author=f"writer {writer}")
    return app, version("1.0.0", content_digest=f"{writer:064x}")


def test_of_racing_writers_of_one_version_exactly_one_wins_and_no_other_version_suffers(
    stores: list[ApplicationStore], race: Race
) -> None:
    app = application("race-versions", id=new_id(datetime.now(UTC)))
    stores[0].add(app, None)
    kept: list[Version] = []
    for number in range(STORE_ROUNDS):
        offered = [version(f"1.0.{number}", content_digest=f"{writer:064x}") for writer in range(WRITERS)]

        def add(writer: int, offered: list[Version] = offered) -> None:
            stores[writer].add_version(app, offered[writer])

        kept.append(offered[race.run(partial(told, add))])
        assert stores[0].newest_version(app.id) == kept[-1]
    assert every_version(stores[0], app) == kept


def every_version(store: ApplicationStore, app: Application) -> list[Version]:
    page = store.list_versions(app.id, limit=100, after=None)
    found = [*page.entities]
    while page.resume is not None:
        page = store.list_versions(app.id, limit=100, after=page.resume)
        found += page.entities
    return found


def answered(call: Callable[[int], Any], writer: int) -> str:
    """What the registry answers to a writer."""
    try:
        answer = call(writer)
    except ClientError as refusal:
        answer = refusal.response
    status = answer["ResponseMetadata"]["HTTPStatusCode"]
    return {201: WON, 409: LOST, 503: ASK_AGAIN}.get(status, f"{status}: {answer.get('Error')}")


def test_of_racing_publishers_over_the_wire_exactly_one_wins(stack: DeployedStack, race: Race) -> None:
    clients = [stack.client("serverlessrepo") for _ in range(WRITERS)]
    with emptied(clients[0], "wire-race-"):
        for number in range(WIRE_ROUNDS):
            name = f"wire-race-{number}"
            application_id = (
                f"arn:aws:serverlessrepo:us-east-1:{stack.account(PUBLISHER)}:applications/{name}"
            )

            def create(writer: int, name: str = name) -> Any:
                given = {"Author": f"writer {writer}", "Description": "d", "SemanticVersion": "1.0.0"}
                return clients[writer].create_application(Name=name, **given, **content(writer))

            def add(writer: int, application_id: str = application_id) -> Any:
                return clients[writer].create_application_version(
                    ApplicationId=application_id, SemanticVersion="2.0.0", **content(writer)
                )

            first, second = race.run(partial(answered, create)), race.run(partial(answered, add))
            got = [
                clients[0].get_application(ApplicationId=application_id, SemanticVersion=one)
                for one in ("1.0.0", "2.0.0")
            ]
            assert got[0]["Author"] == f"writer {first}"
            assert [one["Version"]["SourceCodeUrl"] for one in got] == [
                content(winner)["SourceCodeUrl"] for winner in (first, second)
            ]
            assert len(clients[0].list_application_versions(ApplicationId=application_id)["Versions"]) == 2


def content(writer: int) -> dict[str, str]:
    """A version that nobody else offers."""
    return {
        "TemplateBody": "Resources: {Q: {Type: AWS::SQS::Queue}}",
        "SourceCodeUrl": f"https://example.com/{writer}",
    }
