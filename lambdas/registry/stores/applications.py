"""The entity table: applications and, under each one's id, its versions (architecture.md §3).

    application   PK ACCOUNT#<owner>   SK APP#<name>            kind, id, rev, metadata, digests of documents
    version       PK APP#<id>          SK VERSION#<sort key>    kind, digests, parameters (JSON text), …

Every read is strongly consistent, every write conditional. Errors of AWS other than a failed condition pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from registry import log
from registry.domain.applications import Application, Version
from registry.domain.arns import ApplicationArn
from registry.domain.policy import missing, taken_down
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
from registry.stores.transactions import TRIES, transact
from registry.stores.usage import Charge, UsageStore, public_place

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Entity = TypeVar("Entity", Application, Version)


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
        self._usage = UsageStore(dynamodb, table=table)

    def arn(self, account: str, name: str) -> ApplicationArn:
        return ApplicationArn(partition=self._partition, region=self._region, account=account, name=name)

    def find(self, arn: ApplicationArn) -> Application | None:
        """One read. None as well for an ARN of another partition or region."""
        if arn != self.arn(arn.account, arn.name):
            return None
        item = self._get(application_key(arn))
        return None if item is None else self._application(item)

    def add(
        self, application: Application, version: Version | None, *, max_stored_bytes: int | None = None
    ) -> None:
        """One transaction: all or nothing. Of two writers of a name exactly one wins.

        Raises AlreadyExists (the message ends in the ARN's own sentence, which clients parse), Invalid when
        the version is too large for an item or for what the account may store, Unavailable when other writers
        keep it from being decided.
        """
        arn = application.arn
        puts = [application_item(application)]
        charge = None
        if version is not None:
            puts.append(version_item(application.id, version, account=arn.account))
            charge = _stored(arn, version, max_stored_bytes)
        failed = self._transact([self._put(item) for item in puts], charge, arn)
        if any(failed[: len(puts)]):
            raise taken(arn)
        if charge is not None and any(failed):
            raise charge.refusal(self._usage.find)

    def change(self, seen: Application, changes: Mapping[str, Any]) -> Application:
        """Sets these attributes, removes those that are None, if the application still is as it was `seen`.

        Raises Stale otherwise.
        """
        try:
            answer = self._dynamodb.update_item(**self._changed(seen, changes), ReturnValues="ALL_NEW")
        except self._dynamodb.exceptions.ConditionalCheckFailedException as lost:
            raise Stale from lost
        return self._application(answer["Attributes"])

    def change_and_charge(self, seen: Application, changes: Mapping[str, Any], charge: Charge) -> None:
        """`change` and what it costs, in one transaction. Raises Stale, or Invalid at the account's limit."""
        stale, full = self._transact([{"Update": self._changed(seen, changes)}], charge, seen.arn)
        if stale:
            raise Stale
        if full:
            raise charge.refusal(self._usage.find)

    def delete(self, arn: ApplicationArn) -> None:
        """One write if it is private; versions stay behind under an id that nothing names.

        Raises NotFound, Forbidden for one that was taken down, Unavailable when it is changed all the time.
        """
        if arn != self.arn(arn.account, arn.name):
            raise missing(arn)
        try:
            self._dynamodb.delete_item(
                TableName=self._table,
                Key=application_key(arn),
                ConditionExpression="attribute_exists(PK) AND attribute_not_exists(takenDown) AND "
                "(attribute_not_exists(#policy) OR size(#policy) = :none)",
                ExpressionAttributeNames={"#policy": "policy"},
                ExpressionAttributeValues=to_item({":none": 0}),
            )
        except self._dynamodb.exceptions.ConditionalCheckFailedException:
            self._delete_shared(arn)

    def _delete_shared(self, arn: ApplicationArn) -> None:
        """One that is public gives its place back in the same transaction."""
        for _ in range(TRIES):
            seen = self.find(arn)
            if seen is None:
                raise missing(arn)
            if seen.taken_down is not None:
                raise taken_down(arn, seen.taken_down)
            gone = {
                "TableName": self._table,
                "Key": application_key(arn),
                "ConditionExpression": "id = :id AND rev = :rev",
                "ExpressionAttributeValues": to_item({":id": seen.id, ":rev": seen.rev}),
            }
            charge = public_place(arn.account, -1) if seen.is_public else None
            if not any(self._transact([{"Delete": gone}], charge, arn)):
                return
        raise Unavailable(f"Others write {arn} at this moment. Try again.")

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

    def add_version(
        self, application: Application, version: Version, *, max_stored_bytes: int | None = None
    ) -> Version:
        """What is stored under that version number: `version`, or what was there before if it says the same.

        One transaction, which holds only while the application is there under the same id. Raises NotFound
        when it is gone or was made again, AlreadyExists when what is stored says something else (it never
        changes), Invalid when the account may not store that much, Unavailable when other writers keep it
        from being decided.
        """
        arn = application.arn
        still_there: Any = {
            "ConditionCheck": {
                "TableName": self._table,
                "Key": application_key(arn),
                "ConditionExpression": "id = :id",
                "ExpressionAttributeValues": to_item({":id": application.id}),
            }
        }
        put = self._put(version_item(application.id, version, account=arn.account))
        charge = _stored(arn, version, max_stored_bytes)
        gone, there, full = self._transact([still_there, put], charge, arn)
        if gone:
            raise missing(arn)
        if full and not there:
            raise charge.refusal(self._usage.find)
        if not there:
            return version
        stored = self.find_version(application.id, version.semantic_version)
        if stored is not None and stored.content_digest == version.content_digest:
            return stored
        raise AlreadyExists(f"Version {version.semantic_version} of application {arn} already exists")

    def list_versions(self, application_id: str, *, limit: int, after: str | None) -> Page[Version]:
        """One query, lowest precedence first. A page may hold fewer than `limit` (DynamoDB reads 1 MB)."""
        items, resume = self._query(f"APP#{application_id}", "VERSION#", limit=limit, after=after)
        return Page(entities=tuple(map(to_version, items)), resume=resume)

    def _put(self, item: Attributes) -> Any:
        """A transaction's write of what must not be there yet."""
        return {
            "Put": {
                "TableName": self._table,
                "Item": item | to_item({"correlationId": log.correlation_id() or None}),
                "ConditionExpression": "attribute_not_exists(PK)",
            }
        }

    def _changed(self, seen: Application, changes: Mapping[str, Any]) -> Any:
        """An update's arguments."""
        written = {**changes, "correlationId": log.correlation_id() or None}
        names = {f"#{place}": name for place, name in enumerate(written)}
        values = to_item({f":{place}": value for place, value in enumerate(written.values())})
        sets = ", ".join(f"{name} = :{name[1:]}" for name in names if f":{name[1:]}" in values)
        removed = ", ".join(name for name in names if f":{name[1:]}" not in values)
        return {
            "TableName": self._table,
            "Key": application_key(seen.arn),
            "UpdateExpression": f"SET {sets}, rev = rev + :one" + (f" REMOVE {removed}" if removed else ""),
            "ConditionExpression": "id = :id AND rev = :rev",
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values | to_item({":one": 1, ":id": seen.id, ":rev": seen.rev}),
        }

    def _transact(self, writes: Sequence[Any], charge: Charge | None, arn: ApplicationArn) -> Sequence[bool]:
        """Which conditions failed, in order; the last one is the charge's."""
        charged = [charge.write(self._table)] if charge is not None and charge.amount else []
        failed = transact(self._dynamodb, [*writes, *charged], about=str(arn))
        return [*failed, *([] if charged else [False])]

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


def _stored(arn: ApplicationArn, version: Version, limit: int | None) -> Charge:
    return Charge(account=arn.account, counter="storedBytes", amount=version.stored_bytes, limit=limit)


def taken(arn: ApplicationArn) -> AlreadyExists:
    """The text that the `serverlessrepo` library and SAM CLI look for (serverlessrepo-api.md §7)."""
    return AlreadyExists(f"Application with id {arn} already exists")
