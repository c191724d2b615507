"""Create, get, update, delete and list, by an unmodified boto3."""

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.entities import CONSUMER
from tests.wire.asking import create, refused
from tests.wire.service import PUBLISH_ONLY, Service

pytestmark = pytest.mark.wire

# What the serverlessrepo library and SAM CLI look for (serverlessrepo-api.md §7).
SAM_CLI_ARN = r"arn:[\w\-]+:serverlessrepo:[\w\-]+:[0-9]+:applications\/[\S]+"


# Each of those that are about one application.
OPERATIONS: list[tuple[str, dict[str, Any]]] = [
    ("get_application", {}),
    ("get_application", {"SemanticVersion": "1.0.0"}),
    ("update_application", {"Description": "mine now"}),
    ("delete_application", {}),
    ("list_application_versions", {}),
    ("list_application_dependencies", {}),
    ("create_application_version", {"SemanticVersion": "9.0.0", "TemplateBody": "Resources: {Q: {Type: T}}"}),
    ("get_application_policy", {}),
    ("put_application_policy", {"Statements": []}),
    ("unshare_application", {"OrganizationId": "o-exampleorg1"}),
    ("create_cloud_formation_template", {}),
    ("get_cloud_formation_template", {"TemplateId": "a8b2fb2a-04b7-4e7f-9b0f-2f6f1f1d0d0e"}),
    ("create_cloud_formation_change_set", {"StackName": "mine"}),
]


def test_an_application_comes_back_as_it_was_published(repo: Any) -> None:
    made = create(
        repo, HomePageUrl="https://example.com", Labels=["a", "b:c"], SpdxLicenseId="MIT-0",
        LicenseBody="free", ReadmeBody="# Hé",
    )  # fmt: skip
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert made["ApplicationId"] == "arn:aws:serverlessrepo:us-east-1:111111111111:applications/hello"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", made["CreationTime"])
    assert made["IsVerifiedAuthor"] is False
    assert "Version" not in made
    got = repo.get_application(ApplicationId=made["ApplicationId"])
    urls = {"LicenseUrl", "ReadmeUrl", "ResponseMetadata"}
    assert {k: v for k, v in got.items() if k not in urls} == {k: v for k, v in made.items() if k not in urls}
    assert (got["HomePageUrl"], got["Labels"], got["SpdxLicenseId"]) == (
        "https://example.com",
        ["a", "b:c"],
        "MIT-0",
    )


def test_members_without_a_value_are_left_out(repo: Any) -> None:
    made = create(repo)
    assert not made.keys() & {
        "HomePageUrl",
        "SpdxLicenseId",
        "LicenseUrl",
        "ReadmeUrl",
        "Version",
        "VerifiedAuthorUrl",
    }


def test_a_taken_name_is_the_modelled_conflict_and_names_the_arn(repo: Any) -> None:
    made = create(repo)
    with pytest.raises(repo.exceptions.ConflictException) as conflict:
        create(repo)
    found = re.search(SAM_CLI_ARN, str(conflict.value))
    assert found is not None
    assert found.group() == made["ApplicationId"]
    assert conflict.value.response["ErrorCode"] == "409"


def test_of_racing_publishers_of_one_name_exactly_one_wins(service: Service) -> None:
    clients = [service.client() for _ in range(6)]

    def publish(client: Any) -> int:
        try:
            answer = create(client, "race")
        except ClientError as error:
            answer = error.response
        return int(answer["ResponseMetadata"]["HTTPStatusCode"])

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(publish, clients)) == [201] + 5 * [409]


def test_an_update_changes_what_it_names_and_nothing_else(repo: Any) -> None:
    made = create(repo, Labels=["a"], HomePageUrl="https://example.com", LicenseBody="free")
    changed = repo.update_application(
        ApplicationId=made["ApplicationId"], Description="second", ReadmeBody="# New", Labels=[]
    )
    assert changed["ResponseMetadata"]["HTTPStatusCode"] == 200
    got = repo.get_application(ApplicationId=made["ApplicationId"])
    assert (got["Description"], got["Labels"], got["Author"]) == ("second", [], "Ada")
    assert got["HomePageUrl"] == "https://example.com"
    assert got["CreationTime"] == made["CreationTime"]
    assert got["ReadmeUrl"]
    assert got["LicenseUrl"]


