"""`registry organizations`: which account is in which organisation, for applications shared with one."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import boto3
from pydantic import BaseModel, ConfigDict, ValidationError

from registry.domain.organizations import Organization
from registry.errors import Invalid
from registry.stores.organizations import Changes, OrganizationStore
from registry_cli.stage import Stage, add_stage_arguments
from registry_cli.tables import as_table

_COLUMNS = ("organizationId", "account", "managementAccount")


class OrganizationFile(BaseModel):
    """What `--file` holds, as JSON."""

    model_config = ConfigDict(extra="forbid", strict=True)

    organizationId: str  # noqa: N815 - the file's words
    managementAccount: str  # noqa: N815
    accounts: list[str]


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    organizations = subparsers.add_parser(
        "organizations", help="tell a stage which accounts belong to which organisation"
    )
    actions = organizations.add_subparsers(dest="action", required=True, metavar="ACTION")
    sync = actions.add_parser("sync", help="store an organisation's accounts, remove those that left it")
    sync.add_argument(
        "--file",
        help="JSON with organizationId, managementAccount and accounts (- reads stdin); AWS Organizations is "
        "asked when left out",
    )
    sync.add_argument(
        "--organizations-profile",
        metavar="PROFILE",
        help="AWS profile that may ask AWS Organizations (of its management or delegated account)",
    )
    sync.add_argument("--force", action="store_true", help="accept an organisation without any account")
    show = actions.add_parser("show", help="every account that is known to be in an organisation")
    for parser in (sync, show):
        add_stage_arguments(parser)


def run(args: argparse.Namespace) -> int:
    stage = Stage.of(args)
    store = OrganizationStore(stage.session.client("dynamodb"), table=stage.named("entities"))
    if args.action == "show":
        _show(store, args)
    else:
        _sync(store, args)
    return 0


def _sync(store: OrganizationStore, args: argparse.Namespace) -> None:
    organization = _from_file(args.file) if args.file else _from_aws(args)
    if not organization.accounts and not args.force:
        raise Invalid(
            f"organisation {organization.id} came without any account, and all that is known of it would be "
            "removed. If that is right, pass --force."
        )
    _tell(organization, store.synchronise(organization, at=datetime.now(UTC)), as_json=args.json)


def _from_aws(args: argparse.Namespace) -> Organization:
    session = boto3.Session(profile_name=args.organizations_profile, region_name=args.region)
    client = session.client("organizations")
    about = client.describe_organization()["Organization"]
    pages = client.get_paginator("list_accounts").paginate()
    accounts = [account["Id"] for page in pages for account in page["Accounts"]]
    return Organization.of(about["Id"], about["MasterAccountId"], accounts)


def _from_file(path: str) -> Organization:
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text()
        told = OrganizationFile.model_validate_json(text)
    except OSError as error:
        raise Invalid(f"{path} cannot be read: {error.strerror}.") from None
    except (ValidationError, UnicodeDecodeError):
        raise Invalid(
            f"{path} is not a JSON object with organizationId, managementAccount and accounts (a list of "
            "12-digit texts), and nothing else."
        ) from None
    return Organization.of(told.organizationId, told.managementAccount, told.accounts)


def _tell(organization: Organization, changes: Changes, *, as_json: bool) -> None:
    if as_json:
        said = {
            "organizationId": organization.id,
            "joined": changes.joined,
            "left": changes.left,
            "unchanged": changes.unchanged,
        }
        print(json.dumps(said, indent=2))
        return
    print(
        f"Organisation {organization.id}: {len(changes.joined)} joined, {len(changes.left)} left, "
        f"{changes.unchanged} as before."
    )


def _show(store: OrganizationStore, args: argparse.Namespace) -> None:
    rows = [
        dict(zip(_COLUMNS, (of.organization_id, account, of.management_account), strict=True))
        for account, of in store.stored()
    ]
    if args.json:
        print(json.dumps(rows, indent=2))
    else:
        print(as_table(_COLUMNS, rows) if rows else "No organisations.")
