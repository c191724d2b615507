"""Sharing and its limits over the wire, by an unmodified boto3, where tests/wire does not show it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.sharing.asking import (
    ORGANIZATION,
    TEMPLATE,
    WITH_ALL,
    WITH_CONSUMER,
    WITH_ORGANIZATION,
    publish,
    share,
    usage,
)
from tests.support.entities import CONSUMER, PUBLISHER
from tests.wire.asking import refused
from tests.wire.service import Service

pytestmark = pytest.mark.wire


def log_lines(capsys: pytest.CaptureFixture[str], event: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == event]


def test_a_boto3_client_raises_the_typed_exceptions(repo: Any, other: Any, service: Service) -> None:
    arn = publish(repo)
    with pytest.raises(repo.exceptions.BadRequestException):
        repo.put_application_policy(ApplicationId=arn, Statements=[{"Actions": ["No"], "Principals": ["*"]}])
    with pytest.raises(repo.exceptions.NotFoundException):
        repo.get_application_policy(ApplicationId=arn + "-absent")


def test_another_regions_arn_is_absent_to_its_owner_and_refused_to_others(repo: Any, other: Any) -> None:
    arn = publish(repo)
    share(repo, arn, WITH_ALL)
    abroad = arn.replace("us-east-1", "eu-west-1")
    assert refused(repo.get_application, ApplicationId=abroad)[1] == "NotFoundException"
    assert refused(other.get_application, ApplicationId=abroad)[1] == "AccessDeniedException"


@pytest.mark.parametrize("actions", [["UnshareApplication"], ["UnshareApplication", "GetApplication"]])
def test_an_organisation_is_given_deploy(
    repo: Any, organize: Callable[..., None], actions: list[str]
) -> None:
    organize(ORGANIZATION, PUBLISHER)
    arn = publish(repo)
    asked = {"ApplicationId": arn, "Statements": [{**WITH_ORGANIZATION, "Actions": actions}]}
    status, _, message = refused(repo.put_application_policy, **asked)
    assert status == 400
    assert message.startswith("statements[0]: A statement with principalOrgIDs must allow Deploy as well")


@pytest.mark.parametrize(
    ("organization", "taken"),
    [
        ("o-" + "a" * 9, False),
        ("o-" + "a" * 10, True),
        ("o-" + "a" * 32, True),
        ("o-" + "a" * 33, False),
        ("o-ABCDEFGHIJ", False),
        ("x-" + "a" * 10, False),
    ],
)
def test_an_organisation_id_is_o_and_10_to_32_letters_or_digits(
    repo: Any, organize: Callable[..., None], organization: str, taken: bool
) -> None:
    arn = publish(repo)
    asked = {"ApplicationId": arn, "Statements": [{**WITH_ORGANIZATION, "PrincipalOrgIDs": [organization]}]}
    if taken:
        organize(organization, PUBLISHER)
        repo.put_application_policy(**asked)
        repo.unshare_application(ApplicationId=arn, OrganizationId=organization)
        organize(ORGANIZATION, PUBLISHER)
        return
    assert "principalOrgIDs[0] must be o-" in refused(repo.put_application_policy, **asked)[2]
    ending = {"ApplicationId": arn, "OrganizationId": organization}
    assert "organizationId must be o-" in refused(repo.unshare_application, **ending)[2]


def test_a_stranger_cannot_tell_by_unsharing_that_a_private_application_is_there(
    repo: Any, other: Any, organize: Callable[..., None]
) -> None:
    organize(ORGANIZATION, PUBLISHER)
    arn = publish(repo)
    share(repo, arn, WITH_ORGANIZATION)
    repo.unshare_application(ApplicationId=arn, OrganizationId=ORGANIZATION)
    absent = arn.replace("hello", "absent")
    told = refused(other.unshare_application, ApplicationId=arn, OrganizationId=ORGANIZATION)
    (_, kind, message) = refused(other.unshare_application, ApplicationId=absent, OrganizationId=ORGANIZATION)
    assert told == (403, kind, message.replace(absent, arn))


def test_a_key_that_may_not_unshare_does_not_though_its_account_might(
    repo: Any, other: Any, organize: Callable[..., None]
) -> None:
    organize(ORGANIZATION, CONSUMER, PUBLISHER)
    arn = publish(repo)
    share(repo, arn, WITH_ORGANIZATION)
    assert refused(repo.unshare_application, ApplicationId=arn, OrganizationId=ORGANIZATION)[0] == 403
    other.get_application(ApplicationId=arn)
    other.unshare_application(ApplicationId=arn, OrganizationId=ORGANIZATION)
    assert refused(other.get_application, ApplicationId=arn)[0] == 403


def test_the_log_names_the_rule_that_refused_and_the_answer_does_not(
    repo: Any, other: Any, organize: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    arn = publish(repo)
    absent = arn.replace("hello", "nowhere")
    capsys.readouterr()
    rules = []
    for statements, asked in (
        ([], arn),
        ([{**WITH_CONSUMER, "Actions": ["ListApplicationVersions"]}], arn),
        ([{**WITH_CONSUMER, "Principals": ["333333333333"]}], arn),
        ([], absent),
    ):
        share(repo, arn, *statements)
        message = refused(other.get_application, ApplicationId=asked)[2]
        (line,) = log_lines(capsys, "request-refused")
        assert (line["account"], line["operation"]) == (CONSUMER, "GetApplication")
        assert line["rule"] not in message
        rules.append(line["rule"])
    assert rules == ["private", "action-not-shared", "account-not-named", "absent"]


def test_a_public_application_takes_a_place_until_it_is_private_or_gone(
    repo: Any, service: Service, limit: Callable[..., None]
) -> None:
    limit(publicApplicationsPerAccount=1)
    first, second = publish(repo, "first"), publish(repo, "second")
    share(repo, first, WITH_ALL)
    share(repo, first, WITH_ALL, WITH_CONSUMER)  # still one
    size = usage(service, PUBLISHER)["storedBytes"]
    assert usage(service, PUBLISHER) == {"publicApplications": 1, "storedBytes": size}
    status, kind, message = refused(repo.put_application_policy, ApplicationId=second, Statements=[WITH_ALL])
    assert (status, kind) == (400, "BadRequestException")
    assert message.startswith(f"Account {PUBLISHER} has 1 public applications, 1 are allowed: make another")
    share(repo, second, WITH_CONSUMER)
    share(repo, first)
    share(repo, second, WITH_ALL)
    repo.delete_application(ApplicationId=second)
    assert usage(service, PUBLISHER) == {"storedBytes": size}
    share(repo, first, WITH_ALL)


def test_an_account_stores_so_many_bytes_and_no_more(
    repo: Any, service: Service, limit: Callable[..., None]
) -> None:
    arn = publish(repo)
    used = usage(service, PUBLISHER)["storedBytes"]
    limit(storedBytesPerAccount=2 * used)
    repo.create_application_version(ApplicationId=arn, SemanticVersion="2.0.0", TemplateBody=TEMPLATE)
    third = {"ApplicationId": arn, "SemanticVersion": "3.0.0", "TemplateBody": TEMPLATE}
    status, kind, message = refused(repo.create_application_version, **third)
    assert (status, kind) == (400, "BadRequestException")
    assert f"has {2 * used} bytes of templates and code stored, this version adds {used}" in message
    limit(storedBytesPerAccount=3 * used)
    repo.create_application_version(**third)
    assert usage(service, PUBLISHER) == {"storedBytes": 3 * used}


def test_who_asks_too_fast_is_told_so_by_the_modelled_error_and_others_are_not(
    repo: Any, other: Any, limit: Callable[..., None]
) -> None:
    arn = publish(repo)
    share(repo, arn, WITH_CONSUMER)
    limit(requestsPerSecond={"default": 1000, "GetApplication": 1})

    def ask_without_a_pause() -> None:
        for _ in range(10):
            other.get_application(ApplicationId=arn)

    with pytest.raises(other.exceptions.TooManyRequestsException) as refusal:
        ask_without_a_pause()
    answer = refusal.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert "may call GetApplication 1 times a second, 2 times at once" in answer["Error"]["Message"]
    other.list_application_versions(ApplicationId=arn)
    repo.get_application(ApplicationId=arn)


def test_a_table_of_rates_that_cannot_be_written_is_in_nobodys_way(
    repo: Any, limit: Callable[..., None], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arn = publish(repo)
    limit(requestsPerSecond={"default": 1})
    monkeypatch.setattr("registry.stores.throttles.ThrottleStore._write", _unavailable)
    for _ in range(10):
        repo.get_application(ApplicationId=arn)
    assert len(log_lines(capsys, "throttle-unavailable")) == 1


def _unavailable(*_: Any) -> bool:
    from registry.errors import Unavailable

    raise Unavailable("down")
