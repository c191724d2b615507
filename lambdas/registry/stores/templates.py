"""Templates made for consumers, under their application in the entity table.

    template   PK APP#<id>   SK TEMPLATE#<uuid>   kind, account, status, documentKey, assets, …

`expiresAt` is the table's time to live, a week after `validUntil`: that a template is EXPIRED is computed.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from registry import log
from registry.domain.deployments import ACTIVE, PREPARING, Deployable, DeployableTemplate
from registry.stores.attributes import Attributes, from_item, to_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_KEPT = timedelta(days=7)


class TemplateStore:
    """Reads are strongly consistent. Errors of AWS other than a failed condition pass."""

    def __init__(self, dynamodb: DynamoDBClient, *, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def add(self, template: DeployableTemplate) -> None:
        self._dynamodb.put_item(
            TableName=self._table, Item=_item(template), ConditionExpression="attribute_not_exists(PK)"
        )

    def find(self, application_id: str, template_id: str) -> DeployableTemplate | None:
        """One read."""
        key = _key(application_id, template_id)
        item = self._dynamodb.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item")
        return None if item is None else _template(item)

    def set_ready(self, template: DeployableTemplate) -> None:
        """PREPARING becomes ACTIVE; nothing happens to a template that is ACTIVE or gone."""
        try:
            self._dynamodb.update_item(
                TableName=self._table,
                Key=_key(template.application_id, template.id),
                UpdateExpression="SET #status = :active",
                ConditionExpression="#status = :preparing",
                ExpressionAttributeNames={"#status": "status"},
                ExpressionAttributeValues=to_item({":active": ACTIVE, ":preparing": PREPARING}),
            )
        except self._dynamodb.exceptions.ConditionalCheckFailedException:
            return


def _key(application_id: str, template_id: str) -> Attributes:
    # UUIDs have one form here, whichever case a client sends.
    return to_item({"PK": f"APP#{application_id}", "SK": f"TEMPLATE#{template_id.lower()}"})


def _item(template: DeployableTemplate) -> Attributes:
    content = template.content
    return _key(template.application_id, template.id) | to_item(
        {
            "kind": "template",
            "correlationId": log.correlation_id() or None,
            "account": template.account,
            "semanticVersion": template.semantic_version,
            "status": ACTIVE if template.is_ready else PREPARING,
            "createdAt": template.created_at,
            "validUntil": template.valid_until,
            "expiresAt": int((template.ends_at + _KEPT).timestamp()),
            "documentKey": content.document_key,
            "assets": content.assets,
            "requiredCapabilities": content.required_capabilities,
            "samAlone": int(content.sam_alone),
        }
    )


def _template(item: Attributes) -> DeployableTemplate:
    values = from_item(item)
    return DeployableTemplate(
        id=values["SK"].removeprefix("TEMPLATE#"),
        application_id=values["PK"].removeprefix("APP#"),
        account=values["account"],
        semantic_version=values["semanticVersion"],
        created_at=values["createdAt"],
        valid_until=values["validUntil"],
        content=Deployable(
            document_key=values["documentKey"],
            assets=tuple(values["assets"]),
            required_capabilities=tuple(values["requiredCapabilities"]),
            sam_alone=bool(values["samAlone"]),
        ),
        is_ready=values["status"] == ACTIVE,
    )
