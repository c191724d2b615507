"""Registry keys for tests, and where stage alpha keeps them."""

from datetime import UTC, datetime
from typing import Any

from registry.domain.keys import KeyRecord, RegistryKey

REGION = "us-east-1"
TABLE = "sar-alpha-keys"
ENTITY_TABLE = "sar-alpha-entities"


def a_key(access_key_id: str = "111111111111", secret: str = "s" * 40, **changed: Any) -> RegistryKey:
    record: dict[str, Any] = {
        "access_key_id": access_key_id,
        "account": "111111111111",
        "principal": f"arn:aws:serverlessrepo:{REGION}:111111111111:key/{access_key_id}",
        "actions": ("*",),
        "description": "for tests",
        "created_at": datetime(2026, 11, 1, 12, 0, 0, 123456, tzinfo=UTC),
    }
    return RegistryKey(record=KeyRecord(**record | changed), secret=secret)
