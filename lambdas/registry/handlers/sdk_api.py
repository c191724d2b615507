"""The API Lambda: wires the service to AWS. A client is made once, when it is first needed."""

from __future__ import annotations

import gc
import json
import os
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import botocore.session
from botocore.config import Config
from botocore.exceptions import NoCredentialsError

from registry.api.routes import Route, Services, routes
from registry.api.shapes import Shapes
from registry.api.verdict import Caller, caller_from
from registry.api.wire import answer
from registry.domain.limits import Limits
from registry.errors import Unavailable
from registry.handlers.deployments import Deployments
from registry.services.content import Content
from registry.services.dependencies import Dependencies
from registry.services.publishing import Publishing
from registry.services.reading import Reading
from registry.services.sharing import Sharing
from registry.services.throttling import Throttling
from registry.stores.applications import ApplicationStore
from registry.stores.assets import BLOBS, DOCUMENTS, AssetStore
from registry.stores.links import Links, bucket_url
from registry.stores.organizations import OrganizationStore
from registry.stores.throttles import ThrottleStore

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.credentials import ReadOnlyCredentials
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client

_PAGE_KEY_MESSAGE = b"registry page tokens v1"
_QUICK = Config(connect_timeout=1, read_timeout=3, retries={"total_max_attempts": 3, "mode": "standard"})
# Requests are counted while their callers wait, and answered uncounted rather than late.
_AT_ONCE = Config(connect_timeout=0.3, read_timeout=0.3, retries={"total_max_attempts": 1})
# The Auth Lambda may start cold and look a key up.
_VERIFY = Config(connect_timeout=1, read_timeout=9, retries={"total_max_attempts": 2, "mode": "standard"})
# A copy of 250 MB answers only when it is done.
_COPYING = Config(
    connect_timeout=2,
    read_timeout=18,
    retries={"total_max_attempts": 2, "mode": "standard"},
    signature_version="s3v4",
)


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Takes and gives API Gateway's proxy integration format. Never raises."""
    return answer(event, caller_of=_caller, routes=_routes)


def _caller(event: Mapping[str, Any]) -> Caller:
    # One look-up for a request, however many applications it asks about.
    organization_of = cache(_organizations().organization_of)
    return replace(
        caller_from(event, _verify), region=os.environ["AWS_REGION"], organization_of=organization_of
    )


@cache
def _organizations() -> OrganizationStore:
    return OrganizationStore(_dynamodb(), table=os.environ["ENTITY_TABLE"])


@cache
def _dynamodb() -> DynamoDBClient:
    return cast("DynamoDBClient", _client("dynamodb", _QUICK))


@cache
def _counting_dynamodb() -> DynamoDBClient:
    return cast("DynamoDBClient", _client("dynamodb", _AT_ONCE))


def _verify(question: dict[str, Any]) -> dict[str, Any]:
    """Asks the Auth Lambda about a body. Raises Unavailable when it fails."""
    answered = _lambda().invoke(
        FunctionName=os.environ["AUTHORIZE_FUNCTION"], Payload=json.dumps(question).encode()
    )
    if answered.get("FunctionError"):
        raise Unavailable("The registry cannot verify signatures at this moment. Try again.")
    verdict: dict[str, Any] = json.loads(answered["Payload"].read())
    return verdict


@cache
def _routes() -> tuple[Route, ...]:
    dynamodb = _dynamodb()
    limits = Limits.parse(os.environ.get("LIMITS", ""))
    applications = ApplicationStore(
        dynamodb,
        table=os.environ["ENTITY_TABLE"],
        partition=os.environ["PARTITION"],
        region=os.environ["AWS_REGION"],
    )
    assets = AssetStore(_s3, bucket=os.environ["ASSETS_BUCKET"], owner=os.environ["ACCOUNT_ID"], now=_now)
    links = _links()
    dependencies = Dependencies(applications=applications, depth=limits.nesting_depth)
    content = Content(
        assets=assets,
        may_nest=dependencies.check,
        allowed_resource_types=limits.allowed_resource_types,
        now=_now,
        clock=time.monotonic,
    )
    return routes(
        Services(
            publishing=Publishing(
                applications=applications,
                content=content,
                now=_now,
                max_stored_bytes=limits.stored_bytes_per_account,
            ),
            reading=Reading(
                applications=applications, dependencies=dependencies, page_key=_page_key, now=_now
            ),
            deploying=Deployments(
                session=_session,
                dynamodb=dynamodb,
                s3=_s3,
                applications=applications,
                bucket_url=links.base,
                depth=dependencies.depth,
            ).service(),
            sharing=Sharing(applications=applications, membership=_organizations().find, limits=limits),
            throttling=Throttling(
                buckets=ThrottleStore(_counting_dynamodb, table=os.environ["ENTITY_TABLE"]),
                limits=limits,
                clock=lambda: time.time_ns() // 1_000_000,
            ),
        ),
        Shapes(
            document_url=lambda digest: links.to(DOCUMENTS + digest),
            blob_url=lambda digest: links.to(BLOBS + digest),
            allowed_resource_types=limits.allowed_resource_types,
        ),
    )


def _links() -> Links:
    environment = os.environ
    base = bucket_url(
        environment["ASSETS_BUCKET"],
        partition=environment["PARTITION"],
        region=environment["AWS_REGION"],
        endpoint=environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL"),
    )
    return Links(base=base, region=environment["AWS_REGION"], credentials=_credentials)


def _credentials() -> ReadOnlyCredentials:
    found = _session().get_credentials()
    if found is None:
        raise NoCredentialsError
    return found.get_frozen_credentials()


@cache
def _page_key() -> bytes:
    """32 bytes that only this stage's key in KMS can make."""
    kms = cast("KMSClient", _client("kms", _QUICK))
    made = kms.generate_mac(
        KeyId=os.environ["TOKENS_KMS_KEY"], Message=_PAGE_KEY_MESSAGE, MacAlgorithm="HMAC_SHA_256"
    )
    return made["Mac"]


@cache
def _session() -> botocore.session.Session:
    return botocore.session.get_session()


def _client(service: str, config: Config) -> BaseClient:
    """A client's model is some 100,000 objects that all stay: looking for garbage among them while it is read
    takes a third of the time.
    """
    gc.disable()
    try:
        return _session().create_client(service, config=config)
    finally:
        gc.enable()


@cache
def _lambda() -> LambdaClient:
    return cast("LambdaClient", _client("lambda", _VERIFY))


@cache
def _s3() -> S3Client:
    return cast("S3Client", _client("s3", _COPYING))


def _now() -> datetime:
    return datetime.now(UTC)


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    _routes()  # during the start of the sandbox, which has a whole CPU and is not on the first caller's clock
