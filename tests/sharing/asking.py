"""What these tests publish and ask."""

from typing import Any

from tests.support.entities import CONSUMER, TABLE
from tests.wire import asking
from tests.wire.service import Service

TEMPLATE = '{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}'
# Everything that a public application needs.
COMPLETE = {
    "SemanticVersion": "1.0.0",
    "TemplateBody": TEMPLATE,
    "SourceCodeUrl": "https://example.com/code",
    "LicenseBody": "free",
    "SpdxLicenseId": "MIT",
}
WITH_CONSUMER = {"Actions": ["Deploy"], "Principals": [CONSUMER]}
WITH_ALL = {"Actions": ["Deploy"], "Principals": ["*"]}
ORGANIZATION = "o-abcdefghij"
WITH_ORGANIZATION = {
    "Actions": ["Deploy", "UnshareApplication"],
    "Principals": ["*"],
    "PrincipalOrgIDs": [ORGANIZATION],
}


def publish(client: Any, name: str = "hello", **given: Any) -> str:
    """The ARN of a new application; a member given as None is left out."""
    told = {key: value for key, value in {**COMPLETE, **given}.items() if value is not None}
    return str(asking.create(client, name, **told)["ApplicationId"])


def share(client: Any, arn: str, *statements: dict[str, Any]) -> list[dict[str, Any]]:
    answer = client.put_application_policy(ApplicationId=arn, Statements=list(statements))
    stored: list[dict[str, Any]] = answer["Statements"]
    return stored


def usage(service: Service, account: str) -> dict[str, int]:
    """The account's counts as they are stored; those of nothing are left out."""
    key = {"PK": {"S": f"ACCOUNT#{account}"}, "SK": {"S": "USAGE"}}
    item = service.aws["dynamodb"].get_item(TableName=TABLE, Key=key).get("Item", {})
    return {name: int(value["N"]) for name, value in item.items() if "N" in value and value["N"] != "0"}
