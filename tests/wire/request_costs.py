"""What each kind of request costs in AWS calls, in a new sandbox and in a used one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from unittest import mock

from tests.support.aws_calls import Calls, counted
from tests.wire.asking import CODE, FUNCTION
from tests.wire.service import PACKAGES, InvokeHere, Service, deployed

# Two stored documents and one object of code besides the template.
DOCUMENTS = {"LicenseBody": "free", "ReadmeBody": "# Hello"}


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Calls by `service Operation`."""

    request: str
    cold: dict[str, int]
    warm: dict[str, int]
    key_lookup: dict[str, int]


def measured() -> Iterator[Cost]:
    """Every request twice: first in a sandbox that just started, then again in the same one."""
    invoke = InvokeHere.invoke

    def counting(self: InvokeHere, **asked: Any) -> dict[str, Any]:
        calls.work["lambda Invoke"] += 1
        return invoke(self, **asked)

    # The test's own clients are made before the count begins.
    with deployed() as service, counted() as calls, mock.patch.object(InvokeHere, "invoke", counting):
        repo = service.client()
        for request, ask in _requests(service, repo):
            service.restart()
            cold, key_lookup = _count(calls, lambda ask=ask: ask("cold"))  # type: ignore[misc]
            warm, _ = _count(calls, lambda ask=ask: ask("warm"))  # type: ignore[misc]
            yield Cost(request=request, cold=cold, warm=warm, key_lookup=key_lookup)


def _count(calls: Calls, ask: Callable[[], object]) -> tuple[dict[str, int], dict[str, int]]:
    calls.clear()
    ask()
    return dict(calls.work), dict(calls.key_lookup)


def _requests(service: Service, repo: Any) -> Iterator[tuple[str, Callable[[str], object]]]:
    given = {"Author": "Ada", "Description": "first"}
    for number in range(4):
        repo.create_application(Name=f"a{number}", **given)
    template = FUNCTION.format(uri=service.upload("code.zip", CODE), bucket=PACKAGES, key="code.zip")
    version = {"SemanticVersion": "1.0.0", "TemplateBody": template}
    main = repo.create_application(Name="main", **given, **DOCUMENTS, **version)["ApplicationId"]
    page = repo.list_applications(MaxItems=2)["NextToken"]

    def fresh(kind: str) -> str:
        """A template whose code no publication brought before."""
        service.upload(f"{kind}.zip", CODE + kind.encode())
        return FUNCTION.format(uri=f"s3://{PACKAGES}/{kind}.zip", bucket=PACKAGES, key=f"{kind}.zip")

    templates = {kind: fresh(kind) for kind in ("cold", "warm")}
    yield "GetApplication, newest version", lambda _: repo.get_application(ApplicationId=main)
    yield (
        "GetApplication, one version",
        lambda _: repo.get_application(ApplicationId=main, SemanticVersion="1.0.0"),
    )
    yield "ListApplications, all on one page", lambda _: repo.list_applications()
    yield "ListApplications, a page of many", lambda _: repo.list_applications(MaxItems=2, NextToken=page)
    yield "ListApplicationVersions", lambda _: repo.list_application_versions(ApplicationId=main)
    yield "CreateApplication, no version", lambda kind: repo.create_application(Name=f"bare-{kind}", **given)
    yield (
        "CreateApplication, version, licence, readme, new code",
        lambda kind: repo.create_application(
            Name=f"new-{kind}", **given, **DOCUMENTS, SemanticVersion="1.0.0", TemplateBody=templates[kind]
        ),
    )
    yield (
        "CreateApplication, version, code already kept",
        lambda kind: repo.create_application(Name=f"known-{kind}", **given, **version),
    )
    yield (
        "CreateApplicationVersion, code already kept",
        lambda kind: repo.create_application_version(
            ApplicationId=main, SemanticVersion=f"2.0.0-{kind}", TemplateBody=template
        ),
    )
    yield (
        "UpdateApplication, description and readme",
        lambda kind: repo.update_application(ApplicationId=main, Description=kind, ReadmeBody=kind),
    )
    yield (
        "DeleteApplication",
        lambda kind: repo.delete_application(ApplicationId=main.replace("main", f"bare-{kind}")),
    )
