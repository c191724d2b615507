"""The service in moto as for `tests/wire`, with limits that a test may change, and organisations."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from registry.domain.organizations import Organization
from registry.stores.organizations import OrganizationStore
from tests.stores.conftest import dynamodb, store
from tests.support.entities import TABLE
from tests.wire.conftest import one_deployment, other, repo
from tests.wire.service import Service

__all__ = ["dynamodb", "one_deployment", "other", "repo", "store"]

MANY = {"requestsPerSecond": {"default": 1000}}


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
def organize(service: Service) -> Callable[..., None]:
    """Makes the accounts one organisation; the first manages it."""
    store = OrganizationStore(service.aws["dynamodb"], table=TABLE)

    def organized(organization: str, *accounts: str) -> None:
        store.synchronise(Organization.of(organization, accounts[0], accounts), at=datetime.now(UTC))

    return organized
