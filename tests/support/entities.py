"""The entity table and the assets bucket in moto, formed as the program makes them, and things to put in."""

from typing import Any

from registry.domain.applications import Application, Version
from registry.domain.arns import ApplicationArn

REGION = "us-east-1"
OWNER = "999999999999"
PUBLISHER = "111111111111"
CONSUMER = "222222222222"
TABLE = "sar-alpha-entities"
BUCKET = f"sar-alpha-assets-{OWNER}-{REGION}"


def create_entity_table(dynamodb: Any) -> None:
    dynamodb.create_table(
        TableName=TABLE,
        KeySchema=[
            {"AttributeName": "PK", "KeyType": "HASH"},
            {"AttributeName": "SK", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "PK", "AttributeType": "S"},
            {"AttributeName": "SK", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )


def arn(name: str, account: str = PUBLISHER) -> ApplicationArn:
    return ApplicationArn(partition="aws", region=REGION, account=account, name=name)


def application(name: str, **fields: Any) -> Application:
    given = {
        "arn": arn(name),
        "id": f"ID-{name}",
        "rev": 1,
        "author": "Ada",
        "description": "first",
        "labels": ("tag",),
        "created_at": "2026-11-24T06:16:00.000Z",
    }
    return Application(**{**given, **fields})


def version(semantic_version: str, **fields: Any) -> Version:
    given = {
        "semantic_version": semantic_version,
        "template_digest": "a" * 64,
        "content_digest": "c" * 64,
        "created_at": "2026-11-24T06:16:00.000Z",
    }
    return Version(**{**given, **fields})
