"""Page tokens, over the wire."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from registry.handlers import sdk_api
from tests.support.entities import application, version
from tests.wire.asking import create, refused
from tests.wire.service import RawClient, Service

pytestmark = pytest.mark.wire


def with_versions(service: Service, name: str, *texts: str) -> str:
    store = service.store
    app = application(name)
    store.add(app, None)
    for text in texts:
        store.add_version(app, version(text))
    return str(app.arn)


def test_pages_of_applications_hold_each_once(repo: Any) -> None:
    names = [f"app-{number:02}" for number in range(7)]
    for name in reversed(names):
        create(repo, name)
    pages = list(repo.get_paginator("list_applications").paginate(PaginationConfig={"PageSize": 3}))
    assert [[one["Name"] for one in page["Applications"]] for page in pages] == [
        names[:3],
        names[3:6],
        names[6:],
    ]
    assert "NextToken" not in pages[-1]


def test_pages_of_versions_hold_each_once_in_order_of_precedence(service: Service, repo: Any) -> None:
    arn = with_versions(service, "hello", "1.10.0", "1.0.0", "1.0.0-rc.1", "1.9.0", "1.0.0+build.2")
    pages = repo.get_paginator("list_application_versions").paginate(
        ApplicationId=arn, PaginationConfig={"PageSize": 2}
    )
    listed = [one["SemanticVersion"] for page in pages for one in page["Versions"]]
    assert listed == ["1.0.0-rc.1", "1.0.0", "1.0.0+build.2", "1.9.0", "1.10.0"]


def test_a_token_goes_on_where_it_was_made_although_things_changed_meanwhile(repo: Any) -> None:
    for name in ("a", "c", "e"):
        create(repo, name)
    first = repo.list_applications(MaxItems=2)
    repo.delete_application(ApplicationId=first["Applications"][1]["ApplicationId"])
    create(repo, "b")
    create(repo, "d")
    rest = repo.list_applications(MaxItems=2, NextToken=first["NextToken"])
    assert [one["Name"] for one in rest["Applications"]] == ["d", "e"]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("0", "1 to 100; 0 was given"),
        ("-1", "1 to 100; -1 was given"),
        ("101", "1 to 100; 101 was given"),
        ("4294967296", "1 to 100; 4294967296 was given"),
        ("ten", "a whole number; 'ten' was given"),
        ("", "a whole number; '' was given"),
    ],
)
def test_a_page_size_that_is_none_is_refused_with_the_rule(raw: RawClient, wrong: str, why: str) -> None:
    assert raw.ask("GET", f"/applications?maxItems={wrong}") == (
        400,
        "BadRequestException",
        f"maxItems must be {why}",
    )


def test_a_changed_token_is_refused(repo: Any) -> None:
    for name in ("a", "b"):
        create(repo, name)
    token = repo.list_applications(MaxItems=1)["NextToken"]
    for changed in (
        token[:-6] + ("AAAAAA" if token[-6:] != "AAAAAA" else "BBBBBB"),
        "x",
        token + "A",
        "é" * 9,
    ):
        status, code, message = refused(repo.list_applications, NextToken=changed)
        assert (status, code) == (400, "BadRequestException")
        assert "nextToken" in message


def test_a_token_of_another_operation_application_or_caller_is_refused(
    service: Service, repo: Any, other: Any
) -> None:
    first = with_versions(service, "first", "1.0.0", "2.0.0")
    second = with_versions(service, "second", "1.0.0", "2.0.0")
    of_versions = repo.list_application_versions(ApplicationId=first, MaxItems=1)["NextToken"]
    of_applications = repo.list_applications(MaxItems=1)["NextToken"]
    asked: list[tuple[Any, dict[str, str]]] = [
        (repo.list_applications, {"NextToken": of_versions}),
        (other.list_applications, {"NextToken": of_applications}),
        (repo.list_application_versions, {"ApplicationId": first, "NextToken": of_applications}),
        (repo.list_application_versions, {"ApplicationId": second, "NextToken": of_versions}),
    ]
    for call, members in asked:
        assert refused(call, **members)[:2] == (400, "BadRequestException")


def test_a_token_ends_after_a_day_and_with_its_application(
    service: Service, repo: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = with_versions(service, "hello", "1.0.0", "2.0.0")
    token = repo.list_application_versions(ApplicationId=arn, MaxItems=1)["NextToken"]
    repo.list_application_versions(ApplicationId=arn, NextToken=token)
    reading = sdk_api._routes()[1].run.__self__
    later = datetime.now(UTC) + timedelta(hours=24, seconds=1)
    with monkeypatch.context() as patch:
        patch.setattr(type(reading), "now", staticmethod(lambda: later), raising=False)
        patch.setitem(vars(reading), "now", lambda: later)
        assert refused(repo.list_application_versions, ApplicationId=arn, NextToken=token)[:1] == (400,)
    repo.delete_application(ApplicationId=arn)
    create(repo)
    assert refused(repo.list_application_versions, ApplicationId=arn, NextToken=token)[:1] == (400,)
