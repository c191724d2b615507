"""The assets bucket: what publishers hand in, each object under the SHA-256 of its content.

    documents/sha256/<digest>   templates, licences, readmes
    blobs/sha256/<digest>       code, layers, definitions, source archives

Publishers' buckets are read with the registry's own role, so every read and copy names the account that must
own the bucket: without that the registry would read any bucket that its role may. Errors of AWS that no
refusal below covers pass.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from registry.domain.s3_urls import S3Object, is_object_address
from registry.errors import Invalid, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DOCUMENTS = "documents/sha256/"
BLOBS = "blobs/sha256/"
MAX_ASSET_BYTES = 250 * 1024 * 1024
MAX_ARCHIVE_BYTES = 50 * 1024 * 1024
# `registry collect` takes what nothing names and is older than a day: a blob is made young again before
# a version comes to name it.
YOUNG = timedelta(hours=12)
_CHUNK = 1024 * 1024
_ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")


@dataclass(frozen=True, kw_only=True)
class Kept:
    """An object that the registry has now, and its length in bytes."""

    digest: str
    size: int


@dataclass(frozen=True, kw_only=True)
class _Source(Kept):
    """A publisher's object as it was when its digest was taken."""

    where: S3Object
    account: str
    etag: str


class AssetStore:
    """`owner` is the account of `bucket`; `s3` gives the client, which only publications need.

    A `still_time` raises Unavailable when time is up.
    """

    def __init__(
        self, s3: Callable[[], S3Client], *, bucket: str, owner: str, now: Callable[[], datetime]
    ) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._owner = owner
        self._now = now

    def put_document(self, content: bytes, content_type: str) -> str:
        """One put, no question first; returns the digest."""
        digest = hashlib.sha256(content)
        self._s3().put_object(
            Bucket=self._bucket,
            Key=DOCUMENTS + digest.hexdigest(),
            Body=content,
            ContentType=content_type,
            ChecksumSHA256=base64.b64encode(digest.digest()).decode(),
            ExpectedBucketOwner=self._owner,
        )
        return digest.hexdigest()

    def read(self, where: S3Object, *, account: str, max_bytes: int, field: str) -> bytes:
        """A publisher's document. Raises Invalid when it is unreadable or larger than `max_bytes`."""
        with _source_faults(where):
            answer = self._open(where, account)
            with closing(answer["Body"]) as body:
                _check_size(answer["ContentLength"], max_bytes, field)
                return bytes(body.read())

    def copy_asset(self, where: S3Object, *, account: str, still_time: Callable[[], None]) -> Kept:
        """Copies code or a definition inside S3, unless the registry has it."""
        source = self._digest(where, account, MAX_ASSET_BYTES, still_time, magic=())
        self._keep(source, still_time)
        return source

    def copy_archive(self, where: S3Object, *, account: str, still_time: Callable[[], None]) -> Kept:
        """The same for a source archive, which must be a ZIP file of at most MAX_ARCHIVE_BYTES.

        Nobody here ever unpacks it, so what is in it (a bomb, a symbolic link, a path upwards) is only
        handed on to whoever fetches it.
        """
        source = self._digest(where, account, MAX_ARCHIVE_BYTES, still_time, magic=_ZIP_MAGIC)
        self._keep(source, still_time)
        return source

    def _open(self, where: S3Object, account: str) -> Any:
        if where.bucket == self._bucket or not is_object_address(where.bucket, where.key):
            # The registry's own bucket as well: its role reads there what the caller may not.
            raise _unreadable(where, "Access denied")
        version: Any = {"VersionId": where.version_id} if where.version_id else {}
        return self._s3().get_object(
            Bucket=where.bucket,
            Key=where.key,
            **version,
            ExpectedBucketOwner=account,
            ChecksumMode="ENABLED",
        )

    def _digest(
        self,
        where: S3Object,
        account: str,
        max_bytes: int,
        still_time: Callable[[], None],
        magic: tuple[bytes, ...],
    ) -> _Source:
        """S3's own SHA-256 when it has one of the whole object, else by reading it once."""
        still_time()
        with _source_faults(where):
            answer = self._open(where, account)
            with closing(answer["Body"]) as body:
                _check_size(answer["ContentLength"], max_bytes, where.key)
                first = body.read(_CHUNK)
                if magic and not first.startswith(magic):
                    raise Invalid(f"sourceCodeArchiveUrl must name a ZIP file; {where.key} is none")
                digest = _known_sha256(answer)
                if digest is None:
                    running = hashlib.sha256(first)
                    for chunk in body.iter_chunks(_CHUNK):
                        still_time()
                        running.update(chunk)
                    digest = running.hexdigest()
        return _Source(
            where=where,
            account=account,
            etag=answer["ETag"],
            digest=digest,
            size=answer["ContentLength"],
        )

    def _keep(self, source: _Source, still_time: Callable[[], None]) -> None:
        still_time()
        age = self._age(BLOBS + source.digest)
        if age is None or (age > YOUNG and not self._made_young(source.digest)):
            self._copy_in(source)

    def _made_young(self, digest: str) -> bool:
        """Copies a blob onto itself: one that is stored is never written from a publisher's bucket again.

        False when it was cleaned up since it was looked at.
        """
        stored = S3Object(bucket=self._bucket, key=BLOBS + digest)
        try:
            self._copy(stored, self._owner, digest)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return False
            raise
        return True

    def _age(self, key: str) -> timedelta | None:
        """None when there is no such blob."""
        try:
            head = self._s3().head_object(Bucket=self._bucket, Key=key, ExpectedBucketOwner=self._owner)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return None
            raise
        return self._now() - head["LastModified"]

    def _copy_in(self, source: _Source) -> None:
        try:
            sha256, version = self._copy(source.where, source.account, source.digest, if_match=source.etag)
        except ClientError as error:
            # It was readable a moment ago; any other refusal is the registry's own trouble.
            if error.response["ResponseMetadata"]["HTTPStatusCode"] in (404, 412):
                raise _changed(source.where) from error
            raise
        if sha256 not in (None, source.digest):
            # Two contents can share an ETag (MD5) on purpose; the checksum of what arrived tells.
            # Exactly this copy goes: a good one may have come on top of it.
            key = BLOBS + source.digest
            exactly: Any = {"VersionId": version} if version else {}
            self._s3().delete_object(Bucket=self._bucket, Key=key, **exactly, ExpectedBucketOwner=self._owner)
            raise _changed(source.where)

    def _copy(
        self, source: S3Object, account: str, digest: str, if_match: str | None = None
    ) -> tuple[str | None, str | None]:
        """The SHA-256 that S3 computed on arrival, and the copy's version id, where S3 says them."""
        from_where: Any = {"Bucket": source.bucket, "Key": source.key}
        if source.version_id:
            from_where["VersionId"] = source.version_id
        guard: Any = {"CopySourceIfMatch": if_match} if if_match else {}
        answer = self._s3().copy_object(
            Bucket=self._bucket,
            Key=BLOBS + digest,
            CopySource=from_where,
            **guard,
            ChecksumAlgorithm="SHA256",
            MetadataDirective="REPLACE",  # neither the publisher's metadata nor its tags: reading tags
            TaggingDirective="REPLACE",  # would take one more permission on the publisher's bucket
            ExpectedBucketOwner=self._owner,
            ExpectedSourceBucketOwner=account,
        )
        return _hex(answer["CopyObjectResult"].get("ChecksumSHA256")), answer.get("VersionId")


