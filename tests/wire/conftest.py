from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.entities import CONSUMER
from tests.wire.service import RawClient, Service, deployed


@pytest.fixture(scope="module")
def one_deployment() -> Iterator[Service]:
    with deployed() as service:
        yield service


@pytest.fixture
def service(one_deployment: Service) -> Iterator[Service]:
    """Deployed and empty. Whatever a test is about, every answer must keep the contract."""
    one_deployment.empty()
    one_deployment.offences.clear()
    yield one_deployment
    assert one_deployment.offences == []


@pytest.fixture
def repo(service: Service) -> Any:
    """The publisher's client."""
    return service.client()


@pytest.fixture
def other(service: Service) -> Any:
    """A client of another account."""
    return service.client(CONSUMER)


@pytest.fixture
def raw(service: Service) -> Iterator[RawClient]:
    """The publisher's requests over one connection, which must outlive every one of them."""
    client = service.raw()
    yield client
    assert client.ask("GET", "/applications")[0] == 200
    assert client.is_still_the_first_connection
    client.close()
