"""What a principal of AWS may do here: the stage file's `registry:rolePatterns`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from registry.domain.caller_identity import CallerIdentity
from registry.domain.keys import ALL_ACTIONS, check_actions
from registry.errors import Invalid

_ACCOUNT = re.compile(r"\*|[0-9]{12}|o-[a-z0-9]{10,32}")
# What a pattern may begin with to mean something else than a role.
_KINDS = ("user/", "federated-user/")

OrganizationOf = Callable[[str], str | None]


@dataclass(frozen=True, kw_only=True)
class RolePattern:
    """`account`: 12 digits, an organisation's id, or `*`. `subject`: see CallerIdentity, with wildcards."""

    account: str
    subject: str
    actions: tuple[str, ...]

    def covers(self, identity: CallerIdentity, organization_of: OrganizationOf) -> bool:
        if not fnmatchcase(identity.subject, self.subject):
            return False
        if self.account.startswith("o-"):
            return organization_of(identity.account) == self.account
        return self.account in ("*", identity.account)


@dataclass(frozen=True, kw_only=True)
class RolePatterns:
    patterns: tuple[RolePattern, ...]

    @classmethod
    def parse(cls, text: str) -> RolePatterns:
        """A JSON list of {account, role, actions}. Raises Invalid, naming the pattern and its mistake."""
        try:
            listed = json.loads(text)
        except ValueError as error:
            raise Invalid(f"the role patterns are not JSON: {error}") from None
        if not isinstance(listed, list):
            raise Invalid("the role patterns must be a list")
        return cls(patterns=tuple(_pattern(place, one) for place, one in enumerate(listed)))

    def actions_of(self, identity: CallerIdentity, organization_of: OrganizationOf) -> tuple[str, ...]:
        """All that any covering pattern gives, sorted, or `*` alone; empty when none covers the principal.

        `organization_of` gives the id of an account's organisation; asked only when a pattern needs it.
        """
        if not identity.subject:
            return ()
        granted = {
            action
            for pattern in self.patterns
            if pattern.covers(identity, organization_of)
            for action in pattern.actions
        }
        return ALL_ACTIONS if "*" in granted else tuple(sorted(granted))


def _pattern(place: int, given: object) -> RolePattern:
    where = f"role pattern {place + 1}"
    if not isinstance(given, dict) or given.keys() != {"account", "role", "actions"}:
        raise Invalid(f"{where} must have account, role and actions, and nothing else")
    account, role, actions = given["account"], given["role"], given["actions"]
    if not isinstance(account, str) or _ACCOUNT.fullmatch(account) is None:
        raise Invalid(f"{where}: account must be 12 digits, an organisation's id (o-…) or *")
    if not isinstance(role, str) or not role:
        raise Invalid(f"{where}: role must be a pattern such as registry-publisher-*")
    named = role.startswith(_KINDS)
    if "/" in role and not named:
        raise Invalid(
            f"{where}: role {role!r} holds a path, which AWS does not tell of an assumed role: give a "
            "pattern for the role's name alone, or user/… for IAM users"
        )
    if not isinstance(actions, list) or not all(isinstance(action, str) for action in actions):
        raise Invalid(f"{where}: actions must be a list of names, or of * alone")
    try:
        check_actions(tuple(actions))
    except Invalid as unknown:
        raise Invalid(f"{where}: {unknown.message}") from None
    return RolePattern(account=account, subject=role if named else f"role/{role}", actions=tuple(actions))
