"""SQS may deliver in any order, more than once, and to a worker that dies: the end is always the same."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from registry.handlers import check_templates
from tests.flow.faults import Crash
from tests.flow.world import WORKERS, Flow
from tests.support.entities import BUCKET, TABLE
from tests.wire.asking import CODE, FUNCTION, create
from tests.wire.service import PACKAGES

pytestmark = pytest.mark.unit

Message = tuple[str, Mapping[str, Any]]


class Finding:
    """A quick linter that always finds the same."""

    def findings(self, document: Any, *, within_s: float) -> tuple[str, ...]:
        return ("cfn-lint E1: always",)


@dataclass(frozen=True)
class Scene:
    """Messages that are under way, and table and bucket as they lay when these were sent."""

    flow: Flow
    items: Sequence[Mapping[str, Any]]
    objects: Mapping[str, bytes]
    messages: Sequence[Message]

    def restore(self) -> None:
        aws = self.flow.service.aws
        self.flow.empty()
        for item in self.items:
            aws["dynamodb"].put_item(TableName=TABLE, Item=item)
        for key, body in self.objects.items():
            aws["s3"].put_object(Bucket=BUCKET, Key=key, Body=body)
        self.flow.later = timedelta(days=2)

    def end(self) -> Any:
        """The table without the moment of a check, and what the registry keeps."""
        table = {
            key: {name: value for name, value in item.items() if name != "checkedAt"}
            for key, item in self.flow.table().items()
        }
        return table, self.flow.service.stored("blobs"), self.flow.service.stored("documents")

    def dead_letters(self) -> int:
        return sum(len(self.flow.received(noun)) for noun in self.flow.queues() if noun.endswith("-dlq"))


def publish(flow: Flow, name: str, code: str = "code") -> str:
    key = f"{code}.zip"
    uri = flow.service.upload(key, CODE + code.encode())
    template = FUNCTION.format(uri=uri, bucket=PACKAGES, key=key)
    made = create(
        flow.service.client(), name=name, SemanticVersion="1.0.0", TemplateBody=template, ReadmeBody="shared"
    )
    return str(made["ApplicationId"])


@pytest.fixture(scope="module")
def scene(one_flow: Flow) -> Iterator[Scene]:
    """Two that share code are deleted, one is made again, one lives; a dead and a living have templates."""
    flow, client = one_flow, one_flow.service.client()
    flow.empty()
    messages: list[Message] = []

    def collect() -> None:
        flow.announce()
        messages.extend((noun, one) for noun in WORKERS for one in flow.received(noun))

    first, second, living = publish(flow, "first"), publish(flow, "second"), publish(flow, "living", "other")
    collect()
    for application in (first, living):
        client.create_cloud_formation_template(ApplicationId=application)
    for (_, sk), item in flow.table().items():
        if sk.startswith("TEMPLATE#"):
            flow.put({**item, "status": {"S": "PREPARING"}})
    collect()
    for application in (first, second):
        client.delete_application(ApplicationId=application)
    collect()
    publish(flow, "first", "its own now")
    collect()
    s3 = flow.service.aws["s3"]
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
    bodies = {key: s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}
    made = check_templates.checking()
    checking = type(made)(**{**vars(made), "linters": Finding()})
    with mock.patch.object(check_templates, "checking", return_value=checking):
        yield Scene(flow=flow, items=list(flow.table().values()), objects=bodies, messages=messages)


@pytest.fixture(scope="module")
def wanted(scene: Scene) -> Any:
    """The end when each message comes once, in the order in which they were sent."""
    scene.restore()
    for noun, message in scene.messages:
        assert scene.flow.deliver(noun, message) == []
    end = scene.end()
    scene.restore()
    assert end != scene.end()
    return end


def test_the_scene_has_messages_for_every_queue(scene: Scene) -> None:
    nouns = [noun for noun, _ in scene.messages]
    assert {noun: nouns.count(noun) for noun in set(nouns)} == {"assets": 2, "checks": 4, "cleanup": 2}


CRASH = st.tuples(st.integers(2, 9), st.booleans())
DELIVERIES = st.lists(st.tuples(st.integers(0, 7), CRASH | st.none()), min_size=4, max_size=8)


# Without shrinking, which would take minutes: each example restores and runs the whole scene.
@settings(max_examples=12, deadline=None, derandomize=True, phases=[Phase.generate])
@given(deliveries=DELIVERIES, order=st.permutations(range(8)))
def test_any_order_duplicates_and_crashes_end_in_the_same_state(
    scene: Scene, wanted: Any, deliveries: Any, order: list[int]
) -> None:
    """`deliveries` come first, some to a worker that dies at one of its calls; then what is not done yet."""
    scene.restore()
    done = set()
    for place, crash in deliveries:
        noun, message = scene.messages[place]
        if crash is not None:
            scene.flow.faults.arm(crash[0], after=crash[1])
        try:
            assert scene.flow.deliver(noun, message) == []
            done.add(place)
        except Crash:
            pass
        scene.flow.faults.disarm()
    for place in order:
        if place not in done:
            noun, message = scene.messages[place]
            assert scene.flow.deliver(noun, message) == []
    assert scene.end() == wanted
    assert scene.dead_letters() == 0
