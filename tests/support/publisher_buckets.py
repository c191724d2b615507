"""What moto's S3 leaves out and the service relies on: the expected owner of a bucket, and copying only what
is still as it was read."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import ClientError


class OwnersHook:
    """A `before-send.s3` handler. `owners`: bucket -> account; `etag_of` gives an object's current ETag.

    `before_copy` is called when a copy from a foreign bucket is about to begin.
    """

    def __init__(self, owners: Mapping[str, str], etag_of: Callable[[str, str], str]) -> None:
        self.owners = owners
        self.etag_of = etag_of
        self.before_copy: Callable[[], object] = lambda: None

    def register(self, session: Any) -> None:
        """On a botocore session, before its clients are made."""
        session.get_component("event_emitter").register_first("before-send.s3", self)

    def __call__(self, request: AWSPreparedRequest, **_: Any) -> None:
        bucket = (urlsplit(request.url).hostname or "").partition(".s3")[0]
        self._check_owner(bucket, _header(request, "x-amz-expected-bucket-owner"))
        if source := _header(request, "x-amz-copy-source"):
            from_bucket, _, key = unquote(source.lstrip("/").partition("?")[0]).partition("/")
            self._check_owner(from_bucket, _header(request, "x-amz-source-expected-bucket-owner"))
            if from_bucket != bucket:
                self.before_copy()
            seen = _header(request, "x-amz-copy-source-if-match")
            if seen and seen != self.etag_of(from_bucket, key):
                raise _refusal(412, "PreconditionFailed")

    def _check_owner(self, bucket: str, expected: str) -> None:
        """A request that expects no owner at all is refused too: none of the service's may be so careless."""
        if bucket in self.owners and self.owners[bucket] != expected:
            raise _refusal(403, "AccessDenied")


def _header(request: AWSPreparedRequest, name: str) -> str:
    value = request.headers.get(name, "")
    return value.decode() if isinstance(value, bytes) else str(value)


def _refusal(status: int, code: str) -> ClientError:
    answer: Any = {
        "Error": {"Code": code, "Message": code},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(answer, "S3")
