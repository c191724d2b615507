"""What an application's policy is made of (serverlessrepo-api.md §3, §6)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from registry.domain.inputs import Checked, matching
from registry.errors import Invalid

MAX_POLICY_CHARACTERS = 6144
ANYBODY = "*"
DEPLOY = "Deploy"
UNSHARE = "UnshareApplication"
# What `Deploy` stands for.
DEPLOYING = frozenset(
    {
        "GetApplication",
        "CreateCloudFormationChangeSet",
        "CreateCloudFormationTemplate",
        "ListApplicationVersions",
        "ListApplicationDependencies",
        "SearchApplications",
    }
)
ACTIONS = frozenset({*DEPLOYING, DEPLOY, UNSHARE})

_PRINCIPAL = re.compile(r"\*|[0-9]{12}")
_ORGANIZATION = re.compile(r"o-[a-z0-9]{10,32}")
_STATEMENT_ID = re.compile(r"[a-zA-Z0-9_-]{1,100}")

Rule = Callable[[str, tuple[str, ...]], None]


def _each(check: Callable[[str, str], None], *, may_be_empty: bool = False) -> Rule:
    """A rule on every member of a list, no two of which may be the same."""

    def rule(member: str, values: tuple[str, ...]) -> None:
        if not values and not may_be_empty:
            raise Invalid(f"{member} must not be empty")
        for place, value in enumerate(values):
            check(f"{member}[{place}]", value)
            if value in values[:place]:
                raise Invalid(f"{member}[{place}] repeats {value}")

    return rule


def _action(member: str, value: str) -> None:
    if value not in ACTIONS:
        raise Invalid(f"{member} must be one of {', '.join(sorted(ACTIONS))}; {value[:80]!r} was given")


@dataclass(frozen=True, kw_only=True)
class Statement(Checked):
    """Each of `principals` may do `actions`; with organisations, only if its account belongs to one of them.

    A principal is a whole account (12 digits) or `*`. Raises Invalid.
    """

    RULES: ClassVar[Mapping[str, Callable[..., object]]] = {
        "actions": _each(_action),
        "principals": _each(matching(_PRINCIPAL, "an account id of 12 digits or *")),
        "principal_org_ids": _each(
            matching(_ORGANIZATION, "o- and 10 to 32 lower-case letters or digits"), may_be_empty=True
        ),
        "statement_id": matching(_STATEMENT_ID, "1 to 100 letters, digits, hyphens and underscores"),
    }

    actions: tuple[str, ...]
    principals: tuple[str, ...]
    principal_org_ids: tuple[str, ...] = ()
    statement_id: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for needed in (DEPLOY, UNSHARE) if self.principal_org_ids else ():
            if needed not in self.actions:
                raise Invalid(
                    f"A statement with principalOrgIDs must allow {needed} as well: its actions are {DEPLOY} "
                    f"and {UNSHARE}, by which the organization's management account can end the sharing"
                )
        if UNSHARE in self.actions and not self.principal_org_ids:
            raise Invalid(f"{UNSHARE} can only be allowed together with principalOrgIDs")

    @property
    def is_public(self) -> bool:
        return ANYBODY in self.principals and not self.principal_org_ids

    def covers(self, action: str) -> bool:
        return action in self.actions or (DEPLOY in self.actions and action in DEPLOYING)

    def as_member(self) -> dict[str, object]:
        """With the API's names."""
        said: dict[str, object] = {"actions": list(self.actions), "principals": list(self.principals)}
        if self.principal_org_ids:
            said["principalOrgIDs"] = list(self.principal_org_ids)
        if self.statement_id is not None:
            said["statementId"] = self.statement_id
        return said


def check_policy(statements: Sequence[Statement]) -> None:
    """Raises Invalid for a policy over its length, or two statements of one id."""
    ids = [one.statement_id for one in statements if one.statement_id is not None]
    if repeated := sorted({one for one in ids if ids.count(one) > 1}):
        raise Invalid(f"statementId {repeated[0]} is given to two statements")
    length = len(policy_text(statements))
    if length > MAX_POLICY_CHARACTERS:
        raise Invalid(
            f"The policy has {length} characters, {MAX_POLICY_CHARACTERS} are allowed: share with an "
            "organisation instead of its single accounts, or make statements with the same actions one"
        )


def policy_text(statements: Sequence[Statement]) -> str:
    """The policy as it is measured: JSON without spaces."""
    return json.dumps([one.as_member() for one in statements], separators=(",", ":"))
