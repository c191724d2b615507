"""The service in moto as for `tests/wire`, with limits that a test may change, and organisations."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from moto import mock_aws

from registry.domain.organizations import Organization
from registry.stores.applications import ApplicationStore
from registry.stores.organizations import OrganizationStore
from tests.support.entities import CONSUMER, REGION, TABLE, create_entity_table
from tests.wire.service import Service, deployed

MANY = {"requestsPerSecond": {"default": 1000}}


@pytest.fixture(scope="module")
def one_deployment() -> Iterator[Service]:
    with deployed() as service:
        yield service


@pytest.fixture
def service(one_deployment: Service) -> Iterator[Service]:
    """Deployed and empty. Whatever a test is about, every answer must keep the contract."""
    one_deployment.empty()
    one_deployment.restart()
    one_deployment.offences.clear()
    yield one_deployment
    assert one_deployment.offences == []


@pytest.fixture
def limit(service: Service, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Starts the service anew with these limits; with its own again at the end."""

    def limited(**limits: Any) -> None:
        monkeypatch.setenv("LIMITS", json.dumps({**MANY, **limits}))
        service.restart()

    yield limited
    monkeypatch.undo()
    service.restart()


@pytest.fixture
def repo(service: Service) -> Any:
    """The publisher's client."""
    return service.client()


@pytest.fixture
def other(service: Service) -> Any:
    """A client of another account."""
    return service.client(CONSUMER)


@pytest.fixture
def organize(service: Service) -> Callable[..., None]:
    """Makes the accounts one organisation; the first manages it."""
    store = OrganizationStore(service.aws["dynamodb"], table=TABLE)

    def organized(organization: str, *accounts: str) -> None:
        store.synchronise(Organization.of(organization, accounts[0], accounts), at=datetime.now(UTC))

    return organized


@pytest.fixture
def dynamodb() -> Iterator[Any]:
    """The entity table alone, in an AWS of its own."""
    with mock_aws():
        client = boto3.client("dynamodb", region_name=REGION)
        create_entity_table(client)
        yield client


@pytest.fixture
def store(dynamodb: Any) -> ApplicationStore:
    return ApplicationStore(dynamodb, table=TABLE, partition="aws", region=REGION)
