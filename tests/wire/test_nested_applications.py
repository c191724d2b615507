"""Applications that bring others with them, over the wire."""

import os
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import pytest

from tests.support.entities import CONSUMER
from tests.wire.asking import QUEUE, create, refused
from tests.wire.service import RawClient, Service

pytestmark = pytest.mark.wire

VERSION = {"SemanticVersion": "1.0.0"}


def nesting(*pairs: tuple[str, str]) -> str:
    resources = "".join(
        f"  N{n}: {{Type: 'AWS::Serverless::Application', Properties: {{Location: "
        f"{{ApplicationId: '{arn}', SemanticVersion: {version}}}}}}}\n"
        for n, (arn, version) in enumerate(pairs)
    )
    return f"Transform: AWS::Serverless-2016-10-31\nResources:\n{resources}"


def leaf(repo: Any, name: str) -> str:
    arn: str = create(repo, name, TemplateBody=QUEUE, **VERSION)["ApplicationId"]
    return arn


def listed(repo: Any, **asked: Any) -> list[tuple[str, str]]:
    pages = repo.get_paginator("list_application_dependencies").paginate(**asked)
    return [
        (one["ApplicationId"].rpartition("/")[2], one["SemanticVersion"])
        for page in pages
        for one in page["Dependencies"]
    ]


def test_direct_and_nested_dependencies_are_listed_each_once(repo: Any) -> None:
    queue, topic = leaf(repo, "queue"), leaf(repo, "topic")
    both = create(repo, "both", TemplateBody=nesting((queue, "1.0.0"), (topic, "1.0.0")), **VERSION)
    assert both["Version"]["RequiredCapabilities"] == ["CAPABILITY_AUTO_EXPAND"]
    top = create(
        repo, "top", TemplateBody=nesting((both["ApplicationId"], "1.0.0"), (queue, "1.0.0")), **VERSION
    )["ApplicationId"]
    expected = [("both", "1.0.0"), ("queue", "1.0.0"), ("topic", "1.0.0")]
    assert listed(repo, ApplicationId=top) == expected
    assert listed(repo, ApplicationId=top, SemanticVersion="1.0.0") == expected
    for size in (1, 2, 3, 100):
        assert listed(repo, ApplicationId=top, PaginationConfig={"PageSize": size}) == expected
    assert "NextToken" not in repo.list_application_dependencies(ApplicationId=top, MaxItems=3)


def test_without_a_version_the_newest_is_asked_and_further_pages_stay_with_it(repo: Any) -> None:
    queue, topic = leaf(repo, "queue"), leaf(repo, "topic")
    top = create(repo, "top", TemplateBody=nesting((queue, "1.0.0")), **VERSION)["ApplicationId"]
    both = nesting((queue, "1.0.0"), (topic, "1.0.0"))
    repo.create_application_version(ApplicationId=top, SemanticVersion="1.10.0", TemplateBody=both)
    repo.create_application_version(ApplicationId=top, SemanticVersion="1.9.0", TemplateBody=QUEUE)
    assert listed(repo, ApplicationId=top) == [("queue", "1.0.0"), ("topic", "1.0.0")]
    assert listed(repo, ApplicationId=top, SemanticVersion="1.0.0") == [("queue", "1.0.0")]
    assert listed(repo, ApplicationId=top, SemanticVersion="1.9.0") == []
    first = repo.list_application_dependencies(ApplicationId=top, MaxItems=1)
    repo.create_application_version(ApplicationId=top, SemanticVersion="2.0.0", TemplateBody=QUEUE)
    rest = repo.list_application_dependencies(ApplicationId=top, MaxItems=1, NextToken=first["NextToken"])
    assert [one["ApplicationId"] for one in rest["Dependencies"]] == [topic]
    assert listed(repo, ApplicationId=top) == []


def test_an_application_without_a_version_has_no_dependencies(repo: Any) -> None:
    assert listed(repo, ApplicationId=create(repo)["ApplicationId"]) == []


def test_a_version_that_does_not_exist_is_not_found(repo: Any) -> None:
    arn = leaf(repo, "hello")
    assert refused(repo.list_application_dependencies, ApplicationId=arn, SemanticVersion="9.0.0") == (
        404,
        "NotFoundException",
        f"Application {arn} does not have a version 9.0.0",
    )


def test_strangers_cannot_tell_a_private_application_from_none(repo: Any, other: Any) -> None:
    arn = leaf(repo, "hello")
    answers = [
        refused(other.list_application_dependencies, ApplicationId=one)
        for one in (arn, arn.replace("hello", "olleh"))
    ]
    assert [status for status, _, _ in answers] == [403, 403]
    assert answers[0][1] == answers[1][1] == "AccessDeniedException"
    assert answers[0][2].replace("hello", "olleh") == answers[1][2]


