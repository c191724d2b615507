"""What consumers' stacks read in the assets bucket: each account under a prefix that it alone may read.

    deploy/<account>/sha256/<digest>            code, layers, definitions
    deploy/<account>/templates/<digest>.json    finished templates, which CloudFormation reads

Stacks read them again at every update and rollback, so they stay. Errors of AWS that no refusal below covers
pass.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from registry.errors import NotFound
from registry.stores.assets import BLOBS, DOCUMENTS

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class DeployCopies:
    """`owner` is the account of `bucket`, `base` the bucket's URL; `s3` gives the client."""

    def __init__(self, s3: Callable[[], S3Client], *, bucket: str, owner: str, base: str) -> None:
        self._s3 = s3
        self.bucket = bucket
        self._owner = owner
        self._base = base

    def asset_key(self, account: str, digest: str) -> str:
        return f"deploy/{account}/sha256/{digest}"

    def template_key(self, account: str, content: bytes) -> str:
        return f"deploy/{account}/templates/{hashlib.sha256(content).hexdigest()}.json"

    def url(self, key: str) -> str:
        """The object's plain address, for whom the bucket's policy lets in."""
        return f"{self._base}/{key}"

    def read_document(self, digest: str) -> bytes:
        """A stored template. Raises NotFound when its application was deleted and cleaned up."""
        try:
            answer = self._s3().get_object(
                Bucket=self.bucket, Key=DOCUMENTS + digest, ExpectedBucketOwner=self._owner
            )
        except ClientError as error:
            raise _gone(error, "template") from error
        with closing(answer["Body"]) as body:
            return bytes(body.read())

    def put_template(self, key: str, content: bytes) -> None:
        """The same content always has the same key: putting it again changes nothing."""
        self._s3().put_object(
            Bucket=self.bucket,
            Key=key,
            Body=content,
            ContentType="application/json",
            # A key of KMS would need a grant for every consumer.
            ServerSideEncryption="AES256",
            ChecksumSHA256=base64.b64encode(hashlib.sha256(content).digest()).decode(),
            ExpectedBucketOwner=self._owner,
        )

    def copy_asset(self, account: str, digest: str) -> None:
        """Copies an object inside S3 unless the account has it: one read or two calls.

        Raises NotFound when the object was deleted with its application.
        """
        key = self.asset_key(account, digest)
        if self._has(key):
            return
        try:
            self._s3().copy_object(
                Bucket=self.bucket,
                Key=key,
                CopySource={"Bucket": self.bucket, "Key": BLOBS + digest},
                ServerSideEncryption="AES256",
                ExpectedBucketOwner=self._owner,
                ExpectedSourceBucketOwner=self._owner,
            )
        except ClientError as error:
            raise _gone(error, "code") from error

    def _has(self, key: str) -> bool:
        try:
            self._s3().head_object(Bucket=self.bucket, Key=key, ExpectedBucketOwner=self._owner)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return False
            raise
        return True


def _gone(error: ClientError, what: str) -> Exception:
    """NotFound for an object that is not there, else the error itself."""
    if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
        return error
    return NotFound(f"The application's {what} is no longer stored: it was deleted")
