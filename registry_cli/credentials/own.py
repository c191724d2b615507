"""The user's own side: the AWS credentials of a profile, and the registry that they shall count at."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from botocore.exceptions import UnknownRegionError
from botocore.utils import JSONFileCache

from registry.domain.tokens import Server
from registry.errors import Invalid

if TYPE_CHECKING:
    from botocore.session import Session

_EXECUTE_API = re.compile(r"[a-z0-9-]+\.execute-api(?:-fips)?\.(?P<region>[a-z0-9-]+)\.[a-z.]+")
_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-[0-9]{1,2}")
_STAGE = re.compile(r"[a-z][a-z0-9-]{0,19}")
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
# Providers that would fetch new temporary credentials in every process; botocore keeps those in memory alone.
_FETCHING = ("assume-role", "assume-role-with-web-identity", "sso")


@dataclass(frozen=True, kw_only=True)
class OwnCredentials:
    """`ends_at` is None for long-lived ones, which have no session token either."""

    access_key_id: str
    secret: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)
    ends_at: datetime | None = None


def own_credentials(session: Session, cache: Path) -> OwnCredentials:
    """Temporary ones of roles and single sign-on are kept in `cache` while they live. Raises Invalid."""
    provider = session.get_component("credential_provider")
    for name in _FETCHING:
        provider.get_provider(name).cache = JSONFileCache(str(cache / "aws"))
    found = session.get_credentials()
    frozen = found and found.get_frozen_credentials()
    if not frozen or not frozen.access_key or not frozen.secret_key:
        raise Invalid(
            "there are no AWS credentials: give --profile, or set AWS_PROFILE or AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY."
        )
    ends_at: datetime | None = getattr(found, "_expiry_time", None)
    return OwnCredentials(
        access_key_id=frozen.access_key,
        secret=frozen.secret_key,
        session_token=frozen.token or None,
        ends_at=ends_at and ends_at.astimezone(UTC),
    )


def registry_endpoint(session: Session, given: str | None) -> str:
    """The URL given, or what botocore's own settings say for `serverlessrepo`. Raises Invalid."""
    url = (given or _configured(session) or "").rstrip("/")
    if not url:
        raise Invalid(
            "which registry? Give --endpoint, or set AWS_ENDPOINT_URL_SERVERLESSAPPLICATIONREPOSITORY."
        )
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.query or parts.fragment:
        raise Invalid(f"--endpoint {url!r} is not a URL such as https://registry.example.com/prod")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise Invalid(f"--endpoint {url} is not https: signing keys never go over an open connection.")
    return url


def server_at(endpoint: str, *, stage: str | None, region: str | None) -> Server:
    """Whom the endpoint's URL names, where nothing is given: `<api>.execute-api.<region>.…/<stage>`.

    Raises Invalid.
    """
    parts = urlsplit(endpoint)
    host = parts.hostname or ""
    named = _EXECUTE_API.fullmatch(host)
    region = named["region"] if named else region
    stage = stage or parts.path.rpartition("/")[2]
    if _STAGE.fullmatch(stage) is None:
        raise Invalid(f"{endpoint} does not end in the registry's stage: give --stage, for example prod.")
    if region is None or _REGION.fullmatch(region) is None:
        raise Invalid("which region is the registry in? Give --region, or set AWS_REGION.")
    return Server(stage=stage, region=region, host=host)


def sts_host(session: Session, region: str) -> str:
    """AWS's own host of STS in `region`. Raises Invalid."""
    try:
        found = session.get_component("endpoint_resolver").construct_endpoint("sts", region)
    except UnknownRegionError:
        found = None
    if not found:
        raise Invalid(f"{region} is no region that this version of botocore knows.")
    host: str = found["hostname"]
    return host


def _configured(session: Session) -> str | None:
    """None when nothing is configured: botocore then resolves AWS's own repository."""
    client = session.create_client(
        "serverlessrepo",
        region_name=session.get_config_variable("region") or "us-east-1",
        aws_access_key_id="none",  # or it would look for credentials
        aws_secret_access_key="none",  # noqa: S106
    )
    url: str = client.meta.endpoint_url
    return None if (urlsplit(url).hostname or "").startswith("serverlessrepo.") else url
