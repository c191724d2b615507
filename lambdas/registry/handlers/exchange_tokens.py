"""The exchange function: `POST /auth/token`, the only route that strangers reach. It cannot read any key."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import botocore.session
from botocore.config import Config
from botocore.httpsession import URLLib3Session

from registry.api.token_exchange import answer_exchange
from registry.domain.role_patterns import RolePatterns
from registry.services.exchange import Exchange
from registry.stores.keys import KeyStore
from registry.stores.organizations import OrganizationStore
from registry.stores.sts import Sts

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient

# Three calls one after the other stay under the function's 15 s.
_CALLS = Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 2, "mode": "standard"})
_STS_TIMEOUT_S: Any = (1.0, 3.0)  # to connect, to read; botocore-stubs knows of one number alone


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    return answer_exchange(event, exchange)


@cache
def exchange() -> Exchange:
    """Once a cold start. Raises Invalid when the role patterns are wrong."""
    session = botocore.session.get_session()
    region = os.environ["AWS_REGION"]
    dynamodb = cast("DynamoDBClient", session.create_client("dynamodb", config=_CALLS))
    keys = KeyStore(
        dynamodb,
        cast("KMSClient", session.create_client("kms", config=_CALLS)),
        table=os.environ["KEY_TABLE"],
        kms_key=os.environ["KEYS_KMS_KEY"],
    )
    organizations = OrganizationStore(dynamodb, table=os.environ["ENTITY_TABLE"])
    return Exchange(
        keys=keys,
        sts=Sts(http=URLLib3Session(timeout=_STS_TIMEOUT_S), endpoint=_sts_endpoint(session, region)),
        sts_host=sts_host(session, region),
        patterns=RolePatterns.parse(os.environ["ROLE_PATTERNS"]),
        organization_of=organizations.organization_of,
        stage=os.environ["STAGE"],
        region=region,
        now=lambda: datetime.now(UTC),
    )


def sts_host(session: botocore.session.Session, region: str) -> str:
    """AWS's own host of STS in `region`, whatever endpoint is configured."""
    found: str = session.get_component("endpoint_resolver").construct_endpoint("sts", region)["hostname"]
    return found


def _sts_endpoint(session: botocore.session.Session, region: str) -> str:
    """Where STS is reached: AWS's own host, or what the SDKs' AWS_ENDPOINT_URL_STS says."""
    session.set_config_variable("sts_regional_endpoints", "regional")
    url: str = session.create_client("sts", region_name=region).meta.endpoint_url
    return url


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    exchange()  # during the start of the sandbox, which has a whole CPU
