"""The very tests of `tests/wire`, against the deployed stack: one source, there for speed, here for truth.

Left out are those that reach into the process of the service: they ask for fixtures that are not here.
"""

import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from tests.e2e.service import StackService, service_of
from tests.support.entities import CONSUMER
from tests.support.stack import DeployedStack
from tests.wire import (
    test_application_operations,
    test_bad_input,
    test_fuzz,
    test_nested_applications,
    test_page_tokens,
    test_sharing,
    test_version_operations,
)
from tests.wire.service import RawClient
from tests.wire.test_sharing import organize  # noqa: F401 - a fixture of theirs

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

SHARED = (
    test_application_operations,
    test_bad_input,
    test_fuzz,
    test_nested_applications,
    test_page_tokens,
    test_sharing,
    test_version_operations,
)
FIXTURES = {"service", "repo", "other", "raw", "organize"}
# API Gateway alters such a body on its way, so the signature no longer covers it (docs/unproven-on-aws.md).
OTHERWISE_HERE = {"test_a_body_that_is_not_utf8_is_refused_with_the_place"}


def shared_tests(module: ModuleType) -> dict[str, Any]:
    """Each under its module's name, so that none hides another."""
    return {
        f"{name}__{module.__name__.rpartition('.test_')[2]}": test
        for name, test in vars(module).items()
        if name.startswith("test_")
        and name not in OTHERWISE_HERE
        and inspect.isfunction(test)
        and fixtures_of(test) <= FIXTURES
    }


def fixtures_of(test: Any) -> set[str]:
    """What it asks for, but for its parameters."""
    marks = [mark for mark in getattr(test, "pytestmark", ()) if mark.name == "parametrize"]
    names = [mark.args[0].split(",") if isinstance(mark.args[0], str) else mark.args[0] for mark in marks]
    parameters = {name.strip() for each in names for name in each}
    return {*inspect.signature(test).parameters} - parameters


for shared in SHARED:
    globals().update(shared_tests(shared))


@pytest.fixture(scope="module")
def stack_service(stack: DeployedStack) -> Iterator[StackService]:
    with service_of(stack).lent() as service:
        yield service


@pytest.fixture
def service(stack_service: StackService) -> Iterator[StackService]:
    """Deployed and empty. Whatever a test is about, every answer must keep the contract."""
    stack_service.empty()
    stack_service.offences.clear()
    yield stack_service
    assert stack_service.offences == []


@pytest.fixture
def repo(service: StackService) -> Any:
    return service.client()


@pytest.fixture
def other(service: StackService) -> Any:
    return service.client(CONSUMER)


@pytest.fixture
def raw(service: StackService) -> Iterator[RawClient]:
    """The publisher's requests over one connection, which must outlive every one of them."""
    client = service.raw()
    yield client
    assert client.ask("GET", "/applications")[0] == 200
    assert client.is_still_the_first_connection
    client.close()


def test_most_tests_of_the_operations_are_shared() -> None:
    every = [name for module in SHARED for name in vars(module) if name.startswith("test_")]
    assert len([name for module in SHARED for name in shared_tests(module)]) > 0.8 * len(every)


def test_a_body_that_is_not_utf8_does_not_keep_its_signature(raw: RawClient) -> None:
    assert raw.ask("POST", "/applications", b'{"name": "\xff"}')[:2] == (403, "InvalidSignatureException")
