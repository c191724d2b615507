"""Who else may use an application: its policy, and the end of an organisation's share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from uuid import uuid4

from registry.domain.applications import Application
from registry.domain.arns import ApplicationArn
from registry.domain.licences import is_osi_approved
from registry.domain.limits import Limits
from registry.domain.organizations import Membership
from registry.domain.policy import Caller, authorise, denied
from registry.domain.sharing_inputs import GetApplicationPolicy, PutApplicationPolicy, UnshareApplication
from registry.domain.statements import Statement, check_policy
from registry.errors import Conflict, Invalid
from registry.stores.applications import ApplicationStore, Stale
from registry.stores.items import policy_value
from registry.stores.usage import public_place

_TRIES = 4


@dataclass(frozen=True, kw_only=True)
class Sharing:
    """`membership` tells an account's organisation, None when the registry knows of none."""

    applications: ApplicationStore
    membership: Callable[[str], Membership | None]
    limits: Limits

    def get_policy(self, caller: Caller, asked: GetApplicationPolicy) -> tuple[Statement, ...]:
        """One read. Only the owner's account may see with whom an application is shared."""
        return authorise(caller, "GetApplicationPolicy", asked.arn, self.applications.find(asked.arn)).policy

    def put_policy(self, caller: Caller, asked: PutApplicationPolicy) -> tuple[Statement, ...]:
        """The policy as stored: each statement has an id.

        Raises Invalid, naming the condition or limit that is not met; Conflict when others always were
        faster.
        """
        statements = tuple(
            one if one.statement_id is not None else replace(one, statement_id=str(uuid4()))
            for one in asked.statements
        )
        check_policy(statements)  # the ids that were filled in count as well
        for _ in range(_TRIES):
            seen = authorise(caller, "PutApplicationPolicy", asked.arn, self.applications.find(asked.arn))
            self._check_organizations(seen, statements)
            if any(one.is_public for one in statements):
                self._check_public(seen)
            try:
                self._put(seen, statements)
            except Stale:
                continue
            return statements
        raise _contended(asked.arn)

    def _put(self, seen: Application, statements: Sequence[Statement]) -> None:
        """One write; a transaction where the application takes, or gives back, a public one's place."""
        changes = {"policy": policy_value(statements)}
        becomes_public = any(one.is_public for one in statements)
        if becomes_public == seen.is_public:
            self.applications.change(seen, changes)
            return
        place = public_place(
            seen.arn.account,
            1 if becomes_public else -1,
            limit=self.limits.public_applications_per_account if becomes_public else None,
        )
        self.applications.change_and_charge(seen, changes, place)

    def unshare(self, caller: Caller, asked: UnshareApplication) -> None:
        """For good: the application can never be shared with the organisation again. Safe to repeat.

        Only the management account of the organisation may ask. Raises AccessDenied, Conflict.
        """
        for _ in range(_TRIES):
            found = self.applications.find(asked.arn)
            if self._is_unshared_already(caller, asked, found):
                return
            seen = authorise(caller, "UnshareApplication", asked.arn, found)
            if not self._manages(caller, asked.organization_id):
                raise denied(caller, "UnshareApplication", str(asked.arn), "not-management-account")
            left = tuple(filter(None, (_without(one, asked.organization_id) for one in seen.policy)))
            unshared = sorted({*seen.unshared_organizations, asked.organization_id})
            try:
                self.applications.change(
                    seen, {"policy": policy_value(left), "unsharedOrganizations": unshared}
                )
            except Stale:
                continue
            return
        raise _contended(asked.arn)

    def _is_unshared_already(
        self, caller: Caller, asked: UnshareApplication, found: Application | None
    ) -> bool:
        """Told to the organisation's management account alone, which has no other right to it any more."""
        return (
            found is not None
            and found.taken_down is None
            and asked.organization_id in found.unshared_organizations
            and caller.may("UnshareApplication")
            and self._manages(caller, asked.organization_id)
        )

    def _manages(self, caller: Caller, organization: str) -> bool:
        return self.membership(caller.account) == Membership(
            organization_id=organization, management_account=caller.account
        )

    def _check_organizations(self, application: Application, statements: Sequence[Statement]) -> None:
        wanted = {one for statement in statements for one in statement.principal_org_ids}
        if not wanted:
            return
        if ended := sorted(wanted.intersection(application.unshared_organizations)):
            raise Invalid(
                f"Organization {ended[0]} has unshared application {application.arn} for good: it cannot be "
                "shared with it again. Publish it under another name to do so"
            )
        membership = self.membership(application.arn.account)
        own = membership and membership.organization_id
        if foreign := sorted(wanted - {own}):
            known = f"it is in {own}" if own else "the registry knows of none that it is in"
            raise Invalid(
                f"Account {application.arn.account} does not belong to organization {foreign[0]}: an "
                f"application can only be shared with its owner's own organization, and {known}"
            )

    def _check_public(self, application: Application) -> None:
        """serverlessrepo-api.md §6: what an application needs before everybody may use it."""
        spdx_id = application.spdx_license_id
        if application.license_digest is None or spdx_id is None:
            raise Invalid(
                f"Application {application.arn} cannot be public without a licence: licenseUrl (or "
                "licenseBody) and spdxLicenseId are set when it is created"
            )
        if not is_osi_approved(spdx_id):
            raise Invalid(
                f"Application {application.arn} cannot be public under {spdx_id}: a licence approved by the "
                "Open Source Initiative is needed (opensource.org/licenses)"
            )
        newest = self.applications.newest_version(application.id)
        if newest is None or newest.source_code_url is None:
            what = (
                "a version" if newest is None else f"a source code URL for version {newest.semantic_version}"
            )
            raise Invalid(
                f"Application {application.arn} cannot be public without {what}: publish one with it"
            )


def _without(statement: Statement, organization: str) -> Statement | None:
    """None for a statement that shared with this organisation alone."""
    if organization not in statement.principal_org_ids:
        return statement
    left = tuple(one for one in statement.principal_org_ids if one != organization)
    return replace(statement, principal_org_ids=left) if left else None


def _contended(arn: ApplicationArn) -> Conflict:
    return Conflict(f"Application {arn} is being changed by others at this moment. Try again.")
