"""Organisations: kept in step with AWS Organizations or a file, one read for a request."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest

from registry.domain.organizations import Membership, Organization
from registry.errors import Invalid
from registry.stores.organizations import OrganizationStore
from registry_cli.main import main
from tests.support.keys import ENTITY_TABLE, REGION

pytestmark = pytest.mark.unit

ID, OTHER = "o-1234567890", "o-abcdefghij"
ONE, TWO, THREE = "111111111111", "222222222222", "333333333333"
NOW = datetime(2026, 11, 24, 6, 16, tzinfo=UTC)
STAGE = ["--stage", "alpha", "--region", REGION]


def organization(*accounts: str, of: str = ID, management: str = ONE) -> Organization:
    return Organization.of(of, management, accounts)


def items() -> list[dict[str, Any]]:
    found = boto3.client("dynamodb", REGION).scan(TableName=ENTITY_TABLE)["Items"]
    return sorted(found, key=lambda item: (item["PK"]["S"], item["SK"]["S"]))


def file_of(folder: Path, **changed: Any) -> str:
    path = folder / "organization.json"
    path.write_text(
        json.dumps({"organizationId": ID, "managementAccount": ONE, "accounts": [ONE, TWO]} | changed)
    )
    return str(path)


def test_an_account_is_found_with_its_organisation(organizations: OrganizationStore) -> None:
    organizations.synchronise(organization(ONE, TWO), at=NOW)
    assert organizations.find(TWO) == Membership(organization_id=ID, management_account=ONE)
    assert organizations.find(THREE) is None
    assert organizations.organization_of(ONE) == ID
    assert organizations.organization_of(THREE) is None


def test_the_second_time_nothing_is_written(organizations: OrganizationStore) -> None:
    organizations.synchronise(organization(ONE, TWO), at=NOW)
    before = items()
    changes = organizations.synchronise(organization(ONE, TWO), at=datetime.now(UTC))
    assert (changes.joined, changes.left, changes.unchanged) == ((), (), 2)
    assert items() == before


def test_who_left_is_removed_and_another_organisations_accounts_stay(
    organizations: OrganizationStore,
) -> None:
    organizations.synchronise(organization(ONE, TWO), at=NOW)
    organizations.synchronise(organization(THREE, of=OTHER, management=THREE), at=NOW)
    changes = organizations.synchronise(organization(ONE), at=NOW)
    assert changes.left == (TWO,)
    assert organizations.find(TWO) is None
    assert organizations.find(THREE) == Membership(organization_id=OTHER, management_account=THREE)


@pytest.mark.parametrize("first", [ID, OTHER])
def test_an_account_that_moved_is_in_its_new_organisation_whichever_is_seen_first(
    organizations: OrganizationStore, first: str
) -> None:
    organizations.synchronise(organization(ONE, TWO), at=NOW)
    now = {ID: organization(ONE), OTHER: organization(TWO, THREE, of=OTHER, management=THREE)}
    for one in sorted(now, key=lambda one: one != first):
        organizations.synchronise(now[one], at=NOW)
    assert organizations.organization_of(TWO) == OTHER
    assert dict(organizations.stored())[TWO].organization_id == OTHER


def test_an_account_that_came_back_is_in_its_old_organisation_again(
    organizations: OrganizationStore,
) -> None:
    organizations.synchronise(organization(ONE, TWO), at=NOW)
    organizations.synchronise(organization(TWO, THREE, of=OTHER, management=THREE), at=NOW)
    organizations.synchronise(organization(ONE, TWO), at=NOW)  # never seen without TWO in between
    assert organizations.organization_of(TWO) == ID
    assert dict(organizations.stored())[TWO].organization_id == ID


def test_a_new_management_account_is_told_of_every_account(organizations: OrganizationStore) -> None:
    organizations.synchronise(organization(ONE, TWO), at=NOW)
    organizations.synchronise(organization(ONE, TWO, management=TWO), at=NOW)
    assert organizations.find(ONE) == Membership(organization_id=ID, management_account=TWO)


def test_a_removal_that_broke_off_is_finished_by_the_next(organizations: OrganizationStore) -> None:
    organizations.synchronise(organization(ONE, TWO), at=NOW)
    key = {"PK": {"S": f"ACCOUNT#{TWO}"}, "SK": {"S": "ORGANIZATION"}}
    boto3.client("dynamodb", REGION).delete_item(TableName=ENTITY_TABLE, Key=key)
    organizations.synchronise(organization(ONE), at=NOW)
    assert dict(organizations.stored()).keys() == {ONE}


@pytest.mark.parametrize(
    "bad",
    [
        {"organization_id": "o-123456789"}, {"organization_id": "o-" + "a" * 33},
        {"organization_id": "O-1234567890"},
        {"management_account": "1111"}, {"accounts": [ONE, "22222222222"]}, {"accounts": [TWO]},
    ],
)  # fmt: skip
def test_an_impossible_organisation_is_refused(bad: dict[str, Any]) -> None:
    good: dict[str, Any] = {"organization_id": ID, "management_account": ONE, "accounts": [ONE]}
    assert Organization.of(**good)
    with pytest.raises(Invalid):
        Organization.of(**good | bad)


def test_sync_from_a_file_and_show(
    organizations: OrganizationStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["organizations", "show", *STAGE]) == 0
    assert capsys.readouterr().out == "No organisations.\n"
    assert main(["organizations", "sync", "--file", file_of(tmp_path), *STAGE]) == 0
    assert "2 joined, 0 left, 0 as before" in capsys.readouterr().out
    assert main(["organizations", "show", "--json", *STAGE]) == 0
    assert json.loads(capsys.readouterr().out) == [
        {"organizationId": ID, "account": ONE, "managementAccount": ONE},
        {"organizationId": ID, "account": TWO, "managementAccount": ONE},
    ]
    assert main(["organizations", "sync", "--file", file_of(tmp_path, accounts=[ONE]), "--json", *STAGE]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said == {"organizationId": ID, "joined": [], "left": [TWO], "unchanged": 1}


def test_sync_from_aws_organizations_reads_every_page(
    organizations: OrganizationStore, capsys: pytest.CaptureFixture[str]
) -> None:
    aws = boto3.client("organizations", REGION)
    made = aws.create_organization(FeatureSet="ALL")["Organization"]
    members = {
        aws.create_account(Email=f"a{n}@example.com", AccountName=f"a{n}")["CreateAccountStatus"]["AccountId"]
        for n in range(105)
    }
    assert len(aws.list_accounts()["Accounts"]) < 106, "a page must not hold them all"
    assert main(["organizations", "sync", "--json", *STAGE]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["organizationId"] == made["Id"]
    assert set(said["joined"]) == members | {made["MasterAccountId"]}


def test_an_empty_answer_is_refused_unless_forced(
    organizations: OrganizationStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["organizations", "sync", "--file", file_of(tmp_path), *STAGE])
    empty = file_of(tmp_path, accounts=[])
    assert main(["organizations", "sync", "--file", empty, *STAGE]) == 1
    assert "--force" in capsys.readouterr().err
    assert len(dict(organizations.stored())) == 2
    assert main(["organizations", "sync", "--file", empty, "--force", *STAGE]) == 0
    assert items() == []


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{}", '{"organizationId": 5, "managementAccount": "111111111111", "accounts": []}',
        '{"organizationId": "o-1234567890", "managementAccount": "111111111111", "accounts": "x"}',
        '{"organizationId": "o-1234567890", "managementAccount": "111111111111", "accounts": [], "more": 1}',
    ],
)  # fmt: skip
def test_a_file_of_another_form_is_refused_with_the_form(
    organizations: OrganizationStore, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    path = tmp_path / "organization.json"
    path.write_text(text)
    assert main(["organizations", "sync", "--file", str(path), *STAGE]) == 1
    assert "organizationId, managementAccount and accounts" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_one_sentence(
    organizations: OrganizationStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["organizations", "sync", "--file", "/nowhere.json", *STAGE]) == 1
    assert "/nowhere.json" in capsys.readouterr().err


def test_without_an_organisation_the_error_says_so(
    organizations: OrganizationStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["organizations", "sync", *STAGE]) == 1
    assert "organization" in capsys.readouterr().err.lower()
