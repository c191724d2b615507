"""Stage alpha's key table and keys' key as the program makes them, in moto; and the Auth Lambda upon them."""

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from registry.handlers import authorize
from registry.stores.keys import KeyStore
from tests.support.keys import REGION, TABLE


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        yield


@pytest.fixture
def kms_key(cloud: None) -> str:
    kms = boto3.client("kms", REGION)
    made = kms.create_key()["KeyMetadata"]
    kms.create_alias(AliasName="alias/sar-alpha-keys", TargetKeyId=made["KeyId"])
    return made["Arn"]


@pytest.fixture
def store(kms_key: str) -> KeyStore:
    dynamodb = boto3.client("dynamodb", REGION)
    dynamodb.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "accessKeyId", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "accessKeyId", "AttributeType": "S"}],
    )
    return KeyStore(dynamodb, boto3.client("kms", REGION), table=TABLE, kms_key=kms_key)


@pytest.fixture
def auth_lambda(
    store: KeyStore, kms_key: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[dict[str, Any]], dict[str, Any]]]:
    monkeypatch.setenv("KEY_TABLE", TABLE)
    monkeypatch.setenv("KEYS_KMS_KEY", kms_key)
    authorize.identity.cache_clear()
    yield lambda event: authorize.handler(event, None)
    authorize.identity.cache_clear()
