"""`registry collect`: removes what deletes and broken-off publications left behind in a stage.

That is, once it is older than a grace period: versions whose application is gone, and documents and code that
no application and no version names. Safe to run at any time and to run again.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from registry.stores.assets import BLOBS, DOCUMENTS
from registry_cli.stage import Stage, add_stage_arguments
from registry_cli.tables import as_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import HeadObjectOutputTypeDef

# Twice the age at which a publication makes a blob young again before a version comes to name it
# (registry.stores.assets.YOUNG): no running publication counts on what is older.
LEAST_GRACE = timedelta(hours=24)
_DIGESTS_OF: dict[str, dict[str, tuple[str, ...]]] = {
    "application": {DOCUMENTS: ("licenseDigest", "readmeDigest")},
    "version": {DOCUMENTS: ("templateDigest",), BLOBS: ("sourceArchiveDigest", "assets")},
}


@dataclass(kw_only=True)
class Leftovers:
    """What may go: keys of version items, and of objects with their sizes in bytes."""

    versions: list[dict[str, Any]] = field(default_factory=list)
    objects: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Collector:
    """Works on one table and one bucket, which `account` owns; `grace` is at least LEAST_GRACE.

    `now` is aware.
    """

    dynamodb: DynamoDBClient
    s3: S3Client
    table: str
    bucket: str
    account: str
    grace: timedelta
    now: Callable[[], datetime]

    def find(self) -> Leftovers:
        """Changes nothing.

        Objects are listed before the table is read: one that a publication comes to name in between is
        either named by what is read, or young.
        """
        found = Leftovers(objects=dict(self._old_objects()))
        items = list(self._items())
        living = {item["id"]["S"] for item in items if item["kind"]["S"] == "application"}
        for item in items:
            if self._is_orphan(item, living):
                found.versions.append({"PK": item["PK"], "SK": item["SK"]})
            else:
                for key in _named_by(item):
                    found.objects.pop(key, None)
        return found

    def remove(self, found: Leftovers) -> None:
        """Versions first. An object that became young since it was found stays.

        Of an object exactly the version goes that was looked at: one written in between stays as well.
        """
        for version in found.versions:
            self.dynamodb.delete_item(TableName=self.table, Key=version)
        for key in found.objects:
            seen = self._head(key)
            if seen is not None and self._is_old(seen["LastModified"]):
                exactly: Any = {"VersionId": seen["VersionId"]} if "VersionId" in seen else {}
                self.s3.delete_object(
                    Bucket=self.bucket, Key=key, **exactly, ExpectedBucketOwner=self.account
                )

    def _old_objects(self) -> Iterator[tuple[str, int]]:
        paginator = self.s3.get_paginator("list_objects_v2")
        for prefix in (DOCUMENTS, BLOBS):
            for page in paginator.paginate(
                Bucket=self.bucket, Prefix=prefix, ExpectedBucketOwner=self.account
            ):
                for found in page.get("Contents", []):
                    if self._is_old(found["LastModified"]):
                        yield found["Key"], found["Size"]

    def _items(self) -> Iterator[Any]:
        """The applications and versions. Parameters, the bulk of a version, stay in the table."""
        pages = self.dynamodb.get_paginator("scan").paginate(
            TableName=self.table,
            ConsistentRead=True,
            FilterExpression="kind IN (:application, :version)",
            ExpressionAttributeValues={":application": {"S": "application"}, ":version": {"S": "version"}},
            ProjectionExpression=(
                "PK, SK, kind, id, createdAt, licenseDigest, readmeDigest, "
                "templateDigest, sourceArchiveDigest, assets"
            ),
        )
        for page in pages:
            yield from page["Items"]

    def _is_orphan(self, item: Any, living: set[str]) -> bool:
        """A young version may have come with an application that the scan had already passed."""
        return (
            item["kind"]["S"] == "version"
            and item["PK"]["S"].removeprefix("APP#") not in living
            and self._is_old(datetime.fromisoformat(item["createdAt"]["S"]))
        )

    def _is_old(self, moment: datetime) -> bool:
        return self.now() - moment > self.grace

    def _head(self, key: str) -> HeadObjectOutputTypeDef | None:
        """None when there is no such object any more."""
        try:
            return self.s3.head_object(Bucket=self.bucket, Key=key, ExpectedBucketOwner=self.account)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return None
            raise


def _named_by(item: Any) -> Iterator[str]:
    """Keys of the objects that an application or a version cannot do without."""
    for prefix, attributes in _DIGESTS_OF[item["kind"]["S"]].items():
        for attribute in attributes:
            value = item.get(attribute, {"L": []})
            for digest in value.get("L", [value]):
                yield prefix + digest["S"]


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser(
        "collect",
        help="remove what deletes and broken-off publications left behind",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_stage_arguments(parser)
    parser.add_argument(
        "--older-than",
        type=_grace,
        default=LEAST_GRACE,
        metavar="HOURS",
        help="leave alone what is younger; 24 (the default) at least",
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would go, remove nothing")


def run(args: argparse.Namespace) -> int:
    stage = Stage.of(args)
    session = stage.session
    account = session.client("sts").get_caller_identity()["Account"]
    collector = Collector(
        dynamodb=session.client("dynamodb"),
        s3=session.client("s3"),
        table=stage.named("entities"),
        bucket=stage.named("assets", account, stage.region),
        account=account,
        grace=args.older_than,
        now=lambda: datetime.now(UTC),
    )
    found = collector.find()
    if not args.dry_run:
        collector.remove(found)
    sys.stdout.write(_report(found, dry_run=args.dry_run, as_json=args.json) + "\n")
    return 0


def _report(found: Leftovers, *, dry_run: bool, as_json: bool) -> str:
    counts = {
        "versions": len(found.versions),
        "documents": sum(key.startswith(DOCUMENTS) for key in found.objects),
        "blobs": sum(key.startswith(BLOBS) for key in found.objects),
        "bytes": sum(found.objects.values()),
    }
    if as_json:
        return json.dumps({"removed": not dry_run, **counts})
    what = "would be removed" if dry_run else "removed"
    rows = [{"what": name, what: f"{count:,}"} for name, count in counts.items()]
    return as_table(["what", what], rows)


def _grace(text: str) -> timedelta:
    least = LEAST_GRACE // timedelta(hours=1)
    if not text.isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of hours, {least} at least")
    return timedelta(hours=int(text))
