"""The deployed stack in the form in which the tests of `tests/wire` know the service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any, Self

import yaml

from registry.errors import AlreadyExists
from registry.stores.keys import KeyStore
from tests.support.contract import Exchange, contract
from tests.support.entities import CONSUMER, PUBLISHER, TABLE
from tests.support.publisher_buckets import OwnersHook
from tests.support.signing import ClientKey
from tests.support.stack import CHECKOUT, DeployedStack
from tests.support.witness import overhear
from tests.wire.service import ACTIONS, FOREIGN, KEY_TABLE, KEYS, PACKAGES, RawClient, Service, add_key


class StackService(Service):
    """Over HTTP, through the gateway, with functions in processes of their own.

    `aws` holds a client of the owner for each publisher's bucket as well, by the bucket's name.
    """

    def principal(self, who: str) -> str:
        if who in ACTIONS:
            return super().principal(who)
        return f"arn:aws:serverlessrepo:us-east-1:{who}:key/{who}"

    def client(self, who: str = PUBLISHER) -> Any:
        client = super().client(who)
        overhear(client, self.endpoint, self._saw)
        return client

    def raw(self, who: str = PUBLISHER) -> RawClient:
        return RawClient(self.endpoint, self.keys[who], self._saw)

    def _saw(self, exchange: Exchange) -> None:
        self.offences.extend(contract().offences(exchange))

    def s3_of(self, bucket: str) -> Any:
        return self.aws.get(bucket, self.aws["s3"])

    @property
    def in_process(self) -> bool:
        return False

    @contextmanager
    def lent(self) -> Iterator[Self]:
        """What the stack knows of accounts (organisations, deployment roles) is there again afterwards."""
        dynamodb = self.aws["dynamodb"]
        pages = dynamodb.get_paginator("scan").paginate(TableName=TABLE)
        kept = [item for page in pages for item in page["Items"] if not is_of_applications(item)]
        yield self
        self.empty()
        for item in kept:
            dynamodb.put_item(TableName=TABLE, Item=item)

    def restart(self) -> None:
        raise NotImplementedError("the sandboxes of a deployed stack end by themselves")


def service_of(stack: DeployedStack) -> StackService:
    """With the buckets and the read-only key that those tests expect. Deploys nothing."""
    settings, owner = stack.settings, owner_account()
    aws = {name: stack.owner_client(name, owner) for name in ("dynamodb", "s3", "kms")}
    for bucket, account in ((PACKAGES, PUBLISHER), (FOREIGN, CONSUMER)):
        aws[bucket] = stack.owner_client("s3", account)
        aws[bucket].create_bucket(Bucket=bucket)
    keys = KeyStore(aws["dynamodb"], aws["kms"], table=KEY_TABLE, kms_key=f"alias/{KEY_TABLE}")
    for who in ACTIONS:
        with suppress(AlreadyExists):
            add_key(keys, who)
    names = {PUBLISHER: "PUBLISHER", CONSUMER: "CONSUMER"}
    secrets = {
        who: ClientKey(
            access_key_id=settings[f"{name}_ACCESS_KEY_ID"], secret=settings[f"{name}_SECRET_ACCESS_KEY"]
        )
        for who, name in names.items()
    }
    return StackService(
        endpoint=settings["AWS_ENDPOINT_URL_SERVERLESSAPPLICATIONREPOSITORY"],
        aws=aws,
        owners=OwnersHook({}, lambda _bucket, _key: ""),  # the emulator knows whose its buckets are
        keys={**KEYS, **secrets},
        assets_bucket=f"sar-alpha-assets-{owner}-{settings['AWS_REGION']}",
    )


def is_of_applications(item: Mapping[str, Any]) -> bool:
    """An application, what is under it, or a count of them."""
    place = item["SK"]["S"].partition("#")[0]
    return item["PK"]["S"].startswith("APP#") or place in ("APP", "USAGE", "RATE")


@cache
def owner_account() -> str:
    """The account that the stage file of alpha deploys into."""
    said = yaml.safe_load((CHECKOUT / "Pulumi.alpha.yaml").read_text(encoding="utf-8"))
    return str(said["config"]["registry:ownerAccount"])
