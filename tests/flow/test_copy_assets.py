"""Templates that the API had no time to finish, finished from the queue."""

import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest

from registry.handlers import copy_assets
from registry.services.preparing import Preparing
from tests.flow.faults import Crash
from tests.flow.world import Context, Flow
from tests.support.entities import BUCKET, PUBLISHER
from tests.wire.asking import CODE, FUNCTION, create
from tests.wire.service import PACKAGES

pytestmark = pytest.mark.unit

COPY = f"deploy/{PUBLISHER}/sha256/{hashlib.sha256(CODE).hexdigest()}"


@pytest.fixture
def message(flow: Flow) -> Any:
    return preparing(flow)


def preparing(flow: Flow) -> Any:
    """A template whose code is not copied yet, and the message about it."""
    uri = flow.service.upload("code.zip", CODE)
    template = FUNCTION.format(uri=uri, bucket=PACKAGES, key="code.zip")
    client = flow.service.client()
    made = create(client, SemanticVersion="1.0.0", TemplateBody=template)
    flow.announce()
    client.create_cloud_formation_template(ApplicationId=made["ApplicationId"])
    item = template_item(flow)
    flow.service.aws["s3"].delete_object(Bucket=BUCKET, Key=COPY)
    flow.put({**item, "status": {"S": "PREPARING"}})
    flow.announce()
    (found,) = flow.received("assets")
    return found


def template_item(flow: Flow) -> dict[str, Any]:
    ((_, item),) = [one for one in flow.table().items() if one[0][1].startswith("TEMPLATE#")]
    return item


def status(flow: Flow) -> str:
    return str(template_item(flow)["status"]["S"])


def is_copied(flow: Flow) -> bool:
    listed = flow.service.aws["s3"].list_objects_v2(Bucket=BUCKET, Prefix=COPY)
    return bool(listed["KeyCount"])


def test_what_is_being_prepared_becomes_active_once_its_code_lies_there(flow: Flow, message: Any) -> None:
    assert (status(flow), is_copied(flow)) == ("PREPARING", False)
    assert flow.deliver("assets", message) == []
    assert (status(flow), is_copied(flow)) == ("ACTIVE", True)


def test_a_message_that_comes_again_changes_nothing(flow: Flow, message: Any) -> None:
    flow.deliver("assets", message)
    before = flow.table()
    assert flow.deliver("assets", message, message) == []
    assert flow.table() == before


def test_the_copy_s_own_event_is_wanted_by_nobody(flow: Flow, message: Any) -> None:
    flow.deliver("assets", message)
    flow.announce()
    assert [flow.received(noun) for noun in ("assets", "cleanup")] == [[], []]


def test_without_time_the_message_comes_back_and_the_template_is_not_active(flow: Flow, message: Any) -> None:
    assert flow.deliver("assets", message, context=Context(left_s=5)) == [message["messageId"]]
    assert status(flow) == "PREPARING"
    assert flow.deliver("assets", message) == []
    assert status(flow) == "ACTIVE"


def test_code_that_is_gone_for_good_sends_the_message_to_the_dead_letters(flow: Flow, message: Any) -> None:
    for digest in flow.service.stored("blobs"):
        flow.service.aws["s3"].delete_object(Bucket=BUCKET, Key=f"blobs/sha256/{digest}")
    assert flow.deliver("assets", message) == []
    (letter,) = flow.received("assets-dlq")
    assert "no longer stored" in letter["messageAttributes"]["reason"]["stringValue"]
    assert status(flow) == "PREPARING"


@pytest.mark.parametrize("gone", ["removed", "expired"])
def test_a_template_that_is_gone_needs_nothing(flow: Flow, message: Any, gone: str) -> None:
    item = template_item(flow)
    if gone == "removed":
        key = {"PK": item["PK"], "SK": item["SK"]}
        flow.service.aws["dynamodb"].delete_item(TableName="sar-alpha-entities", Key=key)
    else:
        flow.put({**item, "validUntil": {"S": "2020-01-01T00:00:00.000Z"}})
    assert flow.deliver("assets", message) == []
    assert not is_copied(flow)
    assert flow.received("assets-dlq") == []


def test_only_templates_are_finished(flow: Flow, message: Any) -> None:
    event = {**json.loads(message["body"]), "kind": "version"}
    assert flow.deliver("assets", {**message, "body": json.dumps(event)}) == []
    assert len(flow.received("assets-dlq")) == 1


def test_the_worker_leaves_time_to_say_how_it_ended(
    flow: Flow, message: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[timedelta] = []
    monkeypatch.setattr(
        Preparing, "finish", lambda *_, within_s: given.append(timedelta(seconds=within_s)) or "done"
    )
    flow.deliver("assets", message, context=Context(left_s=60))
    assert given == [timedelta(seconds=55)]
    assert copy_assets.preparing()


@pytest.mark.parametrize("after", [False, True], ids=["before the call", "after the call"])
def test_a_crash_at_any_call_and_the_message_again_end_in_the_same_state(flow: Flow, after: bool) -> None:
    at, crashed = 0, True
    while crashed:
        flow.empty()
        message = preparing(flow)
        crashed = False
        flow.faults.arm(at, after=after)
        try:
            flow.deliver("assets", message)
        except Crash:
            crashed = True
        if status(flow) == "ACTIVE":
            assert is_copied(flow)
        flow.faults.disarm()
        assert flow.deliver("assets", message) == []
        assert (status(flow), is_copied(flow)) == ("ACTIVE", True)
        at += 1
    assert at > 3