@contextmanager
def _source_faults(where: S3Object) -> Iterator[None]:
    """What S3 says of a publisher's object, in the service's words (serverlessrepo-api.md §7)."""
    try:
        yield
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        code = error.response["Error"]["Code"]
        if status in (403, 404):
            raise _unreadable(where, "Access denied") from error
        if status in (301, 307, 400, 405, 409) and code != "RequestTimeout":
            raise _unreadable(where, code) from error
        raise
    except BotoCoreError as error:
        raise Unavailable(f"S3 did not give s3://{where.bucket}/{where.key} in time. Try again.") from error


def _unreadable(where: S3Object, why: str) -> Invalid:
    # Clients match `bucket=(.+?), key=(.+?)$`: the key ends the message.
    return Invalid(f"Failed to copy S3 object. {why}: bucket={where.bucket}, key={where.key}")


def _changed(where: S3Object) -> Unavailable:
    return Unavailable(f"s3://{where.bucket}/{where.key} changed while it was copied. Publish again.")


def _check_size(size: int, max_bytes: int, what: str) -> None:
    if size > max_bytes:
        raise Invalid(f"{what} has {size} bytes, {max_bytes} ({max_bytes >> 20} MB) allowed")


def _known_sha256(answer: Any) -> str | None:
    """A composite checksum (of a multipart upload's parts, with their number) is not the content's."""
    checksum = answer.get("ChecksumSHA256")
    if checksum is None or "-" in checksum or answer.get("ChecksumType") == "COMPOSITE":
        return None
    return _hex(checksum)


def _hex(checksum: str | None) -> str | None:
    return base64.b64decode(checksum).hex() if checksum else None
