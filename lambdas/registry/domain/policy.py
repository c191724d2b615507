"""Who may do what. One pure function decides; the services ask it before they touch anything."""

from __future__ import annotations

from typing import Protocol

from registry.domain.applications import Application
from registry.domain.arns import ApplicationArn
from registry.errors import AccessDenied, NotFound


class Caller(Protocol):
    """Whoever signed the request, as the verdict says."""

    @property
    def account(self) -> str: ...

    @property
    def principal(self) -> str: ...

    def may(self, action: str, /) -> bool: ...


def authorise_account(caller: Caller, action: str, resource: str) -> None:
    """For what concerns no single application. `resource` is `…:applications/*`. Raises AccessDenied."""
    if not caller.may(action):
        raise _denied(caller, action, resource)


def authorise_owner(caller: Caller, action: str, arn: ApplicationArn) -> None:
    """For what only the owner's account may ever do, told without a look at the application.

    Raises AccessDenied, with the same text as `authorise`.
    """
    if not caller.may(action) or arn.account != caller.account:
        raise _denied(caller, action, str(arn))


def authorise(caller: Caller, action: str, arn: ApplicationArn, found: Application | None) -> Application:
    """The application, when the caller may do `action` (the API's operation name) to it.

    Only the owner's account may do anything. Raises AccessDenied with one and the same text for a foreign
    application and for none at all, and NotFound for a missing application of the caller's own account.
    """
    authorise_owner(caller, action, arn)
    if found is None:
        raise missing(arn)
    return found


def missing(arn: ApplicationArn) -> NotFound:
    """What the owner is told of an application that does not exist."""
    return NotFound(f"Application with id {arn} does not exist")


def _denied(caller: Caller, action: str, resource: str) -> AccessDenied:
    # The text of AWS's own refusals (serverlessrepo-api.md §1); people and tools grep for it.
    return AccessDenied(
        f"User: {caller.principal} is not authorized to perform: serverlessrepo:{action} "
        f"on resource: {resource}"
    )
