"""The keys that this registry can check a signature with (architecture.md §4).

A registry key is an access key id and secret that it issued itself. Registered signing keys are derived from
somebody's AWS credentials: under that access key id it knows what signs for this service, in this region, on
two days, and never the secret.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from registry.domain.signatures import signing_key
from registry.errors import Invalid

# Every action of the service (serverlessrepo-api.md §2); `*` in a key stands for all of them.
ACTIONS = frozenset(
    {
        "CreateApplication",
        "CreateApplicationVersion",
        "CreateCloudFormationChangeSet",
        "CreateCloudFormationTemplate",
        "DeleteApplication",
        "GetApplication",
        "GetApplicationPolicy",
        "GetCloudFormationTemplate",
        "ListApplicationDependencies",
        "ListApplicationVersions",
        "ListApplications",
        "PutApplicationPolicy",
        "SearchApplications",
        "UnshareApplication",
        "UpdateApplication",
    }
)
ALL_ACTIONS = ("*",)

KeyKind = Literal["registry-key", "signing-keys"]
REGISTRY_KEY: KeyKind = "registry-key"
SIGNING_KEYS: KeyKind = "signing-keys"

# Base32 without padding, as AWS's own access key ids have it; AWS issues none that begins like ours.
_ID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

_ACCESS_KEY_ID = re.compile(r"[A-Za-z0-9_]{12,128}")
_ACCOUNT = re.compile(r"[0-9]{12}")
_PRINCIPAL = re.compile(r"[!-~]{1,512}")
_SECRET = re.compile(r"[!-~]{16,256}")


@dataclass(frozen=True, kw_only=True)
class KeyRecord:
    """What is known about a key besides what signs. Times are aware and UTC, to the second."""

    access_key_id: str
    account: str
    principal: str
    actions: tuple[str, ...]
    description: str
    created_at: datetime
    kind: KeyKind = REGISTRY_KEY
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def state(self, now: datetime) -> str:
        """`active`, `expired` or `revoked`. Never left to the table's TTL, which lags by days."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "active"


@dataclass(frozen=True, kw_only=True)
class RegistryKey:
    """A key with its secret, which no repr shows."""

    record: KeyRecord
    secret: str = field(repr=False)

    def signing_key(self, scope: str) -> bytes:
        return signing_key(self.secret, scope)


@dataclass(frozen=True, kw_only=True)
class RegisteredKeys:
    """Signing keys for this service and region, 32 bytes by UTC date (`20261124`); no repr shows them."""

    record: KeyRecord
    by_date: Mapping[str, bytes] = field(repr=False)

    def signing_key(self, scope: str) -> bytes | None:
        """None for a date that was not registered. Region and service of `scope` must have been checked."""
        return self.by_date.get(scope.partition("/")[0])


StoredKey = RegistryKey | RegisteredKeys


def new_access_key_id() -> str:
    return "SARK" + "".join(secrets.choice(_ID_ALPHABET) for _ in range(16))


def new_secret() -> str:
    """40 characters, 240 bits."""
    return secrets.token_urlsafe(30)


def is_access_key_id(text: str) -> bool:
    """12 to 128 letters, digits and underscores (AWS's own rule, and 12-digit ids for the local cloud)."""
    return _ACCESS_KEY_ID.fullmatch(text) is not None


def check_key(key: RegistryKey) -> None:
    """Raises Invalid, naming the field and its rule."""
    record = key.record
    _match(_ACCESS_KEY_ID, record.access_key_id, "access key id", "12 to 128 letters, digits and underscores")
    _match(_ACCOUNT, record.account, "account", "12 digits")
    _match(_PRINCIPAL, record.principal, "principal", "1 to 512 visible ASCII characters")
    if _SECRET.fullmatch(key.secret) is None:
        raise Invalid("the secret is not 16 to 256 visible ASCII characters")
    check_actions(record.actions)


def check_actions(actions: tuple[str, ...]) -> None:
    """Raises Invalid unless they are `*` alone or known ones, at least one."""
    if actions != ALL_ACTIONS and not (actions and ACTIONS.issuperset(actions)):
        unknown = sorted(set(actions) - ACTIONS)
        raise Invalid(
            f"unknown actions {', '.join(unknown) or '(none given)'}; "
            f"known are * alone, or any of {', '.join(sorted(ACTIONS))}"
        )


def _match(pattern: re.Pattern[str], text: str, field_name: str, rule: str) -> None:
    if pattern.fullmatch(text) is None:
        raise Invalid(f"{field_name} {text!r} is not {rule}")
