"""`registry import`: applications of AWS's own repository, published here for an account."""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from registry.domain.arns import ApplicationArn
from registry.domain.inputs import CreateApplication, CreateApplicationVersion
from registry.domain.nested import nested_in
from registry.domain.resources import resources_of
from registry.domain.s3_urls import S3Object
from registry.domain.templates import parse_template
from registry.errors import AlreadyExists, Invalid
from registry.services.content import Content
from registry.services.dependencies import Dependencies
from registry.services.publishing import Publishing
from registry.stores.applications import ApplicationStore
from registry.stores.assets import BLOBS, MAX_ASSET_BYTES, AssetStore, Kept
from registry_cli.import_source import AwsRepository
from registry_cli.onboard import account_id
from registry_cli.stage import Stage, add_stage_arguments

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# What points this machine's tools at a registry must not lead back into one.
_AWS_ITSELF = Config(ignore_configured_endpoint_urls=True)  # type: ignore[call-arg]


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser(
        "import",
        help="publish applications of AWS's own repository here",
        description="Reads from AWS with the credentials in use, which must be able to deploy the "
        "application, and publishes under --account with the same name. Import what an application nests "
        "before it. Run again, it adds what is missing.",
    )
    parser.add_argument("arns", nargs="+", metavar="ARN", help="of applications in AWS's repository")
    parser.add_argument("--account", type=account_id, required=True, help="whom they will belong to here")
    parser.add_argument(
        "--versions", choices=("newest", "all"), default="newest", help="newest when left out"
    )
    add_stage_arguments(parser)


def run(args: argparse.Namespace) -> int:
    arns = [ApplicationArn.parse(arn) for arn in args.arns]
    stage = Stage.of(args)
    for arn in arns:
        source = boto3.Session(region_name=arn.region)
        importing = Import(
            repository=AwsRepository(client=source.client("serverlessrepo", config=_AWS_ITSELF)),
            publishing=_publishing(stage, source.client("s3", config=_AWS_ITSELF)),
            account=args.account,
            region=stage.region,
        )
        for row in importing.application(arn, only_newest=args.versions == "newest"):
            print(
                json.dumps(row) if args.json else f"{row['applicationId']} {row['version']}: {row['result']}"
            )
    return 0


@dataclass(frozen=True, kw_only=True)
class Importer:
    """Publishes in an account's name, with an operator's rights."""

    account: str
    region: str
    principal: str = "registry import"

    def may(self, _action: str, /) -> bool:
        return True

    def organization(self) -> str | None:
        return None


@dataclass(frozen=True, kw_only=True)
class Import:
    repository: AwsRepository
    publishing: Publishing
    account: str
    region: str

    def application(self, arn: ApplicationArn, *, only_newest: bool) -> Sequence[dict[str, str]]:
        """What was done, a row for each version: `published`, or `there` when its number was taken."""
        about = self.repository.application(str(arn))
        newest = about.get("Version", {}).get("SemanticVersion")
        if newest is None:
            raise Invalid(f"Application {arn} has no version that these credentials may deploy.")
        numbers = [newest] if only_newest else [*self.repository.versions(str(arn))]
        own = self._renamed(arn)
        results = [self._version(arn, own, number, about) for number in numbers]
        return [
            {"applicationId": str(own), "version": number, "result": result}
            for number, result in zip(numbers, results, strict=True)
        ]

    def _version(self, arn: ApplicationArn, own: ApplicationArn, number: str, about: Any) -> str:
        caller = Importer(account=self.account, region=self.region)
        content = {
            "template_body": self._template(arn, number),
            "source_code_url": self.repository.version(str(arn), number).get("SourceCodeUrl"),
        }
        created = self._metadata(about) | content | {"semantic_version": number}
        try:
            self.publishing.create(caller, CreateApplication(**created))
            return "published"
        except AlreadyExists:
            pass
        try:
            self.publishing.create_version(
                caller,
                CreateApplicationVersion(application_id=str(own), semantic_version=number, **content),
            )
        except AlreadyExists:
            return "there"
        return "published"

    def _metadata(self, about: Any) -> dict[str, Any]:
        return {
            "name": about["Name"],
            "author": about["Author"],
            "description": about["Description"],
            "labels": tuple(about.get("Labels", ())),
            "home_page_url": about.get("HomePageUrl"),
            "spdx_license_id": about.get("SpdxLicenseId"),
            "license_body": self._text(about.get("LicenseUrl")),
            "readme_body": self._text(about.get("ReadmeUrl")),
        }

    def _text(self, url: str | None) -> str | None:
        return None if url is None else self.repository.read(url)

    def _template(self, arn: ApplicationArn, number: str) -> str:
        """With nested applications named as they are here."""
        text = self.repository.template(str(arn), number)
        nested = nested_in(resources_of(parse_template(text).document)).applications
        for one in {one.application_id for one in nested}:
            text = text.replace(one, str(self._renamed(ApplicationArn.parse(one))))
        return text

    def _renamed(self, arn: ApplicationArn) -> ApplicationArn:
        return ApplicationArn(
            partition=arn.partition, region=self.region, account=self.account, name=arn.name
        )


class DownloadedAssets(AssetStore):
    """Code comes by way of this machine: AWS's buckets let the operator read, not the registry."""

    def __init__(self, source: S3Client, target: S3Client, *, bucket: str, owner: str) -> None:
        super().__init__(lambda: target, bucket=bucket, owner=owner, now=_now)
        self._source, self._target = source, target

    def copy_asset(self, where: S3Object, *, account: str, still_time: Callable[[], None]) -> Kept:  # noqa: ARG002
        version: Any = {"VersionId": where.version_id} if where.version_id else {}
        answer = self._source.get_object(Bucket=where.bucket, Key=where.key, **version)
        if answer["ContentLength"] > MAX_ASSET_BYTES:
            raise Invalid(f"{where.key} has {answer['ContentLength']} bytes, {MAX_ASSET_BYTES} allowed")
        with closing(answer["Body"]) as body:
            content = body.read()
        digest = hashlib.sha256(content)
        self._target.put_object(
            Bucket=self._bucket,
            Key=BLOBS + digest.hexdigest(),
            Body=content,
            ChecksumSHA256=base64.b64encode(digest.digest()).decode(),
            ExpectedBucketOwner=self._owner,
        )
        return Kept(digest=digest.hexdigest(), size=len(content))


def _publishing(stage: Stage, source: S3Client) -> Publishing:
    session = stage.session
    owner = session.client("sts").get_caller_identity()["Account"]
    applications = ApplicationStore(
        session.client("dynamodb"),
        table=stage.named("entities"),
        partition=stage.partition,
        region=stage.region,
    )
    assets = DownloadedAssets(
        source, session.client("s3"), bucket=stage.named("assets", owner, stage.region), owner=owner
    )
    content = Content(
        assets=assets,
        may_nest=Dependencies(applications=applications).check,
        now=_now,
        copy_budget_s=3600,  # nobody waits for an answer
        clock=time.monotonic,
    )
    return Publishing(applications=applications, content=content, now=_now)


def _now() -> datetime:
    return datetime.now(UTC)
