"""Token buckets that all sandboxes share: `PK ACCOUNT#<account>, SK RATE#<operation>`, with `fullAt` (ms).

A bucket that nobody took from for an hour is removed by the table's time to live; it would be full anyway.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from registry.domain.rates import Rate
from registry.errors import Unavailable
from registry.stores.attributes import to_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_KEPT_S = 3600


class ThrottleStore:
    """`dynamodb` gives a client that fails fast: a caller is waiting, and may go on without an answer."""

    def __init__(self, dynamodb: Callable[[], DynamoDBClient], *, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def take(self, account: str, operation: str, rate: Rate, *, since: int, now: int) -> bool:
        """Whether the bucket had a lease, as `registry.domain.rates.take` says. One or two writes.

        Raises Unavailable when the table cannot be written.
        """
        idle = {":since": since, ":full": since + rate.lease_ms}
        busy = {":since": since, ":lease": rate.lease_ms, ":latest": now + rate.ahead_ms - rate.lease_ms}
        return self._write(
            account, operation, now, "fullAt = :full", "attribute_not_exists(PK) OR fullAt < :since", idle
        ) or self._write(
            account, operation, now, "fullAt = fullAt + :lease", "fullAt BETWEEN :since AND :latest", busy
        )

    def _write(
        self, account: str, operation: str, now: int, change: str, condition: str, values: dict[str, Any]
    ) -> bool:
        client = self._dynamodb()
        try:
            client.update_item(
                TableName=self._table,
                Key=to_item({"PK": f"ACCOUNT#{account}", "SK": f"RATE#{operation}"}),
                UpdateExpression=f"SET {change}, expiresAt = :expires",
                ConditionExpression=condition,
                ExpressionAttributeValues=to_item({**values, ":expires": now // 1000 + _KEPT_S}),
            )
        except client.exceptions.ConditionalCheckFailedException:
            return False
        except (BotoCoreError, ClientError) as error:
            raise Unavailable("The request rates cannot be counted at this moment.") from error
        return True
