from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from registry.stores.applications import ApplicationStore
from tests.support.entities import REGION, TABLE, create_entity_table


@pytest.fixture
def dynamodb() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("dynamodb", region_name=REGION)
        create_entity_table(client)
        yield client


@pytest.fixture
def store(dynamodb: Any) -> ApplicationStore:
    return ApplicationStore(dynamodb, table=TABLE, partition="aws", region=REGION)
