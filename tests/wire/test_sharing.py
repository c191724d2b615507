"""Policies: who may see and use what another account has published, by an unmodified boto3."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from registry.domain.organizations import Organization
from registry.stores.organizations import OrganizationStore
from tests.support.entities import CONSUMER, PUBLISHER, TABLE
from tests.wire import asking
from tests.wire.asking import create
from tests.wire.service import Service

pytestmark = pytest.mark.wire

ORGANIZATION, ANOTHER = "o-abcdefghij", "o-zyxwvutsrq"
TEMPLATE = '{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}'
ORGANIZED = {"Actions": ["Deploy", "UnshareApplication"], "Principals": ["*"]}
DEPLOYED = {
    "get_application": {},
    "list_application_versions": {},
    "list_application_dependencies": {},
    "create_cloud_formation_template": {},
}


def publish(client: Any, name: str = "hello", **given: Any) -> str:
    told = {
        "SemanticVersion": "1.0.0", "TemplateBody": TEMPLATE, "SourceCodeUrl": "https://example.com/code",
        "LicenseBody": "free", "SpdxLicenseId": "MIT",
    }  # fmt: skip
    made = create(
        client, name, **{key: value for key, value in {**told, **given}.items() if value is not None}
    )
    return str(made["ApplicationId"])


def refused(call: Any, **asked: Any) -> str:
    """Error type and message as one text."""
    _, kind, message = asking.refused(call, **asked)
    return f"{kind}: {message}"


def share(client: Any, arn: str, *statements: dict[str, Any]) -> list[dict[str, Any]]:
    answer = client.put_application_policy(ApplicationId=arn, Statements=list(statements))
    stored: list[dict[str, Any]] = answer["Statements"]
    return stored


@pytest.fixture
def organize(service: Service) -> Callable[..., None]:
    """Makes the accounts one organisation; the first manages it."""
    store = OrganizationStore(service.aws["dynamodb"], table=TABLE)

    def organized(*accounts: str, id_: str = ORGANIZATION) -> None:
        store.synchronise(Organization.of(id_, accounts[0], accounts), at=datetime.now(UTC))

    return organized


def test_a_new_application_is_private_and_its_policy_empty(repo: Any, other: Any) -> None:
    arn = publish(repo)
    assert repo.get_application_policy(ApplicationId=arn)["Statements"] == []
    assert refused(other.get_application, ApplicationId=arn).startswith("AccessDeniedException")


def test_a_policy_comes_back_as_it_was_put_with_an_id_for_each_statement(repo: Any) -> None:
    arn = publish(repo)
    named = {"Actions": ["Deploy"], "Principals": [CONSUMER], "StatementId": "mine"}
    stored = share(repo, arn, named, {"Actions": ["GetApplication"], "Principals": ["333333333333"]})
    assert stored[0] == named
    assert len(stored[1]["StatementId"]) == 36
    assert repo.get_application_policy(ApplicationId=arn)["Statements"] == stored


def test_an_account_that_is_named_may_do_what_deploy_stands_for_and_no_more(repo: Any, other: Any) -> None:
    arn = publish(repo)
    share(repo, arn, {"Actions": ["Deploy"], "Principals": [CONSUMER]})
    for method, more in DEPLOYED.items():
        getattr(other, method)(ApplicationId=arn, **more)
    for method, more in {
        "get_application_policy": {},
        "put_application_policy": {"Statements": []},
        "update_application": {"Author": "me"},
        "delete_application": {},
        "create_application_version": {"SemanticVersion": "2.0.0", "TemplateBody": TEMPLATE},
    }.items():
        assert refused(getattr(other, method), ApplicationId=arn, **more).startswith("AccessDenied"), method


def test_single_actions_open_just_themselves(repo: Any, other: Any) -> None:
    arn = publish(repo)
    share(
        repo, arn, {"Actions": ["GetApplication", "CreateCloudFormationTemplate"], "Principals": [CONSUMER]}
    )
    other.get_application(ApplicationId=arn)
    template = other.create_cloud_formation_template(ApplicationId=arn)
    other.get_cloud_formation_template(ApplicationId=arn, TemplateId=template["TemplateId"])
    assert refused(other.list_application_versions, ApplicationId=arn).startswith("AccessDenied")
    assert refused(other.create_cloud_formation_change_set, ApplicationId=arn, StackName="mine").startswith(
        "AccessDenied"
    )


def test_an_empty_policy_makes_an_application_private_again(repo: Any, other: Any) -> None:
    arn = publish(repo)
    share(repo, arn, {"Actions": ["Deploy"], "Principals": [CONSUMER]})
    other.get_application(ApplicationId=arn)
    assert share(repo, arn) == []
    assert refused(other.get_application, ApplicationId=arn).startswith("AccessDenied")


def test_strangers_cannot_tell_private_from_absent(repo: Any, other: Any) -> None:
    arn = publish(repo)
    share(repo, arn, {"Actions": ["Deploy"], "Principals": ["333333333333"]})
    absent = arn.replace("hello", "absent")
    for method in ("get_application", "list_application_versions", "get_application_policy"):
        told = refused(getattr(other, method), ApplicationId=arn)
        assert refused(getattr(other, method), ApplicationId=absent) == told.replace(arn, absent)


def test_what_is_shared_is_not_among_ones_own_applications(repo: Any, other: Any) -> None:
    share(repo, publish(repo), {"Actions": ["Deploy"], "Principals": [CONSUMER]})
    assert other.list_applications()["Applications"] == []


def test_the_owner_is_told_what_is_missing_for_a_public_application(repo: Any) -> None:
    everybody = {"Actions": ["Deploy"], "Principals": ["*"]}
    for name, missing, words in (
        ("no-licence", {"LicenseBody": None}, "without a licence"),
        ("no-spdx", {"SpdxLicenseId": None}, "without a licence"),
        ("not-open", {"SpdxLicenseId": "CC-BY-NC-4.0"}, "cannot be public under CC-BY-NC-4.0"),
        ("no-source", {"SourceCodeUrl": None}, "a source code URL for version 1.0.0"),
        ("no-version", {"SemanticVersion": None, "TemplateBody": None, "SourceCodeUrl": None}, "a version"),
    ):
        arn = publish(repo, name, **missing)
        told = refused(repo.put_application_policy, ApplicationId=arn, Statements=[everybody])
        assert told.startswith("BadRequestException"), name
        assert words in told


def test_everybody_may_use_what_is_public(repo: Any, other: Any) -> None:
    arn = publish(repo)
    share(repo, arn, {"Actions": ["Deploy"], "Principals": ["*"]})
    for method, more in DEPLOYED.items():
        getattr(other, method)(ApplicationId=arn, **more)


def test_an_account_has_a_limited_number_of_public_applications(
    repo: Any, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIMITS", '{"publicApplicationsPerAccount": 2}')
    service.restart()
    everybody = {"Actions": ["Deploy"], "Principals": ["*"]}
    first, second, third = (publish(repo, name) for name in ("one", "two", "three"))
    share(repo, first, everybody)
    share(repo, second, everybody)
    told = refused(repo.put_application_policy, ApplicationId=third, Statements=[everybody])
    assert "has 2 public applications, 2 are allowed" in told
    share(repo, second, everybody, {"Actions": ["GetApplication"], "Principals": [CONSUMER]})
    share(repo, first)
    share(repo, third, everybody)
    monkeypatch.undo()
    service.restart()


def test_a_member_of_the_organisation_may_use_what_is_shared_with_it(
    repo: Any, other: Any, organize: Callable[..., None]
) -> None:
    organize(PUBLISHER, CONSUMER)
    arn = publish(repo)
    share(repo, arn, {**ORGANIZED, "PrincipalOrgIDs": [ORGANIZATION]})
    assert repo.get_application_policy(ApplicationId=arn)["Statements"][0]["PrincipalOrgIDs"] == [
        ORGANIZATION
    ]
    other.get_application(ApplicationId=arn)
    organize(PUBLISHER)
    assert refused(other.get_application, ApplicationId=arn).startswith("AccessDenied")


def test_an_application_is_shared_with_its_owners_organisation_alone(
    repo: Any, organize: Callable[..., None]
) -> None:
    arn = publish(repo)
    asked = {"ApplicationId": arn, "Statements": [{**ORGANIZED, "PrincipalOrgIDs": [ORGANIZATION]}]}
    assert "the registry knows of none" in refused(repo.put_application_policy, **asked)
    organize(PUBLISHER, id_=ANOTHER)
    assert f"it is in {ANOTHER}" in refused(repo.put_application_policy, **asked)


def test_an_organisation_that_ended_a_share_never_gets_it_again(
    repo: Any, other: Any, organize: Callable[..., None]
) -> None:
    organize(CONSUMER, PUBLISHER)
    arn = publish(repo)
    organized = {**ORGANIZED, "PrincipalOrgIDs": [ORGANIZATION], "StatementId": "all"}
    alone = {"Actions": ["GetApplication"], "Principals": ["333333333333"], "StatementId": "one"}
    share(repo, arn, organized, alone)
    assert (
        other.unshare_application(ApplicationId=arn, OrganizationId=ORGANIZATION)["ResponseMetadata"][
            "HTTPStatusCode"
        ]
        == 204
    )
    other.unshare_application(ApplicationId=arn, OrganizationId=ORGANIZATION)  # again: no harm
    assert repo.get_application_policy(ApplicationId=arn)["Statements"] == [alone]
    assert refused(other.get_application, ApplicationId=arn).startswith("AccessDenied")
    told = refused(repo.put_application_policy, ApplicationId=arn, Statements=[organized])
    assert "has unshared" in told


def test_only_the_management_account_ends_a_share(
    repo: Any, other: Any, organize: Callable[..., None]
) -> None:
    organize(PUBLISHER, CONSUMER)
    arn = publish(repo)
    share(repo, arn, {**ORGANIZED, "PrincipalOrgIDs": [ORGANIZATION]})
    asked = {"ApplicationId": arn, "OrganizationId": ORGANIZATION}
    assert refused(other.unshare_application, **asked).startswith("AccessDenied")
    other.get_application(ApplicationId=arn)
    repo.unshare_application(**asked)
    assert refused(other.get_application, ApplicationId=arn).startswith("AccessDenied")


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ({"Actions": [], "Principals": [CONSUMER]}, "statements[0]: actions must not be empty"),
        ({"Actions": ["Deploy"], "Principals": []}, "principals must not be empty"),
        ({"Actions": ["deploy"], "Principals": [CONSUMER]}, "actions[0] must be one of"),
        ({"Actions": ["DeleteApplication"], "Principals": [CONSUMER]}, "actions[0] must be one of"),
        ({"Actions": ["Deploy"], "Principals": ["22222222222"]}, "principals[0] must be an account id"),
        ({"Actions": ["Deploy"], "Principals": ["2222222222222"]}, "principals[0] must be an account id"),
        ({"Actions": ["Deploy"], "Principals": ["arn:aws:iam::222222222222:root"]}, "an account id"),
        ({"Actions": ["Deploy"], "Principals": [CONSUMER, CONSUMER]}, "principals[1] repeats"),
        ({**ORGANIZED, "PrincipalOrgIDs": ["o-short"]}, "principalOrgIDs[0] must be o-"),
        (
            {"Actions": ["Deploy"], "Principals": ["*"], "PrincipalOrgIDs": [ORGANIZATION]},
            "must allow UnshareApplication",
        ),
        (ORGANIZED, "only be allowed together with principalOrgIDs"),
        ({"Actions": ["Deploy"], "Principals": [CONSUMER], "StatementId": "a b"}, "statementId must be"),
    ],
)
def test_a_bad_statement_is_refused_by_the_name_of_its_member(
    repo: Any, statement: dict[str, Any], words: str
) -> None:
    arn = publish(repo)
    told = refused(repo.put_application_policy, ApplicationId=arn, Statements=[statement])
    assert told.startswith("BadRequestException")
    assert words in told
    assert repo.get_application_policy(ApplicationId=arn)["Statements"] == []


def test_a_policy_has_6144_characters_at_most(repo: Any) -> None:
    arn = publish(repo)
    accounts = [f"{number:012}" for number in range(400)]

    def statement(id_: str) -> dict[str, Any]:
        return {"Actions": ["Deploy"], "Principals": accounts, "StatementId": id_}

    said = {"actions": ["Deploy"], "principals": accounts, "statementId": ""}
    left = 6144 - len(json.dumps([said], separators=(",", ":")))
    assert 0 < left < 100
    share(repo, arn, statement("s" * left))
    told = refused(repo.put_application_policy, ApplicationId=arn, Statements=[statement("s" * (left + 1))])
    assert "The policy has 6145 characters, 6144 are allowed" in told


def test_two_statements_need_two_ids(repo: Any) -> None:
    arn = publish(repo)
    one = {"Actions": ["Deploy"], "Principals": [CONSUMER], "StatementId": "same"}
    assert "statementId same" in refused(
        repo.put_application_policy, ApplicationId=arn, Statements=[one, one]
    )


def test_what_was_taken_down_is_out_of_everybodys_reach(repo: Any, other: Any, service: Service) -> None:
    arn = publish(repo)
    share(repo, arn, {"Actions": ["Deploy"], "Principals": [CONSUMER]})
    service.aws["dynamodb"].update_item(
        TableName=TABLE,
        Key={"PK": {"S": f"ACCOUNT#{PUBLISHER}"}, "SK": {"S": "APP#hello"}},
        UpdateExpression="SET takenDown = :mark",
        ExpressionAttributeValues={
            ":mark": {"M": {"reason": {"S": "malware"}, "at": {"S": "2026"}, "by": {"S": "op"}}}
        },
    )
    assert refused(other.get_application, ApplicationId=arn).startswith("AccessDenied")
    for method in ("get_application", "delete_application", "create_cloud_formation_template"):
        told = refused(getattr(repo, method), ApplicationId=arn)
        assert told.startswith("ForbiddenException"), method
        assert told.endswith("malware")
