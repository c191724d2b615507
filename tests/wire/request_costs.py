"""What each kind of request costs in AWS calls, in a new sandbox and in a used one."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from unittest import mock

from registry.domain.organizations import Organization
from registry.stores.deployments import DeploymentStore
from registry.stores.organizations import OrganizationStore
from tests.support.aws_calls import Calls, counted
from tests.support.entities import CONSUMER, PUBLISHER, TABLE
from tests.wire.asking import CODE, FUNCTION
from tests.wire.service import PACKAGES, InvokeHere, Service, deployed

# Two stored documents and one object of code besides the template.
ORGANIZATION = "o-abcdefghij"
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
        for request, ask in requests(service, repo, ("cold", "warm")):
            service.restart()
            cold, key_lookup = _count(calls, lambda ask=ask: ask("cold"))  # type: ignore[misc]
            warm, _ = _count(calls, lambda ask=ask: ask("warm"))  # type: ignore[misc]
            yield Cost(request=request, cold=cold, warm=warm, key_lookup=key_lookup)


def _count(calls: Calls, ask: Callable[[], object]) -> tuple[dict[str, int], dict[str, int]]:
    calls.clear()
    ask()
    return dict(calls.work), dict(calls.key_lookup)


def requests(
    service: Service, repo: Any, kinds: Sequence[str]
) -> Iterator[tuple[str, Callable[[str], object]]]:
    """What to ask, by name; to be called once with each of `kinds`, which are parts of names."""
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

    templates = {kind: fresh(kind) for kind in kinds}
    yield "GetApplication, newest version", lambda _: repo.get_application(ApplicationId=main)
    yield (
        "GetApplication, one version",
        lambda _: repo.get_application(ApplicationId=main, SemanticVersion="1.0.0"),
    )
    yield "ListApplications, all on one page", lambda _: repo.list_applications()
    yield "ListApplications, a page of many", lambda _: repo.list_applications(MaxItems=2, NextToken=page)
    yield (
        "ListApplicationDependencies, nothing nested",
        lambda _: repo.list_application_dependencies(ApplicationId=main),
    )
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
    yield from _sharing(service, repo, main, kinds)
    yield from _deploying(service, repo, main)


def _sharing(
    service: Service, repo: Any, main: str, kinds: Sequence[str]
) -> Iterator[tuple[str, Callable[[str], object]]]:
    """`main` stays private; what is shared are applications of their own."""
    organizations = OrganizationStore(service.aws["dynamodb"], table=TABLE)
    accounts = (PUBLISHER, CONSUMER)
    organizations.synchronise(Organization.of(ORGANIZATION, PUBLISHER, accounts), at=datetime.now(UTC))
    deploy = {"Actions": ["Deploy"], "Principals": [CONSUMER]}
    organized = {
        "Actions": ["Deploy", "UnshareApplication"],
        "Principals": ["*"],
        "PrincipalOrgIDs": [ORGANIZATION],
    }
    shared = {}
    for kind in kinds:
        made = repo.create_application(Name=f"shared-{kind}", Author="Ada", Description="first")
        shared[kind] = made["ApplicationId"]
        repo.put_application_policy(ApplicationId=shared[kind], Statements=[organized])
    yield "GetApplicationPolicy", lambda _: repo.get_application_policy(ApplicationId=main)
    yield (
        "PutApplicationPolicy, one account",
        lambda _: repo.put_application_policy(ApplicationId=main, Statements=[deploy]),
    )
    yield (
        "UnshareApplication",
        lambda kind: repo.unshare_application(ApplicationId=shared[kind], OrganizationId=ORGANIZATION),
    )


def _deploying(service: Service, repo: Any, main: str) -> Iterator[tuple[str, Callable[[str], object]]]:
    """The publisher deploys what it publishes: one object of code, copied with the cold request."""
    store = DeploymentStore(service.aws["dynamodb"], table=TABLE)
    store.keep(PUBLISHER, "an-external-id", at="2026-11-24T06:16:00.000Z")
    asked = {"ApplicationId": main, "SemanticVersion": "1.0.0"}
    yield (
        "CreateCloudFormationTemplate, code copied when cold",
        lambda _: repo.create_cloud_formation_template(**asked),
    )
    template = repo.create_cloud_formation_template(**asked)["TemplateId"]
    yield (
        "GetCloudFormationTemplate",
        lambda _: repo.get_cloud_formation_template(ApplicationId=main, TemplateId=template),
    )
    yield (
        "CreateCloudFormationChangeSet of a template",
        lambda kind: repo.create_cloud_formation_change_set(
            ApplicationId=main,
            StackName=f"costs-{kind}",
            TemplateId=template,
            Capabilities=["CAPABILITY_NAMED_IAM"],
        ),
    )
