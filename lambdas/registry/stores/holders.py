"""Items of the entity table as what holds objects in the assets bucket, and the removal of those left behind.

Every read is strongly consistent. Parameters, the bulk of a version, stay in the table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from registry.domain.arns import ApplicationArn
from registry.stores.assets import BLOBS, DOCUMENTS
from registry.stores.attributes import Attributes, to_item
from registry.stores.items import application_key
from registry.stores.transactions import transact
from registry.stores.usage import Charge

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_DIGESTS_OF: dict[str, dict[str, tuple[str, ...]]] = {
    "application": {DOCUMENTS: ("licenseDigest", "readmeDigest")},
    "version": {DOCUMENTS: ("templateDigest",), BLOBS: ("sourceArchiveDigest", "assets")},
}
_READ = (
    "PK, SK, kind, id, createdAt, account, storedBytes, licenseDigest, readmeDigest, "
    "templateDigest, sourceArchiveDigest, assets"
)


@dataclass(frozen=True, kw_only=True)
class Holder:
    """`id` is the application's, also of its children. `objects`: keys that it cannot do without.

    `account` is whose usage counts `stored_bytes`, where the item says it.
    """

    kind: str
    id: str
    key: Attributes
    created_at: datetime
    objects: tuple[str, ...]
    stored_bytes: int
    account: str | None


class HolderStore:
    """Errors of AWS other than a failed condition pass."""

    def __init__(self, dynamodb: DynamoDBClient, *, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def is_living(self, arn: ApplicationArn, application_id: str) -> bool:
        """Whether the application is there under this id."""
        answer = self._dynamodb.get_item(
            TableName=self._table,
            Key=application_key(arn),
            ConsistentRead=True,
            ProjectionExpression="id",
        )
        return answer.get("Item", {}).get("id") == {"S": application_id}

    def children(self, application_id: str) -> Iterator[Holder]:
        """Versions and templates. They may be removed while they are read."""
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            ConsistentRead=True,
            KeyConditionExpression="PK = :pk",
            ExpressionAttributeValues=to_item({":pk": f"APP#{application_id}"}),
            ProjectionExpression=_READ,
        )
        for page in pages:
            yield from map(_holder, page["Items"])

    def everything(self) -> Iterator[Holder]:
        """All applications and versions of the table: reads the whole of it."""
        pages = self._dynamodb.get_paginator("scan").paginate(
            TableName=self._table,
            ConsistentRead=True,
            FilterExpression="kind IN (:application, :version)",
            ExpressionAttributeValues=to_item({":application": "application", ":version": "version"}),
            ProjectionExpression=_READ,
        )
        for page in pages:
            yield from map(_holder, page["Items"])

    def remove(self, holder: Holder) -> None:
        """Removes a child; what it took is given back to its account in the same transaction, once.

        Nothing happens when it is gone already. Raises Unavailable when other writers keep it from being
        decided.
        """
        if not holder.stored_bytes or holder.account is None:
            self._dynamodb.delete_item(TableName=self._table, Key=holder.key)
            return
        given_back = Charge(account=holder.account, counter="storedBytes", amount=-holder.stored_bytes)
        deleted = {
            "TableName": self._table,
            "Key": holder.key,
            "ConditionExpression": "attribute_exists(PK)",
        }
        writes = [{"Delete": deleted}, given_back.write(self._table)]
        transact(self._dynamodb, writes, about=f"the usage of {holder.account}")


def _holder(item: Mapping[str, Any]) -> Holder:
    kind = item["kind"]["S"]
    return Holder(
        kind=kind,
        id=item["id"]["S"] if kind == "application" else item["PK"]["S"].removeprefix("APP#"),
        key={"PK": item["PK"], "SK": item["SK"]},
        created_at=datetime.fromisoformat(item["createdAt"]["S"]),
        objects=tuple(_objects(item)),
        stored_bytes=int(item.get("storedBytes", {"N": "0"})["N"]),
        account=item.get("account", {}).get("S"),
    )


def _objects(item: Mapping[str, Any]) -> Iterator[str]:
    for prefix, attributes in _DIGESTS_OF.get(item["kind"]["S"], {}).items():
        for attribute in attributes:
            value = item.get(attribute, {"L": []})
            for digest in value.get("L", [value]):
                yield prefix + digest["S"]
