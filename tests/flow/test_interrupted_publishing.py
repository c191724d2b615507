"""A process that dies at any AWS call of a publication: what is seen, what a retry says, what is swept."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from registry.api.verdict import Caller
from registry.domain import inputs
from registry.errors import AlreadyExists, NotFound
from registry.handlers import sdk_api
from registry.services.collecting import Collector
from registry.stores.holders import HolderStore
from registry.stores.objects import ObjectStore
from tests.flow.faults import Crash
from tests.flow.world import Flow
from tests.support.entities import BUCKET, OWNER, PUBLISHER, TABLE, arn
from tests.wire.asking import CODE, FUNCTION
from tests.wire.service import PACKAGES

pytestmark = pytest.mark.unit

CALLER = Caller(account=PUBLISHER, principal="tester", actions=("*",), access_key_id="key")
HELLO = str(arn("hello"))


def run(asked: Any) -> Any:
    """As the API function runs it, without the wire."""
    (route,) = [one for one in sdk_api._routes() if one.operation == type(asked).__name__]
    return route.run(CALLER, asked)


def publication(flow: Flow, *, code: bytes = CODE) -> dict[str, Any]:
    uri = flow.service.upload("code.zip", code)
    archive = flow.service.upload("source.zip", b"PK\x03\x04 source")
    return {
        "template_body": FUNCTION.format(uri=uri, bucket=PACKAGES, key="code.zip"),
        "source_code_archive_url": archive,
        "semantic_version": "1.0.0",
    }


def creation(flow: Flow, **more: Any) -> inputs.CreateApplication:
    given = publication(flow) | {"license_body": "licence", "readme_body": "read me"}
    return inputs.CreateApplication(author="ada", description="first", name="hello", **given | more)


def new_version(flow: Flow) -> inputs.CreateApplicationVersion:
    given = publication(flow, code=b"PK\x03\x04 newer code") | {"semantic_version": "2.0.0"}
    return inputs.CreateApplicationVersion(application_id=HELLO, **given)


@dataclass(frozen=True)
class Case:
    """`refusal`: what a retry gets when only the answer of the first try was lost; None: the same answer."""

    ask: Callable[[Flow], Any]
    needs_application: bool
    refusal: type[Exception] | None = None


CASES = {
    "create": Case(creation, needs_application=False, refusal=AlreadyExists),
    "create a version": Case(new_version, needs_application=True),
    "update": Case(
        lambda _: inputs.UpdateApplication(application_id=HELLO, readme_body="newer", description="new"),
        needs_application=True,
    ),
    "delete": Case(
        lambda _: inputs.DeleteApplication(application_id=HELLO), needs_application=True, refusal=NotFound
    ),
}


def interruptions(flow: Flow, case: Case, *, after: bool) -> Iterator[Any]:
    """The operation's input, each time after another of its calls was its last."""
    at = 0
    while True:
        flow.empty()
        if case.needs_application:
            run(creation(flow))
        asked = case.ask(flow)
        flow.faults.arm(at, after=after)
        try:
            run(asked)
        except Crash:
            flow.faults.disarm()
            yield asked
            at += 1
        else:
            flow.faults.disarm()
            assert at > 0
            return


def dangling(flow: Flow) -> set[str]:
    """Objects that an application or a version names and that are not there."""
    prefixes = ("blobs", "documents")
    there = {f"{prefix}/sha256/{digest}" for prefix in prefixes for digest in flow.service.stored(prefix)}
    return named(flow) - there


def visible(flow: Flow) -> Any:
    """What the publisher sees, without what each attempt makes anew."""
    client = flow.service.client()
    listed = client.list_applications()["Applications"]
    if not listed:
        return None
    application = client.get_application(ApplicationId=HELLO)
    versions = client.list_application_versions(ApplicationId=HELLO)["Versions"]
    told = {name: application.get(name) for name in ("Author", "Description", "Labels", "Name")}
    return told, [one["SemanticVersion"] for one in versions], named(flow)


def named(flow: Flow) -> set[str]:
    holders = HolderStore(flow.service.aws["dynamodb"], table=TABLE)
    return {key for one in holders.everything() for key in one.objects}


def settled(flow: Flow, case: Case) -> Any:
    """What is visible when nothing goes wrong."""
    flow.empty()
    if case.needs_application:
        run(creation(flow))
    run(case.ask(flow))
    return visible(flow)


EITHER = pytest.mark.parametrize("after", [False, True], ids=["before the call", "after the call"])
EACH = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


@EITHER
@EACH
def test_a_retry_ends_where_the_operation_would_have(flow: Flow, case: Case, after: bool) -> None:
    wanted = settled(flow, case)
    for asked in interruptions(flow, case, after=after):
        assert dangling(flow) == set()
        # When only the answer was lost, the retry finds its own work.
        refusal = case.refusal if visible(flow) == wanted else None
        with pytest.raises(refusal) if refusal is not None else nullcontext():
            run(asked)
        assert dangling(flow) == set()
        assert visible(flow) == wanted


@EITHER
@pytest.mark.parametrize("name", ["create", "create a version"])
def test_what_is_never_retried_is_all_there_or_not_there_and_its_objects_are_swept(
    flow: Flow, name: str, after: bool
) -> None:
    case = CASES[name]
    wanted = settled(flow, case)
    for _ in interruptions(flow, case, after=after):
        if case.needs_application:
            versions = visible(flow)[1]
            assert versions in (["1.0.0"], wanted[1])
        else:
            assert visible(flow) in (None, wanted)
        flow.later = timedelta(days=2)
        aws = flow.service.aws
        objects = ObjectStore(s3=aws["s3"], bucket=BUCKET, account=OWNER, now=flow.now)
        collector = Collector(holders=HolderStore(aws["dynamodb"], table=TABLE), objects=objects)
        collector.remove(collector.find())
        assert dangling(flow) == set()
        assert {key for key, _ in objects.old()} == named(flow)
