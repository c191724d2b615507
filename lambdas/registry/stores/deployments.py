"""How the registry enters consumers' accounts: the external id that each one's role asks for.

deployment   PK ACCOUNT#<consumer>   SK DEPLOYMENT   kind, externalId, createdAt
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry.stores.attributes import Attributes, to_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DeploymentStore:
    """Errors of AWS pass."""

    def __init__(self, dynamodb: DynamoDBClient, *, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def external_id(self, account: str) -> str | None:
        """One read. None for an account that was never onboarded."""
        answer = self._dynamodb.get_item(TableName=self._table, Key=_key(account), ConsistentRead=True)
        return answer["Item"]["externalId"]["S"] if "Item" in answer else None

    def keep(self, account: str, external_id: str, *, at: str) -> str:
        """The account's external id: this one, or the one that it has. It never changes."""
        item = _key(account) | to_item({"kind": "deployment", "externalId": external_id, "createdAt": at})
        try:
            self._dynamodb.put_item(
                TableName=self._table, Item=item, ConditionExpression="attribute_not_exists(PK)"
            )
        except self._dynamodb.exceptions.ConditionalCheckFailedException:
            return self.external_id(account) or external_id
        return external_id


def _key(account: str) -> Attributes:
    return to_item({"PK": f"ACCOUNT#{account}", "SK": "DEPLOYMENT"})
