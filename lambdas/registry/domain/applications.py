"""Applications and their versions as the registry keeps them (architecture.md §3)."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from registry.domain.arns import ApplicationArn
from registry.domain.statements import Statement

MAX_NESTED = 200
"""Applications nested in one another, on all levels together: AWS SAM's own limit."""

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True, kw_only=True)
class TakenDown:
    """Why an operator took an application out of everybody's reach, when, and who."""

    reason: str
    at: str
    by: str


@dataclass(frozen=True, kw_only=True)
class Intervention:
    """What an operator did to an application: `action` is `take-down` or `restore`."""

    action: str
    at: str
    by: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Application:
    """`rev` counts its writes from 1. Digests are SHA-256 in hex and name documents in the bucket.

    `policy`: who besides its owner may use it; none is private. `unshared_organizations`: those that have
    ended the sharing, for good. `history`: an operator's interventions, first to last.
    """

    arn: ApplicationArn
    id: str
    rev: int
    author: str
    description: str
    labels: tuple[str, ...]
    created_at: str
    home_page_url: str | None = None
    spdx_license_id: str | None = None
    license_digest: str | None = None
    readme_digest: str | None = None
    policy: tuple[Statement, ...] = ()
    unshared_organizations: tuple[str, ...] = ()
    taken_down: TakenDown | None = None
    history: tuple[Intervention, ...] = ()

    @property
    def is_public(self) -> bool:
        return any(statement.is_public for statement in self.policy)


@dataclass(frozen=True, kw_only=True)
class Dependency:
    """A nested application named by literals; what intrinsics name is known only at deployment."""

    application_id: str
    semantic_version: str


@dataclass(frozen=True, kw_only=True)
class Version:
    """Never changes once stored. `parameters` hold the API's member names and values.

    `resource_types`: those that the template itself names, sorted. `stored_bytes`: of template, assets and
    source archive, each content once.
    `warnings`: what CloudFormation or SAM will probably refuse at deployment; they block nothing.
    """

    semantic_version: str
    template_digest: str
    content_digest: str
    created_at: str
    parameters: tuple[Mapping[str, object], ...] = ()
    required_capabilities: tuple[str, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    asset_digests: tuple[str, ...] = ()
    resource_types: tuple[str, ...] = ()
    stored_bytes: int = 0
    source_code_url: str | None = None
    source_archive_digest: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Release:
    """An application together with the version that was asked for, if it has one."""

    application: Application
    version: Version | None


@dataclass(frozen=True, kw_only=True)
class VersionOf:
    """A version and the application it belongs to."""

    arn: ApplicationArn
    version: Version


def content_digest(
    *, template_digest: str, source_code_url: str | None, source_archive_digest: str | None
) -> str:
    """Equal exactly when two publications of a version say the same.

    The stored template names its assets by digest, so its own digest covers them.
    """
    said = json.dumps([template_digest, source_code_url, source_archive_digest])
    return hashlib.sha256(said.encode()).hexdigest()


def timestamp(now: datetime) -> str:
    """ISO 8601 in UTC, to the millisecond: `2026-11-24T06:16:00.000Z`."""
    return now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def new_id(now: datetime) -> str:
    """A ULID: 48 bits of milliseconds, then 80 random bits, in Crockford's base 32."""
    number = int(now.timestamp() * 1000) << 80 | secrets.randbits(80)
    return "".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))