def test_a_token_of_other_questions_is_refused(repo: Any) -> None:
    queue, topic = leaf(repo, "queue"), leaf(repo, "topic")
    top = create(repo, "top", TemplateBody=nesting((queue, "1.0.0"), (topic, "1.0.0")), **VERSION)[
        "ApplicationId"
    ]
    token = repo.list_application_dependencies(ApplicationId=top, MaxItems=1)["NextToken"]
    for ask, more in (
        (repo.list_application_dependencies, {"SemanticVersion": "1.0.0"}),
        (repo.list_application_versions, {}),
    ):
        status, kind, message = refused(ask, ApplicationId=top, NextToken=token, **more)
        assert (status, kind) == (400, "BadRequestException")
        assert "nextToken was changed, or belongs to another" in message
    assert refused(repo.list_application_dependencies, ApplicationId=queue, NextToken=token)[0] == 400


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("maxItems=0", "maxItems must be 1 to 100; 0 was given"),
        ("maxItems=101", "maxItems must be 1 to 100; 101 was given"),
        ("semanticVersion=1", "semanticVersion '1' is not a semantic version such as 1.0.0 (see semver.org)"),
        ("nextToken=x", "nextToken is not a token of this registry"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_the_rule(
    raw: RawClient, repo: Any, query: str, why: str
) -> None:
    arn = leaf(repo, "hello").replace(":", "%3A").replace("/", "%2F")
    assert raw.ask("GET", f"/applications/{arn}/dependencies?{query}") == (400, "BadRequestException", why)


def test_the_largest_page_is_allowed(raw: RawClient, repo: Any) -> None:
    arn = leaf(repo, "hello").replace(":", "%3A").replace("/", "%2F")
    assert raw.ask("GET", f"/applications/{arn}/dependencies?maxItems=100")[0] == 200


def test_a_version_with_a_build_is_asked_for_and_paged(repo: Any) -> None:
    queue, topic = leaf(repo, "queue"), leaf(repo, "topic")
    made = create(
        repo, "top", TemplateBody=nesting((queue, "1.0.0"), (topic, "1.0.0")), SemanticVersion="1.0.0+b.1"
    )
    paging = {"PaginationConfig": {"PageSize": 1}}
    found = listed(repo, ApplicationId=made["ApplicationId"], SemanticVersion="1.0.0+b.1", **paging)
    assert [name for name, _ in found] == ["queue", "topic"]


def test_nesting_what_is_not_there_or_not_ones_own_publishes_nothing(
    service: Service, repo: Any, other: Any
) -> None:
    queue, foreign = leaf(repo, "queue"), leaf(other, "secret")
    code = service.upload("code.zip", b"PK\x03\x04")
    function = f"  F: {{Type: 'AWS::Serverless::Function', Properties: {{CodeUri: '{code}'}}}}\n"
    before = service.stored("blobs")
    cases = [
        ((queue, "9.9.9"), 404, "NotFoundException", f"Application {queue} does not have a version 9.9.9"),
        ((queue.replace("queue", "none"), "1.0.0"), 404, "NotFoundException", "does not exist"),
        (
            (foreign, "1.0.0"),
            403,
            "AccessDeniedException",
            f"serverlessrepo:GetApplication on resource: {foreign}",
        ),
        (
            (foreign.replace("secret", "none"), "1.0.0"),
            403,
            "AccessDeniedException",
            "GetApplication on resource",
        ),
    ]
    for pair, *expected in cases:
        status, kind, message = refused(
            repo.create_application, Name="top", Author="Ada", Description="x",
            TemplateBody=nesting(pair) + function, **VERSION,
        )  # fmt: skip
        assert [status, kind] == expected[:2]
        assert expected[2] in message
        answer = refused(
            repo.create_application_version, ApplicationId=queue, SemanticVersion="2.0.0",
            TemplateBody=nesting(pair) + function,
        )  # fmt: skip
        assert answer == (status, kind, message)
    assert [one["Name"] for one in repo.list_applications()["Applications"]] == ["queue"]
    assert service.stored("blobs") == before


def test_a_local_template_is_refused_in_awss_words_and_publishes_nothing(repo: Any) -> None:
    template = "Resources: {Vpc: {Type: 'AWS::Serverless::Application', Properties: {Location: ./vpc.yaml}}}"
    answer = refused(
        repo.create_application, Name="top", Author="Ada", Description="x", TemplateBody=template, **VERSION
    )
    assert answer == (
        400,
        "BadRequestException",
        "Invalid Serverless Application Specification document. Number of errors found: 1. Errors: "
        "Resource with id [Vpc] is invalid. Location property must be an Application Location Object "
        "referencing a valid AWS Serverless Application Repository application.",
    )
    assert repo.list_applications()["Applications"] == []


def test_the_same_version_that_nests_is_published_again_as_the_stored_one(repo: Any) -> None:
    queue = leaf(repo, "queue")
    asked = {"TemplateBody": nesting((queue, "1.0.0")), **VERSION}
    top = create(repo, "top", **asked)
    again = repo.create_application_version(ApplicationId=top["ApplicationId"], **asked)
    assert again["CreationTime"] == top["Version"]["CreationTime"]


def shared(repo: Any, arn: str, *actions: str, account: str = CONSUMER) -> None:
    repo.put_application_policy(
        ApplicationId=arn, Statements=[{"Principals": [account], "Actions": list(actions)}]
    )


@pytest.mark.parametrize(
    ("actions", "status"), [(("GetApplication", "CreateCloudFormationTemplate"), 201), (("Deploy",), 201),
                            (("ListApplicationVersions",), 403)],
)  # fmt: skip
def test_a_shared_application_may_be_nested_by_whoever_may_read_it(
    repo: Any, other: Any, actions: tuple[str, ...], status: int
) -> None:
    queue = leaf(repo, "queue")
    shared(repo, queue, *actions)
    asked = {
        "Name": "top",
        "Author": "grace",
        "Description": "x",
        "TemplateBody": nesting((queue, "1.0.0")),
        **VERSION,
    }
    if status == 201:
        made = other.create_application(**asked)
        assert listed(other, ApplicationId=made["ApplicationId"]) == [("queue", "1.0.0")]
    else:
        assert refused(other.create_application, **asked)[:2] == (403, "AccessDeniedException")


def test_a_shared_application_tells_what_it_nests_only_where_that_is_shared_as_well(
    repo: Any, other: Any
) -> None:
    secret = leaf(repo, "secret")
    middle = create(repo, "middle", TemplateBody=nesting((secret, "1.0.0")), **VERSION)["ApplicationId"]
    top = create(repo, "top", TemplateBody=nesting((middle, "1.0.0")), **VERSION)["ApplicationId"]
    assert refused(other.list_application_dependencies, ApplicationId=top)[0] == 403
    shared(repo, top, "ListApplicationDependencies")
    assert listed(other, ApplicationId=top) == [("middle", "1.0.0")]
    shared(repo, middle, "ListApplicationDependencies")
    assert listed(other, ApplicationId=top) == [("middle", "1.0.0"), ("secret", "1.0.0")]
    assert listed(repo, ApplicationId=top) == [("middle", "1.0.0"), ("secret", "1.0.0")]


@pytest.fixture
def limited(service: Service) -> Iterator[Callable[[str], None]]:
    """Starts the service anew with these limits; with its own again at the end."""

    def limit(text: str) -> None:
        os.environ["LIMITS"] = text
        service.restart()

    with mock.patch.dict(os.environ):
        yield limit
    service.restart()


def test_the_operators_list_of_types_is_kept_when_a_version_is_made_and_told_when_one_is_read(
    repo: Any, limited: Callable[[str], None]
) -> None:
    older = leaf(repo, "older")
    limited('{"allowedResourceTypes": ["AWS::SNS::*", "AWS::Serverless::Application"]}')
    assert repo.get_application(ApplicationId=older)["Version"]["ResourcesSupported"] is False
    asked = {"Name": "new", "Author": "ada", "Description": "x", "TemplateBody": QUEUE}
    assert refused(repo.create_application, **asked, **VERSION) == (
        400,
        "BadRequestException",
        "The template contains unsupported resource types. [AWS::SQS::Queue]",
    )
    repo.create_application(**asked)  # without a version the types are not looked at
    topic = "Resources: {T: {Type: AWS::SNS::Topic}}"
    made = create(repo, "topic", TemplateBody=topic, **VERSION)
    assert made["Version"]["ResourcesSupported"] is True
    limited("{}")
    assert repo.get_application(ApplicationId=older)["Version"]["ResourcesSupported"] is True


def test_the_operator_sets_how_deep_applications_may_nest(repo: Any, limited: Callable[[str], None]) -> None:
    queue = leaf(repo, "queue")
    middle = create(repo, "middle", TemplateBody=nesting((queue, "1.0.0")), **VERSION)["ApplicationId"]
    asked = {"Author": "ada", "Description": "x", "TemplateBody": nesting((middle, "1.0.0")), **VERSION}
    limited('{"nestingDepth": 1}')
    status, kind, message = refused(repo.create_application, Name="top", **asked)
    assert (status, kind) == (400, "BadRequestException")
    assert message.startswith("The template nests applications 2 levels deep, 1 allowed")
    limited('{"nestingDepth": 2}')
    repo.create_application(Name="top", **asked)
