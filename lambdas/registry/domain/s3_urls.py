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
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SCHEME = re.compile(r"s3://", re.IGNORECASE)
_VERSION = re.compile(r"\?versionId=([^&?#]*)$")
_MAX_KEY_BYTES = 1024


@dataclass(frozen=True, kw_only=True)
class S3Object:
    """`version_id` is None for the newest version."""

    bucket: str
    key: str
    version_id: str | None = None


def parse_s3_url(url: str, field: str) -> S3Object:
    """Reads `s3://bucket/key` and the https forms (virtual-hosted, path, dual-stack), `?versionId=` too.

    Raises Invalid, naming `field`, on every other URL, and on a version id that is empty.
    """
    if _CONTROL.search(url):
        raise _invalid(url, field)
    address = _of_s3(url) if _SCHEME.match(url) else _of_https(url)
    if address is None or not is_object_address(address.bucket, address.key) or address.version_id == "":
        raise _invalid(url, field)
    return address


def looks_remote(text: str) -> bool:
    """Not a path on the publisher's machine, whether or not it is an object of S3."""
    return text.lower().startswith(("s3://", "https://"))


def _of_s3(url: str) -> S3Object:
    """By hand: `#` and `?` may stand in a key, only a version id at the end is none of it."""
    version = _VERSION.search(url)
    bucket, _, key = url[len("s3://") : version.start() if version else None].partition("/")
    return S3Object(bucket=bucket, key=key, version_id=version[1] if version else None)


def _of_https(url: str) -> S3Object | None:
    try:
        parts = urlsplit(url)
        path = unquote(parts.path.removeprefix("/"), errors="strict")
    except ValueError:
        return None
    host = _HOST.fullmatch(parts.netloc)
    if parts.scheme != "https" or host is None:
        return None
    bucket, key = (host["bucket"], path) if host["bucket"] else path.partition("/")[::2]
    version_id = parse_qs(parts.query, keep_blank_values=True).get("versionId", [None])[0]
    return S3Object(bucket=bucket, key=key, version_id=version_id)


def is_object_address(bucket: str, key: str) -> bool:
    """By S3's rules for general purpose buckets: access points and directory buckets are left out."""
    return bool(_BUCKET.fullmatch(bucket)) and 0 < len(key.encode(errors="replace")) <= _MAX_KEY_BYTES


def _invalid(url: str, field: str) -> Invalid:
    return Invalid(
        f"Invalid S3 URI: {field} must be s3://bucket/key or an https URL of S3, {url[:200]!r} was given"
    )
