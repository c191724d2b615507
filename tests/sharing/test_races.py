"""Writers at the same moment, on a table that takes them at the same moment (moto does not)."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from registry.domain.limits import Limits
from registry.domain.statements import Statement
from registry.errors import Invalid, TooManyRequests, Unavailable
from registry.services.throttling import Throttling
from registry.stores.applications import ApplicationStore, Stale
from registry.stores.items import policy_value
from registry.stores.throttles import ThrottleStore
from registry.stores.usage import Usage, UsageStore, public_place
from tests.support.emulator import running_services
from tests.support.entities import (
    CONSUMER,
    OWNER,
    PUBLISHER,
    REGION,
    TABLE,
    application,
    arn,
    create_entity_table,
    version,
)

pytestmark = pytest.mark.e2e

WRITERS = 8
PUBLIC = {"policy": policy_value([Statement(actions=("Deploy",), principals=("*",), statement_id="all")])}


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Any]]:
    """One of the emulator's table for each writer."""
    with running_services(tmp_path_factory.mktemp("races")) as services:
        made = [services.client("dynamodb", OWNER) for _ in range(WRITERS)]
        create_entity_table(made[0])
        yield made


@pytest.fixture
def stores(clients: list[Any]) -> list[ApplicationStore]:
    for item in clients[0].scan(TableName=TABLE)["Items"]:
        clients[0].delete_item(TableName=TABLE, Key={"PK": item["PK"], "SK": item["SK"]})
    return [ApplicationStore(one, table=TABLE, partition="aws", region=REGION) for one in clients]


def race(write: Callable[[int], object]) -> list[str]:
    """What each writer was told; "" is nothing to complain of. Those that are told to ask again do."""
    line = Barrier(WRITERS)

    def start(number: int) -> str:
        line.wait(timeout=30)
        while True:
            try:
                write(number)
            except (Stale, Unavailable):
                continue
            except (Invalid, TooManyRequests) as refused:
                return type(refused).__name__
            return ""

    with ThreadPoolExecutor(WRITERS) as pool:
        return list(pool.map(start, range(WRITERS)))


def test_no_more_bytes_get_in_than_fit(clients: list[Any], stores: list[ApplicationStore]) -> None:
    told = race(
        lambda number: stores[number].add(
            application(f"app-{number}"), version("1.0.0", stored_bytes=30), max_stored_bytes=100
        )
    )
    assert sorted(told) == [""] * 3 + ["Invalid"] * 5
    assert UsageStore(clients[0], table=TABLE).find(PUBLISHER) == Usage(stored_bytes=90)


def test_no_more_applications_become_public_than_may(
    clients: list[Any], stores: list[ApplicationStore]
) -> None:
    apps = [application(f"app-{number}") for number in range(WRITERS)]
    for app in apps:
        stores[0].add(app, None)
    told = race(
        lambda number: stores[number].change_and_charge(
            apps[number], PUBLIC, public_place(PUBLISHER, 1, limit=2)
        )
    )
    assert sorted(told) == [""] * 2 + ["Invalid"] * 6
    found = [stores[0].find(app.arn) for app in apps]
    assert sum(one is not None and one.is_public for one in found) == 2
    assert UsageStore(clients[0], table=TABLE).find(PUBLISHER) == Usage(public_applications=2)
    race(lambda number: stores[number].delete(arn(f"app-{number}")))
    assert UsageStore(clients[0], table=TABLE).find(PUBLISHER) == Usage()


def test_sandboxes_share_one_bucket(clients: list[Any], stores: list[ApplicationStore]) -> None:
    sandboxes = [
        Throttling(
            buckets=ThrottleStore(lambda one=one: one, table=TABLE),  # type: ignore[misc]
            limits=Limits(requests_per_second={"default": 10}),
            clock=lambda: 1_800_000_000_000,
        )
        for one in clients
    ]
    admitted = [0] * WRITERS

    def call(number: int) -> None:
        while True:
            sandboxes[number].admit(CONSUMER, "GetApplication")
            admitted[number] += 1

    assert race(call) == ["TooManyRequests"] * WRITERS
    # Twice the rate at once, and less than a lease of five on trust for each sandbox.
    assert sum(admitted) == 20 + 4 * WRITERS
