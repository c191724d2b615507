"""What an account uses: `PK ACCOUNT#<account>, SK USAGE`, with `publicApplications` and `storedBytes`.

The counts are changed in the same transaction as what they count, with the limit as a condition, so that they
never drift and no two writers share the last place. A count that is not there is 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from registry.domain.limits import too_many_bytes, too_many_public
from registry.errors import Invalid
from registry.stores.attributes import from_item, to_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, kw_only=True)
class Usage:
    public_applications: int = 0
    stored_bytes: int = 0


@dataclass(frozen=True, kw_only=True)
class Charge:
    """What a transaction adds to one count of an account; less than nothing gives back.

    `limit`: what the count may be afterwards; None for what is never refused.
    """

    account: str
    counter: Literal["publicApplications", "storedBytes"]
    amount: int
    limit: int | None = None

    def write(self, table: str) -> Any:
        """The transaction's part."""
        values = {":amount": self.amount}
        update: dict[str, Any] = {
            "TableName": table,
            "Key": to_item({"PK": f"ACCOUNT#{self.account}", "SK": "USAGE"}),
            "UpdateExpression": f"ADD {self.counter} :amount",
        }
        if self.limit is not None:
            room = self.limit - self.amount
            none_yet = f" OR attribute_not_exists({self.counter})" if room >= 0 else ""
            update["ConditionExpression"] = f"{self.counter} <= :room{none_yet}"
            values[":room"] = room
        return {"Update": {**update, "ExpressionAttributeValues": to_item(values)}}

    def refusal(self, find: Callable[[str], Usage]) -> Invalid:
        """What to raise when the limit is reached; one read."""
        have, allowed = find(self.account), self.limit or 0
        if self.counter == "publicApplications":
            return too_many_public(self.account, have=have.public_applications, allowed=allowed)
        return too_many_bytes(self.account, have=have.stored_bytes, more=self.amount, allowed=allowed)


def public_place(account: str, change: int, *, limit: int | None = None) -> Charge:
    """One public application more (1) or less (-1)."""
    return Charge(account=account, counter="publicApplications", amount=change, limit=limit)


class UsageStore:
    """Reads are strongly consistent. Errors of AWS pass through."""

    def __init__(self, dynamodb: DynamoDBClient, *, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def find(self, account: str) -> Usage:
        """One read."""
        answer = self._dynamodb.get_item(
            TableName=self._table,
            Key=to_item({"PK": f"ACCOUNT#{account}", "SK": "USAGE"}),
            ConsistentRead=True,
        )
        values = from_item(answer.get("Item", {}))
        return Usage(
            public_applications=values.get("publicApplications", 0),
            stored_bytes=values.get("storedBytes", 0),
        )