def test_an_update_of_nothing_is_the_application_as_it_is(repo: Any) -> None:
    made = create(repo)
    same = repo.update_application(ApplicationId=made["ApplicationId"])
    assert same["Description"] == "first"


def test_updates_at_the_same_moment_all_arrive(service: Service, repo: Any) -> None:
    application = create(repo)["ApplicationId"]
    wanted = {"Author": "Eve", "Description": "raced", "HomePageUrl": "https://example.com/r"}
    clients = [(service.client(), field) for field in wanted]
    with ThreadPoolExecutor(3) as pool:
        list(
            pool.map(
                lambda one: one[0].update_application(ApplicationId=application, **{one[1]: wanted[one[1]]}),
                clients,
            )
        )
    got = repo.get_application(ApplicationId=application)
    assert {field: got[field] for field in wanted} == wanted


def test_an_update_that_always_loses_is_a_conflict(
    repo: Any, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    from registry.stores.applications import ApplicationStore, Stale

    application = create(repo)["ApplicationId"]

    def lose(*_: Any) -> None:
        raise Stale

    monkeypatch.setattr(ApplicationStore, "change", lose)
    with pytest.raises(repo.exceptions.ConflictException):
        repo.update_application(ApplicationId=application, Description="second")


def test_a_deleted_application_is_gone_and_its_name_is_free(repo: Any) -> None:
    application = create(repo)["ApplicationId"]
    answer = repo.delete_application(ApplicationId=application)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    for operation, more in OPERATIONS:
        status, code, message = refused(getattr(repo, operation), ApplicationId=application, **more)
        assert (status, code) == (404, "NotFoundException")
        assert application in message
    assert create(repo)["ApplicationId"] == application


@pytest.mark.parametrize(("operation", "more"), OPERATIONS)
def test_another_account_cannot_tell_a_private_application_from_none(
    service: Service, repo: Any, other: Any, operation: str, more: dict[str, Any]
) -> None:
    private = create(repo)["ApplicationId"]
    absent = private.replace("hello", "absent")
    answers = [
        (status, code, message.replace(application, "<arn>"))
        for application in (private, absent)
        for status, code, message in [refused(getattr(other, operation), ApplicationId=application, **more)]
    ]
    assert answers[0] == answers[1]
    action = "".join(word.capitalize() for word in operation.split("_"))
    assert answers[0] == (
        403,
        "AccessDeniedException",
        f"User: {service.principal(CONSUMER)} is not authorized to perform: "
        f"serverlessrepo:{action} on resource: <arn>",
    )
    assert repo.get_application(ApplicationId=private)["Description"] == "first"


def test_a_key_does_only_the_actions_it_was_given(repo: Any, service: Service) -> None:
    reader = service.client("READERKEY000")
    application = create(repo)["ApplicationId"]
    assert reader.get_application(ApplicationId=application)["Name"] == "hello"
    assert reader.list_applications()["Applications"]
    for call, asked in (
        (reader.update_application, {"ApplicationId": application, "Description": "x"}),
        (reader.delete_application, {"ApplicationId": application}),
        (reader.create_application, {"Name": "more", "Author": "a", "Description": "d"}),
        (reader.list_application_versions, {"ApplicationId": application}),
    ):
        assert refused(call, **asked)[:2] == (403, "AccessDeniedException")


def test_a_key_that_may_only_publish_lists_nothing(repo: Any, service: Service) -> None:
    writer = service.client(PUBLISH_ONLY)
    create(writer)
    status, code, message = refused(writer.list_applications)
    assert (status, code) == (403, "AccessDeniedException")
    assert message.endswith(
        "serverlessrepo:ListApplications on resource: "
        "arn:aws:serverlessrepo:us-east-1:111111111111:applications/*"
    )


def test_an_arn_of_another_region_is_not_found_here(repo: Any) -> None:
    application = create(repo)["ApplicationId"].replace("us-east-1", "eu-west-1")
    assert refused(repo.get_application, ApplicationId=application)[:2] == (404, "NotFoundException")


def test_a_list_shows_only_the_callers_own_in_name_order(repo: Any, other: Any) -> None:
    for name in ("b", "a", "C", "a-1"):
        create(repo, name)
    create(other, "foreign")
    names = [one["Name"] for one in repo.list_applications()["Applications"]]
    assert names == ["C", "a", "a-1", "b"]
    assert [one["Name"] for one in other.list_applications()["Applications"]] == ["foreign"]
