"""Registry keys: an access key id and secret that this registry itself issued."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime

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

_ACCESS_KEY_ID = re.compile(r"[A-Za-z0-9_]{12,128}")
_ACCOUNT = re.compile(r"[0-9]{12}")
_PRINCIPAL = re.compile(r"[!-~]{1,512}")
_SECRET = re.compile(r"[!-~]{16,256}")


@dataclass(frozen=True, kw_only=True)
class KeyRecord:
    """What is known about a key besides its secret. Times are aware and UTC, to the second."""

    access_key_id: str
    account: str
    principal: str
    actions: tuple[str, ...]
    description: str
    created_at: datetime
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
    if record.actions != ALL_ACTIONS and not (record.actions and ACTIONS.issuperset(record.actions)):
        unknown = sorted(set(record.actions) - ACTIONS)
        raise Invalid(
            f"unknown actions {', '.join(unknown) or '(none given)'}; "
            f"known are * alone, or any of {', '.join(sorted(ACTIONS))}"
        )


def _match(pattern: re.Pattern[str], text: str, field_name: str, rule: str) -> None:
    if pattern.fullmatch(text) is None:
        raise Invalid(f"{field_name} {text!r} is not {rule}")
