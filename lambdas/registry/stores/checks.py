"""The one thing of a version that is written after its publication: what the checks found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from registry.stores.attributes import from_item, to_item
from registry.stores.items import version_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, kw_only=True)
class Checkable:
    """`warnings`: of the publication, until `is_checked`."""

    application_id: str
    semantic_version: str
    template_digest: str
    content_digest: str
    warnings: tuple[str, ...]
    is_checked: bool


class CheckStore:
    """Reads are strongly consistent. Errors of AWS other than a failed condition pass."""

    def __init__(self, dynamodb: DynamoDBClient, *, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def find(self, application_id: str, semantic_version: str) -> Checkable | None:
        """One read, without the parameters. Raises Invalid on what is no semantic version."""
        item = self._dynamodb.get_item(
            TableName=self._table,
            Key=version_key(application_id, semantic_version),
            ConsistentRead=True,
            ProjectionExpression="templateDigest, contentDigest, warnings, checkedAt",
        ).get("Item")
        if item is None:
            return None
        values = from_item(item)
        return Checkable(
            application_id=application_id,
            semantic_version=semantic_version,
            template_digest=values["templateDigest"],
            content_digest=values["contentDigest"],
            warnings=tuple(values["warnings"]),
            is_checked="checkedAt" in values,
        )

    def keep(self, seen: Checkable, warnings: Sequence[str], *, checked_at: str) -> bool:
        """False, and nothing is written, when the version is gone, another, or was checked meanwhile."""
        try:
            self._dynamodb.update_item(
                TableName=self._table,
                Key=version_key(seen.application_id, seen.semantic_version),
                UpdateExpression="SET warnings = :warnings, checkedAt = :now",
                ConditionExpression="contentDigest = :seen AND attribute_not_exists(checkedAt)",
                ExpressionAttributeValues=to_item(
                    {":warnings": list(warnings), ":now": checked_at, ":seen": seen.content_digest}
                ),
            )
        except self._dynamodb.exceptions.ConditionalCheckFailedException:
            return False
        return True
