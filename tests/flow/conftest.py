from collections.abc import Iterator
from typing import Any

import pytest

from tests.flow.world import Flow, flowing


@pytest.fixture(scope="module")
def one_flow() -> Iterator[Flow]:
    with flowing() as flow:
        yield flow


@pytest.fixture
def flow(one_flow: Flow) -> Flow:
    """Everything is there and empty."""
    one_flow.empty()
    return one_flow


@pytest.fixture
def repo(flow: Flow) -> Any:
    """The publisher's client."""
    return flow.service.client()
