"""Addresses of S3 objects: the only addresses that the registry ever reads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from registry.errors import Invalid

_HOST = re.compile(
    r"(?:(?P<bucket>[^/]+)\.)?s3(?:-fips)?(?:[.-]dualstack)?(?:[.-][a-z]{2,}(?:-[a-z]+)+-\d)?\.amazonaws\.com(?:\.cn)?"
)
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_MAX_KEY_BYTES = 1024


@dataclass(frozen=True, kw_only=True)
class S3Object:
    """`version_id` is None for the newest version."""

    bucket: str
    key: str
    version_id: str | None = None


def parse_s3_url(url: str, field: str) -> S3Object:
    """Reads `s3://bucket/key` and the https forms (virtual-hosted, path, dual-stack), `?versionId=` too.

    Raises Invalid, naming `field`, on every other URL.
    """
    try:
        parts = urlsplit(url)
        query = parse_qs(parts.query)
    except ValueError:
        raise _invalid(url, field) from None
    path = parts.path.removeprefix("/")
    if parts.scheme == "s3":
        bucket, key = parts.netloc, path
    elif parts.scheme == "https" and (host := _HOST.fullmatch(parts.netloc)):
        path = unquote(path)
        bucket, key = (host["bucket"], path) if host["bucket"] else path.partition("/")[::2]
    else:
        raise _invalid(url, field)
    if not is_object_address(bucket, key):
        raise _invalid(url, field)
    return S3Object(bucket=bucket, key=key, version_id=query.get("versionId", [None])[0])


def is_object_address(bucket: str, key: str) -> bool:
    """By S3's rules for general purpose buckets: access points and directory buckets are left out."""
    return bool(_BUCKET.fullmatch(bucket)) and 0 < len(key.encode(errors="replace")) <= _MAX_KEY_BYTES


def _invalid(url: str, field: str) -> Invalid:
    return Invalid(
        f"Invalid S3 URI: {field} must be s3://bucket/key or an https URL of S3, {url[:200]!r} was given"
    )
