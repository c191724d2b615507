"""The entity table: applications and, under each one's id, its versions (architecture.md §3).

    application   PK ACCOUNT#<owner>   SK APP#<name>            kind, id, rev, metadata, digests of documents
    version       PK APP#<id>          SK VERSION#<sort key>    kind, digests, parameters (JSON text), …

Every read is strongly consistent, every write conditional. Errors of AWS other than a failed condition pass.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from registry.domain.applications import Application, Version
from registry.domain.arns import ApplicationArn
from registry.domain.policy import missing
from registry.errors import AlreadyExists, Unavailable
from registry.stores.attributes import Attributes, to_item
from registry.stores.items import (
    application_item,
    application_key,
    owner_and_name,
    to_application,
    to_version,
    version_item,
    version_key,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Entity = TypeVar("Entity", Application, Version)
_TRIES = 3


class Stale(Exception):  # noqa: N818 - a turn of events inside the services, never shown to a caller
    """The application was changed since it was read."""


@dataclass(frozen=True, kw_only=True)
class Page(Generic[Entity]):
    """`resume` is the sort key to go on behind, None on the last page."""

    entities: tuple[Entity, ...]
    resume: str | None


class ApplicationStore:
    """`partition` and `region` are the table's own: they complete the ARNs of what it holds."""

    def __init__(self, dynamodb: DynamoDBClient, *, table: str, partition: str, region: str) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._partition = partition
        self._region = region

    def arn(self, account: str, name: str) -> ApplicationArn:
        return ApplicationArn(partition=self._partition, region=self._region, account=account, name=name)

    def find(self, arn: ApplicationArn) -> Application | None:
        """One read. None as well for an ARN of another partition or region."""
        if arn != self.arn(arn.account, arn.name):
            return None
        item = self._get(application_key(arn))
        return None if item is None else self._application(item)

    def add(self, application: Application, version: Version | None) -> None:
        """One transaction: both or neither. Of two writers of a name exactly one wins.

        Raises AlreadyExists (the message ends in the ARN's own sentence, which clients parse), Invalid when
        the version is too large for an item, Unavailable when other writers keep it from being decided.
        """
        puts = [application_item(application)]
        if version is not None:
            puts.append(version_item(application.id, version))
        if any(self._transact([self._put(item) for item in puts], application.arn)):
            raise taken(application.arn)

    def change(self, seen: Application, changes: Mapping[str, Any]) -> Application:
        """Sets these attributes if the application still is as it was `seen`. Raises Stale otherwise."""
        names = {f"#{place}": name for place, name in enumerate(changes)}
        values = to_item({f":{place}": value for place, value in enumerate(changes.values())})
        sets = ", ".join(f"{name} = :{name[1:]}" for name in names)
        try:
            answer = self._dynamodb.update_item(
                TableName=self._table,
                Key=application_key(seen.arn),
                UpdateExpression=f"SET {sets}, rev = rev + :one",
                ConditionExpression="id = :id AND rev = :rev",
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=values | to_item({":one": 1, ":id": seen.id, ":rev": seen.rev}),
                ReturnValues="ALL_NEW",
            )
        except self._dynamodb.exceptions.ConditionalCheckFailedException as lost:
            raise Stale from lost
        return self._application(answer["Attributes"])

    def delete(self, arn: ApplicationArn) -> None:
        """One write, versions stay behind under an id that nothing names. Raises NotFound."""
        if arn != self.arn(arn.account, arn.name):
            raise missing(arn)
        try:
            self._dynamodb.delete_item(
                TableName=self._table,
                Key=application_key(arn),
                ConditionExpression="attribute_exists(PK)",
            )
        except self._dynamodb.exceptions.ConditionalCheckFailedException:
            raise missing(arn) from None

    def list(self, account: str, *, limit: int, after: str | None) -> Page[Application]:
        """One query: the account's applications in order of their names."""
        items, resume = self._query(f"ACCOUNT#{account}", "APP#", limit=limit, after=after)
        return Page(entities=tuple(map(self._application, items)), resume=resume)

    def find_version(self, application_id: str, semantic_version: str) -> Version | None:
        """One read. Raises Invalid on what is no semantic version."""
        item = self._get(version_key(application_id, semantic_version))
        return None if item is None else to_version(item)

    def newest_version(self, application_id: str) -> Version | None:
        """One query, one item: the highest by semantic-version precedence."""
        answer = self._dynamodb.query(
            **self._children(f"APP#{application_id}", "VERSION#"), ScanIndexForward=False, Limit=1
        )
        return next(map(to_version, answer["Items"]), None)

    def add_version(self, application: Application, version: Version) -> Version:
        """What is stored under that version number: `version`, or what was there before if it says the same.

        One transaction, which holds only while the application is there under the same id. Raises NotFound
        when it is gone or was made again, AlreadyExists when what is stored says something else (it never
        changes), Unavailable when other writers keep it from being decided.
        """
        still_there: Any = {
            "ConditionCheck": {
                "TableName": self._table,
                "Key": application_key(application.arn),
                "ConditionExpression": "id = :id",
                "ExpressionAttributeValues": to_item({":id": application.id}),
            }
        }
        put = self._put(version_item(application.id, version))
        gone, there = self._transact([still_there, put], application.arn)
        if gone:
            raise missing(application.arn)
        if not there:
            return version
        stored = self.find_version(application.id, version.semantic_version)
        if stored is not None and stored.content_digest == version.content_digest:
            return stored
        raise AlreadyExists(
            f"Version {version.semantic_version} of application {application.arn} already exists"
        )

    def list_versions(self, application_id: str, *, limit: int, after: str | None) -> Page[Version]:
        """One query, lowest precedence first. A page may hold fewer than `limit` (DynamoDB reads 1 MB)."""
        items, resume = self._query(f"APP#{application_id}", "VERSION#", limit=limit, after=after)
        return Page(entities=tuple(map(to_version, items)), resume=resume)

    def _put(self, item: Attributes) -> Any:
        """A transaction's write of what must not be there yet."""
        return {
            "Put": {
                "TableName": self._table,
                "Item": item,
                "ConditionExpression": "attribute_not_exists(PK)",
            }
        }

    def _transact(self, writes: Sequence[Any], arn: ApplicationArn) -> Sequence[bool]:
        """Which of the conditions failed, in the order of `writes`; none did if everything was written.

        Raises Unavailable when other writers keep it from being decided.
        """
        for turn in range(1, _TRIES + 1):
            try:
                self._dynamodb.transact_write_items(TransactItems=writes)
            except self._dynamodb.exceptions.TransactionCanceledException as cancelled:
                reasons: Any = cancelled.response.get("CancellationReasons", [])
                codes = [reason.get("Code") for reason in reasons]
                if "ConditionalCheckFailed" in codes:
                    return [code == "ConditionalCheckFailed" for code in codes]
                if not {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"} & {*codes}:
                    raise
                time.sleep(random.uniform(0, 0.05 * turn))  # noqa: S311 - spreads the losers of a conflict
            else:
                return [False] * len(writes)
        raise Unavailable(f"Others write {arn} at this moment. Try again.")

    def _get(self, key: Attributes) -> Attributes | None:
        return self._dynamodb.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item")

    def _children(self, partition: str, prefix: str) -> Any:
        return {
            "TableName": self._table,
            "ConsistentRead": True,
            "KeyConditionExpression": "PK = :pk AND begins_with(SK, :prefix)",
            "ExpressionAttributeValues": to_item({":pk": partition, ":prefix": prefix}),
        }

    def _query(
        self, partition: str, prefix: str, *, limit: int, after: str | None
    ) -> tuple[Iterable[Attributes], str | None]:
        start: Any = {} if after is None else {"ExclusiveStartKey": to_item({"PK": partition, "SK": after})}
        # One more than asked for tells whether there is a next page, without a page that turns out empty.
        answer = self._dynamodb.query(**self._children(partition, prefix), **start, Limit=limit + 1)
        items = answer["Items"][:limit]
        more = len(answer["Items"]) > limit or "LastEvaluatedKey" in answer
        return items, items[-1]["SK"]["S"] if more and items else None

    def _application(self, item: Attributes) -> Application:
        return to_application(item, self.arn(*owner_and_name(item)))


def taken(arn: ApplicationArn) -> AlreadyExists:
    """The text that the `serverlessrepo` library and SAM CLI look for (serverlessrepo-api.md §7)."""
    return AlreadyExists(f"Application with id {arn} already exists")
