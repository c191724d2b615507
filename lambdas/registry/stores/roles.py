"""Sessions of other roles, each made for one purpose."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient
    from mypy_boto3_sts.type_defs import CredentialsTypeDef

SESSION = timedelta(hours=1)  # the most that a role may ask for another role
_SHORTEST = timedelta(minutes=15)


class Refused(Exception):  # noqa: N818 - a turn of events inside the services, never shown to a caller
    """The role is missing or does not trust the registry; STS does not say which."""


@dataclass(frozen=True, kw_only=True)
class Session:
    credentials: ReadOnlyCredentials
    ends_at: datetime


class LinkSessions:
    """Sessions of the role that may read finished templates, to sign links whose end is known.

    A function never learns when the session of its own role ends.
    """

    def __init__(self, sts: Callable[[], STSClient], *, role: str) -> None:
        self._sts = sts
        self._role = role
        self._last: Session | None = None

    def until(self, moment: datetime) -> Session:
        """A session that lives at least until `moment`, or the longest there can be."""
        if self._last is not None and self._last.ends_at >= moment:
            return self._last
        made = self._sts().assume_role(
            RoleArn=self._role, RoleSessionName="links", DurationSeconds=int(SESSION.total_seconds())
        )
        self._last = _session(made["Credentials"])
        return self._last


class DeploymentSessions:
    """Sessions of the role in consumers' accounts, for one stack each."""

    def __init__(self, sts: Callable[[], STSClient], *, partition: str, role: str) -> None:
        self._sts = sts
        self._partition = partition
        self.role = role

    def of(self, account: str, *, external_id: str, caller: str, policy: object) -> Session:
        """`caller`: session name and source identity. Raises Refused."""
        try:
            made = self._sts().assume_role(
                RoleArn=f"arn:{self._partition}:iam::{account}:role/{self.role}",
                RoleSessionName=caller,
                SourceIdentity=caller,
                ExternalId=external_id,
                Policy=json.dumps(policy, separators=(",", ":")),
                DurationSeconds=int(_SHORTEST.total_seconds()),
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException"):
                raise Refused from error
            raise
        return _session(made["Credentials"])


def _session(made: CredentialsTypeDef) -> Session:
    return Session(
        credentials=ReadOnlyCredentials(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"]),
        ends_at=made["Expiration"],
    )
