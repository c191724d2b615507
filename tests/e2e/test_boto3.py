"""The registry as an unmodified boto3 sees it, over HTTP, signed."""

import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.stack import CONSUMER, STRANGER, DeployedStack, emptied

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Retention: {Type: Number, Default: 14, Description: days}
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties: {MessageRetentionPeriod: !Ref Retention}
"""


@pytest.fixture
def registry(stack: DeployedStack) -> Iterator[Any]:
    client = stack.client("serverlessrepo")
    with emptied(client, "e2e-"):
        yield client


def create(client: Any, name: str, **more: Any) -> Any:
    return client.create_application(Name=name, Author="Ada", Description="first", **more)


def test_a_published_application_comes_back_with_its_version_and_parameters(registry: Any) -> None:
    made = create(registry, "e2e-roundtrip", SemanticVersion="1.0.0", TemplateBody=TEMPLATE)
    got = registry.get_application(ApplicationId=made["ApplicationId"])
    assert got["Version"]["SemanticVersion"] == "1.0.0"
    (parameter,) = got["Version"]["ParameterDefinitions"]
    assert (parameter["Name"], parameter["DefaultValue"]) == ("Retention", "14")
    assert parameter["ReferencedByResources"] == ["Queue"]


def test_the_template_url_is_fetched_by_a_plain_get(registry: Any) -> None:
    made = create(registry, "e2e-template", SemanticVersion="1.0.0", TemplateBody=TEMPLATE)
    with urllib.request.urlopen(made["Version"]["TemplateUrl"], timeout=10) as answer:
        assert b"AWS::SQS::Queue" in answer.read()


def test_a_version_with_build_metadata_survives_the_path(registry: Any) -> None:
    application = create(registry, "e2e-plus")["ApplicationId"]
    registry.create_application_version(
        ApplicationId=application, SemanticVersion="1.0.0-rc.1+build.7", TemplateBody=TEMPLATE
    )
    got = registry.get_application(ApplicationId=application, SemanticVersion="1.0.0-rc.1+build.7")
    assert got["Version"]["SemanticVersion"] == "1.0.0-rc.1+build.7"


def test_of_racing_publishers_of_one_name_exactly_one_wins(stack: DeployedStack, registry: Any) -> None:
    clients = [stack.client("serverlessrepo") for _ in range(8)]

    def publish(client: Any) -> int:
        try:
            answer = create(client, "e2e-race", SemanticVersion="1.0.0", TemplateBody=TEMPLATE)
        except ClientError as refusal:
            answer = refusal.response
        return int(answer["ResponseMetadata"]["HTTPStatusCode"])

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(publish, clients)) == [201] + 7 * [409]


@pytest.mark.parametrize("who", [CONSUMER, STRANGER])
def test_another_account_cannot_tell_private_from_absent(
    stack: DeployedStack, registry: Any, who: str
) -> None:
    private = create(registry, "e2e-private")["ApplicationId"]
    absent = private.replace("e2e-private", "e2e-absent")
    other = stack.client("serverlessrepo", who)
    answers = []
    for application in (private, absent):
        with pytest.raises(ClientError) as refused:
            other.get_application(ApplicationId=application)
        error = refused.value.response["Error"]
        answers.append((error["Code"], error["Message"].replace(application, "<arn>")))
    assert answers[0] == answers[1]
    assert answers[0][0] == "AccessDeniedException"


def test_pages_list_every_application_once_in_name_order(registry: Any) -> None:
    names = [f"e2e-page-{number:02}" for number in range(7)]
    for name in reversed(names):
        create(registry, name)
    pages = list(registry.get_paginator("list_applications").paginate(PaginationConfig={"PageSize": 3}))
    listed = [one["Name"] for page in pages for one in page["Applications"]]
    assert [name for name in listed if name.startswith("e2e-page-")] == names


def test_delete_leaves_nothing_for_the_next_application_of_that_name(registry: Any) -> None:
    first = create(registry, "e2e-again", SemanticVersion="1.0.0", TemplateBody=TEMPLATE)["ApplicationId"]
    registry.delete_application(ApplicationId=first)
    second = create(registry, "e2e-again")["ApplicationId"]
    assert second == first
    assert registry.list_application_versions(ApplicationId=second)["Versions"] == []
