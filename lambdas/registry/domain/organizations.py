"""AWS organisations: which accounts belong together, and which account manages them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from registry.errors import Invalid

_ACCOUNT = re.compile(r"[0-9]{12}")
# AWS Organizations API, data type Organization.
_ORGANIZATION = re.compile(r"o-[a-z0-9]{10,32}")


@dataclass(frozen=True, kw_only=True)
class Membership:
    """An account's organisation."""

    organization_id: str
    management_account: str


@dataclass(frozen=True, kw_only=True)
class Organization:
    """An organisation with all its accounts, the managing one included. Raises Invalid when it cannot be."""

    id: str
    management_account: str
    accounts: frozenset[str]

    def __post_init__(self) -> None:
        if _ORGANIZATION.fullmatch(self.id) is None:
            raise Invalid(f"organizationId {self.id!r} is not o- and 10 to 32 lower-case letters or digits")
        for account in (self.management_account, *sorted(self.accounts)):
            if _ACCOUNT.fullmatch(account) is None:
                raise Invalid(f"account {account!r} of organisation {self.id} is not 12 digits")
        if self.accounts and self.management_account not in self.accounts:
            raise Invalid(
                f"the accounts of organisation {self.id} do not name its management account "
                f"{self.management_account}, so the list cannot be complete"
            )

    @classmethod
    def of(cls, organization_id: str, management_account: str, accounts: Iterable[str]) -> Organization:
        return cls(id=organization_id, management_account=management_account, accounts=frozenset(accounts))

    @property
    def membership(self) -> Membership:
        return Membership(organization_id=self.id, management_account=self.management_account)
