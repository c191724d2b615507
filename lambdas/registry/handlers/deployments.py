"""Wires deployments into consumers' accounts to AWS: the sdk_api function's, out of what it has anyway."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, cast

from botocore.config import Config

from registry.domain.deployments import Onboarding
from registry.services.changesets import ChangeSets
from registry.services.deploying import Deploying
from registry.services.preparing import Preparing
from registry.stores.applications import ApplicationStore
from registry.stores.deploy_copies import DeployCopies
from registry.stores.deployments import DeploymentStore
from registry.stores.links import SessionLinks
from registry.stores.roles import DeploymentSessions, LinkSessions, Session
from registry.stores.templates import TemplateStore

if TYPE_CHECKING:
    import botocore.session
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sts import STSClient

_STS = Config(connect_timeout=1, read_timeout=3, retries={"total_max_attempts": 3, "mode": "standard"})
_CLOUDFORMATION = Config(
    connect_timeout=1, read_timeout=8, retries={"total_max_attempts": 2, "mode": "standard"}
)


@dataclass(frozen=True)
class Deployments:
    """`bucket_url`: the assets bucket's own URL. Settings come from the environment."""

    session: Callable[[], botocore.session.Session]
    dynamodb: DynamoDBClient
    s3: Callable[[], S3Client]
    applications: ApplicationStore
    bucket_url: str
    depth: int

    def service(self) -> Deploying:
        environment = os.environ
        table, bucket = environment["ENTITY_TABLE"], environment["ASSETS_BUCKET"]
        partition, region = environment["PARTITION"], environment["AWS_REGION"]
        role = environment["DEPLOYMENT_ROLE"]
        templates = TemplateStore(self.dynamodb, table=table)
        copies = DeployCopies(self.s3, bucket=bucket, owner=environment["ACCOUNT_ID"], base=self.bucket_url)
        links = SessionLinks(
            base=self.bucket_url,
            region=region,
            sessions=LinkSessions(lambda: self._sts, role=environment["LINKS_ROLE"]),
            now=_now,
        )
        return Deploying(
            applications=self.applications,
            templates=templates,
            preparing=Preparing(copies=copies, templates=templates, now=_now, clock=time.monotonic),
            change_sets=ChangeSets(
                deployments=DeploymentStore(self.dynamodb, table=table),
                sessions=DeploymentSessions(lambda: self._sts, partition=partition, role=role),
                cloudformation=self._cloudformation,
                onboarding=Onboarding(role=role, stage=environment["STAGE"], region=region),
                bucket=bucket,
                partition=partition,
                url_of=copies.url,
            ),
            link=links.until,
            depth=self.depth,
            now=_now,
        )

    @cached_property
    def _sts(self) -> STSClient:
        return cast("STSClient", self.session().create_client("sts", config=_STS))

    def _cloudformation(self, session: Session) -> CloudFormationClient:
        """A client that acts in a consumer's account; each is good for one session."""
        credentials = session.credentials
        made = self.session().create_client(
            "cloudformation",
            config=_CLOUDFORMATION,
            aws_access_key_id=credentials.access_key,
            aws_secret_access_key=credentials.secret_key,
            aws_session_token=credentials.token,
        )
        return cast("CloudFormationClient", made)


def _now() -> datetime:
    return datetime.now(UTC)
