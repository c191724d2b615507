"""`registry take-down`, `restore` and `usage` as an operator types them, and what callers see of it."""

import json
from typing import Any

import pytest

from registry.stores.applications import ApplicationStore
from registry_cli.main import main
from tests.sharing.asking import WITH_ALL, publish, share
from tests.support.entities import OWNER, PUBLISHER, REGION
from tests.wire.asking import refused
from tests.wire.service import Service

pytestmark = pytest.mark.wire

STAGE = ("--stage", "alpha", "--region", REGION)


def operate(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    capsys.readouterr()
    assert main([*words, *STAGE, "--json"]) == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


def fails(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    assert main([*words, *STAGE]) == 1
    return capsys.readouterr().err


@pytest.fixture
def arn(repo: Any) -> str:
    arn = publish(repo)
    share(repo, arn, WITH_ALL)
    return arn


def every_operation(arn: str, template: str) -> dict[str, dict[str, Any]]:
    """Each that names an application, with what it needs."""
    return {
        "get_application": {},
        "update_application": {"Author": "me"},
        "delete_application": {},
        "create_application_version": {"SemanticVersion": "2.0.0", "TemplateBody": "Resources: {}"},
        "list_application_versions": {},
        "list_application_dependencies": {},
        "get_application_policy": {},
        "put_application_policy": {"Statements": []},
        "unshare_application": {"OrganizationId": "o-abcdefghij"},
        "create_cloud_formation_template": {},
        "get_cloud_formation_template": {"TemplateId": template},
        "create_cloud_formation_change_set": {"StackName": "mine", "TemplateId": template},
    }


def test_no_operation_reaches_what_was_taken_down_and_only_its_owner_is_told_why(
    repo: Any, other: Any, arn: str, capsys: pytest.CaptureFixture[str]
) -> None:
    template = other.create_cloud_formation_template(ApplicationId=arn)["TemplateId"]
    operate(capsys, "take-down", arn, "--reason", "mines coins")
    for name, more in every_operation(arn, template).items():
        status, kind, message = refused(getattr(repo, name), ApplicationId=arn, **more)
        assert (status, kind) == (403, "ForbiddenException"), name
        assert message.endswith(": mines coins"), name
        told = refused(getattr(other, name), ApplicationId=arn, **more)
        absent = arn.replace("hello", "absent")
        assert told[1] == "AccessDeniedException", name
        assert "mines coins" not in told[2]
        asked = refused(getattr(other, name), ApplicationId=absent, **more)
        assert asked == (*told[:2], told[2].replace(arn, absent)), name


def test_a_name_that_was_taken_down_cannot_be_made_anew(
    repo: Any, arn: str, capsys: pytest.CaptureFixture[str]
) -> None:
    operate(capsys, "take-down", arn, "--reason", "mines coins")
    asked = {"Name": "hello", "Author": "Ada", "Description": "x"}
    assert refused(repo.create_application, **asked)[1] == "ConflictException"


def test_what_is_restored_is_as_it_was_and_the_record_says_who_when_and_why(
    repo: Any, other: Any, arn: str, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    before = other.get_application(ApplicationId=arn)
    policy = repo.get_application_policy(ApplicationId=arn)["Statements"]
    down = operate(capsys, "take-down", arn, "--reason", "mines coins")
    assert (down["applicationId"], down["takenDown"]) == (arn, True)
    up = operate(capsys, "restore", arn, "--reason", "does not")
    assert up["takenDown"] is False
    assert [(one["action"], one["reason"]) for one in up["history"]] == [
        ("take-down", "mines coins"),
        ("restore", "does not"),
    ]
    assert all(one["by"].startswith("arn:aws:") and one["at"].endswith("Z") for one in up["history"])
    after = other.get_application(ApplicationId=arn)
    assert _lasting(after) == _lasting(before)
    assert _lasting(after["Version"]) == _lasting(before["Version"])
    assert repo.get_application_policy(ApplicationId=arn)["Statements"] == policy
    repo.update_application(ApplicationId=arn, Author="me")
    again = operate(capsys, "take-down", arn, "--reason", "it does")
    assert len(again["history"]) == 3
    operate(capsys, "restore", arn, "--reason", "sold")
    repo.delete_application(ApplicationId=arn)


def _lasting(shape: dict[str, Any]) -> dict[str, Any]:
    """Without links, which are signed anew for each answer."""
    changing = ("LicenseUrl", "TemplateUrl", "Version", "ResponseMetadata")
    return {name: value for name, value in shape.items() if name not in changing}


def test_a_change_at_the_same_moment_loses_neither_itself_nor_the_record(
    arn: str, service: Service, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    find, overtaken = ApplicationStore.find, []

    def overtaking(store: ApplicationStore, name: Any) -> Any:
        seen = find(store, name)
        if seen is not None and not overtaken:
            overtaken.append(store.change(seen, {"description": "theirs"}))
        return seen

    monkeypatch.setattr(ApplicationStore, "find", overtaking)
    assert operate(capsys, "take-down", arn, "--reason", "x")["takenDown"] is True
    assert overtaken


@pytest.mark.parametrize(("length", "taken"), [(0, False), (1, True), (500, True), (501, False)])
def test_a_reason_has_1_to_500_characters(
    arn: str, capsys: pytest.CaptureFixture[str], length: int, taken: bool
) -> None:
    words = ("take-down", arn, "--reason", "x" * length)
    if taken:
        operate(capsys, *words)
    else:
        assert f"1 to 500 characters; it has {length}" in fails(capsys, *words)


def test_what_is_so_already_absent_or_abroad_is_refused_with_a_sentence(
    arn: str, capsys: pytest.CaptureFixture[str]
) -> None:
    reason = ("--reason", "x")
    assert "is not taken down" in fails(capsys, "restore", arn, *reason)
    operate(capsys, "take-down", arn, "--reason", "mines coins")
    assert "was taken down already" in fails(capsys, "take-down", arn, *reason)
    assert "does not exist" in fails(capsys, "take-down", arn + "-absent", *reason)
    abroad = arn.replace(REGION, "eu-west-1")
    assert "add --region eu-west-1" in fails(capsys, "take-down", abroad, *reason)


@pytest.mark.parametrize(
    "words",
    [
        ("take-down", "hello", "--reason", "x"),
        ("restore", "arn:x", "--reason", "x"),
        ("usage", "12345678901"),
        ("usage", "1234567890123"),
    ],
)
def test_what_is_no_arn_or_account_is_wrong_usage(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main([*words, *STAGE])
    assert left.value.code == 2


def test_usage_tells_what_an_account_uses(repo: Any, arn: str, capsys: pytest.CaptureFixture[str]) -> None:
    told = operate(capsys, "usage", PUBLISHER)
    assert (told["account"], told["publicApplications"]) == (PUBLISHER, 1)
    assert told["storedBytes"] > 0
    assert operate(capsys, "usage", OWNER) == {"account": OWNER, "publicApplications": 0, "storedBytes": 0}
    assert main(["usage", PUBLISHER, *STAGE]) == 0
    assert "publicApplications  1" in capsys.readouterr().out
