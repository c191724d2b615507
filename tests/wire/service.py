"""The service deployed into moto, and clients of it."""

import http.client
import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from moto import mock_aws

from registry.domain.keys import KeyRecord, RegistryKey
from registry.handlers import authorize, sdk_api
from registry.stores.applications import ApplicationStore
from registry.stores.keys import KeyStore
from tests.support.contract import ERROR_TYPE, Exchange
from tests.support.entities import BUCKET, CONSUMER, OWNER, PUBLISHER, REGION, TABLE, create_entity_table
from tests.support.publisher_buckets import OwnersHook
from tests.support.signing import ClientKey, sign
from tests.support.witness import Witness, witness
from tests.wire.server import serving

KEY_TABLE = "sar-alpha-keys"
PACKAGES = "packages-111111111111"  # the publisher's bucket
FOREIGN = "packages-222222222222"  # the consumer's
READ_ONLY = "READERKEY000"
PUBLISH_ONLY = "WRITERKEY000"
# The publisher's keys that may not do everything.
ACTIONS = {READ_ONLY: ("GetApplication", "ListApplications"), PUBLISH_ONLY: ("CreateApplication",)}
KEYS = {
    PUBLISHER: ClientKey(access_key_id=PUBLISHER, secret="publishers-secret-text"),
    CONSUMER: ClientKey(access_key_id=CONSUMER, secret="consumers-secret-text"),
    READ_ONLY: ClientKey(access_key_id=READ_ONLY, secret="readers-secret-text-0"),
    PUBLISH_ONLY: ClientKey(access_key_id=PUBLISH_ONLY, secret="writers-secret-text-0"),
}
RETRY_NEVER = Config(retries={"total_max_attempts": 1})


@dataclass(frozen=True, kw_only=True)
class Service:
    """`aws`: clients of moto by service name, as the owner of everything in it.

    `offences`: what any answer was or had that the contract does not allow.
    """

    endpoint: str
    aws: Mapping[str, Any]
    owners: OwnersHook
    keys: Mapping[str, ClientKey] = field(default_factory=lambda: KEYS)
    assets_bucket: str = BUCKET
    offences: list[str] = field(default_factory=list)

    @property
    def in_process(self) -> bool:
        """A request takes milliseconds."""
        return True

    def principal(self, who: str) -> str:
        """Who a caller is in a refusal's text."""
        return _principal(who)

    @property
    def store(self) -> ApplicationStore:
        """The entity table, past the API."""
        return ApplicationStore(self.aws["dynamodb"], table=TABLE, partition="aws", region=REGION)

    def client(self, who: str = PUBLISHER) -> Any:
        """An unmodified boto3 client of the API."""
        return boto3.client(
            "serverlessrepo",
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=self.keys[who].access_key_id,
            aws_secret_access_key=self.keys[who].secret,
            config=RETRY_NEVER,
        )

    def raw(self, who: str = PUBLISHER) -> "RawClient":
        """For requests that no SDK would send."""
        return RawClient(self.endpoint, self.keys[who])

    def s3_of(self, bucket: str) -> Any:
        """A client of the bucket's owner."""
        return self.aws["s3"]

    def upload(self, key: str, content: bytes, bucket: str = PACKAGES, **settings: Any) -> str:
        """Puts a publisher's object; its s3:// address."""
        self.s3_of(bucket).put_object(Bucket=bucket, Key=key, Body=content, **settings)
        return f"s3://{bucket}/{key}"

    def stored(self, prefix: str) -> set[str]:
        """Digests under `blobs` or `documents` in the assets bucket."""
        listed = self.aws["s3"].list_objects_v2(Bucket=self.assets_bucket, Prefix=prefix).get("Contents", [])
        return {one["Key"].rpartition("/")[2] for one in listed}

    def content(self, prefix: str, digest: str) -> bytes:
        answer = self.aws["s3"].get_object(Bucket=self.assets_bucket, Key=f"{prefix}/sha256/{digest}")
        return bytes(answer["Body"].read())

    def restart(self) -> None:
        """The next request meets a new sandbox, whose clients are still to be made."""
        forget_clients()
        self.owners.register(sdk_api._session())

    def empty(self) -> None:
        """Forgets every application, object and token key; keeps the callers' keys."""
        dynamodb = self.aws["dynamodb"]
        for item in dynamodb.scan(TableName=TABLE)["Items"]:
            dynamodb.delete_item(TableName=TABLE, Key={"PK": item["PK"], "SK": item["SK"]})
        for bucket in (self.assets_bucket, PACKAGES, FOREIGN):
            s3 = self.s3_of(bucket)
            for found in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
                s3.delete_object(Bucket=bucket, Key=found["Key"])
        self.owners.before_copy = lambda: None


