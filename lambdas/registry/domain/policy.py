"""Who may do what. One pure function decides; the services ask it before they touch anything.

The rule that decided goes to the audit log alone: strangers get one and the same answer for what they may not
do and for what does not exist.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from registry.domain.applications import Application, TakenDown
from registry.domain.arns import ApplicationArn
from registry.domain.statements import ANYBODY, DEPLOYING, UNSHARE, Statement
from registry.errors import AccessDenied, Forbidden, NotFound

# Asked with the right to the first, allowed with the right to the second.
_GOES_WITH = {"GetCloudFormationTemplate": "CreateCloudFormationTemplate"}


class Caller(Protocol):
    """Whoever signed the request, as the verdict says."""

    @property
    def account(self) -> str: ...

    @property
    def principal(self) -> str: ...

    @property
    def region(self) -> str:
        """Where the request arrived."""

    def may(self, action: str, /) -> bool: ...

    def organization(self) -> str | None:
        """The id of the account's organisation; may cost a read, so it is asked only where it matters."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """`rule`: what decided, for the audit log (docs/sharing.md lists them all)."""

    allowed: bool
    rule: str


def decide(
    action: str,
    application: Application | None,
    *,
    account: str,
    region: str,
    organization: Callable[[], str | None],
) -> Decision:
    """What `account` may do in `region` with an application of another account (serverlessrepo-api.md §6).

    `organization` is called once at most, and only when the answer hangs on it.
    """
    if application is None:
        return Decision(allowed=False, rule="absent")
    if application.taken_down is not None:
        return Decision(allowed=False, rule="taken-down")
    asked = _GOES_WITH.get(action, action)
    if asked not in DEPLOYING and asked != UNSHARE:
        return Decision(allowed=False, rule="owner-only")
    if not application.policy:
        return Decision(allowed=False, rule="private")
    statements = application.policy
    if application.arn.region != region:  # what is not public stays in its own region
        statements = tuple(one for one in statements if one.is_public)
        if not statements:
            return Decision(allowed=False, rule="other-region")
    return _by_statements(asked, application, statements, account, organization)


def _by_statements(
    asked: str,
    application: Application,
    statements: Sequence[Statement],
    account: str,
    organization: Callable[[], str | None],
) -> Decision:
    covering = [one for one in statements if one.covers(asked)]
    if not covering:
        return Decision(allowed=False, rule="action-not-shared")
    naming = [one for one in covering if not {ANYBODY, account}.isdisjoint(one.principals)]
    if not naming:
        return Decision(allowed=False, rule="account-not-named")
    for statement in naming:
        if not statement.principal_org_ids:
            return Decision(allowed=True, rule=f"statement {statement.statement_id}")
    own = organization()
    if own in application.unshared_organizations:
        return Decision(allowed=False, rule="organization-unshared")
    for statement in naming:
        if own in statement.principal_org_ids:
            return Decision(allowed=True, rule=f"statement {statement.statement_id}")
    return Decision(allowed=False, rule="not-in-organization")


def authorise_account(caller: Caller, action: str, resource: str) -> None:
    """For what concerns no single application. `resource` is `…:applications/*`. Raises AccessDenied."""
    if not caller.may(action):
        raise denied(caller, action, resource, "key-actions")


def authorise_owner(caller: Caller, action: str, arn: ApplicationArn) -> None:
    """For what only the owner's account may ever do, told without a look at the application.

    Raises AccessDenied, with the same text as `authorise`.
    """
    if not caller.may(action):
        raise denied(caller, action, str(arn), "key-actions")
    if arn.account != caller.account:
        raise denied(caller, action, str(arn), "owner-only")


def authorise(caller: Caller, action: str, arn: ApplicationArn, found: Application | None) -> Application:
    """The application, when the caller may do `action` (the API's operation name) to it.

    Raises AccessDenied with one and the same text for a foreign application that is not shared and for none
    at all; to the owner's account NotFound for a missing one, Forbidden for one that was taken down.
    """
    if not caller.may(action):
        raise denied(caller, action, str(arn), "key-actions")
    if arn.account != caller.account:
        decision = decide(
            action, found, account=caller.account, region=caller.region, organization=caller.organization
        )
        if not decision.allowed or found is None:
            raise denied(caller, action, str(arn), decision.rule)
        return found
    if found is None:
        raise missing(arn)
    if found.taken_down is not None:
        raise taken_down(arn, found.taken_down)
    return found


def taken_down(arn: ApplicationArn, mark: TakenDown) -> Forbidden:
    """What the owner is told of an application that an operator took down."""
    return Forbidden(
        f"Application {arn} was taken down by the registry's operator at {mark.at}: {mark.reason}"
    )


def missing(arn: ApplicationArn) -> NotFound:
    """What the owner is told of an application that does not exist."""
    return NotFound(f"Application with id {arn} does not exist")


def denied(caller: Caller, action: str, resource: str, rule: str) -> AccessDenied:
    """The text of AWS's own refusals (serverlessrepo-api.md §1); people and tools grep for it."""
    return AccessDenied(
        f"User: {caller.principal} is not authorized to perform: serverlessrepo:{action} "
        f"on resource: {resource}",
        rule=rule,
    )
