"""The assets bucket from inside: what is in it, and taking out of it what nothing names any more.

Only documents and blobs: consumers' copies under `deploy/` are read by stacks for as long as these live.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from registry.stores.assets import BLOBS, DOCUMENTS

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import HeadObjectOutputTypeDef

# Twice the age at which a publication makes a blob young again before a version comes to name it
# (registry.stores.assets.YOUNG): no running publication counts on what is older.
LEAST_GRACE = timedelta(hours=24)
_MOST_VERSIONS = 100  # of one object at a time: whoever has more is swept again


@dataclass(frozen=True, kw_only=True)
class ObjectStore:
    """`account` owns `bucket`; `grace` is at least LEAST_GRACE; `now` is aware.

    Objects that are younger than `grace` are never taken out: a publication that runs may come to name them.
    """

    s3: S3Client
    bucket: str
    account: str
    now: Callable[[], datetime]
    grace: timedelta = LEAST_GRACE

    def old(self) -> Iterator[tuple[str, int]]:
        """Keys of all that is old enough, with sizes in bytes."""
        paginator = self.s3.get_paginator("list_objects_v2")
        for prefix in (DOCUMENTS, BLOBS):
            pages = paginator.paginate(Bucket=self.bucket, Prefix=prefix, ExpectedBucketOwner=self.account)
            for page in pages:
                for found in page.get("Contents", []):
                    if self.is_past_grace(found["LastModified"]):
                        yield found["Key"], found["Size"]

    def is_old(self, key: str) -> bool:
        """False also when there is no such object."""
        seen = self._head(key)
        return seen is not None and self.is_past_grace(seen["LastModified"])

    def remove_if_old(self, key: str) -> bool:
        """Whether it went, with the older versions that come to light then.

        Exactly the version goes that was looked at: one written since then stays.
        """
        for turn in range(_MOST_VERSIONS):
            seen = self._head(key)
            if seen is None:
                return turn > 0
            if not self.is_past_grace(seen["LastModified"]):
                return False
            exactly: Any = {"VersionId": seen["VersionId"]} if "VersionId" in seen else {}
            self.s3.delete_object(Bucket=self.bucket, Key=key, **exactly, ExpectedBucketOwner=self.account)
        return False

    def document(self, digest: str) -> bytes | None:
        """None when it is gone with its application."""
        try:
            answer = self.s3.get_object(
                Bucket=self.bucket, Key=DOCUMENTS + digest, ExpectedBucketOwner=self.account
            )
        except ClientError as error:
            _raise_unless_missing(error)
            return None
        with closing(answer["Body"]) as body:
            return bytes(body.read())

    def is_past_grace(self, moment: datetime) -> bool:
        return self.now() - moment > self.grace

    def _head(self, key: str) -> HeadObjectOutputTypeDef | None:
        try:
            return self.s3.head_object(Bucket=self.bucket, Key=key, ExpectedBucketOwner=self.account)
        except ClientError as error:
            _raise_unless_missing(error)
            return None


def _raise_unless_missing(error: ClientError) -> None:
    if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
        raise error
