"""Organisations in the entity table.

    of an account   PK ACCOUNT#<account>   SK ORGANIZATION               organizationId, managementAccount, …
    roster          PK ORGANIZATIONS       SK <organisation>#<account>   managementAccount

The first answers a request with one read; the second tells what an earlier synchronisation stored. Both are
written in one transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from registry.domain.organizations import Membership, Organization
from registry.stores.attributes import Attributes, from_item, to_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_ROSTER = "ORGANIZATIONS"


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What a synchronisation did: accounts, in order."""

    joined: tuple[str, ...]
    left: tuple[str, ...]
    unchanged: int


class OrganizationStore:
    """Errors of AWS pass through."""

    def __init__(self, dynamodb: DynamoDBClient, *, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def find(self, account: str) -> Membership | None:
        """One read. None for an account that is in no organisation known here."""
        answer = self._dynamodb.get_item(TableName=self._table, Key=_key(account), ConsistentRead=True)
        if "Item" not in answer:
            return None
        values = from_item(answer["Item"])
        return Membership(
            organization_id=values["organizationId"], management_account=values["managementAccount"]
        )

    def organization_of(self, account: str) -> str | None:
        membership = self.find(account)
        return None if membership is None else membership.organization_id

    def stored(self) -> Iterator[tuple[str, Membership]]:
        """Every account with its organisation, by organisation and account."""
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="PK = :roster",
            ExpressionAttributeValues={":roster": {"S": _ROSTER}},
            ConsistentRead=True,
        )
        for page in pages:
            for item in page["Items"]:
                organization, _, account = item["SK"]["S"].partition("#")
                management = item["managementAccount"]["S"]
                yield account, Membership(organization_id=organization, management_account=management)

    def synchronise(self, organization: Organization, *, at: datetime) -> Changes:
        """Stores who is in, removes who left; writes nothing when all is so. After a failure, do it again."""
        known = {
            account: membership
            for account, membership in self.stored()
            if membership.organization_id == organization.id
        }
        membership = organization.membership
        joined = sorted(a for a in organization.accounts if known.get(a) != membership)
        left = sorted(known.keys() - organization.accounts)
        for account in joined:
            self._add(account, membership, at)
        for account in left:
            self._remove(account, organization.id)
        return Changes(
            joined=tuple(joined), left=tuple(left), unchanged=len(organization.accounts) - len(joined)
        )

    def _add(self, account: str, membership: Membership, at: datetime) -> None:
        item = _key(account) | to_item(
            {
                "kind": "organization",
                "organizationId": membership.organization_id,
                "managementAccount": membership.management_account,
                "updatedAt": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            }
        )
        row = _roster_key(membership.organization_id, account) | to_item(
            {"kind": "roster", "managementAccount": membership.management_account}
        )
        writes: list[dict[str, Any]] = [
            {"Put": {"TableName": self._table, "Item": one}} for one in (item, row)
        ]
        before = self.organization_of(account)
        if before is not None and before != membership.organization_id:
            # Or a return to that organisation would look like no change.
            left = _roster_key(before, account)
            writes.append({"Delete": {"TableName": self._table, "Key": left}})
        self._dynamodb.transact_write_items(TransactItems=cast("Any", writes))

    def _remove(self, account: str, organization_id: str) -> None:
        """The roster's row last: until it is gone, the next synchronisation comes back to this account."""
        joined_another = self._dynamodb.exceptions.ConditionalCheckFailedException
        with suppress(joined_another):
            self._dynamodb.delete_item(
                TableName=self._table,
                Key=_key(account),
                ConditionExpression="attribute_not_exists(PK) OR organizationId = :left",
                ExpressionAttributeValues={":left": {"S": organization_id}},
            )
        self._dynamodb.delete_item(TableName=self._table, Key=_roster_key(organization_id, account))


def _key(account: str) -> Attributes:
    return to_item({"PK": f"ACCOUNT#{account}", "SK": "ORGANIZATION"})


def _roster_key(organization_id: str, account: str) -> Attributes:
    return to_item({"PK": _ROSTER, "SK": f"{organization_id}#{account}"})