class RawClient:
    """Signed requests, byte for byte, all over one connection."""

    def __init__(self, endpoint: str, key: ClientKey, saw: Witness = lambda _: None) -> None:
        self._endpoint = endpoint
        self._key = key
        self._saw = saw
        address = urlsplit(endpoint)
        self._link = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
        self._link.connect()
        self._socket = self._link.sock

    def ask(self, method: str, target: str, body: bytes = b"") -> tuple[int, str, str]:
        """Status, error type ("" when there is none) and message or body; `target` is path and query."""
        sent = sign(method, self._endpoint + target, self._key, body=body)
        self._link.request(method, sent.target, body=body or None, headers=sent.headers)
        answer = self._link.getresponse()
        content = answer.read().decode()
        kind = answer.headers.get(ERROR_TYPE, "")
        self._saw(
            Exchange(
                method=method,
                target=target,
                asked=body,
                status=answer.status,
                kind=kind,
                answered=content.encode(),
            )
        )
        if not kind:
            return answer.status, "", content
        said = json.loads(content)
        assert said.keys() == {"errorCode", "message"}
        assert said["errorCode"] == str(answer.status)
        return answer.status, kind, said["message"]

    @property
    def is_still_the_first_connection(self) -> bool:
        return self._link.sock is self._socket

    def close(self) -> None:
        self._link.close()


class InvokeHere:
    """lambda:Invoke of the Auth Lambda, in this process, through JSON as on the wire."""

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
        assert FunctionName == "sar-alpha-authorize:live"
        verdict = authorize.handler(json.loads(Payload), None)
        return {"Payload": io.BytesIO(json.dumps(verdict).encode())}


@contextmanager
def deployed() -> Iterator[Service]:
    """Tables, buckets, keys and handlers; moto's AWS ends with the block."""
    with mock_aws():
        aws = {name: boto3.client(name, region_name=REGION) for name in ("dynamodb", "s3", "kms")}
        environment = _create(aws)
        owners = OwnersHook(
            {BUCKET: OWNER, PACKAGES: PUBLISHER, FOREIGN: CONSUMER},
            lambda bucket, key: aws["s3"].head_object(Bucket=bucket, Key=key)["ETag"],
        )
        with (
            mock.patch.dict("os.environ", environment),
            mock.patch.object(sdk_api, "_lambda", InvokeHere),
            witness() as (saw, offences),
            serving(authorize.handler, sdk_api.handler, saw) as endpoint,
        ):
            service = Service(endpoint=endpoint, aws=aws, owners=owners, offences=offences)
            service.restart()
            yield service
        forget_clients()


def forget_clients() -> None:
    authorize.identity.cache_clear()
    for made_once in (
        sdk_api._routes,
        sdk_api._page_key,
        sdk_api._session,
        sdk_api._s3,
        sdk_api._dynamodb,
        sdk_api._organizations,
        sdk_api._counting_dynamodb,
    ):
        made_once.cache_clear()


def _create(aws: Mapping[str, Any]) -> dict[str, str]:
    """Makes everything the functions need; their environment."""
    create_entity_table(aws["dynamodb"])
    aws["dynamodb"].create_table(
        TableName=KEY_TABLE,
        KeySchema=[{"AttributeName": "accessKeyId", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "accessKeyId", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    for bucket in (BUCKET, PACKAGES, FOREIGN):
        aws["s3"].create_bucket(Bucket=bucket)
    secrets_key = aws["kms"].create_key()["KeyMetadata"]["Arn"]
    tokens_key = aws["kms"].create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    store = KeyStore(aws["dynamodb"], aws["kms"], table=KEY_TABLE, kms_key=secrets_key)
    for who in KEYS:
        add_key(store, who)
    return {
        "STAGE": "alpha",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "KEY_TABLE": KEY_TABLE,
        "KEYS_KMS_KEY": secrets_key,
        "ENTITY_TABLE": TABLE,
        "ASSETS_BUCKET": BUCKET,
        "TOKENS_KMS_KEY": tokens_key["KeyMetadata"]["Arn"],
        "AUTHORIZE_FUNCTION": "sar-alpha-authorize:live",
        "PARTITION": "aws",
        "ACCOUNT_ID": OWNER,
        "DEPLOYMENT_ROLE": "serverless-registry-deployment",
        "LIMITS": '{"requestsPerSecond": {"default": 1000}}',  # tests are one account without a pause
        "LINKS_ROLE": f"arn:aws:iam::{OWNER}:role/sar-alpha-links-{REGION}",
    }


def _principal(who: str) -> str:
    account, name = (PUBLISHER, who.lower()) if who in ACTIONS else (who, "tester")
    return f"arn:aws:iam::{account}:user/{name}"


def add_key(store: KeyStore, who: str) -> None:
    """One of `KEYS`, with which tests sign."""
    record = KeyRecord(
        access_key_id=KEYS[who].access_key_id,
        account=PUBLISHER if who in ACTIONS else who,
        principal=_principal(who),
        actions=ACTIONS.get(who, ("*",)),
        description="test",
        created_at=datetime.now(UTC),
    )
    store.add(RegistryKey(record=record, secret=KEYS[who].secret))
