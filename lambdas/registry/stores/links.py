"""Links to objects of the assets bucket: signed here, without S3 and without a client for it.

A client of S3 takes a fifth of a cold start, and readers need nothing else of it. A test holds these links
against those that boto3 makes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest

if TYPE_CHECKING:
    from botocore.credentials import ReadOnlyCredentials

    from registry.stores.roles import LinkSessions

LINK_S = 3600


@dataclass(frozen=True, kw_only=True)
class Links:
    """`base` is the bucket's own URL. `credentials` are asked for each link: a role's change."""

    base: str
    region: str
    credentials: Callable[[], ReadOnlyCredentials]

    def to(self, key: str, *, seconds: int = LINK_S) -> str:
        """A URL that a plain GET can fetch.

        It ends after that time, or with the session of the role that signed it when that is earlier.
        """
        request = AWSRequest(method="GET", url=f"{self.base}/{key}")
        S3SigV4QueryAuth(self.credentials(), "s3", self.region, expires=seconds).add_auth(request)
        return str(request.url)


@dataclass(frozen=True, kw_only=True)
class SessionLinks:
    """Links whose end is known, each signed with a session that was assumed for it."""

    base: str
    region: str
    sessions: LinkSessions
    now: Callable[[], datetime]

    def until(self, key: str, moment: datetime) -> tuple[str, datetime]:
        """A URL that a plain GET can fetch, and when that ends: at `moment`, or with the session."""
        session = self.sessions.until(moment)
        ends_at = min(moment, session.ends_at)
        seconds = max(1, int((ends_at - self.now()).total_seconds()))
        links = Links(base=self.base, region=self.region, credentials=lambda: session.credentials)
        return links.to(key, seconds=seconds), ends_at


def bucket_url(bucket: str, *, partition: str, region: str, endpoint: str | None) -> str:
    """The virtual-hosted URL of AWS, or the bucket's path under `endpoint` (the SDKs' AWS_ENDPOINT_URL)."""
    if endpoint:
        return f"{endpoint.rstrip('/')}/{bucket}"
    suffix = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
    return f"https://{bucket}.s3.{region}.{suffix}"
