"""An organisation with more than one account; the emulator knows only one for each account that asks.

Its accounts come from the environment: `LOCALCLOUD_ORGANIZATION` is the id, `LOCALCLOUD_ORGANIZATION_MEMBERS`
the accounts, the management account first.
"""

import os
from collections.abc import Callable
from typing import Any

from ministack.core import iam_evaluator  # type: ignore[import-not-found]
from ministack.core.responses import (  # type: ignore[import-not-found]
    error_response_json,
    get_account_id,
    get_region,
    request_scope,
)
from ministack.services import organizations  # type: ignore[import-not-found]

_FOR_MANAGEMENT_ALONE = frozenset(organizations._DISPATCH) - {"DescribeOrganization"}


def correct() -> None:
    """AWS Organizations and the condition key `aws:PrincipalOrgID` know the organisation."""
    id_ = os.environ.get("LOCALCLOUD_ORGANIZATION", "")
    members = os.environ.get("LOCALCLOUD_ORGANIZATION_MEMBERS", "").split(",")
    if not id_:
        return
    iam_evaluator._principal_org_id = knowing_members(iam_evaluator._principal_org_id, id_, members)
    organizations._ensure_org = with_members(organizations._ensure_org, id_, members)
    for name, operation in organizations._DISPATCH.items():
        alone = name in _FOR_MANAGEMENT_ALONE
        organizations._DISPATCH[name] = asked_by_members(operation, members, alone=alone)


def knowing_members(find: Callable[[str], str | None], id_: str, members: list[str]) -> Callable[..., Any]:
    """`find` gives the organisation of an account."""
    return lambda account: id_ if account in members else find(account)


def with_members(ensure: Callable[[], None], id_: str, members: list[str]) -> Callable[[], None]:
    """`ensure` makes the calling account's organisation unless there is one."""

    def ensured() -> None:
        known = "self" in organizations._orgs
        ensure()
        if known or get_account_id() != members[0]:
            return
        made = organizations._orgs["self"]
        drawn, made["Id"] = made["Id"], id_
        management = organizations._accounts[members[0]]
        for account in members[1:]:
            organizations._accounts[account] = {
                **management,
                "Id": account,
                "Arn": f"{management['Arn'].rpartition('/')[0]}/{account}",
                "Email": f"account+{account}@ministack.local",
                "Name": f"Account {account}",
            }
        for named in (made, *organizations._accounts.values(), *organizations._roots.values()):
            for key, value in named.items():
                named[key] = value.replace(drawn, id_) if isinstance(value, str) else value

    return ensured


def asked_by_members(
    operation: Callable[[Any], Any], members: list[str], *, alone: bool
) -> Callable[[Any], Any]:
    """`alone`: the management account's right alone, as on AWS where it delegated none."""

    def answered(payload: Any) -> Any:
        if get_account_id() not in members[1:]:
            return operation(payload)
        if alone:
            return error_response_json(
                "AccessDeniedException", "You don't have permissions to access this resource.", 400
            )
        with request_scope(members[0], get_region()):
            return operation(payload)

    return answered
